"""conversations.*: which there are, who is in them, what was said."""

from typing import Any

from ..call import SCOPE_FAMILY, Call, Method, Refusal, cursor_for
from ..state import Channel, Message

_KINDS = {"public_channel": "channel", "private_channel": "group", "im": "im", "mpim": "mpim"}
DISTRIBUTED_LIMIT = 15


def _wanted(call: Call) -> list[str]:
    kinds = [_KINDS.get(name) for name in call.names("types") or ["public_channel"]]
    if None in kinds:
        raise Refusal("invalid_types")
    wanted = [kind for kind in kinds if kind is not None]
    call.allow(*(f"{SCOPE_FAMILY[kind]}:read" for kind in wanted))
    return wanted


def _listed(call: Call, kinds: list[str]) -> list[Channel]:
    return [
        channel
        for channel in call.slack.channels.values()
        if channel.kind in kinds
        and not (channel.archived and call.flag("exclude_archived"))
        and call.find_channel(channel.id) is not None
    ]


def list_(call: Call) -> dict[str, Any]:
    found, meta = call.page(_listed(call, _wanted(call)), 100)
    return {"channels": [channel.as_json(call.user) for channel in found], **meta}


def of_user(call: Call) -> dict[str, Any]:
    kinds = _wanted(call)
    person = call.known_user(call.text("user")) if call.text("user") else call.user
    found, meta = call.page([channel for channel in _listed(call, kinds) if channel.holds(person)], 100)
    return {"channels": [channel.as_json(call.user) for channel in found], **meta}


def info(call: Call) -> dict[str, Any]:
    channel = call.channel()
    call.allow_for(channel, "read")
    data = channel.as_json(call.user)
    if not call.flag("include_num_members"):
        data.pop("num_members", None)
    return {"channel": data}


def join(call: Call) -> dict[str, Any]:
    channel = call.channel()
    if channel.kind != "channel":
        raise Refusal("method_not_supported_for_channel_type")
    if channel.archived:
        raise Refusal("is_archived")
    already = channel.holds(call.user)
    call.slack.acts.enter(channel, call.user)
    answer: dict[str, Any] = {"channel": channel.as_json(call.user)}
    if already:
        answer |= {"warning": "already_in_channel", "response_metadata": {"warnings": ["already_in_channel"]}}
    return answer


def leave(call: Call) -> dict[str, Any]:
    channel = call.channel()
    if channel.kind in ("im", "mpim"):
        raise Refusal("method_not_supported_for_channel_type")
    if channel.general:
        raise Refusal("cant_leave_general")
    if not channel.holds(call.user):
        return {"not_in_channel": True}
    call.slack.acts.exit(channel, call.user)
    return {}


def open_(call: Call) -> dict[str, Any]:
    if call.text("channel"):
        channel = call.channel()
        if channel.kind not in ("im", "mpim"):
            raise Refusal("method_not_supported_for_channel_type")
    else:
        ids = call.names("users")
        if not ids:
            raise Refusal("users_list_not_supplied")
        if len(ids) > 8:
            raise Refusal("too_many_users")
        call.allow("im:write" if len(ids) == 1 else "mpim:write")
        people = [call.known_user(user_id) for user_id in ids]
        if any(person.deleted for person in people):
            raise Refusal("user_disabled")
        if any(person.is_bot for person in people):
            raise Refusal("cannot_dm_bot")
        channel = call.slack.acts.open_group_im(call.workspace, [call.user, *people])
    data = channel.as_json(call.user) if call.flag("return_im") else {"id": channel.id}
    return {"channel": data}


def members(call: Call) -> dict[str, Any]:
    channel = call.channel()
    call.allow_for(channel, "read")
    found, meta = call.page(list(channel.members), 100)
    return {"members": found, **meta}


def _readable(call: Call) -> Channel:
    channel = call.channel()
    call.allow_for(channel, "history")
    if not channel.holds(call.user):
        raise Refusal("not_in_channel")
    if call.slack.app.distributed:
        call.slack.pace.distributed_history(call.workspace.id, call.name)
    return channel


def _limit(call: Call, default: int) -> int:
    limit = call.number("limit", default)
    if not 0 < limit <= 1000:
        raise Refusal("invalid_limit")
    return min(limit, DISTRIBUTED_LIMIT) if call.slack.app.distributed else limit


def _between(call: Call, ts: str) -> bool:
    inclusive = call.flag("inclusive")
    oldest, latest = call.text("oldest"), call.text("latest")
    for bound, after in ((oldest, True), (latest, False)):
        if not bound or bound == "now":
            continue
        try:
            limit = float(bound)
        except ValueError:
            raise Refusal("invalid_ts_oldest" if after else "invalid_ts_latest") from None
        here = float(ts)
        if here == limit and inclusive:
            continue
        if (here <= limit) if after else (here >= limit):
            return False
    return True


def _shown(call: Call, message: Message) -> bool:
    return message.visible_at <= call.slack.clock.now() and not (message.deleted and not message.replies)


def _tell(call: Call, message: Message) -> dict[str, Any]:
    return message.as_json(metadata=call.flag("include_all_metadata"))


def history(call: Call) -> dict[str, Any]:
    channel = _readable(call)
    limit = _limit(call, 100)
    newest_first = channel.order[::-1]
    start = call.start()
    found: list[Message] = []
    position = start
    for position in range(start, len(newest_first)):
        message = channel.messages[newest_first[position]]
        in_thread = message.thread_ts not in (None, message.ts) and not message.broadcast
        if in_thread or not _between(call, message.ts) or not _shown(call, message):
            continue
        if len(found) == limit:
            break
        found.append(message)
    else:
        position = len(newest_first)
    more = position < len(newest_first)
    answer: dict[str, Any] = {
        "messages": [_tell(call, message) for message in found],
        "has_more": more,
        "pin_count": sum(message.pinned for message in channel.messages.values())
        if not call.slack.bench
        else 0,
    }
    if more:
        answer["response_metadata"] = {"next_cursor": cursor_for(position)}
    return answer


def replies(call: Call) -> dict[str, Any]:
    channel = _readable(call)
    message = channel.messages.get(call.need("ts"))
    if message is None or not _shown(call, message):
        raise Refusal("thread_not_found")
    parent = channel.messages.get(message.thread_ts or message.ts, message)
    thread = [reply for reply in parent.replies if _between(call, reply.ts) and _shown(call, reply)]
    start = call.start()
    limit = _limit(call, 1000)
    found = thread[start : start + limit]
    more = start + limit < len(thread)
    answer: dict[str, Any] = {"messages": [_tell(call, one) for one in [parent, *found]], "has_more": more}
    if more:
        answer["response_metadata"] = {"next_cursor": cursor_for(start + limit)}
    return answer


_PAGE = "cursor limit"
_SPAN = f"channel {_PAGE} oldest latest inclusive include_all_metadata"
METHODS = {
    "conversations.list": Method(list_, f"{_PAGE} types exclude_archived team_id", tier=2),
    "users.conversations": Method(of_user, f"{_PAGE} types exclude_archived user team_id", tier=3),
    "conversations.info": Method(info, "channel include_locale include_num_members"),
    "conversations.join": Method(join, "channel", ("channels:join",), json=True),
    "conversations.leave": Method(leave, "channel", json=True),
    "conversations.open": Method(open_, "channel users return_im prevent_creation", json=True),
    "conversations.members": Method(members, f"channel {_PAGE}", tier=4),
    "conversations.history": Method(history, _SPAN),
    "conversations.replies": Method(replies, f"{_SPAN} ts"),
}
