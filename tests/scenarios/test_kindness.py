"""Thanks are said where everybody hears them, joined in, and told again on Friday."""

from __future__ import annotations

import pytest

from bot.testing import USUAL, Town
from tests.scenarios.harness import Towns

THANKS = "/shoutout @Jo for carrying the bench up all those stairs"


async def test_a_shoutout_appears_on_the_wall(shed: Town) -> None:
    mina = shed.as_("Mina")
    await mina.types(THANKS)
    card = await shed.hears("#wall", "Mina thanks Jo", "for carrying the bench")
    assert card.pings == ("Jo",)
    await mina.hears_privately("Said out loud in #wall")
    await shed.silence()


async def test_without_a_wall_it_appears_where_it_was_given(towns: Towns) -> None:
    async with towns(settings={}) as shed:
        await shed.as_("Mina").types(THANKS, place="#workshop")
        await shed.hears("#workshop", "Mina thanks Jo")


async def test_what_is_missing_is_asked_for(shed: Town) -> None:
    mina = shed.as_("Mina")
    await mina.types("/shoutout @Jo")
    mina.is_asked("What for?")
    assert mina.filled_in()["to"] == shed.as_("Jo").id
    await mina.fills(why="for carrying the bench")
    await shed.hears("#wall", "Mina thanks Jo", "for carrying the bench")


async def test_with_nothing_given_all_is_asked_for(shed: Town) -> None:
    mina = shed.as_("Mina")
    await mina.types("/shoutout")
    mina.is_asked("To", "What for?")
    await mina.fills(to="@Jo", why="for carrying the bench")
    await shed.hears("#wall", "Mina thanks Jo")


async def test_what_can_not_be_used_is_asked_again_and_kept(shed: Town) -> None:
    mina = shed.as_("Mina")
    await mina.types("/shoutout @Jo bench")
    assert "at least 12 characters" in mina.problems()["why"]
    await mina.fills(why="too short")
    assert "at least 12 characters" in mina.problems()["why"]
    await mina.fills(why="for carrying the bench")
    await shed.hears("#wall", "Mina thanks Jo", "for carrying the bench")
    mina.is_asked_nothing()


@pytest.mark.not_on("discord", why="people are picked from a list there")
async def test_somebody_who_is_not_here_is_asked_about_by_name(hall: Town) -> None:
    mina = hall.as_("Mina")
    await mina.types("/shoutout @Nobody for carrying the bench")
    assert "anybody called @Nobody" in mina.problems()["to"]
    assert mina.filled_in()["why"] == "for carrying the bench"
    await mina.fills(to="@Jo", why="for carrying the bench")
    await hall.hears("#wall", "Mina thanks Jo", "for carrying the bench")


async def test_scripts_without_spaces_need_fewer_characters(hall: Town) -> None:
    await hall.as_("Mina").types("/shoutout @Jo ありがとう")
    await hall.hears("#wall", "Mina thanks Jo", "ありがとう")


async def test_by_option_names_in_any_order(shed: Town) -> None:
    await shed.as_("Mina").types("/shoutout why: carried the bench upstairs to: @Jo")
    await shed.hears("#wall", "Mina thanks Jo", "carried the bench upstairs")


async def test_nobody_thanks_themselves(shed: Town) -> None:
    mina = shed.as_("Mina")
    await mina.types("/shoutout @Mina for being so very kind")
    await mina.hears_privately("Well earned, but Kith only carries thanks to others")
    await shed.silence()


async def test_bots_need_no_thanks(shed: Town) -> None:
    mina = shed.as_("Mina")
    await mina.types("/shoutout @Kith for being so very kind")
    await mina.hears_privately("Kith is a bot")
    await shed.silence()


