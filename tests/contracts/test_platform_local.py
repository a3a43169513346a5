"""The local room is held to the platform contract, in each of its looks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.model.content import Catalog, CommandSpec
from bot.model.events import CommandUsed, SpaceSeen
from bot.model.ids import Channel, Member
from bot.model.roles import Role
from bot.platforms.local import views
from bot.platforms.local.adapter import LocalPlatform
from bot.platforms.local.limits import Look
from bot.platforms.local.room import BOT_ID, Room
from bot.platforms.local.state import Json
from tests.contracts.platform_contract import PlatformContract, Recorder, Shown

CATALOG = Catalog((CommandSpec(("ping",), "Answers.", (), Role.MEMBER, "test"),))


def plant(room: Room) -> None:
    """The contract's people, and one channel."""
    room.describe("Test room", "")
    for ident, name in ((BOT_ID, "Kith"), ("u1", "Ada"), ("u2", "Mina")):
        person = room.add_person(ident, name, bot=ident == BOT_ID)
        person.joined_at = room.now()
        room.keep_person(person)
        room.next_number("person")
    room.add_place("general", "")
    room.add_place("other", "")


class LocalStage:
    def __init__(self, room: Room) -> None:
        self.room = room
        self.platform = LocalPlatform(room, first_retry=0.01)
        self.sink = Recorder()
        self.space = self.platform.space
        self.channel = Channel(self.space.key, "c2", "other")
        self.ada = Member(self.space.key, "u1", "Ada")
        self.mina = Member(self.space.key, "u2", "Mina")
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._running = asyncio.create_task(self.platform.run(self.sink, CATALOG))
        await self.sink.wait(SpaceSeen)

    async def stop(self) -> None:
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def seen_in(self, channel: Channel, by: Member) -> list[Shown]:
        snapshot = views.snapshot(self.room, by.id)
        return [_shown(one) for one in snapshot["messages"] if one["channel"] == channel.id]

    async def seen_direct(self, by: Member) -> list[Shown]:
        snapshot = views.snapshot(self.room, by.id)
        direct = {place["id"] for place in snapshot["channels"] if place["with"] == BOT_ID}
        return [_shown(one) for one in snapshot["messages"] if one["channel"] in direct]

    async def say(self, who: Member, text: str) -> None:
        await self.platform.say(who.id, self.channel.id, text)

    async def join(self, name: str) -> None:
        self.room.join(name)
        await self.room.saved()

    async def token(self, who: Member) -> str:
        await self.platform.command(who.id, self.channel.id, "/ping")
        return (await self.sink.wait(CommandUsed)).token


def _shown(message: Json) -> Shown:
    card = message["card"]
    if card is None:
        return Shown(message["id"], _words(message["text"]))
    labels = tuple(_words(control["label"]) for control in card["controls"])
    return Shown(message["id"], "\n".join(map(_words, views.texts(card))), labels)


def _words(spans: list[Json]) -> str:
    return "".join(str(span.get("text") or span.get("name") or span.get("label")) for span in spans)


@pytest_asyncio.fixture(params=list(Look))
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[LocalStage]:
    room = await Room.open(tmp_path / "room.db", lambda: 1_800_000_000_000, plant)
    room.set_look(request.param)
    stage = LocalStage(room)
    await stage.start()
    try:
        yield stage
    finally:
        await stage.stop()
        await room.close()


class TestLocalPlatform(PlatformContract):
    pass
