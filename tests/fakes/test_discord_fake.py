"""Real discord.py against the fake: log in, post, edit, read back, react, upload, open threads."""

from __future__ import annotations

import io
from typing import Any

import discord
import pytest

from tests.fakes.discord import NO_SPECS, FakeDiscord, Heard, P, Upload, aimed_at, running, specs_found

needs_specs = pytest.mark.skipif(not specs_found(), reason=NO_SPECS)


async def test_discord_py_logs_in_and_sees_its_guilds(d: FakeDiscord) -> None:
    guild = d.guild("Workshop")
    guild.channel("hello")
    client = Heard()
    async with running(client, d):
        [seen] = client.guilds
        assert (seen.id, seen.name) == (guild.id, "Workshop")
        assert [channel.name for channel in seen.channels] == ["hello"]
        assert seen.me.guild_permissions.send_messages
        assert client.user is not None
        assert client.user.id == d.bot.id
        assert client.application is not None
        assert client.application.flags.gateway_guild_members_limited
    assert d.refusals == []


async def test_a_wrong_token_is_refused(d: FakeDiscord) -> None:
    with aimed_at(d):
        async with Heard() as client:
            with pytest.raises(discord.LoginFailure):
                await client.login("another")
    assert d.limits.invalid_requests == 1


async def test_posts_edits_and_deletes(d: FakeDiscord) -> None:
    channel = d.guild().channel("hello")
    client = Heard()
    async with running(client, d):
        place = client.get_partial_messageable(channel.id)
        posted = await place.send("one", embed=discord.Embed(title="T", description="D"))
        assert channel.last.text == "one\nT\nD"
        assert (await client.hears("message"))[0].content == "one"
        await posted.edit(content="two", embed=None)
        assert channel.texts == ["two"]
        assert channel.last.edits == 1
        again = await place.fetch_message(posted.id)
        assert again.edited_at is not None
        await posted.delete()
        assert channel.messages == []
        with pytest.raises(discord.NotFound):
            await place.fetch_message(posted.id)
    assert [refused.error.code for refused in d.refusals] == [10008]


async def test_uploads_are_served_again(d: FakeDiscord) -> None:
    channel = d.guild().channel("hello")
    client = Heard()
    async with running(client, d):
        file = discord.File(io.BytesIO(b"a picture"), "card.png", description="A card")
        posted = await client.get_partial_messageable(channel.id).send("look", files=[file])
        [attachment] = channel.last.attachments
        assert (attachment.filename, attachment.description, attachment.data) == (
            "card.png",
            "A card",
            b"a picture",
        )
        assert await posted.attachments[0].read() == b"a picture"


async def test_components_v2_come_back_as_they_were_sent(d: FakeDiscord) -> None:
    channel = d.guild().channel("hello")
    client = Heard()
    view = discord.ui.LayoutView(timeout=None)
    file = discord.File(io.BytesIO(b"a picture"), "card.png")
    button: discord.ui.Button[Any] = discord.ui.Button(label="Me too", custom_id="me-too")
    gallery: discord.ui.MediaGallery[Any] = discord.ui.MediaGallery(
        discord.MediaGalleryItem("attachment://card.png", description="A card")
    )
    container: discord.ui.Container[Any] = discord.ui.Container(
        discord.ui.TextDisplay("Well done"), gallery, discord.ui.ActionRow(button), accent_colour=0x112233
    )
    view.add_item(container)
    async with running(client, d):
        posted = await client.get_partial_messageable(channel.id).send(view=view, files=[file])
        message = channel.last
        assert message.text == "Well done"
        assert message.labels == ["Me too"]
        assert message.pictures[0]["description"] == "A card"
        assert message.pictures[0]["url"].startswith(d.cdn_url)
        assert posted.flags.components_v2
        assert isinstance(posted.components[0], discord.Container)
    assert d.refusals == []


