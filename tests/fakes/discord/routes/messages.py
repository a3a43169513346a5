"""Messages: posting with nonces, editing, deleting, history, reactions, pins."""

from __future__ import annotations

from typing import Any

from .. import wire
from ..clock import iso, snowflake_ms
from ..components import is_emoji
from ..drafting import draft
from ..errors import ApiError, refusal
from ..model import DM, TEXTUAL, Channel, Message
from ..permissions import P
from ..routing import Call, Route

Json = dict[str, Any]
MAX_PINS, MAX_REACTIONS = 50, 20
_TWO_WEEKS_MS = 14 * 86_400_000


def post(call: Call) -> Json:
    """Post a message. An enforced nonce that was just used returns the earlier message."""
    channel = call.channel()
    world, body = call.world, call.body or {}
    require_sending(call, channel)
    nonce: str | int | None = body.get("nonce")
    enforced = nonce if body.get("enforce_nonce") else None
    if enforced is not None and (earlier := call.fake.nonces.earlier(enforced)) is not None:
        return wire.message(earlier, world)
    made = draft(world, channel, body, call.files, permissions=world.bot_permissions(channel))
    message = world.posts.add(channel, world.bot, made, nonce=nonce)
    if enforced is not None:
        call.fake.nonces.remember(enforced, message)
    return wire.message(message, world)


def require_sending(call: Call, channel: Channel) -> None:
    """Raise unless the bot may write here; in direct messages, unless the person lets it."""
    if channel.kind not in TEXTUAL:
        raise refusal(50008)
    if channel.kind == DM:
        person = channel.recipient
        if person is None or not call.world.share_guild(person):
            raise refusal(50278)
        if not person.takes_dms:
            raise refusal(50007)
        return
    need = P.SEND_MESSAGES_IN_THREADS if channel.thread else P.SEND_MESSAGES
    if not call.world.bot_permissions(channel) & need:
        raise refusal(50013)
    if channel.archived and channel.locked:
        raise refusal(50083)


def one(call: Call) -> Json:
    """One message."""
    channel = call.channel(P.READ_MESSAGE_HISTORY)
    return _seen(call, call.message(channel))


def _seen(call: Call, message: Message) -> Json:
    readable = "message_content" in call.world.switches or call.world.always_readable(message)
    return wire.message(message, call.world, readable=readable)


def history(call: Call) -> list[Json]:
    """Messages, newest first. Without READ_MESSAGE_HISTORY the list is empty, not refused."""
    channel = call.channel()
    if not call.world.bot_permissions(channel) & P.READ_MESSAGE_HISTORY:
        return []
    limit = call.count("limit", 50, 100)
    messages = channel.messages
    if after := call.query.get("after"):
        chosen = [item for item in messages if item.id > int(after)][:limit]
    elif before := call.query.get("before"):
        chosen = [item for item in messages if item.id < int(before)][-limit:]
    elif around := call.query.get("around"):
        older = [item for item in messages if item.id < int(around)]
        newer = [item for item in messages if item.id >= int(around)]
        half = limit // 2
        chosen = older[-half:] + newer[: limit - min(half, len(older))]
    else:
        chosen = messages[-limit:]
    return [_seen(call, item) for item in reversed(chosen)]


def edit(call: Call) -> Json:
    """Change one of the bot's messages."""
    channel = call.channel()
    message = call.message(channel)
    body = call.body or {}
    if message.author is not call.world.bot:
        if set(body) == {"flags"} and call.world.bot_permissions(channel) & P.MANAGE_MESSAGES:
            message.flags = body["flags"] or 0
            call.world.posts.edited(message)
            return wire.message(message, call.world)
        raise refusal(50005)
    permissions = call.world.bot_permissions(channel)
    made = draft(call.world, channel, body, call.files, permissions=permissions, before=message)
    call.world.posts.edit(message, made)
    return wire.message(message, call.world)


def delete(call: Call) -> None:
    """Delete the bot's message, or with MANAGE_MESSAGES anyone's."""
    channel = call.channel()
    message = call.message(channel)
    if message.author is not call.world.bot:
        if channel.kind == DM:
            raise refusal(50003)
        if not call.world.bot_permissions(channel) & P.MANAGE_MESSAGES:
            raise refusal(50013)
    call.world.posts.delete(message)


def bulk_delete(call: Call) -> None:
    """Delete 2 to 100 messages that are under two weeks old; unknown ones are passed over."""
    channel = call.channel(P.MANAGE_MESSAGES)
    ids = {int(item) for item in call.body["messages"]}
    if not 2 <= len(ids) <= 100:
        raise refusal(50016)
    oldest = call.world.clock.now_ms() - _TWO_WEEKS_MS
    if any(snowflake_ms(item) < oldest for item in ids):
        raise refusal(50034)
    call.world.posts.bulk_delete(channel, [channel.by_id[item] for item in ids if item in channel.by_id])


# Reactions.


