"""SQLite when things go wrong: a full disk, a locked or damaged file, a second instance, a stuck unit."""

import asyncio
import logging
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest
import pytest_asyncio

from storage import open_engine
from storage.engines import sqlite_connections
from storage.errors import (
    DatabaseCorrupt,
    DatabaseInUse,
    ReadOnly,
    StorageBusy,
    StorageClosed,
    StorageError,
    StorageFull,
)
from storage.migrate import ScriptTx
from storage.port import Engine, Tx

BIG = 40 * 4_096


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "kith.db"


@pytest_asyncio.fixture
async def engine(file: Path) -> AsyncIterator[Engine]:
    opened = await open_engine(f"sqlite:///{file}")

    async def create(tx: Tx) -> None:
        await tx.run("CREATE TABLE thing (id BIGINT PRIMARY KEY, padding TEXT)")

    await opened.unit(0, create)
    yield opened
    await opened.close()


def putting(number: int, size: int = 10) -> Callable[[Tx], Coroutine[Any, Any, int]]:
    async def work(tx: Tx) -> int:
        await tx.run(
            "INSERT INTO thing (id, padding) VALUES (:id, :padding)", {"id": number, "padding": "x" * size}
        )
        return number

    return work


async def things(engine: Engine) -> list[int]:
    async def work(tx: Tx) -> list[int]:
        return [row["id"] for row in await tx.all("SELECT id FROM thing ORDER BY id")]

    return await engine.read(work)


async def fill_up(engine: Engine, pages: int) -> None:
    """Let the file grow by `pages` more and no further, as a full disk would."""

    async def work(tx: Tx) -> None:
        row = await tx.one("SELECT page_count FROM pragma_page_count")
        assert row is not None
        await cast(ScriptTx, tx).script(f"PRAGMA max_page_count = {row['page_count'] + pages}")

    await engine.unit(0, work)


async def test_a_full_disk_fails_the_unit_that_met_it_and_no_other(engine: Engine) -> None:
    await fill_up(engine, 10)
    calls: list[int] = []

    def counted(number: int) -> Callable[[Tx], Coroutine[Any, Any, int]]:
        async def work(tx: Tx) -> int:
            calls.append(number)
            return await putting(number)(tx)

        return work

    outcome = await asyncio.gather(
        *(engine.unit(1, counted(n)) for n in range(10)),
        engine.unit(1, putting(50, BIG)),
        *(engine.unit(1, counted(n)) for n in range(10, 20)),
        return_exceptions=True,
    )
    assert [each for each in outcome if not isinstance(each, StorageFull)] == list(range(20))
    assert isinstance(outcome[10], StorageFull)
    assert "no room" in str(outcome[10])
    assert await things(engine) == list(range(20))
    assert max(map(calls.count, range(10))) == 2, "the whole group was undone and run again one by one"

    async def make_room(tx: Tx) -> None:
        await cast(ScriptTx, tx).script("PRAGMA max_page_count = 100000")

    await engine.unit(1, make_room)
    assert await engine.unit(1, putting(50, BIG)) == 50
    assert await engine.checkup() == []


async def test_a_unit_can_not_hide_that_the_disk_was_full(engine: Engine) -> None:
    await fill_up(engine, 5)

    async def hiding(tx: Tx) -> str:
        try:
            async with tx.savepoint():
                await putting(1, BIG)(tx)
        except StorageFull:
            return "all is well"
        return "there was room"

    with pytest.raises(StorageFull):
        await engine.unit(1, hiding)
    assert await things(engine) == []


_LIMITED = """
import asyncio, resource, signal, sys
from storage import open_engine
from storage.errors import StorageError

async def main():
    engine = await open_engine(sys.argv[1])
    async def create(tx):
        await tx.run("CREATE TABLE thing (id BIGINT PRIMARY KEY, padding TEXT)")
    await engine.unit(0, create)

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))
    def putting(number):
        async def work(tx):
            await tx.run("INSERT INTO thing (id, padding) VALUES (:id, :padding)",
                         {"id": number, "padding": "x" * 2_000})
            return number
        return work
    outcome = await asyncio.gather(*(engine.unit(1, putting(n)) for n in range(400)), return_exceptions=True)
    failed = [each for each in outcome if isinstance(each, StorageError)]
    kept = [each for each in outcome if not isinstance(each, BaseException)]
    assert len(failed) + len(kept) == 400, outcome

    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    kept.append(await engine.unit(1, putting(1_000)))
    await engine.close()
    print(len(failed), *kept)

asyncio.run(main())
"""


