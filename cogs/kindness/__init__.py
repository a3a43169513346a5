"""Thanks with their story: shout-outs, and a weekly story of them."""

from cogs.kindness.cog import Kindness

__all__ = ["Kindness"]
