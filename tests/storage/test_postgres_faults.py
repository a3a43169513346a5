"""Postgres when things go wrong: lost connections, deadlocks, a stuck or missing server, a second worker."""

import asyncio
import os
import shlex
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any, cast

import asyncpg
import pytest
import pytest_asyncio

from storage import backup, open_engine
from storage.errors import (
    DatabaseInUse,
    ReadOnly,
    ReadTimeout,
    StorageBusy,
    StorageClosed,
    StorageError,
    UniqueViolation,
)
from storage.port import Engine, Tx
from tests.engines import PostgresServer


@pytest.fixture
def dialect() -> str:
    return "postgres"


@pytest_asyncio.fixture
async def store(engine: Engine) -> AsyncIterator[Engine]:
    async def create(tx: Tx) -> None:
        await tx.run("CREATE TABLE thing (id BIGINT PRIMARY KEY, n BIGINT)")
        await tx.run("INSERT INTO thing (id, n) VALUES (1001, 0), (1002, 0)")

    await engine.unit(0, create)
    yield engine


@pytest_asyncio.fixture
async def outside(database_url: str) -> AsyncIterator[Any]:
    """Somebody else's connection."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


def putting(number: int) -> Callable[[Tx], Coroutine[Any, Any, int]]:
    async def work(tx: Tx) -> int:
        await tx.run("INSERT INTO thing (id) VALUES (:id)", {"id": number})
        return number

    return work


async def things(engine: Engine) -> list[int]:
    async def work(tx: Tx) -> list[int]:
        return [row["id"] for row in await tx.all("SELECT id FROM thing WHERE id < 1000 ORDER BY id")]

    return await engine.read(work)


async def cut(outside: Any, name: str) -> int:
    """End the connections of that name from the server's side; returns how many."""
    rows = await outside.fetch(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = $1",
        name,
    )
    # by the time of another answer, the engine too has heard that they ended
    await outside.fetch("SELECT 1")
    return len(rows)


async def test_a_connection_lost_within_a_unit_leaves_nothing_of_it(store: Engine, outside: Any) -> None:
    calls = 0

    async def work(tx: Tx) -> None:
        nonlocal calls
        calls += 1
        await putting(1)(tx)
        row = await tx.one("SELECT pg_backend_pid() AS pid")
        assert row is not None
        await tx.run(f"SELECT pg_terminate_backend({row['pid']})")

    outcome = await asyncio.gather(store.unit(1, work), store.unit(1, putting(2)), return_exceptions=True)
    assert [isinstance(each, StorageError) for each in outcome] == [True, True]
    assert calls == 1
    assert await things(store) == []
    assert await store.unit(1, putting(3)) == 3
    assert await things(store) == [3]


async def test_connections_cut_between_units_go_unnoticed(store: Engine, outside: Any) -> None:
    await asyncio.gather(*(store.unit(n, putting(n)) for n in range(20)))
    assert await cut(outside, "kith") > 0
    assert await asyncio.gather(*(store.unit(n, putting(100 + n)) for n in range(20)))
    assert len(await things(store)) == 40


async def test_a_second_instance_of_a_worker_says_so_and_leaves(
    store: Engine, database_url: str, outside: Any
) -> None:
    with pytest.raises(DatabaseInUse, match="worker 0"):
        await open_engine(database_url)
    other = await open_engine(database_url, worker=1)
    await other.unit(1, putting(1))
    await other.close()
    looking = await open_engine(database_url, read_only=True)
    assert await things(looking) == [1]
    with pytest.raises(ReadOnly):
        await looking.unit(1, putting(2))
    with pytest.raises(ReadOnly):
        await looking.read(putting(2))
    await looking.close()


async def test_a_worker_whose_right_was_lost_takes_it_again_or_stops(
    store: Engine, database_url: str, outside: Any
) -> None:
    assert await cut(outside, "kith worker 0") == 1
    assert await store.unit(1, putting(1)) == 1
    assert await cut(outside, "kith worker 0") == 1
    usurper = await open_engine(database_url)
    with pytest.raises(DatabaseInUse):
        await store.unit(1, putting(2))
    await usurper.close()
    assert await things(store) == [1]


async def test_units_that_wait_for_each_other_are_run_again(store: Engine) -> None:
    attempts: list[int] = []

    def crossing(first: int, second: int) -> Callable[[Tx], Coroutine[Any, Any, None]]:
        async def work(tx: Tx) -> None:
            attempts.append(first)
            for row in (first, second):
                await tx.run("UPDATE thing SET n = n + 1 WHERE id = :id", {"id": row})
                await tx.one("SELECT pg_sleep(0.05)")

        return work

    await asyncio.gather(store.unit(1, crossing(1001, 1002)), store.unit(2, crossing(1002, 1001)))

    async def work(tx: Tx) -> list[int]:
        return [row["n"] for row in await tx.all("SELECT n FROM thing ORDER BY id")]

    assert await store.read(work) == [2, 2]
    assert len(attempts) == 3, "the server undid one of the two, and it was called anew"


async def test_a_table_changed_by_another_worker_disturbs_no_unit(store: Engine, outside: Any) -> None:
    async def work(tx: Tx) -> list[str]:
        row = await tx.one("SELECT * FROM thing WHERE id = 1001")
        assert row is not None
        return list(row.keys())

    assert await store.unit(1, work) == ["id", "n"]
    await outside.execute("ALTER TABLE thing ADD COLUMN later BIGINT")
    assert await store.unit(1, work) == ["id", "n", "later"]


