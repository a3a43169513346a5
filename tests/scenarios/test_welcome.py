"""Newcomers are greeted once a membership, in turn, and nobody greets an empty chair."""

from __future__ import annotations

import pytest

from bot.model.events import MemberCleared, MemberJoined, MemberLeft
from bot.model.ids import Member
from bot.testing import MONDAY, USUAL, RoomTown, Town
from tests.scenarios.harness import Towns


async def test_a_newcomer_is_greeted_by_name_and_notified(shed: Town) -> None:
    await shed.newcomer("Robin")
    greeting = await shed.hears("#hello", "Hello Robin", "Good that you're here")
    assert greeting.pings == ("Robin",)
    await shed.silence()


async def test_the_texts_come_in_turn_with_community_and_count(shed: Town) -> None:
    await shed.newcomer("Robin")
    await shed.hears("#hello", "Hello Robin")
    await shed.newcomer("Kim")
    await shed.hears("#hello", "Welcome to The Shed, Kim")
    await shed.newcomer("Alex")
    if shed.people is None:
        await shed.hears("#hello", "Hello Alex")
    else:
        await shed.hears("#hello", "Alex has come in", f"{shed.people} of us")
    await shed.passes(minutes=1)
    await shed.newcomer("Sam")
    await shed.hears("#hello", "Hello Sam" if shed.people is not None else "Welcome to The Shed, Sam")


async def test_a_crowd_is_greeted_together_a_minute_later(shed: Town) -> None:
    names = ["Robin", "Kim", "Alex", "Sam", "Lou", "Noor"]
    people = {name: await shed.newcomer(name) for name in names}
    assert len(shed.said("#hello")) == 3
    await people["Lou"].leaves()
    await shed.passes(minutes=2)
    together = await shed.hears("#hello", "Sam", "Noor", "all here")
    assert set(together.pings) == {"Sam", "Noor"}
    assert len(shed.said("#hello")) == 4
    await people["Sam"].leaves()
    assert len(shed.said("#hello")) == 4
    await shed.passes(minutes=2)
    await shed.newcomer("Ines")
    await shed.hears("#hello", "Ines")


async def test_a_large_crowd_is_not_all_named(hall: Town) -> None:
    for number in range(30):
        await hall.newcomer(f"N{number}")
    await hall.passes(minutes=2)
    await hall.hears("#hello", "and 7 more")


async def test_who_leaves_within_a_day_takes_the_greeting_along(shed: Town) -> None:
    robin = await shed.newcomer("Robin")
    await shed.hears("#hello", "Hello Robin")
    await robin.leaves()
    assert shed.said("#hello") == []


async def test_who_leaves_later_stays_greeted_and_is_greeted_again_on_coming_back(shed: Town) -> None:
    robin = await shed.newcomer("Robin")
    await shed.hears("#hello", "Hello Robin")
    await shed.passes(days=1, minutes=1)
    await robin.leaves()
    assert len(shed.said("#hello")) == 1
    await robin.comes_back()
    await shed.hears("#hello", "Robin")
    assert len(shed.said("#hello")) == 2


async def test_a_join_told_again_greets_nobody(room: RoomTown) -> None:
    robin = await room.newcomer("Robin")
    await room.hears("#hello", "Hello Robin")
    space = room.space
    for number in range(3):
        again = MemberJoined(
            id=f"again:{number}", space=space, at=MONDAY, member=robin.member, joined_at=MONDAY
        )
        await room.core.accept(again)
        await room.core.accept(again)
    await room.silence()


async def test_an_old_join_told_after_the_departure_brings_nobody_back(room: RoomTown) -> None:
    space = room.space
    kim = Member(space.key, "k1", "Kim")
    joined = MemberJoined(id="j1", space=space, at=MONDAY, member=kim, joined_at=MONDAY)
    await room.core.accept(joined)
    await room.hears("#hello", "Kim")
    await room.core.accept(MemberLeft(id="l1", space=space, at=MONDAY, member=kim))
    await room.core.accept(joined)
    later = MONDAY + 30_000
    await room.core.accept(MemberJoined(id="j2", space=space, at=later, member=kim, joined_at=later))
    await room.hears("#hello", "Kim")
    await room.silence()


async def test_who_is_still_shown_the_rules_is_greeted_once_they_are_through(room: RoomTown) -> None:
    space = room.space
    kim = Member(space.key, "k1", "Kim")
    await room.core.accept(
        MemberJoined(id="j1", space=space, at=MONDAY, member=kim, pending=True, joined_at=MONDAY, count=9)
    )
    await room.silence()
    cleared = MemberCleared(id="c1", space=space, at=MONDAY, member=kim, count=9)
    await room.core.accept(cleared)
    await room.core.accept(cleared)
    await room.core.accept(MemberCleared(id="c2", space=space, at=MONDAY, member=kim, count=9))
    await room.hears("#hello", "Hello Kim")
    await room.silence()


async def test_who_goes_during_the_rules_screen_is_never_greeted(room: RoomTown) -> None:
    space = room.space
    kim = Member(space.key, "k1", "Kim")
    await room.core.accept(MemberJoined(id="j1", space=space, at=MONDAY, member=kim, pending=True))
    await room.core.accept(MemberLeft(id="l1", space=space, at=MONDAY, member=kim))
    await room.core.accept(MemberCleared(id="c1", space=space, at=MONDAY, member=kim))
    await room.silence()


async def test_bots_are_not_greeted(hall: Town) -> None:
    await hall.newcomer("Clockwork", bot=True)
    await hall.silence()


async def test_who_asked_to_be_left_alone_is_not_greeted_on_coming_back(shed: Town) -> None:
    robin = await shed.newcomer("Robin")
    await shed.hears("#hello", "Hello Robin")
    await robin.types("/kith quiet")
    await robin.hears_privately("Quiet it is")
    await robin.leaves()
    await robin.comes_back()
    await shed.silence()


@pytest.mark.one_look
async def test_who_came_while_nothing_ran_is_greeted_at_the_start(towns: Towns) -> None:
    async with towns() as before:
        clock = before.clock
    await towns.arrives("Noor")
    async with towns(clock=clock) as again:
        await again.hears("#hello", "Noor")
        await again.silence()


@pytest.mark.one_look
@pytest.mark.not_on(
    "slack", why="no channel of it is meant for greetings; there they wait until one is chosen"
)
async def test_without_a_channel_of_its_own_the_platforms_place_is_used(towns: Towns) -> None:
    async with towns(settings={**USUAL, "welcome": {}}) as shed:
        await shed.newcomer("Robin")
        await shed.hears("#hello", "Hello Robin")


async def test_a_name_is_only_a_name(shed: Town) -> None:
    for name in ("Robin 🌻", "محمد", "Ada _and_ co.", "e\u0301lodie"):
        await shed.newcomer(name)
        await shed.hears("#hello", name.strip())
        await shed.passes(minutes=1)
