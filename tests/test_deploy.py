"""The units for systemd start what there is, and systemd takes them."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest
import typer

from bot.cli import app
from bot.cli.failures import Exit

ROOT = Path(__file__).resolve().parent.parent
UNITS = sorted((ROOT / "deploy").iterdir())
SET_UP_UNFIT = {10, 11}
"""Exit codes of start.py for a Python that won't do."""


def read(name: str) -> ConfigParser:
    unit = ConfigParser(interpolation=None, delimiters=("=",), strict=True)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string((ROOT / "deploy" / name).read_text(encoding="utf-8"))
    return unit


@pytest.mark.parametrize("name", ["kith.service", "kith-backup.service"])
def test_a_service_starts_a_command_that_there_is(name: str) -> None:
    service = read(name)["Service"]
    _, program, command, *options = shlex.split(service["ExecStart"])
    start = Path(program)
    assert start.parent == Path(service["WorkingDirectory"])
    assert service["ReadWritePaths"].split() == [service["WorkingDirectory"], "/var/lib/kith"]
    assert (ROOT / start.name).is_file()
    known = typer.main.get_command(app).commands[command]  # type: ignore[attr-defined]
    names = {name for parameter in known.params for name in (*parameter.opts, *parameter.secondary_opts)}
    assert set(options) <= names


def test_what_trying_again_does_not_mend_is_not_tried_again() -> None:
    given = {int(code) for code in read("kith.service")["Service"]["RestartPreventExitStatus"].split()}
    assert given == {Exit.USAGE, Exit.IN_USE, *SET_UP_UNFIT}


def test_the_timer_calls_for_the_backup() -> None:
    assert (ROOT / "deploy" / "kith-backup.timer").with_suffix(".service").is_file()
    assert read("kith-backup.timer")["Timer"]["OnCalendar"] == "daily"


def test_the_page_about_it_names_where_the_units_expect_kith() -> None:
    page = (ROOT / "docs" / "keep-it-running.md").read_text(encoding="utf-8")
    service = read("kith.service")
    assert f"`{service['Service']['WorkingDirectory']}`" in page
    assert "--create-home --home-dir /var/lib/kith" in page
    assert page.count("/etc/systemd/system/") == 1


def test_systemd_takes_them() -> None:
    verify = shutil.which("systemd-analyze")
    if verify is None:  # not a Linux with systemd: the other tests have to do
        return
    done = subprocess.run([verify, "verify", *map(str, UNITS)], capture_output=True, text=True, timeout=60)
    told = [line for line in done.stderr.splitlines() if "kith" in line]
    assert told == []
