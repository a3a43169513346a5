"""Migrating, backing up and putting back, from the command line."""

import json
import os
import sqlite3
from pathlib import Path

import pytest

from bot.cli.failures import Exit
from storage.lock import FileLock
from tests.cli.command import Kith, add_communities, count, only_words


def test_migrate_backup_and_restore(kith: Kith, tmp_path: Path) -> None:
    assert "up to date" in kith.says("migrate")
    assert kith.says("migrate") == "The database is up to date.\n"
    add_communities(kith.database, ["a"])

    target = tmp_path / "a copy.db"
    said = kith.says("backup", target)
    assert f"python3 start.py restore '{target}'" in said
    add_communities(kith.database, ["b"])
    dated = kith.says("backup").splitlines()[0].partition(": ")[2].rpartition(" (")[0]
    assert Path(dated).parent == kith.home / "data" / "backups"
    assert (count(target), count(Path(dated))) == (1, 2)

    said = kith.says("restore", target)
    assert count(kith.database) == 1
    replaced = said.splitlines()[-1].rpartition(" in ")[2]
    assert count(Path(replaced)) == 2
    assert json.loads(kith.says("doctor", "--json"))["ok"]


def test_an_earlier_database_is_brought_up_to_date_after_a_backup(kith: Kith) -> None:
    kith.says("migrate")
    with sqlite3.connect(kith.database) as connection:
        connection.execute("DELETE FROM migration WHERE collection = 'welcome'")
        tables = [
            row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE name LIKE 'welcome%'")
        ]
        for table in tables:
            connection.execute(f"DROP TABLE IF EXISTS {table}")
    connection.close()
    said = kith.says("migrate")
    assert "Made" in said
    kept = Path(said.splitlines()[-1].rpartition(" in ")[2])
    assert kept.is_file()


def test_a_cog_that_cannot_be_loaded_keeps_migrate_from_leaving_it_behind(kith: Kith) -> None:
    done = kith("migrate", KITH_COGS="cogs.welcome,cogs.nowhere")
    assert done.returncode == Exit.USAGE
    assert "cogs.nowhere" in done.stderr
    assert not kith.database.exists()


@pytest.mark.parametrize("command", [["migrate"], ["restore", "COPY"]])
def test_a_database_in_use_is_left_alone(kith: Kith, tmp_path: Path, command: list[str]) -> None:
    kith.says("migrate")
    copy = tmp_path / "copy.db"
    kith.says("backup", copy)
    lock = FileLock(kith.database)
    done = kith(*[str(copy) if part == "COPY" else part for part in command])
    meanwhile = kith("backup", tmp_path / "while in use.db")
    lock.release()
    assert done.returncode == Exit.IN_USE
    assert f"process {os.getpid()}" in done.stderr
    assert only_words(done.stderr)
    assert meanwhile.returncode == 0


def test_a_damaged_database_is_told(kith: Kith) -> None:
    kith.database.parent.mkdir()
    kith.database.write_text("no database, though long enough to look like one" * 100)
    for command in (["migrate"], ["backup"]):
        done = kith(*command)
        assert done.returncode == Exit.STORAGE
        assert only_words(done.stderr)
    assert kith("doctor").returncode == Exit.CHECK_FAILED


def test_a_newer_database_is_refused_with_the_command_that_goes_back(kith: Kith, tmp_path: Path) -> None:
    kith.says("migrate")
    kept = tmp_path / "kept.db"
    kith.says("backup", kept)
    with sqlite3.connect(kith.database) as connection:
        connection.execute(
            "INSERT INTO migration (collection, number, name, checksum, version, backup, applied_at)"
            " VALUES ('kith', 9999, 'later', 'x', '9.9.9', ?, 1)",
            [str(kept)],
        )
    connection.close()
    done = kith("migrate")
    assert done.returncode == Exit.STORAGE
    assert f"python3 start.py restore {kept}" in done.stderr
    kith.says("restore", kept)
    kith.says("migrate")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["backup", "."], Exit.USAGE, "is a folder"),
        (["backup", "pyproject.toml"], Exit.STORAGE, "is there already"),
        (["restore", "pyproject.toml"], Exit.STORAGE, "pyproject.toml"),
        (["restore", "gone.db"], Exit.STORAGE, "There is no backup at gone.db"),
    ],
)
def test_files_that_are_none_of_ours(kith: Kith, arguments: list[str], code: Exit, words: str) -> None:
    kith.says("migrate")
    done = kith(*arguments)
    assert done.returncode == code
    assert words in done.stderr
    assert only_words(done.stderr)


def test_nothing_to_back_up_yet(kith: Kith) -> None:
    done = kith("backup")
    assert done.returncode == Exit.STORAGE
    assert "There is no database" in done.stderr


def test_a_postgres_database_is_copied_with_its_own_tools(kith: Kith) -> None:
    done = kith("backup", KITH_DATABASE="postgresql://kith:hush-hush@db/kith")
    assert done.returncode == Exit.USAGE
    assert "pg_dump" in done.stderr
    assert "hush" not in done.stderr
