"""Wakes up when something is due, and hands it on. The tables are the truth; APScheduler only rings.

A tick is handed on before its row moves to the next occurrence, so a crash between the two hands it on again
under the same id, and whoever takes it does it once.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

import structlog

from bot.clock import Clock, JumpWatch, TravelClock
from bot.firing import Due, DueSchedule, DueTimer, Settle
from bot.lease import LeasedRole
from bot.model.rules import Rule
from bot.model.ticks import ScheduleSkipped, Tick
from bot.patience import Patience, back_off
from bot.timetable import following, load_rule
from storage.errors import StorageError
from storage.port import Engine, Row, Tx
from storage.repos import schedules

if TYPE_CHECKING:
    from apscheduler.schedulers.asyncio import AsyncIOScheduler  # type: ignore[import-untyped]

PAGE = 500
ROUNDS = 100
"""How often one look may find new work, so that timers which set timers can't hold the clock up."""
AT_ONCE = 16
"""Communities whose ticks are under way at the same time."""
SETTLED_AT_ONCE = 200
LONGEST_RETRY_MS = 60_000

log = structlog.get_logger(__name__)


class Upcoming(NamedTuple):
    """What comes next: `at` in UTC ms; `local`, `rule` and `zone` only of a schedule."""

    at: int
    community: int
    space: str
    cog: str
    name: str
    local: str | None = None
    rule: Rule | None = None
    zone: str | None = None


