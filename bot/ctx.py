"""What a handler is given: who, where, when, its settings and store, and the ways to say something.

Nothing is sent while the handler runs. What it says is collected here and committed with its rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Generic, NamedTuple
from zoneinfo import ZoneInfo

from typing_extensions import TypeVar

from bot import attention as budget
from bot.attention import Attention
from bot.model.content import Content, Form
from bot.model.ids import Channel, Member, MessageRef, Space
from bot.model.outgoing import Answer, Direct, InChannel
from bot.model.roles import Role
from bot.model.text import T, Words
from bot.store import Scope
from storage.repos import members

SettingsT = TypeVar("SettingsT", default=Any)
StoreT = TypeVar("StoreT", default=Any)


NOT_NOW: Final = T("That can't be passed on just now. Nothing was sent.")


class Sorry(Exception):
    """A kind refusal: the handler's work is undone and the person privately told these words."""

    def __init__(self, words: Words) -> None:
        super().__init__(words)
        self.words = words


class Said(NamedTuple):
    """Something a handler wants to be sent: a new message, or new content for an earlier one."""

    key: str
    to: InChannel | Direct | Answer | None
    content: Content | None
    attention: Attention | None = None
    because: Words | None = None
    ping: bool = True
    due_at: int | None = None
    edits: str | None = None
    reply_to: str | None = None
    react: str | None = None
    target: MessageRef | None = None
    anonymous: bool = False


class Noted(NamedTuple):
    """A line for the community's open log."""

    topic: str
    words: Words


@dataclass(slots=True)
class Effects:
    """All that one handler run wants done besides its own rows."""

    said: list[Said] = field(default_factory=list)
    noted: list[Noted] = field(default_factory=list)
    form: Form | None = None
    rescheduled: bool = False
    """Whether a schedule changed, so that the clock must be looked at anew."""
    forgotten: Member | None = None
    """Whom the outbox is to forget, once what this run says is in it."""


@dataclass(slots=True)
class Ctx(Generic[SettingsT, StoreT]):
    """One handler's run.

    ``now`` is UTC milliseconds of community time, ``zone`` the community's time zone. ``user`` is who used
    the bot or whom the event is about; a scheduled job has none and reading it raises LookupError.
    """

    cog: str
    handler: str
    event: str
    scope: Scope
    space: Space
    zone: ZoneInfo
    settings: SettingsT
    store: StoreT
    default_channel: Channel | None = None
    """Where the platform itself greets newcomers, if it has such a place."""
    people: int | None = None
    """How many people were here when the platform last said so."""
    silent: bool = False
    """Whether nothing public may be said now: Kith is not open here yet, or paused."""
    asked_by: Member | None = None
    roles: frozenset[Role] = frozenset({Role.MEMBER})
    channel: Channel | None = None
    message: MessageRef | None = None
    token: str | None = None
    effects: Effects = field(default_factory=Effects)

    @property
    def now(self) -> int:
        return self.scope.now

    @property
    def community(self) -> int:
        return self.scope.community

    @property
    def new_id(self) -> Callable[[], int]:
        return self.scope.new_id

    @property
    def user(self) -> Member:
        if self.asked_by is None:
            raise LookupError("Nobody asked for this; it happened on schedule.")
        return self.asked_by

    async def member(self, key: str) -> Member:
        """The person of a stored key, with the name they go by now."""
        row = await members.get(self.scope.tx, key)
        return Member.of(key, row["name"], bot=bool(row["bot"])) if row else Member.of(key)

    async def respect_blocks(self, *people: Member | None) -> None:
        """Refuse, without saying why, if one of these people wants nothing of whoever is asking.

        The host sees to it for people among a handler's arguments; call it for those found in rows.
        """
        for person in people:
            if person is None or person == self.user:
                continue
            if await members.blocks(self.scope.tx, self.community, person.key, self.user.key):
                raise Sorry(NOT_NOW)

    async def may_post(self, to: Channel, attention: Attention) -> bool:
        """Whether an unprompted post there would be said, now or within the wait of its kind.

        Ask before using up what can't be said twice, such as the next snippet.
        """
        if self.silent:
            return False
        lane = InChannel(to).lane
        return await budget.has_room(
            self.scope.tx, community=self.community, target=lane, kind=attention, now=self.now
        )

    def reply(self, content: Content, *, attention: Attention | None = None) -> None:
        """Answer whoever is asking, seen by them alone; to an event in a channel, answer there.

        ``attention`` is needed for an event in which nobody spoke to the bot.
        """
        if self.token is not None:
            self._say(Answer(self.token, self.user, self.channel), content)
        elif self.channel is not None:
            self._say(
                InChannel(self.channel, self.message.thread if self.message else None),
                content,
                reply_to=self.message.id if self.message else None,
                attention=attention,
            )
        else:
            self._say(Direct(self.user), content, attention=attention)

    def post(
        self,
        to: Channel | MessageRef,
        content: Content,
        *,
        key: str | None = None,
        attention: Attention | None = None,
        because: Words | None = None,
        ping: bool = True,
        due_at: int | None = None,
        anonymous: bool = False,
    ) -> None:
        """Post in a channel, or in the thread under a message.

        ``key`` names this message for a later edit or deletion, and is posted once, ever. ``attention`` is
        needed where nobody asked for it. ``because`` is what ``/kith why`` says. Only people named as
        arguments of the texts are notified, and with ``ping=False`` nobody. ``due_at`` is UTC milliseconds.
        ``anonymous`` keeps secret, from ``/kith why`` too, who asked for it.
        """
        place = InChannel(to.channel, to.thread or to.id) if isinstance(to, MessageRef) else InChannel(to)
        self.effects.said.append(
            Said(
                self._key(key),
                place,
                content,
                attention,
                because,
                ping,
                due_at,
                anonymous=anonymous,
            )
        )

    def dm(
        self,
        to: Member,
        content: Content,
        *,
        key: str | None = None,
        attention: Attention | None = None,
        because: Words | None = None,
        due_at: int | None = None,
    ) -> None:
        """Write to one person privately. ``attention`` is needed unless it is the person who is asking."""
        self._say(Direct(to), content, key, attention=attention, because=because, due_at=due_at)

    def edit(self, key: str, content: Content) -> None:
        """Replace what was posted under ``key``; harmless if it is gone."""
        self.effects.said.append(Said(self._key(None), None, content, edits=self.full_key(key), ping=False))

    def delete(self, key: str) -> None:
        """Take back what was posted under ``key``, sent or not yet."""
        self.effects.said.append(Said(self._key(None), None, None, edits=self.full_key(key)))

    def react(self, message: MessageRef, emoji: str) -> None:
        """Put the bot's reaction under a message."""
        self.effects.said.append(
            Said(
                self._key(None), InChannel(message.channel, message.thread), None, react=emoji, target=message
            )
        )

    def ask(self, form: Form) -> None:
        """Show a form to whoever is asking, once this unit is committed."""
        self.effects.form = form

    def note(self, topic: str, words: Words) -> None:
        """Write a line into the log that every member can read."""
        self.effects.noted.append(Noted(topic, words))

    def full_key(self, key: str) -> str:
        """The name of an intent of this cog over all cogs."""
        return f"{self.cog}:{key}"

    def _say(
        self,
        to: InChannel | Direct | Answer,
        content: Content,
        key: str | None = None,
        **more: Any,
    ) -> None:
        self.effects.said.append(Said(self._key(key), to, content, **more))

    def _key(self, key: str | None) -> str:
        if key is not None:
            return self.full_key(key)
        return f"{self.event}/{self.handler}/{len(self.effects.said)}"
