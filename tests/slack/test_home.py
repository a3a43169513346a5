"""What people live through with Kith in Slack, from joining to thanking, restarts and mishaps included."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.fakes.slack import HERE, Drop, Garble, NotOnScreen, Status
from tests.fakes.slack.faults import Fault
from tests.slack.home import Home, Message, home

WHY = "She stayed late to help me find the fault."


@pytest_asyncio.fixture
async def h(tmp_path: Path) -> AsyncIterator[Home]:
    async with home(tmp_path) as made:
        yield made


def greetings(h: Home, name: str) -> list[Message]:
    return [one for one in h.hall.live if one.author.is_bot and name in one.shown]


async def test_a_newcomer_is_greeted_once_and_rung(h: Home) -> None:
    h.slack.delivery.duplicate(3, new_ids=True)
    kim = h.workspace.join("Kim")
    greeting = await h.robin.sees(f"<@{kim.id}>", h.hall)
    h.slack.delivery.duplicate(1)
    lou = h.workspace.join("Lou")
    await h.robin.sees(f"<@{lou.id}>", h.hall)
    await h.settled()
    assert greeting.pings == {kim.id}
    assert len(greetings(h, kim.id)) == 1


async def test_guests_bots_and_members_of_other_channels_are_no_newcomers(h: Home) -> None:
    h.workspace.join("Gus", guest="multi")
    h.workspace.join("Robot", bot=True)
    await h.mina.create_channel("corner")
    kim = h.workspace.join("Kim")
    await h.robin.sees(f"<@{kim.id}>", h.hall)
    await h.settled()
    assert len([one for one in h.hall.live if one.author.is_bot]) == 1


async def test_whoever_goes_is_not_left_standing_and_whoever_returns_is_greeted_again(h: Home) -> None:
    kim = h.workspace.join("Kim")
    first = await h.robin.sees(f"<@{kim.id}>", h.hall)
    h.workspace.deactivate(kim)
    await h.slack.until(lambda: first.deleted)
    h.workspace.reactivate(kim)
    again = await h.robin.sees(f"<@{kim.id}>", h.hall)
    assert again is not first


async def test_joins_missed_while_away_are_made_up_for(h: Home) -> None:
    await h.stop()
    kim = h.workspace.join("Kim")
    await h.start()
    await h.robin.sees(f"<@{kim.id}>", h.hall)


async def test_a_shoutout_by_command_with_me_too_and_why(h: Home) -> None:
    answer = await h.ada.command(h.hall, "/shoutout", h.mina, f" {WHY}")
    assert answer
    said = await h.mina.sees(WHY, h.wall)
    assert said.pings == {h.mina.id}
    assert WHY in said.spoken
    private = await answer.message()
    assert private.only_for is h.ada
    assert await h.robin.click(said, "Me too")
    await h.robin.sees("Added. Good to hear.")
    await h.slack.until(lambda: len(said.versions) == 1)
    assert "Robin" in said.shown
    why = await h.robin.shortcut("kith.why_this", said)
    assert "wanted to thank" in (await why.message()).shown


async def test_a_form_asks_for_what_is_missing_and_shows_mistakes_inline(h: Home) -> None:
    answer = await h.ada.command(h.hall, "/shoutout", h.mina)
    form = await answer.view()
    sent = await h.ada.submit(form, {"What for?": "short"})
    assert "at least" in next(iter(sent.errors.values()))
    assert form.open
    assert await h.ada.submit(form, {"What for?": WHY})
    assert not form.open
    await h.mina.sees(WHY, h.wall)
    await h.ada.resubmit(form)
    await h.settled()
    assert len([one for one in h.wall.live if WHY in one.shown]) == 1


async def test_a_shoutout_for_a_message_and_by_the_global_shortcut(h: Home) -> None:
    written = await h.mina.say(h.hall, "Found it: the belt was loose.")
    answer = await h.ada.shortcut("kindness.thank_for", written)
    await h.ada.submit(await answer.view(), {"What for?": WHY})
    await h.mina.sees(WHY, h.wall)
    shortcut = await h.robin.shortcut("command|shoutout")
    form = await shortcut.view()
    await h.robin.submit(form, {"To": h.ada, "What for?": "Always there when the bell rings."})
    await h.ada.sees("when the bell rings", h.wall)


async def test_typed_mentions_of_everybody_ring_nobody(h: Home) -> None:
    words = "She told <!here> and <!channel> & <@U999> *loudly*, &lt;b&gt; :tada:"
    await h.ada.command(h.hall, "/shoutout", h.mina, " ", HERE, f" {words}")
    said = await h.mina.sees("loudly", h.wall)
    assert said.pings == {h.mina.id}
    assert said.unguarded == set()
    for shown in (said.shown, said.spoken):
        assert f"@here {words}" in shown.replace("\u2060", "")


async def test_help_by_command_mention_private_message_and_an_unknown_word(h: Home) -> None:
    listed = await (await h.kith(h.ada, "help")).message()
    assert "/kith me" in listed.shown
    assert "/shoutout" in listed.shown
    await h.ada.say(h.hall, h.workspace.bot, " what can you do?")
    await h.slack.until(lambda: len(h.ada.ephemerals) == 2)
    await h.ada.dm("hello?")
    await h.ada.sees("/kith me", h.ada.dm_channel)
    near = await (await h.kith(h.ada, "halp")).message()
    assert "/kith help" in near.shown
    assert not h.mina.ephemerals


async def test_a_misspelt_command_is_named_as_it_is_called_here(h: Home) -> None:
    told = await (await h.kith(h.robin, "admin settigs")).message()
    assert "I don't know /kith admin settigs. Did you mean /kith admin settings?" in told.spoken


async def test_the_home_tab_is_ones_own_page(h: Home) -> None:
    await h.ada.open_home()
    await h.slack.until(lambda: h.ada.home and "Only you can see this" in h.ada.home.shown)
    assert h.ada.home is not None
    await h.ada.click(h.ada.home, "Be left alone")
    await h.slack.until(lambda: h.ada.home and "Quiet it is" in h.ada.home.shown)
    await h.ada.click(h.ada.home, "My Kith")
    await h.slack.until(lambda: h.ada.home and "Only you can see this" in h.ada.home.shown)
    assert "On. I say nothing" in h.ada.home.shown


async def test_settings_by_form_and_pause(h: Home) -> None:
    chosen = await (await h.kith(h.robin, "admin settings kindness")).view()
    await h.robin.submit(chosen, {"Wall of thanks": h.hall})
    await h.robin.sees("Kept")
    await h.ada.command(h.hall, "/shoutout", h.mina, f" {WHY}")
    await h.mina.sees(WHY, h.hall)
    await h.kith(h.robin, "mod pause")
    await h.robin.sees("silent")
    refused = await (await h.mina.command(h.hall, "/shoutout", h.robin, f" {WHY}")).message()
    assert "paused" in refused.shown
    assert "/kith mod resume" in refused.shown
    denied = await (await h.kith(h.ada, "mod resume")).message()
    assert "moderators" in denied.shown


@pytest.mark.parametrize("fault", [Drop(), Status(502), Garble(), Drop(accept=False)])
async def test_a_post_whose_answer_is_lost_stands_there_once(h: Home, fault: Fault) -> None:
    h.slack.faults.add(fault, "chat.postMessage", times=1)
    await h.ada.command(h.hall, "/shoutout", h.mina, f" {WHY}")
    await h.mina.sees(WHY, h.wall)
    await h.robin.command(h.hall, "/shoutout", h.ada, " For bringing the tools back.")
    await h.ada.sees("bringing the tools", h.wall)
    await h.settled()
    assert [WHY in one.shown for one in h.wall.live] == [True, False]


async def test_a_shuffled_delivery_of_copies_greets_each_once(h: Home) -> None:
    h.slack.delivery.hold()
    people = [h.workspace.join(f"Person {number}") for number in range(3)]
    sent = h.slack.delivery.release(shuffle=random.Random(7), copies=(1, 5), new_ids=True)
    assert sent > len(people)
    for person in people:
        await h.slack.until(lambda person=person: greetings(h, person.id), 15)
    await h.settled()
    assert all(len(greetings(h, person.id)) == 1 for person in people)


async def test_slow_slack_and_a_command_in_a_thread(h: Home) -> None:
    written = await h.mina.say(h.hall, "A thread")
    assert (await h.ada.command(h.hall, "/kith", "help", thread=written)).error == "not_supported_in_threads"
    h.slack.faults.add(Status(502, accept=False), "response_url", times=1)
    answer = await h.kith(h.ada, "help")
    await answer.message()
    with pytest.raises(NotOnScreen):
        await h.ada.command(h.workspace.channel("secret", private=True), "/kith", "help")


async def test_a_button_of_a_deleted_message_still_answers(h: Home) -> None:
    await h.ada.command(h.hall, "/shoutout", h.mina, f" {WHY}")
    said = await h.mina.sees(WHY, h.wall)
    h.slack.acts.delete(said)
    assert await h.robin.click(said, "Me too")
    await h.robin.sees("Added. Good to hear.")
