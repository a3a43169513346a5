"""What people and Slack may send by mistake or in malice, played against the whole app."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot import slack as configured
from bot.config import Config, Slack
from bot.platforms.slack.names import Names
from tests.fakes.slack import CHANNEL, EVERYONE, HERE, Message, Person, markup
from tests.slack.home import Home, home

WHY = "She stayed late to help me find the fault."
EVIL = (
    "<!here> <!channel|x> <!everyone> <@U0000000> <#C00> <!subteam^S00000001> &lt;b&gt; & *loud* :tada: @here"
)


@pytest_asyncio.fixture
async def h(tmp_path: Path) -> AsyncIterator[Home]:
    async with home(tmp_path) as made:
        yield made


def said(h: Home) -> list[Message]:
    """All that Kith ever showed anybody."""
    return [
        one
        for channel in h.slack.channels.values()
        for one in (*channel.messages.values(), *channel.ephemerals)
        if one.author is h.workspace.bot
    ]


def assert_rings_people_alone(h: Home) -> None:
    people = set(h.slack.people)
    for one in said(h):
        texts = [one.text, *(text for text, _ in one.versions)]
        assert one.pings <= people, one.shown
        assert one.unguarded == set(), one.shown
        assert all(markup.pings(text) <= people for text in texts)
    for person in h.workspace.people.values():
        if person.home is not None:
            assert markup.block_pings(person.home.blocks) == set()


async def fill(h: Home, who: Person, command: str, values: dict[str, Any]) -> None:
    """Type a command that asks by a form, and send it with these values."""
    form = await (await h.kith(who, command)).view()
    answer = await who.submit(form, values)
    assert answer, answer
    assert answer.errors == {}


async def test_mentions_of_everybody_in_any_text_field_ring_nobody(h: Home) -> None:
    texts = {
        "curate add": {"What is worth knowing?": EVIL, "Title": EVIL[:90], "Where it is from": EVIL},
        "feedback": {"What would you like to say?": EVIL},
    }
    for command, values in texts.items():
        await fill(h, h.robin, command, values)
    shoutout = await (await h.ada.command(h.hall, "/shoutout")).view()
    assert await h.ada.submit(shoutout, {"To": h.mina, "What for?": EVIL})
    await h.mina.sees("*loud*", h.wall)
    for part in (HERE, EVERYONE, CHANNEL):
        await h.kith(h.mina, "feedback ", part, " ", EVIL)
        await h.kith(h.mina, "ask ", part, " loud")
    await h.kith(h.robin, "curate list")
    await h.kith(h.robin, "curate next")
    await h.kith(h.robin, "mod review")
    await h.kith(h.robin, "log")
    await h.kith(h.mina, f"help {EVIL}")
    await h.kith(h.mina, f"why {EVIL}")
    await h.kith(h.mina, EVIL)
    for who in (h.mina, h.ada, h.robin):
        await who.open_home()
    await h.settled()
    assert_rings_people_alone(h)
    shown = [one.shown for one in said(h)]
    assert any(EVIL in text.replace("\u2060", "") for text in shown)


async def test_greetings_with_odd_words_and_odd_names_ring_the_newcomer_alone(h: Home) -> None:
    form = await (await h.kith(h.robin, "admin settings welcome")).view()
    await h.robin.submit(form, {"Greetings": f"{EVIL} {{member}}"})
    await h.robin.sees("Kept")
    kim = h.workspace.join(":tada: <!here> *Kim* & :wave::skin-tone-2:", handle="kim")
    greeting = await h.robin.sees(f"<@{kim.id}>", h.hall)
    assert greeting.pings == {kim.id}
    assert_rings_people_alone(h)


async def test_names_with_emoji_shortcodes_stay_as_they_are_written(h: Home) -> None:
    name = ":tada: Kim *bold* <b> & :wave:"
    kim = h.workspace.member(name, handle="kim")
    h.hall.members[kim.id] = kim
    h.wall.members[kim.id] = kim
    await kim.command(h.hall, "/shoutout", h.mina, f" {WHY}")
    message = await h.mina.sees(WHY, h.wall)
    assert f"{name} thanks" in message.shown
    assert f"{name} thanks" in message.spoken
    for block in message.blocks:
        if block["type"] == "header":
            assert block["text"]["emoji"] is False


async def test_a_renamed_channel_is_the_same_one(h: Home) -> None:
    h.workspace.rename(h.wall, "thanks")
    answer = await h.ada.command(h.hall, "/shoutout", h.mina, f" {WHY}")
    await h.mina.sees(WHY, h.wall)
    assert f"<#{h.wall.id}>" in (await answer.message()).shown


async def test_an_archived_channel_ends_in_a_word_to_an_admin_and_nothing_else_stops(h: Home) -> None:
    h.workspace.archive(h.wall, h.robin)
    await h.ada.command(h.hall, "/shoutout", h.mina, f" {WHY}")
    await h.robin.sees("which is archived", h.robin.dm_channel)
    kim = h.workspace.join("Kim")
    await h.robin.sees(f"<@{kim.id}>", h.hall)
    h.workspace.unarchive(h.wall, h.robin)
    await h.mina.command(h.hall, "/shoutout", h.robin, " For opening the wall again.")
    await h.robin.sees("opening the wall again", h.wall)


async def test_a_deleted_channel_is_told_too(h: Home) -> None:
    h.workspace.delete_channel(h.wall)
    await h.ada.command(h.hall, "/shoutout", h.mina, f" {WHY}")
    await h.robin.sees("gone or private", h.robin.dm_channel)


async def test_a_form_sent_twice_or_after_it_was_closed_is_done_once(h: Home) -> None:
    form = await (await h.ada.command(h.hall, "/shoutout", h.mina)).view()
    await h.ada.submit(form, {"What for?": WHY})
    for _ in range(2):
        assert await h.ada.resubmit(form)
    await h.mina.sees(WHY, h.wall)
    await h.settled()
    assert len([one for one in h.wall.live if WHY in one.shown]) == 1


async def test_a_form_of_somebody_elses_or_of_no_one_does_nothing(h: Home) -> None:
    form = await (await h.kith(h.robin, "admin settings kindness")).view()
    for metadata in (
        "",
        "{}",
        "[]",
        '["x"]',
        "null",
        '["a", "b", "c", 4]',
        '"abcd"',
        "[{}, {}, {}, {}]",
        "x" * 3_000,
    ):
        h.slack.desk.replace(form, {**form.content, "private_metadata": metadata})
        assert await h.robin.resubmit(form)
    await h.settled()
    log = (await (await h.kith(h.robin, "log")).message()).shown
    assert "changed Kindness" not in log


async def test_buttons_of_deleted_messages_answer_and_change_nothing_that_is_gone(h: Home) -> None:
    await h.ada.command(h.hall, "/shoutout", h.mina, f" {WHY}")
    message = await h.mina.sees(WHY, h.wall)
    h.slack.acts.delete(message)
    assert await h.robin.click(message, "Me too")
    await h.robin.sees("Added. Good to hear.")
    await h.settled()
    assert message.versions == []


async def test_a_forged_button_is_refused_kindly(h: Home) -> None:
    await h.ada.command(h.hall, "/shoutout", h.mina, f" {WHY}")
    message = await h.mina.sees(WHY, h.wall)
    element = next(
        element for block in message.blocks if block["type"] == "actions" for element in block["elements"]
    )
    for action in ("b0|kindness.me_too|1|AAAA", "b0|", "nothing", "home|kith-admin setup", "home|no such"):
        element["action_id"] = action
        assert await h.robin.click(message, action)
    await h.settled()
    assert_rings_people_alone(h)


async def test_a_command_in_a_thread_and_with_nothing_but_noise(h: Home) -> None:
    root = await h.mina.say(h.hall, "A thread")
    refused = await h.ada.command(h.hall, "/kith", "help", thread=root)
    assert refused.error == "not_supported_in_threads"
    for noise in ("", "   ", '"', "“", "to:", "\u0000", "<@U", "🫥" * 900, "x" * 2_900, "help " * 500):
        assert await h.kith(h.ada, noise)
        assert await h.ada.command(h.hall, "/shoutout", noise)
    await h.settled()
    assert_rings_people_alone(h)


# -- what Slack may come to send ----------------------------------------------------------------------------


async def interact(h: Home, payload: dict[str, Any], kind: str = "interactive") -> Any:
    h.slack.validates = False
    common = {"team": {"id": h.workspace.id}, "user": {"id": h.ada.id}, "trigger_id": "1.1.x"}
    return await h.slack.delivery.interaction(kind, {**common, **payload})


@pytest.mark.parametrize(
    "payload",
    [
        {"type": "workflow_step_edit"},
        {"type": "view_closed", "view": {"id": "V1"}},
        {"type": "dialog_submission", "callback_id": "x"},
        {"type": "something_new"},
    ],
)
async def test_unknown_interactions_are_taken_and_told(
    h: Home, payload: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = await interact(h, payload)
    assert outcome.ok
    told = capsys.readouterr().out
    assert f"type={payload['type']}" in told
    await (await h.kith(h.ada, "help")).message()


@pytest.mark.parametrize(
    "element",
    [
        {"type": "datepicker", "selected_date": "2026-01-01"},
        {"type": "checkboxes", "selected_options": []},
        {"type": "something_new", "selected_thing": {"id": "x"}},
        {"type": "static_select", "selected_option": None},
    ],
)
async def test_elements_that_nobody_made_are_answered_all_the_same(h: Home, element: dict[str, Any]) -> None:
    action = {"action_id": "b0|kindness.me_too|1|AAAA", "block_id": "x", "action_ts": "1.2", **element}
    message = await h.mina.say(h.hall, "An old one")
    payload = {
        "type": "block_actions",
        "actions": [action],
        "container": {"type": "message", "message_ts": message.ts, "channel_id": h.hall.id},
        "channel": {"id": h.hall.id, "name": "hall"},
    }
    assert (await interact(h, payload)).ok


async def test_a_message_of_unknown_blocks_can_be_thanked_for(h: Home) -> None:
    h.slack.validates = False
    message = h.slack.acts.post(
        h.hall, h.mina, "", [{"type": "hologram", "block_id": "x", "scene": {"type": "cube"}}]
    )
    form = await (await h.ada.shortcut("kindness.thank_for", message)).view()
    await h.ada.submit(form, {"What for?": WHY})
    await h.mina.sees(WHY, h.wall)


@pytest.mark.parametrize(
    ("event", "is_told"),
    [
        ({"type": "message", "channel": "C1"}, False),
        ({"type": "message", "channel": "C1", "user": "U1"}, True),
        ({"type": "team_join"}, True),
        ({"type": "team_join", "user": "U1"}, True),
        ({"type": "user_change", "user": {}}, True),
        ({"type": "reaction_added", "item": {"type": "message"}}, False),
        ({"type": "reaction_added", "user": "U1", "item": ["message"]}, True),
        ({"type": "subteam_members_changed", "subteam_id": "S1"}, False),
        ({"type": "subteam_updated", "subteam": {"id": "S1", "users": None, "date_update": "soon"}}, True),
        ({"type": "app_home_opened", "tab": "home"}, True),
        ({"type": 7}, True),
        ({}, True),
    ],
)
async def test_events_that_lack_what_they_should_hold_are_taken_and_told(
    h: Home, event: dict[str, Any], is_told: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    payload = {
        "type": "event_callback",
        "team_id": h.workspace.id,
        "authorizations": [{"team_id": h.workspace.id}],
        "event": event,
    }
    h.slack.delivery.event(payload)
    await h.slack.quiet()
    assert h.slack.delivery.log[-1].state == "acked"
    told = capsys.readouterr().out
    assert ("slack_event_un" in told) is is_told
    await (await h.kith(h.ada, "help")).message()


# -- other names --------------------------------------------------------------------------------------------


async def test_renamed_commands_work_and_are_written_so(tmp_path: Path) -> None:
    config = Config(slack=Slack(command="neighbour", shoutout="kudos"))
    names = Names("neighbour", {"shoutout": "kudos"})
    async with home(tmp_path, is_open=False, manifest=configured.manifest(config), names=names) as h:
        assert (await h.ada.command(h.hall, "/kith", "help")).error == "unknown_command"
        setup = await h.robin.command(h.hall, "/neighbour", "admin setup")
        await h.robin.click(await setup.message(), "Go")
        opened = await h.robin.sees("From now on I greet")
        assert "/neighbour mod pause" in opened.shown
        listed = await (await h.ada.command(h.hall, "/neighbour", "help")).message()
        assert "/kudos" in listed.shown
        assert "/kith" not in listed.shown
        await h.ada.command(h.hall, "/kudos", h.mina, f" {WHY}")
        await h.mina.sees(WHY, h.wall)