async def test_bursts_over_many_communities_leave_nobody_waiting(store: Engine) -> None:
    async def bursts(lane: int) -> None:
        for turn in range(40):
            await store.unit(lane * 100 + turn, putting(lane * 40 + turn))

    async with asyncio.timeout(60):
        await asyncio.gather(*(bursts(lane) for lane in range(20)))
    assert await things(store) == list(range(800))


async def test_a_lock_held_for_too_long_is_busy(store: Engine, outside: Any, database_url: str) -> None:
    async with outside.transaction():
        await outside.execute("SELECT pg_advisory_xact_lock(7)")
        hurried = await open_engine(database_url, worker=2)
        pool = cast(Any, hurried)._pool
        async with pool.acquire() as connection:
            await connection.execute("SET lock_timeout = '50ms'")
        outcome = await asyncio.gather(
            *(hurried.unit(7, putting(n)) for n in range(3)), return_exceptions=True
        )
        assert {type(each) for each in outcome} == {StorageBusy}
        assert await hurried.unit(8, putting(8)) == 8
    assert await hurried.unit(7, putting(9)) == 9
    await hurried.close()
    assert await things(store) == [8, 9]


async def test_closing_ends_even_with_a_stuck_unit(store: Engine, outside: Any) -> None:
    async with outside.transaction():
        await outside.execute("SELECT pg_advisory_xact_lock(7)")
        waiting = [asyncio.create_task(store.unit(7, putting(n))) for n in range(100)]
        while not await outside.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            await asyncio.wait(waiting, timeout=0.01)
        await cast(Any, store).close(patience=0.05)
        outcome = await asyncio.gather(*waiting, return_exceptions=True)
        assert {type(each) for each in outcome} == {StorageClosed}
    rows = await outside.fetch("SELECT id FROM thing WHERE id < 1000")
    assert rows == []


async def test_closing_stops_an_endless_read(store: Engine, outside: Any) -> None:
    async def endless(tx: Tx) -> None:
        await tx.one("SELECT pg_sleep(600)")

    reading = asyncio.create_task(store.read(endless))
    while not await outside.fetchval(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()"
    ):
        await asyncio.wait((reading,), timeout=0.01)
    await cast(Any, store).close(patience=0.05)
    with pytest.raises(StorageError):
        await reading


async def test_a_read_past_its_deadline_stops_on_the_server_too(store: Engine, outside: Any) -> None:
    async def endless(tx: Tx) -> None:
        await tx.one("SELECT pg_sleep(600)")

    with pytest.raises(ReadTimeout):
        await store.read(endless, deadline=0.05)
    busy = await outside.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'"
        " AND query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()"
    )
    assert busy == 0


async def test_nothing_people_wrote_is_in_an_error(store: Engine) -> None:
    async def work(tx: Tx) -> None:
        await tx.run("CREATE TABLE told (word TEXT PRIMARY KEY)")
        for _ in range(2):
            await tx.run("INSERT INTO told (word) VALUES (:word)", {"word": "a secret"})

    with pytest.raises(UniqueViolation) as caught:
        await store.unit(1, work)
    seen: BaseException | None = caught.value
    assert "secret" not in str(seen)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://kith:se-cret@127.0.0.1:1/kith",
        "postgresql://kith:se-cret@/kith?host=/nowhere/at/all",
        "postgresql://kith:se-cret@localhost:notaport/kith",
    ],
)
async def test_a_server_that_is_not_there_is_explained_without_the_password(url: str) -> None:
    with pytest.raises(StorageError, match="can't be opened") as caught:
        await open_engine(url)
    assert "se-cret" not in str(caught.value)


async def test_a_database_that_is_not_there_is_explained(postgres: PostgresServer) -> None:
    with pytest.raises(StorageError, match="does not exist"):
        await open_engine(postgres.url("nowhere"))


def test_without_the_driver_the_way_to_get_it_is_named() -> None:
    code = (
        "import sys, asyncio\n"
        "sys.modules['asyncpg'] = None\n"
        "from storage import open_engine\n"
        "try:\n    asyncio.run(open_engine('postgresql://localhost/kith'))\n"
        "except ValueError as error:\n    print(error)\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=True,
    )
    assert "pip install 'kith[postgres]'" in said.stdout


async def test_the_printed_commands_dump_and_restore(
    store: Engine, database_url: str, postgres: PostgresServer, tmp_path: Path
) -> None:
    await store.unit(1, putting(1))
    await store.unit(1, lambda tx: tx.index("snippet", 1, 5, "hello dump"))
    await store.close()
    commands = backup.postgres_commands(database_url)
    environment = os.environ | {"PATH": f"{postgres.programs}{os.pathsep}{os.environ['PATH']}"}
    run(commands[0], tmp_path, environment)

    changed = await open_engine(database_url)
    await changed.unit(1, putting(2))
    await changed.close()
    run(commands[1], tmp_path, environment)

    restored = await open_engine(database_url)
    assert await things(restored) == [1]
    assert await restored.read(lambda tx: tx.search("snippet", 1, "hello", 5)) == [5]
    await restored.close()


def run(command: str, folder: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(shlex.split(command), cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
