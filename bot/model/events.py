"""What happens: joins, messages, clicks, forms, clock ticks. All of it goes down one path, the router.

``id`` is the same for the same happening, however often and by whichever way a platform tells it; that is
what repetitions are recognised by.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.model.ids import Channel, Member, MessageRef, PlatformRole, Space
from bot.model.roles import Actor

Raw = str | int | bool | Member | Channel | PlatformRole | tuple["Raw", ...]
"""A value as a platform hands it over: typed where it has typed options, else text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened in a space, at ``at`` (UTC milliseconds, by the platform's clock)."""

    id: str
    space: Space
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceSeen(Event):
    """The bot is in this space and can be used there: at the start, after a reconnect, or newly added.

    ``announces_joins``: the platform posts a join message of its own. ``people`` is None where unknown.
    ``hears_joins`` is False where nobody tells the bot who joins, so that a newcomer is noticed later, by
    what they first say or use. ``came_at``: when the bot was added, in UTC ms of the platform's clock, None
    where unknown: later than last time, it was removed in between, and meets everybody for the first time.
    """

    default_channel: Channel | None = None
    announces_joins: bool = False
    people: int | None = None
    hears_joins: bool = True
    came_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceLost(Event):
    """The bot was removed from this space."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberJoined(Event):
    """Someone came in. ``pending``: the platform still shows them its rules; MemberCleared follows.

    ``joined_at`` is the platform's own join time in UTC milliseconds, ``count`` how many people are in the
    space now; both None where the platform does not say. ``epoch`` numbers this person's memberships; the
    host fills it in, and hands a cog each membership once, when it is no longer pending.
    """

    member: Member
    pending: bool = False
    joined_at: int | None = None
    count: int | None = None
    epoch: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberCleared(Event):
    """A pending newcomer passed the platform's rules screen."""

    member: Member
    count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberLeft(Event):
    """Somebody is in the space no more."""

    member: Member


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagePosted(Event):
    """Someone wrote. ``text`` is empty where the bot may not read it.

    In ``text`` of a platform, people stand as ``<@id|name>`` and channels as ``<#id|name>``; a cog is handed
    their names.
    """

    member: Member
    message: MessageRef
    text: str
    mentions: tuple[Member, ...] = ()
    reply_to: str | None = None
    direct: bool = False
    mentions_bot: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRemoved(Event):
    """A message was deleted, by whomever."""

    message: MessageRef


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactionAdded(Event):
    """``emoji`` is the character itself, or the name of a custom one between colons."""

    member: Member
    message: MessageRef
    emoji: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactionRemoved(Event):
    """A reaction was taken back."""

    member: Member
    message: MessageRef
    emoji: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction(Event):
    """Someone used the bot and awaits a private answer, sent to ``Answer(token=...)``."""

    actor: Actor
    token: str
    channel: Channel | None = None
    locale: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandUsed(Interaction):
    """``path`` as registered. Options come as ``values``, or as ``text`` still to be read.

    In ``text``, people and channels stand as ``<@id>`` and ``<#id>``.
    """

    path: tuple[str, ...]
    values: Mapping[str, Raw] = field(default_factory=dict)
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlUsed(Interaction):
    """A button was pressed, or a select's ``chosen`` values sent."""

    action: str
    message: MessageRef | None = None
    chosen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FormSent(Interaction):
    """A form came back, with a raw value for each field that was filled in."""

    action: str
    values: Mapping[str, Raw] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuUsed(Interaction):
    """A menu action on a message (with its author and text) or on a person."""

    action: str
    member: Member | None = None
    message: MessageRef | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenTo(Interaction):
    """Someone wrote to the bot itself: named it in ``message``, or wrote privately (then it is None).

    ``token`` is empty where a platform knows no private answer to a message.
    """

    message: MessageRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """Someone is typing the value of an option of the command ``path``: a question, not an event."""

    space: Space
    actor: Actor
    path: tuple[str, ...]
    option: str
    typed: str
    values: Mapping[str, Raw] = field(default_factory=dict)
