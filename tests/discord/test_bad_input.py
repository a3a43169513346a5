"""What comes odd, forged, late or out of reach, through the real discord.py to all of Kith."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.discord.home import Home, home
from tests.fakes.discord import FakeDiscord, Guild, Interaction, P, Person
from tests.fakes.discord.permissions import Overwrite

WHY = "She stayed late to help me find the fault."
ODD = "**bold** `code` ||spoiler|| @everyone <@&1> [x](https://evil.example) \u202e# title"
EMOJI = "👩‍🚀" * 32


@pytest_asyncio.fixture
async def h(tmp_path: Path) -> AsyncIterator[Home]:
    async with home(tmp_path) as made:
        yield made
        assert made.fake.crashes == []


async def opened(h: Home, guild: Guild) -> Person:
    """Somebody who leads a second server, in which Kith was opened."""
    boss = guild.join("Boss", roles=(guild.role("Bosses", P.MANAGE_GUILD),))
    setup = await (await boss.slash("kith-admin setup")).answered()
    assert setup.response is not None
    await (await boss.click(setup.response, "Go")).answered()
    return boss


async def thanked(h: Home) -> Any:
    await (await h.ada.slash("shoutout", to=h.mina, why=WHY, channel=h.wall)).answered()
    return await h.hears("stayed late")


async def form(h: Home, section: str) -> Interaction:
    used = await (await h.admin.slash("kith-admin settings", section=section)).answered()
    assert used.modal is not None
    return used


# Ids of controls and forms.


async def test_a_button_of_another_server_does_nothing_here(h: Home) -> None:
    said = await thanked(h)
    other = h.fake.guild("Other", system_channel="hall")
    boss = await opened(h, other)
    theirs = await (await boss.slash("shoutout", to=other.join("Lou"), why=WHY)).answered()
    await theirs.answered()
    [message] = await h.fake.until(lambda: other.channel("hall").messages)
    taken = said.buttons[0]["custom_id"]
    pressed = await (await boss.forge_click(message, taken)).answered()
    assert "isn't one of mine" in pressed.text
    assert said.edits == message.edits == 0


async def test_a_form_of_another_server_or_person_does_nothing(h: Home) -> None:
    other = h.fake.guild("Other", system_channel="hall")
    boss = await opened(h, other)
    asked = await (await h.ada.slash("shoutout", to=h.mina, channel=h.wall)).answered()
    assert asked.modal is not None
    values = {"to": f"<@{h.mina.id}>", "why": WHY}
    there = other.channel("hall")
    elsewhere = other.join(h.ada)
    await h.fake.until(lambda: there.messages)
    foreign = await (await elsewhere.forge_form(there, asked.modal.custom_id, values)).answered()
    assert "belongs to someone else" in foreign.text
    theirs = await (await boss.forge_form(there, asked.modal.custom_id, values)).answered()
    assert "belongs to someone else" in theirs.text
    stolen = await (await h.mina.forge_form(h.wall, asked.modal.custom_id, values)).answered()
    assert "belongs to someone else" in stolen.text
    assert h.wall.messages == []
    assert not any("stayed late" in message.text for message in there.messages)


@pytest.mark.parametrize("custom_id", ["", "x", "kindness.shoutout", "~form:open", "|" * 90, "\u0000" * 9])
async def test_what_was_never_ours_is_refused_and_nothing_breaks(h: Home, custom_id: str) -> None:
    said = await thanked(h)
    pressed = await (await h.admin.forge_click(said, custom_id)).answered()
    sent = await (await h.admin.forge_form(h.wall, custom_id, {"why": "x"})).answered()
    for used in (pressed, sent):
        assert "isn't one of mine" in used.text or "too old" in used.text
    assert said.edits == 0


async def test_the_button_of_a_deleted_message(h: Home) -> None:
    said = await thanked(h)
    with h.fake.gateway.held():
        pressed = await h.admin.click(said, "Me too")
        await h.ada.delete(said)
    await pressed.answered()
    assert "Added" in pressed.text
    await h.settled()
    lou = h.guild.join("Lou")
    await h.hears(f"<@{lou.id}>")


async def test_a_form_that_is_sent_long_after_it_was_opened(h: Home) -> None:
    used = await (await h.ada.slash("shoutout", to=h.mina, channel=h.wall)).answered()
    assert used.modal is not None
    h.fake.clock.skip(20 * 60)
    sent = await (await h.ada.submit(used.modal, {"What for?": WHY})).answered()
    assert "Thank you" in sent.text
    await h.hears("stayed late")


async def test_an_answer_that_comes_after_the_token_has_expired_is_a_private_message(
    h: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert h.core is not None
    go = asyncio.Event()
    accept = h.core.router.accept

    async def slow(event: object) -> object:
        await go.wait()
        return await accept(event)  # type: ignore[arg-type]

    monkeypatch.setattr(h.core.router, "accept", slow)
    used = await h.ada.slash("shoutout", to=h.mina, why=WHY, channel=h.wall)
    await used.deferred()
    h.fake.clock.skip(16 * 60)
    go.set()
    await h.fake.until(lambda: any("Thank you" in message.text for message in h.ada.dm.messages), 10)


# Names.


@pytest.mark.parametrize("name", [EMOJI, ODD, "`" * 32, "@everyone", "‮" * 5, " "], ids=ascii)
async def test_names_are_only_names(h: Home, name: str) -> None:
    kim = h.guild.join("Kim", nick=name)
    greeting = await h.hears(f"<@{kim.id}>")
    assert greeting.pinged == {kim.id}
    await (await kim.slash("shoutout", to=h.mina, why=WHY, channel=h.wall)).answered()
    said = await h.hears("stayed late")
    assert said.pinged == {h.mina.id}
    me = await (await kim.slash("kith me", channel=h.wall)).answered()
    assert me.text


async def test_the_name_of_a_server_is_only_a_name(tmp_path: Path) -> None:
    async with FakeDiscord() as fake:
        made = Home(fake, tmp_path)
        made.guild.name = ODD
        await made.start()
        try:
            await made.open()
            people = [made.guild.join(f"N{number}") for number in range(3)]
            greeting = await made.hears("Welcome to")
            assert greeting.pinged <= {person.id for person in people}
            assert "\\[x\\]" in greeting.text
            assert not greeting.mentions_everyone
        finally:
            await made.stop()


# Out of reach.


async def test_a_channel_that_kith_can_not_see_is_told_once_over_restarts(h: Home) -> None:
    hidden = h.guild.channel("hidden")
    h.fake.world.overwrite(hidden, Overwrite(h.guild.bot.id, 1, deny=P.VIEW_CHANNEL))
    used = await form(h, "welcome")
    assert used.modal is not None
    await (await h.admin.submit(used.modal, {"Greeting channel": hidden})).answered()
    await h.joined(h.guild.join("Kim"))
    await h.settled()
    await h.restart()
    await h.joined(h.guild.join("Noor"))
    await h.settled()
    log = await (await h.ada.slash("kith log", channel=h.hall)).answered()
    assert log.text.count("I may not post in") == 1
    assert f"<#{hidden.id}>" in log.text
    used = await form(h, "welcome")
    assert used.modal is not None
    await (await h.admin.submit(used.modal, {"Greeting channel": h.wall})).answered()
    ines = h.guild.join("Ines")
    await h.hears(f"<@{ines.id}>")


async def test_a_role_above_the_bot_can_be_named_and_counts(h: Home) -> None:
    """Kith gives nobody roles; it only looks who has them, whatever their place."""
    above = h.guild.role("Elders", position=99)
    assert above.position > h.guild.top_role(h.guild.bot.roles)
    h.mina.give(above)
    h.guild.command_access["curate", h.mina.id] = True
    refused = await (await h.mina.slash("curate list", channel=h.hall)).answered()
    assert "curator" in refused.text
    used = await form(h, "kith")
    assert used.modal is not None
    kept = await (await h.admin.submit(used.modal, {"Curators": above})).answered()
    assert "Curators" in kept.text
    allowed = await (await h.mina.slash("curate list", channel=h.hall)).answered()
    assert "That is for" not in allowed.text
    assert not h.fake.sent("* /guilds/{guild_id}/members/{user_id}/roles*")


# Intents.


async def test_without_the_members_intent_newcomers_are_greeted_when_they_speak_or_click(
    tmp_path: Path,
) -> None:
    async with FakeDiscord(switches=("message_content",)) as fake:
        made = Home(fake, tmp_path)
        # the bot comes last, so that nobody who was here before is a newcomer by a millisecond
        made.guild.remove_bot()
        made.guild.add_bot()
        await made.start(looks=False)
        try:
            await made.open()
            kim, lou = made.guild.join("Kim"), made.guild.join("Lou")
            await kim.say(made.wall, "Hello, I am new here.")
            await made.hears(f"<@{kim.id}>")
            await (await lou.slash("kith help", channel=made.wall)).answered()
            await made.hears(f"<@{lou.id}>")
            await kim.say(made.wall, "Me again.")
            await made.ada.say(made.wall, "Welcome!")
            await made.settled()
            assert len(made.hall.messages) == 2
            setup = await (await made.admin.slash("kith-admin setup")).answered()
            assert "Nobody tells me here who joins" in setup.text
        finally:
            await made.stop()


async def test_without_the_content_intent_all_else_works(tmp_path: Path) -> None:
    async with FakeDiscord(switches=("members",)) as fake:
        made = Home(fake, tmp_path)
        await made.start()
        try:
            await made.open()
            kim = made.guild.join("Kim")
            await made.hears(f"<@{kim.id}>")
            message = await made.mina.say(made.wall, "The fault was in the clamp.")
            used = await (await kim.menu("Thank for this", message)).answered()
            assert used.modal is not None
            await (await kim.submit(used.modal, {"What for?": WHY})).answered()
            await made.hears("stayed late")
        finally:
            await made.stop()


# What Discord may invent.


def interaction(h: Home, **changes: Any) -> dict[str, Any]:
    """A slash command as the gateway tells it, with changes; None leaves a field out."""
    payload = {
        "id": "1573861732852432999",
        "application_id": str(h.fake.world.application_id),
        "type": 2,
        "token": "t",
        "version": 1,
        "guild_id": str(h.guild.id),
        "channel_id": str(h.hall.id),
        "member": {"user": {"id": str(h.ada.id), "username": "ada"}, "permissions": "0", "roles": []},
        "data": {"id": "1", "name": "kith", "type": 1, "options": [{"name": "help", "type": 1}]},
    }
    return {name: value for name, value in (payload | changes).items() if value is not None}


ODD_INTERACTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"data": None},
    {"data": {}},
    {"data": {"id": "1", "name": "kith", "type": 77}},
    {"data": {"id": "1", "name": "gone", "type": 1, "options": None}},
    {"data": {"id": "1", "name": "kith", "type": 1, "options": [{"name": "x", "type": 99, "value": {}}]}},
    {"data": {"id": "1", "name": "Thank for this", "type": 3, "target_id": "5"}},
    {"data": {"id": "1", "name": "Give a shout-out", "type": 2, "target_id": "5", "resolved": {}}},
    {"type": 3, "data": {"component_type": 99, "custom_id": "x", "values": None}},
    {"type": 3, "data": {"component_type": 2}},
    {"type": 5, "data": {"custom_id": "x"}},
    {
        "type": 5,
        "data": {"custom_id": "x", "components": [{"type": 99}, {"type": 18, "component": None}]},
    },
    {"type": 4, "data": {"id": "1", "name": "gone", "type": 1}},
    {"type": 77},
    {"member": None},
    {"member": {"user": {"id": "5"}}},
    {"channel_id": None},
    {
        "channel_id": None,
        "data": {"id": "1", "name": "Thank for this", "type": 3, "target_id": "5", "resolved": {}},
    },
    {"channel_id": None, "type": 3, "data": {"component_type": 2, "custom_id": "x"}, "message": {"id": "5"}},
    {"guild_id": None},
    {"context": 99, "entitlements": [{"type": 99}], "locale": "xx-YY", "new_field": {"a": [1]}},
)
ODD_EVENTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("GUILD_MEMBER_ADD", {"user": {"id": "5"}, "joined_at": "not a time", "flags": 1 << 40}),
    ("GUILD_MEMBER_ADD", {"user": {"id": "5", "bot": None}, "joined_at": None, "pending": None}),
    ("GUILD_MEMBER_UPDATE", {"user": {"id": "5"}, "pending": False, "joined_at": None}),
    ("GUILD_MEMBER_REMOVE", {"user": {}}),
    ("MESSAGE_CREATE", {"id": "7", "channel_id": "8", "author": {"id": "9"}, "type": 99}),
    ("CHANNEL_UPDATE", {"id": "7", "type": 99, "name": None}),
    ("THREAD_LIST_SYNC", {"threads": [{"id": "7", "type": 99}]}),
    ("GUILD_UPDATE", {"id": None}),
    ("GUILD_UPDATE", {"system_channel_flags": 1 << 60, "channels": None, "roles": None}),
    ("A_NEW_EVENT", {"anything": [1, {"a": None}]}),
)


async def test_odd_interactions_end_nothing(h: Home) -> None:
    for changes in ODD_INTERACTIONS:
        h.fake.gateway.dispatch_raw("INTERACTION_CREATE", interaction(h, **changes))
        await answers(h)
    await goes_on(h)


async def test_odd_events_end_nothing(h: Home) -> None:
    server = {"guild_id": str(h.guild.id), "id": str(h.guild.id), "system_channel_id": str(h.hall.id)}
    for name, changes in ODD_EVENTS:
        h.fake.gateway.dispatch_raw(name, server | changes)
        await answers(h)
    await goes_on(h)


async def answers(h: Home) -> None:
    helped = await (await h.ada.slash("kith help", channel=h.wall)).answered()
    assert "shoutout" in helped.text


async def goes_on(h: Home) -> None:
    """Kith hears of newcomers as before."""
    kim = h.guild.join("Kim")
    await h.hears(f"<@{kim.id}>")
