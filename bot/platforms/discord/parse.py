"""From what Discord's gateway tells to the events that the host knows.

Discord adds fields and kinds as it likes: what isn't understood is passed over, what may be missing is
expected to be.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from time import time
from typing import Any, Final

from bot.model.events import (
    MemberCleared,
    MemberJoined,
    MemberLeft,
    MessagePosted,
    MessageRemoved,
    ReactionAdded,
    ReactionRemoved,
    SpaceLost,
    SpaceSeen,
    SpokenTo,
)
from bot.model.ids import Channel, Member, MessageRef, PlatformRole, Space
from bot.model.roles import Actor
from bot.platforms.discord.ids import PLATFORM, Json, snowflake_ms, space_of
from bot.platforms.discord.render import text_of

THREADS: Final = frozenset({10, 11, 12})
TALK: Final = frozenset({0, 2, 5, 13})
"""Kinds of channels in which people write: text, voice, announcements, stage."""
_WRITTEN: Final = frozenset({0, 19})
_MENTIONED: Final = re.compile(r"<(@!?|@&|#)(\d{15,20})>")
_NO_JOIN_MESSAGES: Final = 1 << 0
_GUEST: Final = 1 << 4
_WAITING_ROOMS: Final = frozenset({"MEMBER_VERIFICATION_GATE_ENABLED", "GUILD_ONBOARDING", "GUESTS_ENABLED"})
"""What a server has where somebody may be there who is not in yet."""
_SCREENING_MS: Final = 30 * 86_400_000
PRIVATELY: Final = "privately"
"""The token of what was said privately: it is no interaction's, so the answer goes to the person."""


def now_ms() -> int:
    return int(time() * 1_000)


def time_ms(text: Any) -> int | None:
    """Discord's way to write a time, in UTC milliseconds."""
    if not isinstance(text, str):
        return None
    try:
        return int(datetime.fromisoformat(text).timestamp() * 1_000)
    except ValueError:
        return None


def member(space: str, user: Mapping[str, Any], nick: Any = None) -> Member:
    name = nick or user.get("global_name") or user.get("username") or ""
    return Member(space, str(user["id"]), str(name), bool(user.get("bot")))


def listed(space: str, told: Mapping[str, Any]) -> Member:
    """Somebody in a server's list of members."""
    return member(space, told["user"], told.get("nick"))


def announces_joins(guild: Mapping[str, Any]) -> bool:
    """Whether Discord itself posts a message when somebody joins."""
    flags = int(guild.get("system_channel_flags") or 0)
    return guild.get("system_channel_id") is not None and not flags & _NO_JOIN_MESSAGES


