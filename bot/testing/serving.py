"""A whole Kith over one platform, for a town: a real database, cogs, outbox, and a clock that travels."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bot.clock import Clock
from bot.core import Core, build, load_cogs
from bot.model.ids import Space
from bot.outbox import Timing
from bot.platforms.base import Platform
from bot.testing.town import LONGEST
from storage.engines import open_engine
from storage.repos import spaces


@asynccontextmanager
async def serving(
    platform: Platform,
    space: Space,
    folder: Path,
    clock: Clock,
    *,
    cogs: Sequence[str],
    settings: Mapping[str, Mapping[str, Any]],
    is_open: bool = False,
    looks: bool = True,
    database: str | None = None,
    zone: str = "UTC",
    timing: Timing | None = None,
) -> AsyncIterator[Core]:
    """A Kith that looked who is in ``space``, where it may. Its database lies in ``folder`` by default."""
    where = ZoneInfo(zone)
    async with AsyncExitStack() as stack:
        engine = await open_engine(database or f"sqlite:///{folder / 'kith.db'}")
        stack.push_async_callback(engine.close)
        loaded, sections, faults = load_cogs(cogs, settings, where)
        core = await build(
            engine=engine,
            clock=clock,
            platforms={platform.name: platform},
            cogs=loaded,
            sections=sections,
            faults=faults,
            zone=where,
            timing=timing,
        )
        if is_open:
            await core.units.community(space)
            await engine.unit(0, lambda tx: spaces.go_live(tx, space.key, clock.now()))
        await stack.enter_async_context(core)
        if looks:
            async with asyncio.timeout(LONGEST):
                await core.census.taken(space)
        yield core


def placed(
    settings: Mapping[str, Mapping[str, Any]], place: Callable[[str], str]
) -> dict[str, dict[str, Any]]:
    """The settings with the ids of channels in place of names like ``#wall``."""
    return {
        section: {
            name: place(value) if isinstance(value, str) and value.startswith("#") else value
            for name, value in values.items()
        }
        for section, values in settings.items()
    }
