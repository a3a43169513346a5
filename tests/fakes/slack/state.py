"""What the fake remembers and tests assert: people, channels, messages, views, files."""

import bisect
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import markup

if TYPE_CHECKING:
    from .people import Person
    from .workspace import Workspace


@dataclass(eq=False)
class File:
    """An uploaded file; `complete` once it was shared or kept by files.completeUploadExternal."""

    id: str
    name: str
    title: str
    owner: "Person"
    created: int
    declared_size: int = 0
    alt_text: str = ""
    content: bytes | None = None
    mimetype: str = "application/octet-stream"
    complete: bool = False
    channels: list[str] = field(default_factory=list)
    url: str = ""

    def as_json(self) -> dict[str, Any]:
        extension = self.name.rsplit(".", 1)[-1] if "." in self.name else "binary"
        return {
            "id": self.id,
            "created": self.created,
            "timestamp": self.created,
            "name": self.name,
            "title": self.title,
            "mimetype": self.mimetype,
            "filetype": extension,
            "pretty_type": extension.upper(),
            "user": self.owner.id,
            "editable": False,
            "size": len(self.content or b""),
            "mode": "hosted",
            "is_external": False,
            "external_type": "",
            "is_public": bool(self.channels),
            "public_url_shared": False,
            "display_as_bot": False,
            "username": "",
            "url_private": self.url,
            "url_private_download": f"{self.url}/download",
            "permalink": f"{self.url}/permalink",
            "channels": self.channels,
            "groups": [],
            "ims": [],
            "alt_txt": self.alt_text,
        }


