"""What Postgres, asyncpg and the network call an error, in terms of the port."""

import re
from typing import Any

import asyncpg  # type: ignore[import-untyped]

from storage.errors import (
    CheckViolation,
    ConstraintViolation,
    DatabaseCorrupt,
    ForeignKeyViolation,
    NotNullViolation,
    ReadOnly,
    StatementError,
    StorageBusy,
    StorageError,
    StorageFull,
    UniqueViolation,
)


class ConnectionLost(StorageError):
    """The server went away; what was not committed by then is undone by the server."""


class Conflict(StorageBusy):
    """Transactions got into each other's way and this one gave in; another attempt may well succeed."""


class NotBegun(StorageError):
    """The transaction could not even begin; no unit was run."""


FAILURES = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
"""What asyncpg raises when the server, the connection or a statement fails."""

_STATES: dict[str, tuple[type[Exception], str]] = {
    "23505": (UniqueViolation, ""),
    "23503": (ForeignKeyViolation, ""),
    "23502": (NotNullViolation, ""),
    "23514": (CheckViolation, ""),
    "25006": (ReadOnly, "Writes belong in a unit."),
    "40001": (Conflict, "Several workers wrote the same rows at once. Try again."),
    "40P01": (Conflict, "Several workers waited for each other. Try again."),
    "53100": (StorageFull, "Make room on the disk of the database server."),
    "53300": (StorageBusy, "The server takes no more connections. Allow more of them, or stop others."),
    "55P03": (StorageBusy, "Another worker held what this one needs for too long. Try again."),
    "57P03": (StorageBusy, "The server is starting or stopping. Wait until it is up."),
    "XX001": (DatabaseCorrupt, "Put a backup back with pg_restore."),
    "XX002": (DatabaseCorrupt, "Rebuild the index with REINDEX, or put a backup back with pg_restore."),
}

_SERVER_FAILS = ("08", "53", "57", "58", "F0", "XX", "25P03")
"""Beginnings of the SQLSTATEs in which the server fails rather than the statement."""

_OUTDATED = (asyncpg.InvalidCachedStatementError, asyncpg.OutdatedSchemaCacheError)
"""What a prepared statement raises once after a change of its table; asyncpg has forgotten it by then."""

_ARGUMENT = re.compile(r"(invalid input for query argument \$\d+): .* (?=\()", re.DOTALL)


def is_closed(connection: Any) -> bool:
    """Whether a connection is gone; a pool takes a closed one back at once, and then it can't be asked."""
    try:
        return bool(connection.is_closed())
    except asyncpg.InterfaceError:
        return True


def portable(error: Exception) -> Exception:
    """The error of the port for one of asyncpg's or of the network."""
    if isinstance(error, _OUTDATED):
        return Conflict("A table was changed meanwhile, by an upgrade perhaps. Try again.")
    if isinstance(error, asyncpg.PostgresError):
        # the message alone: details repeat values, which are people's words, and so do asyncpg's own checks
        return _of_state(
            error.sqlstate or "", _ARGUMENT.sub(r"\1 ", str(error.args[0] if error.args else ""))
        )
    if isinstance(error, TimeoutError):
        return StorageBusy("The database server took too long to answer. Look at its load and its log.")
    if isinstance(error, asyncpg.InterfaceError | asyncpg.InternalClientError | OSError):
        return StorageError(f"The connection to the database server is lost: {error}. Check that it runs.")
    return StatementError(str(error))


def unreachable(error: Exception) -> ConnectionLost:
    """The error of a server that doesn't let us in."""
    reason = str(error) or "it doesn't answer"
    return ConnectionLost(f"The database server can't be reached: {reason}. Check that it runs.")


def _of_state(state: str, said: str) -> Exception:
    if state in _STATES:
        kind, advice = _STATES[state]
        return kind(f"{said}. {advice}".rstrip())
    if state.startswith("23"):
        return ConstraintViolation(said)
    if state.startswith(_SERVER_FAILS):
        return StorageError(f"The database server failed: {said}. Look at its log.")
    return StatementError(said)
