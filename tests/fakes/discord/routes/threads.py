"""Threads: starting them on a message, in a channel or in a forum, and their members."""

from __future__ import annotations

from typing import Any

from .. import wire
from ..drafting import draft
from ..errors import refusal
from ..model import FORUM, NEWS, PRIVATE_THREAD, PUBLIC_THREAD, TEXT, Channel
from ..permissions import P
from ..routing import Answer, Call, Route

Json = dict[str, Any]


def on_message(call: Call) -> Answer:
    """A thread on a message, which has the message's id."""
    channel = call.channel(P.CREATE_PUBLIC_THREADS)
    if channel.kind not in (TEXT, NEWS):
        raise refusal(50024)
    message = call.message(channel)
    if message.thread is not None:
        raise refusal(160004)
    thread = call.world.posts.start_thread(
        channel,
        call.body["name"],
        call.world.bot,
        message=message,
        auto_archive_minutes=call.body.get("auto_archive_duration") or 1440,
    )
    return _created(call, thread)


def in_channel(call: Call) -> Answer:
    """A thread without a message, or a forum post with its first one."""
    channel = call.channel()
    body = call.body
    if channel.kind == FORUM:
        return _forum_post(call, channel)
    if channel.kind not in (TEXT, NEWS):
        raise refusal(50024)
    kind = body.get("type") or PRIVATE_THREAD
    need = P.CREATE_PRIVATE_THREADS if kind == PRIVATE_THREAD else P.CREATE_PUBLIC_THREADS
    if not call.world.bot_permissions(channel) & need:
        raise refusal(50013)
    thread = call.world.posts.start_thread(
        channel,
        body["name"],
        call.world.bot,
        kind=kind,
        auto_archive_minutes=body.get("auto_archive_duration") or 1440,
    )
    return _created(call, thread)


def _forum_post(call: Call, forum: Channel) -> Answer:
    world, body = call.world, call.body
    permissions = world.bot_permissions(forum)
    if not permissions & P.SEND_MESSAGES:
        raise refusal(50013)
    made = draft(world, forum, body["message"], call.files, permissions=permissions, root=("message",))
    thread = world.posts.start_thread(forum, body["name"], world.bot, kind=PUBLIC_THREAD)
    thread.applied_tags = [int(tag) for tag in body.get("applied_tags") or ()]
    message = world.posts.add(thread, world.bot, made)
    answer = _created(call, thread)
    answer.body["message"] = wire.message(message, world)
    return answer


def _created(call: Call, thread: Channel) -> Answer:
    body = wire.channel(thread)
    body["member"] = wire.thread_member(thread, call.world.bot.id)
    return Answer(201, body)


def active(call: Call) -> Json:
    """The threads of a guild that are not archived and that the bot can see."""
    guild = call.guild()
    seen = [
        thread
        for thread in guild.threads.values()
        if not thread.archived and call.world.bot_permissions(thread) & P.VIEW_CHANNEL
    ]
    mine = [thread for thread in seen if call.world.bot.id in thread.thread_members]
    return {
        "threads": [wire.channel(thread) for thread in seen],
        "members": [wire.thread_member(thread, call.world.bot.id) for thread in mine],
        "has_more": False,
    }


def archived(call: Call) -> Json:
    """The archived public threads of a channel."""
    channel = call.channel(P.READ_MESSAGE_HISTORY)
    threads = channel.guild.threads.values() if channel.guild else ()
    found = [thread for thread in threads if thread.parent is channel and thread.archived]
    return {"threads": [wire.channel(thread) for thread in found], "members": [], "has_more": False}


def join(call: Call) -> None:
    """The bot takes a seat in a thread."""
    _seat(call, call.world.bot.id, taken=True)


def leave(call: Call) -> None:
    """The bot gives its seat up."""
    _seat(call, call.world.bot.id, taken=False)


def add(call: Call) -> None:
    """Give a member a seat."""
    _seat(call, call.number("user_id"), taken=True)


def remove(call: Call) -> None:
    """Take a member's seat."""
    _seat(call, call.number("user_id"), taken=False)


def _seat(call: Call, user_id: int, *, taken: bool) -> None:
    thread = call.channel()
    if not thread.thread:
        raise refusal(50024)
    if thread.archived:
        raise refusal(50083)
    if taken:
        thread.thread_members.setdefault(user_id, call.world.clock.now_ms())
    else:
        thread.thread_members.pop(user_id, None)
    call.world.changed()


def seats(call: Call) -> list[Json]:
    """Who sits in a thread."""
    thread = call.channel()
    return [wire.thread_member(thread, user_id) for user_id in thread.thread_members]


ROUTES: list[Route] = [
    ("POST", "/channels/{channel_id}/messages/{message_id}/threads", on_message),
    ("POST", "/channels/{channel_id}/threads", in_channel),
    ("GET", "/guilds/{guild_id}/threads/active", active),
    ("GET", "/channels/{channel_id}/threads/archived/public", archived),
    ("GET", "/channels/{channel_id}/thread-members", seats),
    ("PUT", "/channels/{channel_id}/thread-members/@me", join),
    ("DELETE", "/channels/{channel_id}/thread-members/@me", leave),
    ("PUT", "/channels/{channel_id}/thread-members/{user_id}", add),
    ("DELETE", "/channels/{channel_id}/thread-members/{user_id}", remove),
]
