"""What a look at the schedules costs with 100,000 stored beside 100: it must depend on what is due.

Run it with ``python -m bench.schedules``; add ``--json`` for the figures alone.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from bot.clock import TravelClock
from bot.model.rules import Interval, Once, Rule, local
from bot.model.ticks import Tick
from bot.schedule import Scheduler
from bot.store import Scope
from bot.timetable import set_schedule
from storage import open_engine
from storage.migrate import HOST, Migrator
from storage.port import Engine, Tx

FEW, MANY = 100, 100_000
DUE = (0, 1, 10, 100)
START = 1_800_000_000_000
"""A quarter of an hour, in 2027."""
QUARTER = 15 * 60_000
ZONE = ZoneInfo("Europe/Berlin")
COMMUNITIES = 50
AT_ONCE = 500


class Bench:
    """A database with so many schedules that come in some years, and others that are due when asked."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.clock = TravelClock(base=lambda: START)
        self.ticks = 0
        self.scheduler = Scheduler(engine=engine, clock=self.clock, accept=self._accept)
        self._ids = count(1)

    async def _accept(self, tick: Tick) -> None:
        self.ticks += 1

    async def store(self, number: int) -> None:
        """That many schedules, none of which comes due while this runs."""
        year = local(START, ZONE).replace(second=0, microsecond=0) + timedelta(days=365)
        await self._set("later", (Once(year + timedelta(minutes=n)) for n in range(number)))

    async def make_due(self, number: int) -> None:
        """That many schedules, each due every quarter of an hour."""
        await self._set("now", (Interval(15) for _ in range(number)))

    async def clear(self) -> None:
        await self.engine.unit(0, lambda tx: tx.run("DELETE FROM schedule WHERE cog = 'now'"))

    async def _set(self, cog: str, rules: Iterable[Rule]) -> None:
        waiting = list(enumerate(rules))
        for begin in range(0, len(waiting), AT_ONCE):
            part, now = waiting[begin : begin + AT_ONCE], self.clock.now()

            async def work(tx: Tx, part: list[tuple[int, Rule]] = part, now: int = now) -> None:
                for n, rule in part:
                    community = n % COMMUNITIES + 1
                    scope = Scope(tx, community, f"local:{community}", now, lambda: next(self._ids))
                    await set_schedule(scope, cog=cog, job=f"job{n}", rule=rule, zone=ZONE)

            await self.engine.unit(0, work)

    async def look(self) -> tuple[float, float]:
        """Seconds and CPU seconds that one look takes, a quarter of an hour later."""
        self.clock.move_to(self.clock.now() // QUARTER * QUARTER + QUARTER)
        started, cpu = time.perf_counter(), time.process_time()
        await self.scheduler.look()
        return time.perf_counter() - started, time.process_time() - cpu


async def _measure(stored: int, rounds: int, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """One row for the look at the start, and one for a wake-up with each number due; medians."""
    with tempfile.TemporaryDirectory(prefix="kith-bench-") as folder:
        engine = await open_engine(f"sqlite:///{Path(folder) / 'bench.db'}")
        try:
            await Migrator(engine, (HOST,), version="0", now_ms=lambda: START).upgrade()
            bench = Bench(engine)
            say(f"storing {stored:,} schedules")
            await bench.store(stored)
            say(f"first look, {stored:,} stored")
            results = [_row("first look", stored, 0, [await bench.look()])]
            for due in DUE:
                say(f"{due} due of {stored:,} stored, {rounds} times")
                await bench.make_due(due)
                before = bench.ticks
                times = [await bench.look() for _ in range(rounds)]
                if bench.ticks - before != due * rounds:
                    raise AssertionError(f"{bench.ticks - before} ticks instead of {due * rounds}")
                results.append(_row("wake-up", stored, due, times))
                await bench.clear()
        finally:
            await engine.close()
    return results


def _row(what: str, stored: int, due: int, times: Sequence[tuple[float, float]]) -> dict[str, Any]:
    return {
        "bench": "schedules",
        "what": what,
        "stored": stored,
        "due": due,
        "ms": round(median(wall for wall, _ in times) * 1e3, 3),
        "cpu_ms": round(median(cpu for _, cpu in times) * 1e3, 3),
    }


async def run(
    *,
    few: int = FEW,
    many: int = MANY,
    rounds: int = 30,
    say: Callable[[str], None] = lambda line: None,
) -> list[dict[str, Any]]:
    """Measure a wake-up by how much is due, with few and with many schedules stored.

    `ratio` is how many times what it takes with few stored. Only the first look after a start may grow: it
    reads all schedules once, in case a clock or a zone was changed.
    """
    results = []
    base: dict[tuple[str, int], float] = {}
    for stored in (few, many):
        for row in await _measure(stored, rounds, say):
            first = base.setdefault((row["what"], row["due"]), row["ms"])
            results.append({**row, "ratio": round(row["ms"] / first, 2)})
    return results


def table(results: Iterable[dict[str, Any]]) -> str:
    """The results as people read them."""
    lines = [f"{'':<12}{'stored':>9}{'due':>6}{'ms':>12}{'CPU ms':>12}{'ratio':>10}"]
    lines += [
        f"{row['what']:<12}{row['stored']:>9,}{row['due']:>6}{row['ms']:>12,.2f}{row['cpu_ms']:>12,.2f}"
        f"{row['ratio']:>8} ×"
        for row in results
    ]
    return "\n".join(lines)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--many", type=int, default=MANY)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    results = asyncio.run(run(many=chosen.many, rounds=chosen.rounds))
    sys.stdout.write(json.dumps(results, indent=2) if chosen.json else table(results))
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