@dataclass(eq=False)
class Message:
    """A message, ephemeral or not. `text` is as Slack keeps it: `& < >` escaped, mentions as <@U…>."""

    ts: str
    channel: "Channel"
    author: "Person"
    text: str = ""
    blocks: list[dict[str, Any]] = field(default_factory=list)
    attachments: list[dict[str, Any]] = field(default_factory=list)
    metadata: dict[str, Any] | None = None
    thread_ts: str | None = None
    broadcast: bool = False
    subtype: str | None = None
    username: str | None = None
    icons: dict[str, str] | None = None
    files: list[File] = field(default_factory=list)
    client_msg_id: str | None = None
    inviter: str | None = None
    only_for: "Person | None" = None
    by_app: bool = False
    visible_at: float = 0.0
    edited: dict[str, str] | None = None
    deleted: bool = False
    pinned: bool = False
    reactions: dict[str, list[str]] = field(default_factory=dict)
    replies: list["Message"] = field(default_factory=list)
    pings: set[str] = field(default_factory=set)
    unguarded: set[str] = field(default_factory=set)
    versions: list[tuple[str, list[dict[str, Any]]]] = field(default_factory=list)

    @property
    def ephemeral(self) -> bool:
        return self.only_for is not None

    @property
    def spoken(self) -> str:
        """What a screen reader reads: the top-level text; without one, what Slack makes of the blocks."""
        return markup.unescape(self.text) if self.text else markup.seen(self.blocks)

    @property
    def shown(self) -> str:
        """What an eye sees: the blocks; only without any, the text."""
        return markup.seen(self.blocks) if self.blocks else markup.unescape(self.text)

    def notify(self) -> None:
        """Note whom this text and these blocks ring; what has rung stays rung."""
        self.pings |= markup.pings(self.text) | markup.block_pings(self.blocks)
        self.unguarded |= markup.unguarded(self.blocks)

    def as_json(self, *, metadata: bool = True) -> dict[str, Any]:
        """The message as Web API answers and events carry it."""
        data: dict[str, Any] = {"type": "message", "user": self.author.id, "ts": self.ts, "text": self.text}
        if self.subtype:
            data["subtype"] = self.subtype
        data["team"] = self.author.workspace.id
        if self.client_msg_id:
            data["client_msg_id"] = self.client_msg_id
        if self.inviter:
            data["inviter"] = self.inviter
        if self.blocks:
            data["blocks"] = self.blocks
        if self.attachments:
            data["attachments"] = self.attachments
        if self.author.bot_id:
            data |= {"bot_id": self.author.bot_id, "bot_profile": self.author.bot_profile()}
            if self.author.app_id:
                data["app_id"] = self.author.app_id
        if self.subtype == "bot_message":
            data["username"] = self.username or self.author.name
            for key in ("user", "team", "bot_profile"):
                data.pop(key, None)
            if self.icons:
                data["icons"] = self.icons
        if self.thread_ts:
            data["thread_ts"] = self.thread_ts
            if self.thread_ts != self.ts and (parent := self.channel.messages.get(self.thread_ts)):
                data["parent_user_id"] = parent.author.id
        if self.replies:
            if self.deleted:
                text = "This message was deleted."
                data = {
                    "type": "message",
                    "subtype": "tombstone",
                    "user": "USLACKBOT",
                    "ts": self.ts,
                    "text": text,
                }
            users = list(dict.fromkeys(reply.author.id for reply in self.replies))
            data |= {
                "thread_ts": self.ts,
                "reply_count": len(self.replies),
                "reply_users_count": len(users),
                "latest_reply": self.replies[-1].ts,
                "reply_users": users,
                "is_locked": False,
                "subscribed": False,
            }
            if self.deleted:
                return data
        if self.edited:
            data["edited"] = self.edited
        if self.reactions:
            data["reactions"] = [
                {"name": name, "users": users, "count": len(users)} for name, users in self.reactions.items()
            ]
        if self.files:
            data["files"] = [file.as_json() for file in self.files]
            data |= {"upload": False, "display_as_bot": False}
        if self.metadata and metadata:
            data["metadata"] = self.metadata
        return data

    def as_event(self) -> dict[str, Any]:
        """The `message` event that tells of it, without what only history shows."""
        data = self.as_json()
        left_out = {
            "reactions",
            "reply_count",
            "reply_users_count",
            "latest_reply",
            "reply_users",
            "is_locked",
        }
        left_out |= {"subscribed", "app_id"}
        if self.subtype in ("bot_message", "file_share", "thread_broadcast"):
            left_out |= {"bot_profile", "team"}
        if self.subtype == "thread_broadcast" and self.thread_ts:
            parent = self.channel.messages.get(self.thread_ts)
            data["root"] = parent.as_json() if parent else {}
        data = {key: value for key, value in data.items() if key not in left_out}
        return data | {"channel": self.channel.id, "channel_type": self.channel.kind, "event_ts": self.ts}


@dataclass(eq=False)
class View:
    """A modal or a Home tab as its person sees it."""

    id: str
    person: "Person"
    content: dict[str, Any]
    hash: str
    root_id: str = ""
    previous_id: str | None = None
    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    open: bool = True
    versions: list[dict[str, Any]] = field(default_factory=list)
    installed: "Workspace | None" = None
    """Whose installation of the app opened it, where a stranger may be looking at it."""

    @property
    def kind(self) -> str:
        return str(self.content["type"])

    @property
    def blocks(self) -> list[dict[str, Any]]:
        return self.content.get("blocks") or []

    @property
    def title(self) -> str:
        return str((self.content.get("title") or {}).get("text", ""))

    @property
    def callback_id(self) -> str:
        return str(self.content.get("callback_id") or "")

    @property
    def private_metadata(self) -> str:
        return str(self.content.get("private_metadata") or "")

    @property
    def shown(self) -> str:
        """All words on it, title first."""
        return "\n".join(filter(None, [self.title, markup.seen(self.blocks)]))

    def as_json(self) -> dict[str, Any]:
        """The view object that Slack sends back and passes along with interactions."""
        content = self.content
        app = self.person.workspace.slack.app
        opener = self.installed or self.person.workspace
        install = app.installations.get(opener.id) or next(iter(app.installations.values()), None)
        return {
            "id": self.id,
            "team_id": self.person.workspace.id,
            "type": content["type"],
            "blocks": self.blocks,
            "private_metadata": self.private_metadata,
            "callback_id": self.callback_id,
            "state": {"values": self.values},
            "hash": self.hash,
            "title": content.get("title"),
            "clear_on_close": bool(content.get("clear_on_close")),
            "notify_on_close": bool(content.get("notify_on_close")),
            "close": content.get("close"),
            "submit": content.get("submit"),
            "previous_view_id": self.previous_id,
            "root_view_id": self.root_id or self.id,
            "app_id": app.id,
            "external_id": content.get("external_id") or "",
            "app_installed_team_id": install.workspace.id if install else None,
            "bot_id": install.bot.bot_id if install else None,
        }