async def test_the_same_two_once_a_day(shed: Town) -> None:
    mina = shed.as_("Mina")
    await mina.types(THANKS)
    await shed.hears("#wall", "Mina thanks Jo")
    await mina.types("/shoutout @Jo and for the coffee afterwards")
    await mina.hears_privately("You thanked Jo not long ago")
    await shed.silence()
    await shed.passes(hours=24, minutes=1)
    await mina.types("/shoutout @Jo and for the coffee afterwards")
    await shed.hears("#wall", "Mina thanks Jo", "coffee")


async def test_five_a_day_and_more_tomorrow(hall: Town) -> None:
    mina = hall.as_("Mina")
    for name in ("Jo", "Amara", "Priya", "Søren", "ليلى"):
        await mina.types(f"/shoutout @{name} for being there when it mattered")
        await hall.hears("#wall", f"Mina thanks {name}")
    robin = await hall.newcomer("Robin")
    await mina.types("/shoutout @Robin for asking the right question")
    await mina.hears_privately("You have given 5 shout-outs today")
    await hall.passes(days=1, minutes=1)
    await mina.types("/shoutout @Robin for asking the right question")
    assert (await hall.hears("#wall", "Mina thanks Robin")).pings == (robin.name,)


async def test_others_join_in_once_each(shed: Town) -> None:
    await shed.as_("Mina").types(THANKS)
    await shed.hears("#wall", "Mina thanks Jo")
    await shed.as_("Priya").presses("Me too")
    await shed.hears("#wall", "Also says Priya")
    await shed.as_("Priya").hears_privately("Added")
    await shed.as_("Søren").presses("Me too")
    await shed.hears("#wall", "Also say Priya, Søren")
    await shed.as_("Priya").presses("Me too")
    await shed.as_("Priya").hears_privately("You are in already")
    await shed.as_("Jo").presses("Me too")
    await shed.as_("Jo").hears_privately("This one is for you")
    await shed.as_("Mina").presses("Me too")
    await shed.as_("Mina").hears_privately("You said it first")
    await shed.silence()


async def test_many_who_join_in_are_counted(hall: Town) -> None:
    await hall.as_("Mina").types(THANKS)
    for number in range(7):
        guest = await hall.newcomer(f"Guest {number}")
        await guest.presses("Me too")
    await hall.hears("#wall", "Guest", "and 2 more")


async def test_the_button_works_after_a_restart(towns: Towns) -> None:
    async with towns() as shed:
        await shed.as_("Mina").types(THANKS)
        await shed.hears("#wall", "Mina thanks Jo")
    async with towns(clock=shed.clock) as again:
        await again.as_("Priya").presses("Me too")
        await again.hears("#wall", "Also says Priya")


async def test_from_the_menu_of_a_message(shed: Town) -> None:
    await shed.as_("Jo").types("I fixed the lathe, it was the bolt.")
    mina = shed.as_("Mina")
    await mina.uses("Thank for this", message="fixed the lathe")
    mina.is_asked("What for?")
    await mina.fills(why="for the quiet lathe since")
    await shed.hears("#wall", "Mina thanks Jo", "quiet lathe")


@pytest.mark.not_on("slack", why="it has no menu on people")
async def test_from_the_menu_of_a_person(hall: Town) -> None:
    mina = hall.as_("Mina")
    await mina.uses("Give a shout-out", member="Jo")
    await mina.fills(why="for carrying the bench")
    await hall.hears("#wall", "Mina thanks Jo")


@pytest.mark.parametrize("givers", [2, 3])
async def test_the_week_is_told_on_friday_if_three_gave(shed: Town, givers: int) -> None:
    for name, to in (("Mina", "Jo"), ("Priya", "Mina"), ("Søren", "Priya"))[:givers]:
        await shed.as_(name).types(f"/shoutout @{to} for being there when it mattered")
        await shed.hears("#wall", f"{name} thanks {to}")
    await shed.travels_to("Friday 16:00")
    if givers == 3:
        story = await shed.hears("#wall", "This week's thanks", "Mina thanks Jo", "Søren thanks Priya")
        assert story.pings == ()
        await shed.passes(days=7)
    told = [one for one in shed.said("#wall") if "This week's thanks" in one.text]
    assert len(told) == (1 if givers == 3 else 0)


