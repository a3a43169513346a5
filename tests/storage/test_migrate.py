"""Migrations: in order, once, all or nothing; what is newer, changed or too big for the disk is refused."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from storage import backup, open_engine
from storage.errors import ConstraintViolation, DatabaseNewer, MigrationChanged, MigrationFailed, StorageFull
from storage.migrate import HOST, MigrationSet, Migrator, load
from storage.port import Engine, Tx
from storage.repos import outbox_lanes as lanes
from storage.repos.outbox import OutboxRow
from tests.engines import NOW_MS, PostgresServer

ENGINES_OWN = ["search", "role"]


@pytest_asyncio.fixture
async def empty(dialect: str, request: pytest.FixtureRequest) -> AsyncIterator[Engine]:
    """An engine on a database without any table."""
    if dialect == "postgres":
        server: PostgresServer = request.getfixturevalue("postgres")
        url = await server.fresh(None)
    else:
        url = f"sqlite:///{request.getfixturevalue('tmp_path') / 'data' / 'kith.db'}"
    engine = await open_engine(url)
    yield engine
    await engine.close()


@pytest.fixture
def cog(tmp_path: Path) -> MigrationSet:
    folder = tmp_path / "cog"
    folder.mkdir()
    write(folder, "0001_begin.sql", "CREATE TABLE hello (id BIGINT PRIMARY KEY, word TEXT);")
    write(
        folder,
        "0002_more.sqlite.sql",
        "-- a comment; with a semicolon\n"
        "ALTER TABLE hello ADD COLUMN n BIGINT;\n"
        "CREATE TRIGGER t AFTER INSERT ON hello BEGIN\n"
        "  UPDATE hello SET n = 1 WHERE id = NEW.id;\n  SELECT 'end; of it';\nEND;\n",
    )
    write(
        folder,
        "0002_more.postgres.sql",
        "ALTER TABLE hello ADD COLUMN n BIGINT DEFAULT 1;\nSELECT 'a;b', $$ c;d $$;\n",
    )
    write(folder, "README.md", "not a migration")
    return MigrationSet("hello", folder)


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text, encoding="utf-8")


def migrator(engine: Engine, *sets: MigrationSet, version: str = "1.0", free: int = 10**12) -> Migrator:
    return Migrator(engine, sets, version=version, now_ms=lambda: NOW_MS, free_space=lambda path: free)


async def greet(engine: Engine, number: int) -> None:
    async def work(tx: Tx) -> None:
        await tx.run("INSERT INTO hello (id, word) VALUES (:id, 'hi')", {"id": number})

    await engine.unit(1, work)


async def greetings(engine: Engine) -> list[dict[str, object]]:
    async def work(tx: Tx) -> list[dict[str, object]]:
        return [dict(row) for row in await tx.all("SELECT * FROM hello ORDER BY id")]

    return await engine.read(work)


def folder(owner: MigrationSet) -> Path:
    assert isinstance(owner.directory, Path)
    return owner.directory


async def test_all_is_applied_once_and_in_order(empty: Engine, cog: MigrationSet) -> None:
    seen: list[tuple[int, int, str]] = []
    first = await migrator(empty, cog).upgrade(lambda *step: seen.append(step))
    assert [each.name for each in first.applied] == [*ENGINES_OWN, "begin", "more"]
    assert first.backup is None
    assert seen[0] == (0, 4, "storage 0001 (search)")
    assert seen[-1] == (4, 4, "done")
    await greet(empty, 1)
    assert await greetings(empty) == [{"id": 1, "word": "hi", "n": 1}]

    again = await migrator(empty, cog).upgrade()
    assert list(again.applied) == []
    assert again.backup is None
    status = await migrator(empty, cog).status()
    assert (status.applied, list(status.pending), list(status.newer)) == (4, [], [])


async def test_looking_at_the_status_writes_nothing(empty: Engine, cog: MigrationSet) -> None:
    status = await migrator(empty, cog).status()
    assert status.applied == 0
    assert [str(each) for each in status.pending][-1] == "hello 0002 (more)"
    status = await migrator(empty, cog).status()
    assert status.applied == 0


async def test_several_workers_may_upgrade_at_once(empty: Engine, cog: MigrationSet) -> None:
    done = await asyncio.gather(*(migrator(empty, cog).upgrade() for _ in range(4)))
    assert sorted(each.name for upgraded in done for each in upgraded.applied) == sorted(
        [*ENGINES_OWN, "begin", "more"]
    )


async def test_a_failing_step_leaves_no_trace_and_the_earlier_ones_stay(
    empty: Engine, cog: MigrationSet
) -> None:
    write(folder(cog), "0003_bad.sql", "CREATE TABLE half (id BIGINT);\nINSERT INTO nowhere VALUES (1);")
    with pytest.raises(MigrationFailed, match="hello 0003 \\(bad\\)"):
        await migrator(empty, cog).upgrade()
    await greet(empty, 1)
    write(folder(cog), "0003_bad.sql", "CREATE TABLE half (id BIGINT);")
    assert [each.number for each in (await migrator(empty, cog).upgrade()).applied] == [3]


async def test_a_newer_database_is_refused_with_the_way_back(empty: Engine, cog: MigrationSet) -> None:
    await migrator(empty, cog).upgrade()
    write(folder(cog), "0003_later.sql", "CREATE TABLE later (id BIGINT);")
    upgraded = await migrator(empty, cog, version="2.0").upgrade()
    (folder(cog) / "0003_later.sql").unlink()

    with pytest.raises(DatabaseNewer) as caught:
        await migrator(empty, cog).upgrade()
    said = str(caught.value)
    assert "hello 0003 (later)" in said
    assert "Kith 2.0" in said
    assert "Kith 1.0" in said
    if empty.file is None:
        assert "pg_restore" in said
    else:
        assert upgraded.backup is not None
        assert f"kith restore {upgraded.backup}" in said


async def test_a_cog_that_is_no_longer_there_bothers_nobody(empty: Engine, cog: MigrationSet) -> None:
    await migrator(empty, cog).upgrade()
    assert list((await migrator(empty).upgrade()).applied) == []


async def test_a_changed_file_is_reported(empty: Engine, cog: MigrationSet) -> None:
    await migrator(empty, cog).upgrade()
    write(folder(cog), "0001_begin.sql", "CREATE TABLE hello (id BIGINT PRIMARY KEY, word TEXT, other TEXT);")
    with pytest.raises(MigrationChanged, match="hello 0001"):
        await migrator(empty, cog).upgrade()


async def test_line_endings_are_no_change(empty: Engine, cog: MigrationSet) -> None:
    await migrator(empty, cog).upgrade()
    file = folder(cog) / f"0002_more.{empty.dialect}.sql"
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert list((await migrator(empty, cog).upgrade()).applied) == []


async def test_a_number_slipped_in_later_is_reported(empty: Engine, cog: MigrationSet) -> None:
    write(folder(cog), "0004_last.sql", "CREATE TABLE last_one (id BIGINT);")
    await migrator(empty, cog).upgrade()
    write(folder(cog), "0003_slipped.sql", "CREATE TABLE slipped (id BIGINT);")
    with pytest.raises(MigrationChanged, match="hello 0003"):
        await migrator(empty, cog).upgrade()


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_backup_is_taken_before_an_upgrade_and_brings_the_old_data_back(
    empty: Engine, cog: MigrationSet
) -> None:
    await migrator(empty, cog).upgrade()
    await greet(empty, 1)
    write(folder(cog), "0003_ruin.sql", "DELETE FROM hello;")
    upgraded = await migrator(empty, cog, version="2.0").upgrade()
    assert upgraded.backup is not None
    assert upgraded.backup.parent.name == "backups"
    assert "before-2.0" in upgraded.backup.name
    assert await greetings(empty) == []
    assert empty.file is not None
    await empty.close()

    await backup.restore(upgraded.backup, empty.file, NOW_MS)
    (folder(cog) / "0003_ruin.sql").unlink()
    old = await open_engine(f"sqlite:///{empty.file}")
    try:
        assert list((await migrator(old, cog).upgrade()).applied) == []
        assert await greetings(old) == [{"id": 1, "word": "hi", "n": 1}]
    finally:
        await old.close()


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_too_little_disk_is_refused_untouched(empty: Engine, cog: MigrationSet) -> None:
    with pytest.raises(StorageFull, match="MB"):
        await migrator(empty, cog, free=1_000_000).upgrade()
    assert (await migrator(empty, cog).status()).applied == 0
    await migrator(empty, cog).upgrade()
    write(folder(cog), "0003_later.sql", "CREATE TABLE later (id BIGINT);")
    with pytest.raises(StorageFull, match="nothing was changed"):
        await migrator(empty, cog, free=1_000_000).upgrade()
    assert [each.number for each in (await migrator(empty, cog).status()).pending] == [3]
    assert empty.file is not None
    assert not (empty.file.parent / "backups").exists()


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("begin.sql", "named like"),
        ("1_begin.sql", "named like"),
        ("0001_other.sql", "two migrations 0001"),
        ("0003_half.postgres.sql", "0003 of hello is missing for sqlite"),
    ],
)
def test_wrongly_named_files_are_refused(cog: MigrationSet, name: str, match: str) -> None:
    write(folder(cog), name, "SELECT 1;")
    with pytest.raises(ValueError, match=match):
        load(cog, "sqlite")


async def test_the_hosts_own_migrations_apply(empty: Engine) -> None:
    done = await migrator(empty, HOST).upgrade()
    assert {each.collection for each in done.applied} == {"storage", "kith"}
    assert await empty.checkup() == []


async def test_rows_of_the_outbox_outlive_its_making_anew(empty: Engine, tmp_path: Path) -> None:
    earlier = tmp_path / "earlier"
    earlier.mkdir()
    for file in sorted(HOST.directory.glob("000*.sql")):
        shutil.copy(file, earlier)
    await migrator(empty, MigrationSet(HOST.name, earlier)).upgrade()
    row = OutboxRow(
        id=1, community=2, space="local:room", platform="local", key="hello", form="post", original=None,
        answer=0, lane="channel:local:room:1", position=1, state="uncertain", reason="timeout", priority=1,
        due_at=None, address="{}", body="{}", cog="welcome", kind="", because="{}", people=" local:room:1 ",
        forgotten=0, created_at=3, settled_at=None, added_at=4, fence=5, lease_until=6, attempts=7,
        first_attempt=8, window_start=9, uncertain_since=10, doubts=11, looks=12, errors=13, refusal="no",
        not_before=14, message="local:room:1:15", thread="16",
    )  # fmt: skip
    columns = OutboxRow._fields
    add = f"INSERT INTO outbox ({', '.join(columns)}) VALUES ({', '.join(f':{name}' for name in columns)})"
    await empty.unit(2, lambda tx: tx.run(add, row._asdict()))

    await migrator(empty, HOST).upgrade()

    assert await empty.unit(2, lambda tx: lanes.by_id(tx, 1)) == row
    for wrong in ({"form": "poem"}, {"state": "lost"}, {"key": "hello"}):
        with pytest.raises(ConstraintViolation):
            await empty.unit(2, lambda tx, wrong=wrong: tx.run(add, row._replace(id=2, **wrong)._asdict()))  # type: ignore[misc]
