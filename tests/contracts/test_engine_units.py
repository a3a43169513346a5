"""What every engine promises about units and reads, on SQLite and Postgres alike."""

import asyncio
import contextvars
import gc
from collections.abc import AsyncIterator, Callable, Coroutine, Generator
from contextlib import suppress
from types import coroutine
from typing import Any

import pytest
import pytest_asyncio

from storage.errors import (
    CheckViolation,
    ConstraintViolation,
    ForeignAwait,
    ForeignKeyViolation,
    NotNullViolation,
    ReadOnly,
    ReadTimeout,
    StatementError,
    StorageClosed,
    UniqueViolation,
    UnitError,
)
from storage.port import Engine, Row, Tx

TABLES = (
    "CREATE TABLE owner (id BIGINT PRIMARY KEY)",
    "CREATE TABLE thing (id BIGINT PRIMARY KEY, word TEXT NOT NULL, size BIGINT CHECK (size >= 0),"
    " owner BIGINT REFERENCES owner (id), later BIGINT REFERENCES owner (id) DEFERRABLE INITIALLY DEFERRED)",
    "CREATE TABLE kept (id BIGINT PRIMARY KEY, n BIGINT, x DOUBLE PRECISION, s TEXT)",
)
FOREVER = "WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) AS n FROM c"


@pytest_asyncio.fixture
async def store(engine: Engine) -> AsyncIterator[Engine]:
    async def create(tx: Tx) -> None:
        for statement in TABLES:
            await tx.run(statement)

    await engine.unit(0, create)
    yield engine


async def put(tx: Tx, thing: int, word: str = "word") -> int:
    return await tx.run("INSERT INTO thing (id, word) VALUES (:id, :word)", {"id": thing, "word": word})


def putting(*things: int) -> Callable[[Tx], Coroutine[Any, Any, None]]:
    async def work(tx: Tx) -> None:
        for thing in things:
            await put(tx, thing)

    return work


async def things(engine: Engine) -> list[int]:
    async def work(tx: Tx) -> list[int]:
        return [row["id"] for row in await tx.all("SELECT id FROM thing ORDER BY id")]

    return await engine.read(work)


async def test_a_unit_returns_its_result_once_others_can_read_what_it_wrote(store: Engine) -> None:
    async def work(tx: Tx) -> str:
        assert await put(tx, 1) == 1
        return "done"

    assert await store.unit(7, work) == "done"
    assert await things(store) == [1]


async def test_an_exception_undoes_its_own_unit_among_many(store: Engine) -> None:
    def work(number: int) -> Callable[[Tx], Coroutine[Any, Any, int]]:
        async def run(tx: Tx) -> int:
            await put(tx, number)
            if number % 3 == 0:
                raise LookupError(number)
            return number

        return run

    outcome = await asyncio.gather(*(store.unit(1, work(n)) for n in range(100)), return_exceptions=True)
    assert [type(each) is LookupError for each in outcome] == [n % 3 == 0 for n in range(100)]
    assert await things(store) == [n for n in range(100) if n % 3]


async def test_units_of_a_community_run_in_their_order_and_alone(store: Engine) -> None:
    async def append(tx: Tx) -> int:
        row = await tx.one("SELECT count(*) AS n FROM thing")
        assert row is not None
        await put(tx, row["n"])
        return int(row["n"])

    assert await asyncio.gather(*(store.unit(1, append) for _ in range(500))) == list(range(500))


async def test_units_of_many_communities_all_commit(store: Engine) -> None:
    await asyncio.gather(*(store.unit(n % 40, putting(n)) for n in range(400)))
    assert await things(store) == list(range(400))


async def test_a_savepoint_undoes_its_part_and_the_unit_goes_on(store: Engine) -> None:
    async def work(tx: Tx) -> None:
        await put(tx, 1)
        with suppress(KeyError):
            async with tx.savepoint():
                await put(tx, 2)
                async with tx.savepoint():
                    await put(tx, 3)
                raise KeyError
        async with tx.savepoint():
            await put(tx, 4)
            with suppress(UniqueViolation):
                async with tx.savepoint():
                    await putting(5, 1)(tx)
            await put(tx, 6)

    await store.unit(1, work)
    assert await things(store) == [1, 4, 6]


