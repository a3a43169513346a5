"""Discord is held to the platform contract, against the fake server."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.contracts.platform_contract import PlatformContract
from tests.discord.town import Town, town


@pytest_asyncio.fixture
async def stage() -> AsyncIterator[Town]:
    async with town() as made:
        yield made
        assert made.fake.crashes == []


class TestDiscordPlatform(PlatformContract):
    pass
