"""The crash loop on Discord: killed at any moment, with Discord's own faults, each intent arrives once."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.crash.discord import DiscordHistory
from tests.crash.driver import TIMING, Reaper, Zygote, judge, make_tables
from tests.crash.life import Plan
from tests.fakes.discord import FakeDiscord

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="killing needs fork and signals")

TIMES = 500 if os.environ.get("KITH_TEST_FULL") == "1" else 60
FREE = {"per_second": 0}
WINDOWS: dict[str, dict[str, Any]] = {
    "knows nonces": {"repost_window": 60_000, "find_delay": 60_000, **FREE},
    "forgets nonces": {"repost_window": 0, "find_delay": 10, "find_looks": 2, **FREE},
}
POSTS = "POST /channels/*/messages"
CHANGES = "* /channels/*/messages/*"
LOOKS = "GET /channels/*/messages"


@pytest_asyncio.fixture
async def zygote() -> AsyncIterator[Zygote]:
    async with Zygote("tests.crash.life", "tests.crash.discord", "bot.platforms.discord.gateway") as forking:
        yield forking


@pytest.mark.parametrize("windows", WINDOWS)
async def test_killed_at_any_moment_nothing_is_lost_or_repeated(
    windows: str, zygote: Zygote, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nonces = 180.0 if windows == "knows nonces" else 0.0
    async with FakeDiscord(
        nonce_window=nonces, deadlines_run=True, session_starts=1_000_000, record=False
    ) as fake:
        guild = fake.guild("Workshop")
        channels = [(f"discord:{guild.id}", str(guild.channel(f"c{n}").id)) for n in range(6)]
        history = DiscordHistory(fake)
        rng = random.Random(windows)
        fake.faults.at_random(POSTS, 0.2, rng, losses=("502", "drop", "504"), refusals=(503,))
        fake.faults.at_random(CHANGES, 0.1, rng, refusals=(503,))
        fake.faults.at_random(LOOKS, 0.1, rng, refusals=(503,))
        url = f"sqlite:///{tmp_path / 'kith.db'}"
        await make_tables(url)
        config = {
            "token": fake.token,
            "api": fake.api_url,
            "gateway": fake.gateway_url,
            "limits": WINDOWS[windows],
        }
        plan = Plan(url, "tests.crash.discord:build", config, channels, 0, 60, TIMING)
        reaper = Reaper(zygote, plan, seed=len(windows))
        await reaper.kill(TIMES)
        fake.faults.clear()
        await reaper.finish()
        committed, wrong = await judge(url, history)
        with capsys.disabled():
            print(f"\n{windows}: {committed} intents, {reaper.tally}", end=" ")
        assert wrong == []
        assert committed > TIMES
