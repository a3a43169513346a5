"""A channel's and a person's attention is budgeted over all cogs; excess is put off, folded or dropped."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot.testing import Town
from tests.scenarios.harness import Towns

HERALD = "tests.cogs.samples.herald"


@pytest_asyncio.fixture
async def loud(towns: Towns) -> AsyncIterator[Town]:
    """A town with a cog that says whatever it is asked to, unprompted."""
    async with towns(cogs=[HERALD], settings={}) as made:
        yield made


async def says(shed: Town, kind: str, *words: str, place: str = "#general") -> None:
    for one in words:
        await shed.as_("Priya").types(f"say {kind}: {one}", place=place)


async def test_three_a_day_are_said(loud: Town) -> None:
    await says(loud, "drop", "one", "two", "three")
    for word in ("one", "two", "three"):
        await loud.hears("#general", word)


async def test_a_fourth_drop_is_dropped_with_a_line_in_the_log(loud: Town) -> None:
    await says(loud, "drop", "one", "two", "three", "four")
    assert [one.text for one in loud.said("#general")] == ["one", "two", "three"]
    await loud.passes(days=2)
    assert len(loud.said("#general")) == 3
    await loud.as_("Priya").types("/kith log")
    await loud.as_("Priya").hears_privately("Held back a drop from herald in #general")


async def test_a_fourth_ritual_waits_until_there_is_room(loud: Town) -> None:
    await says(loud, "ritual", "one", "two", "three", "four")
    assert len(loud.said("#general")) == 3
    await loud.passes(hours=23, minutes=59)
    assert len(loud.said("#general")) == 3
    await loud.passes(minutes=1)
    await loud.hears("#general", "four")


async def test_news_that_must_wait_is_folded_together(loud: Town) -> None:
    await says(loud, "news", "one", "two", "three", "four", "five", "six")
    assert len(loud.said("#general")) == 3
    await loud.passes(days=1)
    folded = await loud.hears("#general", "four", "five", "six")
    assert len(loud.said("#general")) == 4
    await loud.as_("Priya").uses("Why this?", message=folded.text.splitlines()[0])
    await loud.as_("Priya").hears_privately("herald")


async def test_each_channel_has_its_own_budget(loud: Town) -> None:
    await says(loud, "drop", "one", "two", "three", "four")
    await says(loud, "drop", "elsewhere", place="#wall")
    await loud.hears("#wall", "elsewhere")


async def test_greetings_are_apart(loud: Town) -> None:
    await says(loud, "greeting", *"abcdefg")
    assert len(loud.said("#general")) == 7
    await says(loud, "drop", "one")
    await loud.hears("#general", "one")


async def test_a_person_hears_once_a_day_and_twice_a_week(loud: Town) -> None:
    priya = loud.as_("Priya")
    await priya.types("/kith quiet no")
    await priya.hears_privately("Good to have you back")
    for day in range(7):
        await says(loud, "dm", f"day {day}", f"day {day} again")
        await loud.passes(days=1)
    heard = [one.text for one in priya.sees() if one.text.startswith("day")]
    assert heard == ["day 0", "day 1"]
    await says(loud, "dm", "next week")
    await priya.hears_privately("next week")


async def test_who_wants_quiet_hears_nothing_unprompted(loud: Town) -> None:
    priya = loud.as_("Priya")
    await priya.types("/kith quiet")
    await priya.hears_privately("Quiet it is")
    await says(loud, "dm", "psst")
    await priya.hears_nothing()


async def test_a_message_about_somebody_kept_away_is_not_sent(loud: Town) -> None:
    priya = loud.as_("Priya")
    await priya.types("/kith me")
    await priya.hears_privately("Your page")
    await priya.presses("Keep someone away")
    await priya.fills(who="@Jo")
    await priya.hears_privately("neither from nor about")
    await says(loud, "about", "@Jo")
    assert "about Jo" not in [one.text for one in priya.sees()]
    await says(loud, "about", "@Mina")
    await priya.hears_privately("about Mina")


async def test_saying_something_unprompted_without_its_kind_is_a_fault(loud: Town) -> None:
    await says(loud, "nothing", "boo")
    await loud.silence()
    faults = await loud.rows("SELECT cog, error FROM failure")
    assert [row["cog"] for row in faults] == ["herald"]
    assert "TypeError" in faults[0]["error"]


async def test_who_speaks_to_the_bot_is_answered_freely(loud: Town) -> None:
    await loud.as_("Priya").types("@Kith say answer: hello")
    await loud.hears("#general", "hello")
    assert await loud.rows("SELECT * FROM attention") == []


@pytest.mark.one_look
async def test_a_story_held_back_is_told_next_time(towns: Towns) -> None:
    settings = {"kindness": {"wall": "#wall", "story": "every 4 hours"}}
    async with towns(cogs=["cogs.kindness", HERALD], settings=settings) as shed:
        await says(shed, "drop", "one", "two", "three", place="#wall")
        for name, to in (("Mina", "Jo"), ("Priya", "Mina"), ("Søren", "Priya")):
            await shed.as_(name).types(f"/shoutout @{to} for being there when it mattered")
        await shed.passes(hours=2)
        # a ritual waits for up to a day, so it has its place already
        await shed.passes(days=1)
        await shed.hears("#wall", "This week's thanks")


@pytest.mark.one_look
async def test_a_drop_held_back_keeps_its_turn(towns: Towns) -> None:
    settings = {"knowledge": {"channel": "#workshop", "drop": "Tuesday and Thursday at 10:00"}}
    async with towns(cogs=["cogs.knowledge", HERALD], settings=settings) as shed:
        await shed.as_("Mina").types("/curate add Oil the hinge before you plane the door.")
        await shed.travels_to("Tuesday 9:00")
        await says(shed, "drop", "one", "two", "three", place="#workshop")
        await shed.travels_to("Tuesday 10:00")
        assert len(shed.said("#workshop")) == 3
        assert [row["drops"] for row in await shed.rows("SELECT drops FROM knowledge_snippet")] == [0]
        await shed.as_("Priya").types("/kith log")
        await shed.as_("Priya").hears_privately("No snippet this time")
        await shed.travels_to("Thursday 10:00")
        await shed.hears("#workshop", "Oil the hinge")


@pytest.mark.one_look
@pytest.mark.parametrize("hours", [1, 3])
async def test_a_drop_waits_at_most_three_hours(towns: Towns, hours: int) -> None:
    async with towns(cogs=[HERALD], settings={}) as shed:
        await says(shed, "drop", "one", "two", "three")
        await shed.passes(hours=24 - hours)
        await says(shed, "drop", "four")
        await shed.passes(hours=hours)
        await shed.hears("#general", "four")
