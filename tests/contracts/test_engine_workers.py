"""Caps, claims and shuffle bags are plain reads and writes: they hold since a community's units are serial.

Each check is also run without units, where it must fail, or it would prove nothing.
"""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable, Coroutine
from contextvars import copy_context
from typing import Any, Protocol, TypeVar

import pytest
import pytest_asyncio

from storage import open_engine
from storage.port import Engine, Tx

T = TypeVar("T")

WORKERS = 4
CAP = 5
ITEMS = 6
COMMUNITY = 7

Work = Callable[[Tx], Coroutine[Any, Any, T]]


class Runs(Protocol):
    """Something that runs the two halves of a handler, what it reads and what it then writes."""

    async def __call__(
        self, read: Work[Any], write: Callable[[Tx, Any], Coroutine[Any, Any, None]]
    ) -> None: ...


@pytest_asyncio.fixture
async def workers(dialect: str, database_url: str) -> AsyncIterator[list[Engine]]:
    """Four workers: processes' worth of Postgres engines, each with its own pool; SQLite has one for all."""
    numbers = range(WORKERS if dialect == "postgres" else 1)
    engines = [await open_engine(database_url, worker=number) for number in numbers]

    async def create(tx: Tx) -> None:
        await tx.run("CREATE TABLE claim (community BIGINT, who BIGINT)")
        await tx.run("CREATE TABLE bag (community BIGINT PRIMARY KEY, items TEXT NOT NULL)")
        await tx.run("CREATE TABLE drawn (n BIGINT PRIMARY KEY, item BIGINT NOT NULL)")
        await tx.run("CREATE TABLE tally (community BIGINT PRIMARY KEY, n BIGINT NOT NULL)")
        await tx.run("INSERT INTO tally (community, n) VALUES (:community, 0)", {"community": COMMUNITY})

    await engines[0].unit(0, create)
    yield engines if dialect == "postgres" else engines * WORKERS
    for engine in engines:
        await engine.close()


def in_a_unit(engine: Engine) -> Runs:
    async def run(read: Work[Any], write: Callable[[Tx, Any], Coroutine[Any, Any, None]]) -> None:
        async def work(tx: Tx) -> None:
            await write(tx, await read(tx))

        await engine.unit(COMMUNITY, work)

    return run


def in_two_steps(engine: Engine, together: asyncio.Barrier) -> Runs:
    """As a handler without units would do it: the others read before any of them writes."""

    async def run(read: Work[Any], write: Callable[[Tx, Any], Coroutine[Any, Any, None]]) -> None:
        seen = await engine.read(read)
        await together.wait()
        await engine.unit(COMMUNITY, lambda tx: write(tx, seen))

    return run


def without_the_lock(url: str, together: asyncio.Barrier) -> Runs:
    """A Postgres transaction like a unit's, but for the community's lock."""
    import asyncpg

    from storage.engines.postgres_tx import PostgresTx, drive

    async def run(read: Work[Any], write: Callable[[Tx, Any], Coroutine[Any, Any, None]]) -> None:
        connection = await asyncpg.connect(url)
        try:
            async with connection.transaction(isolation="read_committed"):
                tx = PostgresTx(connection)
                seen = await drive(read, copy_context(), tx)
                await together.wait()
                await drive(lambda tx: write(tx, seen), copy_context(), tx)
        finally:
            await connection.close()

    return run


async def claim(run: Runs, who: int) -> None:
    async def read(tx: Tx) -> int:
        row = await tx.one("SELECT count(*) AS n FROM claim WHERE community = :c", {"c": COMMUNITY})
        assert row is not None
        return int(row["n"])

    async def write(tx: Tx, taken: int) -> None:
        if taken < CAP:
            await tx.run("INSERT INTO claim (community, who) VALUES (:c, :who)", {"c": COMMUNITY, "who": who})

    await run(read, write)


