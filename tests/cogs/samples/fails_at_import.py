"""A cog that can't be imported."""

raise ValueError("not today")
