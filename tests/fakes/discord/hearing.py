"""A discord.py client that keeps everything it was told, for tests of the fake itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import discord

from .aiming import uncached


class Heard(discord.Client):
    """Remembers each dispatched event with its first argument. Keeps no caches."""

    def __init__(self, **options: Any) -> None:
        self.events: list[tuple[str, Any]] = []
        self._news: set[asyncio.Future[None]] = set()
        super().__init__(**uncached(**options))

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        self.events.append((event, args[0] if args else None))
        for future in self._news:
            if not future.done():
                future.set_result(None)
        super().dispatch(event, *args, **kwargs)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Without the five seconds that discord.py waits before it identifies again."""

    def of(self, event: str) -> list[Any]:
        """The first arguments of every such event so far."""
        return [thing for name, thing in self.events if name == event]

    async def hears(self, event: str, count: int = 1, within: float = 5.0) -> list[Any]:
        """Wait for the `count`-th such event; returns all of them."""
        return await self._until(lambda: self.of(event), count, within)

    async def hears_raw(self, event: str, count: int = 1, within: float = 5.0) -> list[Any]:
        """The data of gateway dispatches by their own name, such as GUILD_MEMBER_UPDATE."""

        def found() -> list[Any]:
            payloads = [json.loads(raw) for raw in self.of("socket_raw_receive")]
            return [payload["d"] for payload in payloads if payload["t"] == event]

        return await self._until(found, count, within)

    async def _until(self, find: Callable[[], list[Any]], count: int, within: float) -> list[Any]:
        async with asyncio.timeout(within):
            while len(found := find()) < count:
                future = asyncio.get_running_loop().create_future()
                self._news.add(future)
                try:
                    await future
                finally:
                    self._news.discard(future)
        return found
