"""One life of the process that is killed: the bot's storage and outbox, and handlers that commit intents."""

from __future__ import annotations

import asyncio
import importlib
import os
import random
import signal
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from bot.clock import SystemClock, system_ms
from bot.model.content import Catalog, Form, Option
from bot.model.events import Completion, Event
from bot.model.ids import Channel, Space
from bot.model.outgoing import Delete, Edit, InChannel, Post
from bot.outbox import Draft, Outbox, Staged, Timing
from bot.platforms.base import Platform
from storage import open_engine
from storage.errors import DatabaseInUse
from storage.ids import IdSource
from storage.port import Engine, Tx
from tests.crash.naive import MarkThenSend, SendThenMark

TABLE = """
CREATE TABLE intent (
    number BIGINT PRIMARY KEY, verb TEXT NOT NULL, key TEXT NOT NULL UNIQUE, of_key TEXT,
    place TEXT NOT NULL, words TEXT NOT NULL, ordered BIGINT NOT NULL
)
"""
COMMUNITY = 1
WRITERS = 4


@dataclass(frozen=True)
class Plan:
    """How one life goes. ``build`` names a function that makes the platform from ``config``.

    ``most`` intents are committed, then all is delivered. At the ``nth`` passing of ``point`` it dies.
    """

    url: str
    build: str
    config: dict[str, Any]
    channels: list[tuple[str, str]]
    seed: int
    most: int
    timing: dict[str, int] = field(default_factory=dict)
    point: str | None = None
    nth: int = 1
    outbox: str = "kith"


class Delivers(Protocol):
    """What a life needs of an outbox; the naive ones have it too."""

    async def add(self, tx: Tx, drafts: Iterable[Draft]) -> Staged: ...

    def committed(self, staged: Staged) -> None: ...

    async def start(self) -> None: ...

    async def stop(self, deadline: float = 10.0) -> None: ...

    async def idle(self) -> None: ...


class Nothing:
    """Nothing was told, and nothing of it is remembered."""

    async def of(self, space: Space) -> frozenset[str]:
        return frozenset()

    async def keep(self, space: Space, what: str) -> None: ...

    async def drop(self, space: Space, what: str) -> None: ...


class Nobody:
    """A sink for platforms that hear something: nobody minds."""

    told = Nothing()

    async def accept(self, event: Event) -> Form | None:
        return None

    async def complete(self, request: Completion) -> tuple[Option, ...]:
        return ()


async def live(plan: Plan) -> None:
    """Live until all is delivered."""
    module, _, name = plan.build.partition(":")
    platform: Platform = getattr(importlib.import_module(module), name)(plan.config)
    engine = await _open(plan.url)
    ids = IdSource(0, system_ms)
    outbox = _outbox(plan, engine, platform, ids)
    running = asyncio.create_task(platform.run(Nobody(), Catalog()))
    try:
        await outbox.start()
        writers = [_Writer(plan, engine, outbox, number) for number in range(WRITERS)]
        await asyncio.gather(*(writer.write() for writer in writers))
        await outbox.idle()
    finally:
        await outbox.stop()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await engine.close()


def _outbox(plan: Plan, engine: Engine, platform: Platform, ids: IdSource) -> Delivers:
    if plan.outbox == "send then mark":
        return SendThenMark(engine, platform)
    if plan.outbox == "mark then send":
        return MarkThenSend(engine, platform)
    return Outbox(
        engine,
        {platform.name: platform},
        SystemClock(),
        new_id=ids.next,
        timing=Timing(**plan.timing),
        crash_point=_dies_at(plan),
    )


async def _open(url: str) -> Engine:
    async with asyncio.timeout(10):
        while True:
            try:
                return await open_engine(url)
            except DatabaseInUse:
                # a server notices only after a moment that the earlier life is over
                await asyncio.to_thread(os.sched_yield)


def _dies_at(plan: Plan) -> Callable[[str], None]:
    left = plan.nth

    def pass_or_die(point: str) -> None:
        nonlocal left
        if point == plan.point:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return pass_or_die


class _Writer:
    """A handler that is run again and again."""

    def __init__(self, plan: Plan, engine: Engine, outbox: Delivers, number: int) -> None:
        self._plan = plan
        self._engine = engine
        self._outbox = outbox
        self._random = random.Random(f"{plan.seed}/{number}")

    async def write(self) -> None:
        for _ in range(self._plan.most // WRITERS):
            self._outbox.committed(await self._unit())

    async def _unit(self) -> Staged:
        kind = self._random.random()
        at = [self._random.randrange(len(self._plan.channels)) for _ in range(2)]
        back = self._random.randrange(1, 30)

        async def work(tx: Tx) -> Staged:
            row = await tx.one("SELECT COALESCE(MAX(number), 0) AS last FROM intent")
            number = (row["last"] if row is not None else 0) + 1
            if kind < 0.2 and (earlier := await self._earlier(tx, back)) is not None:
                key, place = earlier
                channel = next(each for each in self._channels() if each.lane == place)
                if kind < 0.12:
                    text = f"{key} v{number}"
                    drafts = [await self._intent(tx, number, "edit", channel, text, of=key)]
                else:
                    drafts = [await self._intent(tx, number, "delete", channel, "", of=key)]
            else:
                count = 2 if kind > 0.85 else 1
                later = kind < 0.27
                drafts = [
                    await self._intent(tx, number + n, "post", self._channels()[at[n]], "", later=later)
                    for n in range(count)
                ]
            return await self._outbox.add(tx, drafts)

        return await self._engine.unit(COMMUNITY, work)

    def _channels(self) -> list[InChannel]:
        return [InChannel(Channel(space, ident)) for space, ident in self._plan.channels]

    async def _earlier(self, tx: Tx, back: int) -> tuple[str, str] | None:
        row = await tx.one(
            "SELECT key, place FROM intent WHERE verb = 'post' ORDER BY number DESC LIMIT 1 OFFSET :back",
            {"back": back},
        )
        return (row["key"], row["place"]) if row is not None else None

    async def _intent(
        self,
        tx: Tx,
        number: int,
        verb: str,
        channel: InChannel,
        text: str,
        *,
        of: str | None = None,
        later: bool = False,
    ) -> Draft:
        key = f"k{number}"
        text = text or f"{key} v0"
        await tx.run(
            "INSERT INTO intent (number, verb, key, of_key, place, words, ordered)"
            " VALUES (:number, :verb, :key, :of, :place, :words, :ordered)",
            {
                "number": number,
                "verb": verb,
                "key": key,
                "of": of,
                "place": channel.lane,
                "words": text,
                "ordered": int(not later),
            },
        )
        due_at = system_ms() + 15 if later else None
        out: Post | Edit | Delete
        if of is None:
            out = Post(key, channel, text)
        elif verb == "edit":
            out = Edit(key, of, channel, text)
        else:
            out = Delete(key, of, channel)
        return Draft(out, COMMUNITY, "crash", due_at=due_at)
