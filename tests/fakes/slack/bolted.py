"""A real slack-bolt app over the fake: as Bolt's documentation shows it, or tuned."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import web
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from .people import Person
from .server import FakeSlack
from .workspace import Workspace


def plain_app(slack: FakeSlack, workspace: Workspace, **options: Any) -> AsyncApp:
    """As the documentation shows it: a session per call, the SDK's own retries, ack before the work."""
    client = AsyncWebClient(token=workspace.bot_token, base_url=slack.base_url)
    return AsyncApp(client=client, signing_secret=slack.app.signing_secret, **options)


@asynccontextmanager
async def tuned_app(slack: FakeSlack, workspace: Workspace, **options: Any) -> AsyncIterator[AsyncApp]:
    """One HTTP session, no retries by the SDK, the acknowledgement after the work."""
    async with aiohttp.ClientSession() as session:
        client = AsyncWebClient(
            token=workspace.bot_token, base_url=slack.base_url, session=session, retry_handlers=[]
        )
        options.setdefault("process_before_response", True)
        yield AsyncApp(client=client, signing_secret=slack.app.signing_secret, **options)


@asynccontextmanager
async def socket_mode(
    slack: FakeSlack, app: AsyncApp, *, sockets: int = 1, ping_interval: float = 10
) -> AsyncIterator[list[AsyncSocketModeHandler]]:
    """The app connected by so many Socket Mode clients."""
    handlers = [
        AsyncSocketModeHandler(app, slack.app_token, ping_interval=ping_interval) for _ in range(sockets)
    ]
    try:
        for number, handler in enumerate(handlers, start=1):
            await handler.connect_async()
            await slack.connected(number)
        yield handlers
    finally:
        for handler in handlers:
            await handler.close_async()


@asynccontextmanager
async def over_http(slack: FakeSlack, app: AsyncApp) -> AsyncIterator[str]:
    """The app's own aiohttp server on loopback, made known to the fake as its request URL."""
    runner = web.AppRunner(app.web_app(), handle_signals=False)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        address = f"http://{host}:{port}"
        slack.app.request_url = f"{address}/slack/events"
        yield address
    finally:
        await runner.cleanup()


@asynccontextmanager
async def plugged(**options: Any) -> AsyncIterator[tuple[FakeSlack, Workspace, Person, AsyncApp]]:
    """A workspace with Ana in it, and a tuned app that is connected by Socket Mode."""
    async with FakeSlack(**options) as slack:
        workspace = slack.workspace("Workshop")
        async with tuned_app(slack, workspace) as app, socket_mode(slack, app):
            yield slack, workspace, workspace.member("Ana"), app