async def test_nothing_that_a_unit_catches_keeps_what_a_savepoint_undoes(store: Engine) -> None:
    async def catching(tx: Tx) -> str:
        await put(tx, 1)
        try:
            async with tx.savepoint():
                await put(tx, 2)
                raise KeyError
        except BaseException:
            await put(tx, 3)
        return "done"

    async def changing(tx: Tx) -> None:
        try:
            async with tx.savepoint():
                await put(tx, 4)
                raise KeyError
        except BaseException as error:
            raise LookupError(type(error).__name__) from error

    outcome = await asyncio.gather(
        store.unit(1, catching), store.unit(1, changing), store.unit(1, putting(5)), return_exceptions=True
    )
    assert outcome[::2] == ["done", None]
    assert isinstance(outcome[1], LookupError)
    assert outcome[1].args == ("KeyError",)
    assert await things(store) == [1, 3, 5]


async def test_after_a_failed_statement_a_unit_can_not_go_on(store: Engine) -> None:
    async def stubborn(tx: Tx) -> None:
        await put(tx, 1)
        with pytest.raises(UniqueViolation):
            await put(tx, 1)
        with pytest.raises(StatementError, match="savepoint"):
            await put(tx, 2)

    async def silent(tx: Tx) -> None:
        async with tx.savepoint():
            with pytest.raises(UniqueViolation):
                await putting(3, 3)(tx)

    for work in (stubborn, silent):
        with pytest.raises(UniqueViolation):
            await store.unit(1, work)
    assert await things(store) == []


@pytest.mark.parametrize(
    ("kind", "sql"),
    [
        (UniqueViolation, "INSERT INTO thing (id, word) VALUES (1, 'again')"),
        (NotNullViolation, "INSERT INTO thing (id) VALUES (2)"),
        (CheckViolation, "INSERT INTO thing (id, word, size) VALUES (2, 'x', -1)"),
        (ForeignKeyViolation, "INSERT INTO thing (id, word, owner) VALUES (2, 'x', 99)"),
        (StatementError, "INSERT INTO nothing (id) VALUES (1)"),
        (StatementError, "SELEC 1"),
        (StatementError, "INSERT INTO thing (id, word) VALUES (:id, :missing)"),
        (StatementError, "SELECT 1; SELECT 2"),
    ],
)
async def test_statements_fail_in_the_same_words_everywhere(
    store: Engine, kind: type[UnitError], sql: str
) -> None:
    async def work(tx: Tx) -> None:
        await put(tx, 1)
        await tx.run(sql, {"id": 2})

    with pytest.raises(UnitError) as caught:
        await store.unit(1, work)
    assert type(caught.value) is kind
    assert await things(store) == []


async def test_a_rule_checked_at_the_commit_hits_only_the_unit_that_broke_it(store: Engine) -> None:
    async def dangling(tx: Tx) -> None:
        await tx.run("INSERT INTO thing (id, word, later) VALUES (50, 'x', 99)")

    outcome = await asyncio.gather(
        store.unit(1, putting(1)), store.unit(1, dangling), store.unit(1, putting(2)), return_exceptions=True
    )
    assert [type(each) for each in outcome] == [type(None), ForeignKeyViolation, type(None)]
    assert await things(store) == [1, 2]


@pytest.mark.parametrize(
    "sql", ["COMMIT", " rollback", "/* x */ BEGIN", "-- x\nSAVEPOINT s", ";END", "release unit", "VACUUM"]
)
async def test_a_unit_can_not_end_the_transaction_it_shares(store: Engine, sql: str) -> None:
    async def work(tx: Tx) -> None:
        await put(tx, 1)
        await tx.run(sql)

    with pytest.raises(StatementError, match="savepoint"):
        await store.unit(1, work)
    assert await things(store) == []


@coroutine
def pause() -> Generator[None, None, None]:
    """What `asyncio.sleep(0)` does."""
    yield


FOREIGN: dict[str, Callable[[Engine], Coroutine[Any, Any, Any]]] = {
    "pause": lambda engine: pause(),  # type: ignore[dict-item,return-value]
    "event": lambda engine: asyncio.Event().wait(),
    "thread": lambda engine: asyncio.to_thread(int),
    "timeout": lambda engine: asyncio.wait_for(asyncio.Event().wait(), 1),
    "unit": lambda engine: engine.unit(1, putting(8)),
    "read": lambda engine: engine.read(putting(8)),
}


