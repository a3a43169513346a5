"""Looks at the tables for what has become due and for lanes in which something stands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

import structlog

from bot.clock import Clock, system_ms
from bot.outbox.crash import CrashPoint
from bot.outbox.draft import Priority
from bot.outbox.staging import Grant, Staged, Staging, Started, Woken
from storage.errors import StorageError
from storage.port import Engine, Tx
from storage.repos import outbox_lanes as lanes

log = structlog.get_logger(__name__)

_PAGE = 500
_ALONE = 30
"""How many times as seldom to look where no other process adds anything."""


class Finder(Protocol):
    """Who is told of what is found."""

    @property
    def is_full(self) -> bool: ...

    def grant(self, lane: str, answer: bool) -> Grant | None: ...

    def begin(self, started: Started) -> None: ...

    def wake(self, woken: Woken) -> None: ...


class Scout:
    """One sender's view of the tables. ``poll`` in milliseconds."""

    def __init__(
        self,
        engine: Engine,
        platform: str,
        clock: Clock,
        finder: Finder,
        *,
        new_id: Callable[[], int],
        poll: int,
        crash_point: CrashPoint,
    ) -> None:
        self._engine = engine
        self._platform = platform
        self._clock = clock
        self._finder = finder
        self._new_id = new_id
        self._poll = poll / 1_000
        self._crash_point = crash_point
        self._look_now = asyncio.Event()
        self._looking = asyncio.Lock()
        self._cursor = dict.fromkeys(Priority, "")
        self._next_due: int | None = None
        self.is_behind = True
        """Whether there may be lanes that the sender does not know of."""

    def look_now(self) -> None:
        """Look at once."""
        self._look_now.set()

    def fall_behind(self) -> None:
        """There are lanes that the sender can't remember now."""
        self.is_behind = True

    def expect(self, due_at: int) -> None:
        """Something will be due (community time)."""
        if self._next_due is None or due_at < self._next_due:
            self._next_due = due_at
            self._look_now.set()

    async def watch(self) -> None:
        """Look when something is due, when told to, and now and then; until cancelled."""
        seldom = self._poll * (1 if self._engine.dialect == "postgres" else _ALONE)
        while True:
            self._look_now.clear()
            try:
                await self.look()
            except StorageError as error:
                log.warning("outbox_not_read", platform=self._platform, error=str(error))
                delay = self._poll
            else:
                due_in = seldom if self._next_due is None else (self._next_due - self._clock.now()) / 1_000
                delay = max(min(seldom, due_in), 0.001)
            with suppress(TimeoutError):
                async with asyncio.timeout(delay):
                    await self._look_now.wait()

    async def look(self) -> None:
        """Tell the sender of all that is due, as far as it has room."""
        async with self._looking:
            while await self._unpark():
                pass
            self._next_due = await self._engine.read(lambda tx: lanes.next_due(tx, self._platform))
            await self._find_lanes()

    async def _unpark(self) -> bool:
        """Let what is due by now into its lanes; whether there may be more of it."""
        now = self._clock.now()
        due = await self._engine.read(lambda tx: lanes.parked_due(tx, self._platform, now, _PAGE))
        by_community: dict[int, list[int]] = {}
        for community, row_id in due:
            by_community.setdefault(community, []).append(row_id)
        for community, ids in by_community.items():
            await self._unpark_rows(community, ids, now)
        return len(due) == _PAGE

    async def _unpark_rows(self, community: int, ids: list[int], now: int) -> None:
        async def unit(tx: Tx) -> Staged:
            staging = Staging(tx, now=now, real=system_ms(), new_id=self._new_id, grant=self._grant)
            for row_id in ids:
                await staging.unpark(row_id)
            self._crash_point("before commit")
            return staging.staged()

        staged = await self._engine.unit(community, unit)
        self._crash_point("due")
        for started in staged.started:
            self._finder.begin(started)
        for woken in staged.woken:
            self._finder.wake(woken)

    def _grant(self, _: str, lane: str, answer: bool) -> Grant | None:
        return self._finder.grant(lane, answer)

    async def _find_lanes(self) -> None:
        """Tell of lanes in which something stands, most urgent first, as many as there is room for."""
        complete = True
        for priority in Priority:
            after = self._cursor[priority]
            complete = complete and not after
            while True:
                if self._finder.is_full and priority != Priority.ANSWER:
                    complete = False
                    break
                page = await self._page(priority, after)
                for found in page:
                    self._finder.wake(Woken(self._platform, found.lane, found.community, priority))
                if len(page) < _PAGE:
                    after = ""
                    break
                after = page[-1].lane
            self._cursor[priority] = after
        self.is_behind = not complete

    async def _page(self, priority: Priority, after: str) -> list[lanes.LaneAt]:
        return await self._engine.read(
            lambda tx: lanes.lanes(tx, self._platform, int(priority), after, _PAGE)
        )
