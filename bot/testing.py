"""A small town for tests: a whole bot over the built-in room, and scripts of what is said and heard.

``async with town(folder) as shed:`` then ``await shed.as_("Mina").types("/shoutout @Jo for the bench")`` and
``await shed.hears("#wall", "Mina thanks Jo")``. Nothing is mocked: the room, the database and the outbox are
the real ones, and only the clock stands still until it travels.
"""

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
from bot.model.content import Kind, MenuTarget
from bot.model.ids import Channel, Member
from bot.model.roles import Role
from bot.platforms.local.adapter import LocalPlatform
from bot.platforms.local.room import BOT_ID, Room
from bot.platforms.local.state import Dialog, Json, Message
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


@dataclass(frozen=True, slots=True)
class Heard:
    """A message of the bot as somebody sees it. ``pings`` are the names of those it notified."""

    id: str
    place: str
    text: str
    labels: tuple[str, ...]
    pings: tuple[str, ...]
    private: bool
    edited: bool

    def __str__(self) -> str:
        return f"{'(privately) ' if self.private else ''}{self.text!r} {list(self.labels) or ''}"


class NotHeard(AssertionError):
    """The bot did not say what was expected; the message tells what it said."""


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
            self._shown(one)
            for one in sorted(self.room.history.messages.values(), key=lambda one: one.number)
            if one.author == BOT_ID and one.kind == "message" and ident in (None, one.place)
        ]

    async def hears(self, place: str, *words: str) -> Heard:
        """The next public message of the bot there that holds all these words, new or newly edited."""
        await self.settled()
        found = [one for one in self._new(self.said(place)) if not one.private]
        return self._take(found, words, f"in {place}")

    async def silence(self, *places: str) -> None:
        """The bot has said nothing in public that was not heard yet; anywhere, or in these channels."""
        await self.settled()
        told = [one for one in self._new(self.said()) if not one.private and not self._direct(one)]
        told = [one for one in told if not places or one.place in map(self.place, places)]
        if told:
            raise NotHeard("Expected silence, but the bot said:\n" + _listed(told))

    def _new(self, said: list[Heard]) -> list[Heard]:
        return [one for one in said if (one.id, one.text) not in self._heard]

    def _take(self, found: list[Heard], words: Sequence[str], where: str) -> Heard:
        for one in found:
            if all(word in one.text for word in words):
                self._heard.add((one.id, one.text))
                return one
        raise NotHeard(f"Nobody heard {' … '.join(words)!r} {where}. New there:\n{_listed(found)}")

    def _direct(self, one: Heard) -> bool:
        return bool(self.room.places[one.place].pair)

    def _shown(self, one: Message) -> Heard:
        labels = [_words(control["label"]) for control in _controls(one.card)]
        return Heard(
            id=one.id,
            place=one.place,
            text=words_of(one),
            labels=tuple(labels),
            pings=tuple(self.room.people[ident].name for ident in one.pings if ident in self.room.people),
            private=one.only_for is not None,
            edited=one.edited_at is not None,
        )

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
            counting = [task for task in asyncio.all_tasks() if task.get_name().startswith("census ")]
            await asyncio.gather(*counting)
            await self.core.outbox.idle()
            await self.room.saved()

    async def rows(self, sql: str, **params: Any) -> list[dict[str, Any]]:
        """What the database holds."""

        async def work(tx: Tx) -> list[dict[str, Any]]:
            return [dict(row) for row in await tx.all(sql, params)]

        return await self.core.engine.read(work)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in a town, and what they do there."""

    town: Town
    id: str
    name: str

    @property
    def member(self) -> Member:
        return self.town.platform.translator.member(self.id)

    @property
    def _platform(self) -> LocalPlatform:
        return self.town.platform

    async def types(self, text: str, place: str = "#general") -> None:
        """Say something in a channel, or use a command there."""
        where = self.town.place(place)
        if text.startswith("/"):
            await self._platform.command(self.id, where, text)
        else:
            await self._platform.say(self.id, where, text)
        await self.town.settled()

    async def writes_to_bot(self, text: str) -> None:
        """Say something in the conversation with the bot."""
        await self._platform.say(self.id, self.town.room.direct(BOT_ID, self.id).id, text)
        await self.town.settled()

    async def leaves(self) -> None:
        self.town.room.leave(self.id)
        await self.town.settled()

    async def comes_back(self) -> None:
        self.town.room.come_back(self.id)
        await self.town.settled()

    # What this person sees

    def sees(self) -> list[Heard]:
        """All of the bot's messages that this person can see."""
        room = self.town.room
        return [
            self.town._shown(one)
            for one in sorted(room.history.messages.values(), key=lambda one: one.number)
            if one.author == BOT_ID and one.kind == "message" and room.sees(self.id, one)
        ]

    async def hears_privately(self, *words: str) -> Heard:
        """The next message for this person alone that holds all these words."""
        await self.town.settled()
        found = self.town._new([one for one in self.sees() if one.private or self.town._direct(one)])
        return self.town._take(found, words, f"by {self.name} alone")

    async def hears_nothing(self) -> None:
        """Nothing private was said to this person that they have not heard yet."""
        await self.town.settled()
        found = self.town._new([one for one in self.sees() if one.private or self.town._direct(one)])
        if found:
            raise NotHeard(f"{self.name} should have heard nothing, but heard:\n{_listed(found)}")

    # What this person presses and fills in

    async def presses(self, label: str, *, on: Heard | None = None) -> None:
        """Press the newest button of that name, or the one on a certain message."""
        message, control = self._control("button", label, on)
        if control is None:
            await self._chooses_line(message, [label])
        else:
            await self._platform.press(self.id, message.id, control["id"])
        await self.town.settled()

    async def chooses(self, *labels: str, on: Heard | None = None) -> None:
        """Choose from the newest list that offers these."""
        message, control = self._control("select", labels[0], on)
        if control is None:
            await self._chooses_line(message, labels)
        else:
            values = {option["label"]: option["value"] for option in control["options"]}
            await self._platform.select(
                self.id, message.id, control["id"], [values[label] for label in labels]
            )
        await self.town.settled()

    async def uses(self, label: str, *, message: str | None = None, member: str | None = None) -> None:
        """Use a menu action on the newest message with these words, or on a person."""
        target = MenuTarget.MESSAGE if message is not None else MenuTarget.MEMBER
        menu = next(
            ident
            for ident, spec in self._platform.menus_for(self.id)
            if spec.label == label and spec.target is target
        )
        room = self.town.room
        if message is not None:
            seen = [one for one in room.history.messages.values() if room.sees(self.id, one)]
            shown = max((one for one in seen if message in words_of(one)), key=lambda one: one.number)
            await self._platform.menu(self.id, menu, message=shown.id)
        else:
            await self._platform.menu(self.id, menu, member=self.town.as_(member or "").id)
        await self.town.settled()

    @property
    def form(self) -> Dialog | None:
        """The form that this person is asked to fill in."""
        return self.town.room.ledger.dialog(self.id)

    def is_asked(self, *labels: str) -> None:
        """A form is open that asks for these."""
        asked = [one["label"] for one in self._fields()]
        missing = [label for label in labels if label not in asked]
        if missing or not asked:
            raise NotHeard(f"{self.name} should be asked for {missing or 'something'}, not for {asked}.")

    def is_asked_nothing(self) -> None:
        if self.form is not None:
            raise NotHeard(
                f"{self.name} should be asked nothing, not {[f['label'] for f in self._fields()]}."
            )

    def problems(self) -> dict[str, str]:
        """What the open form says is wrong, by field."""
        return {one["name"]: one["problem"] for one in self._fields() if one["problem"]}

    def filled_in(self) -> dict[str, Any]:
        """What the open form holds already, by field."""
        held = self.form.values if self.form is not None else {}
        return {one["name"]: held.get(one["name"], one["value"]) for one in self._fields()}

    async def fills(self, **answers: Any) -> None:
        """Fill in the open form and send it; what is not named stays as it is.

        People and channels are given by name, as ``@Jo`` and ``#wall``.
        """
        dialog = self.form
        if dialog is None:
            raise NotHeard(f"{self.name} has no form to fill in.")
        unknown = set(answers) - {one["name"] for one in self._fields()}
        if unknown:
            raise LookupError(f"The form does not ask for {', '.join(sorted(unknown))}.")
        if dialog.asked:
            await self._answers(dialog, answers)
        else:
            await self._submits(dialog, answers)
        await self.town.settled()

    async def _submits(self, dialog: Dialog, answers: Mapping[str, Any]) -> None:
        for number in range(dialog.page, len(dialog.pages)):
            fields = dialog.pages[number]["fields"]
            values = {
                one["name"]: self._typed(one, answers[one["name"]])
                if one["name"] in answers
                else dialog.values.get(one["name"], one["value"])
                for one in fields
            }
            await self._platform.submit(self.id, dialog.id, values)
            if self.form is dialog and self.problems():
                return

    async def _answers(self, dialog: Dialog, answers: Mapping[str, Any]) -> None:
        place = self.town.room.direct(BOT_ID, self.id).id
        answered: set[str] = set()
        while self.form is dialog:
            one = dialog.pages[dialog.page]["fields"][0]
            if one["name"] in answered:
                return
            answered.add(one["name"])
            if one["name"] in answers:
                given = answers[one["name"]]
                words = {True: "yes", False: "no"}.get(given, given) if isinstance(given, bool) else given
            else:
                words = "keep" if one["value"] is not None else "skip"
            await self._platform.say(self.id, place, str(words) or "skip")

    def _typed(self, one: Json, given: Any) -> Any:
        names = self.town.room.names
        match Kind(one["kind"]):
            case Kind.MEMBER:
                return names.resolve(given)[2:-1]
            case Kind.CHANNEL if given:
                return names.resolve(given)[2:-1]
            case Kind.ROLE if given:
                return given.casefold().removesuffix("s")
            case _:
                return given

    def _fields(self) -> list[Json]:
        return [one for page in (self.form.pages if self.form else []) for one in page["fields"]]

    def _control(self, kind: str, label: str, on: Heard | None) -> tuple[Message, Json | None]:
        room = self.town.room
        seen = sorted(room.history.messages.values(), key=lambda one: -one.number)
        for message in seen:
            if message.author != BOT_ID or not room.sees(self.id, message):
                continue
            if on is not None and message.id != on.id:
                continue
            for control in _controls(message.card):
                offers = [_words(control["label"])] + [one["label"] for one in control.get("options", ())]
                if control["kind"] == kind and label in offers:
                    return message, control
            if any(line.partition(". ")[2] == label for line in words_of(message).splitlines()):
                return message, None
        raise NotHeard(f"{self.name} sees nothing called {label!r} to use. In sight:\n{_listed(self.sees())}")

    async def _chooses_line(self, message: Message, labels: Sequence[str]) -> None:
        lines = [line.partition(". ") for line in words_of(message).splitlines()]
        numbers = {label: number for number, _, label in lines if number.isdecimal()}
        direct = bool(self.town.room.places[message.place].pair)
        await self._platform.say(
            self.id,
            message.place,
            ", ".join(numbers[label] for label in labels),
            reply_to=None if direct else message.id,
        )


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
            await platform.listened_to()
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


def words_of(message: Message) -> str:
    """A message as plain words: names without @, a line break between the parts of a card."""
    if message.card is None:
        return message.raw or _words(message.text)
    card = message.card
    parts = [card["title"], card["body"]]
    for section in card["sections"]:
        parts += [section["heading"], section["text"]]
    return "\n".join(filter(None, map(_words, [*parts, card["footer"]])))


def _words(spans: list[Json] | None) -> str:
    return "".join(
        ("#" if span["t"] == "channel" else "")
        + str(span.get("text") or span.get("label") or span.get("name") or "")
        for span in spans or ()
    )


def _controls(card: Json | None) -> list[Json]:
    if card is None:
        return []
    beside = [section["control"] for section in card["sections"] if section["control"]]
    return [*beside, *card["controls"]]


def _listed(found: Sequence[Heard]) -> str:
    return "\n".join(f"  {one}" for one in found) or "  nothing"
