"""Newcomers are greeted once a membership, in turn, and nobody greets an empty chair."""

from __future__ import annotations

from pathlib import Path

from bot.model.events import MemberCleared, MemberJoined, MemberLeft
from bot.model.ids import Member
from bot.testing import MONDAY, USUAL, Town, town


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
    await shed.hears("#hello", "Alex has come in", "9 of us")
    await shed.passes(minutes=1)
    await shed.newcomer("Sam")
    await shed.hears("#hello", "Hello Sam")


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


async def test_a_join_told_again_greets_nobody(hall: Town) -> None:
    robin = await hall.newcomer("Robin")
    await hall.hears("#hello", "Hello Robin")
    space = hall.platform.space
    for number in range(3):
        again = MemberJoined(
            id=f"again:{number}", space=space, at=MONDAY, member=robin.member, joined_at=MONDAY
        )
        await hall.core.accept(again)
        await hall.core.accept(again)
    await hall.silence()


async def test_an_old_join_told_after_the_departure_brings_nobody_back(hall: Town) -> None:
    space = hall.platform.space
    kim = Member(space.key, "k1", "Kim")
    joined = MemberJoined(id="j1", space=space, at=MONDAY, member=kim, joined_at=MONDAY)
    await hall.core.accept(joined)
    await hall.hears("#hello", "Kim")
    await hall.core.accept(MemberLeft(id="l1", space=space, at=MONDAY, member=kim))
    await hall.core.accept(joined)
    later = MONDAY + 30_000
    await hall.core.accept(MemberJoined(id="j2", space=space, at=later, member=kim, joined_at=later))
    await hall.hears("#hello", "Kim")
    await hall.silence()


async def test_who_is_still_shown_the_rules_is_greeted_once_they_are_through(hall: Town) -> None:
    space = hall.platform.space
    kim = Member(space.key, "k1", "Kim")
    await hall.core.accept(
        MemberJoined(id="j1", space=space, at=MONDAY, member=kim, pending=True, joined_at=MONDAY, count=9)
    )
    await hall.silence()
    cleared = MemberCleared(id="c1", space=space, at=MONDAY, member=kim, count=9)
    await hall.core.accept(cleared)
    await hall.core.accept(cleared)
    await hall.core.accept(MemberCleared(id="c2", space=space, at=MONDAY, member=kim, count=9))
    await hall.hears("#hello", "Hello Kim")
    await hall.silence()


async def test_who_goes_during_the_rules_screen_is_never_greeted(hall: Town) -> None:
    space = hall.platform.space
    kim = Member(space.key, "k1", "Kim")
    await hall.core.accept(MemberJoined(id="j1", space=space, at=MONDAY, member=kim, pending=True))
    await hall.core.accept(MemberLeft(id="l1", space=space, at=MONDAY, member=kim))
    await hall.core.accept(MemberCleared(id="c1", space=space, at=MONDAY, member=kim))
    await hall.silence()


async def test_bots_are_not_greeted(hall: Town) -> None:
    bot = Member(hall.platform.space.key, "b1", "Clockwork", bot=True)
    await hall.core.accept(MemberJoined(id="j1", space=hall.platform.space, at=MONDAY, member=bot))
    await hall.silence()


async def test_who_asked_to_be_left_alone_is_not_greeted_on_coming_back(shed: Town) -> None:
    robin = await shed.newcomer("Robin")
    await shed.hears("#hello", "Hello Robin")
    await robin.types("/kith quiet")
    await robin.hears_privately("Quiet it is")
    await robin.leaves()
    await robin.comes_back()
    await shed.silence()


async def test_who_came_while_nothing_ran_is_greeted_at_the_start(tmp_path: Path) -> None:
    async with town(tmp_path) as before:
        clock = before.clock
    async with town(tmp_path, clock=clock) as closed:
        # the room keeps what happens while the bot is away
        closed.room.add_person("u90", "Noor")
        noor = closed.room.people["u90"]
        noor.joined_at = closed.room.now()
        closed.room.keep_person(noor)
    async with town(tmp_path, clock=clock) as again:
        await again.hears("#hello", "Noor")
        await again.silence()


async def test_without_a_channel_of_its_own_the_platforms_place_is_used(tmp_path: Path) -> None:
    async with town(tmp_path, settings={**USUAL, "welcome": {}}) as shed:
        await shed.newcomer("Robin")
        await shed.hears("#hello", "Hello Robin")


async def test_a_name_is_only_a_name(shed: Town) -> None:
    for name in ("Robin 🌻", "محمد", "Ada _and_ co.", "e\u0301lodie"):
        await shed.newcomer(name)
        await shed.hears("#hello", name.strip())
        await shed.passes(minutes=1)