async def test_history_in_both_directions(d: FakeDiscord) -> None:
    guild = d.guild()
    channel = guild.channel("hello")
    ana = guild.join("Ana")
    said = [await ana.say(channel, f"line {number}") for number in range(120)]
    client = Heard()
    async with running(client, d):
        place = client.get_partial_messageable(channel.id)
        newest = [message.id async for message in place.history(limit=150)]
        assert newest == [message.id for message in reversed(said)]
        after = discord.Object(said[100].id)
        assert [m.id async for m in place.history(after=after, oldest_first=True)] == [
            m.id for m in said[101:]
        ]
        before = discord.Object(said[3].id)
        assert [m.id async for m in place.history(before=before)] == [m.id for m in reversed(said[:3])]
        around = [m.id async for m in place.history(around=discord.Object(said[50].id), limit=5)]
        assert sorted(around) == [m.id for m in said[48:53]]


async def test_history_without_the_permission_is_empty(d: FakeDiscord) -> None:
    guild = d.guild()
    channel = guild.channel("hello")
    await guild.join("Ana").say(channel, "hi")
    channel.overwrite(guild.everyone, deny=P.READ_MESSAGE_HISTORY)
    guild.roles[min(guild.bot.roles)].permissions &= ~int(P.READ_MESSAGE_HISTORY)
    client = Heard()
    async with running(client, d):
        assert [m async for m in client.get_partial_messageable(channel.id).history()] == []


async def test_people_talk_react_and_leave(d: FakeDiscord) -> None:
    guild = d.guild()
    channel = guild.channel("hello")
    client = Heard()
    async with running(client, d):
        ana = guild.join("Ana")
        assert (await client.hears("member_join"))[0].id == ana.id
        first = await ana.say(channel, "hi all")
        assert (await client.hears("message"))[0].content == "hi all"
        answer = await ana.say(channel, "me again", reply_to=first)
        [_, heard] = await client.hears("message", 2)
        assert heard.reference.message_id == first.id
        assert answer.kind == 19
        await ana.react(first, "❤")
        assert str((await client.hears("raw_reaction_add"))[0].emoji) == "❤"
        await ana.unreact(first, "❤")
        await client.hears("raw_reaction_remove")
        await ana.edit(first, "hello all")
        assert (await client.hears("raw_message_edit"))[0].data["content"] == "hello all"
        await ana.delete(answer)
        assert (await client.hears("raw_message_delete"))[0].message_id == answer.id
        ana.leave()
        assert (await client.hears("raw_member_remove"))[0].user.id == ana.id


async def test_the_bot_reacts_and_counts(d: FakeDiscord) -> None:
    guild = d.guild()
    channel = guild.channel("hello")
    ana = guild.join("Ana")
    said = await ana.say(channel, "hi")
    await ana.react(said, "👋")
    client = Heard()
    async with running(client, d):
        message = await client.get_partial_messageable(channel.id).fetch_message(said.id)
        await message.add_reaction("👋")
        assert said.reactions == {"👋": {ana.id, d.bot.id}}
        message = await message.fetch()
        [reaction] = message.reactions
        assert (reaction.count, reaction.me) == (2, True)
        assert {user.id async for user in reaction.users()} == {ana.id, d.bot.id}
        await message.remove_reaction("👋", discord.Object(d.bot.id))
        assert said.reactions == {"👋": {ana.id}}
        with pytest.raises(discord.NotFound):
            await message.add_reaction("hello")


async def test_threads_on_messages_in_channels_and_in_forums(d: FakeDiscord) -> None:
    guild = d.guild(bot_permissions=d.guild("other").everyone.permissions | P.CREATE_PRIVATE_THREADS)
    channel, forum = guild.channel("hello"), guild.channel("forum", kind=15)
    client = Heard()
    async with running(client, d):
        place = client.get_channel(channel.id)
        assert isinstance(place, discord.TextChannel)
        message = await place.send("talk about it")
        thread = await message.create_thread(name="About it")
        await thread.send("inside")
        assert channel.last.thread is not None
        assert channel.last.thread.texts == ["inside"]
        private = await place.create_thread(name="Quiet")
        assert guild.threads[private.id].kind == 12
        board = client.get_channel(forum.id)
        assert isinstance(board, discord.ForumChannel)
        post = await board.create_thread(name="Question", content="How?")
        assert guild.threads[post.thread.id].texts == ["How?"]
        await thread.edit(archived=True, locked=True)
        assert guild.threads[thread.id].archived
        await client.hears("thread_update")
    assert d.refusals == []


