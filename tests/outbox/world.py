"""An outbox between a real database and a real wire server, and short words for what tests say with it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from bot.clock import TravelClock, system_ms
from bot.model.ids import Channel, Member
from bot.model.limits import Limits
from bot.model.outgoing import Answer, Delete, Destination, Direct, Edit, InChannel, Outgoing, Post, Receipt
from bot.outbox import Draft, Outbox, Priority, Staged, Timing
from bot.outbox.crash import CrashPoint, pass_by
from storage.ids import IdSource
from storage.port import Engine, Tx
from storage.repos import outbox as rows
from storage.repos.outbox import OutboxRow
from tests.fakes.wire import WirePlatform, WireServer
from tests.fakes.wire.platform import limits as wire_limits

SPACE = "wire:1"
COMMUNITY = 7
ADA = Member(SPACE, "ada", "Ada")
QUICK = Timing(lease=5_000, attempt=2_000, backoff=5, backoff_most=40, role=5_000, poll=20)


def channel(name: str = "general") -> InChannel:
    return InChannel(Channel(SPACE, name))


def direct(member: Member = ADA) -> Direct:
    return Direct(member)


def answer(token: str = "t1", member: Member = ADA) -> Answer:
    return Answer(token, member)


def post(key: str, to: Destination | None = None, text: str = "", **more: Any) -> Draft:
    return draft(Post(key, to or channel(), text or key), **more)


def edit(key: str, of: str, text: str, to: Destination | None = None, **more: Any) -> Draft:
    return draft(Edit(key, of, to or channel(), text), **more)


def delete(key: str, of: str, to: Destination | None = None, **more: Any) -> Draft:
    return draft(Delete(key, of, to or channel()), **more)


def draft(out: Outgoing, **more: Any) -> Draft:
    given: dict[str, Any] = {"community": COMMUNITY, "cog": "test", **more}
    return Draft(out, **given)


@dataclass
class World:
    """One bot process's view: its outbox, started or not, on a database and a server that outlive it."""

    engine: Engine
    server: WireServer
    limits: Limits = field(default_factory=wire_limits)
    timing: Timing = QUICK
    clock: TravelClock = field(default_factory=TravelClock)
    number: int = 0
    crash_point: CrashPoint = pass_by
    settled: list[tuple[str, str]] = field(default_factory=list)
    moved: asyncio.Condition = field(default_factory=asyncio.Condition)
    platform: WirePlatform = field(init=False)
    outbox: Outbox = field(init=False)

    def __post_init__(self) -> None:
        self._ids = IdSource(self.number, system_ms)
        self._began = False
        self.renew()

    def renew(self) -> None:
        """A new outbox as after a restart."""
        self.platform = WirePlatform(self.server.url, self.limits)
        self.outbox = Outbox(
            self.engine,
            {"wire": self.platform},
            self.clock,
            new_id=self._ids.next,
            holder=f"worker-{self.number}",
            timing=self.timing,
            settled=self._settled,
            crash_point=self.crash_point,
        )

    async def _settled(self, row: OutboxRow, state: str, receipt: Receipt | None) -> None:
        self.settled.append((row.key, state))
        async with self.moved:
            self.moved.notify_all()

    async def start(self) -> None:
        await self.outbox.start()
        self._began = True

    async def stop(self, deadline: float = 5.0) -> None:
        if self._began:
            await self.outbox.stop(deadline)
            self._began = False
        await self.platform.close()

    async def crash(self) -> None:
        """End as if killed: nothing is finished, no role is given back."""
        senders = self.outbox._senders.values()
        for sender in senders:
            sender._stopping = sender._closed = True
        tasks = [*self.outbox._tasks, *(task for sender in senders for task in sender._running)]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._began = False
        await self.platform.close()

    async def look(self) -> int:
        """Let the senders look at the tables; how many lanes they remember then."""
        for sender in self.outbox._senders.values():
            await sender._scout.look()
        return sum(len(sender._lanes) for sender in self.outbox._senders.values())

    async def restart(self, **changed: Any) -> None:
        await self.stop()
        for name, value in changed.items():
            setattr(self, name, value)
        self.renew()
        await self.start()

    async def say(self, *drafts: Draft) -> Staged:
        """One unit that adds these drafts."""
        staged = await self.store(*drafts)
        self.outbox.committed(staged)
        return staged

    async def store(self, *drafts: Draft) -> Staged:
        """One unit that adds these drafts, and a process that does not live to hear of its commit."""

        async def unit(tx: Tx) -> Staged:
            return await self.outbox.add(tx, drafts)

        return await self.engine.unit(drafts[0].community, unit)

    async def idle(self) -> None:
        async with asyncio.timeout(20):
            await self.outbox.idle()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Return once this holds, looked at after each settled row."""
        async with self.moved, asyncio.timeout(20):
            await self.moved.wait_for(holds)

    async def row(self, key: str, community: int = COMMUNITY) -> OutboxRow:
        found = await self.engine.read(lambda tx: rows.get(tx, community, key))
        assert found is not None, key
        return found

    async def states(self, *keys: str) -> list[str]:
        return [(await self.row(key)).state for key in keys]

    async def unit(self, work: Callable[[Tx], Any]) -> Any:
        return await self.engine.unit(COMMUNITY, work)

    def texts(self, to: Destination | None = None) -> list[str]:
        return self.server.texts((to or channel()).lane)


Make = Callable[..., Awaitable[World]]

__all__ = [
    "ADA",
    "COMMUNITY",
    "QUICK",
    "SPACE",
    "Make",
    "Priority",
    "World",
    "answer",
    "channel",
    "delete",
    "direct",
    "draft",
    "edit",
    "post",
    "wire_limits",
]
