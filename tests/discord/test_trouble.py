"""When Discord, or something in its place, answers what nobody expects, and when it lets nobody in."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.model.content import Catalog
from bot.model.events import MemberJoined, SpaceSeen
from bot.platforms.discord import adapter, gateway
from tests.discord.town import CATALOG, Town
from tests.fakes.discord import FakeDiscord


@pytest.mark.parametrize(
    "route",
    ["GET /applications/@me", "GET /users/@me", "GET /gateway/bot", "GET /applications/*/commands"],
)
@pytest.mark.parametrize("text", ["<html>Sign in to this network</html>", "{}", "null"])
async def test_what_answers_in_discords_place_is_waited_out(route: str, text: str) -> None:
    async with FakeDiscord() as fake:
        made = Town(fake)
        asked = fake.faults.page(route, 200, text, "text/html" if "<" in text else "application/json")
        try:
            await made.start()
            await fake.until(lambda: fake.world.commands.all(), 10)
            assert asked.hits == 1
        finally:
            await made.stop()


class Waits:
    """Notes how long is waited, and waits for nothing but what a test lets pass."""

    def __init__(self) -> None:
        self.told: list[float] = []
        self.come = asyncio.Event()
        self.go = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        self.told.append(seconds)
        self.come.set()
        await self.go.wait()


async def until_it_waits(made: Town, monkeypatch: pytest.MonkeyPatch) -> float:
    """Seconds that the platform waits before it tries again; it goes on afterwards."""
    waits = Waits()
    monkeypatch.setattr(adapter, "_pause", waits)
    running = asyncio.create_task(made.platform.run(made.sink, CATALOG))
    try:
        async with asyncio.timeout(10):
            await waits.come.wait()
        requests = len(made.fake.requests)
        waits.go.set()
        await made.fake.until(lambda: len(made.fake.requests) > requests, 10)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    return waits.told[0]


async def test_who_is_shut_out_asks_no_more_until_it_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    async with FakeDiscord() as fake:
        made = Town(fake)
        fake.faults.page("GET /applications/@me", 429, "error code: 1015")
        assert await until_it_waits(made, monkeypatch) == 600
        await made.stop()


async def test_no_session_is_begun_where_discord_allows_none(monkeypatch: pytest.MonkeyPatch) -> None:
    async with FakeDiscord(session_starts=0) as fake:
        made = Town(fake)
        token = fake.token
        assert await until_it_waits(made, monkeypatch) > 80_000
        assert fake.token == token
        assert fake.gateway.identifies == 0
        await made.stop()


async def test_no_session_is_begun_anew_where_discord_allows_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = Waits()
    monkeypatch.setattr(adapter, "_pause", waits)
    # discord.py's thread for heartbeats outlives a session that could not be begun, until its next one
    async with FakeDiscord(session_starts=1, heartbeat_interval=86_400) as fake:
        made = Town(fake)
        token = fake.token
        await made.start()
        fake.gateway.invalidate()
        async with asyncio.timeout(10):
            await waits.come.wait()
        assert waits.told[0] > 80_000
        assert fake.token == token
        await made.stop()


def test_sessions_that_end_at_once_are_begun_ever_more_slowly() -> None:
    now = 0.0
    starts = gateway.Starts({"remaining": 9, "reset_after": 1_000}, lambda: now)
    assert [starts.begin(0) for _ in range(5)] == [5, 5, 10, 20, 30]
    assert starts.begin(1) == 5
    now = 0.5
    starts.check(3)
    with pytest.raises(gateway.StartsUsedUp) as used_up:
        starts.check(4)
    assert used_up.value.seconds == 0.5
    now = 200.0
    starts.check(4)
    assert starts.begin(0) == 5


async def test_a_session_begun_anew_is_begun_where_the_first_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the address of the API alone is configured, the gateway is the one that it names."""

    async def at_once(self: Any, shard_id: int | None, *, initial: bool = False) -> None:
        return

    monkeypatch.setattr(gateway.Connection, "before_identify_hook", at_once)
    async with FakeDiscord() as fake:
        made = Town(fake, own_gateway=False)
        await made.start()
        fake.gateway.invalidate()
        await fake.until(lambda: fake.gateway.identifies == 2, 10)
        await made.join("Kim")
        await made.sink.wait(MemberJoined, lambda event: event.member.name == "Kim")
        await made.stop()


async def test_a_gateway_that_tells_no_limit_is_used() -> None:
    async with FakeDiscord() as fake:
        made = Town(fake, Catalog())
        fake.faults.page("GET /gateway/bot", 200, f'{{"url": "{fake.gateway_url}"}}', "application/json")
        await made.start()
        assert await made.sink.wait(SpaceSeen)
        await made.stop()


async def test_commands_are_registered_once_discord_can(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was tried for half a minute, and never again until the next start."""
    waits = Waits()
    monkeypatch.setattr(adapter, "_pause", waits)
    async with FakeDiscord() as fake:
        made = Town(fake)
        fake.faults.refuse("PUT /applications/*/commands", 429, 0, "retry after an hour")
        fake.faults.limit("PUT /applications/*/commands", retry_after=3_600)
        await made.start()
        async with asyncio.timeout(10):
            await waits.come.wait()
        waits.go.set()
        await fake.until(lambda: fake.world.commands.all(), 10)
        assert waits.told[0] >= 60
        await made.stop()


async def test_a_command_that_is_not_ours_stays() -> None:
    async with FakeDiscord() as fake:
        launch = {"type": 4, "name": "launch", "description": "", "handler": 2, "contexts": [0, 1]}
        fake.world.commands.put(None, launch)
        for _ in range(2):
            made = Town(fake)
            await made.start()
            await fake.until(lambda: len(fake.world.commands.all()) == 2, 10)
            await fake.until(lambda: len(fake.sent("GET /applications/*/commands")) > 0, 10)
            await made.stop()
        assert {command.name for command in fake.world.commands.all()} == {"launch", "ping"}
        assert len(fake.sent("PUT /applications/*/commands")) == 1
        assert fake.refusals == []
