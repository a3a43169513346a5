"""A town in the built-in room, in the look of any platform: the town for the tests of a cog."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from bot.clock import TravelClock
from bot.core import Core
from bot.platforms.local.adapter import LocalPlatform
from bot.platforms.local.room import BOT_ID, Room
from bot.testing.heard import Heard
from bot.testing.room_person import RoomPerson
from bot.testing.room_words import shown
from bot.testing.serving import placed, serving
from bot.testing.town import BUILT_IN, CHANNELS, LONGEST, MONDAY, NAME, PEOPLE, USUAL, Town

SPACE: Final = "local:shed"
_HERE_SINCE: Final = 100 * 86_400_000


class RoomTown(Town):
    """A town in the built-in room. Made by :func:`town`."""

    def __init__(self, room: Room, platform: LocalPlatform, core: Core, clock: TravelClock) -> None:
        super().__init__(core, clock, platform.space)
        self.room = room
        self.platform = platform

    def as_(self, name: str) -> RoomPerson:
        found = next((one for one in self.room.people.values() if one.name == name), None)
        if found is None:
            raise LookupError(f"There is no {name} here.")
        return RoomPerson(found.id, name, self)

    async def newcomer(self, name: str, *, bot: bool = False) -> RoomPerson:
        if bot:
            ident = self.room.add_person(f"b{len(self.room.people)}", name, bot=True).id
            self.room.ledger.happen("joined", ident, joined_at=self.room.now(), count=self.room.count)
        else:
            ident = self.room.join(name).id
        await self.settled()
        return RoomPerson(ident, name, self)

    @property
    def people(self) -> int:
        return self.room.count

    def place(self, name: str) -> str:
        return _place(self.room, name)

    def said(self, place: str | None = None) -> list[Heard]:
        ident = None if place is None else self.place(place)
        return [
            shown(self.room, one)
            for one in sorted(self.room.history.messages.values(), key=lambda one: one.number)
            if one.author == BOT_ID and one.kind == "message" and ident in (None, one.place)
        ]

    async def settled(self) -> None:
        async with asyncio.timeout(LONGEST):
            await self.platform.caught_up()
            await self.core.outbox.idle()
            await self.room.saved()


@asynccontextmanager
async def town(
    folder: Path,
    *,
    look: str = "discord",
    cogs: Sequence[str] = BUILT_IN,
    settings: Mapping[str, Mapping[str, Any]] = USUAL,
    is_open: bool = True,
    database: str | None = None,
    clock: TravelClock | None = None,
) -> AsyncIterator[RoomTown]:
    """A town whose room and database live in ``folder``; a second one in the same folder goes on with it.

    ``look`` is the platform that the room looks like, ``cogs`` are their modules, ``is_open`` says whether
    an admin has pressed Go, ``database`` is a URL in place of a file in the folder.
    """
    clock = clock or TravelClock(base=lambda: MONDAY)
    async with standing(folder, clock) as room:
        room.set_look(look)
        platform = LocalPlatform(room, patience=LONGEST, first_retry=0.01)
        here = placed(settings, lambda name: _place(room, name))
        async with serving(
            platform,
            platform.space,
            folder,
            clock,
            cogs=cogs,
            settings=here,
            is_open=is_open,
            database=database,
        ) as core:
            made = RoomTown(room, platform, core, clock)
            await made.settled()
            yield made


@asynccontextmanager
async def standing(folder: Path, clock: TravelClock) -> AsyncIterator[Room]:
    """A town's room without any bot in it."""
    room = await Room.open(folder / "room.db", clock.now, _plant)
    try:
        yield room
    finally:
        await room.close()


def _place(room: Room, name: str) -> str:
    return next(place.id for place in room.channels if place.name == name.removeprefix("#"))


def _plant(room: Room) -> None:
    room.describe(NAME, "A town for tests.")
    room.add_person(BOT_ID, "Kith", bot=True)
    for name, roles in PEOPLE:
        room.add_person(f"u{room.next_number('person')}", name, roles)
    for person in room.people.values():
        person.joined_at = room.now() - _HERE_SINCE
        room.keep_person(person)
    for name in CHANNELS:
        room.add_place(name)
