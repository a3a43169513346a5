"""From Slack's events to the host's. An id is made of what happened, so it is the same however often told."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, Final

import structlog

from bot.model.events import (
    CommandUsed,
    Event,
    MemberJoined,
    MemberLeft,
    MessagePosted,
    MessageRemoved,
    ReactionAdded,
    ReactionRemoved,
    SpaceLost,
    SpokenTo,
)
from bot.model.ids import Member
from bot.platforms.base import DeliveryError
from bot.platforms.slack import emoji, text
from bot.platforms.slack.answers import Token, Way
from bot.platforms.slack.client import DEAD, Refused
from bot.platforms.slack.names import ROOT
from bot.platforms.slack.workspace import PATIENCE, SLACKBOT, Known, Workspace

Json = Mapping[str, Any]
log = structlog.get_logger(__name__)
SPOKEN: Final = frozenset({None, "file_share", "thread_broadcast", "me_message"})
"""Subtypes of messages that are somebody's own words."""
REMOVED: Final = (
    "Kith was removed from this workspace. Install the app again, and give its new bot token to: "
    "kith connect slack"
)
CREATION: Final = 60
"""Seconds after a channel was made in which its maker's coming in is no join."""
SUBSCRIBED: Final[Mapping[str, str]] = {
    "team_join": "to greet newcomers",
    "user_change": "to notice who was deactivated, who came back, and who is a guest no more",
    "member_joined_channel": "to greet newcomers of a single channel, where that is the community",
    "member_left_channel": "to notice who left such a channel",
    "subteam_created": "to know who has a role by a user group",
    "subteam_updated": "to know who has a role by a user group",
    "subteam_members_changed": "to know who has a role by a user group",
    "app_home_opened": "to show people their own page",
    "app_mention": "to answer a mention with help",
    "message.im": "to answer a private message with help",
    "app_uninstalled": "to stop when Kith is removed",
    "tokens_revoked": "to stop when Kith's access ends",
}

_PERSON: Final = re.compile(r"<@([UW][A-Z0-9]+)>")
_CHANNEL: Final = re.compile(r"<#([^>|]+)\|?>")
_GROUP: Final = re.compile(r"<!subteam\^([^>|]+)(?:\|([^>]*))?>")


def words(workspace: Workspace, written: str) -> str:
    """What somebody wrote, as the host reads it: people to be named, channels and user groups by name."""
    told = text.typed(written)
    if "<" not in written:
        return told  # as most messages are: nothing is named in them
    return groups_named(workspace, channels_named(_PERSON.sub(r"<@\1|>", told)))


def channels_named(told: str) -> str:
    """The words with a name for channels that come without, as those do that Kith isn't in."""
    return _CHANNEL.sub(r"<#\1|a channel>", told)


def groups_named(workspace: Workspace, told: str) -> str:
    """The words with user groups by their names."""
    return _GROUP.sub(lambda match: _group(workspace, match), told)


def _group(workspace: Workspace, match: re.Match[str]) -> str:
    return f"@{(match[2] or workspace.groups.name_of(match[1]) or 'a group').removeprefix('@')}"


def ms(ts: Any) -> int:
    """A Slack timestamp in UTC milliseconds."""
    try:
        return int(float(ts) * 1_000)
    except (TypeError, ValueError):
        return 0


class Unknown(Exception):
    """An event that nobody reads yet."""


