"""The database as the configuration and the cogs want it: which migrations belong to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.clock import system_ms
from bot.cog import Cog
from bot.version import VERSION
from storage.migrate import HOST, MigrationSet, Migrator
from storage.port import Engine


def migrator(engine: Engine, cogs: Sequence[Cog[Any, Any]]) -> Migrator:
    """What brings the database to this version: the host's migrations, then those of each cog."""
    folders = ((cog.name, cog.migrations()) for cog in cogs)
    sets = [HOST, *(MigrationSet(name, folder) for name, folder in folders if folder is not None)]
    return Migrator(engine, sets, version=VERSION, now_ms=system_ms)
