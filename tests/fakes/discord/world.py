"""The fake's state, and every change that can happen to it, each dispatched to the bot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import wire
from .changes import Changes
from .clock import Clock, Snowflakes
from .commands import Commands
from .crowd import Members
from .drafting import Draft
from .gateway import Gateway, application_flags
from .interactions import Interaction
from .model import (
    CATEGORY,
    DM,
    GUEST,
    TEXT,
    Attachment,
    Channel,
    Guild,
    Member,
    Message,
    Role,
    User,
)
from .people import Person
from .permissions import EVERYONE, IN_DM, Overwrite, P
from .posts import Posts
from .schema import GatewaySchemas
from .socket import guild_create

Json = dict[str, Any]
DID_REJOIN = 1 << 0
SUPPRESS_JOIN_MESSAGES = 1 << 0
USER_JOIN = 7


class World:
    """Guilds, people, messages and commands around one application and its bot."""

    def __init__(
        self,
        clock: Clock,
        *,
        switches: frozenset[str],
        schemas: GatewaySchemas | None,
        cdn: Callable[[], str],
        changes: Changes,
    ) -> None:
        self.clock = clock
        self.snowflakes = Snowflakes(clock)
        self.switches = switches
        self.changed = changes.notify
        self.until = changes.until
        self._schemas = schemas
        self._cdn = cdn
        self.application_id = self.snowflakes.aged(days=900)
        self.bot = User(self.application_id, "kith", bot=True)
        self.owner = User(self.snowflakes.aged(days=2500), "owner", "Owner")
        self.users: dict[int, User] = {self.bot.id: self.bot, self.owner.id: self.owner}
        self.crowded: list[Members] = []
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self.dms: dict[int, Channel] = {}
        self.interactions: dict[str, Interaction] = {}
        self.uploads: dict[int, Attachment] = {}
        self.commands = Commands(self)
        self.gateway = Gateway(self)
        self.posts = Posts(self)
        self._bot_permissions: dict[int, int] = {}

    # What there is.

    @property
    def application_flags(self) -> int:
        """The application's flags, which show its privileged intents."""
        return application_flags(self.switches)

    def account(self, user_id: int) -> User | None:
        """The account with this id, one of a crowd too."""
        if (known := self.users.get(user_id)) is not None:
            return known
        for members in self.crowded:
            if (member := members.get(user_id)) is not None:
                return member.user
        return None

    def bot_permissions(self, channel: Channel) -> int:
        """What the bot may do in `channel`."""
        bits = self._bot_permissions.get(channel.id)
        if bits is None:
            if channel.guild is None:
                bits = IN_DM
            elif channel.guild.id in self.guilds:
                bits = channel.guild.bot.permissions(channel)
            else:
                bits = 0
            self._bot_permissions[channel.id] = bits
        return bits

    def always_readable(self, message: Message) -> bool:
        """Whether the bot may read a message without the message-content intent."""
        return (
            message.author is self.bot
            or message.channel.guild is None
            or self.bot in message.mentioned
            or message.interaction is not None
        )

    def cdn_url(self, channel_id: int, file: Attachment) -> str:
        """Where the fake serves an attachment."""
        return f"{self._cdn()}/attachments/{channel_id}/{file.id}/{file.filename}"

    def check_dispatch(self, event: str, data: Json) -> None:
        """Raise unless the dispatch fits the gateway's schemas."""
        if self._schemas is not None:
            self._schemas.check(event, data)

    def _permissions_changed(self) -> None:
        self._bot_permissions.clear()
        self.changed()

    # Guilds.

    def create_guild(self, name: str, *, bot_permissions: int, crowd: int) -> Guild:
        """A guild with the owner, @everyone and the bot in it."""
        guild_id = self.snowflakes.next(step=1 << 22)
        members = Members(self)
        guild = Guild(self, guild_id, name, self.owner.id, members)
        members.settle(guild)
        guild.roles[guild_id] = Role(guild_id, "@everyone", EVERYONE, position=0)
        members.add(Person(self.owner, guild, self.clock.now_ms()))
        if crowd:
            members.add_crowd(crowd)
        bot_role = Role(
            self.snowflakes.next(), self.bot.name, bot_permissions, managed=True, bot_id=self.bot.id
        )
        guild.roles[bot_role.id] = bot_role
        members.add(Person(self.bot, guild, self.clock.now_ms(), {bot_role.id}))
        self.guilds[guild.id] = guild
        self._announce_guild(guild)
        self._permissions_changed()
        return guild

    def _announce_guild(self, guild: Guild) -> None:
        for session in self.gateway.live:
            if session.serves(guild.id):
                self.gateway.send(session, "GUILD_CREATE", guild_create(session, guild, joined=True))

    def add_bot(self, guild: Guild) -> None:
        """The bot joins `guild` again."""
        guild.members.add(Person(self.bot, guild, self.clock.now_ms()))
        self.guilds[guild.id] = guild
        self._announce_guild(guild)
        self._permissions_changed()

    def remove_bot(self, guild: Guild) -> None:
        """The bot is no longer in `guild`; its slash commands there are gone."""
        self.gateway.dispatch("GUILD_DELETE", {"id": str(guild.id)}, guild)
        self.guilds.pop(guild.id)
        guild.members.remove(self.bot.id)
        self.commands.forget_guild(guild)
        self._permissions_changed()

    def set_outage(self, guild: Guild, down: bool) -> None:
        """The guild becomes unavailable, or available again."""
        guild.outage = down
        if down:
            self.gateway.dispatch("GUILD_DELETE", {"id": str(guild.id), "unavailable": True}, guild)
            return
        for session in self.gateway.live:
            if session.serves(guild.id):
                self.gateway.send(session, "GUILD_CREATE", guild_create(session, guild, joined=False))

    def guild_updated(self, guild: Guild) -> None:
        """Tell the bot that the guild's settings changed."""
        self.gateway.dispatch("GUILD_UPDATE", wire.guild_event(guild), guild)
        self.changed()

    # Channels, roles, overwrites.

    def create_channel(
        self,
        guild: Guild,
        name: str,
        kind: int = TEXT,
        *,
        topic: str | None = None,
        parent: Channel | None = None,
        hidden: bool = False,
    ) -> Channel:
        """A new channel; a `hidden` one can't be seen by @everyone."""
        channel = Channel(
            self, self.snowflakes.next(), kind, name, guild, parent, topic, position=len(guild.channels)
        )
        if hidden:
            channel.overwrites[guild.id] = Overwrite(guild.id, 0, deny=P.VIEW_CHANNEL)
        elif parent is not None and parent.kind == CATEGORY:
            channel.overwrites.update(parent.overwrites)
        guild.channels[channel.id] = self.channels[channel.id] = channel
        self.gateway.dispatch("CHANNEL_CREATE", wire.channel(channel), guild)
        self.changed()
        return channel

    def channel_updated(self, channel: Channel) -> None:
        """Tell the bot that a channel or thread changed."""
        event = "THREAD_UPDATE" if channel.thread else "CHANNEL_UPDATE"
        self.gateway.dispatch(event, wire.channel(channel), channel.guild)
        self._permissions_changed()

    def delete_channel(self, channel: Channel) -> None:
        """Remove a channel or thread with what stands in it."""
        guild = channel.guild
        if guild is None:
            return
        channel.deleted = True
        self.channels.pop(channel.id, None)
        if channel.thread:
            guild.threads.pop(channel.id, None)
            body = {key: wire.channel(channel)[key] for key in ("id", "guild_id", "parent_id", "type")}
            self.gateway.dispatch("THREAD_DELETE", body, guild)
        else:
            guild.channels.pop(channel.id, None)
            if guild.system_channel_id == channel.id:
                guild.system_channel_id = None
            for thread in [thread for thread in guild.threads.values() if thread.parent is channel]:
                thread.deleted = True
                guild.threads.pop(thread.id)
                self.channels.pop(thread.id, None)
            self.gateway.dispatch("CHANNEL_DELETE", wire.channel(channel), guild)
        self._permissions_changed()

    def overwrite(self, channel: Channel, overwrite: Overwrite) -> None:
        """Set a channel's exception for a role or member."""
        channel.overwrites[overwrite.id] = overwrite
        self.channel_updated(channel)

    def create_role(self, guild: Guild, name: str, permissions: int = 0, **settings: Any) -> Role:
        """A role above all others but the integration's own unless `position` says otherwise."""
        position = settings.pop("position", max(role.position for role in guild.roles.values()) + 1)
        role = Role(self.snowflakes.next(), name, permissions, position, **settings)
        guild.roles[role.id] = role
        self.gateway.dispatch(
            "GUILD_ROLE_CREATE", {"guild_id": str(guild.id), "role": wire.role(role)}, guild
        )
        self.changed()
        return role

    def role_updated(self, guild: Guild, role: Role) -> None:
        """Tell the bot that a role changed."""
        body = {"guild_id": str(guild.id), "role": wire.role(role)}
        self.gateway.dispatch("GUILD_ROLE_UPDATE", body, guild)
        self._permissions_changed()

    def delete_role(self, guild: Guild, role: Role) -> None:
        """Remove a role from the guild and from its holders."""
        guild.roles.pop(role.id)
        for member in guild.members:
            member.roles.discard(role.id)
        body = {"guild_id": str(guild.id), "role_id": str(role.id)}
        self.gateway.dispatch("GUILD_ROLE_DELETE", body, guild)
        self._permissions_changed()

    # People.

    def create_user(
        self, name: str, *, bot: bool = False, account_days: float = 365, takes_dms: bool = True
    ) -> User:
        """A new account; `name` is its display name."""
        handle = "".join(char for char in name.lower() if char.isascii() and char.isalnum())
        user = User(self.snowflakes.aged(account_days), handle or "someone", name, bot, takes_dms)
        self.users[user.id] = user
        return user

    def join(
        self,
        guild: Guild,
        who: str | User | Member,
        *,
        pending: bool = False,
        guest: bool = False,
        nick: str | None = None,
        roles: tuple[Role, ...] = (),
        **account: Any,
    ) -> Person:
        """Someone becomes a member; the same member object where it is someone who left."""
        if isinstance(who, Person) and who.guild is guild:
            member = who
            member.joined_ms = self.clock.now_ms()
            member.flags |= DID_REJOIN
            member.roles.clear()
        else:
            user = self.create_user(who, **account) if isinstance(who, str) else who
            user = user.user if isinstance(user, Member) else user
            member = Person(user, guild, self.clock.now_ms())
        member.pending = pending
        member.flags |= GUEST if guest else 0
        member.nick = nick
        member.roles.update(role.id for role in roles)
        guild.members.add(member)
        self.announce_join(member)
        if not guest:
            self._post_join_message(member)
        self.changed()
        return member

    def announce_join(self, member: Member) -> None:
        """GUILD_MEMBER_ADD, which Discord sometimes sends twice."""
        body = wire.member(member) | {"guild_id": str(member.guild.id)}
        self.gateway.dispatch("GUILD_MEMBER_ADD", body, member.guild)

    def _post_join_message(self, member: Member) -> None:
        guild = member.guild
        channel = guild.channels.get(guild.system_channel_id or 0)
        if channel is not None and not guild.system_channel_flags & SUPPRESS_JOIN_MESSAGES:
            self.posts.add(channel, member.user, Draft(), kind=USER_JOIN)

    def member_updated(self, member: Member) -> None:
        """Tell the bot that a member changed; about itself it hears without the members intent."""
        body = wire.member(member) | {"guild_id": str(member.guild.id)}
        self.gateway.dispatch("GUILD_MEMBER_UPDATE", body, member.guild)
        if member.user is self.bot:
            self._bot_permissions.clear()
        self.changed()

    def leave(self, member: Member) -> None:
        """A member leaves or is removed."""
        member.guild.members.remove(member.id)
        body = {"guild_id": str(member.guild.id), "user": wire.user(member.user)}
        self.gateway.dispatch("GUILD_MEMBER_REMOVE", body, member.guild)
        self.changed()

    def ban(self, guild: Guild, user: User, reason: str | None) -> None:
        """Ban an account, member or not."""
        guild.bans[user.id] = reason
        body = {"guild_id": str(guild.id), "user": wire.user(user)}
        self.gateway.dispatch("GUILD_BAN_ADD", body, guild)
        if member := guild.members.get(user.id):
            self.leave(member)
        self.changed()

    def unban(self, guild: Guild, user: User) -> None:
        """Lift a ban."""
        guild.bans.pop(user.id)
        body = {"guild_id": str(guild.id), "user": wire.user(user)}
        self.gateway.dispatch("GUILD_BAN_REMOVE", body, guild)
        self.changed()

    def share_guild(self, user: User) -> bool:
        """Whether the bot and the account meet in a guild."""
        return any(user.id in guild.members for guild in self.guilds.values())

    def dm(self, user: User) -> Channel:
        """The direct messages between the bot and `user`."""
        channel = self.dms.get(user.id)
        if channel is None:
            channel = Channel(self, self.snowflakes.next(), DM, None, recipient=user)
            self.dms[user.id] = self.channels[channel.id] = channel
        return channel
