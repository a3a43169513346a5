"""Somebody speaks to Kith as to a person: it says where help is, once in a while, and to people alone."""

from __future__ import annotations

import pytest

from bot.router import SPOKEN_TO_MS
from bot.testing import Heard, Person, RoomTown, Town
from tests.scenarios.harness import Towns


async def told(person: Person) -> list[Heard]:
    """What this person sees of the bot that was not heard yet."""
    await person.town.settled()
    return person.town.new(person.sees())


async def helped(person: Person) -> Heard:
    """What this person sees as an answer, the private one or the one that all can see."""
    return person.town.take(await told(person), ("/kith help",), f"by {person.name}")


@pytest.mark.not_on("discord", why="it tells of no messages unless asked to; tests/discord has it")
async def test_who_names_kith_hears_where_help_is(shed: Town) -> None:
    priya, mina = shed.as_("Priya"), shed.as_("Mina")
    await priya.types("@Kith hello, what can you do?")
    assert "Priya" not in (await helped(priya)).pings
    await priya.types("@Kith are you there?")
    assert await told(priya) == []
    await mina.types("@Kith and me?")
    await helped(mina)
    assert await told(mina) == []


async def test_it_answers_again_after_a_while(room: RoomTown) -> None:
    priya = room.as_("Priya")
    await priya.types("@Kith hello")
    await helped(priya)
    await room.passes(minutes=SPOKEN_TO_MS // 60_000)
    await priya.types("@Kith hello again")
    await helped(priya)


async def test_who_writes_to_kith_privately_gets_all_of_the_help(shed: Town) -> None:
    priya = shed.as_("Priya")
    await priya.writes_to_bot("hello?")
    seen = await priya.hears_privately("What you can do here", "/shoutout", "/kith quiet")
    assert "/curate" not in seen.text
    await priya.writes_to_bot("and now?")
    assert await told(priya) == []


@pytest.mark.not_on("discord", why="it tells of no messages unless asked to; tests/discord has it")
async def test_the_answer_stands_in_the_thread_of_the_question(shed: Town) -> None:
    priya = shed.as_("Priya")
    await shed.as_("Jo").types("The lathe is free on Friday.", place="#workshop")
    await priya.types("@Kith can you book it?", place="#workshop", under="The lathe is free")
    answer = await helped(priya)
    assert answer.thread or answer.private


async def test_talk_about_something_else_is_left_alone(shed: Town) -> None:
    priya = shed.as_("Priya")
    await priya.types("Kith is a nice word, @Jo.")
    assert await told(priya) == []


async def test_before_go_nothing_is_said_in_public(towns: Towns) -> None:
    async with towns(is_open=False) as town:
        priya = town.as_("Priya")
        await priya.types("@Kith hello")
        assert all(one.private for one in await told(priya))
