"""The fake Discord: a server on loopback, the state behind it, and what tests steer it with."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from types import TracebackType
from typing import Any, Self, TypeVar

from aiohttp import web

from . import schema, socket
from .changes import Changes
from .clock import Clock
from .errors import ApiError
from .faults import Faults
from .gateway import Gateway
from .limits import RateLimits
from .model import Channel, Guild, Member, User
from .nonces import Nonces
from .permissions import EVERYONE, P
from .rest import PREFIX, Rest
from .routes import ALL
from .routing import Request
from .world import SUPPRESS_JOIN_MESSAGES, World

T = TypeVar("T")
TOKEN = "MTA.fake.token"
BOT_PERMISSIONS = EVERYONE
_MAX_UPLOAD = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that was refused, and why."""

    request: Request
    error: ApiError

    def __repr__(self) -> str:
        return f"{self.request.method} {self.request.path}: {self.error}"


class FakeDiscord:
    """`async with FakeDiscord() as d:` serves REST v10 at `d.api_url` and the gateway at `d.gateway_url`.

    `switches` are the privileged intents that are on in the portal. `validate` holds every request against
    Discord's OpenAPI document and every dispatch against the gateway schemas, where those are found.
    `deadlines_run` and `nonce_window` (seconds) are for tests in which processes are killed; otherwise
    interactions and nonces expire only by `d.clock.skip`. `record=False` keeps no list of requests.
    """

    def __init__(
        self,
        *,
        token: str = TOKEN,
        switches: tuple[str, ...] = ("members", "message_content"),
        validate: bool = True,
        limits: RateLimits | None = None,
        deadlines_run: bool = False,
        nonce_window: float = 180.0,
        heartbeat_interval: float = 41.25,
        shards: int = 1,
        guilds_per_shard: int = 2500,
        session_starts: int = 1000,
        max_concurrency: int = 16,
        record: bool = True,
        port: int = 0,
    ) -> None:
        self.token = token
        self.limits = limits or RateLimits.wide()
        self.heartbeat_interval = heartbeat_interval
        self.shards = shards
        self.guilds_per_shard = guilds_per_shard
        self.session_starts = self.session_starts_left = session_starts
        self.max_concurrency = max_concurrency
        self.record = record
        self.requires_code_grant = False
        self.interactions_endpoint: str | None = None
        self.validates = validate and schema.found()
        self.open_api = schema.open_api() if self.validates else None
        self.clock = Clock(deadlines_run=deadlines_run)
        self.faults = Faults()
        self.nonces = Nonces(self.clock, nonce_window)
        self.requests: list[Request] = []
        self.refusals: list[Refusal] = []
        self.crashes: list[Exception] = []
        self.typed: deque[int] = deque(maxlen=100)
        self.in_flight = 0
        self.most_in_flight = 0
        self._changes = Changes(self._describe, self.crashes)
        self.changed = self._changes.notify
        self.world = World(
            self.clock,
            switches=frozenset(switches),
            schemas=schema.gateway() if self.validates else None,
            cdn=lambda: self.cdn_url,
            changes=self._changes,
        )
        self._rest = Rest(self, ALL)
        self._port = port
        self._runner: web.ServerRunner | None = None

    # Serving.

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
        if error is None and self.crashes:
            raise self.crashes[0]

    async def start(self) -> None:
        """Listen on a free port of 127.0.0.1, or on `port`."""
        server = web.Server(self._serve, request_factory=_request, access_log=None)
        self._runner = web.ServerRunner(server, handle_signals=False, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, backlog=1024)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Let go of what hangs, close every connection and stop listening."""
        self.faults.clear()
        self.gateway.disconnect(1001)
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.raw_path
        if path.startswith(PREFIX):
            return await self._rest.serve(request)
        if path.startswith("/gateway"):
            return await socket.serve(self, request)
        if path.startswith("/attachments/"):
            return self._file(path)
        return web.json_response({"message": "404: Not Found", "code": 0}, status=404)

    def _file(self, path: str) -> web.Response:
        _, _, _, attachment_id, _ = path.split("/", 4)
        wanted = int(attachment_id)
        channels = self.world.channels.values()
        messages = (message for channel in channels for message in channel.by_id.values())
        kept = (
            file
            for message in [*messages, *self.world.posts.private.values()]
            for file in message.attachments
        )
        found = self.world.uploads.get(wanted) or next((file for file in kept if file.id == wanted), None)
        if found is None:
            return web.Response(status=404)
        return web.Response(body=found.data, content_type=found.content_type)

    @property
    def api_url(self) -> str:
        """Base address of REST, as discord.py's `Route.BASE`."""
        return f"http://127.0.0.1:{self._port}{PREFIX}"

    @property
    def gateway_url(self) -> str:
        """Address of the gateway."""
        return f"ws://127.0.0.1:{self._port}/gateway"

    @property
    def cdn_url(self) -> str:
        """Base address of uploaded files."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def authorization(self) -> str:
        return f"Bot {self.token}"

    def take_session_start(self) -> bool:
        """Count one IDENTIFY. Past the limit Discord resets the token, and so does the fake."""
        if self.session_starts_left <= 0:
            self.revoke_token()
            return False
        self.session_starts_left -= 1
        return True

    def note_refusal(self, request: Request, error: ApiError) -> None:
        """Keep a refusal for tests and for the words of a failed wait."""
        if self.record:
            self.refusals.append(Refusal(request, error))

    def _describe(self) -> str:
        lines = [f"last requests: {self.requests[-8:]}", f"refusals: {self.refusals[-3:]}"]
        return "\n".join(lines)

    # What tests use.

    @property
    def gateway(self) -> Gateway:
        """Sessions and gateway faults."""
        return self.world.gateway

    @property
    def bot(self) -> User:
        """The bot's account."""
        return self.world.bot

    async def until(self, condition: Callable[[], T], within: float = 5.0, what: str = "") -> T:
        """Wait until `condition()` is true and return its value; AssertionError after `within` seconds."""
        return await self._changes.until(condition, within, what)

    async def ready(self, shards: int = 1, within: float = 10.0) -> None:
        """Wait until the bot has `shards` live sessions."""
        await self.until(lambda: len(self.gateway.live) >= shards, within, "the bot to connect")

    def guild(
        self,
        name: str = "Workshop",
        *,
        system_channel: str | None = None,
        join_messages: bool = False,
        bot_permissions: int = BOT_PERMISSIONS,
        crowd: int = 0,
    ) -> Guild:
        """A server with the bot in it; `crowd` silent members are there already.

        `system_channel` names the channel for Discord's own messages; with `join_messages` it posts them.
        """
        guild = self.world.create_guild(name, bot_permissions=int(bot_permissions), crowd=crowd)
        guild.system_channel_flags = 0 if join_messages else SUPPRESS_JOIN_MESSAGES
        if system_channel is not None:
            guild.system_channel_id = guild.channel(system_channel).id
            self.world.guild_updated(guild)
        return guild

    def user(self, name: str, **account: Any) -> User:
        """An account that is in no server yet."""
        return self.world.create_user(name, **account)

    def dm(self, who: User | Member) -> Channel:
        """The direct messages between the bot and someone."""
        return self.world.dm(who.user if isinstance(who, Member) else who)

    def sent(self, route: str) -> list[Request]:
        """Received requests by "METHOD /template" pattern, such as "POST /channels/*/messages"."""
        return [item for item in self.requests if fnmatchcase(item.route, route)]

    def quarantine(self) -> None:
        """From now on opening direct messages is refused with 40003."""
        self.faults.refuse("POST /users/@me/channels", 403, 40003, times=None)

    def revoke_token(self) -> None:
        """The token is reset in the portal: requests get 401 and connections close with 4004."""
        self.token = f"{self.token}-reset"
        self.gateway.sessions.clear()
        self.gateway.disconnect(4004)

    def switch(self, name: str, on: bool) -> None:
        """Flip a privileged intent in the portal; sessions with it are closed with 4014 when it goes off."""
        switches = self.world.switches - {name} | ({name} if on else set())
        self.world.switches = frozenset(switches)
        if not on:
            self.gateway.disconnect(4014)


def _request(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
    return web.BaseRequest(
        message, payload, protocol, writer, task, protocol._loop, client_max_size=_MAX_UPLOAD
    )


__all__ = ["FakeDiscord", "P", "RateLimits", "Refusal"]
