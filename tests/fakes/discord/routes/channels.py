"""Channels and their overwrites."""

from __future__ import annotations

from typing import Any

from .. import wire
from ..errors import refusal
from ..model import DM, Channel
from ..permissions import Overwrite, P
from ..routing import Answer, Call, Route

Json = dict[str, Any]


def one(call: Call) -> Json:
    """A channel, thread or direct message."""
    return wire.channel(call.channel())


def of_guild(call: Call) -> list[Json]:
    """All channels of a guild, threads apart; a bot is told of those it can't see as well."""
    return [wire.channel(channel) for channel in call.guild().channels.values()]


def create(call: Call) -> Answer:
    """A new channel."""
    guild = call.guild(P.MANAGE_CHANNELS)
    body = call.body
    if len(guild.channels) >= 500:
        raise refusal(30013)
    parent = guild.channels.get(int(body["parent_id"])) if body.get("parent_id") else None
    made = call.world.create_channel(
        guild, body["name"], body.get("type") or 0, topic=body.get("topic"), parent=parent
    )
    for item in body.get("permission_overwrites") or ():
        made.overwrites[int(item["id"])] = _overwrite(int(item["id"]), item)
    return Answer(201, wire.channel(made))


def _overwrite(who: int, body: Json) -> Overwrite:
    return Overwrite(who, int(body["type"]), int(body.get("allow") or 0), int(body.get("deny") or 0))


def edit(call: Call) -> Json:
    """Change a channel or thread."""
    channel = call.channel()
    body = call.body or {}
    _require_managing(call, channel, body)
    for key in ("name", "topic", "position"):
        if key in body:
            setattr(channel, key, body[key])
    if "rate_limit_per_user" in body:
        channel.slowmode = body["rate_limit_per_user"] or 0
    for key in ("archived", "locked"):
        if body.get(key) is not None:
            setattr(channel, key, body[key])
    if body.get("auto_archive_duration") is not None:
        channel.auto_archive_minutes = body["auto_archive_duration"]
    call.world.channel_updated(channel)
    return wire.channel(channel)


def _require_managing(call: Call, channel: Channel, body: Json) -> None:
    bits = call.world.bot_permissions(channel)
    if channel.kind == DM:
        raise refusal(50024)
    if not channel.thread:
        if not bits & P.MANAGE_CHANNELS:
            raise refusal(50013)
        return
    mine = channel.owner_id == call.world.bot.id
    only_unarchiving = set(body) <= {"archived"} and not channel.locked
    if not bits & P.MANAGE_THREADS and not mine and not only_unarchiving:
        raise refusal(50013)


def delete(call: Call) -> Json:
    """Remove a channel or thread; direct messages are only closed."""
    channel = call.channel()
    if channel.kind != DM:
        need = P.MANAGE_THREADS if channel.thread else P.MANAGE_CHANNELS
        if not call.world.bot_permissions(channel) & need:
            raise refusal(50013)
        call.world.delete_channel(channel)
    return wire.channel(channel)


def put_overwrite(call: Call) -> None:
    """Set an exception for a role or member."""
    channel = call.channel(P.MANAGE_ROLES)
    call.world.overwrite(channel, _overwrite(call.number("overwrite_id"), call.body))


def delete_overwrite(call: Call) -> None:
    """Remove an exception."""
    channel = call.channel(P.MANAGE_ROLES)
    channel.overwrites.pop(call.number("overwrite_id"), None)
    call.world.channel_updated(channel)


def typing(call: Call) -> None:
    """The bot is typing, which people see for ten seconds."""
    channel = call.channel(P.SEND_MESSAGES)
    call.fake.typed.append(channel.id)


ROUTES: list[Route] = [
    ("GET", "/channels/{channel_id}", one),
    ("PATCH", "/channels/{channel_id}", edit),
    ("DELETE", "/channels/{channel_id}", delete),
    ("GET", "/guilds/{guild_id}/channels", of_guild),
    ("POST", "/guilds/{guild_id}/channels", create),
    ("PUT", "/channels/{channel_id}/permissions/{overwrite_id}", put_overwrite),
    ("DELETE", "/channels/{channel_id}/permissions/{overwrite_id}", delete_overwrite),
    ("POST", "/channels/{channel_id}/typing", typing),
]
