"""A town: a room with people in it, a bot that serves them, and a clock that travels."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from bot import grammar
from bot.clock import TravelClock
from bot.core import Core, build, load_cogs
from bot.model.ids import Channel
from bot.model.roles import Role
from bot.platforms.local.adapter import LocalPlatform
from bot.platforms.local.room import BOT_ID, Room
from bot.testing.heard import Heard, NotHeard, listed, shown
from bot.testing.person import Person
from storage.engines import open_engine
from storage.port import Engine, Tx
from storage.repos import spaces

MONDAY: Final = 1_790_586_000_000
"""Monday 28 September 2026, 09:00 UTC: when a town's clock begins, and stands until it travels."""
SPACE: Final = "local:shed"
BUILT_IN: Final = ("cogs.welcome", "cogs.kindness", "cogs.knowledge")
PEOPLE: Final = (
    ("u1", "Amara", (Role.ADMIN,)),
    ("u2", "Jo", (Role.MODERATOR,)),
    ("u3", "Mina", (Role.CURATOR,)),
    ("u4", "Priya", ()),
    ("u5", "Søren", ()),
    ("u6", "ليلى", ()),
)
CHANNELS: Final = ("hello", "general", "wall", "workshop", "hosts")
USUAL: Final[Mapping[str, Mapping[str, Any]]] = {
    "welcome": {"channel": "c1"},
    "kindness": {"wall": "c3", "story": "every Friday at 16:00"},
    "knowledge": {"channel": "c4", "drop": "Tuesday and Thursday at 10:00"},
    "kith": {"hosts_channel": "c5"},
}
"""The settings of a town, as the configuration would give them."""
LONGEST: Final = 20.0
"""Seconds of real time that anything is waited for; a test that needs them all has failed."""


@dataclass(slots=True)
class Town:
    """A room with people in it, and a bot that serves them. Made by :func:`town`."""

    room: Room
    platform: LocalPlatform
    core: Core
    clock: TravelClock
    _heard: set[tuple[str, str]] = field(default_factory=set)

    # People

    def as_(self, name: str) -> Person:
        """Somebody who has a seat."""
        found = next((one for one in self.room.people.values() if one.name == name), None)
        if found is None:
            raise LookupError(f"There is no {name} here.")
        return Person(self, found.id, name)

    async def newcomer(self, name: str) -> Person:
        """Somebody new comes in."""
        person = self.room.join(name)
        await self.settled()
        return Person(self, person.id, name)

    def place(self, name: str) -> str:
        """The id of a channel called like ``#general``."""
        return next(place.id for place in self.room.channels if place.name == name.removeprefix("#"))

    def channel(self, name: str) -> Channel:
        return self.platform.translator.channel(self.place(name))

    # What is said

    def said(self, place: str | None = None) -> list[Heard]:
        """Everything the bot has said that still stands, in one channel or everywhere."""
        ident = None if place is None else self.place(place)
        return [
            shown(self.room, one)
            for one in sorted(self.room.history.messages.values(), key=lambda one: one.number)
            if one.author == BOT_ID and one.kind == "message" and ident in (None, one.place)
        ]

    async def hears(self, place: str, *words: str) -> Heard:
        """The next public message of the bot there that holds all these words, new or newly edited."""
        await self.settled()
        found = [one for one in self.new(self.said(place)) if not one.private]
        return self.take(found, words, f"in {place}")

    async def silence(self, *places: str) -> None:
        """The bot has said nothing in public that was not heard yet; anywhere, or in these channels."""
        await self.settled()
        told = [one for one in self.new(self.said()) if not one.private and not self.is_direct(one)]
        told = [one for one in told if not places or one.place in map(self.place, places)]
        if told:
            raise NotHeard("Expected silence, but the bot said:\n" + listed(told))

    def new(self, said: list[Heard]) -> list[Heard]:
        return [one for one in said if (one.id, one.text) not in self._heard]

    def take(self, found: list[Heard], words: Sequence[str], where: str) -> Heard:
        for one in found:
            if all(word in one.text for word in words):
                self._heard.add((one.id, one.text))
                return one
        raise NotHeard(f"Nobody heard {' … '.join(words)!r} {where}. New there:\n{listed(found)}")

    def is_direct(self, one: Heard) -> bool:
        return bool(self.room.places[one.place].pair)

    # Time

    async def travels_to(self, when: str) -> None:
        """Community time goes on to a moment like ``Friday 16:00``; all that is due on the way happens."""
        zone = self.core.units.zone(self.platform.space)
        await self.core.scheduler.travel(grammar.parse_moment(when, self.clock.now(), zone))
        await self.settled()

    async def passes(self, *, days: int = 0, hours: int = 0, minutes: int = 0) -> None:
        """So much community time goes by."""
        length = ((days * 24 + hours) * 60 + minutes) * 60_000
        await self.core.scheduler.travel(self.clock.now() + length)
        await self.settled()

    # Conditions

    async def settled(self) -> None:
        """Everything that happened is stored, and everything that is due is sent."""
        async with asyncio.timeout(LONGEST):
            await self.platform.caught_up()
            await self.core.outbox.idle()
            await self.room.saved()

    async def rows(self, sql: str, **params: Any) -> list[dict[str, Any]]:
        """What the database holds."""

        async def work(tx: Tx) -> list[dict[str, Any]]:
            return [dict(row) for row in await tx.all(sql, params)]

        return await self.core.engine.read(work)


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
) -> AsyncIterator[Town]:
    """A town whose room and database live in ``folder``; a second one in the same folder goes on with it.

    ``look`` is the platform that the room looks like, ``cogs`` are their modules, ``is_open`` says whether
    an admin has pressed Go, ``database`` is a URL in place of a file in the folder.
    """
    clock = clock or TravelClock(base=lambda: MONDAY)
    async with AsyncExitStack() as stack:
        engine = await open_engine(database or f"sqlite:///{folder / 'kith.db'}")
        stack.push_async_callback(engine.close)
        room = await Room.open(folder / "room.db", clock.now, _plant)
        stack.push_async_callback(room.close)
        room.set_look(look)
        platform = LocalPlatform(room, patience=LONGEST, first_retry=0.01)
        core = await _build(engine, clock, platform, cogs, settings)
        if is_open:
            await core.units.community(platform.space)
            await engine.unit(0, lambda tx: spaces.go_live(tx, SPACE, clock.now()))
        await stack.enter_async_context(core)
        made = Town(room, platform, core, clock)
        async with asyncio.timeout(LONGEST):
            await core.census.taken(platform.space)
        await made.settled()
        yield made


async def _build(
    engine: Engine,
    clock: TravelClock,
    platform: LocalPlatform,
    cogs: Sequence[str],
    settings: Mapping[str, Mapping[str, Any]],
) -> Core:
    zone = ZoneInfo("UTC")
    loaded, sections, faults = load_cogs(cogs, settings, zone)
    return await build(
        engine=engine,
        clock=clock,
        platforms={platform.name: platform},
        cogs=loaded,
        sections=sections,
        faults=faults,
        zone=zone,
    )


def _plant(room: Room) -> None:
    room.describe("The Shed", "A town for tests.")
    for ident, name, roles in ((BOT_ID, "Kith", ()), *PEOPLE):
        person = room.add_person(ident, name, roles, bot=ident == BOT_ID)
        person.joined_at = room.now() - 100 * 86_400_000
        room.keep_person(person)
        room.next_number("person")
    for name in CHANNELS:
        room.add_place(name)
