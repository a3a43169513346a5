"""A moderator's word silences everything at once; what was missed is not made up for."""

from __future__ import annotations

import pytest

from bot.testing import Town
from tests.scenarios.harness import Towns

THANKS = "/shoutout @Jo for carrying the bench up all those stairs"
TIP = "/curate add Oil the hinge before you plane the door."


async def test_paused_nothing_public_is_said(shed: Town) -> None:
    jo, mina = shed.as_("Jo"), shed.as_("Mina")
    await jo.types("/kith-mod pause")
    await jo.hears_privately("Silent from now on", "/kith-mod resume")
    await shed.newcomer("Robin")
    await mina.types(THANKS)
    await mina.hears_privately("Kith is paused here")
    await mina.types(TIP)
    await mina.hears_privately("Kept as number 1")
    await mina.types("/curate drop")
    await mina.hears_privately("Kith is paused here")
    await mina.types("/ask hinge")
    await mina.hears_privately("Oil the hinge")
    await mina.types("/kith feedback please come back soon")
    await mina.hears_privately("Thank you. Only the hosts will read it")
    await shed.passes(days=8)
    await shed.silence()


async def test_what_was_missed_stays_unsaid(shed: Town) -> None:
    jo, mina = shed.as_("Jo"), shed.as_("Mina")
    await mina.types(TIP)
    await jo.types("/kith-mod pause")
    await shed.newcomer("Robin")
    await shed.travels_to("Tuesday 12:00")
    await jo.types("/kith-mod resume")
    await jo.hears_privately("Awake again", "stays unsaid")
    await shed.passes(hours=1)
    await shed.silence()
    await jo.types("/kith log")
    await jo.hears_privately(
        "Skipped while paused: Share the next snippet.", "Jo paused Kith", "Jo woke Kith"
    )
    await shed.newcomer("Kim")
    await shed.hears("#hello", "Kim")
    await shed.travels_to("Thursday 10:00")
    await shed.hears("#workshop", "Oil the hinge")


async def test_a_refused_shoutout_takes_nothing_of_the_day(hall: Town) -> None:
    jo, mina = hall.as_("Jo"), hall.as_("Mina")
    await jo.types("/kith-mod pause")
    await mina.types(THANKS)
    await jo.types("/kith-mod resume")
    await mina.types(THANKS)
    await hall.hears("#wall", "Mina thanks Jo")


async def test_me_too_waits_as_well(hall: Town) -> None:
    jo = hall.as_("Jo")
    await hall.as_("Mina").types(THANKS)
    await hall.hears("#wall", "Mina thanks Jo")
    await jo.types("/kith-mod pause")
    await hall.as_("Priya").presses("Me too")
    await hall.as_("Priya").hears_privately("Kith is paused here")
    await jo.types("/kith-mod resume")
    await hall.as_("Priya").presses("Me too")
    await hall.hears("#wall", "Also says Priya")


async def test_a_pause_until_a_time_ends_by_itself(shed: Town) -> None:
    jo = shed.as_("Jo")
    await jo.types("/kith-mod pause in 2 hours")
    await jo.hears_privately("Silent until")
    await shed.as_("Mina").types(THANKS)
    await shed.as_("Mina").hears_privately("Kith is paused here until")
    await shed.passes(hours=2)
    await shed.newcomer("Robin")
    await shed.hears("#hello", "Robin")
    await jo.types("/kith log")
    await jo.hears_privately("The pause is over", "Jo paused Kith until")


async def test_pausing_anew_replaces_the_end(hall: Town) -> None:
    jo = hall.as_("Jo")
    await jo.types("/kith-mod pause in 2 hours")
    await jo.types("/kith-mod pause")
    await hall.passes(hours=3)
    await hall.newcomer("Robin")
    await hall.silence()
    await jo.types("/kith-mod pause tomorrow at 9:00")
    await jo.types("/kith-mod resume")
    await hall.newcomer("Kim")
    await hall.hears("#hello", "Kim")
    await hall.passes(days=2)
    await jo.types("/kith log")
    page = await jo.hears_privately("The open log")
    assert "The pause is over" not in page.text


@pytest.mark.one_look
async def test_the_pause_lasts_over_a_restart(towns: Towns) -> None:
    async with towns() as shed:
        await shed.as_("Jo").types("/kith-mod pause in 2 hours")
    async with towns(clock=shed.clock) as again:
        await again.newcomer("Robin")
        await again.silence()
        await again.passes(hours=2)
        await again.newcomer("Kim")
        await again.hears("#hello", "Kim")


async def test_awake_already(shed: Town) -> None:
    await shed.as_("Jo").types("/kith-mod resume")
    await shed.as_("Jo").hears_privately("I am awake already")


async def test_a_time_that_has_passed_is_asked_again(shed: Town) -> None:
    jo = shed.as_("Jo")
    for words in ("yesterday", "1 January 2020", "when pigs fly"):
        await jo.types(f"/kith-mod pause {words}")
        assert jo.problems()["until"]
    await jo.fills(until="in 1 hour")
    await jo.hears_privately("Silent until")


async def test_only_moderators_pause(shed: Town) -> None:
    priya = shed.as_("Priya")
    await priya.types("/kith-mod pause")
    await priya.hears_privately("That is for moderators here")
    await shed.newcomer("Robin")
    await shed.hears("#hello", "Robin")
