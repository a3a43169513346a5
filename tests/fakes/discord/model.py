"""What the fake Discord remembers. Tests assert on these objects; `people.py` gives members a will."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .permissions import Overwrite, in_channel, in_guild
from .reading import Readable

if TYPE_CHECKING:
    from .crowd import Members
    from .interactions import Interaction
    from .people import Person
    from .world import World

TEXT, DM, VOICE, CATEGORY, NEWS = 0, 1, 2, 4, 5
NEWS_THREAD, PUBLIC_THREAD, PRIVATE_THREAD = 10, 11, 12
FORUM = 15
THREADS = frozenset({NEWS_THREAD, PUBLIC_THREAD, PRIVATE_THREAD})
TEXTUAL = frozenset({TEXT, DM, VOICE, NEWS, NEWS_THREAD, PUBLIC_THREAD, PRIVATE_THREAD})

EPHEMERAL = 1 << 6
LOADING = 1 << 7
SUPPRESS_NOTIFICATIONS = 1 << 12
COMPONENTS_V2 = 1 << 15


@dataclass(slots=True, eq=False)
class User:
    """An account."""

    id: int
    name: str
    display_name: str | None = None
    bot: bool = False
    takes_dms: bool = True

    @property
    def mention(self) -> str:
        return f"<@{self.id}>"

    def __repr__(self) -> str:
        return f"<User {self.name} {self.id}>"


@dataclass(slots=True, eq=False)
class Role:
    """A guild's role."""

    id: int
    name: str
    permissions: int = 0
    position: int = 1
    color: int = 0
    hoist: bool = False
    mentionable: bool = False
    managed: bool = False
    bot_id: int | None = None

    @property
    def mention(self) -> str:
        return f"<@&{self.id}>"

    def __repr__(self) -> str:
        return f"<Role {self.name} {self.id}>"


GUEST = 1 << 4
"""The flag of somebody who was let into one voice channel and is no member."""


@dataclass(slots=True, eq=False)
class Member:
    """Someone in a guild. Those who join are `people.Person`s, who can act."""

    user: User
    guild: Guild
    joined_ms: int
    roles: set[int] = field(default_factory=set)
    nick: str | None = None
    pending: bool = False
    flags: int = 0
    timed_out_until_ms: int | None = None

    @property
    def world(self) -> World:
        return self.guild.world

    @property
    def id(self) -> int:
        return self.user.id

    @property
    def mention(self) -> str:
        return self.user.mention

    @property
    def name(self) -> str:
        return self.nick or self.user.display_name or self.user.name

    @property
    def present(self) -> bool:
        """Whether this person is a member now."""
        return self.guild.members.get(self.id) is self

    def permissions(self, channel: Channel | None = None) -> int:
        """What this person may do in the guild, or in `channel`."""
        return self.guild.permissions(self.user.id, self.roles, channel, self.timed_out_until_ms)

    def __repr__(self) -> str:
        return f"<Member {self.name} {self.id} of {self.guild.name}>"


@dataclass(slots=True, eq=False)
class Channel:
    """A channel, thread or direct message."""

    world: World
    id: int
    kind: int
    name: str | None
    guild: Guild | None = None
    parent: Channel | None = None
    topic: str | None = None
    position: int = 0
    overwrites: dict[int, Overwrite] = field(default_factory=dict)
    slowmode: int = 0
    recipient: User | None = None
    owner_id: int | None = None
    archived: bool = False
    locked: bool = False
    auto_archive_minutes: int = 1440
    thread_members: dict[int, int] = field(default_factory=dict)
    applied_tags: list[int] = field(default_factory=list)
    by_id: dict[int, Message] = field(default_factory=dict)
    deleted: bool = False

    @property
    def mention(self) -> str:
        return f"<#{self.id}>"

    @property
    def thread(self) -> bool:
        return self.kind in THREADS

    @property
    def messages(self) -> list[Message]:
        """What stands in the channel, oldest first, without private answers."""
        return list(self.by_id.values())

    @property
    def last(self) -> Message:
        """The newest message."""
        return next(reversed(self.by_id.values()))

    @property
    def texts(self) -> list[str]:
        """The words of every message, oldest first."""
        return [message.text for message in self.by_id.values()]

    def overwrite(self, who: Role | Member | User, *, allow: int = 0, deny: int = 0) -> None:
        """Give `who` an exception here, as an admin would."""
        self.world.overwrite(
            self, Overwrite(who.id, 0 if isinstance(who, Role) else 1, int(allow), int(deny))
        )

    def delete(self) -> None:
        """Remove the channel, as an admin would."""
        self.world.delete_channel(self)

    def __repr__(self) -> str:
        return f"<Channel {self.name} {self.id}>"


@dataclass(slots=True, eq=False)
class Attachment:
    """An uploaded file."""

    id: int
    filename: str
    data: bytes
    content_type: str
    description: str | None = None
    ephemeral: bool = False


