"""Mishaps below: whatever becomes of a request, each greeting is said once, and in its order."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from bot.platforms.discord.limits import LIMITS
from bot.platforms.discord.pace import INVALID_MOST, Invalid
from tests.discord.home import Home, home
from tests.fakes.discord import P
from tests.fakes.discord.faults import Fault, Faults
from tests.fakes.discord.permissions import Overwrite

POSTS = "POST /channels/*/messages"
QUICK = LIMITS._replace(find_delay=10)
WHY = "She stayed late to help me find the fault."
MISHAPS: dict[str, Callable[[Faults], Fault]] = {
    "500, nothing done": lambda faults: faults.refuse(POSTS, 500, 0),
    "502, nothing done": lambda faults: faults.refuse(POSTS, 502, 0),
    "503, nothing done": lambda faults: faults.refuse(POSTS, 503, 0),
    "500, done": lambda faults: faults.lose_answer(POSTS, "500"),
    "502, done": lambda faults: faults.lose_answer(POSTS, "502"),
    "504, done": lambda faults: faults.lose_answer(POSTS, "504"),
    "broken off, nothing done": lambda faults: faults.drop(POSTS),
    "broken off, done": lambda faults: faults.lose_answer(POSTS, "drop"),
    "silence, nothing done": lambda faults: faults.hang(POSTS),
    "silence, done": lambda faults: faults.lose_answer(POSTS, "hang"),
    "too fast": lambda faults: faults.limit(POSTS, 0.05, "user", times=2),
    "too fast, shared": lambda faults: faults.limit(POSTS, 0.05, "shared", times=2),
    "too fast in all": lambda faults: faults.limit(POSTS, 0.05, "global", times=2),
}


@pytest_asyncio.fixture
async def h(tmp_path: Path) -> AsyncIterator[Home]:
    async with home(tmp_path, limits=QUICK) as made:
        yield made
        assert made.fake.crashes == []


@pytest.mark.parametrize("name", MISHAPS)
async def test_each_greeting_is_said_once_and_in_order(h: Home, name: str) -> None:
    fault = MISHAPS[name](h.fake.faults)
    people = [h.guild.join(f"N{number}") for number in range(3)]
    await h.fake.until(lambda: fault.hits)
    fault.release()
    await h.hears(f"<@{people[-1].id}>", within=20)
    await h.settled()
    said = [next(person for person in people if f"<@{person.id}>" in text) for text in h.hall.texts]
    assert said == people


@pytest.mark.parametrize(
    ("route", "how"),
    [
        ("PATCH /channels/*/messages/*", "drop"),
        ("PATCH /channels/*/messages/*", "502"),
        ("POST /interactions/*", "drop"),
        ("POST /interactions/*", "502"),
        ("DELETE /channels/*/messages/*", "drop"),
    ],
)
async def test_answers_edits_and_deletions_get_through_too(h: Home, route: str, how: str) -> None:
    kim = h.guild.join("Kim")
    greeting = await h.hears(f"<@{kim.id}>")
    await (await h.ada.slash("shoutout", to=h.mina, why=WHY, channel=h.wall)).answered()
    said = await h.hears("stayed late")
    fault = h.fake.faults.lose_answer(route, how)  # type: ignore[arg-type]
    pressed = await h.admin.click(said, "Me too")
    kim.leave()
    await h.fake.until(lambda: fault.hits and said.edits and greeting.deleted, 20)
    await h.settled()
    seen = [message.text for message in h.admin.sees(h.wall) if "Added" in message.text]
    assert len(seen) == 1
    assert pressed.acknowledged
    assert f"<@{h.admin.id}>" in said.text


async def test_one_closed_channel_holds_up_no_other(h: Home) -> None:
    h.fake.world.overwrite(h.hall, Overwrite(h.guild.bot.id, 1, deny=P.SEND_MESSAGES))
    for number in range(3):
        h.guild.join(f"N{number}")
    await (await h.ada.slash("shoutout", to=h.mina, why=WHY, channel=h.wall)).answered()
    await h.hears("stayed late")
    await h.settled()
    assert h.hall.messages == []
    assert h.platform is not None
    assert h.platform.invalid_requests <= 3


def test_kith_stops_long_before_discord_shuts_it_out() -> None:
    now = 1_000.0
    invalid = Invalid(now=lambda: now)
    assert INVALID_MOST < 10_000
    for _ in range(INVALID_MOST - 1):
        invalid.note()
        now += 0.01
    assert invalid.wait() == 0
    invalid.note()
    assert 500 < invalid.wait() <= 600
    now += 600
    assert invalid.wait() == 0
