"""Cogs as other people might write them, good and bad."""
