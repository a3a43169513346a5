"""Scenarios are scripts of say and hear, run over the room in each of its looks: see ``bot.testing``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.testing import Town, town

LOOKS = ("discord", "slack", "plain")


@pytest.fixture(params=LOOKS)
def look(request: pytest.FixtureRequest) -> str:
    """Each platform that the room can look like."""
    return str(request.param)


@pytest_asyncio.fixture
async def shed(tmp_path: Path, look: str) -> AsyncIterator[Town]:
    """A town that is set up and open, in each look."""
    async with town(tmp_path, look=look) as made:
        yield made


@pytest_asyncio.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Town]:
    """A town in one look, for what does not depend on it."""
    async with town(tmp_path) as made:
        yield made
