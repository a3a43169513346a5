"""A cog that does not answer for what it stores."""

from __future__ import annotations

from bot import Cog, NoSettings, Store


class Unfinished(Cog[NoSettings, Store]):
    """Lacks export and forget."""
