"""What a unit costs (two reads, four writes, a shuffle bag) beside raw ``sqlite3`` and plain aiosqlite.

Run it with ``python -m bench.units``; add ``--json`` for the figures alone.
"""

import argparse
import asyncio
import json
import random
import sqlite3
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median
from threading import Thread
from typing import Any, ClassVar, Protocol

import aiosqlite

from storage import open_engine
from storage.port import Tx

SNIPPETS = 12
WAITING = 1_000
"""Units that wait at the same time, as in a burst of joins."""

_TABLES = """
CREATE TABLE mark (community BIGINT, event BIGINT, handler TEXT, PRIMARY KEY (community, event, handler));
CREATE TABLE bag (community BIGINT PRIMARY KEY, items TEXT NOT NULL);
CREATE TABLE post (community BIGINT, id BIGINT, item BIGINT NOT NULL, body TEXT NOT NULL,
                   PRIMARY KEY (community, id));
CREATE TABLE tally (community BIGINT PRIMARY KEY, posts BIGINT NOT NULL);
"""

_SEEN = "SELECT 1 FROM mark WHERE community = :community AND event = :event AND handler = :handler"
_BAG = "SELECT items FROM bag WHERE community = :community"
_MARK = "INSERT INTO mark (community, event, handler) VALUES (:community, :event, :handler)"
_KEEP = (
    "INSERT INTO bag (community, items) VALUES (:community, :items)"
    " ON CONFLICT (community) DO UPDATE SET items = excluded.items"
)
_POST = "INSERT INTO post (community, id, item, body) VALUES (:community, :event, :item, :body)"
_TALLY = (
    "INSERT INTO tally (community, posts) VALUES (:community, 1)"
    " ON CONFLICT (community) DO UPDATE SET posts = tally.posts + 1"
)


class Contender(Protocol):
    """One way to run units on a database file."""

    name: ClassVar[str]

    async def open(self, file: Path) -> None: ...

    async def unit(self, community: int, event: int) -> None: ...

    async def close(self) -> None: ...


def draw(items: str | None) -> tuple[int, str]:
    """The next of the bag's items and what is left; an empty bag is filled anew, in another order."""
    left = json.loads(items) if items else []
    if not left:
        left = random.sample(range(SNIPPETS), SNIPPETS)
    return left.pop(), json.dumps(left)


class Kith:
    """The engine, as handlers use it."""

    name: ClassVar[str] = "kith"

    async def open(self, file: Path) -> None:
        self._engine = await open_engine(f"sqlite:///{file}")

    async def unit(self, community: int, event: int) -> None:
        async def work(tx: Tx) -> None:
            key: dict[str, Any] = {"community": community, "event": event, "handler": "drop"}
            if await tx.one(_SEEN, key):
                return
            bag = await tx.one(_BAG, {"community": community})
            item, left = draw(bag["items"] if bag else None)
            await tx.run(_MARK, key)
            await tx.run(_KEEP, {"community": community, "items": left})
            await tx.run(
                _POST, {"community": community, "event": event, "item": item, "body": f"drop {item}"}
            )
            await tx.run(_TALLY, {"community": community})

        await self._engine.unit(community, work)

    async def close(self) -> None:
        await self._engine.close()


class RawGroupCommit:
    """``sqlite3`` with nothing around it but the same futures and one commit for all that wait."""

    name: ClassVar[str] = "sqlite3 in group commit"

    async def open(self, file: Path) -> None:
        self._file = file
        self._loop = asyncio.get_running_loop()
        self._queue: deque[tuple[int, int, asyncio.Future[None]]] = deque()
        self._at_work = False
        self._connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA synchronous = FULL")

    async def unit(self, community: int, event: int) -> None:
        future: asyncio.Future[None] = self._loop.create_future()
        self._queue.append((community, event, future))
        if not self._at_work:
            self._at_work = True
            Thread(target=self._work_off, daemon=True).start()
        await future

    def _work_off(self) -> None:
        execute = self._connection.execute
        while self._queue:
            futures: list[asyncio.Future[None]] = []
            execute("BEGIN IMMEDIATE")
            while self._queue and len(futures) < 256:
                community, event, future = self._queue.popleft()
                if not execute(_SEEN_RAW, (community, event, "drop")).fetchone():
                    bag = execute(_BAG_RAW, (community,)).fetchone()
                    item, left = draw(bag[0] if bag else None)
                    execute(_MARK_RAW, (community, event, "drop"))
                    execute(_KEEP_RAW, (community, left))
                    execute(_POST_RAW, (community, event, item, f"drop {item}"))
                    execute(_TALLY_RAW, (community,))
                futures.append(future)
            execute("COMMIT")
            self._loop.call_soon_threadsafe(self._tell, futures)
        self._loop.call_soon_threadsafe(self._rest)

    def _tell(self, futures: Iterable[asyncio.Future[None]]) -> None:
        for future in futures:
            future.set_result(None)

    def _rest(self) -> None:
        self._at_work = bool(self._queue)
        if self._at_work:
            Thread(target=self._work_off, daemon=True).start()

    async def close(self) -> None:
        self._connection.close()


