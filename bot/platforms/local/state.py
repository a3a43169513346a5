"""What the room is made of: people, places, messages, and what waits to be told to the bot."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

Json = dict[str, Any]


@dataclass(slots=True)
class Person:
    """Somebody with a seat. ``joined_at`` is None before the first time, ``left_at`` while present."""

    id: str
    name: str
    colour: int
    roles: list[str] = field(default_factory=list)
    bot: bool = False
    joined_at: int | None = None
    left_at: int | None = None

    @property
    def present(self) -> bool:
        return self.joined_at is not None and self.left_at is None


@dataclass(slots=True)
class Place:
    """A channel, or the direct conversation of a ``pair``."""

    id: str
    name: str = ""
    about: str = ""
    pair: list[str] = field(default_factory=list)

    def admits(self, seat: str) -> bool:
        return not self.pair or seat in self.pair

    def other(self, seat: str) -> str | None:
        return next((ident for ident in self.pair if ident != seat), None)


@dataclass(slots=True)
class Message:
    """What was said. ``text`` or ``card`` as the page gets it; ``raw`` is a person's own words.

    ``controls`` tells by control id what pressing does, ``choices`` the same for numbered lines.
    """

    id: str
    number: int
    place: str
    author: str
    at: int
    kind: str = "message"
    thread: str | None = None
    only_for: str | None = None
    reply_to: str | None = None
    edited_at: int | None = None
    pings: list[str] = field(default_factory=list)
    text: list[Json] | None = None
    card: Json | None = None
    raw: str = ""
    image: str | None = None
    controls: dict[str, Json] = field(default_factory=dict)
    choices: list[Json] = field(default_factory=list)
    reactions: dict[str, list[str]] = field(default_factory=dict)

    @property
    def ref(self) -> Json:
        """Which message it is, as a happening tells it."""
        return {"message": self.id, "place": self.place, "thread": self.thread}


@dataclass(slots=True)
class Happening:
    """Something the bot is to be told, kept until it has it. ``kind`` names it, ``more`` are its details."""

    id: str
    number: int
    kind: str
    who: str
    at: int
    more: Json = field(default_factory=dict)


@dataclass(slots=True)
class Interaction:
    """A person used the bot and may be answered privately until ``until`` (UTC ms, real time)."""

    id: str
    who: str
    place: str
    thread: str | None
    until: int


@dataclass(slots=True)
class Dialog:
    """A form that waits for one person. ``pages`` are as the page gets them; ``asked`` in plain words."""

    id: str
    who: str
    place: str
    thread: str | None
    action: str
    pages: list[Json]
    page: int = 0
    values: Json = field(default_factory=dict)
    asked: bool = False


@dataclass(slots=True)
class Delivered:
    """What the bot sent under a key, and where it stands."""

    id: str
    number: int
    place: str
    message: str | None = None
    thread: str | None = None


@dataclass(slots=True)
class Deed:
    """What came of a person's request: ``made`` is the id of the message or of the interaction."""

    id: str
    number: int
    made: str


Item = TypeVar("Item", Person, Place, Message, Happening, Interaction, Dialog, Delivered, Deed)


def dump(item: Person | Place | Message | Happening | Interaction | Dialog | Delivered | Deed) -> str:
    return json.dumps({one.name: getattr(item, one.name) for one in fields(item)}, separators=(",", ":"))


def load(kind: type[Item], body: str | bytes) -> Item:
    return kind(**json.loads(body))
