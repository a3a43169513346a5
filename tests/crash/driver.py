"""Begins lives and ends them: by SIGKILL at random and at each named point, frozen now and then before."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from bot.outbox.crash import POINTS
from storage import open_engine
from storage.migrate import HOST
from storage.port import Engine, Tx
from tests.crash import life, naive
from tests.crash.checker import History, Intent, violations
from tests.crash.life import Plan
from tests.engines import migrate

ROOT = Path(__file__).resolve().parents[2]
TIMING = {"lease": 2_000, "attempt": 300, "backoff": 3, "backoff_most": 30, "role": 5_000, "poll": 20}
"""An outbox in a hurry, for lives that are short."""


@dataclass
class Tally:
    """What the loop did."""

    lives: int = 0
    kills: int = 0
    frozen: int = 0
    killed_at: dict[str, int] = field(default_factory=dict)
    finished: int = 0

    def __str__(self) -> str:
        at = ", ".join(f"{point} {count}" for point, count in sorted(self.killed_at.items()))
        return (
            f"{self.lives} lives, {self.kills} killed ({at}), {self.frozen} frozen, {self.finished} finished"
        )


class Zygote:
    """The process that forks lives. Use as a context."""

    def __init__(self, *modules: str) -> None:
        self._modules = modules
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Zygote:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.crash.zygote",
            *self._modules,
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(10):
                await self._process.wait()
        finally:
            if self._process.returncode is None:
                self._process.kill()
                await self._process.wait()

    async def begin(self, plan: Plan) -> int:
        """Begin a life; its process id."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asdict(plan)).encode() + b"\n")
        return int(await self._line())

    async def ended(self) -> int:
        """How the life ended: 0 when all was done, a negative signal number when killed."""
        return int(await self._line())

    async def _line(self) -> bytes:
        assert self._process is not None
        assert self._process.stdout is not None
        async with asyncio.timeout(60):
            line = await self._process.stdout.readline()
        assert line, "the zygote died"
        return line


class Reaper:
    """Ends lives of one plan, again and again."""

    def __init__(self, zygote: Zygote, plan: Plan, seed: int, points: Sequence[str] = POINTS) -> None:
        self._zygote = zygote
        self._plan = plan
        self._random = random.Random(seed)
        self._points = points
        self.tally = Tally()

    async def kill(self, times: int) -> None:
        """Begin and kill lives until so many were killed."""
        while self.tally.kills < times:
            number = self.tally.lives
            self.tally.lives += 1
            plan = replace(self._plan, seed=self._random.randrange(1 << 30))
            # every other life dies at a point, each in turn, so that none is left to chance
            if number % 2 and self._points:
                point = self._points[number // 2 % len(self._points)]
                await self._until_point(replace(plan, point=point, nth=self._random.randint(1, 12)))
            else:
                await self._until_moment(plan)

    async def finish(self) -> None:
        """One life that adds nothing and ends when all is delivered."""
        await self._zygote.begin(replace(self._plan, most=0))
        code = await self._zygote.ended()
        assert code == 0, f"the last life ended with {code}"

    async def _until_point(self, plan: Plan) -> None:
        await self._zygote.begin(plan)
        self._note(await self._zygote.ended(), str(plan.point))

    async def _until_moment(self, plan: Plan) -> None:
        pid = await self._zygote.begin(plan)
        end = asyncio.create_task(self._zygote.ended())
        if self._random.random() < 0.25 and not await self._passes(end, 0.03):
            self.tally.frozen += 1
            _signal(pid, signal.SIGSTOP)
            await self._passes(end, 0.03)
            _signal(pid, signal.SIGCONT)
        if not await self._passes(end, 0.09):
            _signal(pid, signal.SIGKILL)
        self._note(await end, "any moment")

    async def _passes(self, end: asyncio.Task[int], most: float) -> bool:
        """Whether the life ends by itself within a time drawn up to ``most`` seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._random.uniform(0.001, most)):
                await asyncio.shield(end)
        return end.done()

    def _note(self, code: int, where: str) -> None:
        if code == -signal.SIGKILL:
            self.tally.kills += 1
            self.tally.killed_at[where] = self.tally.killed_at.get(where, 0) + 1
        else:
            assert code == 0, f"a life ended with {code}: see its traceback"
            self.tally.finished += 1


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


async def make_tables(url: str, *, naive_too: bool = False) -> None:
    """Ready for lives to be lived on it; ``naive_too`` for those with a naive outbox."""
    engine = await open_engine(url)
    try:
        await migrate(engine, (HOST,))

        async def work(tx: Tx) -> None:
            await tx.run(life.TABLE)
            if naive_too:
                await tx.run(naive.TABLE)

        await engine.unit(1, work)
    finally:
        await engine.close()


async def judge(url: str, history: History) -> tuple[int, list[str]]:
    """How many intents were committed over all lives, and what is wrong."""
    engine = await open_engine(url)
    try:
        wanted = await _intents(engine)
        return len(wanted), violations(wanted, history) + await engine.checkup()
    finally:
        await engine.close()


async def _intents(engine: Engine) -> list[Intent]:
    rows = await engine.read(lambda tx: tx.all("SELECT * FROM intent ORDER BY number"))
    return [
        Intent(
            row["number"],
            row["verb"],
            row["key"],
            row["of_key"],
            row["place"],
            row["words"],
            bool(row["ordered"]),
        )
        for row in rows
    ]
