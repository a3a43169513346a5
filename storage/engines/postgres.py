"""The Postgres engine: units of a community share transactions under its advisory lock, others run beside."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from contextvars import copy_context
from pathlib import Path
from typing import Any, ClassVar, TypeVar, cast

import asyncpg  # type: ignore[import-untyped]

from storage.engines.postgres_errors import (
    FAILURES,
    Conflict,
    ConnectionLost,
    NotBegun,
    is_closed,
    unreachable,
)
from storage.engines.postgres_group import execute, run_group
from storage.engines.postgres_presence import CONNECT_SECONDS, Presence
from storage.engines.postgres_tx import Connection, PostgresTx, drive, in_unit
from storage.engines.stepping import Done, Waiting, foreign
from storage.errors import ReadOnly, ReadTimeout, StorageClosed, StorageError
from storage.port import Dialect, Tx

T = TypeVar("T")

WRITERS = 6
"""Communities whose units run at the same time, over this worker."""

READERS = 3

GROUP_UNITS = 64
"""Units of one transaction at most."""

ATTEMPTS = 5
"""How often a unit is tried that got into another's way."""

_COMMAND_SECONDS = 60.0
_ROLLBACK_SECONDS = 5.0

_SESSION = """
SET lock_timeout = '30s';
SET idle_in_transaction_session_timeout = '60s';
SET jit = off
"""

_PROBLEMS = """
SELECT 'the index ' || c.relname || ' is invalid: rebuild it with REINDEX' AS problem
    FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
    WHERE NOT i.indisvalid AND pg_table_is_visible(c.oid)
UNION ALL
SELECT 'the rule ' || conname || ' of ' || conrelid::regclass || ' was never checked: validate it'
    FROM pg_constraint WHERE NOT convalidated AND connamespace = current_schema()::regnamespace
UNION ALL
SELECT checksum_failures || ' damaged pages were found in this database: restore it from a backup'
    FROM pg_stat_database WHERE datname = current_database() AND checksum_failures > 0
"""


