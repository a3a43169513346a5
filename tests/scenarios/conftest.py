"""The towns that scenarios are played in."""

from tests.scenarios.harness import hall, look, shed

__all__ = ["hall", "look", "shed"]
