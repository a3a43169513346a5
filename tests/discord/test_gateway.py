"""The connection: lost, resumed, begun anew, refused; odd, repeated and shuffled events; other intents."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from bot.model.content import Catalog
from bot.model.events import (
    Event,
    MemberCleared,
    MemberJoined,
    MemberLeft,
    MessagePosted,
    MessageRemoved,
    ReactionAdded,
    ReactionRemoved,
    SpaceLost,
    SpaceSeen,
)
from bot.platforms.base import Gone, NotConnected
from bot.platforms.discord import gateway, parse
from tests.discord.town import Town, town
from tests.fakes.discord import FakeDiscord


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """discord.py waits five seconds before it identifies again."""

    async def at_once(self: Any, shard_id: int | None, *, initial: bool = False) -> None:
        return

    monkeypatch.setattr(gateway.Connection, "before_identify_hook", at_once)


@pytest_asyncio.fixture
async def t() -> AsyncIterator[Town]:
    async with town() as made:
        yield made
        assert made.fake.crashes == []


def joins(t: Town, name: str) -> list[MemberJoined]:
    return [event for event in t.sink.events if isinstance(event, MemberJoined) and event.member.name == name]


def ids(t: Town, kind: type[Event]) -> set[str]:
    return {event.id for event in t.sink.events if isinstance(event, kind)}


async def test_after_a_lost_connection_it_resumes_and_hears_what_it_missed(t: Town) -> None:
    session = t.fake.gateway.live[0].id
    t.fake.gateway.disconnect()
    t.guild.join("Kim")
    await t.sink.wait(MemberJoined, lambda event: event.member.name == "Kim")
    assert [session] == [each.id for each in t.fake.gateway.live]


async def test_asked_to_reconnect_it_resumes(t: Town) -> None:
    t.fake.gateway.request_reconnect()
    t.guild.join("Kim")
    await t.sink.wait(MemberJoined, lambda event: event.member.name == "Kim")


async def test_a_connection_that_says_nothing_more_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "SILENCE", 0.3)
    async with FakeDiscord(heartbeat_interval=0.1) as fake:
        made = Town(fake)
        await made.start()
        fake.gateway.half_open()
        made.guild.join("Kim")
        await made.sink.wait(MemberJoined, lambda event: event.member.name == "Kim")
        await made.stop()


async def test_after_an_invalid_session_it_tells_of_its_servers_again(t: Town) -> None:
    before = t.fake.gateway.live[0].id
    count = len([event for event in t.sink.events if isinstance(event, SpaceSeen)])
    t.fake.gateway.invalidate()
    async with asyncio.timeout(10):
        while len([event for event in t.sink.events if isinstance(event, SpaceSeen)]) == count:
            await t.sink.wait_attempts(len(t.sink.attempts) + 1)
    assert t.fake.gateway.live[0].id != before


async def test_what_is_told_becomes_events(t: Town) -> None:
    kim = t.guild.join("Kim", pending=True)
    joined = await t.sink.wait(MemberJoined, lambda event: event.member.name == "Kim")
    assert joined.pending
    assert joined.joined_at is not None
    kim.pass_screening()
    cleared = await t.sink.wait(MemberCleared)
    assert cleared.member == joined.member
    said = await kim.say(t.place, f"Hello <@{t.ada.id}>")
    event = await t.sink.wait(MessagePosted)
    assert event.mentions == (t.ada,)
    await t.people["Ada"].react(said, "👋")
    reacted = await t.sink.wait(ReactionAdded)
    assert (reacted.emoji, reacted.member, reacted.message.id) == ("👋", t.ada, str(said.id))
    await t.people["Ada"].unreact(said, "👋")
    await t.sink.wait(ReactionRemoved)
    thread = kim.thread(said, "Aside")
    reply = await kim.say(thread, "Here.")
    inside = await t.sink.wait(MessagePosted, lambda event: event.text == "Here.")
    assert (inside.message.channel, inside.message.thread) == (t.channel, str(thread.id))
    await kim.delete(reply)
    removed = await t.sink.wait(MessageRemoved)
    assert removed.message == inside.message
    kim.leave()
    assert (await t.sink.wait(MemberLeft)).member == joined.member
    t.fake.world.remove_bot(t.guild)
    assert (await t.sink.wait(SpaceLost)).space == t.space


async def test_an_outage_is_no_farewell(t: Town) -> None:
    t.fake.world.set_outage(t.guild, True)
    t.fake.world.set_outage(t.guild, False)
    before = len(t.sink.events)
    await t.join("Kim")
    await t.sink.wait(MemberJoined, lambda event: event.member.name == "Kim")
    assert len(t.sink.events) > before
    assert not any(isinstance(event, SpaceLost) for event in t.sink.events)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("SOMETHING_NEW", {"a": 1}),
        ("GUILD_MEMBER_ADD", {"guild_id": "1"}),
        ("MESSAGE_CREATE", {"id": "1"}),
        (
            "MESSAGE_CREATE",
            {"id": "1", "channel_id": "2", "guild_id": "3", "type": 99, "author": {"id": "4"}},
        ),
        ("MESSAGE_REACTION_ADD", {"guild_id": "1"}),
        ("INTERACTION_CREATE", {"id": "1", "type": 77, "token": "t", "application_id": "1", "version": 1}),
        ("CHANNEL_CREATE", {"id": "9", "type": 250, "guild_id": "1"}),
        ("GUILD_UPDATE", {"id": "1", "system_channel_flags": "odd"}),
    ],
)
async def test_odd_events_end_nothing(t: Town, name: str, data: dict[str, Any]) -> None:
    t.fake.gateway.dispatch_raw(name, data)
    await t.join("Kim")
    await t.sink.wait(MemberJoined, lambda event: event.member.name == "Kim")


async def test_what_is_passed_on_from_elsewhere_answers_nobody(t: Town) -> None:
    ada = t.people["Ada"]
    first = await ada.say(t.place, "Look at this")
    passed_on = {
        "id": str(first.id + (1 << 22)),
        "type": 0,
        "channel_id": str(t.place.id),
        "guild_id": str(t.guild.id),
        "author": {"id": str(ada.id), "username": "ada"},
        "content": "",
        "mentions": [],
        "flags": 1 << 14,
        "message_reference": {"type": 1, "message_id": str(first.id), "channel_id": str(t.place.id)},
        "message_snapshots": [{"message": {"type": 0, "content": "Look at this", "mentions": []}}],
    }
    t.fake.gateway.dispatch_raw("MESSAGE_CREATE", passed_on)
    said = await t.sink.wait(MessagePosted, lambda event: event.id == f"message:{passed_on['id']}")
    assert (said.reply_to, said.text) == (None, "")


async def test_an_interaction_of_an_unknown_kind_is_passed_over(t: Town) -> None:
    payload = {
        "id": "1",
        "type": 77,
        "token": "t",
        "application_id": "1",
        "version": 1,
        "guild_id": str(t.guild.id),
        "channel_id": str(t.place.id),
        "member": {"user": {"id": "5"}, "permissions": "0"},
    }
    t.fake.gateway.dispatch_raw("INTERACTION_CREATE", payload)
    await t.join("Kim")
    await t.sink.wait(MemberJoined, lambda event: event.member.name == "Kim")


async def test_repeated_and_shuffled_events_keep_their_ids(t: Town) -> None:
    t.fake.gateway.repeat(3)
    kim = t.people["Ada"]
    with t.fake.gateway.held(shuffle=random.Random(7)):
        message = await kim.say(t.place, "once")
        await kim.react(message, "👋")
        t.guild.join("Kim")
    await t.sink.wait(MemberJoined, lambda event: event.member.name == "Kim")
    await t.sink.wait(ReactionAdded)
    await t.sink.wait(MessagePosted)
    t.fake.gateway.repeat(1)
    await t.join("Lou")
    await t.sink.wait(MemberJoined, lambda event: event.member.name == "Lou")
    for kind in (MessagePosted, ReactionAdded):
        found = [event for event in t.sink.events if isinstance(event, kind)]
        assert len(found) == 3
        assert len({event.id for event in found}) == 1
    assert len({event.id for event in joins(t, "Kim")}) == 1


async def test_a_reaction_put_again_later_counts_again(t: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_800_000_000_000
    monkeypatch.setattr(parse, "now_ms", lambda: now)
    ada = t.people["Ada"]
    message = await ada.say(t.place, "Hello")
    t.fake.gateway.repeat(2)
    for turn in range(1, 4):
        now += 10_000
        await ada.react(message, "👋")
        await t.sink.wait(ReactionAdded, lambda event, turn=turn: len(ids(t, ReactionAdded)) == turn)
        now += 10_000
        await ada.unreact(message, "👋")
        await t.sink.wait(ReactionRemoved, lambda event, turn=turn: len(ids(t, ReactionRemoved)) == turn)
    with t.fake.gateway.held(shuffle=random.Random(1)):
        now += 10_000
        await ada.react(message, "👋")
        await ada.unreact(message, "👋")
    t.fake.gateway.repeat(1)
    await t.join("Kim")
    await t.sink.wait(MemberJoined, lambda event: event.member.name == "Kim")
    assert (len(ids(t, ReactionAdded)), len(ids(t, ReactionRemoved))) == (4, 4)


async def test_several_shards_in_one_process() -> None:
    async with FakeDiscord(shards=2) as fake:
        made = Town(fake)
        others = [fake.guild(f"Other {number}") for number in range(4)]
        await made.start()
        await fake.ready(shards=2)
        for guild in others:
            guild.join("Kim")
        async with asyncio.timeout(10):
            while len(joins(made, "Kim")) < len(others):
                await made.sink.wait_attempts(len(made.sink.attempts) + 1)
        await made.stop()


async def test_a_refused_token_says_what_to_do() -> None:
    async with FakeDiscord() as fake:
        made = Town(fake)
        fake.revoke_token()
        with pytest.raises(NotConnected, match="Reset Token"):
            await made.platform.run(made.sink, Catalog())
        await made.stop()


async def test_a_token_revoked_meanwhile_ends_the_connection_with_words(t: Town) -> None:
    t.fake.revoke_token()
    running = t.running
    assert running is not None
    with pytest.raises(NotConnected, match="Reset Token"):
        await asyncio.wait_for(running, 10)


async def test_without_the_members_intent_newcomers_are_met_when_they_speak() -> None:
    async with FakeDiscord(switches=()) as fake:
        made = Town(fake, Catalog())
        await made.start()
        kim = made.guild.join("Kim")
        await made.people["Ada"].say(made.place, "Who is that?")
        await kim.say(made.place, "Hello, I am new.")
        event = await made.sink.wait(MemberJoined, lambda event: event.member.name == "Kim")
        await kim.say(made.place, "Me again.")
        assert event.joined_at is not None
        with pytest.raises(Gone, match="no-members-intent"):
            [member async for member in made.platform.members(made.space)]
        assert len(joins(made, "Kim")) == 1
        await made.stop()


async def test_an_intent_switched_off_meanwhile_is_done_without(t: Town) -> None:
    t.fake.switch("members", on=False)
    t.fake.switch("message_content", on=False)
    await t.fake.ready(within=20)
    kim = t.guild.join("Kim")
    await kim.say(t.place, "Hello.")
    await t.sink.wait(MessagePosted, lambda event: event.member.name == "Kim")
