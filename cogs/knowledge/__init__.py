"""Small pieces of what the community knows, found again and shared on schedule."""

from cogs.knowledge.cog import Knowledge

__all__ = ["Knowledge"]
