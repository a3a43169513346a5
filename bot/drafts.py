"""Forms that are filled in over several steps, kept so that a restart loses nothing of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import structlog

from bot import codec
from bot.clock import Clock
from bot.model.content import Form
from bot.model.events import Raw
from bot.model.ids import Member, Space
from storage.port import Engine, Tx
from storage.repos import drafts

log = structlog.get_logger(__name__)


class FormDrafts:
    """Implements ``bot.platforms.base.Drafts``. All of it raises StorageError."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        community: Callable[[Space], Awaitable[int]],
        new_id: Callable[[], int],
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._community = community
        self._new_id = new_id

    async def keep(self, who: Member, form: Form, values: Mapping[str, Raw], draft: int | None = None) -> int:
        community = await self._community(Space.of(who.space))
        body = codec.dumps((form, tuple(values.items())))
        fresh, now = self._new_id(), self._clock.now()

        async def add(tx: Tx) -> int:
            await drafts.add(
                tx, id=fresh, community=community, space=who.space, member=who.key, body=body, now=now
            )
            return fresh

        async def change(tx: Tx) -> int:
            assert draft is not None
            await drafts.change(tx, community, draft, who.key, body)
            return draft

        return await self._engine.unit(community, add if draft is None else change)

    async def get(self, who: Member, draft: int) -> tuple[Form, dict[str, Raw]] | None:
        community = await self._community(Space.of(who.space))
        body = await self._engine.read(lambda tx: drafts.get(tx, community, draft, who.key))
        if body is None:
            return None
        try:
            match codec.loads(body):
                case (Form() as form, tuple() as values):
                    return form, {str(name): value for name, value in values}
        except (TypeError, ValueError) as error:  # another version wrote it
            log.warning("draft_unreadable", error=str(error))
        return None

    async def drop(self, who: Member, draft: int) -> None:
        community = await self._community(Space.of(who.space))
        await self._engine.unit(community, lambda tx: drafts.drop(tx, community, draft, who.key))
