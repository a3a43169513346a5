"""What the engines share about units: the ones that wait, and the rules a unit's coroutine is held to."""

import re
from asyncio import Future
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass
from typing import Any, TypeAlias

from storage.errors import ForeignAwait, StatementError, UnitError
from storage.port import Tx

Work: TypeAlias = Callable[[Tx], Coroutine[Any, Any, Any]]

_CONTROL = re.compile(
    r"(?:\s|;|--[^\n]*(?:\n|$)|/\*.*?\*/)*"
    r"(?:BEGIN|COMMIT|END|ROLLBACK|SAVEPOINT|RELEASE|ABORT|START|PREPARE|ATTACH|DETACH|VACUUM|PRAGMA|SET)\b",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(slots=True, repr=False)
class Waiting:
    """A unit in the queue: its work, the caller's context variables, and the caller's future."""

    work: Work
    context: Context
    future: Future[Any]


@dataclass(slots=True, repr=False)
class Done:
    """How a unit ended; its caller is told after the commit."""

    future: Future[Any]
    result: Any = None
    error: BaseException | None = None

    def tell(self) -> None:
        """Hand the outcome to the caller, who may have gone away meanwhile."""
        if self.future.done():
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


def refuse_control(sql: str) -> None:
    """Refuse a statement that would end or bend the transaction which the unit shares with others."""
    if _CONTROL.match(sql):
        raise StatementError(
            f"A unit can't run {sql.split(maxsplit=1)[0].upper()!r}: its transaction is the engine's. "
            "Use `async with tx.savepoint()` for a part that may fail."
        )


def over() -> UnitError:
    """The error of a transaction used after its unit has ended."""
    return UnitError("This transaction is over: a unit's `tx` can't be used after the unit has returned.")


def step(work: Work, tx: Tx) -> Any:
    """Run `work(tx)` to its end in one go; what it awaits must complete at once, as the SQLite store does."""
    coroutine = work(tx)
    try:
        awaited = coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    except RuntimeError as error:
        # what asyncio's own objects say when they are used without their loop or outside a task
        if "event loop" in str(error) or "inside a task" in str(error):
            raise foreign("something of asyncio's") from error
        raise
    expel(coroutine, awaited)


def expel(coroutine: Coroutine[Any, Any, Any], awaited: object) -> None:
    """End a coroutine that awaited something foreign: always raises, from the offending line if it can."""
    error = foreign(describe(awaited))
    try:
        coroutine.throw(error)
    except ForeignAwait:
        raise
    except BaseException as other:
        raise error from other
    finally:
        close(coroutine)
    raise error


def close(coroutine: Coroutine[Any, Any, Any]) -> None:
    """Close a coroutine, even one that awaits while it is being closed."""
    with suppress(BaseException):  # its unit failed already, with a better error than this one
        coroutine.close()


class NoLoop:
    """Stands where the thread's event loop would be, so that asking for one fails at the very line."""

    def __getattr__(self, name: str) -> Any:
        raise foreign(f"something that needs the event loop ({name})")


def foreign(what: str) -> ForeignAwait:
    """The error of a handler that awaited `what`."""
    return ForeignAwait(
        f"A handler may await its store and nothing else, but this one awaited {what}. "
        "Do slow or outside work beyond the handler, and let its result come back as an event."
    )


def describe(awaited: object) -> str:
    """What a coroutine awaited, in a few words."""
    return "a pause of the event loop" if awaited is None else f"a {type(awaited).__name__}"