async def test_direct_messages_and_their_refusals(d: FakeDiscord) -> None:
    guild = d.guild()
    ana, closed = guild.join("Ana"), guild.join("Mina", takes_dms=False)
    stranger = d.user("Nobody")
    client = Heard()
    async with running(client, d):
        user = await client.fetch_user(ana.id)
        await user.send("hello you")
        assert ana.dm.texts == ["hello you"]
        for person, code in ((closed, 50007), (stranger, 50278)):
            account = await client.fetch_user(person.id)
            with pytest.raises(discord.Forbidden) as refused:
                await account.send("hello?")
            assert refused.value.code == code
        d.quarantine()
        jo = await client.fetch_user(guild.join("Jo").id)
        with pytest.raises(discord.Forbidden) as refused:
            await jo.send("hello?")
        assert refused.value.code == 40003


async def test_direct_messages_are_heard_with_their_words(d: FakeDiscord) -> None:
    ana = d.guild().join("Ana")
    client = Heard(intents=discord.Intents(guilds=True, dm_messages=True))
    async with running(client, d):
        await ana.say(ana.dm, "psst", files=(Upload("note.txt", b"x"),))
        [heard] = await client.hears("message")
        assert (heard.content, heard.guild, len(heard.attachments)) == ("psst", None, 1)


async def test_members_are_paged_over_rest(d: FakeDiscord) -> None:
    guild = d.guild(crowd=2500)
    ana = guild.join("Ana")
    client = Heard()
    async with running(client, d):
        [seen] = client.guilds
        assert seen.member_count == 2503
        ids = [member.id async for member in seen.fetch_members(limit=None)]
        assert len(ids) == len(set(ids)) == 2503
        assert ana.id in ids
        assert (await seen.fetch_member(ana.id)).display_name == "Ana"
        assert [m.id for m in await seen.query_members("an", limit=5)] == [ana.id]


async def test_roles_bans_and_settings(d: FakeDiscord) -> None:
    everything = P.MANAGE_ROLES | P.BAN_MEMBERS | P.MANAGE_GUILD | P.MANAGE_NICKNAMES | P.VIEW_CHANNEL
    guild = d.guild(system_channel="hello", join_messages=True, bot_permissions=everything)
    top = guild.role("above the bot")
    low = guild.role("helper", position=0)
    guild.roles[min(guild.bot.roles)].position = 5
    top.position = 9
    ana = guild.join("Ana")
    client = Heard()
    async with running(client, d):
        [seen] = client.guilds
        member = await seen.fetch_member(ana.id)
        await member.add_roles(discord.Object(low.id))
        assert ana.roles == {low.id}
        with pytest.raises(discord.Forbidden):
            await member.add_roles(discord.Object(top.id))
        await member.edit(nick="Anna")
        assert ana.name == "Anna"
        flags = discord.SystemChannelFlags(join_notifications=False)
        await seen.edit(system_channel_flags=flags)
        assert guild.system_channel_flags & 1
        await member.ban()
        assert ana.id in guild.bans
        assert not ana.present
        await client.hears("raw_member_remove")


@needs_specs
async def test_requests_are_held_against_the_document(d: FakeDiscord) -> None:
    channel = d.guild().channel("hello")
    client = Heard()
    async with running(client, d):
        view = discord.ui.View(timeout=None)
        button: discord.ui.Button[Any] = discord.ui.Button(label="x")
        button._underlying.label = "x" * 81
        view.add_item(button)
        with pytest.raises(discord.HTTPException) as refused:
            await client.get_partial_messageable(channel.id).send("hi", view=view)
    assert refused.value.code == 50035
    assert "components.0.components.0.label: Must be 80 or fewer in length." in str(refused.value)
    assert channel.messages == []
