"""The command line as people meet it: real processes, their words and their exit codes."""

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.cli.failures import Exit, Refused, as_typed, explain
from bot.config_problems import ConfigError, Problem
from bot.version import VERSION
from storage.errors import DatabaseInUse, StorageError
from storage.lock import FileLock

ROOT = Path(__file__).resolve().parent.parent


class Kith:
    """Runs commands with a home of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.database = home / "data" / "kith.db"

    def start(self, *arguments: str | Path, **environ: str) -> subprocess.Popen[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("KITH_")}
        return subprocess.Popen(
            [sys.executable, "-m", "bot.cli", *map(str, arguments)],
            cwd=ROOT,
            env={**kept, "KITH_HOME": str(self.home), "COLUMNS": "200", **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def __call__(self, *arguments: str | Path, **environ: str) -> subprocess.CompletedProcess[str]:
        with self.start(*arguments, **environ) as child:
            try:
                output, errors = child.communicate(timeout=120)
            except subprocess.TimeoutExpired:
                child.kill()
                raise
        return subprocess.CompletedProcess(arguments, child.returncode, output, errors)

    def says(self, *arguments: str | Path, **environ: str) -> str:
        done = self(*arguments, **environ)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def kith(tmp_path: Path) -> Kith:
    home = tmp_path / "home of kith"
    home.mkdir()
    return Kith(home)


def only_words(text: str, most: int = 3) -> bool:
    """Whether this is a few lines for people and no traceback."""
    return "Traceback" not in text and 0 < len(text.splitlines()) <= most


# --- what there is


def test_the_version_is_that_of_the_project(kith: Kith) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == VERSION
    assert kith.says("version").startswith(f"Kith {VERSION} (Python 3.")


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["frobnicate"], "python3 start.py help"),
        (["connect", "irc"], "python3 start.py connect --help"),
        (["run", "--prot", "3"], "python3 start.py run --help"),
    ],
)
def test_what_is_mistyped_is_explained_by_the_command_it_names(
    words: list[str], hint: str, tmp_path: Path
) -> None:
    done = Kith(tmp_path)(*words)
    assert done.returncode == Exit.USAGE
    assert f"`{hint}` tells what there is." in done.stderr


def test_help_tells_commands_and_exit_codes(kith: Kith) -> None:
    said = kith.says("--help")
    for word in ("run", "doctor", "migrate", "backup", "restore", "version", "Exit codes"):
        assert word in said
    assert "--fresh" in kith.says("run", "--help")


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["docter"], "Did you mean 'doctor'?"),
        (["doctor", "--jsn"], "--json"),
        (["run", "--port", "eighty"], "--port"),
        (["run", "--port", "70000"], "--port"),
        (["restore"], "FILE"),
        (["version", "now"], "now"),
    ],
)
def test_a_mistyped_command_is_answered_with_the_nearest(kith: Kith, arguments: list[str], hint: str) -> None:
    done = kith(*arguments)
    assert done.returncode == Exit.USAGE
    assert hint.lower() in done.stderr.lower()
    assert only_words(done.stderr)


def test_a_command_imports_no_library_that_it_does_not_use() -> None:
    script = "import sys, bot.cli; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    heavy = {"discord", "slack_bolt", "slack_sdk", "aiohttp", "asyncpg", "aiosqlite", "apscheduler", "jinja2"}
    assert not heavy & set(done.stdout.split())


# --- the configuration


@pytest.mark.parametrize("command", ["run", "migrate", "backup"])
def test_a_wrong_configuration_is_told_with_its_lines(kith: Kith, command: str) -> None:
    (kith.home / "config.toml").write_text('[web]\nport = "x"\n[kith]\nzoen = "UTC"\n')
    done = kith(command)
    assert done.returncode == Exit.USAGE
    assert "config.toml:2: web.port: must be a whole number" in done.stderr
    assert "config.toml:4: unknown key 'zoen' in [kith]. Did you mean 'zone'?" in done.stderr
    assert only_words(done.stderr)


def test_another_configuration_can_be_named(kith: Kith, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text('[kith]\ndata = "elsewhere"\n')
    kith.says("migrate", "--config", other)
    assert (tmp_path / "elsewhere" / "kith.db").exists()
    done = kith("doctor", "-c", tmp_path / "gone.toml")
    assert done.returncode == Exit.CHECK_FAILED
    assert "gone.toml" in done.stdout


# --- running


@contextmanager
def running(kith: Kith, *arguments: str) -> Iterator[tuple[str, str]]:
    """Kith, up: its address and the link into the room. It is stopped by Ctrl-C, and must end with 0."""
    with kith.start("run", "--port", "0", "--no-browser", *arguments) as child:
        try:
            assert child.stdout is not None
            said = ""
            while "Ctrl-C" not in said:
                line = child.stdout.readline()
                assert line, said
                said += line
            found = re.search(r"at (http://\S+)\n(?:.*\n)*?\s*(http://\S+)", said)
            assert found, said
            yield found[1], found[2]
            child.send_signal(signal.SIGINT)
            assert child.wait(60) == Exit.FINE
        finally:
            child.kill()


def fetch(address: str) -> tuple[int, str]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(address, timeout=60) as response:
        return response.status, response.read().decode()


def test_it_runs_until_ctrl_c_and_keeps_its_data(kith: Kith) -> None:
    with running(kith) as (address, link):
        assert fetch(f"{address}/healthz")[0] == 200
        assert link.startswith(f"{address}/enter?code=")
        checks = {check["code"]: check for check in json.loads(kith.says("doctor", "--json"))["checks"]}
        assert "running" in checks["in-use"]["detail"]
        assert {check["state"] for check in checks.values()} == {"ok"}
    before = count(kith.database, "member")
    assert before > 1
    with running(kith):
        pass
    assert count(kith.database, "member") == before


def test_a_fresh_link_leads_into_the_room_that_is_open(kith: Kith) -> None:
    before = kith("link")
    assert before.returncode == Exit.USAGE
    assert "isn't running" in before.stderr
    with running(kith) as (address, first):
        found = re.search(r"^  (http\S+)$", kith.says("link"), re.MULTILINE)
        assert found
        assert found[1] != first
        for link in (first, found[1]):
            assert link.startswith(f"{address}/enter?code=")
            with pytest.raises(urllib.error.HTTPError, match="303"):
                enter(link)
        with pytest.raises(urllib.error.HTTPError, match="401") as spent:
            enter(found[1])
        assert "kith link" in spent.value.read().decode()
    assert kith("link").returncode == Exit.USAGE


def test_without_a_room_there_is_no_link(kith: Kith) -> None:
    done = kith("link", KITH_DISCORD_TOKEN="a.b.c")
    assert done.returncode == Exit.USAGE
    assert "No room is open" in done.stderr


def test_a_link_needs_the_secret_of_the_kith_that_runs(kith: Kith) -> None:
    secret = "a long and very random secret"
    with kith.start("run", "--port", "0", "--no-browser", KITH_SECRET=secret) as child:
        try:
            assert child.stdout is not None
            while "Ctrl-C" not in (line := child.stdout.readline()):
                assert line
            assert "KITH_SECRET" in kith("link").stderr
            found = re.search(r"^  (http\S+)$", kith.says("link", KITH_SECRET=secret), re.MULTILINE)
            assert found
            with pytest.raises(urllib.error.HTTPError, match="303"):
                enter(found[1])
        finally:
            child.kill()


def enter(link: str) -> None:
    """Open a link as a browser does, without following where it leads."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *args: object) -> None:
            return None

    urllib.request.build_opener(urllib.request.ProxyHandler({}), Stay()).open(link, timeout=60)


