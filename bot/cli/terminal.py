"""Who sits at the terminal while Kith is set up, and where the tokens they give are kept."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import typer

from bot.cli.failures import as_typed


class Terminal(Protocol):
    """Who is sitting there."""

    def say(self, text: str = "") -> None: ...

    def ask_secret(self, question: str) -> str: ...

    def ask(self, question: str, default: str) -> str: ...


class TyperTerminal:
    """This terminal."""

    def say(self, text: str = "") -> None:
        typer.echo(as_typed(text))

    def ask_secret(self, question: str) -> str:
        with _ended_by_ctrl_c():
            answer: str = typer.prompt(question, default="", show_default=False, hide_input=True)
        return answer

    def ask(self, question: str, default: str) -> str:
        with _ended_by_ctrl_c():
            answer: str = typer.prompt(as_typed(question), default=default, show_default=False)
        return answer


@contextmanager
def _ended_by_ctrl_c() -> Iterator[None]:
    """While somebody is asked, the first Ctrl-C ends it; asyncio would only note it and go on waiting."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def pasted(text: str) -> str:
    """What was pasted, without the space and the quotes that came along."""
    return text.strip().strip("\"'`“”").strip()


def tokens_folder() -> Path:
    """Where tokens are kept: the user's own configuration, outside of any project."""
    if os.name == "nt":
        base = Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming")
    else:
        base = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return base / "kith"


def keep_token(name: str, token: str) -> Path:
    """Keep a token in a file of that name which only its owner can read. Raises OSError."""
    folder = tokens_folder()
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new:
        new.write(token + "\n")
    return file


def with_secret_file(text: str, section: str, key: str, file: Path) -> str:
    """The configuration with `file` as the place of a secret; all else as it was."""
    return with_key(text, section, key, f'{key}_file = "{file.as_posix()}"')


def with_key(text: str, section: str, key: str, line: str) -> str:
    """The configuration with this line for a key; all else as it was."""
    lines = text.splitlines()
    header = re.compile(rf"\s*\[\s*{section}\s*\]")
    try:
        start = next(n for n, each in enumerate(lines) if header.match(each))
    except StopIteration:
        return "\n".join([*lines, *([""] if lines else []), f"[{section}]", line]) + "\n"
    end = next((n for n in range(start + 1, len(lines)) if re.match(r"\s*\[", lines[n])), len(lines))
    old = re.compile(rf"\s*{key}(_file)?\s*=")
    kept = [each for each in lines[start + 1 : end] if not old.match(each)]
    return "\n".join([*lines[: start + 1], line, *kept, *lines[end:]]) + "\n"
