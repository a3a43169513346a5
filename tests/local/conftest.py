"""A seeded room with a host that only remembers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest_asyncio

from bot.model.events import SpaceSeen
from bot.platforms.local.adapter import LocalPlatform
from bot.platforms.local.room import BOT_ID, Room
from bot.platforms.local.seed import plant
from tests.contracts.platform_contract import Recorder
from tests.local.talk import text_of
from tests.web.house import CATALOG


@dataclass(slots=True)
class Shed:
    platform: LocalPlatform
    sink: Recorder

    @property
    def room(self) -> Room:
        return self.platform.room

    def direct(self, seat: str) -> str:
        """The conversation of somebody with the bot."""
        return self.room.direct(seat, BOT_ID).id

    def heard(self, seat: str) -> list[str]:
        """What the bot said to somebody in private."""
        messages = self.room.history.in_place(self.direct(seat))
        return [text_of(message) for message in messages if message.author == BOT_ID]


@pytest_asyncio.fixture
async def shed(tmp_path: Path) -> AsyncIterator[Shed]:
    room = await Room.open(tmp_path / "room.db", lambda: 1_800_000_000_000, plant)
    platform = LocalPlatform(room, first_retry=0.01)
    sink = Recorder()
    running = asyncio.create_task(platform.run(sink, CATALOG))
    try:
        await sink.wait(SpaceSeen)
        yield Shed(platform, sink)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await room.close()
