"""What a message can hold: words, cards with pictures, buttons and selects, and forms that ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from bot.model.ids import Member, MessageRef
from bot.model.roles import Role
from bot.model.text import Words


class Accent(StrEnum):
    """The mood of a card. It is never the only thing that tells two cards apart."""

    PLAIN = "plain"
    WARM = "warm"
    CALM = "calm"
    CARE = "care"


class ButtonStyle(StrEnum):
    NORMAL = "normal"
    MAIN = "main"
    CAREFUL = "careful"


@dataclass(frozen=True, slots=True)
class Button:
    """Something to press. ``action`` names the handler and its bound arguments; see ``bot.actions``."""

    label: Words
    action: str
    style: ButtonStyle = ButtonStyle.NORMAL


@dataclass(frozen=True, slots=True)
class LinkButton:
    """A button that opens an address on the web."""

    label: Words
    url: str


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a select, a choice field or a completion."""

    label: str
    value: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Select:
    """A list to choose from, ``least`` to ``most`` of its options."""

    label: Words
    action: str
    options: tuple[Option, ...]
    least: int = 1
    most: int = 1


Control = Button | LinkButton | Select


@dataclass(frozen=True, slots=True)
class Image:
    """A picture with the words that stand for it. ``media_type`` is image/png, image/jpeg or image/gif."""

    data: bytes
    media_type: str
    alt: str


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a card: words, perhaps under a heading, perhaps with a control beside them."""

    text: Words
    heading: Words | None = None
    control: Control | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of words, each with one for every column; where there are no tables, a line each."""

    columns: tuple[Words, ...]
    rows: tuple[tuple[Words, ...], ...]


@dataclass(frozen=True, slots=True)
class Card:
    """A rich message. Read in order: title, body, sections, table, image, buttons, footer."""

    title: Words
    body: Words | None = None
    sections: tuple[Section, ...] = ()
    image: Image | None = None
    buttons: tuple[Control, ...] = ()
    footer: Words | None = None
    accent: Accent = Accent.PLAIN
    table: Table | None = None


Content = Words | Card


@dataclass(frozen=True, slots=True)
class Choice:
    """A control as a numbered line, where there are no buttons: what choosing ``number`` does."""

    number: int
    label: Words
    action: str
    chosen: tuple[str, ...] = ()
    most: int = 1


class Kind(StrEnum):
    """The closed list of what a command option, a form field or a setting can be."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    INTEGER = "integer"
    YES_NO = "yes_no"
    DATE = "date"
    MOMENT = "moment"
    SCHEDULE = "schedule"
    ZONE = "zone"
    MEMBER = "member"
    MEMBERS = "members"
    CHANNEL = "channel"
    ROLE = "role"
    CHOICE = "choice"
    REF = "ref"
    TEXTS = "texts"


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that is asked for: an option of a command, a field of a form, a setting.

    ``least`` and ``most`` bound a number's value, a text's length in characters, or how many are chosen.
    ``value`` is what is filled in already, as text or, for several, as a tuple of texts.
    """

    name: str
    kind: Kind
    label: str
    about: str = ""
    required: bool = True
    least: int | None = None
    most: int | None = None
    options: tuple[Option, ...] = ()
    completes: bool = False
    value: str | tuple[str, ...] | None = None
    problem: str | None = None

    @property
    def told(self) -> str:
        """What is said of it where there is one line for it."""
        return self.about or self.label


@dataclass(frozen=True, slots=True)
class Form:
    """Questions asked together. Sent back as one event with ``action`` and a value for each field."""

    title: Words
    action: str
    fields: tuple[Field, ...]
    submit: str = "Send"
    intro: Words | None = None


@dataclass(frozen=True, slots=True)
class ChosenMessage:
    """The message that a menu action was used on, with what it said. ``author`` is None where unknown."""

    message: MessageRef
    author: Member | None
    text: str = ""


class MenuTarget(StrEnum):
    MESSAGE = "message"
    MEMBER = "member"


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """A command as platforms register it: ``path`` of one or two names, its options, who may use it."""

    path: tuple[str, ...]
    about: str
    fields: tuple[Field, ...]
    role: Role
    cog: str
    details: str = ""

    @property
    def name(self) -> str:
        return " ".join(self.path)


@dataclass(frozen=True, slots=True)
class MenuSpec:
    """An action offered on a message or on a person. ``action`` is sent back when it is used."""

    target: MenuTarget
    label: str
    action: str
    role: Role
    cog: str
    fields: tuple[Field, ...] = field(default=())


Translations: TypeAlias = Mapping[tuple[str, str], Mapping[str, str]]
"""By cog and English words: the words in other languages, by gettext's names of these (``de``, ``pt_BR``)."""


def _untranslated() -> Translations:
    return {}


@dataclass(frozen=True, slots=True)
class Catalog:
    """Everything people can start by themselves: what a platform registers, shows and completes."""

    commands: tuple[CommandSpec, ...] = ()
    menus: tuple[MenuSpec, ...] = ()
    events: frozenset[str] = frozenset()
    """Names of the event classes that some handler listens to; others need not be handed over."""
    translations: Callable[[], Translations] = _untranslated
    """Reads the translations of all these words from files: some milliseconds that only registering needs."""
