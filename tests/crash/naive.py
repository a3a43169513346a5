"""Two outboxes as one would write them at first. They show that the checker can fail."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress

from bot import codec
from bot.model.outgoing import Post
from bot.outbox import Draft, Staged
from bot.platforms.base import DeliveryError, Platform
from storage.port import Engine, Row, Tx

TABLE = """
CREATE TABLE naive (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL, lane TEXT NOT NULL, body TEXT NOT NULL, sent BIGINT NOT NULL
)
"""


class SendThenMark:
    """Sends, then marks as sent; sends again when in doubt. Repeats."""

    def __init__(self, engine: Engine, platform: Platform) -> None:
        self._engine = engine
        self._platform = platform
        self._added = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def add(self, tx: Tx, drafts: Iterable[Draft]) -> Staged:
        for draft in drafts:
            if isinstance(draft.out, Post):
                await tx.run(
                    "INSERT INTO naive (key, lane, body, sent) VALUES (:key, :lane, :body, 0)",
                    {"key": draft.out.key, "lane": draft.out.to.lane, "body": codec.dumps(draft.out)},
                )
        return Staged()

    def committed(self, staged: Staged) -> None:
        self._added.set()

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self, deadline: float = 10.0) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def idle(self) -> None:
        await self.stop()
        while (row := await self._next()) is not None:
            await self._deliver(row)

    async def _run(self) -> None:
        while True:
            self._added.clear()
            while (row := await self._next()) is not None:
                await self._deliver(row)
            await self._added.wait()

    async def _deliver(self, row: Row) -> None:
        try:
            async with asyncio.timeout(1):
                await self._platform.deliver(codec.loads(row["body"]))
        except (DeliveryError, TimeoutError):
            return
        await self._mark(row)

    async def _next(self) -> Row | None:
        return await self._engine.read(
            lambda tx: tx.one("SELECT * FROM naive WHERE sent = 0 ORDER BY id LIMIT 1")
        )

    async def _mark(self, row: Row) -> None:
        number = row["id"]
        await self._engine.unit(
            1, lambda tx: tx.run("UPDATE naive SET sent = 1 WHERE id = :id", {"id": number})
        )


class MarkThenSend(SendThenMark):
    """Marks as sent, then sends; never again. Loses."""

    async def _deliver(self, row: Row) -> None:
        await self._mark(row)
        with suppress(DeliveryError, TimeoutError):
            async with asyncio.timeout(1):
                await self._platform.deliver(codec.loads(row["body"]))
