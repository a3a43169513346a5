"""Who is in a space, compared with who was: joins and departures that nobody told us about.

The first look at a space is a baseline and greets nobody. Members are read in passing, never all held.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, NamedTuple

import structlog

from bot.clock import Clock
from bot.model.events import Event, MemberJoined, MemberLeft
from bot.model.ids import Member, Space
from bot.platforms.base import Platform
from storage.port import Engine, Tx
from storage.repos import members, spaces

BATCH: Final = 400

log = structlog.get_logger(__name__)


class Count(NamedTuple):
    """What a census found."""

    here: int
    joined: int
    left: int


class Census:
    """Takes the census of a space; joins and departures it finds go down the one path as events."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        community: Callable[[Space], Awaitable[int]],
        accept: Callable[[Event], Awaitable[object]],
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._community = community
        self._accept = accept
        self._taken: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    async def taken(self, space: Space) -> None:
        """Return once the census of a space was taken in this run."""
        await self._taken[space.key].wait()

    async def take(self, platform: Platform, space: Space) -> Count:
        """Compare the platform's list of members with ours.

        Raises StorageError, and whatever the platform raises when it can't list them; nothing is lost then.
        """
        community = await self._community(space)
        began = self._clock.now()
        first = await self._engine.read(lambda tx: _is_first(tx, space))
        here = joined = 0
        async for batch in _batches(platform.members(space)):
            here += len(batch)
            fresh = await self._record(community, space, batch, began, baseline=first)
            joined += len(fresh)
            for member in fresh:
                await self._accept(
                    MemberJoined(
                        id=f"census:{member.key}:{began}",
                        space=space,
                        at=began,
                        member=member,
                    )
                )
        gone = await self._gone(community, space, began)
        for member in gone:
            await self._accept(
                MemberLeft(id=f"census:{member.key}:{began}", space=space, at=began, member=member)
            )
        if first:
            await self._engine.unit(community, lambda tx: spaces.baselined(tx, space.key, began))
        tell = log.info if joined or gone else log.debug
        tell("census", space=space.key, here=here, joined=joined, left=len(gone), baseline=first)
        self._taken[space.key].set()
        return Count(here, joined, len(gone))

    async def _record(
        self, community: int, space: Space, batch: list[Member], began: int, *, baseline: bool
    ) -> list[Member]:
        """Mark a batch as here: those who are new, unless this is the baseline."""

        async def work(tx: Tx) -> list[Member]:
            fresh = []
            for member in batch:
                if await members.still_here(tx, member.key, began):
                    continue
                if not baseline:
                    fresh.append(member)
                    continue
                await members.see(
                    tx,
                    community=community,
                    space=space.key,
                    key=member.key,
                    name=member.name,
                    bot=member.bot,
                    now=began,
                )
                await members.returned(tx, member.key, began)
            return fresh

        return await self._engine.unit(community, work)

    async def _gone(self, community: int, space: Space, began: int) -> list[Member]:
        """Those known to be here whom this census has not met."""

        async def work(tx: Tx) -> list[Member]:
            rows = await members.unseen(tx, community, space.key, began)
            return [Member.of(row["key"], row["name"], bot=bool(row["bot"])) for row in rows]

        return await self._engine.read(work)


async def _is_first(tx: Tx, space: Space) -> bool:
    row = await spaces.get(tx, space.key)
    return row is None or row["baseline_at"] is None


async def _batches(people: AsyncIterator[Member]) -> AsyncIterator[list[Member]]:
    batch: list[Member] = []
    async for member in people:
        batch.append(member)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
