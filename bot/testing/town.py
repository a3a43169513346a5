"""What a script of say and hear is written with, wherever it is played: a town and its people."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.clock import TravelClock
from bot.core import Core
from bot.grammar.moment import parse_moment
from bot.model.ids import Channel, Member, Space
from bot.model.roles import Role
from bot.testing.heard import Heard, NotHeard, Question, listed
from storage.port import Tx

MONDAY: Final = 1_790_586_000_000
"""Monday 28 September 2026, 09:00 UTC: when a town's clock begins, and stands until it travels."""
NAME: Final = "The Shed"
PEOPLE: Final = (
    ("Amara", (Role.ADMIN,)),
    ("Jo", (Role.MODERATOR,)),
    ("Mina", (Role.CURATOR,)),
    ("Priya", ()),
    ("Søren", ()),
    ("ليلى", ()),
)
CHANNELS: Final = ("hello", "general", "wall", "workshop", "hosts")
BUILT_IN: Final = ("cogs.welcome", "cogs.kindness", "cogs.knowledge")
USUAL: Final[Mapping[str, Mapping[str, Any]]] = {
    "welcome": {"channel": "#hello"},
    "kindness": {"wall": "#wall", "story": "every Friday at 16:00"},
    "knowledge": {"channel": "#workshop", "drop": "Tuesday and Thursday at 10:00"},
    "kith": {"hosts_channel": "#hosts"},
}
"""The settings of a town, as the configuration would give them, with channels by their names."""
LONGEST: Final = 20.0
"""Seconds of real time that anything is waited for; a test that needs them all has failed."""


class Town(ABC):
    """A place with people in it, and a bot that serves them."""

    def __init__(self, core: Core, clock: TravelClock, space: Space) -> None:
        self.core = core
        self.clock = clock
        self.space = space
        self._heard: set[tuple[str, str]] = set()

    # People and places

    @abstractmethod
    def as_(self, name: str) -> Person:
        """Somebody who is here, or was. Raises LookupError."""

    @abstractmethod
    async def newcomer(self, name: str, *, bot: bool = False) -> Person:
        """Somebody new comes in, or another bot."""

    @property
    @abstractmethod
    def people(self) -> int | None:
        """How many there are, as the platform tells with a join; None where it doesn't."""

    @abstractmethod
    def place(self, name: str) -> str:
        """The id of a channel called like ``#general``."""

    def channel(self, name: str) -> Channel:
        return Channel(self.space.key, self.place(name), name.removeprefix("#"))

    # What is said

    @abstractmethod
    def said(self, place: str | None = None) -> list[Heard]:
        """Everything the bot has said that still stands, in one channel or everywhere, oldest first."""

    async def hears(self, place: str, *words: str) -> Heard:
        """The next public message of the bot there that holds all these words, new or newly edited."""
        await self.settled()
        found = [one for one in self.new(self.said(place)) if not one.private]
        return self.take(found, words, f"in {place}")

    async def silence(self, *places: str) -> None:
        """The bot has said nothing in public that was not heard yet; anywhere, or in these channels."""
        await self.settled()
        told = [one for one in self.new(self.said()) if not one.private]
        told = [one for one in told if not places or one.place in map(self.place, places)]
        if told:
            raise NotHeard("Expected silence, but the bot said:\n" + listed(told))

    def new(self, said: list[Heard]) -> list[Heard]:
        """What nobody has heard yet."""
        return [one for one in said if (one.id, one.text) not in self._heard]

    def take(self, found: list[Heard], words: Sequence[str], where: str) -> Heard:
        """Hear the first of these that holds all the words."""
        for one in found:
            if all(word in one.text for word in words):
                self._heard.add((one.id, one.text))
                return one
        raise NotHeard(f"Nobody heard {' … '.join(words)!r} {where}. New there:\n{listed(found)}")

    # Time

    async def travels_to(self, when: str) -> None:
        """Community time goes on to a moment like ``Friday 16:00``; all that is due on the way happens."""
        zone = self.core.units.zone(self.space)
        await self.core.scheduler.travel(parse_moment(when, self.clock.now(), zone))
        await self.settled()

    async def passes(self, *, days: int = 0, hours: int = 0, minutes: int = 0) -> None:
        """So much community time goes by."""
        length = ((days * 24 + hours) * 60 + minutes) * 60_000
        await self.core.scheduler.travel(self.clock.now() + length)
        await self.settled()

    # Conditions

    @abstractmethod
    async def settled(self) -> None:
        """Everything that happened is stored, and everything that is due is sent."""

    async def rows(self, sql: str, **params: Any) -> list[dict[str, Any]]:
        """What the database holds."""

        async def work(tx: Tx) -> list[dict[str, Any]]:
            return [dict(row) for row in await tx.all(sql, params)]

        return await self.core.engine.read(work)


