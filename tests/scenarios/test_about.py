"""What Kith says of itself: help, why, the open log, feedback."""

from __future__ import annotations

import pytest

from bot.model.events import CommandUsed
from bot.testing import RoomTown, Town

THANKS = "/shoutout @Jo for carrying the bench up all those stairs"


async def test_help_shows_what_one_may_use_and_no_more(shed: Town) -> None:
    priya, amara = shed.as_("Priya"), shed.as_("Amara")
    await priya.types("/kith help")
    seen = await priya.hears_privately("What you can do here", "/shoutout", "/ask", "/kith me")
    assert "/curate" not in seen.text
    assert "/kith-admin" not in seen.text
    await amara.types("/kith help")
    await amara.hears_privately("/curate add", "/kith-mod pause", "/kith-admin setup")
    await shed.silence()


async def test_help_on_one_command(shed: Town) -> None:
    priya = shed.as_("Priya")
    for wanted in ("shoutout", "/shoutout"):
        await priya.types(f"/kith help {wanted}")
        await priya.hears_privately(
            "/shoutout", "Who helped you?", "Write it like this: /shoutout @name <why>"
        )
    await priya.types("/kith help kith feedback")
    await priya.hears_privately("Write it like this: /kith feedback <words> [signed: yes]")
    await priya.types("/kith help kith me")
    await priya.hears_privately("Write it like this: /kith me")


async def test_help_on_a_group_shows_what_one_may_use_of_it(shed: Town) -> None:
    amara, priya = shed.as_("Amara"), shed.as_("Priya")
    await amara.types("/kith help kith-admin")
    await amara.hears_privately("/kith-admin setup", "/kith-admin settings")
    await priya.types("/kith help kith-admin")
    await priya.hears_privately("I don't know /kith", "admin. /kith help shows all")


async def test_help_on_something_unknown_suggests_the_nearest(shed: Town) -> None:
    priya = shed.as_("Priya")
    await priya.types("/kith help shotout")
    await priya.hears_privately("I don't know shotout", "/shoutout")
    await priya.types("/kith help kith-admin setup")
    await priya.hears_privately("/kith-admin setup is for admins here")


async def test_why_a_message_that_somebody_asked_for(shed: Town) -> None:
    await shed.as_("Mina").types(THANKS)
    await shed.hears("#wall", "Mina thanks Jo")
    priya = shed.as_("Priya")
    await priya.types("/kith why", place="#wall")
    await priya.hears_privately("Mina wanted to thank Jo", "Mina asked for it", "kindness")


async def test_why_a_greeting(shed: Town) -> None:
    await shed.newcomer("Robin")
    await shed.hears("#hello", "Hello Robin")
    priya = shed.as_("Priya")
    await priya.uses("Why this?", message="Hello Robin")
    await priya.hears_privately("Kith greets each newcomer in #hello", "Robin")


async def test_why_something_that_came_on_schedule(shed: Town) -> None:
    mina = shed.as_("Mina")
    await mina.types("/curate add Oil the hinge before you plane the door.")
    await shed.travels_to("Tuesday 10:00")
    await shed.hears("#workshop", "Oil the hinge")
    await mina.uses("Why this?", message="Worth knowing")
    await mina.hears_privately("every Tuesday and Thursday at 10:00", "configuration file", "number 1")


async def test_why_tells_who_set_the_schedule(shed: Town) -> None:
    amara = shed.as_("Amara")
    await shed.as_("Mina").types("/curate add Oil the hinge before you plane the door.")
    await amara.types("/kith-admin settings knowledge")
    await amara.fills(drop="every Wednesday at 9:00")
    await shed.travels_to("Wednesday 9:00")
    await shed.hears("#workshop", "Oil the hinge")
    await amara.uses("Why this?", message="Worth knowing")
    await amara.hears_privately("every Wednesday at 09:00", "Amara set this up")


async def test_why_nothing(shed: Town) -> None:
    priya = shed.as_("Priya")
    await priya.types("/kith why", place="#hosts")
    await priya.hears_privately("I have said nothing here yet")
    await shed.as_("Jo").types("Good morning, all.")
    await priya.uses("Why this?", message="Good morning")
    await priya.hears_privately("isn't one of my messages")


async def test_why_tells_nobody_about_somebody_elses_private_answer(hall: Town) -> None:
    mina, priya = hall.as_("Mina"), hall.as_("Priya")
    await mina.types("/kith me")
    private = await mina.hears_privately("Your page")
    await priya.types("/kith why")
    await priya.hears_privately("I have said nothing here yet")
    await priya.types(f"/kith why {private.id}")
    await priya.hears_privately("isn't one of my messages")


