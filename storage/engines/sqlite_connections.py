"""SQLite's two kinds of connection: the writer, which commits waiting units in groups, and the readers."""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, cast

import aiosqlite

from storage.engines.placeholders import Statement
from storage.engines.sqlite_tx import SqliteTx, TooBold, portable
from storage.engines.stepping import Done, NoLoop, Waiting, Work, step
from storage.errors import ReadOnly, ReadTimeout, StorageBusy, StorageError

BUSY_SECONDS = 5.0
"""How long to wait for another program that holds the file."""

GROUP_UNITS = 256
"""Units of one commit at most."""

GROUP_SECONDS = 0.025
"""After this long no further unit joins the group, so that the first ones hear of their commit."""

LOG_PAGES = 4_000
"""Pages that the write-ahead log grows to before they are moved into the file: the same few pages change
again and again, so that less moving costs less at each commit."""

CACHE_KIB = 1_000
"""Of the file, kept by the writer; the system keeps the rest at hand, and more was no faster."""

STATEMENTS = 1_000
"""Prepared statements that a connection keeps."""

_GRACE_SECONDS = 0.5  # for what was interrupted to wind up

_NUDGE_SECONDS = 0.01  # an interrupt has no effect between two statements, so it is repeated


class _Connection(aiosqlite.Connection):
    def __init__(self, file: Path, *, setup: tuple[str, ...]) -> None:
        def connect() -> sqlite3.Connection:
            connection = sqlite3.connect(
                f"{file.absolute().as_uri()}?mode=rw",
                uri=True,
                isolation_level=None,
                timeout=BUSY_SECONDS,
                cached_statements=STATEMENTS,
            )
            try:
                connection.row_factory = sqlite3.Row
                for statement in setup:
                    connection.execute(statement).fetchall()
                self._cursor = connection.cursor()
            except BaseException:
                connection.close()
                raise
            asyncio._set_running_loop(cast(asyncio.AbstractEventLoop, NoLoop()))
            return connection

        super().__init__(connect, iter_chunk_size=64)
        # a thread stuck in a handler must not keep the process from ending
        self._thread.daemon = True
        self._file = file
        self._known: dict[str, Statement] = {}
        self._loop = asyncio.get_running_loop()

    async def open(self) -> None:
        """Start the thread and connect; raises `StorageError`."""
        try:
            await self
        except sqlite3.Error as error:
            # the thread tells the loop that it ends, so it ends before the loop may
            await asyncio.to_thread(self._thread.join)
            raise self._storage_error(error) from error

    async def call(self, function: Callable[[sqlite3.Connection], Any]) -> Any:
        """Run `function(connection)` on the thread."""
        future = self._loop.create_future()
        self._tx.put_nowait((future, partial(function, self._conn)))
        return await future

    async def shut(self, patience: float) -> None:
        """Close within `patience` seconds; past them the thread is interrupted and left to end by itself."""
        connection = self._connection
        if connection is None:
            return
        stopped = self.stop()
        assert stopped is not None
        await asyncio.wait((stopped,), timeout=patience)
        until = self._loop.time() + _GRACE_SECONDS
        while not stopped.done() and self._loop.time() < until:
            with suppress(sqlite3.Error):
                connection.interrupt()
            await asyncio.wait((stopped,), timeout=_NUDGE_SECONDS)

    def _run(self, sql: str) -> None:
        """Run a statement of the engine's own; what fails here is the storage."""
        try:
            self._cursor.execute(sql)
        except sqlite3.Error as error:
            raise self._storage_error(error) from error

    def _storage_error(self, error: Exception) -> StorageError:
        known = portable(error, self._file)
        return known if isinstance(known, StorageError) else StorageError(f"{self._file}: {error}")

    def _roll_back(self) -> None:
        with suppress(sqlite3.Error):
            if self._conn.in_transaction:
                self._cursor.execute("ROLLBACK")


