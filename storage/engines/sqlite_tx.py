"""A unit's transaction on SQLite: calls complete at once, on the thread of the connection."""

import sqlite3
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from types import TracebackType
from typing import ClassVar

from storage import search
from storage.engines.placeholders import Statement, no_value, numbered
from storage.engines.stepping import over, refuse_control
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
from storage.port import NO_PARAMS, Dialect, Params, Row

_CONSTRAINTS: dict[int, type[ConstraintViolation]] = {
    sqlite3.SQLITE_CONSTRAINT_UNIQUE: UniqueViolation,
    sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY: UniqueViolation,
    sqlite3.SQLITE_CONSTRAINT_ROWID: UniqueViolation,
    sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY: ForeignKeyViolation,
    sqlite3.SQLITE_CONSTRAINT_NOTNULL: NotNullViolation,
    sqlite3.SQLITE_CONSTRAINT_CHECK: CheckViolation,
}


def portable(error: Exception, file: Path) -> Exception:
    """The error of the port for one of SQLite's."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return StatementError(str(error))
    match code & 0xFF:
        case sqlite3.SQLITE_CONSTRAINT:
            return _CONSTRAINTS.get(code, ConstraintViolation)(str(error))
        case sqlite3.SQLITE_FULL:
            return StorageFull(f"There is no room left to write to {file}. Free some; nothing is half done.")
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED | sqlite3.SQLITE_PROTOCOL:
            return StorageBusy(f"Another program holds {file}. Close it, or wait until it has finished.")
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return DatabaseCorrupt(
                f"{file} is damaged or is no database ({error}). Put a backup back with: kith restore BACKUP"
            )
        case sqlite3.SQLITE_READONLY:
            return ReadOnly(f"{file} can't be written here ({error}). Writes belong in a unit.")
        case sqlite3.SQLITE_IOERR | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_NOMEM | sqlite3.SQLITE_PERM:
            return StorageError(
                f"{file} can't be read or written ({error}). Look at the disk and the file's permissions."
            )
        case sqlite3.SQLITE_INTERRUPT:
            return StorageError(f"A statement on {file} was interrupted.")
        case _:
            return StatementError(str(error))


_OVER = over()
"""Stands for the end of a unit; whoever runs into it gets one of their own."""


class SqliteTx:
    """One unit's transaction; see `storage.port.Tx`."""

    __slots__ = ("_cursor", "_file", "_known", "depth", "fault", "is_bold")

    dialect: ClassVar[Dialect] = "sqlite"

    def __init__(
        self, cursor: sqlite3.Cursor, known: dict[str, Statement], file: Path, *, is_bold: bool = False
    ) -> None:
        self.is_bold = is_bold
        """Whether savepoints are left out, in the hope that none will be needed."""
        self._cursor = cursor
        self._known = known
        self._file = file
        self.depth = 0
        self.fault: BaseException | None = None
        """Why no further statement can run: an earlier one failed, time is up, or the unit is over."""

    async def run(self, sql: str, params: Params = NO_PARAMS) -> int:
        cursor = self._execute(sql, params)
        if cursor.description is not None:
            self._fetch()  # the count of a statement with RETURNING stands after its last row
        return max(cursor.rowcount, 0)

    async def one(self, sql: str, params: Params = NO_PARAMS) -> Row | None:
        self._execute(sql, params)
        try:
            row: Row | None = self._cursor.fetchone()
            return row
        except Exception as error:
            raise self._fail(error) from error

    async def all(self, sql: str, params: Params = NO_PARAMS) -> list[Row]:
        self._execute(sql, params)
        return self._fetch()

    def savepoint(self) -> AbstractAsyncContextManager[None]:
        return _Savepoint(self)

    async def index(self, shelf: str, community: int, doc: int, text: str) -> None:
        await search.index(self, shelf, community, doc, text)

    async def unindex(self, shelf: str, doc: int) -> None:
        await search.unindex(self, shelf, doc)

    async def search(self, shelf: str, community: int, query: str, limit: int) -> list[int]:
        return await search.search(self, shelf, community, query, limit)

    async def script(self, sql: str) -> None:
        """Run a migration's statements, ended by semicolons."""
        self._check()
        try:
            for statement in statements(sql):
                self._cursor.execute(statement)
        except Exception as error:
            raise self._fail(error) from error

    def control(self, sql: str) -> None:
        """Run a savepoint statement of the engine's own."""
        self._check()
        try:
            self._cursor.execute(sql)
        except Exception as error:
            raise self._fail(error) from error

    def _execute(self, sql: str, params: Params) -> sqlite3.Cursor:
        if self.fault is not None:
            self._check()
        statement = self._known.get(sql) or self._prepare(sql)
        try:
            return self._cursor.execute(statement.text, statement.values(params))
        except KeyError as error:
            raise self._fail(no_value(sql, error)) from error
        except Exception as error:
            raise self._fail(error) from error

    def _prepare(self, sql: str) -> Statement:
        try:
            refuse_control(sql)
            statement = numbered(sql)
        except StatementError as error:
            self.fault = error
            raise
        if len(self._known) > 10_000:
            self._known.clear()
        self._known[sql] = statement
        return statement

    def _fetch(self) -> list[Row]:
        try:
            return self._cursor.fetchall()
        except Exception as error:
            raise self._fail(error) from error

    def _fail(self, error: Exception) -> BaseException:
        # a deadline that passed meanwhile has set its own fault, and interrupted the statement
        if self.fault is None:
            self.fault = portable(error, self._file)
        return self.fault

    def _check(self) -> None:
        if self.fault is None:
            return
        if isinstance(self.fault, ConstraintViolation | StatementError):
            raise StatementError(
                "An earlier statement of this unit failed, so it can't go on. "
                "Put a statement that may fail into `async with tx.savepoint()`."
            ) from self.fault
        raise over() if self.fault is _OVER else self.fault

    def end(self) -> None:
        """No statement runs any more."""
        self.fault = _OVER


class TooBold(BaseException):
    """A savepoint would have been needed: the group is to be run anew with them.

    No Exception, so that nobody takes it for a failure of what he does himself.
    """


class _Savepoint:
    __slots__ = ("_tx",)

    def __init__(self, tx: SqliteTx) -> None:
        self._tx = tx

    async def __aenter__(self) -> None:
        tx = self._tx
        if not tx.is_bold:
            tx.control(f"SAVEPOINT s{tx.depth}")
        tx.depth += 1

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        tx = self._tx
        tx.depth -= 1
        fault = tx.fault
        if tx.is_bold:
            if error is not None or fault is not None:
                # kept, for a unit that catches it must not go on with what was to be undone
                tx.fault = TooBold()
                raise tx.fault
            return
        if error is None and fault is None:
            tx.control(f"RELEASE s{tx.depth}")
            return
        if fault is None or isinstance(fault, ConstraintViolation | StatementError):
            tx.fault = None
            tx.control(f"ROLLBACK TO s{tx.depth}")
            tx.control(f"RELEASE s{tx.depth}")
        if error is None and fault is not None:
            raise fault


def statements(sql: str) -> list[str]:
    """The statements of a script, apart; triggers keep their inner semicolons."""
    found: list[str] = []
    begun = ""
    for piece in sql.split(";"):
        begun += piece + ";"
        if sqlite3.complete_statement(begun):
            found.append(begun)
            begun = ""
    return [statement for statement in [*found, begun.removesuffix(";")] if statement.strip(" \t\r\n;")]
