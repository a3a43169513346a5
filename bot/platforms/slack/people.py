"""Everybody in a workspace, or in the channels that are the community there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from typing import Any, Final

import structlog

from bot.model.ids import Member
from bot.platforms.base import DeliveryError, RetryLater, Unsure
from bot.platforms.slack.client import Refused
from bot.platforms.slack.workspace import Known, Workspace

NOT_IN: Final = "Kith isn't in it"
CLOSED: Final = "Invite Kith there (/invite @Kith), or take the channel out of slack.channels."
AGAIN: Final = 10
"""How often a page of the members is asked for anew: without them, nobody knows who came meanwhile."""
_TRIES: Final = 20

log = structlog.get_logger(__name__)


async def listed(workspace: Workspace, channels: Collection[str] = ()) -> AsyncIterator[Member]:
    """Page by page, waiting as long as Slack asks to. Bots are marked; guests and the deactivated left out.

    With ``channels``, those who are in one of them, whichever workspace they come from.
    """
    await workspace.groups.freshen(workspace.client)
    for channel in channels:
        await _enter(workspace, channel)
    inside = {ident for channel in channels for ident in [one async for one in _in(workspace, channel)]}
    met: set[str] = set()
    admins: set[str] = set()
    async for user in pages(workspace, "users.list", "members", again=AGAIN):
        known = Known.of(user, workspace.team)
        ident = str(user["id"])
        workspace.note(ident, known)
        if known.admin and not known.gone:
            admins.add(ident)
        if known.gone or (known.guest and ident not in inside):
            continue
        if channels and ident not in inside and not known.bot:
            continue
        met.add(ident)
        yield Member(workspace.space.key, ident, known.name, known.bot)
    workspace.listed(admins)
    for ident in sorted(inside - met):
        stranger = await workspace.person(ident)
        if stranger is None or not stranger.gone:
            yield workspace.member(ident)


async def closed(workspace: Workspace, channel: str) -> str:
    """Why Kith hears nothing of who comes into a channel; "" where it does. Raises DeliveryError."""
    try:
        told = (await workspace.client.call("conversations.info", channel=channel))["channel"]
    except Refused as refused:
        unknown = refused.error == "channel_not_found"
        return "it is unknown, or private without Kith in it" if unknown else str(refused)
    if told.get("is_archived"):
        return "it is archived"
    return "" if told.get("is_member") else NOT_IN


async def _enter(workspace: Workspace, channel: str) -> None:
    """Be in a channel of the community, to hear who comes; said in the log where that can't be."""
    try:
        why = await closed(workspace, channel)
        if why == NOT_IN:
            await workspace.client.call("conversations.join", channel=channel)
            return
    except Refused as refused:
        why = str(refused)
    except DeliveryError:
        return  # nobody can say now; who came is looked up again at the next start
    if why:
        log.error(
            "slack_channel_closed",
            channel=channel,
            what=f"It is one of slack.channels, but nobody who comes there is noticed: {why}. {CLOSED}",
        )


async def _in(workspace: Workspace, channel: str) -> AsyncIterator[str]:
    async for ident in pages(workspace, "conversations.members", "members", again=AGAIN, channel=channel):
        yield ident


async def pages(
    workspace: Workspace, method: str, key: str, *, again: int = 0, **arguments: str
) -> AsyncIterator[Any]:
    """Every item of a list, waiting as long as Slack asks to. Raises as Client.call does.

    ``again``: how often a page is asked for anew that had no clear answer.
    """
    cursor: str | None = None
    while True:
        for attempt in range(_TRIES):
            try:
                page = await workspace.client.call(method, cursor=cursor, limit=200, **arguments)
                break
            except RetryLater as early:
                await asyncio.sleep(early.after)
            except Unsure:
                if attempt >= again:
                    raise
                await asyncio.sleep(min(0.5 * 2**attempt, 30.0))
        else:
            raise RetryLater(f"rate-limited: {method}", 60.0)
        for item in page[key]:
            yield item
        cursor = (page.get("response_metadata") or {}).get("next_cursor") or None
        if cursor is None:
            return
