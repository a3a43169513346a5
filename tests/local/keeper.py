"""A process to be killed: it keeps a room, and tells on its output what was acknowledged."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from bot.model.content import Catalog, Form, Option
from bot.model.events import Completion, Event, MessagePosted
from bot.model.ids import Channel
from bot.model.outgoing import InChannel, Post
from bot.platforms.local.adapter import LocalPlatform
from bot.platforms.local.room import Room
from bot.platforms.local.seed import plant


class Deaf:
    """A host that never takes what is said."""

    async def accept(self, event: Event) -> Form | None:
        if isinstance(event, MessagePosted):
            await asyncio.Event().wait()
        return None

    async def complete(self, request: Completion) -> Sequence[Option]:
        return ()


async def keep(path: Path) -> None:
    room = await Room.open(path, lambda: 1_800_000_000_000, plant)
    platform = LocalPlatform(room)
    running = asyncio.create_task(platform.run(Deaf(), Catalog()))
    place = Channel(platform.space.key, "c5")

    async def deliver(lane: int) -> None:
        for number in range(1_000):
            key = f"k{lane}-{number}"
            receipt = await platform.deliver(Post(key, InChannel(place), key))
            assert receipt.message is not None
            sys.stdout.write(f"post {key} {receipt.message.id}\n")
            sys.stdout.flush()

    async def talk() -> None:
        for number in range(1_000):
            said = await platform.say("u3", "c2", f"word {number}")
            sys.stdout.write(f"said {said.id} {number}\n")
            sys.stdout.flush()

    await asyncio.gather(talk(), *(deliver(lane) for lane in range(4)))
    running.cancel()


if __name__ == "__main__":
    asyncio.run(keep(Path(sys.argv[1])))