@pytest.mark.parametrize("name", FOREIGN)
@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_awaiting_anything_but_the_store_fails_at_once(store: Engine, name: str) -> None:
    async def work(tx: Tx) -> None:
        await put(tx, 1)
        await FOREIGN[name](store)

    outcome = await asyncio.gather(
        store.unit(1, putting(2)), store.unit(1, work), store.unit(1, putting(3)), return_exceptions=True
    )
    assert isinstance(outcome[1], ForeignAwait)
    assert "await its store" in str(outcome[1])
    assert await things(store) == [2, 3]
    del outcome
    gc.collect()  # what was awaited complains when it goes; here that is expected


async def test_a_foreign_await_names_its_line_and_can_not_be_swallowed(store: Engine) -> None:
    pending = asyncio.get_running_loop().create_future()

    async def work(tx: Tx) -> None:
        await put(tx, 1)
        try:
            await pending
        except ForeignAwait:
            await pause()

    with pytest.raises(ForeignAwait) as caught:
        await store.unit(1, work)
    assert "work" in [entry.name for entry in caught.traceback]
    assert await things(store) == []


async def test_work_sees_the_callers_context_and_keeps_its_own(store: Engine) -> None:
    event: contextvars.ContextVar[str] = contextvars.ContextVar("event", default="none")
    event.set("join")

    async def work(tx: Tx) -> str:
        before = event.get()
        event.set("changed")
        await tx.run("DELETE FROM thing")
        await put(tx, 1)
        return before + event.get()

    async def seen(tx: Tx) -> str:
        return event.get()

    async def undoing(tx: Tx) -> str:
        with suppress(KeyError):
            async with tx.savepoint():
                raise KeyError
        return await work(tx)

    assert await store.unit(1, work) == "joinchanged"
    assert await store.read(seen) == "join"
    assert await store.unit(1, undoing) == "joinchanged"
    assert event.get() == "join"


async def test_a_transaction_whose_part_was_undone_is_over_when_its_unit_is(store: Engine) -> None:
    kept: list[Tx] = []

    async def undoing(tx: Tx) -> None:
        kept.append(tx)
        with suppress(KeyError):
            async with tx.savepoint():
                raise KeyError

    await store.unit(1, undoing)
    for tx in kept:

        async def use(_: Tx, tx: Tx = tx) -> None:
            await put(tx, 1)

        with pytest.raises(UnitError):
            await store.unit(1, use)
    assert await things(store) == []


async def test_a_transaction_is_over_when_its_unit_is(store: Engine) -> None:
    async def leak(tx: Tx) -> Tx:
        return tx

    for leaked in (await store.unit(1, leak), await store.read(leak)):

        async def use(tx: Tx, leaked: Tx = leaked) -> None:
            await leaked.run("DELETE FROM thing")

        with pytest.raises(UnitError):
            await store.unit(1, use)


@pytest.mark.parametrize(
    "values",
    [
        {"n": 2**63 - 1, "x": 1.5, "s": "naïve 東京 👩‍💻 \u202e"},
        {"n": -(2**63), "x": -0.0, "s": ""},
        {"n": None, "x": None, "s": None},
        {"n": True, "x": 1e300, "s": "':x --\\"},
        {"n": 1_790_000_000_000, "x": 3, "s": "a" * 100_000},
    ],
)
async def test_values_come_back_as_they_went_in(store: Engine, values: dict[str, Any]) -> None:
    async def work(tx: Tx) -> Row | None:
        await tx.run("INSERT INTO kept (id, n, x, s) VALUES (1, :n, :x, :s)", values)
        return await tx.one("SELECT n, x, s FROM kept WHERE s = :s OR s IS NULL", values)

    row = await store.unit(1, work)
    assert row is not None
    assert dict(row) == values
    assert list(row.keys()) == ["n", "x", "s"]


@pytest.mark.parametrize("value", [2**63, "\ud800", ["list"], {"a": 1}, 1 + 2j, object()])
async def test_a_value_no_engine_can_store_fails_its_unit_alone(store: Engine, value: Any) -> None:
    async def work(tx: Tx) -> None:
        column = "n" if isinstance(value, int) else "s"
        await tx.run(f"INSERT INTO kept (id, {column}) VALUES (1, :value)", {"value": value})

    outcome = await asyncio.gather(
        store.unit(1, putting(1)), store.unit(1, work), store.unit(1, putting(2)), return_exceptions=True
    )
    assert [type(each) for each in outcome] == [type(None), StatementError, type(None)]
    assert str(2**63) not in str(outcome[1])


