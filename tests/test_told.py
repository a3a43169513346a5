"""What was told needs mending is remembered by space, over restarts, until it is mended; on every engine."""

from __future__ import annotations

import asyncio

from bot.clock import SystemClock
from bot.model.ids import Space
from bot.told import SpaceTold
from storage.port import Engine

ONE, TWO = Space("slack", "T1"), Space("slack", "T2")


def told(engine: Engine) -> SpaceTold:
    """As a process that has just started has it; each space is a community of its own."""

    async def community(space: Space) -> int:
        return {"T1": 1, "T2": 2}[space.id]

    return SpaceTold(engine, SystemClock(), community)


async def test_each_space_remembers_its_own_until_it_is_mended(host_engine: Engine) -> None:
    assert await told(host_engine).of(ONE) == frozenset()
    await told(host_engine).keep(ONE, "is_archived C1")
    await asyncio.gather(*(told(host_engine).keep(ONE, "missing_scope C2") for _ in range(3)))
    await told(host_engine).keep(TWO, "is_archived C1")
    assert await told(host_engine).of(ONE) == {"is_archived C1", "missing_scope C2"}
    await told(host_engine).drop(ONE, "is_archived C1")
    await told(host_engine).drop(ONE, "is_archived C1")
    assert await told(host_engine).of(ONE) == {"missing_scope C2"}
    assert await told(host_engine).of(TWO) == {"is_archived C1"}
