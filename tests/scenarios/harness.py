"""Scenarios are scripts of say and hear, played in the built-in room, on Discord and on Slack.

The room wears the look of each platform in turn; Discord and Slack are fake servers, reached through the
real discord.py and slack-bolt.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest
import pytest_asyncio

from bot.clock import TravelClock
from bot.testing import BUILT_IN, MONDAY, USUAL, RoomTown, Town, town
from bot.testing.room import standing
from tests.scenarios.discord_town import on_discord
from tests.scenarios.slack_town import on_slack

LOOKS = ("room-discord", "room-slack", "room-plain")
SERVERS = ("discord", "slack")


class Towns(Protocol):
    """One place in which Kith is started; a second time it goes on where it was stopped."""

    def __call__(
        self,
        *,
        cogs: Sequence[str] = BUILT_IN,
        settings: Mapping[str, Mapping[str, Any]] = USUAL,
        is_open: bool = True,
        clock: TravelClock | None = None,
        database: str | None = None,
    ) -> AbstractAsyncContextManager[Town]:
        """A Kith at work, as `bot.testing.town` makes it."""
        ...

    async def arrives(self, name: str) -> None:
        """Somebody comes in while nobody serves."""
        ...


class RoomTowns:
    """The built-in room in one look."""

    def __init__(self, folder: Path, look: str) -> None:
        self._folder = folder
        self._look = look

    def __call__(self, **options: Any) -> AbstractAsyncContextManager[RoomTown]:
        return town(self._folder, look=self._look, **options)

    async def arrives(self, name: str) -> None:
        async with standing(self._folder, TravelClock(base=lambda: MONDAY)) as room:
            room.join(name)
            await room.saved()


@asynccontextmanager
async def opened(where: str, folder: Path) -> AsyncIterator[Towns]:
    """One of the places that scenarios are played in."""
    if where == "discord":
        async with on_discord(folder) as discord:
            yield discord
    elif where == "slack":
        async with on_slack(folder) as slack:
            yield slack
    else:
        yield RoomTowns(folder, where.removeprefix("room-"))


def places(metafunc: pytest.Metafunc) -> list[str]:
    """Where a test is played: everywhere, or in one look only where it does not depend on that."""
    looks = LOOKS[:1] if "hall" in metafunc.fixturenames or _marks(metafunc, "one_look") else LOOKS
    left_out: set[str] = set()
    for mark in _marks(metafunc, "not_on"):
        where, why = mark.args[0], mark.kwargs.get("why", "")
        if where not in (*LOOKS, *SERVERS) or not why:
            raise pytest.UsageError(f"{metafunc.function.__name__}: not_on names a place and says why.")
        left_out.add(where)
    return [where for where in (*looks, *SERVERS) if where not in left_out]


def _marks(metafunc: pytest.Metafunc, name: str) -> list[pytest.Mark]:
    return list(metafunc.definition.iter_markers(name))


@pytest_asyncio.fixture
async def towns(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Towns]:
    """Where the scenario is played, with nobody serving yet."""
    async with opened(request.param, tmp_path) as found:
        yield found


@pytest_asyncio.fixture
async def shed(towns: Towns) -> AsyncIterator[Town]:
    """A town that is set up and open, in every place and look."""
    async with towns() as made:
        yield made


@pytest_asyncio.fixture
async def hall(towns: Towns) -> AsyncIterator[Town]:
    """The same in every place, in one look, for what does not depend on that."""
    async with towns() as made:
        yield made


@pytest_asyncio.fixture
async def room(tmp_path: Path) -> AsyncIterator[RoomTown]:
    """The built-in room, for what is handed to the host past any platform."""
    async with town(tmp_path) as made:
        yield made