def _emoji(call: Call) -> str:
    key = call.params["emoji_name"]
    name, _, emoji_id = key.rpartition(":")
    if (name and emoji_id.isdigit()) or is_emoji(key):
        return key
    raise refusal(10014)


def react(call: Call) -> None:
    """The bot reacts; a new emoji needs ADD_REACTIONS."""
    channel = call.channel(P.READ_MESSAGE_HISTORY)
    message = call.message(channel)
    key = _emoji(call)
    if key not in message.reactions:
        if not call.world.bot_permissions(channel) & P.ADD_REACTIONS:
            raise refusal(50013)
        if len(message.reactions) >= MAX_REACTIONS:
            raise refusal(30010)
    call.world.posts.react(message, call.world.bot, key)


def unreact(call: Call) -> None:
    """The bot takes its reaction back."""
    message = call.message(call.channel())
    call.world.posts.unreact(message, call.world.bot, _emoji(call))


def remove_reaction(call: Call) -> None:
    """Remove someone's reaction."""
    message = call.message(call.channel(P.MANAGE_MESSAGES))
    account = call.world.account(call.number("user_id"))
    if account is None:
        raise refusal(10013)
    call.world.posts.unreact(message, account, _emoji(call))


def reactors(call: Call) -> list[Json]:
    """Who reacted with an emoji, by id."""
    message = call.message(call.channel(P.READ_MESSAGE_HISTORY))
    after, limit = int(call.query.get("after") or 0), call.count("limit", 25, 100)
    ids = sorted(item for item in message.reactions.get(_emoji(call), ()) if item > after)
    accounts = [call.world.account(user_id) for user_id in ids[:limit]]
    return [wire.user(account) for account in accounts if account]


def clear_emoji(call: Call) -> None:
    """Remove all reactions with one emoji."""
    message = call.message(call.channel(P.MANAGE_MESSAGES))
    call.world.posts.clear_reactions(message, _emoji(call))


def clear_reactions(call: Call) -> None:
    """Remove all reactions."""
    call.world.posts.clear_reactions(call.message(call.channel(P.MANAGE_MESSAGES)))


# Pins.


def _pinned(channel: Channel) -> list[Message]:
    return [message for message in reversed(channel.messages) if message.pinned]


def pins(call: Call) -> Json:
    """The pinned messages, newest first."""
    channel = call.channel(P.READ_MESSAGE_HISTORY)
    items = [
        {"pinned_at": iso(snowflake_ms(message.id)), "message": _seen(call, message)}
        for message in _pinned(channel)
    ]
    return {"items": items, "has_more": False}


def old_pins(call: Call) -> list[Json]:
    """The pinned messages at their former address."""
    return [_seen(call, message) for message in _pinned(call.channel(P.READ_MESSAGE_HISTORY))]


def pin(call: Call) -> None:
    """Pin a message."""
    channel = call.channel()
    _require_pinning(call, channel)
    message = call.message(channel)
    if not message.pinned and len(_pinned(channel)) >= MAX_PINS:
        raise refusal(30003)
    call.world.posts.pin(message, True)


def unpin(call: Call) -> None:
    """Unpin a message."""
    channel = call.channel()
    _require_pinning(call, channel)
    call.world.posts.pin(call.message(channel), False)


def _require_pinning(call: Call, channel: Channel) -> None:
    if channel.kind != DM and not call.world.bot_permissions(channel) & P.PIN_MESSAGES:
        raise ApiError(403, 50013, "Missing Permissions")


_MESSAGES = "/channels/{channel_id}/messages"
_MESSAGE = _MESSAGES + "/{message_id}"
_REACTIONS = _MESSAGE + "/reactions"
ROUTES: list[Route] = [
    ("POST", _MESSAGES, post),
    ("GET", _MESSAGES, history),
    ("POST", f"{_MESSAGES}/bulk-delete", bulk_delete),
    ("GET", _MESSAGE, one),
    ("PATCH", _MESSAGE, edit),
    ("DELETE", _MESSAGE, delete),
    ("DELETE", _REACTIONS, clear_reactions),
    ("GET", f"{_REACTIONS}/{{emoji_name}}", reactors),
    ("DELETE", f"{_REACTIONS}/{{emoji_name}}", clear_emoji),
    ("PUT", f"{_REACTIONS}/{{emoji_name}}/@me", react),
    ("DELETE", f"{_REACTIONS}/{{emoji_name}}/@me", unreact),
    ("DELETE", f"{_REACTIONS}/{{emoji_name}}/{{user_id}}", remove_reaction),
    ("GET", f"{_MESSAGES}/pins", pins),
    ("PUT", f"{_MESSAGES}/pins/{{message_id}}", pin),
    ("DELETE", f"{_MESSAGES}/pins/{{message_id}}", unpin),
    ("GET", "/channels/{channel_id}/pins", old_pins),
    ("PUT", "/channels/{channel_id}/pins/{message_id}", pin),
    ("DELETE", "/channels/{channel_id}/pins/{message_id}", unpin),
]
