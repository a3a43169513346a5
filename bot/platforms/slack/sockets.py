"""Socket Mode: two connections, each replaced before it ends, and rebuilt when it is stuck."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
import structlog
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from bot.platforms import quick_json
from bot.platforms.base import DeliveryError, RetryLater
from bot.platforms.slack.api import quiet_logger
from bot.platforms.slack.client import Client, Refused

CONNECTIONS: Final = 2
OPERATOR: Final = {
    "invalid_auth": "Slack does not know the app-level token (slack.app_token, xapp-). Copy it anew from "
    "Basic Information > App-Level Tokens, and give it to: kith connect slack",
    "not_allowed_token_type": "slack.app_token must be an app-level token, which begins with xapp-.",
    "token_revoked": "The app-level token was revoked. Make a new one under Basic Information > App-Level "
    "Tokens, and give it to: kith connect slack",
    "missing_scope": "The app-level token lacks connections:write. Make a new one with that scope.",
    "socket_mode_not_enabled": "Socket Mode is off for this app. Turn it on under Settings > Socket Mode.",
}

ASLEEP: Final = 60.0
"""Seconds that this machine may have slept; what is not acknowledged for longer, Slack may have given up."""
ENVELOPES: Final = frozenset({"events_api", "interactive", "slash_commands"})
"""What comes by a connection to be read; Slack may come to send more."""

Handle = Callable[[AsyncBaseSocketModeClient, SocketModeRequest], Awaitable[None]]
IsEcho = Callable[[Mapping[str, Any]], bool]
"""Whether an event's payload means nothing, and needs only to be acknowledged."""

log = structlog.get_logger(__name__)


class SocketsRefused(Exception):
    """The connection can't be made before somebody mends what the message says."""


