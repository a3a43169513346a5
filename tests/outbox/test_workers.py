"""Several processes on one database: one sender at a time, and what the others add goes out too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot.outbox import Timing
from storage import open_engine
from storage.migrate import HOST
from storage.port import Engine
from tests.engines import PostgresServer
from tests.fakes.wire import WireServer
from tests.outbox.world import Make, World, channel, post, wire_limits

BRIEF = Timing(lease=1_000, attempt=200, backoff=2, backoff_most=20, role=300, poll=10)


@pytest_asyncio.fixture
async def engines(postgres: PostgresServer) -> AsyncIterator[list[Engine]]:
    url = await postgres.fresh((HOST,))
    opened = [await open_engine(url, worker=number) for number in range(3)]
    yield opened
    for engine in opened:
        await engine.close()


@pytest.fixture
def dialect() -> str:
    return "sqlite"  # what `make` opens by itself; these tests bring their own engines


async def many(make: Make, engines: list[Engine]) -> list[World]:
    shared = {"settled": [], "moved": asyncio.Condition(), "limits": wire_limits(find_delay=20)}
    worlds = [
        await make(engine=engine, number=number, timing=BRIEF, **shared)
        for number, engine in enumerate(engines)
    ]
    for world in worlds:
        await world.start()
    return worlds


async def test_what_every_worker_adds_goes_out_once_and_in_order(
    make: Make, engines: list[Engine], server: WireServer
) -> None:
    worlds = await many(make, engines)
    for number in range(30):
        await worlds[number % 3].say(post(f"k{number}", channel(str(number % 2))))
    await asyncio.wait_for(server.arrived(30), 20)
    for lane in range(2):
        expected = [f"k{number}" for number in range(lane, 30, 2)]
        assert worlds[0].texts(channel(str(lane))) == expected


async def test_another_worker_goes_on_when_the_sender_leaves(
    make: Make, engines: list[Engine], server: WireServer
) -> None:
    worlds = await many(make, engines)
    await worlds[1].say(post("k0"))
    await server.arrived(1)
    await worlds[0].stop()
    await worlds[1].say(post("k1"))
    await server.arrived(2)
    assert worlds[1].texts() == ["k0", "k1"]


async def test_a_sender_that_lost_its_role_stops_and_what_it_held_is_looked_into(
    make: Make, engines: list[Engine], server: WireServer
) -> None:
    worlds = await many(make, engines)
    await worlds[0].say(post("k0"))
    await server.arrived(1)
    server.hold()
    await worlds[0].say(post("k1"), post("k2"))
    await server.requested(2)

    # as if it had been frozen for longer than its role lasts: another one takes over
    await worlds[0].unit(
        lambda tx: tx.run("UPDATE role SET until = 0 WHERE name = 'sender:wire' AND holder = 'worker-0'")
    )
    await worlds[0].until(lambda: ("k1", "uncertain") in worlds[0].settled)
    server.let_go()
    await server.arrived(3)
    assert worlds[1].texts() == ["k0", "k1", "k2"]


async def test_a_crashed_worker_has_its_role_back_at_once(make: Make, server: WireServer) -> None:
    hour = Timing(lease=5_000, attempt=1_000, backoff=2, backoff_most=20, role=3_600_000)
    world = await make(timing=hour, limits=wire_limits(find_delay=5))
    await world.start()
    await world.say(post("k0"))
    await world.idle()
    await world.crash()
    world.renew()
    await world.start()
    await world.say(post("k1"))
    await world.idle()
    assert world.texts() == ["k0", "k1"]
