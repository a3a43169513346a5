"""Many people: ten thousand joins in a minute, and a server of a hundred thousand."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bot.clock import TravelClock
from storage.port import Tx
from tests.discord.home import home
from tests.discord.resident import resident
from tests.fakes.discord import FakeDiscord, P, RateLimits

MINUTE = 60_000
SLICE = 250
"""Joins that come at once; ten thousand a minute are fewer than that each second."""


async def test_a_burst_of_joins_is_greeted_with_one_message(tmp_path: Path) -> None:
    clock = TravelClock()
    async with home(tmp_path, clock=clock) as h:
        people = [h.guild.join(f"N{number}") for number in range(30)]
        for person in people:
            await h.joined(person)
        await h.settled()
        assert len(h.hall.messages) == 3
        clock.move_to(clock.now() + MINUTE)
        together = await h.hears("all here")
        assert together.pinged == {person.id for person in people[3:23]}
        assert "and 7 more" in together.text
        await h.settled()
        assert len(h.hall.messages) == 4


async def test_who_goes_within_a_day_is_named_no_more_among_the_others(tmp_path: Path) -> None:
    clock = TravelClock()
    async with home(tmp_path, clock=clock) as h:
        people = [h.guild.join(f"N{number}") for number in range(6)]
        for person in people:
            await h.joined(person)
        clock.move_to(clock.now() + MINUTE)
        together = await h.hears("all here")
        people[4].leave()
        await h.fake.until(lambda: f"<@{people[4].id}>" not in together.text)
        assert f"<@{people[3].id}> and <@{people[5].id}>" in together.text
        assert together.edits == 1
        await h.restart()
        people[3].leave()
        await h.fake.until(lambda: f"Hello <@{people[5].id}>." in together.text)
        people[5].leave()
        await h.fake.until(lambda: together.deleted)
        people[4].rejoin()
        again = await h.hears(f"<@{people[4].id}>")
        assert again is not together


async def test_who_goes_later_stays_named_and_an_unnamed_one_changes_nothing(tmp_path: Path) -> None:
    clock = TravelClock()
    async with home(tmp_path, clock=clock) as h:
        people = [h.guild.join(f"N{number}") for number in range(26)]
        for person in people:
            await h.joined(person)
        clock.move_to(clock.now() + MINUTE)
        together = await h.hears("and 3 more")
        people[25].leave()
        people[3].leave()
        await h.fake.until(lambda: "and 1 more" in together.text)
        assert together.edits == 1
        clock.move_to(clock.now() + 24 * 60 * MINUTE)
        people[4].leave()
        lou = h.guild.join("Lou")
        await h.hears(f"<@{lou.id}>")
        await h.settled()
        assert f"<@{people[4].id}>" in together.text


async def test_a_burst_of_joins_keeps_nobody_waiting_who_uses_a_command(tmp_path: Path) -> None:
    async def greeted(tx: Tx) -> int:
        row = await tx.one("SELECT COUNT(*) AS people FROM welcome_greeting")
        return row["people"] if row is not None else 0

    async with home(tmp_path) as h:
        for number in range(1_000):
            h.guild.join(f"N{number}")
        asked = await h.ada.slash("kith me", within=20)
        await asked.answered(20)
        assert h.core is not None
        assert await h.core.engine.read(greeted) < 1_000


@pytest.mark.skipif(sys.platform == "win32", reason="ends Kith by a signal, which Windows has not")
async def test_ten_thousand_joins_in_a_minute(tmp_path: Path) -> None:
    async with FakeDiscord(record=False, validate=False, limits=RateLimits.real()) as fake:
        guild = fake.guild("Workshop", system_channel="hall")
        admin = guild.join("Robin", roles=(guild.role("Admins", P.MANAGE_GUILD),))
        async with resident(fake, tmp_path) as kith:
            setup = await (await admin.slash("kith-admin setup", within=20)).answered(20)
            assert setup.response is not None
            await (await admin.click(setup.response, "Go")).answered(20)
            await kith.until("space", 1, "baseline_at IS NOT NULL AND live_since IS NOT NULL")
            for number in range(500):
                guild.join(f"W{number}")
            await kith.until("welcome_greeting", 500)
            before = kith.memory
            kith.most = 0.0
            for slice_ in range(10_000 // SLICE):
                for number in range(SLICE):
                    guild.join(f"N{slice_}-{number}")
                await kith.until("welcome_greeting", 500 + (slice_ + 1) * SLICE)
            assert kith.most < before + 15
            # three singly, then all together a minute after the first of them
            posts = guild.channel("hall").messages
            assert 3 <= len(posts) <= 5
            assert fake.limits.global_refusals == 0
            assert fake.limits.bucket_refusals == 0


@pytest.mark.skipif(sys.platform == "win32", reason="ends Kith by a signal, which Windows has not")
async def test_a_server_of_a_hundred_thousand(tmp_path: Path) -> None:
    async with FakeDiscord(record=False, validate=False) as fake:
        guild = fake.guild("Workshop", system_channel="hall")
        async with resident(fake, tmp_path) as kith:
            await kith.until("space", 1, "baseline_at IS NOT NULL")
            before = kith.memory
            kith.most = 0.0
            town = fake.guild("Town", system_channel="hall", crowd=100_000)
            fake.world.guild_updated(town)
            await kith.until("space", 2, "baseline_at IS NOT NULL", within=120)
            assert kith.count("member", f"space = 'discord:{town.id}'") > 100_000
            assert kith.most < before + 25
            assert guild.channel("hall").messages == town.channel("hall").messages == []
