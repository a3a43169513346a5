"""Hands events over to the host until they are stored, those of one server in their order."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Final

import structlog

from bot.model.events import Event, MessagePosted, MessageRemoved, ReactionAdded, ReactionRemoved
from bot.platforms.background import Background
from bot.platforms.base import Sink

WAITING_MOST: Final = 50_000
"""Events that wait to be stored at most; beyond, what people say is passed over."""
AT_ONCE: Final = 24
"""Events that are being stored at once. More would stand in the way of whoever uses a command meanwhile, and
fill the outbox faster than it empties, which costs more than adding to one that keeps pace."""
_LONGEST_PAUSE: Final = 10.0
_MAY_BE_MISSED: Final = (MessagePosted, MessageRemoved, ReactionAdded, ReactionRemoved)

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Repair:
    """The events of one server that could not be stored at once, in a row."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0


class Pump:
    """``first_retry``: seconds until an event is handed over again; twice as long each time."""

    def __init__(self, first_retry: float = 0.5) -> None:
        self._first_retry = first_retry
        self._work = Background()
        self._repairs: dict[str, _Repair] = {}
        self._missed = 0
        self._room = asyncio.Semaphore(AT_ONCE)

    def hand(self, sink: Sink, event: Event) -> None:
        """Hand an event over; it is stored some time later."""
        if len(self._work) >= WAITING_MOST and isinstance(event, _MAY_BE_MISSED):
            if not self._missed % 1_000:
                log.error("too_much_at_once", passed_over=self._missed + 1)
            self._missed += 1
            return
        self._work.start(self._hand(sink, event))

    async def idle(self) -> None:
        """Return once all that was handed over is stored."""
        await self._work.idle()

    async def close(self) -> None:
        await self._work.close()

    async def _hand(self, sink: Sink, event: Event) -> None:
        repair = self._repairs.get(event.space.key)
        if repair is None:
            try:
                async with self._room:
                    await sink.accept(event)
                return
            except Exception as error:
                log.warning("not_stored_yet", happening=event.id, error=str(error))
        await self._repair(sink, event, tried=repair is None)

    async def _repair(self, sink: Sink, event: Event, *, tried: bool) -> None:
        """One after the other, as long as the storage does not take them."""
        space = event.space.key
        repair = self._repairs.setdefault(space, _Repair())
        repair.waiting += 1
        pause = self._first_retry
        async with repair.lock:
            while True:
                if tried:
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, _LONGEST_PAUSE)
                tried = True
                try:
                    await sink.accept(event)
                    break
                except Exception as error:
                    log.warning("not_stored_yet", happening=event.id, error=str(error))
            repair.waiting -= 1
            if not repair.waiting:
                del self._repairs[space]
