"""What went wrong, as an exit code and a line or two that say what to do."""

from __future__ import annotations

import errno
import re
import sys
from enum import IntEnum
from pathlib import Path

from bot.config_problems import ConfigError
from bot.redact import Redactor, visible
from storage.errors import DatabaseInUse, StorageError, UnitError


class Exit(IntEnum):
    """The exit codes, which never change their meaning."""

    FINE = 0
    CHECK_FAILED = 1
    USAGE = 2
    STORAGE = 3
    ADDRESS = 4
    IN_USE = 5
    FAULT = 70
    INTERRUPTED = 130


class Refused(Exception):
    """A command can't do what it was asked to; the message says why, and what works instead."""

    def __init__(self, message: str, code: Exit = Exit.USAGE) -> None:
        super().__init__(message)
        self.code = code


def program() -> str:
    """How people start this: `kith` where it is installed, else through start.py."""
    return "kith" if Path(sys.argv[0]).stem == "kith" else "python3 start.py"


def as_typed(text: str) -> str:
    """The text with the commands in it, like "kith restore", written as people type them here."""
    return re.sub(
        r"\bkith (?=(?:backup|connect|doctor|link|migrate|restore|run|slack)\b)", f"{program()} ", text
    )


def explain(error: BaseException) -> tuple[Exit, str]:
    """The exit code and the words for an error."""
    match error:
        case ConfigError() | Refused() | StorageError() | UnitError():
            code, text = _code(error), str(error)
        case ExceptionGroup(exceptions=[only]):
            return explain(only)
        case OSError(errno=errno.ENOSPC):
            code, text = Exit.STORAGE, "The disk is full. Make room, then try again; nothing was lost."
        case OSError(errno=errno.EADDRINUSE):
            code, text = (
                Exit.ADDRESS,
                "Another program, perhaps another Kith, listens on that address already.",
            )
        case OSError(errno=errno.EADDRNOTAVAIL):
            code, text = Exit.ADDRESS, "This machine has no such address to listen on."
        case PermissionError(filename=None):
            code, text = (
                Exit.ADDRESS,
                "Listening on that port needs more rights. Ports from 1024 on need none.",
            )
        case PermissionError():
            code, text = Exit.STORAGE, f"{error.filename} can't be read or written. Allow it, then try again."
        case _:
            what = f"{type(error).__name__}: {error}".strip(": ")
            code, text = (
                Exit.FAULT,
                f"Something broke inside Kith: {what}\nWith --debug it shows where; please report that.",
            )
    if code is Exit.ADDRESS:
        text += " Choose another with --host or --port."
    return code, as_typed("\n".join(visible(Redactor().text(line)) for line in text.splitlines()))


def _code(error: BaseException) -> Exit:
    match error:
        case Refused(code=code):
            return code
        case ConfigError():
            return Exit.USAGE
        case DatabaseInUse():
            return Exit.IN_USE
        case _:
            return Exit.STORAGE
