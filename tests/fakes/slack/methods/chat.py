"""chat.*: posting, changing and taking back messages."""

import re
from dataclasses import dataclass
from typing import Any

from .. import blocks as rules
from .. import markup
from ..call import Call, Method, Refusal
from ..state import Channel, Message

_TS = re.compile(r"\d{10}\.\d{6}")
_EVENT_TYPE = re.compile(r"[A-Za-z0-9_.\-]{1,255}")
_CONTENT = "channel text blocks attachments markdown_text metadata parse link_names"


@dataclass
class Content:
    """What a call wants to say; None where it says nothing about it."""

    text: str | None
    blocks: list[dict[str, Any]] | None
    attachments: list[dict[str, Any]] | None
    metadata: dict[str, Any] | None

    @property
    def empty(self) -> bool:
        return not (self.text or self.blocks or self.attachments)


def content(call: Call, text_max: int) -> Content:
    """Read and check text, blocks, attachments and metadata. Raises Refusal."""
    markdown = call.text("markdown_text")
    blocks = call.json("blocks", "invalid_blocks_format")
    attachments = call.json("attachments", "invalid_attachments")
    text = call.text("text") if "text" in call.args else None
    if markdown:
        if text or blocks:
            raise Refusal("markdown_text_conflict")
        if len(markdown) > rules.MARKDOWN_MAX:
            raise Refusal("msg_too_long")
        text = markdown
    if text is not None and len(text) > text_max:
        raise Refusal("msg_too_long")
    if blocks is not None:
        check_blocks(call, blocks)
    if attachments is not None and not isinstance(attachments, list):
        raise Refusal("invalid_attachments")
    if attachments and len(attachments) > 100:
        raise Refusal("too_many_attachments")
    for attachment in attachments or []:
        if "blocks" in attachment:
            check_blocks(call, attachment["blocks"])
    if text is not None:
        text = markup.stored(text)
        if call.flag("link_names") or call.text("parse") == "full":
            handles = {person.name: person.id for person in call.workspace.people.values()}
            channels = {channel.name: channel.id for channel in call.workspace.channels}
            text = markup.linked(text, handles, channels)
    return Content(text, blocks, attachments, metadata(call))


def check_blocks(call: Call, blocks: Any) -> None:
    """Raises Refusal as Slack does, with messages that point at the culprit."""
    if not isinstance(blocks, list):
        raise Refusal("invalid_blocks_format")
    if not call.slack.validates:
        return
    problems = rules.block_problems(blocks, "message")
    if problems:
        raise Refusal(
            "invalid_blocks",
            errors=problems,
            response_metadata={"messages": [f"[ERROR] {problem}" for problem in problems]},
        )
    if rules.blocks_too_long(blocks):
        raise Refusal("msg_blocks_too_long")


def metadata(call: Call) -> dict[str, Any] | None:
    value: dict[str, Any] | None = call.json("metadata", "invalid_metadata_format")
    if value is None or value == {}:
        return value
    if not isinstance(value, dict) or set(value) != {"event_type", "event_payload"}:
        raise Refusal("invalid_metadata_format")
    if not isinstance(value["event_type"], str) or not _EVENT_TYPE.fullmatch(value["event_type"]):
        raise Refusal("invalid_metadata_schema")
    if not isinstance(value["event_payload"], dict):
        raise Refusal("invalid_metadata_schema")
    return value


def destination(call: Call) -> Channel:
    """Where a post may go: a conversation by id or #name, or a person's id for a direct message."""
    value = call.need("channel")
    person = call.slack.people.get(value)
    if person is not None:
        person = call.known_user(value, "channel_not_found")
        if person.is_bot:
            raise Refusal("cannot_dm_bot" if person is not call.user else "channel_not_found")
        if person.deleted:
            raise Refusal("user_disabled")
        return call.slack.acts.open_im(call.workspace, call.user, person)
    channel = call.find_channel(value)
    if channel is None:
        raise Refusal("channel_not_found")
    if channel.archived:
        raise Refusal("is_archived")
    if not channel.holds(call.user) and "chat:write.public" not in call.token.scopes:
        raise Refusal("not_in_channel")
    if channel.read_only:
        raise Refusal("restricted_action")
    return channel


def thread(call: Call, channel: Channel) -> str | None:
    """The thread to reply in: its parent's ts, even if a reply's was given."""
    ts = call.text("thread_ts")
    if not ts:
        if channel.threads_only:
            raise Refusal("restricted_action_thread_only_channel")
        return None
    if not _TS.fullmatch(ts):
        raise Refusal("invalid_thread_ts")
    if channel.no_threads:
        raise Refusal("restricted_action_non_threadable_channel")
    parent = channel.messages.get(ts)
    if parent is None or (parent.deleted and not parent.replies):
        raise Refusal("thread_not_found")
    return parent.thread_ts or parent.ts


