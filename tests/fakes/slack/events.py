"""Events: which of them the app gets to hear, and the envelope they come in."""

import base64
import json
from typing import TYPE_CHECKING, Any

from . import specs
from .app import Installation
from .state import Channel, Message

if TYPE_CHECKING:
    from .server import FakeSlack
    from .workspace import Workspace

_MESSAGE_OF = {
    "channel": "message.channels",
    "group": "message.groups",
    "im": "message.im",
    "mpim": "message.mpim",
}
_FAMILY = {"channel": "channels", "group": "groups", "im": "im", "mpim": "mpim"}
# event → the scope without which Slack does not send it; {} stands for the kind of conversation.
_SCOPE = {
    "message": "{}:history",
    "app_mention": "app_mentions:read",
    "team_join": "users:read",
    "user_change": "users:read",
    "subteam_created": "usergroups:read",
    "subteam_updated": "usergroups:read",
    "subteam_members_changed": "usergroups:read",
    "member_joined_channel": "{}:read",
    "member_left_channel": "{}:read",
    "channel_left": "channels:read",
    "channel_created": "channels:read",
    "channel_rename": "channels:read",
    "channel_archive": "channels:read",
    "channel_unarchive": "channels:read",
    "channel_deleted": "channels:read",
    "reaction_added": "reactions:read",
    "reaction_removed": "reactions:read",
    "pin_added": "pins:read",
    "pin_removed": "pins:read",
    "file_shared": "files:read",
    "emoji_changed": "emoji:read",
    "team_rename": "team:read",
}
# Events about a public channel that come without the bot being in it.
_WITHOUT_MEMBERSHIP = frozenset(
    {
        "channel_created",
        "channel_rename",
        "channel_archive",
        "channel_unarchive",
        "channel_deleted",
        "channel_left",
    }
)


class InvalidEvent(AssertionError):
    """The fake was about to send what Slack would not."""


class Events:
    """Turns what happened into Events API payloads and hands them to delivery."""

    def __init__(self, slack: "FakeSlack") -> None:
        self._slack = slack

    def message(self, message: Message) -> None:
        """A new message, and the mention of the bot in it."""
        channel = message.channel
        event = message.as_event()
        self._tell(event, channel, _MESSAGE_OF[channel.kind])
        install = self._reader(channel)
        if install is None or channel.kind == "im" or message.author is install.bot:
            return
        if install.bot.id in message.pings:
            kept = {
                "user",
                "text",
                "ts",
                "channel",
                "event_ts",
                "blocks",
                "client_msg_id",
                "team",
                "thread_ts",
            }
            mention = {key: value for key, value in event.items() if key in kept | {"files", "bot_id"}}
            self._tell({"type": "app_mention", **mention}, channel, "app_mention")

    def changed(self, message: Message, before: dict[str, Any]) -> None:
        ts = self._slack.new_ts()
        event = {
            "type": "message",
            "subtype": "message_changed",
            "message": message.as_json(),
            "previous_message": before,
            "channel": message.channel.id,
            "hidden": True,
            "ts": ts,
            "event_ts": ts,
            "channel_type": message.channel.kind,
        }
        self._tell(event, message.channel, _MESSAGE_OF[message.channel.kind])

    def deleted(self, message: Message) -> None:
        ts = self._slack.new_ts()
        event = {
            "type": "message",
            "subtype": "message_deleted",
            "previous_message": message.as_json(),
            "channel": message.channel.id,
            "hidden": True,
            "deleted_ts": message.ts,
            "ts": ts,
            "event_ts": ts,
            "channel_type": message.channel.kind,
        }
        self._tell(event, message.channel, _MESSAGE_OF[message.channel.kind])

    def in_channel(self, channel: Channel, event: dict[str, Any]) -> None:
        """Something in or about a conversation."""
        self._tell({**event, "event_ts": self._slack.new_ts()}, channel, event["type"])

    def in_workspace(self, workspace: "Workspace", event: dict[str, Any]) -> None:
        """Something about the workspace or its people."""
        install = self._slack.app.installations.get(workspace.id)
        if (
            install is not None
            and install.active
            and self._allowed(install, event["type"], event["type"], None)
        ):
            self.send(install, {**event, "event_ts": self._slack.new_ts()})

    def about_app(self, install: Installation, event: dict[str, Any]) -> None:
        """tokens_revoked and app_uninstalled: they come even though the app is gone."""
        if self._slack.app.hears(event["type"]):
            self.send(install, event)

    def send(self, install: Installation, event: dict[str, Any], channel: Channel | None = None) -> None:
        """Wrap an event for one installation and send it, whatever the subscriptions say."""
        slack = self._slack
        event_id = slack.new_id("Ev")
        workspace = install.workspace
        shared = channel is not None and channel.shared
        context = json.dumps({"et": event["type"], "tid": workspace.id, "aid": slack.app.id})
        payload = {
            "token": slack.app.verification_token,
            "team_id": workspace.id,
            "context_team_id": workspace.id,
            "context_enterprise_id": None,
            "api_app_id": slack.app.id,
            "event": event,
            "type": "event_callback",
            "event_id": event_id,
            "event_time": int(slack.clock.now()),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": workspace.id,
                    "user_id": install.bot.id,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": shared,
            "event_context": f"4-{base64.urlsafe_b64encode(context.encode()).decode()}",
        }
        if slack.validates and (problems := specs.event_problems(payload)):
            raise InvalidEvent(f"{event['type']}: {'; '.join(problems)}")
        slack.delivery.event(payload)

    # -- who hears -----------------------------------------------------------------------------------------

    def _reader(self, channel: Channel) -> Installation | None:
        """The installation that hears of a conversation: the host's, else that of a connected workspace."""
        for workspace in (channel.workspace, *channel.connected.values()):
            install = self._slack.app.installations.get(workspace.id)
            if install is not None and install.active:
                return install
        return None

    def _tell(self, event: dict[str, Any], channel: Channel, subscription: str) -> None:
        install = self._reader(channel)
        if install is None or not self._allowed(install, event["type"], subscription, channel):
            return
        if event["type"] in ("message", "app_mention") and channel.shared and "user" in event:
            author = self._slack.people[event["user"]]
            event = {**event, "user_team": author.workspace.id, "source_team": author.workspace.id}
        self.send(install, event, channel)

    def _allowed(self, install: Installation, kind: str, subscription: str, channel: Channel | None) -> bool:
        if not self._slack.app.hears(subscription):
            return False
        scope = _SCOPE.get(kind)
        if scope is not None:
            scope = scope.format(_FAMILY[channel.kind] if channel else "channels")
            if scope not in install.scopes:
                return False
        if channel is None or (kind in _WITHOUT_MEMBERSHIP and channel.kind == "channel"):
            return True
        return channel.holds(install.bot)
