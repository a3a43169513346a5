"""The fake's gateway with real discord.py, and with a bare socket for what discord.py never does."""

from __future__ import annotations

import json
import random
from typing import Any

import aiohttp
import discord
import pytest

from tests.fakes.discord import FakeDiscord, Heard, aimed_at, running, uncached


async def test_a_resume_replays_what_was_missed(d: FakeDiscord) -> None:
    guild = d.guild()
    client = Heard()
    async with running(client, d):
        d.gateway.disconnect(4000)
        missed = [guild.join("Ana"), guild.join("Mina")]
        joins = await client.hears("member_join", 2)
        assert [member.id for member in joins] == [member.id for member in missed]
        await client.hears("resumed")
        assert (d.gateway.identifies, d.gateway.resumes) == (1, 1)
        after = guild.join("Jo")
        assert (await client.hears("member_join", 3))[-1].id == after.id


async def test_asking_for_a_reconnect_resumes(d: FakeDiscord) -> None:
    guild = d.guild()
    client = Heard()
    async with running(client, d):
        d.gateway.request_reconnect()
        await client.hears("resumed")
        guild.join("Ana")
        await client.hears("member_join")
        assert d.gateway.identifies == 1


async def test_an_invalid_session_loses_the_gap(d: FakeDiscord) -> None:
    guild = d.guild()
    client = Heard()
    async with running(client, d):
        d.gateway.invalidate(resumable=False)
        guild.join("Ana")
        await client.hears("ready", 2)
        assert client.of("member_join") == []
        assert (d.gateway.identifies, d.gateway.resumes) == (2, 0)
        [seen] = client.guilds
        assert seen.member_count == 3


async def test_an_invalid_but_resumable_session_resumes(d: FakeDiscord) -> None:
    d.guild()
    client = Heard()
    async with running(client, d):
        d.gateway.invalidate(resumable=True)
        await client.hears("resumed")
        assert d.gateway.identifies == 1


async def test_forgotten_sessions_begin_anew(d: FakeDiscord) -> None:
    d.guild()
    client = Heard()
    async with running(client, d):
        d.gateway.forget_sessions()
        await client.hears("ready", 2)
        assert (d.gateway.identifies, d.gateway.resumes) == (2, 0)


async def test_a_half_open_connection_is_noticed() -> None:
    async with FakeDiscord(heartbeat_interval=0.05) as d:
        guild = d.guild()
        client = Heard(heartbeat_timeout=0.5)
        async with running(client, d):
            d.gateway.half_open()
            guild.join("Ana")
            await client.hears("resumed")
            await client.hears("member_join")


async def test_events_held_back_repeated_and_shuffled(d: FakeDiscord) -> None:
    guild = d.guild()
    client = Heard()
    async with running(client, d):
        with d.gateway.held(backwards=True):
            ana, mina = guild.join("Ana"), guild.join("Mina")
            await d.until(lambda: True)
        joins = await client.hears("member_join", 2)
        assert [member.id for member in joins] == [mina.id, ana.id]
        d.gateway.repeat(3, "GUILD_MEMBER_REMOVE")
        with d.gateway.held(shuffle=random.Random(1)):
            ana.leave()
            mina.leave()
        left = await client.hears("raw_member_remove", 6)
        assert sorted(event.user.id for event in left) == sorted([ana.id, mina.id] * 3)
        d.gateway.repeat(1, "GUILD_MEMBER_REMOVE")
        ana.rejoin()
        ana.join_event_again()
        [*_, first, second] = await client.hears("member_join", 4)
        assert (second.joined_at - first.joined_at).total_seconds() == pytest.approx(0.4)


async def test_screening_comes_as_an_update(d: FakeDiscord) -> None:
    guild = d.guild()
    client = Heard()
    async with running(client, d):
        ana = guild.join("Ana", pending=True)
        assert (await client.hears("member_join"))[0].pending
        ana.pass_screening()
        [update] = await client.hears_raw("GUILD_MEMBER_UPDATE")
        assert update["pending"] is False


