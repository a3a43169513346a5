"""A Discord of its own for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.fakes.discord import FakeDiscord


@pytest.fixture
async def d() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord() as fake:
        yield fake