@dataclass(slots=True, eq=False)
class Message(Readable):
    """A message.

    `pinged` holds the ids of the people and roles that were really notified, and "everyone" where that was
    said and allowed. An edit notifies nobody.
    """

    id: int
    channel: Channel
    author: User
    content: str = ""
    embeds: list[dict[str, Any]] = field(default_factory=list)
    components: list[dict[str, Any]] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    flags: int = 0
    kind: int = 0
    mentioned: list[User] = field(default_factory=list)
    mentioned_roles: list[int] = field(default_factory=list)
    mentions_everyone: bool = False
    reply_to: int | None = None
    reactions: dict[str, set[int]] = field(default_factory=dict)
    pinned: bool = False
    edited_ms: int | None = None
    edits: int = 0
    nonce: str | int | None = None
    interaction: Interaction | None = None
    visible_to: int | None = None
    thread: Channel | None = None
    deleted: bool = False
    pinged: set[int | str] = field(default_factory=set)

    @property
    def url(self) -> str:
        """The link that people copy."""
        guild = self.channel.guild.id if self.channel.guild else "@me"
        return f"https://discord.com/channels/{guild}/{self.channel.id}/{self.id}"

    @property
    def ephemeral(self) -> bool:
        return bool(self.flags & EPHEMERAL)

    def __repr__(self) -> str:
        return f"<Message {self.id} by {self.author.name}: {self.text[:60]!r}>"


@dataclass(slots=True, eq=False)
class Guild:
    """A server. Its methods are what its admins do; each change is dispatched to the bot."""

    world: World
    id: int
    name: str
    owner_id: int
    members: Members
    roles: dict[int, Role] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    threads: dict[int, Channel] = field(default_factory=dict)
    bans: dict[int, str | None] = field(default_factory=dict)
    system_channel_id: int | None = None
    system_channel_flags: int = 0
    rules_channel_id: int | None = None
    features: list[str] = field(default_factory=list)
    locale: str = "en-US"
    verification_level: int = 0
    command_access: dict[tuple[str, int], bool] = field(default_factory=dict)
    outage: bool = False

    @property
    def everyone(self) -> Role:
        return self.roles[self.id]

    @property
    def bot(self) -> Member:
        """The bot as a member here."""
        member = self.members.get(self.world.bot.id)
        if member is None:
            raise LookupError(f"the bot is not in {self.name}")
        return member

    def permissions(
        self,
        user_id: int,
        role_ids: set[int],
        channel: Channel | None = None,
        timed_out_until_ms: int | None = None,
    ) -> int:
        """What a member with these roles may do in the guild or in `channel`."""
        held = [self.roles[role_id] for role_id in role_ids if role_id in self.roles]
        base = in_guild(
            self.everyone.permissions, [role.permissions for role in held], owner=user_id == self.owner_id
        )
        if channel is None:
            return base
        place = channel.parent if channel.thread and channel.parent else channel
        return in_channel(
            base,
            place.overwrites,
            everyone_id=self.id,
            role_ids=[role.id for role in held],
            user_id=user_id,
            thread=channel.thread,
            timed_out=bool(timed_out_until_ms and timed_out_until_ms > self.world.clock.now_ms()),
        )

    def top_role(self, role_ids: set[int]) -> int:
        """The highest position among these roles, which decides who may manage whom."""
        return max((self.roles[role_id].position for role_id in role_ids if role_id in self.roles), default=0)

    def channel(self, name: str, kind: int = TEXT, **settings: Any) -> Channel:
        """The channel of that name, made now if there is none."""
        for channel in self.channels.values():
            if channel.name == name:
                return channel
        return self.world.create_channel(self, name, kind, **settings)

    def role(self, name: str, permissions: int = 0, **settings: Any) -> Role:
        """A new role, above all earlier ones."""
        return self.world.create_role(self, name, int(permissions), **settings)

    def join(self, who: str | User | Member, **settings: Any) -> Person:
        """Someone joins: a new account by name, or an account that exists."""
        return self.world.join(self, who, **settings)

    def crowd(self, count: int) -> range:
        """`count` members who have been here for long and do nothing. Costs no memory. Returns their ids."""
        return self.members.add_crowd(count)

    def person(self, user_id: int) -> Person:
        """A member by id, one of the crowd too."""
        member = self.members.get(user_id)
        if member is None:
            raise LookupError(f"nobody with id {user_id} is in {self.name}")
        return member

    def allow_command(self, name: str, who: Role | Member, allowed: bool = True) -> None:
        """An admin's exception under Server Settings → Integrations for the command `name`."""
        self.command_access[name, who.id] = allowed

    def remove_bot(self) -> None:
        """Kick the bot."""
        self.world.remove_bot(self)

    def add_bot(self) -> None:
        """Invite the bot again."""
        self.world.add_bot(self)

    def __repr__(self) -> str:
        return f"<Guild {self.name} {self.id}>"