async def test_without_the_content_intent_words_are_left_out() -> None:
    async with FakeDiscord(switches=("members",)) as d:
        guild = d.guild()
        channel = guild.channel("hello")
        ana = guild.join("Ana")
        client = Heard(intents=discord.Intents(guilds=True, guild_messages=True, dm_messages=True))
        async with running(client, d):
            await ana.say(channel, "secret")
            await ana.say(channel, f"hello {d.bot.mention}")
            await ana.say(ana.dm, "private")
            await client.get_partial_messageable(channel.id).send("mine")
            heard = [message.content for message in await client.hears("message", 4)]
            assert heard == ["", f"hello {d.bot.mention}", "private", "mine"]
            read = [message.content async for message in client.get_partial_messageable(channel.id).history()]
            assert read == ["mine", f"hello {d.bot.mention}", ""]


async def test_an_intent_whose_switch_is_off_is_refused() -> None:
    async with FakeDiscord(switches=()) as d:
        d.guild()
        client = Heard()
        with aimed_at(d):
            async with client:
                with pytest.raises(discord.PrivilegedIntentsRequired):
                    await client.start(d.token)


async def test_flipping_a_switch_ends_the_bot(d: FakeDiscord) -> None:
    d.guild()
    client = Heard()
    async with running(client, d) as task:
        d.switch("members", on=False)
        with pytest.raises(discord.PrivilegedIntentsRequired):
            await task


async def test_what_the_bot_cannot_see_it_does_not_hear(d: FakeDiscord) -> None:
    guild = d.guild()
    hidden, shown = guild.channel("staff", hidden=True), guild.channel("hello")
    ana = guild.join("Ana", roles=(guild.role("staff", 1 << 3),))
    client = Heard()
    async with running(client, d):
        await ana.say(hidden, "psst")
        await ana.say(shown, "hello")
        assert [message.content for message in await client.hears("message")] == ["hello"]


async def test_guilds_come_go_and_fail(d: FakeDiscord) -> None:
    first = d.guild("first")
    client = Heard()
    async with running(client, d):
        second = d.guild("second")
        assert [guild.id for guild in await client.hears("guild_join")] == [second.id]
        first.remove_bot()
        assert [guild.id for guild in await client.hears("guild_remove")] == [first.id]
        d.world.set_outage(second, True)
        await client.hears("guild_unavailable")
        d.world.set_outage(second, False)
        await client.hears("guild_available")
        first.add_bot()
        assert len(await client.hears("guild_join", 2)) == 2


async def test_a_hundred_thousand_members_cost_little(d: FakeDiscord) -> None:
    guild = d.guild(crowd=100_000)
    client = Heard()
    async with running(client, d):
        [seen] = client.guilds
        assert (seen.member_count, seen.large, len(seen.members)) == (100_002, True, 1)
        assert len(list(guild.members)) == 2
        one = guild.members.page(0, 50_000)[-1]
        assert (await seen.fetch_member(one.id)).id == one.id
        assert len(guild.members) == 100_002
        guild.person(one.id).leave()
        assert len(guild.members) == 100_001
        assert (await client.hears("raw_member_remove"))[0].user.id == one.id


async def test_members_come_in_chunks(d: FakeDiscord) -> None:
    d.guild(crowd=2400)
    client = Heard()
    async with running(client, d):
        [seen] = client.guilds
        members = await seen.chunk(cache=False)
        assert len(members) == len({member.id for member in members}) == 2402


async def test_several_shards_share_the_guilds() -> None:
    class Sharded(discord.AutoShardedClient):
        async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
            """Without the five seconds that discord.py waits between shards."""

    async with FakeDiscord(shards=2) as d:
        guilds = [d.guild(f"guild {number}") for number in range(4)]
        client = Sharded(**uncached())
        async with running(client, d):
            assert len(d.gateway.live) == 2
            assert {guild.id for guild in client.guilds} == {guild.id for guild in guilds}
            shards = {guild.shard_id for guild in client.guilds}
            assert shards == {0, 1}


async def test_the_last_session_start_is_the_last() -> None:
    async with FakeDiscord(session_starts=1) as d:
        d.guild()
        client = Heard()
        async with running(client, d) as task:
            d.gateway.invalidate()
            with pytest.raises(discord.ConnectionClosed) as closed:
                await task
            assert closed.value.code == 4004


