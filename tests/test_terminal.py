"""Being asked at a terminal: a real process at a pseudo-terminal."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bot.cli.failures import Exit
from bot.cli.terminal import TyperTerminal

pty = pytest.importorskip("pty")
ROOT = Path(__file__).resolve().parent.parent


def test_the_first_ctrl_c_at_a_question_ends_it(tmp_path: Path) -> None:
    leader, follower = pty.openpty()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KITH_")}
    command = [sys.executable, "-m", "bot.cli", "connect", "discord"]
    child = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**kept, "KITH_HOME": str(tmp_path)},
        stdin=follower,
        stdout=follower,
        stderr=follower,
        start_new_session=True,
    )
    os.close(follower)
    try:
        shown = b""
        while b"Token:" not in shown:
            shown += os.read(leader, 4096)
        child.send_signal(signal.SIGINT)
        assert child.wait(timeout=60) == Exit.INTERRUPTED
    finally:
        child.kill()
        child.wait()
        os.close(leader)
    assert b"Traceback" not in shown
    assert list(tmp_path.iterdir()) == []


def test_long_work_shows_how_far_it_is(tmp_path: Path) -> None:
    leader, follower = pty.openpty()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KITH_")}
    done = subprocess.run(
        [sys.executable, "-m", "bot.cli", "migrate"],
        cwd=ROOT,
        env={**kept, "KITH_HOME": str(tmp_path), "TERM": "xterm"},
        stdout=subprocess.PIPE,
        stderr=follower,
        timeout=60,
    )
    os.close(follower)
    shown = os.read(leader, 1 << 16)
    os.close(leader)
    assert done.returncode == 0, shown
    assert b"100%" in shown
    assert done.stdout.endswith(b"The database is up to date.\n")


def test_a_question_names_commands_as_they_are_typed_here(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert TyperTerminal().ask("Does it have that of `kith connect slack`?", "n") == "y"
    assert "`python3 start.py connect slack`" in capsys.readouterr().out
