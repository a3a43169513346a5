"""Slack as a platform: the workspaces, the way in by Socket Mode or HTTP, and the way out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiohttp import web
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app, send_async_response
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.model.content import Catalog
from bot.model.events import SpaceSeen
from bot.model.ids import Member, Space
from bot.model.limits import Limits
from bot.model.outgoing import Outgoing, Receipt
from bot.model.text import Span
from bot.platforms.base import DeliveryError, Gone, NotConnected, RetryLater, Sink, SpaceInfo
from bot.platforms.slack import manifest
from bot.platforms.slack.api import Api
from bot.platforms.slack.client import Client, Refused
from bot.platforms.slack.installs import Installs
from bot.platforms.slack.limits import SLACK, measure
from bot.platforms.slack.listeners import Listeners
from bot.platforms.slack.names import Names
from bot.platforms.slack.notices import Notices
from bot.platforms.slack.oauth import OAuth, OAuthOptions
from bot.platforms.slack.parse import REMOVED, Parser
from bot.platforms.slack.people import listed, pages
from bot.platforms.slack.render import Renderer
from bot.platforms.slack.requests import Requests
from bot.platforms.slack.sender import Sender
from bot.platforms.slack.shared import Door, SharedListeners
from bot.platforms.slack.skew import SKEW, clock_words
from bot.platforms.slack.sockets import CONNECTIONS, Pulse, Sockets, SocketsRefused
from bot.platforms.slack.tenants import Tenants
from bot.platforms.slack.workspace import PLATFORM, Workspace

log = structlog.get_logger(__name__)


class SlackRefused(NotConnected):
    """Kith can't work in Slack before somebody mends what the message says."""


@dataclass(frozen=True, slots=True)
class SlackOptions:
    """How to connect. With an app token by Socket Mode, else over HTTP with the signing secret.

    With ``oauth``, over HTTP in every workspace that installs the app; else in the one of the bot token.
    ``channels``: the ids of channels that are the community; without any, the whole workspace is.
    ``look_around``: seconds after which it is looked up who is there, should an event never have come.
    """

    bot_token: str = field(default="", repr=False)
    app_token: str | None = field(default=None, repr=False)
    signing_secret: str = field(default="", repr=False)
    api: str = "https://slack.com/api"
    names: Names = field(default_factory=Names)
    channels: Collection[str] = ()
    look_around: float = 86_400.0
    pulse: Pulse = field(default_factory=Pulse)
    connections: int = CONNECTIONS
    limits: Limits = SLACK
    oauth: OAuthOptions | None = None


def _now() -> int:
    return time.time_ns() // 1_000_000


