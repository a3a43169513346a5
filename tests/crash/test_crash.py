"""Killed hundreds of times (thousands in the full run), each committed intent is delivered once, in order."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.crash.driver import TIMING, Reaper, Zygote, judge, make_tables
from tests.crash.life import Plan
from tests.crash.wire import WireHistory
from tests.engines import PostgresServer
from tests.fakes.wire import Fault, WireServer

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="killing needs fork and signals")

FULL = os.environ.get("KITH_TEST_FULL") == "1"
TIMES = 1_000 if FULL else 120

LOST = {
    Fault.ACCEPT_DROP: 0.09,
    Fault.ACCEPT_502: 0.05,
    Fault.ACCEPT_HANG: 0.005,
    Fault.DROP: 0.04,
    Fault.FAIL_502: 0.02,
    Fault.LATER: 0.03,
}
WINDOWS: dict[str, dict[str, Any]] = {
    "knows keys": {"repost_window": 60_000, "find_delay": 60_000},
    "forgets keys": {"find_delay": 10, "find_looks": 2},
}


@pytest_asyncio.fixture
async def zygote() -> AsyncIterator[Zygote]:
    async with Zygote("tests.crash.life", "tests.crash.wire", "storage.engines.postgres") as forking:
        yield forking


@pytest_asyncio.fixture
async def server() -> AsyncIterator[WireServer]:
    running = WireServer()
    running.plan.chances = LOST
    running.plan.look_chances = {Fault.FAIL_502: 0.05, Fault.DROP: 0.05}
    await running.start()
    yield running
    await running.stop()


async def make(url: str, server: WireServer, windows: str, **more: Any) -> Plan:
    await make_tables(url, naive_too="outbox" in more)
    if windows == "forgets keys":
        server.plan.chances = {**LOST, Fault.LAG: 0.03}
    else:
        server.dedupes = True
    config = {"url": server.url, "limits": WINDOWS[windows]}
    channels = [("wire:1", f"c{number}") for number in range(6)]
    return Plan(url, "tests.crash.wire:build", config, channels, 0, 60, TIMING, **more)


@pytest.mark.parametrize("windows", WINDOWS)
@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
async def test_killed_at_any_moment_nothing_is_lost_or_repeated(
    dialect: str,
    windows: str,
    zygote: Zygote,
    server: WireServer,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
) -> None:
    times = TIMES
    url = f"sqlite:///{tmp_path / 'kith.db'}"
    if dialect == "postgres":
        postgres: PostgresServer = request.getfixturevalue("postgres")
        url = await postgres.fresh(None)
        times //= 4
    reaper = Reaper(zygote, await make(url, server, windows), seed=len(windows))
    await reaper.kill(times)
    server.plan.end()
    await reaper.finish()
    committed, wrong = await judge(url, WireHistory(server))
    with capsys.disabled():
        print(f"\n{dialect}, {windows}: {committed} intents, {reaper.tally}", end=" ")
    assert wrong == []
    assert committed > times


@pytest.mark.parametrize(
    ("outbox", "sign"), [("send then mark", "arrived 2 times"), ("mark then send", "was lost")]
)
async def test_a_naive_outbox_is_caught(
    outbox: str, sign: str, zygote: Zygote, server: WireServer, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'kith.db'}"
    reaper = Reaper(zygote, await make(url, server, "forgets keys", outbox=outbox), seed=1, points=())
    await reaper.kill(12)
    server.plan.end()
    await reaper.finish()
    _, wrong = await judge(url, WireHistory(server))
    assert any(sign in line for line in wrong)