class Guilds:
    """What is remembered of the servers: names, head counts, channels' names, threads' parents."""

    def __init__(self) -> None:
        self._spaces: dict[str, Space] = {}
        self._counts: dict[str, int] = {}
        self._bots: dict[str, int] = {}
        self._places: dict[str, dict[str, str]] = {}
        self._homes: dict[str, str] = {}
        self._threads: dict[str, str] = {}
        self._came: dict[str, int] = {}
        self._roles: dict[str, dict[str, str]] = {}
        self._screening: set[str] = set()
        self._number = 0

    def __iter__(self) -> Any:
        return iter(list(self._spaces.values()))

    def next_number(self) -> int:
        """Tells apart what happens within a millisecond."""
        self._number += 1
        return self._number

    def space(self, guild: str) -> Space:
        return self._spaces.get(guild) or space_of(guild)

    def count(self, guild: str) -> int | None:
        """How many people are there; with the bots among them until all members were listed."""
        count = self._counts.get(guild)
        return None if count is None else count - self._bots.get(guild, 0)

    def listed(self, guild: str, bots: int) -> None:
        """All members were listed, and so many of them are bots."""
        self._bots[guild] = bots

    def came_at(self, guild: str) -> int | None:
        """When the bot came to the server (UTC ms)."""
        return self._came.get(guild)

    def role_of(self, guild: str, bot: str) -> str | None:
        """The role that Discord made for a bot, by which people may mean the bot itself."""
        return self._roles.get(guild, {}).get(bot)

    def lets_wait(self, guild: str) -> bool:
        """Whether somebody may be there who is not in yet."""
        return guild in self._screening

    def see(self, data: Json) -> None:
        """A server as the gateway tells it, or its changed settings."""
        guild = str(data["id"])
        self._spaces[guild] = space_of(guild, str(data.get("name") or ""))
        if isinstance(count := data.get("member_count"), int):
            self._counts[guild] = count
        if (came := time_ms(data.get("joined_at"))) is not None:
            self._came[guild] = came
        if (channels := data.get("channels")) is not None:
            self._places[guild] = {}
            for channel in channels:
                self.see_channel(channel, guild)
        if (features := data.get("features")) is not None:
            (self._screening.discard if _WAITING_ROOMS.isdisjoint(features) else self._screening.add)(guild)
        if (roles := data.get("roles")) is not None:
            tags = ((str(told["id"]), told.get("tags") or {}) for told in roles)
            self._roles[guild] = {str(tag["bot_id"]): ident for ident, tag in tags if tag.get("bot_id")}
        for thread in data.get("threads") or ():
            self.see_channel(thread, guild)

    def see_channel(self, data: Json, guild: str | None = None) -> None:
        guild = guild or str(data.get("guild_id") or "")
        ident = str(data["id"])
        if data.get("type") in THREADS:
            self._threads[ident] = str(data.get("parent_id") or ident)
        else:
            self._places.setdefault(guild, {})[ident] = str(data.get("name") or "")
            self._homes[ident] = guild

    def lose_channel(self, data: Json) -> None:
        self._threads.pop(str(data["id"]), None)
        self._places.get(str(data.get("guild_id") or ""), {}).pop(str(data["id"]), None)
        self._homes.pop(str(data["id"]), None)

    def lose(self, guild: str) -> None:
        for known in (self._spaces, self._counts, self._bots, self._came, self._roles):
            known.pop(guild, None)
        self._screening.discard(guild)
        for channel in self._places.pop(guild, {}):
            self._homes.pop(channel, None)

    def is_foreign(self, channel: Channel) -> bool:
        """Whether the channel is known to be another server's than it says."""
        home = self._homes.get(channel.id)
        return home is not None and f"{PLATFORM}:{home}" != channel.space

    def joined(self, guild: str, by: int, *, bot: bool) -> None:
        """Somebody came (``by`` 1) or went (-1)."""
        if guild in self._counts:
            self._counts[guild] += by
        if bot and guild in self._bots:
            self._bots[guild] += by

    def channel(self, guild: str, ident: str) -> Channel:
        return Channel(self.space(guild).key, ident, self._places.get(guild, {}).get(ident, ""))

    def place(self, guild: str, ident: str, told: Json | None = None) -> tuple[Channel, str | None]:
        """The channel that stands behind an id, and the thread. ``told``: the channel as Discord told it."""
        if told is not None and told.get("type") in THREADS and told.get("parent_id"):
            return self.channel(guild, str(told["parent_id"])), ident
        parent = self._threads.get(ident)
        return (self.channel(guild, ident), None) if parent is None else (self.channel(guild, parent), ident)


def seen(guilds: Guilds, data: Json, *, hears_joins: bool = True) -> SpaceSeen:
    """A server that the bot is in."""
    guild = str(data["id"])
    system = data.get("system_channel_id")
    at = now_ms()
    return SpaceSeen(
        id=f"seen:{guild}:{at}:{guilds.next_number()}",
        space=guilds.space(guild),
        at=at,
        default_channel=None if system is None else guilds.channel(guild, str(system)),
        announces_joins=announces_joins(data),
        people=guilds.count(guild),
        hears_joins=hears_joins,
        came_at=guilds.came_at(guild),
    )


