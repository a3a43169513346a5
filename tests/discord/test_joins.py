"""Joins that are right: told late, never, too often, in disorder, of bots, by many shards."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot import core
from bot.model.events import MemberJoined
from bot.platforms.discord import adapter, gateway
from tests.discord.home import Home, home
from tests.discord.town import Town, town
from tests.fakes.discord import FakeDiscord, Guild, Message, P, Person

WHY = "She stayed late to help me find the fault."


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """discord.py waits five seconds before it identifies again."""

    async def at_once(self: Any, shard_id: int | None, *, initial: bool = False) -> None:
        return

    monkeypatch.setattr(gateway.Connection, "before_identify_hook", at_once)


@pytest_asyncio.fixture
async def h(tmp_path: Path) -> AsyncIterator[Home]:
    async with home(tmp_path) as made:
        yield made
        assert made.fake.crashes == []


def sneaks_in(guild: Guild, name: str) -> Person:
    """Somebody joins, and Discord tells nobody."""
    world = guild.world
    person = Person(world.create_user(name), guild, world.clock.now_ms())
    guild.members.add(person)
    return person


def times_greeted(h: Home, person: Person) -> int:
    return sum(f"<@{person.id}>" in message.text for message in h.hall.messages)


async def test_bots_are_not_greeted(h: Home) -> None:
    robot = h.guild.join("Robot", bot=True)
    kim = h.guild.join("Kim")
    await h.hears(f"<@{kim.id}>")
    await h.settled()
    assert times_greeted(h, robot) == 0


async def test_a_guest_of_a_voice_channel_is_greeted_once_taken_in(h: Home) -> None:
    lee = h.guild.join("Lee", guest=True)
    lee.join_event_again()
    kim = h.guild.join("Kim")
    await h.hears(f"<@{kim.id}>")
    await h.restart()
    await h.settled()
    assert times_greeted(h, lee) == 0
    lee.become_member()
    await h.hears(f"<@{lee.id}>")
    lee.rename("Leonora")
    await h.settled()
    assert times_greeted(h, lee) == 1


async def test_a_list_of_members_that_can_not_be_read_is_read_later(
    h: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[float] = []
    waits, go = asyncio.Event(), asyncio.Event()

    async def pause(seconds: float) -> None:
        told.append(seconds)
        waits.set()
        await go.wait()

    monkeypatch.setattr(core, "_pause", pause)
    await h.settled()
    await h.stop()
    kim = h.guild.join("Kim")
    h.fake.faults.page("GET /guilds/*/members", 403, "<html>Not now</html>")
    await h.start(looks=False)
    async with asyncio.timeout(10):
        await waits.wait()
    assert told == [60]
    go.set()
    await h.hears(f"<@{kim.id}>")


@pytest.mark.parametrize("goes_away", [True, False])
async def test_who_is_let_in_while_nobody_listens_is_greeted(goes_away: bool, h: Home) -> None:
    h.guild.features.append("MEMBER_VERIFICATION_GATE_ENABLED")
    h.fake.world.guild_updated(h.guild)
    kim, lou = h.guild.join("Kim", pending=True), h.guild.join("Lou", pending=True)
    await h.joined(kim)
    await h.joined(lou)
    if goes_away:
        await h.stop()
        kim.pass_screening()
        await h.start()
    else:
        kim.pending = False  # the news of it is lost with the session
        h.fake.gateway.forget_sessions()
        await h.fake.ready()
    await h.hears(f"<@{kim.id}>")
    await h.restart()
    lou.pass_screening()
    await h.hears(f"<@{lou.id}>")
    await h.settled()
    assert (times_greeted(h, kim), times_greeted(h, lou)) == (1, 1)


async def test_a_server_that_removed_kith_while_it_was_away_is_met_for_the_first_time(h: Home) -> None:
    await h.settled()
    await h.stop()
    h.guild.remove_bot()
    meanwhile = [h.guild.join(f"Meanwhile {number}") for number in range(2)]
    h.guild.add_bot()
    await h.start()
    kim = h.guild.join("Kim")
    await h.hears(f"<@{kim.id}>")
    await h.stop()
    later = h.guild.join("Later")
    await h.start()
    await h.hears(f"<@{later.id}>")
    await h.settled()
    assert [times_greeted(h, person) for person in (*meanwhile, kim, later)] == [0, 0, 1, 1]


async def test_who_came_and_went_while_a_session_was_lost_is_found_at_the_next(h: Home) -> None:
    kim = h.guild.join("Kim")
    greeting = await h.hears(f"<@{kim.id}>")
    h.fake.gateway.forget_sessions()
    kim.leave()
    noor = h.guild.join("Noor")
    await h.hears(f"<@{noor.id}>")
    await h.fake.until(lambda: greeting.deleted)
    await h.settled()
    assert times_greeted(h, noor) == 1


async def test_who_came_unseen_is_found_once_a_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "_DAY", 0.1)
    async with home(tmp_path) as h:
        noor = sneaks_in(h.guild, "Noor")
        await h.hears(f"<@{noor.id}>")
        looked = len(h.fake.sent("GET /guilds/{guild_id}/members"))
        await h.fake.until(lambda: len(h.fake.sent("GET /guilds/{guild_id}/members")) > looked + 2)
        await h.settled()
        assert times_greeted(h, noor) == 1


async def test_a_join_that_is_told_after_it_was_found_counts_once(h: Home) -> None:
    noor = sneaks_in(h.guild, "Noor")
    h.fake.world.set_outage(h.guild, True)
    h.fake.world.set_outage(h.guild, False)
    await h.hears(f"<@{noor.id}>")
    for _ in range(3):
        noor.join_event_again(after_ms=0)
    noor.join_event_again()
    kim = h.guild.join("Kim")
    await h.hears(f"<@{kim.id}>")
    await h.settled()
    assert times_greeted(h, noor) == 1


@pytest.mark.parametrize("times", range(1, 6))
async def test_told_again_and_again_and_in_disorder_all_happens_once(h: Home, times: int) -> None:
    h.fake.gateway.repeat(times)
    gone = h.guild.join("Gone")
    farewell = await h.hears(f"<@{gone.id}>")
    with h.fake.gateway.held(shuffle=random.Random(times)):
        kim = h.guild.join("Kim")
        screened = h.guild.join("Lou", pending=True)
        screened.pass_screening()
        gone.leave()
        used = await h.ada.slash("shoutout", to=h.mina, why=WHY, channel=h.wall)
    await used.answered()
    said = await h.hears("stayed late")
    await h.fake.until(lambda: farewell.deleted)
    with h.fake.gateway.held(shuffle=random.Random(times)):
        pressed = await h.admin.click(said, "Me too")
    await pressed.answered()
    await h.hears(f"<@{kim.id}>")
    await h.hears(f"<@{screened.id}>")
    await h.settled()
    assert times_greeted(h, kim) == times_greeted(h, screened) == 1
    assert sum("stayed late" in message.text for message in h.wall.messages) == 1
    assert said.edits == 1
    assert used.followups == pressed.followups == []
    assert h.mina.dm.messages == h.ada.dm.messages == []


async def test_servers_of_all_shards_are_looked_after(tmp_path: Path) -> None:
    async with FakeDiscord(shards=3) as fake:
        made = Home(fake, tmp_path)
        others = [fake.guild(f"Other {number}", system_channel="hall") for number in range(5)]
        await made.start()
        try:
            await fake.ready(shards=3)
            await made.open()
            for number, guild in enumerate(others):
                boss = guild.join("Boss", roles=(guild.role("Bosses", P.MANAGE_GUILD),))
                setup = await (await boss.slash("kith-admin setup")).answered()
                assert setup.response is not None
                await (await boss.click(setup.response, "Go")).answered()
                kim = guild.join(f"Kim {number}")
                [greeting] = await fake.until(lambda guild=guild: greetings_in(guild, "Kim"))
                assert greeting.pinged == {kim.id}
            assert {shard_of(fake, guild) for guild in others} == {0, 1, 2}
            fake.gateway.forget_sessions()
            lou = made.guild.join("Lou")
            await made.hears(f"<@{lou.id}>")
        finally:
            await made.stop()


def greetings_in(guild: Guild, name: str) -> list[Message]:
    people = {person.id for person in guild.members if person.name.startswith(name)}
    return [message for message in guild.channel("hall").messages if message.pinged & people]


def shard_of(fake: FakeDiscord, guild: Guild) -> int:
    return (guild.id >> 22) % fake.shards


async def test_bots_do_not_count_as_people_once_all_were_listed() -> None:
    async with town() as here:
        guild = here.guild
        guild.join("Robot", bot=True)
        await here.fake.gateway.caught_up()
        assert [one.bot async for one in here.platform.members(here.space)].count(True) == 2
        passing = guild.join("Passing", bot=True)
        kim = guild.join("Kim")
        assert await counted(here, kim) == 4  # with the owner, Ada and Mina
        passing.leave()
        kim.leave()
        assert await counted(here, guild.join("Lou")) == 4


async def counted(here: Town, person: Person) -> int | None:
    """How many there are, as it is told with somebody's join."""

    def is_theirs(event: MemberJoined) -> bool:
        return event.member.id == str(person.id)

    return (await here.sink.wait(MemberJoined, is_theirs)).count
