"""What leaves: posts, edits, deletions, reactions. Each has a ``key`` that names the intent for ever."""

from __future__ import annotations

from dataclasses import dataclass

from bot.model.content import Choice, Content
from bot.model.ids import Channel, Member, MessageRef


@dataclass(frozen=True, slots=True)
class InChannel:
    """Into a channel, or a thread of it, for everybody there."""

    channel: Channel
    thread: str | None = None

    @property
    def lane(self) -> str:
        return f"channel:{self.channel.key}"

    @property
    def space(self) -> str:
        return self.channel.space


@dataclass(frozen=True, slots=True)
class Direct:
    """To one person, as a private message."""

    member: Member

    @property
    def lane(self) -> str:
        return f"direct:{self.member.key}"

    @property
    def space(self) -> str:
        return self.member.space


@dataclass(frozen=True, slots=True)
class Answer:
    """The private answer to an interaction, seen by ``member`` alone.

    ``token`` is the interaction's. Where it has expired, the platform sends a private message instead.
    """

    token: str
    member: Member
    channel: Channel | None = None

    @property
    def lane(self) -> str:
        return f"answer:{self.token}"

    @property
    def space(self) -> str:
        return self.member.space


Destination = InChannel | Direct | Answer
"""Where something goes. Things with the same ``lane`` are delivered in order."""


@dataclass(frozen=True, slots=True)
class Post:
    """A new message. Only ``pings`` may be notified by a mention in it.

    ``choices`` are the controls that became numbered lines in ``content``.
    """

    key: str
    to: Destination
    content: Content
    pings: tuple[Member, ...] = ()
    reply_to: str | None = None
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class Edit:
    """New content for what was posted under the key ``of``. ``target`` is known once that was sent."""

    key: str
    of: str
    to: Destination
    content: Content
    target: MessageRef | None = None
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class Delete:
    """Take a message back that was posted as ``of``."""

    key: str
    of: str
    to: Destination
    target: MessageRef | None = None


@dataclass(frozen=True, slots=True)
class React:
    """The bot's own reaction under a message. ``target`` may be anybody's message."""

    key: str
    to: Destination
    emoji: str
    target: MessageRef


Outgoing = Post | Edit | Delete | React


@dataclass(frozen=True, slots=True)
class Receipt:
    """The platform's word that it has it. ``message`` is where it stands; None where it has no address."""

    message: MessageRef | None = None