def lost(guilds: Guilds, data: Json) -> SpaceLost:
    at = now_ms()
    return SpaceLost(id=f"lost:{data['id']}:{at}", space=guilds.space(str(data["id"])), at=at)


def is_waiting(told: Mapping[str, Any]) -> bool:
    """Whether somebody is not in yet: they still read the rules, or are a guest in a voice channel alone."""
    return bool(told.get("pending")) or bool(int(told.get("flags") or 0) & _GUEST)


def came_in_lately(told: Mapping[str, Any]) -> bool:
    """Whether somebody is in who may have waited until some days ago."""
    joined_at = time_ms(told.get("joined_at"))
    return joined_at is not None and joined_at > now_ms() - _SCREENING_MS and not is_waiting(told)


def joined(guilds: Guilds, data: Json) -> MemberJoined:
    guild, space = _where(guilds, data)
    who = member(space.key, data["user"], data.get("nick"))
    at = now_ms()
    joined_at = time_ms(data.get("joined_at"))
    return MemberJoined(
        id=f"join:{guild}:{who.id}:{joined_at or at}",
        space=space,
        at=at,
        member=who,
        pending=is_waiting(data),
        joined_at=joined_at,
        count=guilds.count(guild),
    )


def cleared(guilds: Guilds, data: Json) -> MemberCleared:
    """A member who is not pending (any more)."""
    guild, space = _where(guilds, data)
    who = member(space.key, data["user"], data.get("nick"))
    joined_at = time_ms(data.get("joined_at")) or 0
    return MemberCleared(
        id=f"clear:{guild}:{who.id}:{joined_at}",
        space=space,
        at=now_ms(),
        member=who,
        count=guilds.count(guild),
    )


def left(guilds: Guilds, data: Json) -> MemberLeft:
    guild, space = _where(guilds, data)
    who = member(space.key, data["user"])
    at = now_ms()
    return MemberLeft(id=f"leave:{guild}:{who.id}:{at}", space=space, at=at, member=who)


def posted(guilds: Guilds, data: Json, me: str) -> MessagePosted | None:
    """What a person wrote; None for what the platform or a webhook says, and for the bot's own words."""
    guild = data.get("guild_id")
    if guild is None or not is_written(data, me):
        return None
    author = data["author"]
    guild = str(guild)
    space = guilds.space(guild)
    mentions = tuple(
        member(space.key, user, (user.get("member") or {}).get("nick"))
        for user in data.get("mentions") or ()
        if "id" in user
    )
    reference = data.get("message_reference") or {}
    if reference.get("type"):
        reference = {}  # what is passed on from elsewhere answers nobody
    return MessagePosted(
        id=f"message:{data['id']}",
        space=space,
        at=snowflake_ms(data["id"]),
        member=member(space.key, author, (data.get("member") or {}).get("nick")),
        message=_message(guilds, guild, data["channel_id"], data["id"]),
        text=words(guilds, guild, text_of(data)),
        mentions=mentions,
        reply_to=str(reference["message_id"]) if reference.get("message_id") else None,
        mentions_bot=any(person.id == me for person in mentions) or _names_role(guilds, guild, data, me),
    )


def spoken_to(guilds: Guilds, data: Json, me: str, home: str | None = None) -> SpokenTo | None:
    """What a person says to the bot: words that name it, or privately where ``home`` is their server.

    None for all else; an answer to one of its messages notifies it too, and says nothing to it.
    """
    guild = data.get("guild_id") or home
    if guild is None or (home is None and not _names(guilds, str(guild), data, me)):
        return None
    author = data.get("author") or {}
    if "id" not in author or author.get("bot") or not is_written(data, me):
        return None
    guild = str(guild)
    space = guilds.space(guild)
    told = data.get("member") or {}
    who = member(space.key, author, told.get("nick"))
    message = None if home is not None else _message(guilds, guild, data["channel_id"], data["id"])
    return SpokenTo(
        id=f"spoken-to:{data['id']}",
        space=space,
        at=snowflake_ms(data["id"]),
        actor=Actor(who, frozenset(), frozenset(str(role) for role in told.get("roles") or ())),
        token="" if message is not None else PRIVATELY,
        channel=None if message is None else message.channel,
        message=message,
    )


