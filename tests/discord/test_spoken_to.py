"""Somebody on Discord speaks to Kith as to a person, in a channel or privately."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.discord.home import Home, home
from tests.fakes.discord import FakeDiscord, Message, P
from tests.fakes.discord.intents import Intent
from tests.fakes.discord.permissions import Overwrite


@pytest_asyncio.fixture
async def h(tmp_path: Path) -> AsyncIterator[Home]:
    async with home(tmp_path, answer_mentions=True) as made:
        yield made
        assert made.fake.crashes == []


def said(h: Home) -> list[Message]:
    """What Kith said in the server's channels."""
    bot = h.fake.world.bot
    return [one for channel in h.guild.channels.values() for one in channel.messages if one.author is bot]


async def test_who_names_it_is_told_where_help_is_once(h: Home) -> None:
    at_kith = f"<@{h.fake.world.bot.id}>"
    asked = await h.ada.say(h.wall, f"{at_kith} hello!")
    answer = await h.hears("what I can do")
    assert (answer.channel, answer.reply_to, answer.pinged) == (h.wall, asked.id, set())
    await h.ada.say(h.hall, f"Are you there, {at_kith}?")
    await h.ada.say(h.wall, "Thanks!", reply_to=answer)
    await h.settled()
    assert said(h) == [answer]
    await h.mina.say(h.hall, f"And for me, {at_kith.replace('@', '@!')}?")
    await h.fake.until(lambda: len(said(h)) == 2)


async def test_its_role_stands_for_it(tmp_path: Path) -> None:
    """Discord offers both when @ is typed. Without the content intent the words stay hidden, the role not."""
    for switches in (("members", "message_content"), ("members",)):
        async with FakeDiscord(switches=switches) as fake:
            made = Home(fake, tmp_path / str(len(switches)), answer_mentions=True)
            own = next(role for role in made.guild.roles.values() if role.managed)
            own.mentionable = True
            other = made.guild.role("Gardeners", mentionable=True)
            await made.start()
            try:
                await made.open()
                await made.ada.say(made.wall, f"{other.mention} hello!")
                asked = await made.mina.say(made.wall, f"{own.mention} hello!")
                answer = await made.hears("what I can do")
                assert (answer.reply_to, len(said(made))) == (asked.id, 1)
            finally:
                await made.stop()
            assert fake.crashes == []


async def test_other_bots_are_never_answered(h: Home) -> None:
    at_kith = f"<@{h.fake.world.bot.id}>"
    robot = h.guild.join(h.fake.world.create_user("Robot", bot=True))
    await robot.say(h.wall, f"{at_kith} hello from me")
    await robot.say(robot.dm, "hello")
    await h.settled()
    assert said(h) == []
    assert len(robot.dm.messages) == 1


async def test_a_role_that_is_made_for_it_later_stands_for_it_too(h: Home) -> None:
    made = h.fake.world.create_role(
        h.guild, "Kith", managed=True, bot_id=h.fake.world.bot.id, mentionable=True
    )
    asked = await h.ada.say(h.wall, f"{made.mention} hello!")
    answer = await h.hears("what I can do")
    assert answer.reply_to == asked.id


async def test_what_discord_itself_says_is_not_answered(h: Home) -> None:
    told = {
        "id": str(h.fake.world.snowflakes.next()),
        "type": 0,
        "channel_id": str(h.wall.id),
        "guild_id": str(h.guild.id),
        "author": {"id": "643945264868098049", "username": "Discord", "system": True},
        "content": f"<@{h.fake.world.bot.id}> was mentioned",
    }
    h.fake.gateway.dispatch_raw("MESSAGE_CREATE", told, h.guild)
    await h.settled()
    assert said(h) == []


async def test_where_it_may_not_write_nothing_is_said(h: Home) -> None:
    h.fake.world.overwrite(h.wall, Overwrite(h.guild.bot.id, 1, deny=P.SEND_MESSAGES))
    await h.ada.say(h.wall, f"<@{h.fake.world.bot.id}> hello")
    await h.settled()
    assert said(h) == []
    log = await (await h.admin.slash("kith log")).answered()
    assert "may not post" not in log.text


async def test_without_the_content_intent_words_to_it_are_heard(tmp_path: Path) -> None:
    async with FakeDiscord(switches=("members",)) as fake:
        made = Home(fake, tmp_path, answer_mentions=True)
        await made.start()
        try:
            await made.open()
            await made.ada.say(made.wall, f"<@{fake.world.bot.id}> hello!")
            await made.hears("what I can do")
        finally:
            await made.stop()


async def test_unless_it_is_asked_for_messages_in_servers_are_not_heard(tmp_path: Path) -> None:
    async with home(tmp_path) as made:
        (session,) = made.fake.gateway.live
        assert not session.intents & Intent.GUILD_MESSAGES
        await made.ada.say(made.wall, f"<@{made.fake.world.bot.id}> hello!")
        await made.settled()
        assert said(made) == []
        await made.ada.say(made.ada.dm, "hello?")
        await made.fake.until(lambda: len(made.ada.dm.messages) == 2)


async def test_a_private_message_finds_the_server_that_its_person_is_in(h: Home) -> None:
    town = h.fake.guild("Town", system_channel="square")
    lou = town.join("Lou")
    await lou.say(lou.dm, "hello?")
    await h.fake.until(lambda: len(lou.dm.messages) == 2)
    assert "What you can do here" in lou.dm.messages[-1].text
    await lou.say(lou.dm, "and what else?")
    await h.settled()
    assert len(lou.dm.messages) == 3
    assert len(h.fake.sent("GET /guilds/{guild_id}/members/{user_id}")) == 2


async def test_after_a_restart_too(h: Home) -> None:
    await h.restart()
    await h.ada.say(h.ada.dm, "hello?")
    await h.fake.until(lambda: len(h.ada.dm.messages) == 2)


async def test_who_shares_no_server_with_it_is_not_answered(h: Home) -> None:
    await (await h.ada.slash("kith help", channel=h.hall)).answered()
    h.ada.leave()
    await h.settled()
    await h.ada.say(h.ada.dm, "hello?")
    await h.ada.say(h.ada.dm, "hello??")
    await h.settled()
    assert len(h.ada.dm.messages) == 2
    assert len(h.fake.sent("GET /guilds/{guild_id}/members/{user_id}")) == 1