async def draw(run: Runs, n: int) -> None:
    async def read(tx: Tx) -> list[int]:
        row = await tx.one("SELECT items FROM bag WHERE community = :c", {"c": COMMUNITY})
        return list(json.loads(row["items"])) if row else []

    async def write(tx: Tx, left: list[int]) -> None:
        left = left or random.sample(range(ITEMS), ITEMS)
        drawn = await tx.one("SELECT count(*) AS n FROM drawn")
        assert drawn is not None
        await tx.run(
            "INSERT INTO drawn (n, item) VALUES (:n, :item)",
            {"n": n * 1_000 + drawn["n"], "item": left[-1]},
        )
        await tx.run(
            "INSERT INTO bag (community, items) VALUES (:c, :items)"
            " ON CONFLICT (community) DO UPDATE SET items = excluded.items",
            {"c": COMMUNITY, "items": json.dumps(left[:-1])},
        )

    await run(read, write)


async def count(run: Runs, _: int) -> None:
    async def read(tx: Tx) -> int:
        row = await tx.one("SELECT n FROM tally WHERE community = :c", {"c": COMMUNITY})
        assert row is not None
        return int(row["n"])

    async def write(tx: Tx, n: int) -> None:
        await tx.run("UPDATE tally SET n = :n WHERE community = :c", {"n": n + 1, "c": COMMUNITY})

    await run(read, write)


async def check_cap(engine: Engine, tries: int) -> None:
    async def work(tx: Tx) -> int:
        return len(await tx.all("SELECT who FROM claim"))

    assert await engine.read(work) == min(CAP, tries)


async def check_bag(engine: Engine, tries: int) -> None:
    async def work(tx: Tx) -> list[int]:
        return [row["item"] for row in await tx.all("SELECT item FROM drawn")]

    drawn = await engine.read(work)
    assert len(drawn) == tries
    shares = [drawn.count(item) for item in range(ITEMS)]
    assert max(shares) - min(shares) <= 1


async def check_tally(engine: Engine, tries: int) -> None:
    async def work(tx: Tx) -> Any:
        row = await tx.one("SELECT n FROM tally")
        assert row is not None
        return row["n"]

    assert await engine.read(work) == tries


RULES = {"cap": (claim, check_cap), "bag": (draw, check_bag), "tally": (count, check_tally)}


@pytest.mark.parametrize("rule", RULES)
async def test_a_rule_holds_over_four_workers(workers: list[Engine], rule: str) -> None:
    act, check = RULES[rule]
    tries = 20 * ITEMS
    await asyncio.gather(*(act(in_a_unit(workers[n % WORKERS]), n) for n in range(tries)))
    await check(workers[0], tries)


async def together(workers: list[Engine], rule: str, runs: list[Runs]) -> None:
    act, check = RULES[rule]
    before = CAP - 1 if rule == "cap" else ITEMS - 2
    for n in range(before):
        await act(in_a_unit(workers[0]), 100 + n)
    await asyncio.gather(*(act(run, n) for n, run in enumerate(runs)))
    await check(workers[0], before + len(runs))


@pytest.mark.parametrize("rule", RULES)
async def test_the_same_check_fails_without_units(workers: list[Engine], rule: str) -> None:
    barrier = asyncio.Barrier(WORKERS)
    with pytest.raises(AssertionError):
        await together(workers, rule, [in_two_steps(worker, barrier) for worker in workers])


@pytest.mark.parametrize("dialect", ["postgres"])
@pytest.mark.parametrize("rule", RULES)
async def test_the_same_check_fails_without_the_lock(
    workers: list[Engine], database_url: str, rule: str
) -> None:
    barrier = asyncio.Barrier(WORKERS)
    with pytest.raises(AssertionError):
        await together(workers, rule, [without_the_lock(database_url, barrier) for _ in workers])


@pytest.mark.parametrize("rule", RULES)
async def test_the_same_check_holds_with_units(workers: list[Engine], rule: str) -> None:
    await together(workers, rule, [in_a_unit(worker) for worker in workers])
