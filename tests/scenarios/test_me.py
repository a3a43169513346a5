"""A person's own page: quiet, blocks, what is stored, taking it along, being forgotten."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from bot.testing import Person, Town

THANKS = "for carrying the bench up all those stairs"


async def keeps_away(person: Person, other: str) -> None:
    await person.types("/kith me")
    await person.presses("Keep someone away")
    await person.fills(who=f"@{other}")
    await person.hears_privately("neither from nor about")


async def lives_here(shed: Town) -> None:
    """Priya has used everything that remembers somebody."""
    priya = shed.as_("Priya")
    await priya.types(f"/shoutout @Jo {THANKS}")
    await shed.as_("Mina").types(f"/shoutout @Priya {THANKS}")
    await shed.as_("Søren").types(f"/shoutout @ليلى {THANKS}")
    await priya.presses("Me too")
    await priya.types("/kith feedback the evenings are too loud for me")
    await keeps_away(priya, "Amara")


async def test_ones_own_page(shed: Town) -> None:
    await lives_here(shed)
    priya = shed.as_("Priya")
    await priya.types("/kith me")
    page = await priya.hears_privately("Your page", "Only you can see this", "One person", "entries")
    assert page.text.count("Priya") == 0
    await priya.presses("Show everything")
    everything = await priya.hears_privately("What I keep about you", "Thanks you gave (1)", THANKS)
    assert "Feedback you gave (1)" in everything.text
    assert f" UTC: {THANKS}" in everything.text
    assert "1790586" not in everything.text
    assert shed.space.key not in everything.text


async def test_the_page_tells_what_is_next_and_who_thanked_one(shed: Town) -> None:
    await lives_here(shed)
    priya = shed.as_("Priya")
    await priya.types("/kith me")
    await priya.hears_privately(
        "What's next here", "Your thanks", "You gave one shout-out", "Mina thanks you"
    )
    await keeps_away(priya, "Mina")
    await priya.types("/kith me")
    page = await priya.hears_privately("2 people. You hear neither")
    assert "Mina" not in page.text


async def test_a_newcomers_page_invites_to_give_thanks(shed: Town) -> None:
    mina = shed.as_("Mina")
    await mina.types("/kith me")
    await mina.hears_privately("None yet.", "thanks somebody where all can see it")


async def test_everything_can_be_taken_along(hall: Town) -> None:
    await lives_here(hall)
    priya = hall.as_("Priya")
    await priya.types("/kith me")
    await priya.presses("Show everything")
    await priya.presses("Take it along")
    text = (await priya.hears_privately('"kindness"')).text
    held = json.loads(text)
    given = held["kindness"]["Thanks you gave"][0]
    assert given["why"] == THANKS
    assert given["at"].startswith("2026-09-28T")
    assert datetime.fromisoformat(given["at"]).utcoffset() == timedelta(0)
    assert held["kith"]["Feedback you gave"][0]["words"] == "the evenings are too loud for me"
    assert held["kith"]["People you want to hear nothing of"] == [{"name": "Amara"}]


async def test_forgetting_is_shown_before_it_is_done(shed: Town) -> None:
    await lives_here(shed)
    priya = shed.as_("Priya")
    await priya.types("/kith me")
    await priya.presses("Forget me")
    await priya.hears_privately("This can't be undone", "Thanks you gave", "1: removed", "without your name")
    key = priya.member.key
    assert await shed.rows("SELECT why FROM kindness_thanks WHERE giver = :key", key=key)
    await priya.presses("Yes, forget me")
    await priya.hears_privately("Done. I know nothing of you any more")
    tables = ("kindness_thanks", "kindness_me_too", "feedback", "preference", "block", "draft", "attention")
    for table in (*tables, "outbox", "log", "setting", "schedule"):
        rows = json.dumps(await shed.rows(f"SELECT * FROM {table}"), default=str, ensure_ascii=False)
        assert key not in rows, table
        assert "Priya" not in rows, table
    assert (await shed.rows("SELECT name FROM member WHERE key = :key", key=key))[0]["name"] == ""


async def test_the_confirmation_goes_stale_after_ten_minutes(hall: Town) -> None:
    await lives_here(hall)
    priya = hall.as_("Priya")
    await priya.types("/kith me")
    await priya.presses("Forget me")
    await hall.passes(minutes=12)
    await priya.presses("Yes, forget me")
    await priya.hears_privately("from another time")
    assert await hall.rows("SELECT why FROM kindness_thanks WHERE giver = :key", key=priya.member.key)


async def test_being_forgotten_twice_does_no_harm(hall: Town) -> None:
    await lives_here(hall)
    priya = hall.as_("Priya")
    await priya.types("/kith me")
    await priya.presses("Forget me")
    await priya.presses("Yes, forget me")
    await priya.hears_privately("Done. I know nothing")
    await priya.presses("Yes, forget me")
    await priya.hears_privately("Done. I know nothing")


async def test_the_log_forgets_the_name(hall: Town) -> None:
    jo = hall.as_("Jo")
    await jo.types("/kith-mod pause")
    await jo.types("/kith-mod resume")
    await jo.types("/kith me")
    await jo.presses("Forget me")
    await jo.presses("Yes, forget me")
    await hall.as_("Priya").types("/kith log")
    await hall.as_("Priya").hears_privately("someone paused Kith", "someone woke Kith")


async def test_quiet_and_back(shed: Town) -> None:
    priya = shed.as_("Priya")
    await priya.types("/kith quiet")
    await priya.hears_privately("Quiet it is")
    await priya.types("/kith me")
    await priya.hears_privately("On. I say nothing to you unless you ask")
    await priya.presses("Be found again")
    await priya.hears_privately("Good to have you back")
    await priya.types("/kith quiet yes")
    await priya.hears_privately("Quiet it is")
    await priya.types("/kith quiet no")
    await priya.hears_privately("Good to have you back")
    await priya.types("/kith me")
    await priya.presses("Be left alone")
    await priya.hears_privately("Quiet it is")


async def test_somebody_is_kept_away_and_let_back(shed: Town) -> None:
    jo, mina = shed.as_("Jo"), shed.as_("Mina")
    await keeps_away(jo, "Mina")
    await mina.hears_nothing()
    await mina.types(f"/shoutout @Jo {THANKS}")
    await mina.hears_privately("That can't be passed on just now")
    await jo.types("/kith me")
    await jo.presses("Let someone back")
    await jo.chooses("Mina")
    await jo.hears_privately("You can hear from each other again")
    await mina.types(f"/shoutout @Jo {THANKS}")
    await shed.hears("#wall", "Mina thanks Jo")


async def test_two_can_keep_each_other_away(hall: Town) -> None:
    await keeps_away(hall.as_("Jo"), "Mina")
    await keeps_away(hall.as_("Mina"), "Jo")


async def test_nobody_keeps_themselves_away(hall: Town) -> None:
    jo = hall.as_("Jo")
    await jo.types("/kith me")
    await jo.presses("Keep someone away")
    await jo.fills(who="@Jo")
    await jo.hears_privately("You can't keep yourself away")
