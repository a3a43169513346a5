"""The command line as people meet it: real processes, their words and their exit codes."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from bot.cli.failures import Exit, Refused, as_typed, explain
from bot.config_problems import ConfigError, Problem
from bot.version import VERSION
from storage.errors import DatabaseInUse, StorageError
from tests.cli.command import ROOT, Kith, only_words

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