async def test_counts_and_returned_rows(store: Engine) -> None:
    async def work(tx: Tx) -> None:
        assert await tx.run("INSERT INTO owner (id) VALUES (1), (2), (3)") == 3
        assert await tx.run("UPDATE owner SET id = id + 10 WHERE id > :least", {"least": 1}) == 2
        assert await tx.run("INSERT INTO owner (id) VALUES (1) ON CONFLICT (id) DO NOTHING") == 0
        assert await tx.run("INSERT INTO owner (id) VALUES (5), (6) RETURNING id") == 2
        added = await tx.one("INSERT INTO owner (id) VALUES (:id) RETURNING id", {"id": 7, "unused": 1})
        assert added is not None
        assert added["id"] == 7
        gone = await tx.all("DELETE FROM owner WHERE id IN (5, 6, 7) RETURNING id")
        assert sorted(row["id"] for row in gone) == [5, 6, 7]
        assert await tx.one("SELECT id FROM owner WHERE id = 5") is None
        total = await tx.one("SELECT sum(id) AS total, count(*) AS n FROM owner")
        assert total is not None
        assert dict(total) == {"total": 26, "n": 3}
        assert type(total["total"]) is int

    await store.unit(1, work)


async def test_a_read_sees_one_moment_and_can_not_write(store: Engine) -> None:
    await store.unit(1, putting(1))

    with pytest.raises(ReadOnly):
        await store.read(putting(2))
    assert await things(store) == [1]


async def test_a_read_past_its_deadline_is_stopped_and_the_reader_goes_on(store: Engine) -> None:
    async def endless(tx: Tx) -> Row | None:
        return await tx.one(FOREVER)

    for _ in range(4):
        with pytest.raises(ReadTimeout):
            await store.read(endless, deadline=0.05)
    assert await things(store) == []


async def test_a_deadline_counts_the_wait_for_a_reader_too(store: Engine) -> None:
    async def endless(tx: Tx) -> Row | None:
        return await tx.one(FOREVER)

    outcome = await asyncio.gather(
        *(store.read(endless, deadline=0.05) for _ in range(12)), return_exceptions=True
    )
    assert {type(each) for each in outcome} == {ReadTimeout}
    assert await things(store) == []


async def test_a_long_read_keeps_no_unit_waiting_and_can_be_cancelled(store: Engine) -> None:
    began = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def endless(tx: Tx) -> Row | None:
        await tx.one("SELECT 1")
        loop.call_soon_threadsafe(began.set)
        return await tx.one(FOREVER)

    reading = asyncio.create_task(store.read(endless))
    await began.wait()
    await store.unit(1, putting(1))
    assert await things(store) == [1]
    assert not reading.done()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert await asyncio.gather(*(things(store) for _ in range(8))) == [[1]] * 8


async def test_callers_who_left_before_their_unit_began_do_not_disturb_the_others(store: Engine) -> None:
    calls = [asyncio.create_task(store.unit(1, putting(n))) for n in range(50)]
    for call in calls[::2]:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    kept = await things(store)
    assert {n for n in range(50) if n % 2} <= set(kept)


async def test_closing_finishes_what_waits_and_refuses_what_comes_after(store: Engine) -> None:
    waiting = [asyncio.create_task(store.unit(n % 5, putting(n))) for n in range(300)]
    for _ in range(2):
        await pause()
    await store.close()
    await asyncio.gather(*waiting)
    await store.close()
    with pytest.raises(StorageClosed):
        await store.unit(1, putting(1))
    with pytest.raises(StorageClosed):
        await store.read(putting(1))
    with pytest.raises(StorageClosed):
        await store.checkup()


async def test_a_sound_database_has_nothing_wrong(store: Engine) -> None:
    await store.unit(1, putting(1, 2, 3))
    assert await store.checkup() == []


async def test_constraints_are_one_family(store: Engine) -> None:
    assert issubclass(UniqueViolation, ConstraintViolation)
    with pytest.raises(ConstraintViolation) as caught:
        await store.unit(1, putting(4321, 4321))
    assert "4321" not in str(caught.value)