class Parser:
    """Reads events of any workspace. ``channels`` are those whose newcomers count, instead of all."""

    def __init__(self, channels: Collection[str] = ()) -> None:
        self._channels = frozenset(channels)
        self._readers: Mapping[str, Callable[[Workspace, Json], Awaitable[Event | None]]] = {
            "team_join": self._team_join,
            "user_change": self._user_change,
            "member_joined_channel": self._joined_channel,
            "member_left_channel": self._left_channel,
            "message": self._message,
            "app_mention": self._mention,
            "reaction_added": self._reacted,
            "reaction_removed": self._unreacted,
            "app_home_opened": self._home,
            "subteam_created": self._groups,
            "subteam_updated": self._groups,
            "subteam_members_changed": self._groups,
            "app_uninstalled": self._lost,
            "tokens_revoked": self._revoked,
        }

    async def event(self, workspace: Workspace, event: Json) -> Event | None:
        """What an event means; None where it means nothing. Raises Unknown."""
        reader = self._readers.get(str(event.get("type")))
        if reader is None:
            raise Unknown(str(event.get("type")))
        return await reader(workspace, event)

    @staticmethod
    def stored(workspace: Workspace, event: Json, happened: Event | None) -> None:
        """What an event told is kept by the host now, so it may be remembered as known."""
        if event.get("type") in ("team_join", "user_change"):
            workspace.learn(event["user"])
        elif isinstance(happened, SpaceLost) and not workspace.lost:
            workspace.lost = True
            log.error("slack_uninstalled", workspace=workspace.team, what=REMOVED)

    # -- people --------------------------------------------------------------------------------------------

    async def _team_join(self, workspace: Workspace, event: Json) -> Event | None:
        user = event["user"]
        known = Known.of(user, workspace.team)
        if self._channels or known.bot or known.guest or user.get("deleted"):
            return None
        return MemberJoined(
            id=_id(workspace, "join", user["id"]),
            space=workspace.space,
            at=ms(event.get("event_ts")),
            member=Member(workspace.space.key, user["id"], known.name),
        )

    async def _user_change(self, workspace: Workspace, event: Json) -> Event | None:
        user = event["user"]
        ident = str(user["id"])
        if workspace.is_old(user):
            return None
        known = Known.of(user, workspace.team)
        member = Member(workspace.space.key, ident, known.name)
        updated = user.get("updated") or event.get("event_ts")
        was_outside = workspace.is_outside(ident)
        if known.bot or (known.guest and self._channels and not known.gone):
            return None
        if known.gone or known.guest:
            if was_outside and not self._channels:
                return None
            return MemberLeft(
                id=_id(workspace, "left", ident, updated),
                space=workspace.space,
                at=ms(event.get("event_ts")),
                member=member,
            )
        if not was_outside or self._channels:
            return None
        return MemberJoined(
            id=_id(workspace, "return", ident, updated),
            space=workspace.space,
            at=ms(event.get("event_ts")),
            member=member,
        )

    async def _groups(self, workspace: Workspace, event: Json) -> Event | None:
        workspace.groups.told(event)
        return None

    async def _joined_channel(self, workspace: Workspace, event: Json) -> Event | None:
        ident, channel = str(event["user"]), str(event["channel"])
        if channel not in self._channels or ident == workspace.bot_user:
            return None
        if await self._is_made_by(workspace, channel, ident, event):
            return None
        known = await workspace.person(ident)
        if known is not None and (known.bot or known.gone):
            return None
        return MemberJoined(
            id=_id(workspace, "came", channel, ident, event.get("event_ts")),
            space=workspace.space,
            at=ms(event.get("event_ts")),
            member=workspace.member(ident),
        )

    async def _left_channel(self, workspace: Workspace, event: Json) -> Event | None:
        ident, channel = str(event["user"]), str(event["channel"])
        if channel not in self._channels or ident == workspace.bot_user:
            return None
        return MemberLeft(
            id=_id(workspace, "went", channel, ident, event.get("event_ts")),
            space=workspace.space,
            at=ms(event.get("event_ts")),
            member=workspace.member(ident),
        )

    @staticmethod
    async def _is_made_by(workspace: Workspace, channel: str, user: str, event: Json) -> bool:
        """Whether somebody only just made this channel, which Slack tells as if they had come in."""
        try:
            info = (await workspace.client.call("conversations.info", channel=channel))["channel"]
        except (Refused, DeliveryError):
            return False
        age = float(event.get("event_ts") or 0) - float(info.get("created") or 0)
        return info.get("creator") == user and age < CREATION

    # -- words ---------------------------------------------------------------------------------------------

    async def _message(self, workspace: Workspace, event: Json) -> Event | None:
        channel, subtype = str(event["channel"]), event.get("subtype")
        if subtype == "message_deleted":
            return MessageRemoved(
                id=_id(workspace, "deleted", channel, event["deleted_ts"]),
                space=workspace.space,
                at=ms(event.get("event_ts")),
                message=workspace.message(channel, str(event["deleted_ts"])),
            )
        user = event.get("user")
        if subtype not in SPOKEN or not user or event.get("bot_id"):
            return None
        if user in (workspace.bot_user, SLACKBOT):
            return None
        if event.get("channel_type") == "im":
            return self._spoken_to(workspace, event, Way.DIRECT)
        written = str(event.get("text") or "")
        named = text.mentioned(written)
        thread = event.get("thread_ts")
        return MessagePosted(
            id=_id(workspace, "message", channel, event["ts"]),
            space=workspace.space,
            at=ms(event["ts"]),
            member=workspace.member(user),
            message=workspace.message(channel, event["ts"], thread),
            text=words(workspace, written),
            mentions=tuple(map(workspace.member, named)),
            reply_to=thread if thread != event["ts"] else None,
            mentions_bot=workspace.bot_user in named,
        )

    async def _mention(self, workspace: Workspace, event: Json) -> Event | None:
        if event.get("bot_id") or not event.get("user"):
            return None
        return self._spoken_to(workspace, event, Way.EPHEMERAL)

    async def _reacted(self, workspace: Workspace, event: Json) -> Event | None:
        return self._reaction(ReactionAdded, "reacted", workspace, event)

    async def _unreacted(self, workspace: Workspace, event: Json) -> Event | None:
        return self._reaction(ReactionRemoved, "unreacted", workspace, event)

    @staticmethod
    def _reaction(
        kind: type[ReactionAdded] | type[ReactionRemoved], verb: str, workspace: Workspace, event: Json
    ) -> Event | None:
        item = event.get("item") or {}
        if item.get("type") != "message" or event.get("user") in (None, workspace.bot_user):
            return None
        return kind(
            id=_id(
                workspace,
                verb,
                item["channel"],
                item["ts"],
                event["user"],
                event["reaction"],
                event["event_ts"],
            ),
            space=workspace.space,
            at=ms(event["event_ts"]),
            member=workspace.member(event["user"]),
            message=workspace.message(item["channel"], item["ts"]),
            emoji=emoji.character(str(event["reaction"])),
        )

    # -- what is answered privately --------------------------------------------------------------------------

    @staticmethod
    def _spoken_to(workspace: Workspace, event: Json, way: Way) -> Event:
        channel, ts = str(event["channel"]), str(event["ts"])
        thread = str(event.get("thread_ts") or "")
        return SpokenTo(
            id=_id(workspace, "asked", channel, ts),
            space=workspace.space,
            at=ms(ts),
            actor=workspace.quick_actor(str(event["user"])),
            token=str(Token(way, ts, thread)),
            channel=workspace.channel(channel),
            message=None if way is Way.DIRECT else workspace.message(channel, ts, thread or None),
        )

    async def _home(self, workspace: Workspace, event: Json) -> Event | None:
        if event.get("tab") != "home":
            return None
        return CommandUsed(
            id=_id(workspace, "home", event["user"], event["event_ts"]),
            space=workspace.space,
            at=ms(event["event_ts"]),
            actor=workspace.quick_actor(str(event["user"])),
            token=str(Token(Way.HOME, str(event["event_ts"]))),
            path=(ROOT, "me"),
        )

    # -- the end -------------------------------------------------------------------------------------------

    async def _lost(self, workspace: Workspace, event: Json) -> Event | None:
        if await self._is_old_news(workspace, ms(event.get("event_ts"))):
            log.info("slack_end_is_old_news", workspace=workspace.team, what=event["type"])
            return None
        return SpaceLost(
            id=_id(workspace, "lost", event.get("event_ts") or workspace.seen_at),
            space=workspace.space,
            at=ms(event.get("event_ts")) or workspace.seen_at,
        )

    @staticmethod
    async def _is_old_news(workspace: Workspace, at: int) -> bool:
        """Whether an end that Slack tells of, late perhaps, isn't one: the token still works."""
        try:
            async with asyncio.timeout(PATIENCE):
                await workspace.client.call("auth.test")
        except Refused as refused:
            return refused.error not in DEAD
        except (DeliveryError, TimeoutError):
            return 0 < at < workspace.seen_at  # it worked later than that
        return True

    async def _revoked(self, workspace: Workspace, event: Json) -> Event | None:
        return await self._lost(workspace, event) if (event.get("tokens") or {}).get("bot") else None


def _id(workspace: Workspace, *parts: Any) -> str:
    return ":".join((workspace.space.key, *map(str, parts)))
