"""A chat server on loopback. It keeps every arrival in order; it loses, delays or refuses by plan."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from bot.clock import system_ms
from tests.fakes.wire.faults import LOSES_THE_ANSWER, Fault, Plan


@dataclass(frozen=True)
class Arrival:
    """Something the server accepted: the ``number`` of the message it made or changed, its lane, its text."""

    verb: str
    number: int
    lane: str
    key: str
    text: str


@dataclass
class Message:
    number: int
    lane: str
    key: str
    text: str
    at: int = 0
    """When it was accepted (UTC ms)."""
    hidden: int = 0
    """How many readings of the history it is still missing in."""


@dataclass
class WireServer:
    """Runs between ``start`` and ``stop``. With ``dedupes``, a repeated key returns the first message.

    ``arrivals`` is everything that was accepted, in order; ``messages`` what stands now; ``requests`` counts
    all that was asked, looks included.
    """

    plan: Plan = field(default_factory=Plan)
    dedupes: bool = False
    retry_after: float = 0.01
    arrivals: list[Arrival] = field(default_factory=list)
    messages: dict[int, Message] = field(default_factory=dict)
    requests: int = 0
    looks: int = 0
    refuses: set[str] = field(default_factory=set)
    """Lanes that refuse everything."""
    port: int = 0
    most_at_once: int = 0

    def __post_init__(self) -> None:
        self._keys: dict[tuple[str, str], int] = {}
        self._lanes: dict[str, list[Message]] = defaultdict(list)
        self._refused_keys: set[str] = set()
        self._runner: web.AppRunner | None = None
        self._next = 0
        self._at_once = 0
        self._changed = asyncio.Condition()
        self._held = asyncio.Event()
        self._held.set()
        self._hanging: set[asyncio.Event] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/messages", self._change)
        app.router.add_get("/history", self._history)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        assert site._server is not None
        self.port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]

    async def stop(self) -> None:
        self.let_go()
        for hanging in self._hanging:
            hanging.set()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def hold(self) -> None:
        """Answer nothing and accept nothing until `let_go`."""
        self._held.clear()

    def let_go(self) -> None:
        self._held.set()

    def forget_keys(self) -> None:
        """The time in which a repeated key is known is over."""
        self._keys.clear()

    def texts(self, lane: str) -> list[str]:
        """What stands in a lane, in order."""
        return [message.text for message in self.messages.values() if message.lane == lane]

    def posted(self) -> Sequence[Arrival]:
        """Every new message that was ever accepted, in order."""
        return [arrival for arrival in self.arrivals if arrival.verb == "post"]

    async def requested(self, count: int) -> None:
        """Return once so many requests were made in all."""
        async with self._changed, asyncio.timeout(20):
            await self._changed.wait_for(lambda: self.requests >= count)

    async def arrived(self, count: int) -> None:
        """Return once so much was accepted in all."""
        async with self._changed, asyncio.timeout(20):
            await self._changed.wait_for(lambda: len(self.arrivals) >= count)

    async def _note(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _change(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.requests += 1
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            await self._note()
            await self._held.wait()
            return await self._answer(request, body)
        finally:
            self._at_once -= 1

    async def _answer(self, request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        fault = self.plan.next()
        if body["lane"] in self.refuses or body["key"] in self._refused_keys:
            return web.json_response({"error": "forbidden"}, status=403)
        if fault is Fault.REFUSE:
            return web.json_response({"error": "forbidden"}, status=403)
        if fault in (Fault.LATER, Fault.LATER_ALL):
            scope = "all" if fault is Fault.LATER_ALL else "lane"
            headers = {"Retry-After": str(self.retry_after), "X-Scope": scope}
            return web.json_response({"error": "slow down"}, status=429, headers=headers)
        if fault is Fault.FAIL_502:
            return web.Response(status=502)
        if fault is Fault.HANG:
            return await self._hang()
        if fault is Fault.DROP:
            return self._cut(request)
        status, answer = self._accept(body, hidden=1 if fault is Fault.LAG else 0)
        await self._note()
        if fault is Fault.GONE_LATER:
            self._refused_keys.add(body["key"])
            return self._cut(request)
        if fault in LOSES_THE_ANSWER and status == 200:
            if fault is Fault.ACCEPT_502:
                return web.Response(status=502)
            return await self._hang() if fault is Fault.ACCEPT_HANG else self._cut(request)
        return web.json_response(answer, status=status)

    def _accept(self, body: dict[str, Any], hidden: int) -> tuple[int, dict[str, Any]]:
        verb, lane, key, text = body["verb"], body["lane"], body["key"], body.get("text", "")
        if verb == "post":
            known = self._keys.get((lane, key)) if self.dedupes else None
            if known is not None:
                return 200, {"id": str(known)}
            self._next += 1
            message = Message(self._next, lane, key, text, system_ms(), hidden)
            self.messages[self._next] = message
            self._lanes[lane].append(message)
            self._keys[lane, key] = self._next
            self.arrivals.append(Arrival(verb, self._next, lane, key, text))
            return 200, {"id": str(self._next)}
        if verb == "answer":
            number = self._keys.setdefault((lane, "answer"), self._next + 1)
            self._next = max(self._next, number)
            self.messages[number] = Message(number, lane, key, text)
            self.arrivals.append(Arrival(verb, number, lane, key, text))
            return 200, {"id": str(number)}
        number = int(body["target"])
        target = self.messages.get(number)
        if target is None:
            return 404, {"error": "no such message"}
        if verb == "edit":
            target.text = text
        elif verb == "delete":
            del self.messages[number]
        self.arrivals.append(Arrival(verb, number, lane, key, text))
        return 200, {"id": str(number)}

    async def _history(self, request: web.Request) -> web.StreamResponse:
        self.requests += 1
        self.looks += 1
        await self._note()
        await self._held.wait()
        fault = self.plan.next_look()
        if fault is Fault.FAIL_502:
            return web.Response(status=502)
        if fault is Fault.DROP:
            return self._cut(request)
        if fault is Fault.LATER:
            return web.json_response({}, status=429, headers={"Retry-After": str(self.retry_after)})
        since, shown = int(request.query["since"]), []
        for message in self._since(request.query["lane"], since):
            if message.hidden > 0:
                message.hidden -= 1
            else:
                shown.append({"id": str(message.number), "key": message.key})
        return web.json_response({"messages": shown})

    def _since(self, lane: str, since: int) -> Iterator[Message]:
        for message in reversed(self._lanes[lane]):
            if message.at < since:
                return
            if message.number in self.messages:
                yield message

    def _cut(self, request: web.Request) -> web.Response:
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    async def _hang(self) -> web.Response:
        ended = asyncio.Event()
        self._hanging.add(ended)
        try:
            await ended.wait()
        finally:
            self._hanging.discard(ended)
        return web.Response(status=502)