def write_with_a_limit(file: Path) -> list[int]:
    """Run units past a limit on the size of files; returns how many failed, then those that were answered."""
    done = subprocess.run(
        [sys.executable, "-c", _LIMITED, f"sqlite:///{file}"],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    return [int(word) for word in done.stdout.split()]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
async def test_writes_the_system_refuses_lose_nothing_that_was_answered(file: Path) -> None:
    """The system fails the writes at the commit itself, as a disk does that fills up or breaks."""
    failed, *kept = write_with_a_limit(file)
    assert failed > 0
    engine = await open_engine(f"sqlite:///{file}")
    assert await things(engine) == kept
    assert await engine.checkup() == []
    await engine.close()


async def test_a_file_held_by_another_program_is_busy(
    engine: Engine, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await engine.close()
    monkeypatch.setattr(sqlite_connections, "BUSY_SECONDS", 0.05)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        reopened = await open_engine(f"sqlite:///{file}")
        other.execute("BEGIN IMMEDIATE")
        outcome = await asyncio.gather(
            *(reopened.unit(1, putting(n)) for n in range(5)), return_exceptions=True
        )
        assert {type(each) for each in outcome} == {StorageBusy}
        assert "Another program" in str(outcome[0])
        other.execute("ROLLBACK")
        assert await reopened.unit(1, putting(9)) == 9
        assert await things(reopened) == [9]
        await reopened.close()


async def test_a_second_instance_says_so_and_leaves(engine: Engine, file: Path) -> None:
    with pytest.raises(DatabaseInUse, match="Stop it first"):
        await open_engine(f"sqlite:///{file}")
    await engine.unit(1, putting(1))
    looking = await open_engine(f"sqlite:///{file}", read_only=True)
    assert await things(looking) == [1]
    assert await looking.checkup() == []
    with pytest.raises(ReadOnly):
        await looking.unit(1, putting(2))
    await looking.close()
    await engine.close()
    after = await open_engine(f"sqlite:///{file}")
    assert await things(after) == [1]
    await after.close()


async def test_only_this_user_may_read_the_file(engine: Engine, file: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("Windows keeps rights elsewhere")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.with_name("kith.db-wal").stat().st_mode) == 0o600


async def test_what_is_no_database_is_not_opened(file: Path) -> None:
    file.write_bytes(b"certainly no database " * 500)
    with pytest.raises(DatabaseCorrupt, match="kith restore"):
        await open_engine(f"sqlite:///{file}")
    assert file.read_bytes().startswith(b"certainly")
    file.unlink()
    engine = await open_engine(f"sqlite:///{file}")
    await engine.close()


def test_a_file_that_is_no_database_leaves_no_thread_behind(file: Path) -> None:
    file.write_text("no database, though long enough to look like one" * 100)

    async def refused() -> int:
        with pytest.raises(DatabaseCorrupt):
            await open_engine(f"sqlite:///{file}")
        return sum("_connection_worker" in thread.name for thread in threading.enumerate())

    assert {asyncio.run(refused()) for _ in range(50)} == {0}


async def test_damage_is_found_by_the_checkup_and_fails_what_meets_it(engine: Engine, file: Path) -> None:
    for number in range(200):
        await engine.unit(1, putting(number, 2_000))
    await engine.close()
    content = bytearray(file.read_bytes())
    for start in range(4_096 * 4, len(content), 4_096):
        content[start : start + 64] = b"\xff" * 64
    file.write_bytes(content)

    async def sweep(tx: Tx) -> int:
        return len(await tx.all("SELECT padding FROM thing"))

    damaged = await open_engine(f"sqlite:///{file}")
    assert await damaged.checkup() != []
    with pytest.raises(DatabaseCorrupt):
        await damaged.unit(1, sweep)
    with pytest.raises(DatabaseCorrupt):
        await damaged.read(sweep)
    await damaged.close()


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://kith.db",
        "sqlite:///",
        "sqlite:///:memory:",
        "mysql://x",
        "kith.db",
        "",
        "sqlite:///a\0b",
    ],
)
async def test_a_url_that_names_no_file_is_explained(url: str) -> None:
    with pytest.raises(ValueError, match=r"sqlite:///data/kith\.db"):
        await open_engine(url)


