"""The pump from the gateway to the host: in order, a few at a time, and nothing lost to a failing storage."""

from __future__ import annotations

import asyncio

from bot.model.content import Form
from bot.model.events import Event
from bot.model.ids import Space
from bot.platforms.discord.pump import AT_ONCE, Pump

SPACE = Space("discord", "1")


class Storage:
    """Takes events once it is let; ``failures`` of them only when they come again."""

    def __init__(self, failures: int = 0) -> None:
        self.open = asyncio.Event()
        self.full = asyncio.Event()
        self.stored: list[str] = []
        self.inside = self.most = 0
        self._failures = failures

    async def accept(self, event: Event) -> Form | None:
        self.inside += 1
        self.most = max(self.most, self.inside)
        if self.inside == AT_ONCE:
            self.full.set()
        try:
            await self.open.wait()
            if self._failures:
                self._failures -= 1
                raise OSError("the disk is full")
        finally:
            self.inside -= 1
        self.stored.append(event.id)
        return None


async def test_a_burst_is_stored_in_its_order_a_few_at_a_time() -> None:
    storage, pump = Storage(), Pump()
    ids = [str(number) for number in range(10 * AT_ONCE)]
    for ident in ids:
        pump.hand(storage, Event(id=ident, space=SPACE, at=0))
    await asyncio.wait_for(storage.full.wait(), 10)
    storage.open.set()
    await asyncio.wait_for(pump.idle(), 10)
    assert storage.stored == ids
    assert storage.most == AT_ONCE


async def test_what_a_storage_refuses_comes_again_and_leaves_its_room_to_others() -> None:
    storage, pump = Storage(failures=AT_ONCE), Pump(first_retry=0.001)
    ids = [str(number) for number in range(3 * AT_ONCE)]
    for ident in ids:
        pump.hand(storage, Event(id=ident, space=Space("discord", ident), at=0))
    storage.open.set()
    await asyncio.wait_for(pump.idle(), 10)
    assert sorted(storage.stored) == sorted(ids)
