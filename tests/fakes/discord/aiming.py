"""Pointing discord.py at a fake, and running a client there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import discord
import yarl
from discord.asset import Asset
from discord.gateway import DiscordWebSocket
from discord.http import Route

from .server import FakeDiscord


@contextmanager
def aimed_at(fake: FakeDiscord) -> Iterator[None]:
    """Inside the block every discord.py client of this process talks to `fake`.

    discord.py keeps its addresses in class attributes, so there is one fake at a time per process.
    """
    aims: list[tuple[Any, str, Any]] = [
        (Route, "BASE", fake.api_url),
        (DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(fake.gateway_url)),
        (Asset, "BASE", fake.cdn_url),
    ]
    before = [getattr(owner, name) for owner, name, _ in aims]
    for owner, name, value in aims:
        setattr(owner, name, value)
    try:
        yield
    finally:
        for (owner, name, _), value in zip(aims, before, strict=True):
            setattr(owner, name, value)


def uncached(intents: discord.Intents | None = None, **options: Any) -> dict[str, Any]:
    """Options for a client that remembers no members and no messages and waits for nothing at start."""
    wanted = intents or discord.Intents(
        guilds=True,
        members=True,
        message_content=True,
        messages=True,
        reactions=True,
    )
    return {
        "intents": wanted,
        "max_messages": None,
        "member_cache_flags": discord.MemberCacheFlags.none(),
        "chunk_guilds_at_startup": False,
        "guild_ready_timeout": 0.0,
        "enable_debug_events": True,
    } | options


@asynccontextmanager
async def running(client: discord.Client, fake: FakeDiscord) -> AsyncIterator[asyncio.Task[None]]:
    """Run a client against `fake` inside the block, from `on_ready` on; yields its task.

    An error that ends the client before that is raised here.
    """
    with aimed_at(fake):
        async with client:
            task = asyncio.create_task(client.start(fake.token))
            ready = asyncio.create_task(client.wait_until_ready())
            try:
                await asyncio.wait([task, ready], timeout=10, return_when=asyncio.FIRST_COMPLETED)
                if task.done():
                    task.result()
                yield task
            finally:
                ready.cancel()
        with suppress(asyncio.CancelledError, discord.DiscordException):
            await task
