"""Backups made while the database is in use, checked, and put back; nothing is ever overwritten."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
import pytest_asyncio

from storage import backup, open_engine
from storage.errors import DatabaseCorrupt, DatabaseInUse, StorageError, StorageFull
from storage.port import Engine, Tx
from tests.engines import NOW_MS, migrate


@pytest_asyncio.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    opened = await open_engine(f"sqlite:///{tmp_path / 'kith.db'}")
    await migrate(opened)

    async def create(tx: Tx) -> None:
        await tx.run("CREATE TABLE pair (id BIGINT, half BIGINT, padding TEXT)")

    await opened.unit(0, create)
    yield opened
    await opened.close()


async def add(engine: Engine, number: int) -> None:
    async def work(tx: Tx) -> None:
        for half in (1, 2):
            await tx.run(
                "INSERT INTO pair (id, half, padding) VALUES (:id, :half, :padding)",
                {"id": number, "half": half, "padding": "x" * 2_000},
            )

    await engine.unit(number, work)


def pairs(file: Path) -> list[tuple[int, int]]:
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return connection.execute("SELECT id, count(*) FROM pair GROUP BY id").fetchall()


def database(engine: Engine) -> Path:
    assert engine.file is not None
    return engine.file


async def test_a_backup_is_one_moment_of_a_database_in_use(engine: Engine, tmp_path: Path) -> None:
    for number in range(50):
        await add(engine, number)
    target = tmp_path / "copies" / "one.db"
    writing = asyncio.gather(*(add(engine, number) for number in range(50, 400)))
    assert await backup.back_up(database(engine), target) == target
    await writing
    copied = pairs(target)
    assert 50 <= len(copied) <= 400
    assert {count for _, count in copied} == {2}
    assert len(pairs(database(engine))) == 400
    assert [file.name for file in target.parent.iterdir()] == ["one.db"]


async def test_progress_ends_at_the_whole(engine: Engine, tmp_path: Path) -> None:
    for number in range(20):
        await add(engine, number)
    seen: list[tuple[int, int]] = []
    await backup.back_up(database(engine), tmp_path / "copy.db", lambda *step: seen.append(step))
    assert seen
    assert seen[-1][0] == seen[-1][1] > 10


async def test_an_earlier_file_is_never_overwritten(engine: Engine, tmp_path: Path) -> None:
    target = tmp_path / "mine.txt"
    target.write_text("precious")
    with pytest.raises(StorageError, match="already"):
        await backup.back_up(database(engine), target)
    assert target.read_text() == "precious"


async def test_a_damaged_database_gives_no_backup(engine: Engine, tmp_path: Path) -> None:
    for number in range(50):
        await add(engine, number)
    await engine.close()
    file = database(engine)
    damage(file)
    with pytest.raises(DatabaseCorrupt):
        await backup.back_up(file, tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()
    assert not list(tmp_path.glob("copy.db*"))


async def test_what_is_no_database_of_ours_is_refused(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="no database"):
        await backup.back_up(tmp_path / "gone.db", tmp_path / "copy.db")
    text, other = tmp_path / "text.db", tmp_path / "other.db"
    text.write_text("hello " * 1_000)
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE theirs (id)")
    await engine.close()
    before = database(engine).read_bytes()
    for wrong in (text, other, tmp_path / "gone.db", database(engine)):
        with pytest.raises(StorageError):
            await backup.restore(wrong, database(engine), NOW_MS)
    assert database(engine).read_bytes() == before
    assert not list(tmp_path.glob("*replaced*"))
    assert not list(tmp_path.glob("*restored*"))


async def test_restoring_keeps_the_replaced_database(engine: Engine, tmp_path: Path) -> None:
    file = database(engine)
    await add(engine, 1)
    await backup.back_up(file, tmp_path / "copy.db")
    await add(engine, 2)
    await engine.close()
    kept = await backup.restore(tmp_path / "copy.db", file, NOW_MS)
    again = await backup.restore(tmp_path / "copy.db", file, NOW_MS)
    assert kept is not None
    assert again is not None
    assert len({kept, again, file}) == 3
    assert pairs(file) == [(1, 2)]
    assert pairs(kept) == [(1, 2), (2, 2)]
    assert pairs(again) == [(1, 2)]


async def test_a_log_left_by_a_crash_does_not_leak_into_the_restored_database(
    engine: Engine, tmp_path: Path
) -> None:
    await add(engine, 1)
    await backup.back_up(database(engine), tmp_path / "copy.db")
    await add(engine, 2)
    crashed = tmp_path / "crashed" / "kith.db"
    crashed.parent.mkdir()
    for ending in ("", "-wal"):
        original = database(engine).with_name(database(engine).name + ending)
        crashed.with_name(crashed.name + ending).write_bytes(original.read_bytes())
    kept = await backup.restore(tmp_path / "copy.db", crashed, NOW_MS)
    assert kept is not None
    assert pairs(crashed) == [(1, 2)]
    assert pairs(kept) == [(1, 2), (2, 2)]


async def test_a_damaged_database_can_be_replaced_and_is_kept(engine: Engine, tmp_path: Path) -> None:
    await add(engine, 1)
    await backup.back_up(database(engine), tmp_path / "copy.db")
    await engine.close()
    database(engine).write_bytes(b"no database at all" * 1_000)
    kept = await backup.restore(tmp_path / "copy.db", database(engine), NOW_MS)
    assert pairs(database(engine)) == [(1, 2)]
    assert kept is not None
    assert kept.read_bytes().startswith(b"no database")


async def test_restoring_to_where_there_was_nothing(engine: Engine, tmp_path: Path) -> None:
    await add(engine, 1)
    await backup.back_up(database(engine), tmp_path / "copy.db")
    fresh = tmp_path / "new" / "kith.db"
    assert await backup.restore(tmp_path / "copy.db", fresh, NOW_MS) is None
    assert pairs(fresh) == [(1, 2)]


async def test_a_database_in_use_is_not_replaced(engine: Engine, tmp_path: Path) -> None:
    await backup.back_up(database(engine), tmp_path / "copy.db")
    with pytest.raises(DatabaseInUse, match="Stop it first"):
        await backup.restore(tmp_path / "copy.db", database(engine), NOW_MS)


def test_too_little_room_is_said_in_megabytes(tmp_path: Path) -> None:
    with pytest.raises(StorageFull, match="only 5 MB"):
        backup.check_room(tmp_path, 10**9, lambda path: 5_000_000)


def test_the_commands_for_postgres_hold_no_password() -> None:
    dump, load = backup.postgres_commands(
        "postgresql://kith:se%40cret@db.example:5433/kith?sslmode=require&password=se%40cret"
    )
    for command in (dump, load):
        assert "cret" not in command
        assert "postgresql://kith@db.example:5433/kith?sslmode=require" in command
    assert dump.startswith("pg_dump --format=custom")
    assert load.startswith("pg_restore --clean")
    assert "postgresql:///kith" in backup.postgres_commands("postgres:///kith")[0]


def damage(file: Path) -> None:
    content = bytearray(file.read_bytes())
    for start in range(4_096 * 8, len(content), 4_096):
        content[start : start + 64] = b"\xff" * 64
    file.write_bytes(content)
