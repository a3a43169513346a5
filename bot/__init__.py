"""Kith: a community bot. This is what a cog author imports, and nothing else."""
