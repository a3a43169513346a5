"""Looks at the connection to Slack, for `doctor` and `connect`: tokens, scopes, way in, channels, clock."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from typing import Final

import aiohttp

from bot.model.check import Check
from bot.model.content import Catalog
from bot.platforms.base import DeliveryError
from bot.platforms.slack import manifest
from bot.platforms.slack.adapter import SlackOptions, explain, unfit
from bot.platforms.slack.api import Api
from bot.platforms.slack.client import Client, Refused
from bot.platforms.slack.people import CLOSED, closed, pages
from bot.platforms.slack.skew import SKEW, clock_words
from bot.platforms.slack.sockets import OPERATOR
from bot.platforms.slack.workspace import Workspace

_TITLE = "Slack"
_SECONDS = 20.0
UNREACHABLE: Final = (
    "Look at this machine's connection, and at slack.api if you set it. Whether Slack itself is well says "
    "https://slack-status.com."
)


async def look(options: SlackOptions, catalog: Catalog) -> Sequence[Check]:
    """All that can be seen without changing anything."""
    async with Api(options.api) as api:
        client = Client(options.bot_token, api)
        try:
            async with asyncio.timeout(_SECONDS):
                token, workspace = await _token(client)
                if workspace is None:
                    return [token]
                return [
                    token,
                    _clock(client),
                    _scopes(client, catalog),
                    await _socket(options, api, workspace),
                    await _channels(workspace, options.channels),
                ]
        except (DeliveryError, TimeoutError) as error:
            detail = f"{options.api} can't be reached ({error or 'no answer in time'})"
            return [Check.fail("slack-token", _TITLE, detail, UNREACHABLE)]


async def _token(client: Client) -> tuple[Check, Workspace | None]:
    try:
        told = await client.call("auth.test")
    except Refused as refused:
        detail = f"Slack refuses the bot token: {refused.error}"
        return Check.fail("slack-token", _TITLE, detail, explain(refused.error)), None
    if problem := unfit(told):
        detail = "slack.bot_token is no bot token of a workspace"
        return Check.fail("slack-token", _TITLE, detail, explain(problem)), None
    workspace = Workspace(
        told["team_id"], told.get("team", ""), told["user_id"], client, bot_id=told["bot_id"]
    )
    where = f"{told.get('user')} in {told.get('team')} ({told['team_id']})"
    return Check.ok("slack-token", _TITLE, where), workspace


def _clock(client: Client) -> Check:
    if abs(client.skew) > SKEW:
        remedy = "Set this machine's clock: Slack's signatures are good for five minutes."
        return Check.warn("slack-clock", "Slack's clock", clock_words(client.skew), remedy)
    return Check.ok("slack-clock", "Slack's clock", "agrees with this machine's")


def _scopes(client: Client, catalog: Catalog) -> Check:
    title = "Slack permissions"
    wanted = manifest.scopes(catalog)
    if client.scopes is None:
        remedy = "What stands between Kith and Slack may take the header x-oauth-scopes away."
        return Check.warn("slack-scopes", title, "Slack didn't say which were granted", remedy)
    missing = [f"{scope} ({why})" for scope, why in wanted.items() if scope not in client.scopes]
    if missing:
        remedy = (
            "Bring the app up to date with the manifest that `kith connect slack --manifest` prints, then "
            "install it again: Slack asks you for the new permissions."
        )
        return Check.fail("slack-scopes", title, f"missing: {', '.join(missing)}", remedy)
    more = sorted(client.scopes - set(wanted))
    if more:
        detail = f"more than Kith needs: {', '.join(more)}"
        return Check.warn("slack-scopes", title, detail, "Take these from the app under OAuth & Permissions.")
    return Check.ok("slack-scopes", title, f"all {len(wanted)} granted")


async def _socket(options: SlackOptions, api: Api, workspace: Workspace) -> Check:
    title = "Slack's way in"
    if options.app_token is None:
        if not options.signing_secret:
            remedy = "Set slack.app_token (Socket Mode) or slack.signing_secret (requests over HTTP)."
            return Check.fail("slack-socket", title, "neither Socket Mode nor HTTP is configured", remedy)
        return Check.ok("slack-socket", title, "requests over HTTP, signed")
    client = Client(options.app_token, api)
    try:
        ticket = (await client.call("apps.connections.open"))["url"]
        async with api.session.ws_connect(ticket, proxy=api.proxy) as socket:
            hello = await socket.receive_json(timeout=10)
    except Refused as refused:
        remedy = OPERATOR.get(refused.error, "Look at the app-level token under Basic Information.")
        detail = f"Slack refuses the app-level token: {refused.error}"
        return Check.fail("slack-socket", title, detail, remedy)
    except DeliveryError as error:
        detail = f"Slack opens no connection now ({error.reason})"
        return Check.fail("slack-socket", title, detail, "Try again in a minute.")
    except (aiohttp.ClientError, TimeoutError, TypeError, ValueError) as error:
        detail = f"no WebSocket to Slack can be opened ({type(error).__name__})"
        return Check.fail(
            "slack-socket", title, detail, "A proxy or firewall may keep WebSockets from passing."
        )
    if hello.get("type") != "hello":
        detail = f"Slack ends the connection: {hello.get('reason', hello.get('type'))}"
        return Check.fail("slack-socket", title, detail, "Look whether another Kith runs with this token.")
    app, bots_app = (hello.get("connection_info") or {}).get("app_id"), await _app_of(workspace)
    if app and bots_app and app != bots_app:
        detail = f"the app-level token is of the app {app}, the bot token of {bots_app}"
        remedy = (
            "Copy both from the pages of the same app: what happens where Kith is goes to its own app alone."
        )
        return Check.fail("slack-socket", title, detail, remedy)
    return Check.ok("slack-socket", title, "Socket Mode works")


async def _app_of(workspace: Workspace) -> str | None:
    """The id of the app that the bot token is of; None where Slack doesn't say."""
    try:
        told = await workspace.client.call("bots.info", bot=workspace.bot_id)
    except (DeliveryError, Refused):
        return None
    return (told.get("bot") or {}).get("app_id")


async def _channels(workspace: Workspace, community: Collection[str]) -> Check:
    """``community``: the channels that are it, in which Kith has to be."""
    title = "Slack channels"
    try:
        shut = [f"{one}: {why}" for one in community if (why := await closed(workspace, one))]
        if shut:
            return Check.fail("slack-channels", title, "; ".join(shut), CLOSED)
        found = [
            one.get("name", one["id"])
            async for one in pages(
                workspace, "users.conversations", "channels", types="public_channel", exclude_archived="true"
            )
        ]
    except Refused as refused:
        return Check.warn("slack-channels", title, f"can't be listed: {refused}", "Install the app again.")
    except DeliveryError as error:
        detail = f"can't be listed now ({error.reason})"
        return Check.warn("slack-channels", title, detail, "Try again in a minute.")
    if not found:
        detail = "Kith is in no public channel yet"
        return Check.ok("slack-channels", title, f"{detail}; it joins those that you choose")
    shown = ", ".join(f"#{name}" for name in sorted(found)[:10])
    return Check.ok("slack-channels", title, f"in {len(found)}: {shown}")