def test_a_start_tells_what_it_connects_to(kith: Kith) -> None:
    with kith.start(
        "run",
        "--no-browser",
        KITH_WEB_PORT="0",
        KITH_DISCORD_TOKEN="a.b.c",
        KITH_DISCORD_API="http://127.0.0.1:9/api",
    ) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline().startswith(
                "Kith is up, and connects to Discord. Its health is at http"
            )
            assert "Ctrl-C" in child.stdout.readline()
            child.send_signal(signal.SIGINT)
            assert child.wait(60) == Exit.FINE
        finally:
            child.kill()


def test_a_second_one_on_the_same_data_says_so_and_leaves(kith: Kith) -> None:
    with running(kith):
        done = kith("run", "--port", "0", "--no-browser")
    assert done.returncode == Exit.IN_USE
    assert "Stop it first" in done.stderr
    assert "To come into its room again: python3 start.py link" in done.stderr
    assert only_words(done.stderr)


def test_a_port_in_use_is_told(kith: Kith) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = kith("run", "--no-browser", "--port", str(taken.getsockname()[1]))
    assert done.returncode == Exit.ADDRESS
    assert "--port" in done.stderr
    assert only_words(done.stderr)


def test_listening_beyond_this_machine_needs_a_secret(kith: Kith) -> None:
    done = kith("run", "--no-browser", "--port", "0", "--host", "0.0.0.0")
    assert done.returncode == Exit.USAGE
    assert "option --host" in done.stderr
    assert "KITH_SECRET" in done.stderr
    assert not kith.database.exists()


