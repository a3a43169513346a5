"""The database as the configuration and the cogs want it: which migrations belong to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.clock import system_ms
from bot.cog import Cog
from bot.registry import CogFault
from bot.version import VERSION
from storage.errors import MigrationChanged, MigrationFailed
from storage.migrate import HOST, MigrationSet, Migrator, Progress
from storage.port import Engine


def migrator(engine: Engine, cogs: Sequence[Cog[Any, Any]]) -> Migrator:
    """What brings the database to this version: the host's migrations, then those of each cog."""
    folders = ((cog.name, cog.migrations()) for cog in cogs)
    sets = [HOST, *(MigrationSet(name, folder) for name, folder in folders if folder is not None)]
    return Migrator(engine, sets, version=VERSION, now_ms=system_ms)


async def prepare(
    engine: Engine, cogs: Sequence[Cog[Any, Any]], progress: Progress | None = None
) -> tuple[list[Cog[Any, Any]], list[CogFault]]:
    """Bring the database up to date: the cogs that can be used, and those whose migrations can't.

    Raises StorageError if the host's own can't be applied, DatabaseNewer for anybody's.
    """
    try:
        await migrator(engine, cogs).upgrade(progress)
    except (MigrationFailed, MigrationChanged, ValueError, OSError):
        return await _one_by_one(engine, cogs, progress)
    return list(cogs), []


async def _one_by_one(
    engine: Engine, cogs: Sequence[Cog[Any, Any]], progress: Progress | None
) -> tuple[list[Cog[Any, Any]], list[CogFault]]:
    """Apply the host's migrations, then each cog's, so that the one that fails stops no other."""
    await migrator(engine, ()).upgrade(progress)
    ready: list[Cog[Any, Any]] = []
    faults: list[CogFault] = []
    for cog in cogs:
        try:
            await migrator(engine, [cog]).upgrade(progress)
            ready.append(cog)
        except (MigrationFailed, MigrationChanged, ValueError, OSError) as error:
            faults.append(CogFault(cog.name, str(error)))
    return ready, faults
