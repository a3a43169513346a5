"""A whole web app on loopback: real database, real room, real server, and a host that only remembers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from bot.clock import TravelClock, system_ms
from bot.metrics import Metrics
from bot.model.content import Catalog, CommandSpec, Field, Form, Kind, MenuSpec, MenuTarget, Option
from bot.model.events import SpaceSeen
from bot.model.roles import Role
from bot.platforms.local.adapter import LocalPlatform
from bot.platforms.local.room import Room
from bot.platforms.local.seed import plant
from bot.web.app import build
from bot.web.clock_panel import ClockPanel, Coming
from bot.web.sessions import Sessions
from storage.engines import open_engine
from storage.migrate import HOST
from storage.port import Engine
from tests.contracts.platform_contract import Recorder
from tests.engines import migrate

Json = dict[str, Any]
PATIENCE = 10.0

CATALOG = Catalog(
    commands=(
        CommandSpec(
            ("shoutout",),
            "Thank someone in public.",
            (
                Field("to", Kind.MEMBER, "To", "Who helped?"),
                Field("why", Kind.LONG_TEXT, "Why", "What for?"),
                Field(
                    "card",
                    Kind.CHOICE,
                    "Card",
                    required=False,
                    options=(Option("Warm", "warm"), Option("Calm", "calm")),
                ),
            ),
            Role.MEMBER,
            "kindness",
        ),
        CommandSpec(
            ("snippet", "show"),
            "Show one.",
            (Field("id", Kind.REF, "Which", completes=True),),
            Role.MEMBER,
            "k",
        ),
        CommandSpec(("kith-mod", "pause"), "Pause.", (), Role.MODERATOR, "host"),
    ),
    menus=(
        MenuSpec(MenuTarget.MESSAGE, "Thank for this", "thank", Role.MEMBER, "kindness"),
        MenuSpec(MenuTarget.MEMBER, "Give a shout-out", "shout", Role.MEMBER, "kindness"),
    ),
)

FORM = Form(
    "Say thanks",
    "form:thanks",
    (
        Field("to", Kind.MEMBER, "To"),
        Field("why", Kind.LONG_TEXT, "Why", most=50),
        Field("loud", Kind.YES_NO, "Loud", required=False),
        Field(
            "card",
            Kind.CHOICE,
            "Card",
            required=False,
            options=(Option("Warm", "warm"), Option("Calm", "calm")),
        ),
        Field("count", Kind.INTEGER, "How many", required=False),
        Field("where", Kind.CHANNEL, "Where", required=False),
    ),
)
"""Six fields: two pages in the Discord look."""


@dataclass(slots=True)
class Answered:
    """What the server said."""

    status: int
    body: Json
    headers: Mapping[str, str]


@dataclass(slots=True)
class House:
    base: str
    engine: Engine
    sessions: Sessions
    platform: LocalPlatform
    sink: Recorder
    clock: TravelClock
    client: aiohttp.ClientSession
    app: web.Application
    planned: list[Coming] = field(default_factory=list)
    ready: bool = True

    @property
    def room(self) -> Room:
        return self.platform.room

    async def get(self, path: str, **more: Any) -> Answered:
        async with self.client.get(self.base + path, **more) as response:
            return await _answered(response)

    async def post(self, path: str, body: Any = None, **more: Any) -> Answered:
        async with self.client.post(self.base + path, json={} if body is None else body, **more) as response:
            return await _answered(response)

    async def place(self, name: str) -> str:
        return next(place.id for place in self.room.channels if place.name == name)

    @asynccontextmanager
    async def live(self, seat: str, cursor: str = "") -> AsyncIterator[Live]:
        url = f"{self.base}/api/live?as={seat}&cursor={cursor}"
        async with self.client.ws_connect(url) as socket:
            yield Live(socket)


class Live:
    """A live connection, read frame by frame."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def next(self) -> Json:
        frame: Json = await asyncio.wait_for(self.socket.receive_json(), PATIENCE)
        return frame

    async def until(self, kind: str) -> Json:
        while (frame := await self.next())["type"] != kind:
            pass
        return frame


async def _answered(response: aiohttp.ClientResponse) -> Answered:
    is_json = response.content_type == "application/json"
    body = await response.json() if is_json else {"text": await response.text(errors="replace")}
    return Answered(response.status, body, response.headers)


@asynccontextmanager
async def open_house(folder: Path, *, patience: float = 5.0) -> AsyncIterator[House]:
    """Everything up and signed in; everything down at the end."""
    engine = await open_engine(f"sqlite:///{folder / 'kith.db'}")
    await migrate(engine, (HOST,))
    clock = TravelClock()
    room = await Room.open(folder / "room.db", clock.now, plant)
    platform = LocalPlatform(room, patience=patience, first_retry=0.01)
    sink = Recorder()
    sessions = Sessions(engine, "a secret for the tests", system_ms)
    planned: list[Coming] = []

    async def upcoming(most: int) -> Sequence[Coming]:
        return sorted((one for one in planned if one.at > clock.now()), key=lambda one: one.at)[:most]

    async def travel(to: int) -> None:
        clock.move_to(to)

    async def zone() -> str:
        return "Europe/London"

    house: House

    async def is_ready() -> bool:
        return house.ready

    app = build(
        sessions=sessions,
        checks={"storage": is_ready},
        figures=Metrics().page,
        room=platform,
        clock=ClockPanel(clock.now, zone, upcoming, travel),
    )
    runner = web.AppRunner(app, shutdown_timeout=5.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    running = asyncio.create_task(platform.run(sink, CATALOG))
    client = aiohttp.ClientSession()
    try:
        await sink.wait(SpaceSeen)
        house = House(
            f"http://127.0.0.1:{port}", engine, sessions, platform, sink, clock, client, app, planned
        )
        issued = await sessions.enter(sessions.link_code(), "test")
        client.headers["Authorization"] = f"Bearer {issued.token}"
        yield house
    finally:
        await client.close()
        await runner.cleanup()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await room.close()
        await engine.close()
