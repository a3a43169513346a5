"""The room's file: small documents in SQLite, written in groups, a commit for all that waits."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import suppress
from pathlib import Path

import aiosqlite

_VERSION = 1
_RETRY = 0.5
"""Seconds until what could not be written is tried again."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS item (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (kind, id)
) WITHOUT ROWID;
"""

Body = str | bytes


class JournalError(Exception):
    """The room's file can't be used; the message says what to do about it."""


class NotSaved(Exception):
    """The disk took it not. It is kept in memory and tried again until it is saved."""


class Journal:
    """Documents by kind and id. ``put`` and ``drop`` take effect at once, ``saved`` waits for the disk."""

    def __init__(self, db: aiosqlite.Connection) -> None:
        self._db = db
        self._dirty: dict[tuple[str, str], Body | None] = {}
        self._changes = 0
        self._written = 0
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._wake = asyncio.Event()
        self._closing = False
        self._writer = asyncio.create_task(self._write_all(), name="room journal")

    @classmethod
    async def open(cls, path: Path) -> Journal:
        """Open or make the file. Raises JournalError where it is damaged, newer, or not to be opened."""
        with suppress(OSError):  # SQLite says what is wrong
            await asyncio.to_thread(path.touch, 0o600, exist_ok=False)
        db = aiosqlite.connect(path)
        try:
            await db
        except sqlite3.Error as error:
            # aiosqlite stops its thread without waiting; the loop must outlive that thread's last word.
            await asyncio.to_thread(db._thread.join)
            raise JournalError(f"The room's file {path.name} can't be opened ({error}).") from error
        try:
            await _prepare(db, path)
        except BaseException:
            await db.close()
            raise
        return cls(db)

    async def load(self, kind: str) -> dict[str, Body]:
        """All documents of a kind as they were last saved."""
        rows = await self._db.execute_fetchall("SELECT id, body FROM item WHERE kind = ?", (kind,))
        return {str(row[0]): row[1] for row in rows}

    def put(self, kind: str, ident: str, body: Body) -> None:
        self._change(kind, ident, body)

    def drop(self, kind: str, ident: str) -> None:
        self._change(kind, ident, None)

    async def saved(self) -> None:
        """Returns once everything so far is on the disk. Raises NotSaved when it could not be written."""
        if self._written >= self._changes:
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((self._changes, done))
        await done

    async def close(self) -> None:
        """Write what is left, as far as the disk takes it, and let go of the file."""
        self._closing = True
        self._wake.set()
        try:
            await self._writer
        finally:
            await self._db.close()

    def _change(self, kind: str, ident: str, body: Body | None) -> None:
        self._dirty[kind, ident] = body
        self._changes += 1
        self._wake.set()

    async def _write_all(self) -> None:
        while True:
            if self._written >= self._changes:
                if self._closing:
                    return
                await self._wake.wait()
            self._wake.clear()
            taken, self._dirty = self._dirty, {}
            upto = self._changes
            try:
                await self._write(taken)
            except sqlite3.Error as error:
                self._dirty = taken | self._dirty
                self._settle(upto, str(error))
                if self._closing:
                    return
                await self._pause()
            else:
                self._written = upto
                self._settle(upto, None)

    async def _pause(self) -> None:
        """Waits a moment before the next attempt, unless the room closes."""
        deadline = asyncio.get_running_loop().time() + _RETRY
        while not self._closing:
            try:
                async with asyncio.timeout_at(deadline):
                    await self._wake.wait()
            except TimeoutError:
                return
            self._wake.clear()

    async def _write(self, taken: dict[tuple[str, str], Body | None]) -> None:
        puts = [(kind, ident, body) for (kind, ident), body in taken.items() if body is not None]
        drops = [key for key, body in taken.items() if body is None]
        try:
            if puts:
                await self._db.executemany("INSERT OR REPLACE INTO item VALUES (?, ?, ?)", puts)
            if drops:
                await self._db.executemany("DELETE FROM item WHERE kind = ? AND id = ?", drops)
            await self._db.commit()
        except sqlite3.Error:
            await self._db.rollback()
            raise

    def _settle(self, upto: int, failure: str | None) -> None:
        ready = [done for wanted, done in self._waiting if wanted <= upto]
        self._waiting = [item for item in self._waiting if item[0] > upto]
        for done in [done for done in ready if not done.done()]:
            if failure is None:
                done.set_result(None)
            else:
                done.set_exception(NotSaved(failure))


async def _prepare(db: aiosqlite.Connection, path: Path) -> None:
    try:
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "busy_timeout = 5000"):
            await db.execute(f"PRAGMA {pragma}")
        async with db.execute("PRAGMA user_version") as cursor:
            row = await cursor.fetchone()
        version = int(row[0]) if row else 0
        if version > _VERSION:
            raise JournalError(
                f"The room's file {path.name} was written by a newer Kith. Update Kith, or begin a fresh "
                "room with --fresh."
            )
        await db.executescript(_SCHEMA)
        await db.execute(f"PRAGMA user_version = {_VERSION}")
        await db.commit()
    except sqlite3.Error as error:
        raise JournalError(
            f"The room's file {path.name} can't be read ({error}). Restore a backup, or begin a fresh room "
            "with --fresh."
        ) from error
