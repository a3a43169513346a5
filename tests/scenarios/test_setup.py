"""An admin sets Kith up: everything is shown privately first, and nothing is public before Go."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot.model.events import SpaceSeen
from bot.testing import Town
from storage.repos import settings
from tests.scenarios.harness import Towns


@pytest_asyncio.fixture
async def fresh(towns: Towns) -> AsyncIterator[Town]:
    """A town that nobody has set up yet."""
    async with towns(settings={}, is_open=False) as made:
        yield made


async def test_from_nothing_to_open(fresh: Town) -> None:
    amara = fresh.as_("Amara")
    await amara.types("/kith-admin setup")
    await amara.hears_privately("Setting up Kith in The Shed", "Until then I stay silent", "Greeting channel")
    await fresh.newcomer("Robin")
    await fresh.silence()
    await amara.types("/kith-admin settings kindness")
    await amara.fills(wall="#wall", story="every Friday at 4pm")
    await amara.hears_privately("Kept", "#wall", "every Friday at 16:00. Next:", "2026-10-02 16:00")
    await amara.types("/kith-admin settings welcome")
    await amara.fills(channel="#hello")
    await amara.hears_privately("Kept", "#hello")
    await amara.presses("Preview every text")
    await amara.hears_privately("Hello Amara", "When someone joins, in #hello")
    await amara.hears_privately("The weekly story, in #wall")
    await fresh.as_("Mina").types("/shoutout @Jo for carrying the bench")
    await fresh.as_("Mina").hears_privately("isn't open here yet")
    await fresh.silence()
    await amara.types("/kith-admin setup")
    await amara.presses("Go")
    await amara.hears_privately("Open. From now on I greet")
    await fresh.silence()
    await fresh.newcomer("Kim")
    await fresh.hears("#hello", "Kim")
    await amara.types("/kith log")
    await amara.hears_privately(
        "Amara opened Kith here", "Amara changed Kindness: Wall of thanks is now #wall"
    )


async def test_each_step_leads_to_the_next(fresh: Town) -> None:
    amara = fresh.as_("Amara")
    await amara.types("/kith-admin setup")
    await amara.hears_privately("What members tell the hosts waits in", "review")
    await amara.types("/kith-admin settings kith")
    await amara.fills(hosts_channel="#hosts")
    await amara.hears_privately("Kept", "#hosts")
    await amara.presses("Go")
    await amara.hears_privately("Open. From now on I greet")
    await amara.types("/kith-admin setup")
    card = await amara.hears_privately("Kith is open here")
    assert "What members tell the hosts" not in card.text
    await amara.types("/kith-admin settings kindness")
    await amara.fills(daily="7")
    kept = await amara.hears_privately("Kept")
    assert "Go" not in kept.labels


async def test_every_greeting_is_previewed(fresh: Town) -> None:
    amara = fresh.as_("Amara")
    await amara.types("/kith-admin settings welcome")
    await amara.fills(channel="#hello")
    await amara.types("/kith-admin preview")
    for words in ("Hello Amara", "Welcome to The Shed, Amara", "Amara has come in. That makes"):
        await amara.hears_privately(words)
    await fresh.silence()


async def test_go_counts_once(fresh: Town) -> None:
    amara = fresh.as_("Amara")
    await amara.types("/kith-admin setup")
    card = await amara.hears_privately("Setting up")
    await amara.presses("Go", on=card)
    await amara.hears_privately("Open.")
    await amara.presses("Go", on=card)
    await amara.hears_privately("open here already")
    await amara.types("/kith-admin setup")
    opened = await amara.hears_privately("Kith is open here")
    assert "Go" not in (*opened.labels, *[line.partition(". ")[2] for line in opened.text.splitlines()])


async def test_set_up_names_the_platforms_own_join_messages(fresh: Town) -> None:
    await fresh.core.accept(SpaceSeen(id="s2", space=fresh.space, at=0, announces_joins=True, people=6))
    amara = fresh.as_("Amara")
    await amara.types("/kith-admin setup")
    await amara.hears_privately("Before you go", "join message of its own")


async def test_change_from_the_set_up_card(fresh: Town) -> None:
    amara = fresh.as_("Amara")
    await amara.types("/kith-admin setup")
    await amara.presses("Change basics")
    amara.is_asked("Time zone", "Hosts' channel")
    await amara.fills(zone="berlin")
    await amara.hears_privately("Kept", "Europe/Berlin")
    await amara.types("/kith-admin settings kindness")
    await amara.fills(wall="#wall", story="fridays 16:00")
    await amara.hears_privately("2026-10-02 14:00 UTC")


async def test_choose_the_part_from_a_list(fresh: Town) -> None:
    amara = fresh.as_("Amara")
    await amara.types("/kith-admin settings")
    await amara.hears_privately("What would you like to change?")
    await amara.chooses("Kindness")
    amara.is_asked("Wall of thanks", "Weekly story", "Shout-outs a day")


async def test_parts_are_found_by_nearly_their_name(fresh: Town) -> None:
    amara = fresh.as_("Amara")
    await amara.types("/kith-admin settings kidness")
    amara.is_asked("Wall of thanks")
    await amara.types("/kith-admin settings xyzzy")
    await amara.hears_privately("There is no part called xyzzy", "kindness")


@pytest.mark.parametrize(
    ("section", "answers", "problem"),
    [
        ("kindness", {"story": "when pigs fly"}, "I don’t understand"),
        ("kindness", {"story": "30 February at 9:00"}, "February"),
        ("kindness", {"story": "1 January 2020 at 9:00"}, "passed"),
        ("kith", {"zone": "Europe/Berlni"}, "Did you mean Europe/Berlin?"),
        ("welcome", {"texts": "Hello {membr}!"}, "Did you mean {member}?"),
        ("welcome", {"texts": "Hello {member"}, "stray '{'"),
        ("welcome", {"texts": "Hello {member.__class__}"}, "stray"),
        ("welcome", {"texts": "Hello {nobody}"}, "You can use {member}, {community}, {count}"),
        ("welcome", {"texts": "x" * 501}, "Please keep each to 500"),
    ],
)
async def test_what_can_not_be_used_is_told_and_nothing_is_kept(
    fresh: Town, section: str, answers: dict[str, str], problem: str
) -> None:
    amara = fresh.as_("Amara")
    await amara.types(f"/kith-admin settings {section}")
    await amara.fills(**answers)
    (name,) = answers
    assert problem in amara.problems()[name]
    assert await fresh.rows("SELECT * FROM setting") == []


@pytest.mark.not_on("slack", why="its fields for numbers take no others")
@pytest.mark.parametrize(
    ("given", "problem"),
    [("0", "from 1 to 50"), ("1000000000000000000000", "from 1 to 50"), ("lots", "whole number")],
)
async def test_a_number_that_can_not_be_used_is_told(fresh: Town, given: str, problem: str) -> None:
    amara = fresh.as_("Amara")
    await amara.types("/kith-admin settings kindness")
    await amara.fills(daily=given)
    assert problem in amara.problems()["daily"]
    assert await fresh.rows("SELECT * FROM setting") == []


async def test_the_good_is_kept_once_the_bad_is_mended(fresh: Town) -> None:
    amara = fresh.as_("Amara")
    await amara.types("/kith-admin settings kindness")
    await amara.fills(wall="#wall", story="when pigs fly")
    assert amara.filled_in()["wall"] == fresh.place("#wall")
    await amara.fills(story="every Friday at 16:00")
    await amara.hears_privately("Kept", "#wall", "every Friday at 16:00")
    await amara.types("/kith-admin settings kindness")
    assert amara.filled_in()["story"] == "every Friday at 16:00"
    await amara.fills()
    await amara.hears_privately("All as it was")


async def test_what_somebody_changed_meanwhile_is_not_overwritten(fresh: Town) -> None:
    amara = fresh.as_("Amara")
    await amara.types("/kith-admin settings kindness")
    await fresh.passes(minutes=1)
    space = fresh.space.key
    community = await fresh.core.units.community(fresh.space)
    await fresh.core.engine.unit(
        community,
        lambda tx: settings.put(
            tx,
            community=community,
            space=space,
            section="kindness",
            name="daily",
            value="7",
            by="",
            now=fresh.clock.now(),
        ),
    )
    await amara.fills(wall="#wall")
    assert set(amara.problems()) == {"daily"}
    assert "while you were here" in amara.problems()["daily"]
    assert amara.filled_in()["daily"] == "7"
    await amara.fills()
    await amara.hears_privately("Kept", "#wall")
    assert await fresh.rows("SELECT value FROM setting WHERE name = 'daily'") == [{"value": "7"}]


async def test_left_empty_it_is_none_again(fresh: Town) -> None:
    amara = fresh.as_("Amara")
    await amara.types("/kith-admin settings kindness")
    await amara.fills(wall="#wall", story="every Friday at 16:00", daily="3")
    await amara.hears_privately("Kept")
    await amara.types("/kith-admin settings kindness")
    await amara.fills(wall="", story="", daily="")
    await amara.hears_privately("Kept", "Weekly story\nnot set", "Shout-outs a day\n5")
    assert await fresh.rows("SELECT * FROM schedule") == []


async def test_several_greetings_with_a_blank_line_between(fresh: Town) -> None:
    amara = fresh.as_("Amara")
    await amara.types("/kith-admin settings welcome")
    await amara.fills(texts="Good morning {member}.\n\nLook who is here: {member}!", channel="#hello")
    await amara.hears_privately("Kept", "2 texts")
    await amara.types("/kith-admin setup")
    await amara.presses("Go")
    await fresh.newcomer("Robin")
    await fresh.hears("#hello", "Good morning Robin.")
    await fresh.newcomer("Kim")
    await fresh.hears("#hello", "Look who is here: Kim!")
    await fresh.newcomer("Noor")
    await fresh.hears("#hello", "Good morning Noor.")


async def test_a_role_can_be_given_to_more_people(fresh: Town) -> None:
    amara, mina = fresh.as_("Amara"), fresh.as_("Mina")
    await mina.types("/kith-mod pause")
    await mina.hears_privately("That is for moderators here")
    await amara.types("/kith-admin settings kith")
    await amara.fills(moderators="Curators")
    await amara.hears_privately("Kept", "Curators")
    await mina.types("/kith-mod pause")
    await mina.hears_privately("Silent from now on")


@pytest.mark.parametrize("command", ["setup", "settings", "settings kindness", "preview"])
async def test_only_admins_set_up(fresh: Town, command: str) -> None:
    for name in ("Priya", "Jo", "Mina"):
        person = fresh.as_(name)
        await person.types(f"/kith-admin {command}")
        await person.hears_privately("That is for admins here")
        person.is_asked_nothing()


@pytest.mark.one_look
async def test_the_set_up_lasts_over_a_restart(towns: Towns) -> None:
    async with towns(settings={}, is_open=False) as shed:
        amara = shed.as_("Amara")
        await amara.types("/kith-admin settings welcome")
        await amara.fills(channel="#general")
        await amara.types("/kith-admin setup")
        await amara.presses("Go")
    async with towns(settings={}, is_open=False, clock=shed.clock) as again:
        await again.newcomer("Robin")
        await again.hears("#general", "Robin")
