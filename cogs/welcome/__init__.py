"""Greets newcomers where everybody can say hello too."""

from cogs.welcome.cog import Welcome

__all__ = ["Welcome"]
