"""A unit's transaction on Postgres: calls travel to the engine through the coroutine that awaits them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextlib import AbstractAsyncContextManager
from contextvars import Context, ContextVar
from types import TracebackType
from typing import Any, ClassVar, TypeAlias, cast

from storage import search
from storage.engines.placeholders import translate
from storage.engines.postgres_errors import portable
from storage.engines.stepping import Work, close, expel, over, refuse_control
from storage.errors import ConstraintViolation, StatementError
from storage.port import NO_PARAMS, Dialect, Params, Row

Connection: TypeAlias = Any
"""An asyncpg connection, bare or lent by a pool; asyncpg ships no types."""

_SCRIPT_SECONDS = 3_600.0

in_unit: ContextVar[bool] = ContextVar("in_unit", default=False)
"""Whether this code runs inside a unit, where the engine must not be asked for another."""


class _Call:
    """One call of the store, on its way from a unit's coroutine to the engine that runs it."""

    __slots__ = ("run", "tx")

    def __init__(self, tx: PostgresTx, run: Callable[[], Awaitable[Any]]) -> None:
        self.tx = tx
        self.run = run

    def __await__(self) -> Generator[Any, Any, Any]:
        return (yield self)


class PostgresTx:
    """One unit's transaction; see `storage.port.Tx`."""

    __slots__ = ("_connection", "depth", "fault")

    dialect: ClassVar[Dialect] = "postgres"

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.depth = 0
        self.fault: Exception | None = None
        """Why no further statement can run: an earlier one failed, or the unit is over."""

    async def run(self, sql: str, params: Params = NO_PARAMS) -> int:
        text, values = self._translate(sql, params)
        status = await _Call(self, lambda: self._connection.execute(text, *values))
        count = status.rpartition(" ")[2]
        return int(count) if count.isdecimal() else 0

    async def one(self, sql: str, params: Params = NO_PARAMS) -> Row | None:
        text, values = self._translate(sql, params)
        return cast(Row | None, await _Call(self, lambda: self._connection.fetchrow(text, *values)))

    async def all(self, sql: str, params: Params = NO_PARAMS) -> list[Row]:
        text, values = self._translate(sql, params)
        return cast(list[Row], await _Call(self, lambda: self._connection.fetch(text, *values)))

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
        await _Call(self, lambda: self._connection.execute(sql, timeout=_SCRIPT_SECONDS))

    async def control(self, sql: str) -> None:
        """Run a savepoint statement of the engine's own."""
        await _Call(self, lambda: self._connection.execute(sql))

    async def perform(self, call: _Call) -> Any:
        """Run a call on the connection; what goes wrong is remembered, since it ends the transaction."""
        if self.fault is not None:
            self._refuse(self.fault)
        try:
            return await call.run()
        except Exception as error:
            self.fault = portable(error)
            raise self.fault from None

    def _translate(self, sql: str, params: Params) -> tuple[str, list[Any]]:
        try:
            refuse_control(sql)
            return translate(sql, params)
        except StatementError as error:
            self.fault = self.fault or error
            raise

    def _refuse(self, fault: Exception) -> None:
        if isinstance(fault, ConstraintViolation | StatementError):
            raise StatementError(
                "An earlier statement of this unit failed, so it can't go on. "
                "Put a statement that may fail into `async with tx.savepoint()`."
            ) from fault
        raise fault

    def end(self) -> None:
        """No statement runs any more."""
        self.fault = over()


class _Savepoint:
    __slots__ = ("_tx",)

    def __init__(self, tx: PostgresTx) -> None:
        self._tx = tx

    async def __aenter__(self) -> None:
        tx = self._tx
        await tx.control(f"SAVEPOINT s{tx.depth}")
        tx.depth += 1

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        tx = self._tx
        tx.depth -= 1
        fault = tx.fault
        if error is None and fault is None:
            await tx.control(f"RELEASE s{tx.depth}")
            return
        if fault is None or isinstance(fault, ConstraintViolation | StatementError):
            tx.fault = None
            await tx.control(f"ROLLBACK TO s{tx.depth}; RELEASE s{tx.depth}")
        if error is None and fault is not None:
            raise fault


async def drive(work: Work, context: Context, tx: PostgresTx) -> Any:
    """Run `work(tx)` in `context` to its end, carrying out the store calls it awaits, and no other await."""
    context.run(in_unit.set, True)
    coroutine: Coroutine[Any, Any, Any] = context.run(work, tx)
    resume: Callable[[Any], Any] = coroutine.send
    answer: Any = None
    try:
        while True:
            try:
                call = context.run(resume, answer)
            except StopIteration as stop:
                if tx.fault is not None:
                    raise tx.fault from None
                return stop.value
            if not isinstance(call, _Call) or call.tx is not tx:
                context.run(expel, coroutine, call)
            try:
                answer = await tx.perform(call)
                resume = coroutine.send
            except Exception as error:
                answer = error
                resume = coroutine.throw
    finally:
        close(coroutine)