class Writer(_Connection):
    """The one connection that writes. Waiting units share a transaction.

    If one of them fails, all are run anew, each in a savepoint of its own.
    """

    def __init__(self, file: Path) -> None:
        super().__init__(
            file,
            setup=(
                "PRAGMA journal_mode = WAL",
                "PRAGMA synchronous = FULL",
                "PRAGMA foreign_keys = ON",
                f"PRAGMA wal_autocheckpoint = {LOG_PAGES}",
                f"PRAGMA cache_size = {-CACHE_KIB}",
            ),
        )
        self._queue: deque[Waiting] = deque()
        self._group: list[Waiting] = []
        self._at_work = False
        self._idle = asyncio.Event()
        self._idle.set()

    def add(self, unit: Waiting) -> None:
        """Queue a unit; called on the event loop."""
        self._queue.append(unit)
        if not self._at_work:
            self._at_work = True
            self._idle.clear()
            self._tx.put_nowait((None, self._work_off))

    async def drained(self) -> None:
        """Wait until no unit is left."""
        await self._idle.wait()

    def give_up(self, error: StorageError) -> None:
        """Tell all that still wait, for a unit that is stuck or will never run."""
        for unit in (*self._group, *self._queue):
            Done(unit.future, error=error).tell()
        self._queue.clear()

    def _settle(self, group: list[Done]) -> None:
        """Back on the event loop: tell the callers, and go on with who came meanwhile."""
        self._group = []
        for done in group:
            done.tell()
        if self._queue:
            self._tx.put_nowait((None, self._work_off))
        else:
            self._at_work = False
            self._idle.set()

    def _work_off(self) -> None:
        """On the thread: run one group of units, whatever happens to it."""
        group: list[Waiting] = []
        self._group = group
        try:
            done = self._commit_group(group)
        except BaseException as error:
            self._roll_back()
            done = [Done(unit.future, error=error) for unit in group]
        self._loop.call_soon_threadsafe(self._settle, done)

    def _commit_group(self, group: list[Waiting]) -> list[Done]:
        try:
            self._run("BEGIN IMMEDIATE")
        except StorageError:
            self._take(group, GROUP_UNITS)
            raise
        until = perf_counter() + GROUP_SECONDS
        failed: list[Done] = []
        try:
            try:
                done = self._run_boldly(group, until, failed)
            except TooBold:
                self._run("ROLLBACK")
                self._run("BEGIN IMMEDIATE")
                ended = {done.future for done in failed}
                done = failed + [self._unit(unit) for unit in group if unit.future not in ended]
                while unit := self._join(group, until):
                    done.append(self._unit(unit))
            self._commit()
        except Exception:
            # a failing disk and a rule that is only checked at the commit undo everyone's work; apart,
            # they hit only whom they concern
            self._roll_back()
            return self._one_by_one(group)
        return done

    def _run_boldly(self, group: list[Waiting], until: float, failed: list[Done]) -> list[Done]:
        """Run units without the savepoints that nearly none of them needs.

        Raises `TooBold` if one did; a unit that ended with an error of its own is then in `failed`.
        """
        done: list[Done] = []
        while unit := self._join(group, until):
            tx = SqliteTx(self._cursor, self._known, self._file, is_bold=True)
            try:
                outcome = self._outcome(unit, tx)
            finally:
                fault = tx.fault
                tx.end()
            if isinstance(fault, TooBold):
                raise fault  # the unit may have caught it
            self._check(fault)
            if outcome.error is not None:
                failed.append(outcome)
                raise TooBold
            done.append(outcome)
        return done

    def _join(self, group: list[Waiting], until: float) -> Waiting | None:
        """The next unit of the group, if there is one and it may still come along."""
        if len(group) >= GROUP_UNITS or perf_counter() >= until:
            return None
        return self._take(group)

    def _take(self, group: list[Waiting], count: int = 1) -> Waiting | None:
        """Move up to `count` units whose callers still wait from the queue to `group`; returns the last."""
        taken = None
        while count and self._queue:
            unit = self._queue.popleft()
            if not unit.future.cancelled():
                group.append(unit)
                taken = unit
                count -= 1
        return taken

    def _one_by_one(self, group: list[Waiting]) -> list[Done]:
        done: list[Done] = []
        busy: StorageBusy | None = None
        for unit in group:
            try:
                if busy is not None:
                    raise busy
                self._run("BEGIN IMMEDIATE")
                outcome = self._unit(unit)
                self._commit()
            except Exception as error:
                self._roll_back()
                outcome = Done(unit.future, error=error)
                busy = error if isinstance(error, StorageBusy) else None
            done.append(outcome)
        return done

    def _unit(self, unit: Waiting) -> Done:
        """Run one unit in its savepoint; raises `StorageError` when the transaction around it is lost too."""
        self._run("SAVEPOINT unit")
        tx = SqliteTx(self._cursor, self._known, self._file)
        outcome = self._outcome(unit, tx)
        fault = tx.fault
        tx.end()
        self._check(fault)
        if outcome.error is not None:
            self._run("ROLLBACK TO unit")
        self._run("RELEASE unit")
        return outcome

    def _outcome(self, unit: Waiting, tx: SqliteTx) -> Done:
        try:
            return Done(unit.future, unit.context.copy().run(step, unit.work, tx), tx.fault)
        except TooBold:
            raise
        except StopIteration as error:  # which a future can't hold
            return Done(unit.future, error=RuntimeError(repr(error)))
        except BaseException as error:
            return Done(unit.future, error=error)

    def _check(self, fault: BaseException | None) -> None:
        if isinstance(fault, ReadOnly):
            raise StorageError(f"{self._file} is read-only. Allow writing to it and its folder.") from fault
        if isinstance(fault, StorageError):
            raise fault

    def _commit(self) -> None:
        try:
            self._cursor.execute("COMMIT")
        except sqlite3.Error as error:
            raise portable(error, self._file) from error


class Reader(_Connection):
    """A connection that only reads, one consistent snapshot after another."""

    def __init__(self, file: Path) -> None:
        super().__init__(file, setup=("PRAGMA query_only = ON",))

    async def read(self, work: Work, context: Context, until: float | None) -> Any:
        """Run `work(tx)`, stopped when the loop's clock reaches `until` or the caller is cancelled.

        Returns or raises only when the thread is free again.
        """
        tx = SqliteTx(self._cursor, self._known, self._file)
        running = self._loop.create_future()
        self._tx.put_nowait((running, lambda: self._read(work, context, tx)))
        timer = None if until is None else self._loop.call_at(until, self._expire, tx, running)
        cancelled: asyncio.CancelledError | None = None
        try:
            while not running.done():
                try:
                    await asyncio.wait((running,))
                except asyncio.CancelledError as error:
                    cancelled = error
                    self._expire(tx, running)
        finally:
            if timer is not None:
                timer.cancel()
        if cancelled is not None:
            running.exception()
            raise cancelled
        return running.result()

    def _expire(self, tx: SqliteTx, running: asyncio.Future[Any]) -> None:
        if running.done() or self._connection is None:
            return
        tx.fault = ReadTimeout("Reading this took too long and was stopped. Ask for less at once.")
        self._connection.interrupt()
        self._loop.call_later(_NUDGE_SECONDS, self._expire, tx, running)

    def _read(self, work: Work, context: Context, tx: SqliteTx) -> Any:
        try:
            self._run("BEGIN")
            result = context.run(step, work, tx)
            if tx.fault is not None:
                raise tx.fault
            return result
        finally:
            tx.end()
            self._roll_back()
