"""The crash loop on Slack: killed at any moment, with Slack's own faults, each intent arrives once."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.crash.driver import TIMING, Reaper, Zygote, judge, make_tables
from tests.crash.life import Plan
from tests.crash.slack import SlackHistory
from tests.fakes.slack import Drop, FakeSlack, Garble, Refuse, Status

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="killing needs fork and signals")

TIMES = 500 if os.environ.get("KITH_TEST_FULL") == "1" else 60
WINDOWS = {"find_delay": 30, "find_looks": 2, "lane_interval": 0}
LAG = 0.01
"""Seconds until the fake's history shows a post; less than two looks take."""


@pytest_asyncio.fixture
async def zygote() -> AsyncIterator[Zygote]:
    async with Zygote("tests.crash.life", "tests.crash.slack", "slack_bolt.async_app") as forking:
        yield forking


def _plan_faults(slack: FakeSlack, rng: random.Random) -> None:
    def often(fault: object, method: str, chance: float) -> None:
        slack.faults.add(fault, method, times=None, chance=chance, rng=rng)  # type: ignore[arg-type]

    often(Drop(), "chat.postMessage", 0.09)
    often(Status(502), "chat.postMessage", 0.05)
    often(Garble(), "chat.postMessage", 0.02)
    often(Drop(accept=False), "chat.postMessage", 0.04)
    often(Refuse("internal_error"), "chat.postMessage", 0.02)
    often(Drop(), "chat.[ud]*", 0.05)
    often(Status(503, accept=False), "chat.[ud]*", 0.03)
    often(Status(500), "conversations.history", 0.05)
    often(Drop(), "conversations.history", 0.03)


async def test_killed_at_any_moment_nothing_is_lost_or_repeated(
    zygote: Zygote, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with FakeSlack() as slack:
        workspace = slack.workspace("Workshop")
        places = [workspace.channel(f"c{number}") for number in range(6)]
        slack.history_lag = LAG
        _plan_faults(slack, random.Random(4))
        url = f"sqlite:///{tmp_path / 'kith.db'}"
        await make_tables(url)
        config = {
            "bot_token": workspace.bot_token,
            "app_token": slack.app_token,
            "api": f"{slack.url}/api",
            "limits": WINDOWS,
        }
        channels = [(f"slack:{workspace.id}", place.id) for place in places]
        plan = Plan(url, "tests.crash.slack:build", config, channels, 0, 60, TIMING | {"attempt": 1_000})
        reaper = Reaper(zygote, plan, seed=5)
        await reaper.kill(TIMES)
        slack.faults.clear()
        await reaper.finish()
        committed, wrong = await judge(url, SlackHistory(slack))
        with capsys.disabled():
            print(f"\nslack: {committed} intents, {reaper.tally}", end=" ")
        assert wrong == []
        assert committed > TIMES