async def test_why_tells_of_ones_own_private_answer_where_it_has_an_id(room: RoomTown) -> None:
    mina = room.as_("Mina")
    await mina.types("/kith me")
    private = await mina.hears_privately("Your page")
    await mina.types(f"/kith why {private.id}")
    await mina.hears_privately("Mina asked for it")


async def test_feedback_reaches_the_hosts_without_a_name(shed: Town) -> None:
    priya, jo = shed.as_("Priya"), shed.as_("Jo")
    await priya.types("/kith feedback the evenings are too loud for me")
    await priya.hears_privately("Thank you", "hosts")
    note = await shed.hears("#hosts", "Feedback for the hosts", "too loud for me")
    assert "Priya" not in note.text
    await jo.uses("Why this?", message="too loud")
    why = await jo.hears_privately("A member wrote to the hosts")
    assert "Priya" not in why.text
    await jo.types("/kith-mod review")
    review = await jo.hears_privately("too loud for me")
    assert "Priya" not in review.text


async def test_older_feedback_is_a_page_further(shed: Town) -> None:
    priya, jo = shed.as_("Priya"), shed.as_("Jo")
    for number in range(1, 13):
        await priya.types(f"/kith feedback wish number {number} of many")
        await shed.hears("#hosts", f"wish number {number} of many")
    await jo.types("/kith-mod review")
    page = await jo.hears_privately("number 12 of", "number 5 of")
    assert "number 4 of" not in page.text
    await jo.presses("Older")
    older = await jo.hears_privately("number 4 of", "number 1 of")
    assert "Older" not in older.text


async def test_feedback_with_a_name_if_one_likes(shed: Town) -> None:
    priya = shed.as_("Priya")
    await priya.types("/kith feedback signed: yes words: thank you for the new lamps")
    await shed.hears("#hosts", "new lamps", "— Priya")


async def test_feedback_asks_for_words(shed: Town) -> None:
    priya = shed.as_("Priya")
    await priya.types("/kith feedback")
    priya.is_asked("What would you like to say?")
    await priya.fills(words="the evenings are too loud", signed=True)
    await shed.hears("#hosts", "too loud", "— Priya")


async def test_only_moderators_review(shed: Town) -> None:
    await shed.as_("Priya").types("/kith-mod review")
    await shed.as_("Priya").hears_privately("That is for moderators here")
    await shed.as_("Jo").types("/kith-mod review")
    await shed.as_("Jo").hears_privately("Nobody has written to the hosts yet")


async def test_the_log_is_open_to_all_and_comes_in_pages(shed: Town) -> None:
    priya, jo = shed.as_("Priya"), shed.as_("Jo")
    await priya.types("/kith log")
    await priya.hears_privately("The log is empty so far")
    for _ in range(6):
        await jo.types("/kith-mod pause")
        await jo.types("/kith-mod resume")
    await priya.types("/kith log")
    page = await priya.hears_privately("The open log", "Jo woke Kith", "Jo paused Kith")
    await priya.presses("Older")
    older = await priya.hears_privately("The open log", "Jo paused Kith")
    assert page.id != older.id
    assert "Older" not in older.text


async def test_an_unknown_command_gets_the_nearest_one(room: RoomTown) -> None:
    priya = room.as_("Priya")
    for number, (path, words) in enumerate(
        (
            (("shotout",), "Did you mean /shoutout?"),
            (("kith", "qiet"), "Did you mean /kith quiet?"),
            (("kith",), "Did you mean"),
            (("kith", "bogus"), "I don't know /kith bogus. /kith help shows what there is"),
            (("xyzzy",), "/kith help shows what there is"),
            (("x" * 100_000,), "/kith help shows what there is"),
        )
    ):
        token = room.room.ledger.begin(priya.id, room.place("#general"), None, 900_000).id
        await room.core.accept(
            CommandUsed(
                id=f"e{number}",
                space=room.platform.space,
                at=0,
                actor=room.platform.translator.actor(priya.id),
                token=token,
                channel=room.channel("#general"),
                path=path,
            )
        )
        heard = await priya.hears_privately(words)
        assert len(heard.text) < 300


@pytest.mark.not_on("discord", why="its client offers a command's own options and no others")
async def test_an_unknown_option_gets_the_nearest_one(shed: Town) -> None:
    priya = shed.as_("Priya")
    await priya.types("/kith quiet onn: no")
    await priya.hears_privately("There is no option onn. Did you mean on?")
    await priya.types("/shoutout @Jo wyh: for carrying the bench")
    await priya.hears_privately(
        "There is no option wyh. Did you mean why? Write it like this: /shoutout @name <why>"
    )
    await priya.types("/kith me and something else")
    await priya.hears_privately("I could not place and something else")
    await shed.silence()