class Scheduler:
    """Runs what the tables of schedules and timers say, in order of time within a community."""

    def __init__(
        self,
        *,
        engine: Engine,
        clock: Clock,
        accept: Callable[[Tick], Awaitable[object]],
        skipped: Callable[[ScheduleSkipped], Awaitable[object]] | None = None,
        role: LeasedRole | None = None,
        retry_ms: int = 1_000,
        heartbeat_ms: int = 60_000,
    ) -> None:
        """`accept` returns once a tick is stored; what it raises is tried again, at first after `retry_ms`.

        `role` is needed where several workers share a database. The tables are looked at every
        `heartbeat_ms` at least, whatever becomes of the system's clock.
        """
        self._engine = engine
        self._clock = clock
        self._accept = accept
        self._skipped = skipped
        self._role = role
        self._retry_ms = retry_ms
        self._heartbeat_ms = min(heartbeat_ms, role.term_ms // 3) if role else heartbeat_ms
        self._woken = asyncio.Event()
        self._firing = asyncio.Lock()
        self._patience = Patience(retry_ms, LONGEST_RETRY_MS)
        self._jumps = JumpWatch()
        self._looked_at = 0
        self._mended = False
        self._fired = False
        self._listeners: list[Callable[[], None]] = []

    async def run(self) -> None:
        """Look, fire and sleep, until cancelled."""
        alarm = _Alarm(self._woken.set)
        unsubscribe = self._clock.subscribe(self._woken.set)
        failures = 0
        try:
            while True:
                self._woken.clear()
                try:
                    delay = await self.look()
                    failures = 0
                except StorageError as error:
                    failures += 1
                    log.error("schedules_unread", error=str(error))
                    delay = back_off(self._retry_ms, failures, LONGEST_RETRY_MS)
                if delay < self._heartbeat_ms:
                    alarm.set(delay)
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._heartbeat_ms / 1000):
                        await self._woken.wait()
        finally:
            unsubscribe()
            alarm.stop()

    def poke(self) -> None:
        """Something was set or cleared: look anew. To be called in the loop, after the commit."""
        self._woken.set()
        self._tell()

    def subscribe(self, changed: Callable[[], None]) -> None:
        """Call `changed`, in the loop, when something else may come next. It must return at once."""
        self._listeners.append(changed)

    def _tell(self) -> None:
        self._fired = False
        for changed in self._listeners:
            changed()

    async def travel(self, to_ms: int) -> None:
        """Move community time forward, stopping at all that comes due on the way. Raises StorageError.

        Raises ValueError if that is in the past or this clock can't travel.
        """
        clock = self._clock
        if not isinstance(clock, TravelClock):
            raise ValueError("This clock can't travel.")
        if to_ms < clock.now():
            raise ValueError("Time can only be travelled forward.")
        async with self._firing:
            await self._fire()
            while (at := await self._earliest(clock.now())) is not None and at <= to_ms:
                clock.move_to(max(at, clock.now()))
                await self._fire()
            clock.move_to(max(to_ms, clock.now()))
            await self._fire()
        self.poke()

    async def upcoming(self, limit: int = 20, community: int | None = None) -> list[Upcoming]:
        """What comes next, the earliest first, of one community or of all."""

        async def work(tx: Tx) -> list[Upcoming]:
            rows = [_coming(row) for row in await schedules.coming(tx, limit, community)]
            return rows + [_coming_timer(row) for row in await schedules.coming_timers(tx, limit, community)]

        found = await self._engine.read(work)
        return sorted(found, key=lambda one: one.at)[:limit]

    async def mend(self) -> int:
        """Work out anew when each schedule comes next, in case the clock or a zone was changed.

        What is due already stays due. Returns how many were wrong.
        """
        changed, after = 0, 0

        async def page(tx: Tx) -> list[Row]:
            return await schedules.by_id(tx, after, PAGE)

        while rows := await self._engine.read(page):
            after = rows[-1]["id"]
            now = self._clock.now()
            coming = [row for row in rows if row["next_at"] is not None and row["next_at"] > now]
            moves = [(row["community"], move) for row in coming if (move := _mended(row, now)) is not None]
            for community, part in groupby(sorted(moves, key=_community), key=_community):
                await self._engine.unit(community, _all([settle for _, settle in part]))
            changed += len(moves)
        if changed:
            log.info("schedules_mended", count=changed)
        return changed

    async def look(self) -> int:
        """Fire what is due; in how many ms to look again."""
        if leap := self._jumps.jumped():
            log.warning("clock_jumped", by_ms=leap)
            self._mended = False
        if self._role is not None and not await self._role.held():
            self._mended = False
            return self._heartbeat_ms
        async with self._firing:
            done = await self._fire()
            if not self._mended:
                await self.mend()
                self._mended = True
                done = await self._fire()
            if self._fired:
                self._tell()
            if not done:
                return 0
            earliest = await self._earliest(self._looked_at)
        delays = [self._heartbeat_ms]
        if earliest is not None:
            delays.append(earliest - self._clock.now())
        if (retry := self._patience.left_ms()) is not None:
            delays.append(retry)
        return max(min(delays), 0)

    async def _earliest(self, after: int) -> int | None:
        return await self._engine.read(lambda tx: schedules.earliest(tx, after))

    async def _fire(self) -> bool:
        """Hand on all that is due; False if there is more."""
        for _ in range(ROUNDS):
            now = self._looked_at = self._clock.now()
            self._patience.look()
            due = await self._due(now)
            if not due:
                return True
            self._fired = True
            limit = asyncio.Semaphore(AT_ONCE)
            async with asyncio.TaskGroup() as group:
                for community in dict.fromkeys(one.community for one in due):
                    own = [one for one in due if one.community == community]
                    group.create_task(self._fire_all(community, own, now, limit))
        return False

    async def _due(self, now: int) -> list[Due]:
        """What is due and not waiting to be tried again, the earliest first."""

        async def work(tx: Tx) -> list[Due]:
            rules, rules_until = await self._fresh(
                DueSchedule, lambda after: schedules.due(tx, now, after=after, most=PAGE)
            )
            timers, timers_until = await self._fresh(
                DueTimer, lambda after: schedules.due_timers(tx, now, after=after, most=PAGE)
            )
            until = min(rules_until, timers_until)
            return sorted((one for one in rules + timers if one.at <= until), key=lambda one: one.at)

        return await self._engine.read(work)

    async def _fresh(
        self, kind: Callable[[Row], Due], page: Callable[[Row | None], Awaitable[list[Row]]]
    ) -> tuple[list[Due], float]:
        """The first of a table's due rows that don't wait, and up to which time they are all."""
        last: Row | None = None
        while True:
            rows = await page(last)
            fresh = [one for one in map(kind, rows) if not self._patience.waits(one.key)]
            if len(rows) < PAGE:
                return fresh, math.inf
            last = rows[-1]
            if fresh:
                return fresh, kind(last).at

    async def _fire_all(self, community: int, due: Sequence[Due], now: int, limit: asyncio.Semaphore) -> None:
        """Hand on what is due in one community, in order, then move all of it on."""
        handled: list[tuple[Due, Settle]] = []
        failed: list[Exception] = []
        async with limit:
            for one in due:
                try:
                    handled.append((one, await self._hand_on(one, now)))
                except Exception as error:
                    failed.append(error)
                    self._patience.failed(one.key)
            for begin in range(0, len(handled), SETTLED_AT_ONCE):
                part = handled[begin : begin + SETTLED_AT_ONCE]
                try:
                    await self._engine.unit(community, _all([settle for _, settle in part]))
                except Exception as error:
                    failed.append(error)
                    for one, _ in part:
                        self._patience.failed(one.key)
                else:
                    for one, _ in part:
                        self._patience.done(one.key)
        if failed:
            log.error("ticks_failed", community=community, count=len(failed), exc_info=failed[0])

    async def _hand_on(self, one: Due, now: int) -> Settle:
        """Hand on one tick; what moves its row on. Raises whatever whoever takes it raises."""
        try:
            firing = one.firing(now)
        except (ValueError, KeyError, OSError) as error:
            log.error("schedule_unreadable", key=one.key, error=str(error))
            return one.park()
        if firing.tick is not None:
            await self._accept(firing.tick)
        if firing.skipped is not None:
            log.warning(
                "occurrences_skipped",
                skip=firing.skipped.id,
                space=firing.skipped.space,
                job=f"{firing.skipped.cog}.{firing.skipped.job}",
                count=len(firing.skipped.occurrences),
            )
            if self._skipped is not None:
                await self._skipped(firing.skipped)
        return firing.settle


