"""What needs the most of the storage, on each engine: drafts, greetings of several, joins and restarts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.clock import TravelClock
from bot.testing import BUILT_IN
from tests.discord.home import Home, home
from tests.engines import PostgresServer

MINUTE = 60_000


@pytest.fixture
def clock() -> TravelClock:
    return TravelClock()


@pytest_asyncio.fixture
async def h(
    dialect: str, request: pytest.FixtureRequest, tmp_path: Path, clock: TravelClock
) -> AsyncIterator[Home]:
    url: str | None = None
    if dialect == "postgres":
        server: PostgresServer = request.getfixturevalue("postgres")
        url = await server.fresh(None)
    cogs = (*BUILT_IN, "tests.cogs.samples.survey")
    async with home(tmp_path, cogs=cogs, clock=clock, database=url) as made:
        yield made
        assert made.fake.crashes == []


async def test_a_day_with_restarts(h: Home, clock: TravelClock) -> None:
    used = await (await h.ada.slash("survey", channel=h.wall)).answered()
    assert used.modal is not None
    first = {"Whom": h.mina, "Place": h.hall, "One": "aa", "Two": "bb"}
    sent = await (await h.ada.submit(used.modal, first)).answered()
    people = [h.guild.join(f"N{number}") for number in range(6)]
    for person in people:
        await h.joined(person)
    clock.move_to(clock.now() + MINUTE)
    together = await h.hears("all here")
    await h.restart()

    assert sent.response is not None
    second = await (await h.ada.click(sent.response, "Next")).answered()
    assert second.modal is not None
    names = ("Three", "Four", "Five", "Six", "Seven")
    sent = await (await h.ada.submit(second.modal, dict.fromkeys(names, "cc"))).answered()
    people[4].leave()
    await h.fake.until(lambda: f"<@{people[4].id}>" not in together.text, 10)
    await h.restart()

    assert sent.response is not None
    last = await (await h.ada.click(sent.response, "Next")).answered()
    assert last.modal is not None
    done = await h.ada.submit(last.modal, dict.fromkeys(("Eight", "Nine", "Ten"), "dd"))
    assert f"<@{h.mina.id}> in <#{h.hall.id}>: aa, bb, cc" in (await done.answered()).text
    h.guild.remove_bot()
    await h.told("baseline_at IS NULL")
    noor = h.guild.join("Noor")
    people[4].rejoin()
    h.guild.add_bot()
    await h.told("baseline_at IS NOT NULL")
    await h.restart()
    await h.settled()
    greeted = "\n".join(message.text for message in h.hall.messages)
    assert f"<@{noor.id}>" not in greeted
    assert f"<@{people[4].id}>" not in greeted
