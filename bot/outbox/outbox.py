"""The outbox as the rest of the host sees it: add drafts in a unit, say when it is committed, start, stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress

from bot.clock import Clock, system_ms
from bot.model.outgoing import Receipt
from bot.outbox.crash import CrashPoint, pass_by
from bot.outbox.draft import Draft
from bot.outbox.resolve import Timing
from bot.outbox.role import Role
from bot.outbox.sender import Sender, Settled
from bot.outbox.staging import Grant, Staged, Staging
from bot.platforms.base import Platform
from storage.errors import StorageError
from storage.port import Engine, Tx
from storage.repos.outbox import OutboxRow
from storage.repos.outbox_lanes import SENDER


async def _nobody(row: OutboxRow, state: str, receipt: Receipt | None) -> None:
    """Nobody wants to know what became of rows."""


def _on(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    """Call it on the loop, from any thread."""
    loop.call_soon_threadsafe(call)


class Outbox:
    """Delivers what units added, on the platforms that are given.

    ``holder`` names this process among those that work on the same database, and is the same after a
    restart, so that a crashed process gets its roles back at once. ``settled`` is awaited with a row, its
    new state ("sent", "dead", "cancelled", "skipped" or "uncertain") and its receipt, after the commit.
    """

    def __init__(
        self,
        engine: Engine,
        platforms: Mapping[str, Platform],
        clock: Clock,
        *,
        new_id: Callable[[], int],
        holder: str = "worker-0",
        timing: Timing | None = None,
        settled: Settled = _nobody,
        crash_point: CrashPoint = pass_by,
    ) -> None:
        timing = timing if timing is not None else Timing()
        self._clock = clock
        self._new_id = new_id
        self._crash_point = crash_point
        self._roles = {name: Role(engine, SENDER + name, holder, timing.role / 1_000) for name in platforms}
        self._senders = {
            name: Sender(
                engine,
                platform,
                clock,
                self._roles[name],
                new_id=new_id,
                timing=timing,
                settled=settled,
                crash_point=crash_point,
            )
            for name, platform in platforms.items()
        }
        self._tasks: list[asyncio.Task[None]] = []
        self._unsubscribe: Callable[[], None] = lambda: None

    async def add(self, tx: Tx, drafts: Iterable[Draft]) -> Staged:
        """Add drafts within a unit; a key that its community had already adds nothing.

        What comes back must be handed to `committed` after the unit's commit. May be called anew when the
        unit is run anew. What is due and can go at once is on the wire with the commit.
        """
        staging = Staging(tx, now=self._clock.now(), real=system_ms(), new_id=self._new_id, grant=self._grant)
        for draft in drafts:
            await staging.add(draft)
        self._crash_point("adding")
        return staging.staged()

    def committed(self, staged: Staged) -> None:
        """The unit that added this is committed: deliver it. Called on the event loop."""
        self._crash_point("added")
        for started in staged.started:
            self._senders[started.row.platform].begin(started)
        for woken in staged.woken:
            if woken.platform in self._senders:
                self._senders[woken.platform].wake(woken)
        for parked in staged.parked:
            if parked.platform in self._senders:
                self._senders[parked.platform].park(parked.due_at)

    async def start(self) -> None:
        """Begin to deliver, with what an earlier run left first."""
        loop = asyncio.get_running_loop()
        self._unsubscribe = self._clock.subscribe(lambda: _on(loop, self.look_now))
        self._tasks = [
            asyncio.create_task(sender.run(), name=f"outbox {name}") for name, sender in self._senders.items()
        ]

    async def stop(self, deadline: float = 10.0) -> None:
        """Finish what is on the wire within ``deadline`` seconds and leave the rest in the tables."""
        self._unsubscribe()
        await asyncio.gather(*(sender.drain(deadline) for sender in self._senders.values()))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        for role in self._roles.values():
            with suppress(StorageError):
                await role.release()

    def look_now(self) -> None:
        """Look for what is due or was added by others: after the clock travelled, or on a notification."""
        for sender in self._senders.values():
            sender.look_now()

    async def idle(self) -> None:
        """Return once nothing that is due waits, is on the wire or is uncertain."""
        await asyncio.gather(*(sender.idle() for sender in self._senders.values()))

    def _grant(self, platform: str, lane: str, answer: bool) -> Grant | None:
        sender = self._senders.get(platform)
        return sender.grant(lane, answer) if sender is not None else None
