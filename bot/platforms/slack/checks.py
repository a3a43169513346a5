"""Looks at the connection to Slack, for `doctor` and `connect`: tokens, scopes, way in, channels, clock."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import aiohttp

from bot.model.check import Check
from bot.model.content import Catalog
from bot.platforms.base import DeliveryError
from bot.platforms.slack import manifest
from bot.platforms.slack.adapter import SlackOptions, explain
from bot.platforms.slack.api import Api
from bot.platforms.slack.client import Client, Refused
from bot.platforms.slack.people import pages
from bot.platforms.slack.skew import SKEW, clock_words
from bot.platforms.slack.sockets import OPERATOR
from bot.platforms.slack.workspace import Workspace

_TITLE = "Slack"
_SECONDS = 20.0


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
                    await _socket(options, api),
                    await _channels(workspace),
                ]
        except (DeliveryError, TimeoutError) as error:
            detail = f"{options.api} can't be reached ({error or 'no answer in time'})"
            remedy = "Look at this machine's connection, and at slack.api if you set it."
            return [Check.fail("slack-token", _TITLE, detail, remedy)]


async def _token(client: Client) -> tuple[Check, Workspace | None]:
    try:
        told = await client.call("auth.test")
    except Refused as refused:
        detail = f"Slack refuses the bot token: {refused.error}"
        return Check.fail("slack-token", _TITLE, detail, explain(refused.error)), None
    if "bot_id" not in told:
        detail = "slack.bot_token is no bot token"
        return Check.fail("slack-token", _TITLE, detail, explain("not_allowed_token_type")), None
    workspace = Workspace(told["team_id"], told.get("team", ""), told["user_id"], client)
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


async def _socket(options: SlackOptions, api: Api) -> Check:
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
    except (aiohttp.ClientError, TimeoutError, TypeError, ValueError) as error:
        detail = f"no WebSocket to Slack can be opened ({type(error).__name__})"
        return Check.fail(
            "slack-socket", title, detail, "A proxy or firewall may keep WebSockets from passing."
        )
    if hello.get("type") != "hello":
        detail = f"Slack ends the connection: {hello.get('reason', hello.get('type'))}"
        return Check.fail("slack-socket", title, detail, "Look whether another Kith runs with this token.")
    return Check.ok("slack-socket", title, "Socket Mode works")


async def _channels(workspace: Workspace) -> Check:
    title = "Slack channels"
    try:
        found = [
            one.get("name", one["id"])
            async for one in pages(
                workspace, "users.conversations", "channels", types="public_channel", exclude_archived="true"
            )
        ]
    except Refused as refused:
        return Check.warn("slack-channels", title, f"can't be listed: {refused}", "Install the app again.")
    if not found:
        detail = "Kith is in no public channel yet"
        return Check.ok("slack-channels", title, f"{detail}; it joins those that you choose")
    shown = ", ".join(f"#{name}" for name in sorted(found)[:10])
    return Check.ok("slack-channels", title, f"in {len(found)}: {shown}")
