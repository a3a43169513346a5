"""reactions.* and pins.*."""

import re
from typing import Any

from ..call import Call, Method, Refusal
from ..state import Message

_NAME = re.compile(r"[\w+'-]+(?:::skin-tone-[2-6])?")


def _message(call: Call, ts_name: str = "timestamp", missing: str = "message_not_found") -> Message:
    channel = call.channel()
    if not call.text(ts_name):
        raise Refusal("no_item_specified")
    message = channel.messages.get(call.text(ts_name))
    if message is None or message.deleted:
        raise Refusal(missing)
    if not channel.holds(call.user):
        raise Refusal("not_in_channel")
    return message


def _emoji(call: Call) -> str:
    name = call.need("name").strip(":")
    if not _NAME.fullmatch(name) or name in call.slack.unknown_emoji:
        raise Refusal("invalid_name")
    return name


def add(call: Call) -> dict[str, Any]:
    message, name = _message(call), _emoji(call)
    if message.channel.archived:
        raise Refusal("is_archived")
    if not call.slack.acts.react(message, call.user, name):
        raise Refusal("already_reacted")
    return {}


def remove(call: Call) -> dict[str, Any]:
    message, name = _message(call), _emoji(call)
    if not call.slack.acts.unreact(message, call.user, name):
        raise Refusal("no_reaction")
    return {}


def get(call: Call) -> dict[str, Any]:
    message = _message(call)
    data = message.as_json()
    data["permalink"] = call.slack.permalink(message)
    return {"type": "message", "channel": message.channel.id, "message": data}


def _pin(call: Call, pinned: bool) -> dict[str, Any]:
    message = _message(call)
    if message.pinned is pinned:
        raise Refusal("already_pinned" if pinned else "no_pin")
    message.pinned = pinned
    call.slack.changes.touch()
    return {}


def pins(call: Call) -> dict[str, Any]:
    channel = call.channel()
    items = [
        {"type": "message", "channel": channel.id, "message": message.as_json()}
        for message in channel.live
        if message.pinned
    ]
    return {"items": items}


METHODS = {
    "reactions.add": Method(add, "channel name timestamp", ("reactions:write",), json=True),
    "reactions.remove": Method(remove, "channel name timestamp", ("reactions:write",), tier=2, json=True),
    "reactions.get": Method(get, "channel timestamp full", ("reactions:read",)),
    "pins.add": Method(
        lambda call: _pin(call, True), "channel timestamp", ("pins:write",), tier=2, json=True
    ),
    "pins.remove": Method(
        lambda call: _pin(call, False), "channel timestamp", ("pins:write",), tier=2, json=True
    ),
    "pins.list": Method(pins, "channel", ("pins:read",), tier=2),
}
