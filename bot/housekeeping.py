"""Throws away what has served its time, a little at a time."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from bot.clock import Clock
from storage.errors import StorageError
from storage.port import Engine, Tx
from storage.repos import attention, book, drafts, marks
from storage.repos import outbox as outbox_rows

DAY: Final = 86_400_000
MARKS_DAYS: Final = 7
"""Platforms repeat an event for a day at the longest."""
OUTBOX_DAYS: Final = 90
ATTENTION_DAYS: Final = 8
FAILURES_DAYS: Final = 30
DRAFTS_DAYS: Final = 2
EVERY_SECONDS: Final = 3_600

log = structlog.get_logger(__name__)


async def keep_house(engine: Engine, clock: Clock) -> None:
    """Tidy once an hour until cancelled."""
    while True:
        try:
            await tidy(engine, clock.now())
        except StorageError as error:
            log.warning("not_tidied", error=str(error))
        await asyncio.sleep(EVERY_SECONDS)


async def tidy(engine: Engine, now: int) -> None:
    """Throw away everything that is past its time. Raises StorageError."""
    while await engine.unit(0, lambda tx: marks.prune(tx, now - MARKS_DAYS * DAY)):
        pass
    while await engine.unit(0, lambda tx: outbox_rows.prune(tx, now - OUTBOX_DAYS * DAY)):
        pass
    await engine.unit(0, lambda tx: _small_things(tx, now))


async def _small_things(tx: Tx, now: int) -> None:
    await attention.prune(tx, now - ATTENTION_DAYS * DAY)
    await book.prune_failures(tx, now - FAILURES_DAYS * DAY)
    await drafts.prune(tx, now - DRAFTS_DAYS * DAY)
