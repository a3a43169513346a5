"""A greeting in the host, beside the statements of the same greetings alone: the rest is what cogs cost.

Both run the same units through the same engine; neither has a platform. Run it with
``python -m bench.greeting``.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from bot.clock import SystemClock
from bot.core import Core, build, load_cogs
from bot.model.content import Catalog
from bot.model.events import MemberJoined
from bot.model.ids import Channel, Member, MessageRef, Space
from bot.model.limits import Limits
from bot.model.outgoing import InChannel, Outgoing, Receipt
from bot.model.text import Plain, Span
from bot.platforms import sizes
from bot.platforms.base import Sink, SpaceInfo
from bot.runtime import GARBAGE_AFTER, loop_factory
from bot.settings import stored
from storage.engines import open_engine
from storage.port import NO_PARAMS, Engine, Params, Row, Tx
from storage.repos import settings, spaces

SPACES = 200
AT_ONCE = 24
"""Events under way at any time, as on Discord."""
_ZONE = ZoneInfo("Europe/London")


class Nowhere:
    """A platform that has everything at once and sends nothing."""

    name = "nowhere"

    def __init__(self) -> None:
        self.limits: Limits = sizes.DISCORD._replace(lane_interval=0, per_second=0)
        self.came = 0

    def measure(self, span: Span) -> int:
        return len(span.text) if isinstance(span, Plain) else 24

    async def run(self, sink: Sink, catalog: Catalog) -> None:
        await asyncio.Event().wait()

    async def deliver(self, out: Outgoing) -> Receipt:
        await asyncio.sleep(0)
        self.came += 1
        assert isinstance(out.to, InChannel)
        return Receipt(MessageRef(out.to.channel, str(self.came)))

    async def find(self, out: Outgoing, since: int) -> Receipt | None:
        return None

    async def members(self, space: Space) -> AsyncIterator[Member]:
        return
        yield

    async def about(self, space: Space) -> SpaceInfo:
        return SpaceInfo()


class Statement(NamedTuple):
    """One statement of a unit and what it was given; ``reads`` is how much of its result was wanted."""

    reads: str
    sql: str
    params: Params


class Script(NamedTuple):
    """All statements of one unit, in order."""

    community: int
    statements: list[Statement]


class _Noting:
    """A transaction that notes what it runs."""

    def __init__(self, tx: Tx, script: Script) -> None:
        self._tx = tx
        self._script = script
        self.dialect = tx.dialect
        self.index, self.unindex, self.search = tx.index, tx.unindex, tx.search

    async def run(self, sql: str, params: Params = NO_PARAMS) -> int:
        self._script.statements.append(Statement("run", sql, dict(params)))
        return await self._tx.run(sql, params)

    async def one(self, sql: str, params: Params = NO_PARAMS) -> Row | None:
        self._script.statements.append(Statement("one", sql, dict(params)))
        return await self._tx.one(sql, params)

    async def all(self, sql: str, params: Params = NO_PARAMS) -> list[Row]:
        self._script.statements.append(Statement("all", sql, dict(params)))
        return await self._tx.all(sql, params)

    def savepoint(self) -> AbstractAsyncContextManager[None]:
        return self._tx.savepoint()


class _Noted:
    """An engine that keeps a script of each unit while ``scripts`` is a list."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.scripts: list[Script] | None = None
        self.dialect, self.file = engine.dialect, engine.file
        self.read, self.checkup, self.close = engine.read, engine.checkup, engine.close

    async def unit(self, community: int, work: Callable[[Tx], Coroutine[Any, Any, Any]]) -> Any:
        if self.scripts is None:
            return await self._engine.unit(community, work)
        script = Script(community, [])

        async def noted(tx: Tx) -> Any:
            script.statements.clear()  # a unit may be run anew
            return await work(_Noting(tx, script))

        result = await self._engine.unit(community, noted)
        self.scripts.append(script)
        return result


async def _host(engine: Engine, platform: Nowhere) -> Core:
    cogs, sections, faults = load_cogs(("cogs.welcome",), {}, _ZONE)
    return await build(
        engine=engine,
        clock=SystemClock(),
        platforms={platform.name: platform},
        cogs=cogs,
        sections=sections,
        faults=faults,
        zone=_ZONE,
    )


def _spaces() -> list[Space]:
    return [Space(Nowhere.name, str(number), f"Town {number}") for number in range(SPACES)]


async def _open(core: Core, engine: Engine, space: Space) -> None:
    """Open a space: one greeting for each, in its own channel."""
    community = await core.units.community(space)

    async def work(tx: Tx) -> None:
        for name, value in (("channel", Channel(space.key, "1")), ("together", 0)):
            await settings.put(
                tx,
                community=community,
                space=space.key,
                section="welcome",
                name=name,
                value=stored(value),
                by="",
                now=1,
            )
        await spaces.go_live(tx, space.key, 1)

    await engine.unit(community, work)