class PostgresEngine:
    """One Postgres database; see `storage.port.Engine`. Made by `open`."""

    dialect: ClassVar[Dialect] = "postgres"
    file: ClassVar[Path | None] = None

    def __init__(self, pool: asyncpg.Pool, presence: Presence | None, writing: bool) -> None:
        self._pool = pool
        self._presence = presence
        self._writing = writing
        self._reading = asyncio.Semaphore(READERS)
        self._lanes: dict[int, deque[Waiting]] = {}
        self._ready: deque[int] = deque()
        self._workers: set[asyncio.Task[None]] = set()
        self._working = 0
        self._closed = False
        self._loop = asyncio.get_running_loop()

    @classmethod
    async def open(cls, url: str, *, worker: int, exclusive: bool, read_only: bool) -> "PostgresEngine":
        """As `storage.open_engine`."""
        try:
            pool = await asyncpg.create_pool(
                url,
                min_size=1,
                max_size=WRITERS + READERS,
                init=_begin_read_only_session if read_only else _begin_session,
                reset=_keep_session,
                statement_cache_size=1_000,
                max_cached_statement_lifetime=0,
                command_timeout=_COMMAND_SECONDS,
                timeout=CONNECT_SECONDS,
                server_settings={"application_name": "kith"},
            )
        except (*FAILURES, ValueError) as error:
            reason = str(error) or "the server doesn't answer"
            raise StorageError(
                f"The Postgres database can't be opened: {reason}. "
                "Check that the server runs and the URL is right."
            ) from error
        presence = None
        if exclusive and not read_only:
            presence = Presence(url, worker)
            try:
                await presence.assure()
            except BaseException:
                await pool.close()
                raise
        return cls(pool, presence, not read_only)

    async def unit(self, community: int, work: Callable[[Tx], Coroutine[Any, Any, T]]) -> T:
        self._check_open()
        if not self._writing:
            raise ReadOnly("This database was opened for reading only.")
        unit = Waiting(work, copy_context(), self._loop.create_future())
        lane = self._lanes.get(community)
        if lane is not None:
            lane.append(unit)
        else:
            self._lanes[community] = deque((unit,))
            self._ready.append(community)
            if self._working < WRITERS:
                self._working += 1
                task = self._loop.create_task(self._work_off())
                self._workers.add(task)
                task.add_done_callback(self._workers.discard)
        return cast(T, await unit.future)

    async def read(self, work: Callable[[Tx], Coroutine[Any, Any, T]], *, deadline: float | None = None) -> T:
        self._check_open()
        limit = asyncio.timeout(deadline)
        try:
            async with limit, self._reading, self._connection() as connection:
                await execute(connection, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                tx = PostgresTx(connection)
                try:
                    return cast(T, await drive(work, copy_context(), tx))
                finally:
                    tx.end()
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise ReadTimeout("Reading this took too long and was stopped. Ask for less at once.") from error

    async def checkup(self) -> list[str]:
        async def look(tx: Tx) -> list[str]:
            return [row["problem"] for row in await tx.all(_PROBLEMS)]

        try:
            return await self.read(look)
        except StorageClosed:
            raise
        except StorageError as error:
            return [str(error)]

    async def close(self, *, patience: float = 10.0) -> None:
        """As `Engine.close`, within about `patience` seconds."""
        if self._closed:
            return
        self._closed = True
        try:
            if self._workers:
                await asyncio.wait(self._workers, timeout=patience)
            for task in self._workers:
                task.cancel()
            async with asyncio.timeout(patience):
                await self._pool.close()
        except TimeoutError:
            pass
        finally:
            self._pool.terminate()
            for lane in self._lanes.values():
                for unit in lane:
                    Done(unit.future, error=_closed()).tell()
            if self._presence is not None:
                self._presence.end()

    def _check_open(self) -> None:
        if self._closed:
            raise _closed()
        if in_unit.get():
            raise foreign("another unit or read")

    async def _work_off(self) -> None:
        """Run the units of whichever community is ready, a transaction each in turn, until none is."""
        try:
            while self._ready:
                await self._next()
        finally:
            # in one go with the last look at what is ready, or a unit might come to nobody
            self._working -= 1

    async def _next(self) -> None:
        """Run one transaction of the community that has waited longest."""
        community = self._ready.popleft()
        lane = self._lanes[community]
        group = _take(lane)
        try:
            outcome = await self._settle(community, group)
        except BaseException as error:
            # also when this task is cancelled: nobody may wait for ever
            known = error if isinstance(error, Exception) else _closed()
            outcome = [Done(unit.future, error=known) for unit in group]
            if not isinstance(error, Exception):
                raise
        finally:
            for done in outcome:
                done.tell()
        lane.extendleft(reversed(group[len(outcome) :]))
        if lane:
            self._ready.append(community)
        else:
            del self._lanes[community]

    async def _settle(self, community: int, group: list[Waiting]) -> list[Done]:
        """Run the group as one transaction, or apart if something undid all of it.

        Returns how the first ones ended; the rest had no time. Raises `StorageError` if that holds for all.
        """
        if not group:
            return []
        if self._presence is not None:
            await self._presence.assure()
        try:
            return await self._transaction(community, group)
        except NotBegun as error:
            raise error.__cause__ or error from None
        except ConnectionLost:
            raise
        except Exception as error:
            if len(group) == 1 and not isinstance(error, Conflict):
                return [Done(group[0].future, error=error)]
        return [await self._alone(community, unit) for unit in group]

    async def _alone(self, community: int, unit: Waiting) -> Done:
        error: Exception | None = None
        for _ in range(ATTEMPTS):
            try:
                return (await self._transaction(community, [unit]))[0]
            except Conflict as conflict:
                error = conflict
            except Exception as failure:
                return Done(unit.future, error=failure)
        return Done(unit.future, error=error)

    async def _transaction(self, community: int, group: list[Waiting]) -> list[Done]:
        try:
            async with self._connection() as connection:
                return await run_group(connection, community, group)
        except NotBegun as error:
            if not isinstance(error.__cause__, ConnectionLost):
                raise
            # the server may have been restarted since; no work was called yet
            async with self._connection() as connection:
                return await run_group(connection, community, group)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        try:
            connection = await self._pool.acquire()
        except FAILURES as error:
            raise unreachable(error) from error
        try:
            yield connection
        finally:
            try:
                if not is_closed(connection) and connection.is_in_transaction():
                    await connection.execute("ROLLBACK", timeout=_ROLLBACK_SECONDS)
            except FAILURES:
                if not is_closed(connection):
                    connection.terminate()
            finally:
                await self._pool.release(connection)


def _take(lane: deque[Waiting]) -> list[Waiting]:
    """The next units whose callers still wait."""
    group: list[Waiting] = []
    while lane and len(group) < GROUP_UNITS:
        unit = lane.popleft()
        if not unit.future.cancelled():
            group.append(unit)
    return group


async def _begin_session(connection: Connection) -> None:
    await connection.execute(_SESSION)
    with suppress(asyncpg.PostgresError):
        # lets the server stop what a killed process has left running; not every server's system can
        await connection.execute("SET client_connection_check_interval = '5s'")
    # sums of integers are numeric in Postgres and plain integers in SQLite
    await connection.set_type_codec(
        "numeric", schema="pg_catalog", encoder=str, decoder=_number, format="text"
    )


async def _begin_read_only_session(connection: Connection) -> None:
    await _begin_session(connection)
    await connection.execute("SET default_transaction_read_only = on")


async def _keep_session(connection: Connection) -> None:
    """In place of the pool's own reset: we leave nothing behind, and the settings shall stay."""


def _number(text: str) -> int | float:
    return int(text) if text.lstrip("-").isdecimal() else float(text)


def _closed() -> StorageClosed:
    return StorageClosed("The database was closed: Kith is stopping.")