@dataclass(frozen=True, slots=True)
class Person(ABC):
    """Somebody in a town: what they say, use, press and fill in, and what they hear."""

    id: str
    name: str

    @property
    @abstractmethod
    def town(self) -> Town: ...

    @property
    def member(self) -> Member:
        return Member(self.town.space.key, self.id, self.name)

    # What they do

    @abstractmethod
    async def types(self, text: str, place: str = "#general", *, under: str | None = None) -> None:
        """Say something in a channel, or use a command there; with people and channels as @Jo and #wall.

        ``under``: in the thread of the newest message there with these words.
        """

    @abstractmethod
    async def completes(self, command: str, option: str, typed: str = "") -> list[str]:
        """What is offered for an option of a command like ``curate remove`` while it is typed."""

    @abstractmethod
    async def writes_to_bot(self, text: str) -> None:
        """Say something in the conversation with the bot."""

    @abstractmethod
    async def leaves(self) -> None: ...

    @abstractmethod
    async def comes_back(self) -> None: ...

    @abstractmethod
    async def loses_roles(self) -> None:
        """Somebody takes away all that this person may do more than others."""

    @abstractmethod
    async def presses(self, label: str, *, on: Heard | None = None) -> None:
        """Press the newest button of that name, or the one on a certain message."""

    @abstractmethod
    async def chooses(self, *labels: str, on: Heard | None = None) -> None:
        """Choose from the newest list that offers these."""

    @abstractmethod
    async def uses(self, label: str, *, message: str | None = None, member: str | None = None) -> None:
        """Use a menu action on the newest message with these words, or on a person."""

    # What they see

    @abstractmethod
    def sees(self) -> list[Heard]:
        """All of the bot's messages that this person can see, oldest first."""

    async def hears_privately(self, *words: str) -> Heard:
        """The next message for this person alone that holds all these words."""
        await self.town.settled()
        return self.town.take(self._whispers(), words, f"by {self.name} alone")

    async def hears_nothing(self) -> None:
        """Nothing private was said to this person that they have not heard yet."""
        await self.town.settled()
        found = self._whispers()
        if found:
            raise NotHeard(f"{self.name} should have heard nothing, but heard:\n{listed(found)}")

    def _whispers(self) -> list[Heard]:
        return self.town.new([one for one in self.sees() if one.private])

    # Forms

    @abstractmethod
    def questions(self) -> list[Question]:
        """What the form asks that is open before this person; nothing where none is."""

    @abstractmethod
    async def fills(self, **answers: Any) -> None:
        """Fill in the open form and send it; what is not named stays as it is.

        People, channels and roles are given by name, as ``@Jo``, ``#wall`` and ``Curators``. Raises NotHeard
        where no form is open, LookupError for what it doesn't ask.
        """

    def is_asked(self, *labels: str) -> None:
        """A form is open that asks for these."""
        asked = [one.label for one in self.questions()]
        missing = [label for label in labels if label not in asked]
        if missing or not asked:
            raise NotHeard(f"{self.name} should be asked for {missing or 'something'}, not for {asked}.")

    def is_asked_nothing(self) -> None:
        if asked := [one.label for one in self.questions()]:
            raise NotHeard(f"{self.name} should be asked nothing, not {asked}.")

    def problems(self) -> dict[str, str]:
        """What the open form says is wrong, by field."""
        return {one.name: one.problem for one in self.questions() if one.problem}

    def filled_in(self) -> dict[str, str | tuple[str, ...] | None]:
        """What the open form holds, by field; people, channels and roles by their ids."""
        return {one.name: one.value for one in self.questions()}

    def check_asked(self, answers: Mapping[str, Any]) -> None:
        """Raises NotHeard without a form, LookupError for an answer that it doesn't ask for."""
        asked = {one.name for one in self.questions()}
        if not asked:
            raise NotHeard(f"{self.name} has no form to fill in.")
        if unknown := set(answers) - asked:
            raise LookupError(f"The form does not ask for {', '.join(sorted(unknown))}.")