async def test_what_discord_may_invent_tomorrow(d: FakeDiscord) -> None:
    guild = d.guild()
    client = Heard()
    async with running(client, d):
        d.gateway.dispatch_raw("TEA_TIME", {"guild_id": str(guild.id), "kettle": 1}, guild)
        await client.hears_raw("TEA_TIME")
        guild.join("Ana")
        await client.hears("member_join")


async def test_a_revoked_token_ends_the_bot(d: FakeDiscord) -> None:
    channel = d.guild().channel("hello")
    client = Heard()
    async with running(client, d) as task:
        d.revoke_token()
        with pytest.raises(discord.ConnectionClosed) as closed:
            await task
        assert closed.value.code == 4004
        async with aiohttp.ClientSession(headers={"Authorization": f"Bot {client.http.token}"}) as session:
            answer = await session.get(f"{d.api_url}/channels/{channel.id}")
            assert answer.status == 401


async def test_sessions_of_killed_processes_do_not_pile_up(d: FakeDiscord) -> None:
    async with aiohttp.ClientSession() as session:
        for number in range(8):
            ws = await session.ws_connect(f"{d.gateway_url}?v=10&encoding=json")
            await ws.send_json(_identify(d))
            await d.until(lambda number=number: d.gateway.identifies == number + 1)
            response = ws._response
            assert response.connection is not None
            assert response.connection.transport is not None
            response.connection.transport.abort()
            await d.until(lambda: not d.gateway.live)
            await ws.close()
    assert len(d.gateway.sessions) <= 5


async def _spoken(d: FakeDiscord, *payloads: Any, query: str = "v=10&encoding=json") -> int | None:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{d.gateway_url}?{query}") as ws,
    ):
        for payload in payloads:
            if isinstance(payload, bytes):
                await ws.send_bytes(payload)
            else:
                await ws.send_str(payload if isinstance(payload, str) else json.dumps(payload))
        async for _ in ws:
            pass
        return ws.close_code


def _identify(d: FakeDiscord, **changes: Any) -> dict[str, Any]:
    properties = {"os": "linux", "browser": "test", "device": "test"}
    return {"op": 2, "d": {"token": d.token, "intents": 1, "properties": properties} | changes}


async def test_close_codes(d: FakeDiscord) -> None:
    assert await _spoken(d, "not json") == 4002
    assert await _spoken(d, b"\x00") == 4002
    assert await _spoken(d, {"op": 99, "d": None}) == 4001
    assert await _spoken(d, {"op": 8, "d": {"guild_id": "1"}}) == 4003
    assert await _spoken(d, _identify(d, token="wrong")) == 4004
    assert await _spoken(d, _identify(d), _identify(d)) == 4005
    assert await _spoken(d, *[{"op": 1, "d": None}] * 121) == 4008
    assert await _spoken(d, _identify(d, shard=[2, 2])) == 4010
    assert await _spoken(d, query="v=4&encoding=json") == 4012
    assert await _spoken(d, _identify(d, intents=1 << 30)) == 4013


async def test_too_few_shards_are_refused() -> None:
    async with FakeDiscord(shards=2, guilds_per_shard=1) as d:
        d.guild("a")
        d.guild("b")
        assert await _spoken(d, _identify(d)) == 4011


async def test_a_closed_session_can_not_be_resumed(d: FakeDiscord) -> None:
    async with aiohttp.ClientSession() as session:
        url = f"{d.gateway_url}?v=10&encoding=json"
        async with session.ws_connect(url) as ws:
            await ws.send_json(_identify(d))
            assert (await ws.receive_json())["op"] == 10
            ready = await ws.receive_json()
            await ws.close(code=1000)
        async with session.ws_connect(url) as ws:
            resume = {"token": d.token, "session_id": ready["d"]["session_id"], "seq": 1}
            await ws.send_json({"op": 6, "d": resume})
            assert (await ws.receive_json())["op"] == 10
            assert await ws.receive_json() == {"op": 9, "d": False, "s": None, "t": None}