class SlackPlatform:
    """Implements ``bot.platforms.base.Platform`` over slack-bolt.

    ``installs`` keeps the workspaces that come by OAuth; ``now`` is real time in UTC milliseconds.
    """

    def __init__(
        self, options: SlackOptions, installs: Installs | None = None, now: Callable[[], int] = _now
    ) -> None:
        self._options = options
        self._installs = installs
        self._now = now
        self._catalog = Catalog()
        self._api: Api | None = None
        self._workspaces: dict[str, Workspace] = {}
        self._renderers: dict[str, Renderer] = {}
        self._notices = Notices()
        self._sender = Sender(self._workspace, self._renderer, self._notices, alone=options.oauth is None)
        self._requests: Requests | None = None
        self._listeners: Listeners | None = None
        self._connected = asyncio.Event()
        self._open = 0
        self.door: Door | None = None
        """How workspaces let Kith in by OAuth, while it runs."""
        self.tenants: Tenants | None = None
        """Those that did."""

    @property
    def name(self) -> str:
        return PLATFORM

    @property
    def limits(self) -> Limits:
        return self._options.limits

    @property
    def ready(self) -> bool:
        """Whether Slack can reach Kith now."""
        return self._requests is not None or self._open > 0

    def measure(self, span: Span) -> int:
        return measure(span)

    async def connected(self) -> None:
        """Return once the workspaces are known and the way in is open."""
        await self._connected.wait()

    async def caught_up(self) -> None:
        """Return once every form that was asked for is open. All else is done before it is acknowledged."""
        if self._listeners is not None:
            await self._listeners.idle()

    # -- in ------------------------------------------------------------------------------------------------

    async def run(self, sink: Sink, catalog: Catalog) -> None:
        """Hand over events until cancelled. Raises SlackRefused."""
        options = self._options
        if options.app_token is None and not options.signing_secret:
            # without a secret, anybody could sign
            raise SlackRefused("Slack needs an app token (Socket Mode) or a signing secret (HTTP).")
        self._catalog, self._notices.told = catalog, sink.told
        async with AsyncExitStack() as stack:
            self._api = await stack.enter_async_context(Api(options.api))
            stack.callback(self._forget)
            if options.oauth is not None:
                await self._for_all(sink, stack, options.oauth)
                return
            workspace = await self._know(options.bot_token)
            self._listeners = listeners = Listeners(**self._heard(sink))
            stack.push_async_callback(listeners.close)
            bolt = listeners.app(options.signing_secret)
            if options.app_token is None:
                self._requests = Requests(bolt, options.signing_secret, self._is_echo)
                await self._seen(sink, workspace)
                self._connected.set()
                await self._look_around(sink)
            else:
                await self._by_socket(sink, workspace, bolt, options.app_token)

    def _heard(self, sink: Sink) -> dict[str, Any]:
        """What listeners are made of."""
        return {
            "sink": sink,
            "catalog": self._catalog,
            "names": self._options.names,
            "parser": Parser(self._options.channels),
            "sender": self._sender,
            "workspace_of": self._find,
            "renderer_of": self._renderer,
            "now": _now,
        }

    async def _for_all(self, sink: Sink, stack: AsyncExitStack, app: OAuthOptions) -> None:
        """Be where the app is installed."""
        assert self._api is not None
        assert self._installs is not None
        oauth = OAuth(app, self._api, self._now)
        self.tenants = tenants = Tenants(
            oauth=oauth,
            installs=self._installs,
            workspaces=self._workspaces,
            sink=sink,
            notices=self._notices,
            api=self._api,
            install=app.install,
            now=self._now,
        )
        stack.push_async_callback(tenants.close)
        await tenants.load()
        self._listeners = listeners = SharedListeners(tenants, **self._heard(sink))
        stack.push_async_callback(listeners.close)
        secret = self._options.signing_secret
        self._requests = Requests(listeners.app(secret), secret, self._is_echo)
        self.door = Door(oauth, tenants, manifest.scopes(self._catalog))
        self._connected.set()
        async with asyncio.TaskGroup() as group:
            group.create_task(tenants.run())
            group.create_task(self._look_around(sink))

    async def _by_socket(self, sink: Sink, workspace: Workspace, bolt: AsyncApp, app_token: str) -> None:
        assert self._api is not None
        here = asyncio.Event()

        async def handle(client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
            answer = await run_async_bolt_app(bolt, request)
            await send_async_response(client, request, answer, 0.0)

        async def changed(count: int) -> None:
            if count and not self._open:
                here.set()
            elif not count and self._open:
                log.warning("slack_away", what="no connection to Slack is open; it is made anew")
            self._open = count

        async def greet() -> None:
            # after a time without any connection, who came and went meanwhile is looked up again
            while True:
                await here.wait()
                here.clear()
                await self._seen(sink, workspace)
                self._connected.set()

        client = Client(app_token, self._api)
        sockets = Sockets(
            client,
            handle,
            changed,
            is_echo=self._is_echo,
            now=self._now,
            pulse=self._options.pulse,
            connections=self._options.connections,
        )
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(greet())
                group.create_task(sockets.run())
                group.create_task(self._look_around(sink))
        except* SocketsRefused as refused:
            raise SlackRefused(str(refused.exceptions[0])) from None

    def _is_echo(self, payload: Mapping[str, Any]) -> bool:
        """Whether Slack only tells of a message of Kith's own, as it does of each."""
        event = payload.get("event")
        if not isinstance(event, dict) or event.get("type") != "message" or "bot_id" not in event:
            return False
        workspace = self._workspaces.get(str(payload.get("team_id")))
        return workspace is not None and event["bot_id"] == workspace.bot_id

    async def _know(self, token: str) -> Workspace:
        """Learn whose token it is. Raises SlackRefused; waits as long as Slack is out of reach."""
        assert self._api is not None
        client = Client(token, self._api)
        wait = 0.5
        while True:
            try:
                told = await client.call("auth.test")
                break
            except Refused as refused:
                raise SlackRefused(explain(refused.error)) from refused
            except DeliveryError as error:
                log.warning("slack_unreachable", error=str(error), again_in=wait)
                await asyncio.sleep(wait)
                wait = min(wait * 2, 60.0)
        if problem := unfit(told):
            raise SlackRefused(explain(problem))
        workspace = Workspace(
            told["team_id"], told.get("team", ""), told["user_id"], client, bot_id=told["bot_id"]
        )
        workspace.seen_at = _now()
        self._workspaces[workspace.team] = workspace
        if abs(client.skew) > SKEW:
            log.warning("clock_differs", what=clock_words(client.skew))
        return workspace

    async def _look_around(self, sink: Sink) -> None:
        """Now and then have the host compare who is there: Slack gives an event up after some minutes."""
        while True:
            await asyncio.sleep(self._options.look_around)
            for workspace in list(self._workspaces.values()):
                if self._find(workspace.team) is not None:
                    await self._seen(sink, workspace)

    async def _seen(self, sink: Sink, workspace: Workspace) -> None:
        now, wait = _now(), 0.5
        seen = SpaceSeen(id=f"{workspace.space.key}:seen:{now}", space=workspace.space, at=now)
        while True:
            try:
                await sink.accept(seen)
                return
            except Exception as error:
                log.warning("slack_space_not_stored", error=f"{type(error).__name__}: {error}", again_in=wait)
                await asyncio.sleep(wait)
                wait = min(wait * 2, 30.0)

    async def http(self, request: web.Request) -> web.Response:
        """Answer a request of Slack's."""
        if self._requests is None:
            return web.Response(status=503, text="Kith is not connected to Slack over HTTP.")
        return await self._requests.answer(request)

    def _forget(self) -> None:
        self._connected.clear()
        self.door, self.tenants = None, None
        self._requests, self._listeners, self._api, self._open = None, None, None, 0
        self._workspaces.clear()

    # -- out -----------------------------------------------------------------------------------------------

    async def deliver(self, out: Outgoing) -> Receipt:
        return await self._sender.deliver(out)

    async def find(self, out: Outgoing, since: int) -> Receipt | None:
        return await self._sender.find(out, since)

    def _workspace(self, key: str) -> Workspace:
        if self._api is None or not (self._workspaces or self._connected.is_set()):
            raise RetryLater("not-connected: Slack is not reached yet", 0.5, everywhere=True)
        space = Space.of(key)
        if self.tenants is not None and self.tenants.stuck(space.id):
            raise RetryLater("no-token: Kith has no token that works in this workspace", 5.0)
        workspace = self._workspaces.get(space.id)
        if space.platform != PLATFORM or workspace is None:
            raise Gone(f"unknown_space: Kith is not in {key}")
        if workspace.lost:
            raise Gone("app_uninstalled: Kith was removed from this workspace")
        return workspace

    def _find(self, ident: str) -> Workspace | None:
        """A workspace by its id, or by that of Kith's own user there."""
        known = self._workspaces.get(ident)
        if known is None:
            known = next((one for one in self._workspaces.values() if one.bot_user == ident), None)
        return None if known is None or known.lost else known

    def _renderer(self, workspace: Workspace) -> Renderer:
        renderer = self._renderers.get(workspace.team)
        if renderer is None:
            renderer = Renderer(
                self._options.names, self._paths, lambda ident: self._name(workspace.team, ident)
            )
            self._renderers[workspace.team] = renderer
        return renderer

    def _name(self, team: str, ident: str) -> str:
        workspace = self._workspaces.get(team)
        return workspace.name_of(ident) if workspace is not None else ""

    def _paths(self) -> list[tuple[str, ...]]:
        return [spec.path for spec in self._catalog.commands]

    # -- who and where -------------------------------------------------------------------------------------

    async def members(self, space: Space) -> AsyncIterator[Member]:
        """Everybody who counts as here; guests of other workspaces and single channels are left out."""
        try:
            async for member in listed(self._workspace(space.key), self._options.channels):
                yield member
        except Refused as refused:
            raise Gone(str(refused)) from refused

    async def about(self, space: Space) -> SpaceInfo:
        workspace = self._workspace(space.key)
        await workspace.groups.freshen(workspace.client)
        channels, general = [], None
        listed_channels = pages(
            workspace, "conversations.list", "channels", types="public_channel", exclude_archived="true"
        )
        try:
            async for one in listed_channels:
                channel = workspace.channel(one["id"], one.get("name", ""))
                channels.append(channel)
                if one.get("is_general"):
                    general = channel
        except Refused as refused:
            raise Gone(str(refused)) from refused
        return SpaceInfo(
            space=workspace.space,
            channels=tuple(channels),
            roles=tuple(workspace.groups.roles()),
            default_channel=general,
        )


def unfit(told: Mapping[str, Any]) -> str:
    """Why Kith can't go by a token of which auth.test tells this; "" where it can."""
    if "bot_id" not in told:
        return "not_allowed_token_type"
    return "org_token" if told.get("is_enterprise_install") else ""


def explain(error: str) -> str:
    """What a token's refusal means, and what to do."""
    match error:
        case "org_token":
            return (
                "The bot token is for a whole organisation, and Kith is at home in single workspaces. "
                "Install the app in one, and copy the bot token that it gets there."
            )
        case "not_allowed_token_type":
            return "slack.bot_token must be the bot token, which begins with xoxb-."
        case "token_revoked" | "account_inactive":
            return REMOVED
        case "token_expired":
            return (
                "The bot token has expired, since this app's tokens rotate. Let the workspace install the "
                "app itself: kith connect slack --oauth"
            )
        case "invalid_auth" | "not_authed":
            return (
                "Slack does not know the bot token. Copy it anew from OAuth & Permissions, and give it to: "
                "kith connect slack"
            )
    return f"Slack refuses the bot token: {error}."
