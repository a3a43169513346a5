"""Kith without platforms: its database, cogs and settings, as the command line works with them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from bot.clock import system_ms
from bot.config_file import Loaded
from bot.core import BadSettings, load_cogs, registry_of
from bot.ctx import Ctx
from bot.database import migrator
from bot.host.common import as_cog, space_settings
from bot.host.me import Kept
from bot.host.settings import HOST
from bot.model.ids import Member, Space
from bot.registry import Registry
from bot.settings import Sections
from bot.store import Scope
from storage.engines import open_engine
from storage.errors import StorageError
from storage.ids import IdSource
from storage.port import Engine, Row, Tx
from storage.repos import members, spaces


@dataclass(frozen=True, slots=True)
class Offline:
    """The parts that work without anything happening. Made by `opened`."""

    engine: Engine
    registry: Registry
    sections: Sections
    zone: ZoneInfo
    ids: IdSource = field(default_factory=lambda: IdSource(0, system_ms))

    def scope(self, tx: Tx, space: Row) -> Scope:
        return Scope(tx, int(space["community"]), str(space["key"]), system_ms(), self.ids.next)

    async def kept_about(self, tx: Tx, key: str) -> list[Kept]:
        """What every cog stores about the person with that key. Raises LookupError for somebody unknown."""
        person = await members.get(tx, key)
        if person is None:
            raise LookupError(f"nobody is known as {key}")
        member = Member.of(key, person["name"], bot=bool(person["bot"]))
        space = await spaces.get(tx, member.space)
        assert space is not None
        ctx: Ctx[Any, Any] = Ctx(
            cog=HOST,
            handler="export",
            event="export",
            scope=self.scope(tx, space),
            space=Space.of(member.space, space["name"]),
            zone=self.zone,
            settings=None,
            store=None,
            asked_by=member,
        )
        settings = await space_settings(ctx, self.sections)
        return [
            Kept(cog.name, await cog.export(as_cog(ctx, cog, settings), member))
            for cog in self.registry.cogs.values()
        ]


@asynccontextmanager
async def opened(loaded: Loaded, *, write: bool = False) -> AsyncIterator[Offline]:
    """Open the database of a configuration, beside a running Kith unless it is to be written.

    Raises ConfigError for settings that cogs can't use; StorageError, also if the database is of another
    version; DatabaseInUse if it is to be written while Kith runs.
    """
    config = loaded.config
    try:
        cogs, sections, faults = load_cogs(config.kith.cogs, config.cog_defaults, config.zone)
    except BadSettings as error:
        raise loaded.refuse(
            [((wrong.section, wrong.name), wrong.problem) for wrong in error.wrong]
        ) from error
    registry = registry_of(cogs, sections, faults)
    if write:  # which would make a database where there is none
        await (await open_engine(config.database_url, exclusive=False, read_only=True)).close()
    engine = await open_engine(config.database_url, exclusive=write, read_only=not write)
    try:
        status = await migrator(engine, cogs).status()
        if status.newer or status.changed or status.pending:
            raise StorageError("The database is of another version. See what to do with: kith doctor")
        yield Offline(engine, registry, sections, config.zone)
    finally:
        await engine.close()