async def test_a_place_that_can_not_be_written_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StorageError, match="Choose another place"):
        await open_engine(f"sqlite:///{tmp_path / 'file' / 'kith.db'}")
    with pytest.raises(StorageError, match="no database"):
        await open_engine(f"sqlite:///{tmp_path / 'gone.db'}", read_only=True)
    assert not (tmp_path / "gone.db").exists()


async def test_a_worker_number_has_its_range(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="1023"):
        await open_engine(f"sqlite:///{tmp_path / 'x.db'}", worker=1024)


async def test_closing_ends_even_with_a_stuck_unit(engine: Engine) -> None:
    begun, go_on = threading.Event(), threading.Event()
    threads = [each for each in threading.enumerate() if "connection_worker" in each.name]

    async def stuck(tx: Tx) -> None:
        begun.set()
        go_on.wait(30)

    waiting = [asyncio.create_task(engine.unit(1, work)) for work in (stuck, putting(1), putting(2))]
    assert await asyncio.to_thread(begun.wait, 30)
    try:
        await cast(Any, engine).close(patience=0.05)
        outcome = await asyncio.gather(*waiting, return_exceptions=True)
        assert {type(each) for each in outcome} == {StorageClosed}
    finally:
        go_on.set()
        # the thread still has a word for this loop
        await asyncio.gather(*(asyncio.to_thread(thread.join, 30) for thread in threads))


async def test_closing_stops_an_endless_statement(engine: Engine) -> None:
    begun = threading.Event()

    async def endless(tx: Tx) -> None:
        begun.set()
        await tx.one(
            "WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) AS n FROM c"
        )

    unit = asyncio.create_task(engine.unit(1, endless))
    assert await asyncio.to_thread(begun.wait, 30)
    before = threading.active_count()
    await cast(Any, engine).close(patience=0.05)
    with pytest.raises(StorageError):
        await unit
    assert threading.active_count() <= before


async def test_closing_stops_an_endless_read(engine: Engine) -> None:
    begun = threading.Event()

    async def endless(tx: Tx) -> None:
        begun.set()
        await tx.one(
            "WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) AS n FROM c"
        )

    reading = asyncio.create_task(engine.read(endless))
    assert await asyncio.to_thread(begun.wait, 30)
    await cast(Any, engine).close(patience=0.05)
    with pytest.raises(StorageError):
        await reading


async def test_what_people_wrote_is_in_no_log(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    engine = await open_engine(f"sqlite:///{file}")

    async def work(tx: Tx) -> str:
        row = await tx.one("SELECT :word AS word", {"word": "a secret"})
        assert row is not None
        return str(row["word"])

    assert await engine.unit(1, work) == "a secret"
    assert await engine.read(work) == "a secret"
    await engine.close()
    assert "a secret" not in caplog.text


async def test_no_thread_is_left_after_closing(file: Path) -> None:
    before = set(threading.enumerate())
    engine = await open_engine(f"sqlite:///{file}")
    assert set(threading.enumerate()) - before
    await engine.close()
    for thread in set(threading.enumerate()) - before:
        thread.join(30)
    assert set(threading.enumerate()) <= before


async def test_units_that_wait_together_share_a_commit(engine: Engine) -> None:
    ran: list[str] = []
    writer = cast(Any, engine)._writer
    await writer.call(lambda connection: connection.set_trace_callback(ran.append))
    await asyncio.gather(*(engine.unit(n % 7, putting(n)) for n in range(2_000)))
    assert await things(engine) == list(range(2_000))
    assert 2_000 // sqlite_connections.GROUP_UNITS <= ran.count("COMMIT") < 200


async def test_a_reader_that_can_not_be_opened_keeps_none_from_being_opened_later(
    engine: Engine, file: Path, tmp_path: Path
) -> None:
    await engine.unit(1, putting(1))
    away = file.rename(tmp_path / "away.db")
    for _ in range(3):
        with pytest.raises(StorageError):
            await engine.read(lambda tx: tx.all("SELECT id FROM thing"))
    away.rename(file)
    assert [row["id"] for row in await engine.read(lambda tx: tx.all("SELECT id FROM thing"))] == [1]