class _Alarm:
    """Rings once, after the delay set last. APScheduler is loaded when there is something to ring for."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._scheduler: AsyncIOScheduler | None = None

    def set(self, delay_ms: int) -> None:
        from apscheduler.triggers.date import DateTrigger  # type: ignore[import-untyped]

        if self._scheduler is None:
            self._scheduler = _started()
        self._scheduler.add_job(
            self._rang,
            DateTrigger(run_date=datetime.now(UTC) + timedelta(milliseconds=delay_ms)),
            id="look",
            replace_existing=True,
            misfire_grace_time=None,
        )

    def stop(self) -> None:
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=False)

    async def _rang(self) -> None:
        self._ring()


def _started() -> AsyncIOScheduler:
    from apscheduler.schedulers.asyncio import AsyncIOScheduler

    # it would tell of each ring four times
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    scheduler = AsyncIOScheduler(timezone=UTC)
    scheduler.start()
    return scheduler


def _all(settles: Sequence[Settle]) -> Callable[[Tx], Coroutine[Any, Any, None]]:
    async def work(tx: Tx) -> None:
        for settle in settles:
            await settle(tx)

    return work


def _mended(row: Row, now: int) -> Settle | None:
    """What sets the row right, if it says another time than its rule does."""
    try:
        coming = following(load_rule(row["rule"]), ZoneInfo(row["zone"]), now, row["last_local"])
    except (ValueError, KeyError, OSError):
        return None
    if coming is not None and (coming.at, coming.key) == (row["next_at"], row["next_local"]):
        return None
    return DueSchedule(row).moved_to(coming, row["last_local"])


def _community(move: tuple[int, Settle]) -> int:
    return move[0]


def _coming(row: Row) -> Upcoming:
    try:
        rule = load_rule(row["rule"])
    except ValueError:
        rule = None
    return Upcoming(
        at=row["next_at"],
        community=row["community"],
        space=row["space"],
        cog=row["cog"],
        name=row["job"],
        local=row["next_local"],
        rule=rule,
        zone=row["zone"],
    )


def _coming_timer(row: Row) -> Upcoming:
    return Upcoming(row["due_at"], row["community"], row["space"], row["cog"], row["handler"])
