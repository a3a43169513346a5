"""A server, and worlds around it that are taken down in the end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from storage.port import Engine
from tests.fakes.wire import WireServer
from tests.outbox.world import Make, World


@pytest_asyncio.fixture
async def server() -> AsyncIterator[WireServer]:
    running = WireServer()
    await running.start()
    yield running
    await running.stop()


@pytest_asyncio.fixture
async def make(host_engine: Engine, server: WireServer) -> AsyncIterator[Make]:
    """Makes a world that is not started yet."""
    worlds: list[World] = []

    async def made(**given: Any) -> World:
        worlds.append(World(given.pop("engine", host_engine), server, **given))
        return worlds[-1]

    yield made
    for world in worlds:
        await world.stop()


@pytest_asyncio.fixture
async def world(make: Make) -> World:
    """A world whose outbox runs."""
    made = await make()
    await made.start()
    await made.idle()
    return made
