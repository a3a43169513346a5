"""From a join to the welcome in the local room, at a steady 200 joins a second.

Run it with ``python -m bench.room``; add ``--json`` for the figures alone.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import quantiles
from typing import Any
from zoneinfo import ZoneInfo

from bot import demo
from bot.clock import TravelClock
from bot.core import build, load_cogs
from bot.platforms.local.adapter import LocalPlatform
from bot.platforms.local.room import Room
from bot.platforms.local.seed import plant
from storage.engines import open_engine

RATE = 200
COGS = ("cogs.welcome",)


class Stopwatch:
    """When each newcomer's greeting was delivered, by the person's id."""

    def __init__(self) -> None:
        self.joined: dict[str, float] = {}
        self.greeted: dict[str, float] = {}
        self.all_greeted = asyncio.Event()
        self.wanted = 0


async def run(
    *, joins: int = 2_000, rate: int = RATE, say: Callable[[str], None] = lambda _: None
) -> list[dict[str, Any]]:
    """Join that many people at that rate; latencies in milliseconds of real time."""
    with tempfile.TemporaryDirectory() as folder:
        clock, zone, watch = TravelClock(), ZoneInfo("Europe/London"), Stopwatch()
        engine = await open_engine(f"sqlite:///{folder}/kith.db")
        room = await Room.open(Path(folder) / "room.db", clock.now, plant)
        platform = _Watched(room, watch)
        cogs, sections, faults = load_cogs(COGS, {}, zone)
        core = await build(
            engine=engine,
            clock=clock,
            platforms={"local": platform},
            cogs=cogs,
            sections=sections,
            faults=faults,
            zone=zone,
        )
        await demo.settle_in(core, platform)
        try:
            async with core:
                await platform.listened_to()
                say(f"{joins} joins at {rate} a second")
                cpu = time.process_time()
                await _join(room, watch, joins, rate)
                async with asyncio.timeout(120):
                    await watch.all_greeted.wait()
                cpu = time.process_time() - cpu
        finally:
            await room.close()
            await engine.close()
    took = [(watch.greeted[who] - at) * 1_000 for who, at in watch.joined.items()]
    cuts = quantiles(took, n=100)
    return [
        {
            "bench": "room",
            "what": f"join to welcome at {rate}/s",
            "joins": joins,
            "p50_ms": round(cuts[49], 2),
            "p99_ms": round(cuts[98], 2),
            "most_ms": round(max(took), 2),
            "cpu_us_per_welcome": round(cpu / joins * 1e6, 1),
        }
    ]


class _Watched(LocalPlatform):
    """The room's adapter with a stopwatch beside what it delivers."""

    def __init__(self, room: Room, watch: Stopwatch) -> None:
        super().__init__(room)
        self._watch = watch

    async def deliver(self, out: Any) -> Any:
        receipt = await super().deliver(out)
        now = time.perf_counter()
        for person in getattr(out, "pings", ()):
            self._watch.greeted[person.id] = now
        if len(self._watch.greeted) >= self._watch.wanted > 0:
            self._watch.all_greeted.set()
        return receipt


async def _join(room: Room, watch: Stopwatch, joins: int, rate: int) -> None:
    watch.wanted = joins
    began = time.perf_counter()
    for number in range(joins):
        wait = began + number / rate - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        at = time.perf_counter()
        watch.joined[room.join(f"Newcomer {number}").id] = at


def table(results: Iterable[dict[str, Any]]) -> str:
    """The results as people read them."""
    lines = [f"{'what':<32}{'joins':>8}{'p50 ms':>9}{'p99 ms':>9}{'most ms':>9}{'CPU µs each':>13}"]
    lines += [
        f"{row['what']:<32}{row['joins']:>8,}{row['p50_ms']:>9}{row['p99_ms']:>9}{row['most_ms']:>9}"
        f"{row['cpu_us_per_welcome']:>13}"
        for row in results
    ]
    return "\n".join(lines)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--joins", type=int, default=2_000)
    parser.add_argument("--rate", type=int, default=RATE)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    results = asyncio.run(run(joins=chosen.joins, rate=chosen.rate))
    sys.stdout.write(json.dumps(results, indent=2) if chosen.json else table(results))
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