def _names(guilds: Guilds, guild: str, data: Json, me: str) -> bool:
    words = str(data.get("content") or "")
    return f"<@{me}>" in words or f"<@!{me}>" in words or _names_role(guilds, guild, data, me)


def _names_role(guilds: Guilds, guild: str, data: Json, me: str) -> bool:
    """Whether the bot's own role is named, which looks the same to people: without its words, too."""
    role = guilds.role_of(guild, me)
    if role is None:
        return False
    return role in (data.get("mention_roles") or ()) or f"<@&{role}>" in str(data.get("content") or "")


def is_written(data: Json, me: str) -> bool:
    """Whether a message is somebody's words; not what the platform or a webhook says, nor the bot's own."""
    author = data.get("author") or {}
    said = data.get("type", 0) in _WRITTEN and "id" in author
    return said and not data.get("webhook_id") and str(author["id"]) != me


def words(guilds: Guilds, guild: str, written: str) -> str:
    """Words with whom and what they mention as the host reads it: people to be named, channels by name."""

    def mean(match: re.Match[str]) -> str:
        sign, ident = match.groups()
        if sign == "#":
            return f"<#{ident}|{guilds.channel(guild, ident).name or 'a channel'}>"
        return f"<@{ident}|>" if sign != "@&" else "@a role"

    return _MENTIONED.sub(mean, written)


def removed(guilds: Guilds, data: Json) -> list[MessageRemoved]:
    """One message, or several at once."""
    if data.get("guild_id") is None:
        return []
    guild, space = _where(guilds, data)
    at = now_ms()
    return [
        MessageRemoved(
            id=f"removed:{ident}",
            space=space,
            at=at,
            message=_message(guilds, guild, data["channel_id"], ident),
        )
        for ident in data.get("ids") or [data["id"]]
    ]


def reacted(guilds: Guilds, data: Json, me: str) -> ReactionAdded | None:
    found = _reaction(guilds, data, me)
    return None if found is None else ReactionAdded(**{**found, "id": f"react:{found['id']}"})


def unreacted(guilds: Guilds, data: Json, me: str) -> ReactionRemoved | None:
    found = _reaction(guilds, data, me)
    return None if found is None else ReactionRemoved(**{**found, "id": f"unreact:{found['id']}"})


def _reaction(guilds: Guilds, data: Json, me: str) -> dict[str, Any] | None:
    who = str(data.get("user_id"))
    emoji = data.get("emoji") or {}
    name = emoji.get("name")
    if data.get("guild_id") is None or who == me or not name:
        return None
    guild, space = _where(guilds, data)
    shown = f":{name}:" if emoji.get("id") else str(name)
    told = data.get("member") or {}
    person = member(space.key, told["user"], told.get("nick")) if told.get("user") else Member(space.key, who)
    return {
        "id": f"{data['message_id']}:{who}:{shown}",
        "space": space,
        "at": now_ms(),
        "member": person,
        "message": _message(guilds, guild, data["channel_id"], data["message_id"]),
        "emoji": shown,
    }


def role(space: str, data: Json) -> PlatformRole:
    return PlatformRole(space, str(data["id"]), str(data.get("name") or ""))


def _where(guilds: Guilds, data: Json) -> tuple[str, Space]:
    guild = str(data["guild_id"])
    return guild, guilds.space(guild)


def _message(guilds: Guilds, guild: str, channel: Any, ident: Any) -> MessageRef:
    place, thread = guilds.place(guild, str(channel))
    return MessageRef(place, str(ident), thread)