def post_message(call: Call) -> dict[str, Any]:
    said = content(call, rules.TEXT_MAX)
    if said.empty:
        raise Refusal("no_text")
    channel = destination(call)
    thread_ts = thread(call, channel)
    custom = {name: call.text(name) for name in ("username", "icon_emoji", "icon_url") if call.text(name)}
    if custom:
        call.allow("chat:write.customize")
    call.slack.pace.post(call.workspace.id, channel.id)
    mute(call, said)
    broadcast = bool(thread_ts) and call.flag("reply_broadcast")
    icons = {"emoji": custom["icon_emoji"]} if "icon_emoji" in custom else {}
    if "icon_url" in custom:
        icons["image_48"] = custom["icon_url"]
    message = call.slack.acts.post(
        channel,
        call.user,
        said.text or "",
        identified(call, said.blocks),
        attachments=said.attachments or [],
        metadata=said.metadata or None,
        thread_ts=thread_ts,
        broadcast=broadcast,
        subtype="bot_message" if custom else ("thread_broadcast" if broadcast else None),
        username=custom.get("username"),
        icons=icons or None,
        by_app=True,
    )
    return {"channel": channel.id, "ts": message.ts, "message": message.as_json()}


def identified(call: Call, blocks: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    """Blocks with the block ids that Slack gives to those without."""
    return [
        block if block.get("block_id") else {**block, "block_id": call.slack.block_id()}
        for block in blocks or []
    ]


def mute(call: Call, said: Content) -> None:
    """Complain about a message that a screen reader would have to guess at."""
    if said.blocks and not said.text:
        call.slack.complain(f"{call.name}: blocks without a top-level text")


def post_ephemeral(call: Call) -> dict[str, Any]:
    said = content(call, rules.TEXT_MAX)
    if said.empty:
        raise Refusal("no_text")
    channel = destination(call)
    if not channel.holds(call.user):
        raise Refusal("not_in_channel")
    person = call.slack.people.get(call.need("user"))
    if person is None or not channel.holds(person) or person.deleted:
        raise Refusal("user_not_in_channel")
    thread_ts = thread(call, channel) if call.text("thread_ts") else None
    call.slack.pace.post(call.workspace.id, channel.id)
    mute(call, said)
    blocks = identified(call, said.blocks)
    message = call.slack.acts.whisper(
        channel, call.user, person, said.text or "", blocks, thread_ts=thread_ts
    )
    return {"message_ts": message.ts}


def own_message(call: Call, error: str) -> Message:
    channel = call.channel()
    message = channel.messages.get(call.need("ts"))
    if message is None or message.deleted:
        raise Refusal("message_not_found")
    if message.author is not call.user:
        raise Refusal(error)
    return message


def update(call: Call) -> dict[str, Any]:
    said = content(call, rules.UPDATE_TEXT_MAX)
    if said.text is None and said.blocks is None and said.attachments is None and said.metadata is None:
        raise Refusal("no_text")
    message = own_message(call, "cant_update_message")
    if message.channel.archived:
        raise Refusal("is_inactive")
    if message.subtype in ("channel_join", "tombstone"):
        raise Refusal("cant_update_message")
    # A text alone takes the blocks' place; without a text they stay.
    kept = [] if said.text else message.blocks
    blocks = kept if said.blocks is None else identified(call, said.blocks)
    more: dict[str, Any] = {}
    if said.metadata is not None:
        more["metadata"] = said.metadata or None
    if said.attachments is not None:
        more["attachments"] = said.attachments
    text = message.text if said.text is None else said.text
    if not (text or blocks):
        raise Refusal("no_text")
    call.slack.acts.edit(message, call.user, text, blocks, **more)
    return {
        "channel": message.channel.id,
        "ts": message.ts,
        "text": message.text,
        "message": message.as_json(),
    }


def delete(call: Call) -> dict[str, Any]:
    message = own_message(call, "cant_delete_message")
    call.slack.acts.delete(message)
    return {"channel": message.channel.id, "ts": message.ts}


def permalink(call: Call) -> dict[str, Any]:
    channel = call.channel()
    message = channel.messages.get(call.need("message_ts"))
    if message is None or message.deleted:
        raise Refusal("message_not_found")
    return {"channel": channel.id, "permalink": call.slack.permalink(message)}


_LOOK = "username icon_emoji icon_url unfurl_links unfurl_media mrkdwn as_user"
_POST = f"{_CONTENT} thread_ts reply_broadcast {_LOOK}"
METHODS = {
    "chat.postMessage": Method(post_message, _POST, ("chat:write",), tier=None, json=True),
    "chat.postEphemeral": Method(post_ephemeral, f"{_POST} user", ("chat:write",), tier=4, json=True),
    "chat.update": Method(
        update, f"{_CONTENT} ts reply_broadcast file_ids as_user", ("chat:write",), json=True
    ),
    "chat.delete": Method(delete, "channel ts as_user", ("chat:write",), json=True),
    "chat.getPermalink": Method(permalink, "channel message_ts", tier=None),
}
