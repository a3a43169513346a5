"""The storage's public port: what a repository and a handler may rely on, the same on every engine.

Statements are plain SQL in the dialect SQLite and Postgres share: ``BIGINT``, ``TEXT``,
``DOUBLE PRECISION``, ``ON CONFLICT``, ``RETURNING``, placeholders written ``:name``. A value has the type it
has in Python; a ``bool`` is stored as 0 or 1. Times are integers of UTC milliseconds, JSON is text.
"""

from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias, TypeVar

T = TypeVar("T")

Dialect: TypeAlias = Literal["sqlite", "postgres"]
Value: TypeAlias = int | float | str | bytes | None
Params: TypeAlias = Mapping[str, Value]

NO_PARAMS: Params = {}


class Row(Protocol):
    """One row of a result: ``row["name"]``, its values in turn, and ``dict(row)`` for all of it."""

    def __getitem__(self, name: str, /) -> Any: ...

    def __iter__(self) -> Iterator[Any]: ...

    def keys(self) -> Iterable[str]: ...


class Tx(Protocol):
    """The open transaction of one unit, valid until the unit returns.

    A handler may await these calls and nothing else. After a call has raised, the unit can only go on from
    before the `savepoint` around that call; without one, the unit fails.

    Errors: `UniqueViolation` and its siblings for a broken constraint, `StatementError` for a statement or a
    value the engine can't run, `StorageError` when the storage itself fails.
    """

    @property
    def dialect(self) -> Dialect: ...

    async def run(self, sql: str, params: Params = NO_PARAMS) -> int:
        """Run one statement; returns how many rows it inserted, changed or deleted."""
        ...

    async def one(self, sql: str, params: Params = NO_PARAMS) -> Row | None:
        """The first row of the result, or None."""
        ...

    async def all(self, sql: str, params: Params = NO_PARAMS) -> list[Row]:
        """All rows of the result."""
        ...

    def savepoint(self) -> AbstractAsyncContextManager[None]:
        """A part that can fail alone: an exception leaving it undoes what it wrote, and goes on."""
        ...

    async def index(self, shelf: str, community: int, doc: int, text: str) -> None:
        """Make `text` findable as `doc` on this community's `shelf`, replacing what was indexed before.

        `shelf` names a kind of document, in lower-case ASCII letters and digits ("snippet"); `doc` is unique
        on its shelf. Any text is safe; the first 5,000 different words of it count.
        """
        ...

    async def unindex(self, shelf: str, doc: int) -> None:
        """Forget `doc`; nothing happens if it was never indexed."""
        ...

    async def search(self, shelf: str, community: int, query: str, limit: int) -> list[int]:
        """The docs that hold all words of `query`, the last also as a beginning; at most `limit`, best first.

        Best is: the last word whole, then the shorter text, then the newer doc. Any query is safe; one
        without a word finds nothing.
        """
        ...


class Engine(Protocol):
    """One open database."""

    @property
    def dialect(self) -> Dialect: ...

    @property
    def file(self) -> Path | None:
        """The database file; None where a server keeps the data."""
        ...

    async def unit(self, community: int, work: Callable[[Tx], Coroutine[Any, Any, T]]) -> T:
        """Run `work(tx)` as one transaction and return its result once that is committed.

        Units of one community run one after another, on every engine and over all workers. What `work` raises
        undoes this unit alone and reaches the caller. `work` may be called again, because the
        storage made the first attempt void or on SQLite another unit of the same commit failed, so it must do
        nothing but use `tx` and return. On SQLite it runs on the writer's
        thread, in a copy of the caller's context variables.

        Errors: `ForeignAwait` if `work` awaited anything but `tx`; `StorageError` if the storage failed, and
        then the unit is either wholly committed or not at all.
        """
        ...

    async def read(self, work: Callable[[Tx], Coroutine[Any, Any, T]], *, deadline: float | None = None) -> T:
        """Run `work(tx)` on one consistent snapshot where writes are refused, beside the units.

        `deadline` is in seconds from now; past it the running statement is interrupted and `ReadTimeout`
        raised.
        """
        ...

    async def checkup(self) -> list[str]:
        """What is wrong with the stored data, a line each; empty if all is well. May take a while."""
        ...

    async def close(self) -> None:
        """Finish the waiting units and let go of the database; ends within its deadline in any case."""
        ...
