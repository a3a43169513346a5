"""A module without a cog."""