class NoHello(ConnectionError):
    """Slack ended a connection before it stood; its reason for that is the message."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """Seconds: between pings; without a pong after which a connection counts as stuck; between looks at it;
    for a handshake; and the first wait after a failure, twice as long each time up to ``wait_most``. A
    connection that ended before it could have counted as stuck was a failure too."""

    ping: float = 10.0
    stuck: float = 30.0
    look: float = 1.0
    handshake: float = 15.0
    wait: float = 0.5
    wait_most: float = 60.0
    crowded: float = 30.0


class _Connection(AsyncBaseSocketModeClient):
    """One WebSocket and no second attempt, over the session that all else of Slack's goes by.

    slack_sdk's own client would try a ticket again that is used up, and takes a request through a queue, two
    tasks and a session of its own.
    """

    def __init__(self, client: Client, url: str, handle: Handle, is_echo: IsEcho) -> None:
        self.logger = quiet_logger()
        self.wss_uri = url
        self.ready = asyncio.Event()
        self.ending = asyncio.Event()
        self.reason = ""
        self._client = client
        self._handle = handle
        self._is_echo = is_echo
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._receiver: asyncio.Task[None] | None = None
        self._requests: set[asyncio.Task[None]] = set()
        self._answered = 0.0
        self._unknown: set[str] = set()

    async def connect(self) -> None:
        self._socket = await self._client.api.session.ws_connect(
            self.wss_uri, autoping=False, proxy=self._client.api.proxy
        )
        self._answered = time.monotonic()
        self._receiver = asyncio.create_task(self._receive(self._socket), name="slack socket receives")

    async def send_message(self, message: str) -> None:
        assert self._socket is not None
        await self._socket.send_str(message)

    async def send_socket_mode_response(self, response: SocketModeResponse | dict[str, Any]) -> None:
        told = response.to_dict() if isinstance(response, SocketModeResponse) else response
        await self.send_message(quick_json.dumps(told).decode())

    async def beat(self) -> None:
        if self._socket is not None and not self._socket.closed:
            with suppress(ConnectionError, RuntimeError):
                await self._socket.ping()

    @property
    def is_closed(self) -> bool:
        return self._socket is None or self._socket.closed

    @property
    def silence(self) -> float:
        """Seconds since a ping was answered."""
        return time.monotonic() - self._answered

    async def close(self) -> None:
        """Close once what came by it is answered, or after five seconds."""
        if self._requests:
            await asyncio.wait(self._requests, timeout=5.0)
        with suppress(Exception):
            if self._socket is not None:
                await self._socket.close()
        left = [*self._requests, *([self._receiver] if self._receiver is not None else [])]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _receive(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        try:
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    await self._read(message.data)
                elif message.type is aiohttp.WSMsgType.PING:
                    await socket.pong(message.data)
                elif message.type is aiohttp.WSMsgType.PONG:
                    self._answered = time.monotonic()
        except ConnectionError:
            pass  # what was to be answered comes again
        finally:
            self.ending.set()

    async def _read(self, text: str) -> None:
        try:
            said = dict(quick_json.loads(text))
            kind = str(said.get("type"))
            request = SocketModeRequest.from_dict(said) if kind in ENVELOPES else None
        except (RecursionError, TypeError, ValueError):
            log.warning("slack_socket_unreadable", begins=text[:40])
            return
        if request is not None and self._is_echo(request.payload):
            await self.send_socket_mode_response({"envelope_id": request.envelope_id})
        elif request is not None:
            task = asyncio.create_task(self._request(request))
            self._requests.add(task)
            task.add_done_callback(self._requests.discard)
        elif kind == "hello":
            self.ready.set()
        elif kind == "disconnect":
            self.reason = str(said.get("reason") or "")
            self.ending.set()
        elif "envelope_id" in said:
            if kind not in self._unknown:
                self._unknown.add(kind)
                log.warning("slack_envelope_unknown", type=kind, what="it is acknowledged and left aside")
            await self.send_socket_mode_response({"envelope_id": said["envelope_id"]})

    async def _request(self, request: SocketModeRequest) -> None:
        try:
            await self._handle(self, request)
        except ConnectionError:
            self.ending.set()  # the answer is lost, so Slack sends it again
        except Exception as error:
            log.error("slack_request_failed", error=f"{type(error).__name__}: {error}", exc_info=error)


class Sockets:
    """Keeps the connections open. ``changed`` is called with how many there are.

    ``now`` is real time in UTC milliseconds.
    """

    def __init__(
        self,
        client: Client,
        handle: Handle,
        changed: Callable[[int], Awaitable[None]],
        *,
        is_echo: IsEcho,
        now: Callable[[], int],
        pulse: Pulse | None = None,
        connections: int = CONNECTIONS,
    ) -> None:
        self._client = client
        self._handle = handle
        self._is_echo = is_echo
        self._changed = changed
        self._pulse = pulse or Pulse()
        self._count = connections
        self._now = now
        self._clocks_differ = self._difference()
        self._open: set[_Connection] = set()
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def open(self) -> int:
        return len(self._open)

    async def run(self) -> None:
        """Stay connected until cancelled. Raises SocketsRefused for what an operator must mend."""
        try:
            async with asyncio.TaskGroup() as group:
                for number in range(self._count):
                    group.create_task(self._keep(), name=f"slack socket {number + 1}")
        except* SocketsRefused as refused:
            raise refused.exceptions[0] from None
        finally:
            if self._closing:
                await asyncio.gather(*self._closing, return_exceptions=True)

    async def _keep(self) -> None:
        """One place among the connections, taken by one after the other."""
        wait, old = self._pulse.wait, None
        try:
            while True:
                try:
                    new = await self._connect()
                except (DeliveryError, aiohttp.ClientError, TimeoutError, OSError) as error:
                    pause = max(wait, self._least(error))
                    log.warning(
                        "slack_not_connected", error=f"{type(error).__name__}: {error}", again_in=pause
                    )
                    if old is not None and old.is_closed:
                        await self._retire(old)
                        old = None
                    await asyncio.sleep(pause)
                    wait = min(wait * 2, self._pulse.wait_most)
                    continue
                began = time.monotonic()
                await self._enter(new)
                if old is not None:
                    await self._retire(old)
                old = new
                why = await self._watch(new)
                log.info("slack_connection_ends", reason=why)
                if why in ("stuck", "asleep", "closed", "link_disabled"):
                    await self._retire(new)
                    old = None
                if time.monotonic() - began >= self._pulse.stuck:
                    wait = self._pulse.wait
                    continue
                # one that ends as soon as it stands is no better than none
                log.info("slack_connection_was_short", again_in=wait)
                await asyncio.sleep(wait)
                wait = min(wait * 2, self._pulse.wait_most)
        finally:
            if old is not None:
                await self._close(old)

    def _least(self, error: BaseException) -> float:
        """Seconds to wait at least after a connection could not be made for this reason."""
        if isinstance(error, NoHello) and str(error) == "too_many_websockets":
            log.warning(
                "slack_too_many_connections",
                what="Slack allows an app ten connections. Does another Kith run with this token?",
            )
            return self._pulse.crowded
        return error.after if isinstance(error, RetryLater) else 0.0

    async def _connect(self) -> _Connection:
        try:
            answer = await self._client.call("apps.connections.open")
        except Refused as refused:
            words = OPERATOR.get(refused.error)
            if words is None:
                raise DeliveryError(f"apps.connections.open: {refused}") from refused
            raise SocketsRefused(words) from refused
        connection = _Connection(self._client, answer["url"], self._handle, self._is_echo)
        try:
            async with asyncio.timeout(self._pulse.handshake):
                await connection.connect()
                waits = [
                    asyncio.ensure_future(event.wait()) for event in (connection.ready, connection.ending)
                ]
                try:
                    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for waiting in waits:
                        waiting.cancel()
            if not connection.ready.is_set():
                raise NoHello(connection.reason)
        except BaseException:
            await self._close(connection)
            raise
        return connection

    async def _watch(self, connection: _Connection) -> str:
        """Return with the reason when a connection must be replaced."""
        pulse, last = self._pulse, time.monotonic()
        await connection.beat()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(pulse.look):
                    await connection.ending.wait()
            self._look_for_sleep()
            if connection.reason:
                return connection.reason
            if connection.is_closed or connection.ending.is_set():
                return "closed"
            if connection.silence > pulse.stuck:
                return "stuck"
            if time.monotonic() - last >= pulse.ping:
                last = time.monotonic()
                await connection.beat()

    def _look_for_sleep(self) -> None:
        """After a sleep of this machine no connection is good any more, whatever else it seems.

        All end at once, so that it shows that there was none: what happened meanwhile isn't told again.
        """
        before, self._clocks_differ = self._clocks_differ, self._difference()
        if self._clocks_differ - before > ASLEEP:
            for one in self._open:
                one.reason = "asleep"
                one.ending.set()

    def _difference(self) -> float:
        """Seconds by which the time of day is ahead of the clock that stands still while a machine sleeps."""
        return self._now() / 1_000 - time.monotonic()

    async def _enter(self, connection: _Connection) -> None:
        if not connection.is_closed:
            self._open.add(connection)
            await self._changed(len(self._open))

    async def _retire(self, connection: _Connection) -> None:
        """Close a connection once what came by it is answered; nobody waits for that."""
        if connection in self._open:
            self._open.discard(connection)
            await self._changed(len(self._open))
        task = asyncio.create_task(self._close(connection))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _close(self, connection: _Connection) -> None:
        self._open.discard(connection)
        await connection.close()