def test_fresh_begins_anew_and_keeps_what_was(kith: Kith) -> None:
    with running(kith):
        pass
    put(kith.database, ["a"])
    with running(kith, "--fresh"):
        pass
    kept = list((kith.home / "data" / "backups").rglob("kith.db"))
    assert count(kept[0]) == count(kith.database) + 1


def test_a_mistake_in_a_features_table_keeps_it_from_starting(kith: Kith) -> None:
    (kith.home / "config.toml").write_text("[kindness]\ndayly = 3\n")
    done = kith("run", "--no-browser", "--port", "0")
    assert done.returncode == Exit.USAGE
    assert "config.toml:2: " in done.stderr
    assert "daily" in done.stderr


# --- the database


def count(database: Path, table: str = "community") -> int:
    with sqlite3.connect(database) as connection:
        (found,) = connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()
    connection.close()
    return int(found)


def put(database: Path, names: Iterable[str]) -> None:
    rows = [(1000 + ord(name[0]), name) for name in names]
    with sqlite3.connect(database) as connection:
        connection.executemany("INSERT INTO community (id, name, created_at) VALUES (?, ?, 1)", rows)
    connection.close()


def test_migrate_backup_and_restore(kith: Kith, tmp_path: Path) -> None:
    assert "up to date" in kith.says("migrate")
    assert kith.says("migrate") == "The database is up to date.\n"
    put(kith.database, ["a"])

    target = tmp_path / "a copy.db"
    said = kith.says("backup", target)
    assert f"python3 start.py restore '{target}'" in said
    put(kith.database, ["b"])
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


# --- the doctor


def test_the_doctor_speaks_to_people_and_to_machines(kith: Kith) -> None:
    assert "All is well." in kith.says("doctor")
    told = json.loads(kith.says("doctor", "--json"))
    assert told["kith"] == VERSION
    assert told["ok"] is True
    assert set(told["checks"][0]) == {"code", "title", "state", "detail", "remedy"}


def test_the_doctor_finds_what_is_wrong_and_exits_with_one(kith: Kith) -> None:
    (kith.home / "config.toml").write_text('[discord]\ntoken = "hush-hush"\nzone = 1\n')
    done = kith("doctor")
    assert done.returncode == Exit.CHECK_FAILED
    assert "config.toml:3: unknown key 'zone' in [discord]" in done.stdout
    assert "1 failed" in done.stdout
    assert "hush" not in done.stdout + done.stderr
    assert json.loads(kith("doctor", "--json").stdout)["ok"] is False


# --- what went wrong, in words


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (ConfigError([Problem("config.toml:1", "wrong.", "Right it.")]), Exit.USAGE, "config.toml:1: wrong. Right it."),
        (Refused("No. Use kith backup instead."), Exit.USAGE, "No. Use python3 start.py backup instead."),
        (DatabaseInUse("Busy."), Exit.IN_USE, "Busy."),
        (StorageError("Broken \u202e."), Exit.STORAGE, "Broken \\u202e."),
        (OSError(28, "No space left on device", "x"), Exit.STORAGE, "The disk is full."),
        (OSError(98, "Address already in use"), Exit.ADDRESS, "Another program, perhaps another Kith, listens"),
        (OSError(99, "Cannot assign requested address"), Exit.ADDRESS, "no such address"),
        (PermissionError(13, "Permission denied"), Exit.ADDRESS, "Ports from 1024 on"),
        (PermissionError(13, "Permission denied", "/some/file"), Exit.STORAGE, "/some/file can't be read or written"),
        (ExceptionGroup("several", [StorageError("Deep.")]), Exit.STORAGE, "Deep."),
        (RuntimeError("token='hush-hush'"), Exit.FAULT, "Something broke inside Kith: RuntimeError: token='[redacted]'"),
    ],
)  # fmt: skip
def test_every_error_has_its_code_and_a_line_or_two(error: Exception, code: Exit, words: str) -> None:
    found, said = explain(error)
    assert found is code
    assert words in said
    assert only_words(said, most=2)


def test_commands_are_written_as_people_type_them(monkeypatch: pytest.MonkeyPatch) -> None:
    assert as_typed("Try kith restore x; kith is kind.") == "Try python3 start.py restore x; kith is kind."
    monkeypatch.setattr(sys, "argv", ["/usr/bin/kith"])
    assert as_typed("Try kith restore x.") == "Try kith restore x."


def test_debug_shows_where_an_error_comes_from(kith: Kith) -> None:
    assert "Traceback" in kith("backup", "--debug").stderr
