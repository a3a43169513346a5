"""Killed with SIGKILL in the middle of it all: what was answered is there, and nothing is there by half."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from storage import open_engine
from storage.port import Engine, Tx

ROOT = Path(__file__).parents[2]

_BOT = """
import asyncio, os, signal, sys
from storage import open_engine

url, first, fatal = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])

async def main():
    engine = await open_engine(url)

    async def unit(event):
        async def work(tx):
            for part in range(3):
                await tx.run("INSERT INTO part (event, part) VALUES (:event, :part)",
                             {"event": event, "part": part})
                if event == fatal and part == 1:
                    os.kill(os.getpid(), signal.SIGKILL)
        await engine.unit(event % 5, work)
        os.write(1, b"%d\\n" % event)

    async def submit(events):
        for event in events:
            await unit(event)

    events = iter(range(first, first + 1_000_000))
    await asyncio.gather(*(submit(events) for _ in range(40)))

asyncio.run(main())
"""


async def prepare(url: str) -> None:
    async def create(tx: Tx) -> None:
        await tx.run("CREATE TABLE part (event BIGINT, part BIGINT, PRIMARY KEY (event, part))")

    engine = await open_engine(url)
    await engine.unit(0, create)
    await engine.close()


async def stored(engine: Engine) -> dict[int, int]:
    async def work(tx: Tx) -> dict[int, int]:
        rows = await tx.all("SELECT event, count(*) AS n FROM part GROUP BY event")
        return {row["event"]: row["n"] for row in rows}

    return await engine.read(work)


def run_and_kill(url: str, first: int, *, answers: int | None = None, fatal: int = -1) -> set[int]:
    """Run until so many units were answered, or one kills its own process; returns the answered ones."""
    bot = subprocess.Popen(
        [sys.executable, "-c", _BOT, url, str(first), str(fatal)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    )
    assert bot.stdout is not None
    answered: list[bytes] = []
    try:
        for line in bot.stdout:
            answered.append(line)
            if answers is not None and len(answered) >= answers:
                os.kill(bot.pid, signal.SIGKILL)
                answers = None
    finally:
        bot.kill()
        errors = bot.communicate()[1]
    assert bot.returncode == -signal.SIGKILL, errors.decode()
    # the last line may be cut by the kill
    return {int(line) for line in answered if line.endswith(b"\n")}


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
async def test_killed_at_any_moment_only_whole_units_remain(database_url: str) -> None:
    await prepare(database_url)
    answered: set[int] = set()
    for round_number in range(3):
        answered |= run_and_kill(database_url, round_number * 1_000_000, answers=random.randrange(20, 400))
    engine = await open_engine(database_url)
    try:
        kept = await stored(engine)
        assert set(kept.values()) == {3}
        assert answered <= kept.keys()
        assert await engine.checkup() == []
    finally:
        await engine.close()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
async def test_killed_inside_a_unit_nothing_of_it_remains(database_url: str) -> None:
    await prepare(database_url)
    fatal = 777
    answered = run_and_kill(database_url, 0, fatal=fatal)
    engine = await open_engine(database_url)
    try:
        kept = await stored(engine)
        assert fatal not in kept
        assert set(kept.values()) == {3}
        assert answered <= kept.keys()
        assert len(answered) > 100
    finally:
        await engine.close()
