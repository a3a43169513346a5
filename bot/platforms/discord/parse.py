"""From what Discord's gateway tells to the events that the host knows.

Discord adds fields and kinds as it likes: what isn't understood is passed over, what may be missing is
expected to be.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
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
from bot.model.ids import Member, MessageRef, PlatformRole, Space
from bot.model.roles import Actor
from bot.platforms.discord.guilds import Guilds
from bot.platforms.discord.ids import Json, snowflake_ms, time_ms
from bot.platforms.discord.render import text_of

TALK: Final = frozenset({0, 2, 5, 13})
"""Kinds of channels in which people write: text, voice, announcements, stage."""
_WRITTEN: Final = frozenset({0, 19})
_MENTIONED: Final = re.compile(r"<(@!?|@&|#)(\d{15,20})>")
_NO_JOIN_MESSAGES: Final = 1 << 0
_GUEST: Final = 1 << 4
_SCREENING_MS: Final = 30 * 86_400_000
PRIVATELY: Final = "privately"
"""The token of what was said privately: it is no interaction's, so the answer goes to the person."""


def now_ms() -> int:
    return int(time() * 1_000)


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
    return said and not data.get("webhook_id") and not author.get("system") and str(author["id"]) != me


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