async def test_thanks_that_were_too_few_for_a_story_wait_for_the_next(hall: Town) -> None:
    await hall.travels_to("Thursday 12:00")
    for name, to in (("Mina", "Jo"), ("Priya", "Mina")):
        await hall.as_(name).types(f"/shoutout @{to} for being there when it mattered")
    await hall.travels_to("Friday 16:00")
    await hall.as_("Søren").types("/shoutout @Priya for being there when it mattered")
    await hall.travels_to("Friday 16:00")
    await hall.hears("#wall", "This week's thanks", "Mina thanks Jo", "Søren thanks Priya")


async def test_the_story_leaves_out_whom_it_should_forget(hall: Town) -> None:
    for name, to in (("Mina", "Jo"), ("Priya", "Jo"), ("Søren", "Priya"), ("Amara", "Mina")):
        await hall.as_(name).types(f"/shoutout @{to} for helping {name}")
        await hall.hears("#wall", f"{name} thanks {to}")
    for name in ("Mina", "Jo"):
        await forgets(hall, name)
    await hall.travels_to("Friday 16:00")
    story = await hall.hears("#wall", "This week's thanks", "Priya thanks someone", "Søren thanks Priya")
    assert "Mina" not in story.text.replace("for helping", "")
    assert "Jo" not in story.text


async def forgets(shed: Town, name: str) -> None:
    """Somebody has Kith forget them."""
    person = shed.as_(name)
    await person.types("/kith me")
    await person.presses("Forget me")
    await person.presses("Yes, forget me")
    await person.hears_privately("Done. I know nothing of you any more")


async def test_thanks_of_the_forgotten_are_taken_back(shed: Town) -> None:
    await shed.as_("Mina").types(THANKS)
    card = await shed.hears("#wall", "Mina thanks Jo")
    await forgets(shed, "Mina")
    await shed.settled()
    assert card.id not in [one.id for one in shed.said("#wall")]


async def test_joining_in_with_thanks_to_somebody_forgotten_names_nobody(hall: Town) -> None:
    await hall.as_("Mina").types(THANKS)
    await hall.hears("#wall", "Mina thanks Jo")
    await forgets(hall, "Jo")
    await hall.as_("Priya").presses("Me too")
    await hall.hears("#wall", "Mina thanks someone", "Also says Priya")


async def test_who_is_kept_away_is_not_carried(shed: Town) -> None:
    jo, mina = shed.as_("Jo"), shed.as_("Mina")
    await jo.types("/kith me")
    await jo.presses("Keep someone away")
    await jo.fills(who="@Mina")
    await jo.hears_privately("neither from nor about Mina")
    await mina.types(THANKS)
    await mina.hears_privately("That can't be passed on just now")
    await jo.types("I fixed the lathe, it was the bolt.")
    await mina.uses("Thank for this", message="fixed the lathe")
    await mina.fills(why="for the quiet lathe since")
    await mina.hears_privately("That can't be passed on just now")
    await shed.as_("Priya").types(THANKS)
    await shed.hears("#wall", "Priya thanks Jo")
    await mina.presses("Me too")
    await mina.hears_privately("That can't be passed on just now")
    await shed.silence()


async def test_who_wants_quiet_is_thanked_but_not_notified(hall: Town) -> None:
    await hall.as_("Jo").types("/kith quiet")
    await hall.as_("Mina").types(THANKS)
    assert (await hall.hears("#wall", "Mina thanks Jo")).pings == ()


@pytest.mark.one_look
async def test_the_daily_number_is_a_setting(towns: Towns) -> None:
    async with towns(settings={**USUAL, "kindness": {"wall": "#wall", "daily": 1}}) as shed:
        mina = shed.as_("Mina")
        await mina.types(THANKS)
        await mina.types("/shoutout @Priya for carrying the bench")
        await mina.hears_privately("Keep this one for tomorrow")
