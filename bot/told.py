"""What whoever leads a space was told needs mending, kept so that a restart does not tell it again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.clock import Clock
from bot.model.ids import Space
from storage.port import Engine
from storage.repos import told


class SpaceTold:
    """Implements ``bot.platforms.base.Told``. All of it raises StorageError."""

    def __init__(self, engine: Engine, clock: Clock, community: Callable[[Space], Awaitable[int]]) -> None:
        self._engine = engine
        self._clock = clock
        self._community = community

    async def of(self, space: Space) -> frozenset[str]:
        community = await self._community(space)
        return frozenset(await self._engine.read(lambda tx: told.of(tx, community, space.key)))

    async def keep(self, space: Space, what: str) -> None:
        community, now = await self._community(space), self._clock.now()
        await self._engine.unit(community, lambda tx: told.keep(tx, community, space.key, what, now))

    async def drop(self, space: Space, what: str) -> None:
        community = await self._community(space)
        await self._engine.unit(community, lambda tx: told.drop(tx, community, space.key, what))