class StatementByStatement:
    """aiosqlite as its documentation shows it: each statement a trip to the thread, each unit a commit."""

    name: ClassVar[str] = "aiosqlite by statement"

    async def open(self, file: Path) -> None:
        self._connection = await aiosqlite.connect(file, isolation_level=None)
        await self._connection.execute("PRAGMA synchronous = FULL")
        self._one_at_a_time = asyncio.Lock()

    async def unit(self, community: int, event: int) -> None:
        key = {"community": community, "event": event, "handler": "drop"}
        database = self._connection
        async with self._one_at_a_time:
            await database.execute("BEGIN IMMEDIATE")
            async with database.execute(_SEEN, key) as cursor:
                seen = await cursor.fetchone()
            if not seen:
                async with database.execute(_BAG, {"community": community}) as cursor:
                    bag = await cursor.fetchone()
                item, left = draw(bag[0] if bag else None)
                await database.execute(_MARK, key)
                await database.execute(_KEEP, {"community": community, "items": left})
                await database.execute(
                    _POST, {"community": community, "event": event, "item": item, "body": f"drop {item}"}
                )
                await database.execute(_TALLY, {"community": community})
            await database.commit()

    async def close(self) -> None:
        await self._connection.close()


def _positional(sql: str) -> str:
    for name in ("community", "event", "handler", "items", "item", "body"):
        sql = sql.replace(f":{name}", "?")
    return sql


_SEEN_RAW, _BAG_RAW, _MARK_RAW, _KEEP_RAW, _POST_RAW, _TALLY_RAW = map(
    _positional, (_SEEN, _BAG, _MARK, _KEEP, _POST, _TALLY)
)


def create(file: Path) -> None:
    """Make the tables."""
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.executescript(_TABLES)
    connection.close()


def check(file: Path, units: int) -> None:
    """Every unit left its rows, and every bag was emptied before an item came again; else AssertionError."""
    connection = sqlite3.connect(file)
    posts = connection.execute("SELECT community, item FROM post ORDER BY community, id").fetchall()
    tallies = dict(connection.execute("SELECT community, posts FROM tally"))
    connection.close()
    drawn: dict[int, list[int]] = {}
    for community, item in posts:
        drawn.setdefault(community, []).append(item)
    if len(posts) != units or tallies != {community: len(items) for community, items in drawn.items()}:
        raise AssertionError(f"{units} units left {len(posts)} rows and tallies of {sum(tallies.values())}")
    for items in drawn.values():
        for start in range(0, len(items), SNIPPETS):
            part = items[start : start + SNIPPETS]
            if len(set(part)) != len(part):
                raise AssertionError("a shuffle bag gave an item twice")


async def _measure(make: type[Contender], communities: int, units: int) -> tuple[float, float]:
    """Seconds and CPU seconds per unit, with `WAITING` of them under way at any time."""
    with tempfile.TemporaryDirectory(prefix="kith-bench-") as folder:
        file = Path(folder) / "bench.db"
        contender = make()
        create(file)
        await contender.open(file)
        events = iter(range(units))

        async def submit() -> None:
            for event in events:
                await contender.unit(event % communities, event)

        started, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*(submit() for _ in range(WAITING)))
        took, burnt = time.perf_counter() - started, time.process_time() - cpu
        await contender.close()
        check(file, units)
    return took / units, burnt / units


async def run(
    *,
    units: int = 20_000,
    rounds: int = 3,
    say: Callable[[str], None] = lambda line: None,
) -> list[dict[str, Any]]:
    """Measure all contenders in turn, `rounds` times; medians. One row each.

    `ratio` is how many times this contender's units per second Kith runs. The slow contender gets a tenth of
    the units. `say` hears what is being measured.
    """
    makers: list[tuple[type[Contender], int]] = [
        (Kith, units),
        (RawGroupCommit, units),
        (StatementByStatement, max(WAITING, units // 10)),
    ]
    results: list[dict[str, Any]] = []
    for communities in (1, 100):
        taken: dict[str, list[tuple[float, float]]] = {make.name: [] for make, _ in makers}
        for number in range(rounds):
            for make, count in makers:
                say(f"{make.name}, {communities} communities, round {number + 1} of {rounds}")
                taken[make.name].append(await _measure(make, communities, count))
        kith = median(seconds for seconds, _ in taken[Kith.name])
        for name, times in taken.items():
            seconds = median(each for each, _ in times)
            results.append(
                {
                    "bench": "units",
                    "contender": name,
                    "communities": communities,
                    "units_per_second": round(1 / seconds),
                    "cpu_us_per_unit": round(median(cpu for _, cpu in times) * 1e6, 1),
                    "ratio": round(seconds / kith, 2),
                }
            )
    return results


def table(results: Iterable[dict[str, Any]]) -> str:
    """The results as people read them."""
    lines = [f"{'contender':<26}{'communities':>12}{'units/s':>10}{'CPU µs/unit':>13}{'Kith is':>12}"]
    lines += [
        f"{row['contender']:<26}{row['communities']:>12}{row['units_per_second']:>10,}"
        f"{row['cpu_us_per_unit']:>13,}{row['ratio']:>10} ×"
        for row in results
    ]
    return "\n".join(lines)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    results = asyncio.run(run(units=chosen.units, rounds=chosen.rounds))
    sys.stdout.write(json.dumps(results, indent=2) if chosen.json else table(results))
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
