"""The SQLite engine: one writer with group commit, readers as they are needed, a lock beside the file."""

import asyncio
import logging
import os
import sqlite3
from collections.abc import Callable, Coroutine
from contextvars import copy_context
from pathlib import Path
from typing import Any, ClassVar, TypeVar, cast

from storage.engines.sqlite_connections import Reader, Writer
from storage.engines.sqlite_tx import portable
from storage.engines.stepping import Waiting, foreign
from storage.errors import ReadOnly, ReadTimeout, StorageClosed, StorageError
from storage.lock import FileLock
from storage.port import Dialect, Tx

T = TypeVar("T")

READERS = 2
"""Reads at once."""


def sqlite_file(url: str) -> Path:
    """The path in ``sqlite:///relative`` or ``sqlite:////absolute``; ValueError if there is none."""
    prefix, path = url[:10], url[10:]
    if prefix.lower() != "sqlite:///" or not path or path == ":memory:" or "\0" in path:
        raise ValueError(
            f"A SQLite URL names a file, as in sqlite:///data/kith.db; this one does not: {url!r}"
        )
    return Path(path).expanduser()


class SqliteEngine:
    """One SQLite file; see `storage.port.Engine`. Made by `open`."""

    dialect: ClassVar[Dialect] = "sqlite"

    def __init__(
        self, file: Path, lock: FileLock | None, writer: Writer | None, reader: Reader | None
    ) -> None:
        self.file = file
        self._lock = lock
        self._writer = writer
        self._readers = [reader] if reader is not None else []
        self._idle = list(self._readers)
        self._reading = asyncio.Semaphore(READERS)
        self._closed = False
        self._loop = asyncio.get_running_loop()

    @classmethod
    async def open(cls, url: str, *, exclusive: bool, read_only: bool) -> "SqliteEngine":
        """As `storage.open_engine`."""
        # at DEBUG it logs the values of statements, which are people's words
        log = logging.getLogger("aiosqlite")
        log.setLevel(max(log.level, logging.INFO))
        file = sqlite_file(url)
        lock = None
        writer: Writer | None = None
        reader: Reader | None = None
        try:
            if read_only:
                if not file.is_file():
                    raise StorageError(f"There is no database at {file}. It is made when Kith first runs.")
                reader = Reader(file)
                await reader.open()
            else:
                _make_private(file)
                lock = FileLock(file) if exclusive else None
                writer = Writer(file)
                await writer.open()
        except BaseException:
            for connection in filter(None, (reader, writer)):
                await connection.shut(patience=1)
            if lock is not None:
                lock.release()
            raise
        return cls(file, lock, writer, reader)

    async def unit(self, community: int, work: Callable[[Tx], Coroutine[Any, Any, T]]) -> T:
        self._check_open()
        if self._writer is None:
            raise ReadOnly(f"{self.file} was opened for reading only.")
        future = self._loop.create_future()
        self._writer.add(Waiting(work, copy_context(), future))
        result: T = await future
        return result

    async def read(self, work: Callable[[Tx], Coroutine[Any, Any, T]], *, deadline: float | None = None) -> T:
        self._check_open()
        until = None if deadline is None else self._loop.time() + deadline
        try:
            async with asyncio.timeout_at(until):
                reader = await self._take_reader()
        except TimeoutError as error:
            raise ReadTimeout("All readers were busy for too long. Try again in a moment.") from error
        try:
            return cast(T, await reader.read(work, copy_context(), until))
        finally:
            self._give_back(reader)

    async def checkup(self) -> list[str]:
        self._check_open()
        reader = await self._take_reader()
        try:
            return cast(list[str], await reader.call(lambda connection: problems(connection, self.file)))
        finally:
            self._give_back(reader)

    async def _take_reader(self) -> Reader:
        """One that nobody uses, opened if there is none yet. Raises StorageError."""
        await self._reading.acquire()
        try:
            return self._idle.pop() if self._idle else await self._open_reader()
        except BaseException:
            self._reading.release()
            raise

    def _give_back(self, reader: Reader) -> None:
        self._idle.append(reader)
        self._reading.release()

    async def _open_reader(self) -> Reader:
        reader = Reader(self.file)
        self._readers.append(reader)
        try:
            await reader.open()
            self._check_open()
        except BaseException:
            self._readers.remove(reader)
            await reader.shut(patience=1)
            raise
        return reader

    def _check_open(self) -> None:
        if self._closed:
            raise _closed(self.file)
        if asyncio.get_running_loop() is not self._loop:
            raise foreign("another unit or read")

    async def close(self, *, patience: float = 10.0) -> None:
        """As `Engine.close`, within about `patience` seconds."""
        if self._closed:
            return
        self._closed = True
        until = self._loop.time() + patience
        try:
            if self._writer is not None:
                async with asyncio.timeout_at(until):
                    await self._writer.drained()
        except TimeoutError:
            pass
        finally:
            # the writer last: the last connection that closes folds the log into the file
            for connection in (*self._readers, *filter(None, (self._writer,))):
                await connection.shut(max(0.1, until - self._loop.time()))
            if self._writer is not None:
                self._writer.give_up(_closed(self.file))
            if self._lock is not None:
                self._lock.release()


def problems(connection: sqlite3.Connection, file: Path) -> list[str]:
    """What SQLite's own checks find wrong, a line each."""
    try:
        found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(100)")]
        found = [line for line in found if line != "ok"]
        for row in connection.execute("PRAGMA foreign_key_check").fetchmany(100):
            found.append(f"row {row[1]} of {row[0]} refers to a row of {row[2]} that is not there")
    except sqlite3.Error as error:
        return [str(portable(error, file))]
    return found


def _make_private(file: Path) -> None:
    """Create the file and its folder if they are not there, for this user alone."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise StorageError(
            f"{file} can't be created or written ({error.strerror}). Choose another place, or allow it there."
        ) from error


def _closed(file: Path) -> StorageClosed:
    return StorageClosed(f"{file} was closed: Kith is stopping.")