async def _greet(core: Core, platform: Nowhere, first: int, count: int) -> None:
    towns = _spaces()

    def join(number: int) -> MemberJoined:
        space = towns[number % SPACES]
        who = Member(space.key, str(number), f"Robin {number}")
        return MemberJoined(id=f"join:{number}", space=space, at=1, member=who, joined_at=2**40, count=5)

    await _flood([core.accept(join(number)) for number in range(first, first + count)])
    await core.outbox.idle()
    if platform.came != first + count:
        raise AssertionError(f"{first + count} came in and {platform.came} were greeted")


async def _flood(work: Sequence[Awaitable[Any]]) -> None:
    waiting = iter(work)

    async def some() -> None:
        for each in waiting:
            await each

    await asyncio.gather(*(some() for _ in range(AT_ONCE)))


async def _timed(work: Awaitable[Any], count: int) -> tuple[float, float]:
    """Seconds and CPU seconds for each greeting."""
    began, cpu = time.perf_counter(), time.process_time()
    await work
    return (time.perf_counter() - began) / max(count, 1), (time.process_time() - cpu) / max(count, 1)


async def hosted(file: Path, count: int, *, noted: bool = False) -> tuple[tuple[float, float], list[Script]]:
    """Greet in the host, after one greeting in each space to warm up: what it took, and its scripts if noted.

    Raises AssertionError if somebody was not greeted.
    """
    engine = _Noted(await open_engine(f"sqlite:///{file}"))
    platform = Nowhere()
    try:
        core = await _host(engine, platform)
        async with core:
            await _greet(core, platform, 0, SPACES)
            if noted:
                engine.scripts = []
            spent = await _timed(_greet(core, platform, SPACES, count), count)
            scripts, engine.scripts = engine.scripts or [], None
    finally:
        await engine.close()
    return spent, scripts


async def _alone(file: Path, scripts: list[Script], count: int) -> tuple[float, float]:
    """The statements of what was noted, in the same units."""
    engine = await open_engine(f"sqlite:///{file}")

    async def unit(script: Script) -> None:
        async def work(tx: Tx) -> None:
            for reads, sql, params in script.statements:
                await getattr(tx, reads)(sql, params)

        await engine.unit(script.community, work)

    try:
        return await _timed(_flood([unit(script) for script in scripts]), count)
    finally:
        await engine.close()


async def run(
    *, greetings: int = 6_000, rounds: int = 3, say: Callable[[str], None] = lambda _: None
) -> list[dict[str, Any]]:
    """Measure both in turn; medians. ``ratio`` is how many times the CPU of the statements alone it takes."""
    taken: dict[str, list[tuple[float, float]]] = {"host": [], "its statements alone": []}
    usual = gc.get_threshold()
    gc.set_threshold(GARBAGE_AFTER)  # as Kith runs
    try:
        await _measure(taken, greetings, rounds, say)
    finally:
        gc.set_threshold(*usual)
    least = median(cpu for _, cpu in taken["its statements alone"])
    return [
        {
            "bench": "greeting",
            "what": what,
            "greetings_per_second": round(1 / median(seconds for seconds, _ in times)),
            "cpu_us": round(median(cpu for _, cpu in times) * 1e6, 1),
            "ratio": round(median(cpu for _, cpu in times) / least, 2),
        }
        for what, times in taken.items()
    ]


async def _measure(
    taken: dict[str, list[tuple[float, float]]], greetings: int, rounds: int, say: Callable[[str], None]
) -> None:
    with tempfile.TemporaryDirectory(prefix="kith-bench-") as folder:
        home = Path(folder)
        engine = await open_engine(f"sqlite:///{home / 'new.db'}")
        core = await _host(engine, Nowhere())
        for space in _spaces():
            await _open(core, engine, space)
        await engine.close()

        def copy(name: str, of: str = "new.db") -> Path:
            return Path(shutil.copy(home / of, home / name))

        # what is noted is replayed where the same spaces were greeted once too
        await hosted(copy("warm.db"), 0)
        _, scripts = await hosted(copy("noted.db"), greetings, noted=True)
        for number in range(1, rounds + 1):
            say(f"host, round {number} of {rounds}")
            spent, _ = await hosted(copy(f"host{number}.db"), greetings)
            taken["host"].append(spent)
            say(f"its statements alone, round {number} of {rounds}")
            taken["its statements alone"].append(
                await _alone(copy(f"alone{number}.db", "warm.db"), scripts, greetings)
            )


def table(results: Iterable[dict[str, Any]]) -> str:
    """The results as people read them."""
    lines = [f"{'what':<24}{'greetings/s':>12}{'CPU µs':>10}{'ratio':>9}"]
    lines += [
        f"{row['what']:<24}{row['greetings_per_second']:>12,}{row['cpu_us']:>10}{row['ratio']:>7} ×"
        for row in results
    ]
    return "\n".join(lines)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--greetings", type=int, default=6_000)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        results = runner.run(run(greetings=chosen.greetings, rounds=chosen.rounds))
    sys.stdout.write(table(results) + "\n")


if __name__ == "__main__":
    main()
