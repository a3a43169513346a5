"""A scheduler on a real database, with a clock that a test holds, and all that it hands on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, time
from itertools import count
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from bot.clock import Clock, TravelClock
from bot.model.rules import Daily, Rule, instant
from bot.model.ticks import ScheduleDue, ScheduleSkipped, Tick
from bot.schedule import Scheduler
from bot.store import Scope
from bot.timetable import set_schedule, set_timer
from storage.port import Engine, Row, Tx
from storage.repos import schedules

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = 3_600_000
DAY = 24 * HOUR
NOON = Daily(times=(time(12),))

T = TypeVar("T")


def at(text: str, zone: ZoneInfo = BERLIN) -> int:
    return instant(datetime.fromisoformat(text), zone)


START = at("2027-01-04T10:00")
"""A Monday."""


@dataclass
class Bench:
    """A scheduler on a database, whose clock stands still unless moved, and all that it handed on."""

    engine: Engine
    clock: Clock
    refusing: set[str] = field(default_factory=set)
    ticks: list[Tick] = field(default_factory=list)
    skips: list[ScheduleSkipped] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    then: Callable[[Tick], Awaitable[None]] | None = None
    came: asyncio.Condition = field(default_factory=asyncio.Condition)
    ids: count[int] = field(default_factory=lambda: count(1))

    def scheduler(self, **options: Any) -> Scheduler:
        return Scheduler(
            engine=self.engine, clock=self.clock, accept=self.accept, skipped=self.skip, **options
        )

    async def accept(self, tick: Tick) -> None:
        self.ticks.append(tick)
        self.times.append(self.clock.now())
        async with self.came:
            self.came.notify_all()
        if tick.id in self.refusing or tick.space in self.refusing:
            raise RuntimeError("not now")
        if self.then is not None:
            await self.then(tick)

    async def skip(self, skipped: ScheduleSkipped) -> None:
        self.skips.append(skipped)

    async def until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(20), self.came:
            await self.came.wait_for(done)

    async def unit(self, work: Callable[[Scope], Coroutine[Any, Any, T]], community: int = 1) -> T:
        now = self.clock.now()

        async def inside(tx: Tx) -> T:
            return await work(Scope(tx, community, f"local:{community}", now, lambda: next(self.ids)))

        return await self.engine.unit(community, inside)

    async def set(self, job: str, rule: Rule, community: int = 1, **more: Any) -> bool:
        given = {"cog": "cog", "job": job, "rule": rule, "zone": BERLIN, **more}
        return await self.unit(lambda scope: set_schedule(scope, **given), community)

    async def set_timer(self, key: str, due_at: int, community: int = 1, **args: Any) -> None:
        await self.unit(
            lambda scope: set_timer(scope, key=key, cog="cog", handler="ring", args=args, due_at=due_at),
            community,
        )

    async def row(self, job: str, community: int = 1) -> Row | None:
        return await self.engine.read(
            lambda tx: schedules.get(tx, community, f"local:{community}", "cog", job)
        )

    def fired(self) -> list[str]:
        return [
            f"{tick.job} {tick.local}" if isinstance(tick, ScheduleDue) else f"{tick.key} {tick.at}"
            for tick in self.ticks
        ]


@asynccontextmanager
async def running(scheduler: Scheduler) -> AsyncIterator[None]:
    task = asyncio.create_task(scheduler.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def leap(bench: Bench, to: int) -> None:
    """Time passes while nothing looks."""
    assert isinstance(bench.clock, TravelClock)
    bench.clock.move_to(to)