@dataclass(eq=False)
class Channel:
    """A conversation: kind is "channel", "group" (private), "im" or "mpim"."""

    id: str
    workspace: "Workspace"
    name: str
    kind: str
    created: int
    creator: "Person | None" = None
    members: dict[str, "Person"] = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)
    ephemerals: list[Message] = field(default_factory=list)
    order: list[str] = field(default_factory=list)
    archived: bool = False
    deleted: bool = False
    general: bool = False
    read_only: bool = False
    threads_only: bool = False
    no_threads: bool = False
    topic: str = ""
    purpose: str = ""
    previous_names: list[str] = field(default_factory=list)
    connected: dict[str, "Workspace"] = field(default_factory=dict)

    @property
    def shared(self) -> bool:
        """Whether it is a Slack Connect channel."""
        return bool(self.connected)

    @property
    def live(self) -> list[Message]:
        """Messages and replies that still stand, oldest first, ephemerals apart."""
        return [message for ts in self.order if not (message := self.messages[ts]).deleted]

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self.live]

    @property
    def last(self) -> Message:
        """The newest message; IndexError if there is none."""
        return self.live[-1]

    def holds(self, person: "Person") -> bool:
        return person.id in self.members

    def keep(self, message: Message) -> None:
        self.messages[message.ts] = message
        bisect.insort(self.order, message.ts)
        if (
            message.thread_ts
            and message.thread_ts != message.ts
            and (parent := self.messages.get(message.thread_ts))
        ):
            parent.replies.append(message)

    def as_json(self, for_user: "Person") -> dict[str, Any]:
        base: dict[str, Any] = {
            "id": self.id,
            "created": self.created,
            "is_archived": self.archived,
            "is_im": self.kind == "im",
            "is_org_shared": False,
            "context_team_id": self.workspace.id,
        }
        if self.kind == "im":
            other = next((p for p in self.members.values() if p is not for_user), for_user)
            return base | {"user": other.id, "is_user_deleted": other.deleted, "priority": 0}
        return base | {
            "name": self.name,
            "name_normalized": self.name,
            "is_channel": self.kind == "channel",
            "is_group": self.kind == "group",
            "is_mpim": self.kind == "mpim",
            "is_private": self.kind != "channel",
            "is_general": self.general,
            "is_shared": self.shared,
            "is_ext_shared": self.shared,
            "is_pending_ext_shared": False,
            "pending_shared": [],
            "shared_team_ids": [self.workspace.id, *self.connected],
            "internal_team_ids": [],
            "unlinked": 0,
            "creator": self.creator.id if self.creator else "",
            "is_member": self.holds(for_user),
            "is_read_only": self.read_only,
            "is_thread_only": self.threads_only,
            "is_non_threadable": self.no_threads,
            "topic": {"value": self.topic, "creator": "", "last_set": 0},
            "purpose": {"value": self.purpose, "creator": "", "last_set": 0},
            "previous_names": self.previous_names,
            "num_members": len(self.members),
            "updated": self.created * 1000,
        }
