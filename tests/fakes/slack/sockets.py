"""Socket Mode: single-use tickets, several sockets, envelopes with deadlines, disconnects."""

import asyncio
import functools
import json
import random
import secrets
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import WSCloseCode, WSMsgType, web

from . import faults
from .delivery import ACK_SECONDS, Delivery, Outcome

if TYPE_CHECKING:
    from .clock import Timer
    from .server import FakeSlack

MOST_SOCKETS = 10
TICKET_SECONDS = 30.0
PING_SECONDS = 10.0
CLOSE_AFTER_WARNING = 10.0


@dataclass(eq=False)
class Socket:
    """One open WebSocket of the app. A `stuck` one stays open, but nothing comes from it any more."""

    ws: web.WebSocketResponse
    request: web.BaseRequest
    number: int
    stuck: bool = False
    sent: int = 0
    swallowed: int = 0
    acks: int = 0
    pings: int = 0
    leaving: bool = False
    timers: list["Timer"] = field(default_factory=list)


def _expire(future: "asyncio.Future[Any]") -> None:
    if not future.done():
        future.set_exception(TimeoutError())


class Sockets:
    """All sockets of the app; an envelope goes to any one of them, or to `prefer` while that is open."""

    def __init__(self, slack: "FakeSlack") -> None:
        self._slack = slack
        self._tickets: dict[str, float] = {}
        self._waiting: dict[str, asyncio.Future[Any]] = {}
        self._rng = random.Random(1)
        self.open: list[Socket] = []
        self.opened = 0
        self.refused = 0
        self.unknown_acks: list[str] = []
        self.prefer: Socket | None = None

    def ticket(self) -> str:
        """A fresh single-use address for apps.connections.open."""
        ticket = secrets.token_hex(12)
        self._tickets[ticket] = self._slack.clock.now() + TICKET_SECONDS
        return f"{self._slack.url.replace('http', 'ws', 1)}/link/?ticket={ticket}&app_id={self._slack.app.id}"

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        planned = self._slack.faults.strike("socket", dict(request.query))
        due = self._tickets.pop(request.query.get("ticket", ""), None)
        if planned is not None or due is None or due <= self._slack.clock.now():
            self.refused += 1
            self._slack.changes.touch()
            if planned is not None and not isinstance(
                planned.fault, faults.Refuse | faults.RateLimit | faults.Delay
            ):
                from .api import misbehave

                return await misbehave(self._slack, planned, request)
            return web.Response(status=408, text="ticket expired or used")
        ws = web.WebSocketResponse(autoping=False, timeout=1.0)
        await ws.prepare(request)
        self.opened += 1
        socket = Socket(ws, request, self.opened)
        if len(self.open) >= MOST_SOCKETS:
            await self._say(socket, self._goodbye("too_many_websockets"))
            await ws.close()
            return ws
        self.open.append(socket)
        try:
            await self._say(socket, self._hello())
            self._plan_ping(socket)
            self._slack.changes.touch()
            await self._listen(socket)
        finally:
            self._forget(socket)
        return ws

    async def _listen(self, socket: Socket) -> None:
        async for message in socket.ws:
            if socket.stuck:
                continue
            if message.type is WSMsgType.PING:
                await socket.ws.pong(message.data)
            elif message.type is WSMsgType.TEXT:
                self._ack(socket, message.data)

    def _ack(self, socket: Socket, text: str) -> None:
        try:
            ack = json.loads(text)
        except ValueError:
            self._slack.complain(f"socket message is no JSON: {text[:80]}")
            return
        future = self._waiting.pop(str(ack.get("envelope_id")), None)
        if future is None or future.done():
            self.unknown_acks.append(str(ack.get("envelope_id")))
            return
        socket.acks += 1
        future.set_result(ack.get("payload"))

    def _forget(self, socket: Socket) -> None:
        for timer in socket.timers:
            timer.cancel()
        if socket in self.open:
            self.open.remove(socket)
        self._slack.changes.touch()

    # -- what Slack says -----------------------------------------------------------------------------------

    def _hello(self) -> dict[str, Any]:
        return {
            "type": "hello",
            "num_connections": len(self.open),
            "debug_info": {"host": "applink-1", "build_number": 1, "approximate_connection_time": 18060},
            "connection_info": {"app_id": self._slack.app.id},
        }

    @staticmethod
    def _goodbye(reason: str) -> dict[str, Any]:
        return {"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-1"}}

    def _plan_ping(self, socket: Socket) -> None:
        def ping() -> None:
            if not socket.stuck and not socket.ws.closed:
                self._slack.spawn(socket.ws.ping(f"Ping from applink-{socket.number}".encode()))
                socket.pings += 1
            self._plan_ping(socket)

        socket.timers = [self._slack.clock.call_later(PING_SECONDS, ping)]

    async def _say(self, socket: Socket, data: dict[str, Any]) -> bool:
        try:
            await socket.ws.send_str(json.dumps(data))
        except (ConnectionError, RuntimeError):
            return False
        return True

    async def attempt(self, delivery: Delivery, number: int, reason: str) -> Outcome:
        """Send one envelope to some socket and wait for its ack, 3 s at most."""
        candidates = [socket for socket in self.open if not socket.leaving] or self.open
        if not candidates:
            return Outcome(False, reason="no_connection")
        socket = self.prefer if self.prefer in candidates else self._rng.choice(candidates)
        envelope_id = str(uuid.uuid4())
        envelope: dict[str, Any] = {
            "envelope_id": envelope_id,
            "payload": delivery.payload,
            "type": delivery.kind,
            "accepts_response_payload": delivery.kind != "events_api",
        }
        if delivery.kind == "events_api":
            envelope |= {"retry_attempt": number, "retry_reason": reason}
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[envelope_id] = future
        timer = self._slack.clock.call_later(ACK_SECONDS, functools.partial(_expire, future))
        try:
            if socket.stuck:
                socket.swallowed += 1
                self._slack.changes.touch()
            else:
                socket.sent += 1
                if not await self._say(socket, envelope):
                    return Outcome(False, reason="connection_failed")
            return Outcome(True, await future)
        except TimeoutError:
            return Outcome(False, reason="timeout")
        finally:
            timer.cancel()
            self._waiting.pop(envelope_id, None)

    # -- mischief ------------------------------------------------------------------------------------------

    async def disconnect(self, reason: str = "refresh_requested", socket: Socket | None = None) -> None:
        """Ask a socket (the oldest) to leave: "warning", "refresh_requested" or "link_disabled".

        The first two close it ten seconds later, and no new envelope goes there; the last closes it at once.
        """
        socket = socket or self.open[0]
        socket.leaving = True
        await self._say(socket, self._goodbye(reason))
        if reason == "link_disabled":
            await socket.ws.close(code=WSCloseCode.GOING_AWAY)
        else:
            close = lambda: self._slack.spawn(socket.ws.close())  # noqa: E731
            socket.timers.append(self._slack.clock.call_later(CLOSE_AFTER_WARNING, close))

    def stick(self, socket: Socket | None = None) -> Socket:
        """Make a socket (the oldest) stuck: open, but without pings, pongs and envelopes."""
        socket = socket or self.open[0]
        socket.stuck = True
        return socket

    def cut(self, socket: Socket | None = None) -> None:
        """Cut a socket's (the oldest's) connection without a word."""
        socket = socket or self.open[0]
        if socket.request.transport is not None:
            socket.request.transport.abort()

    async def close(self) -> None:
        for socket in list(self.open):
            await socket.ws.close(code=WSCloseCode.GOING_AWAY)
