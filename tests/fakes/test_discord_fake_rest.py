"""What the fake refuses, loses, limits and repeats: bare requests, and discord.py where it must cope."""

from __future__ import annotations

import asyncio
import io
import random
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import discord
import pytest

from tests.fakes.discord import (
    NO_SPECS,
    Channel,
    FakeDiscord,
    Guild,
    Heard,
    P,
    RateLimits,
    running,
    specs_found,
)

needs_specs = pytest.mark.skipif(not specs_found(), reason=NO_SPECS)
POSTS = "POST /channels/*/messages"


@pytest.fixture
def guild(d: FakeDiscord) -> Guild:
    return d.guild()


@pytest.fixture
def channel(guild: Guild) -> Channel:
    return guild.channel("hello")


class Api:
    """Bare requests, for what discord.py would not send."""

    def __init__(self, fake: FakeDiscord, session: aiohttp.ClientSession) -> None:
        self.fake = fake
        self._session = session

    async def __call__(
        self, method: str, path: str, body: Any = None, *, token: str | None = None, **options: Any
    ) -> tuple[int, Any]:
        headers = {"Authorization": token or self.fake.authorization}
        async with self._session.request(
            method, self.fake.api_url + path, json=body, headers=headers, **options
        ) as answer:
            is_json = answer.headers.get("Content-Type") == "application/json"
            return answer.status, await answer.json() if is_json else await answer.text()

    async def code(self, method: str, path: str, body: Any = None) -> int:
        """Discord's code, or the status where there is none."""
        status, answer = await self(method, path, body)
        return int(answer["code"]) if status >= 400 else status

    async def mistakes(self, path: str, body: Any, method: str = "POST") -> Any:
        status, answer = await self(method, path, body)
        assert (status, answer["code"]) == (400, 50035)
        return answer["errors"]


@pytest.fixture
async def api(d: FakeDiscord) -> AsyncIterator[Api]:
    async with aiohttp.ClientSession() as session:
        yield Api(d, session)


# Refusals.


async def test_tokens_and_addresses(d: FakeDiscord, api: Api) -> None:
    unauthorized = (401, {"message": "401: Unauthorized", "code": 0})
    for wrong in ("Bot wrong", d.token, f"Bearer {d.token}"):
        assert await api("GET", "/users/@me", token=wrong) == unauthorized
    assert (await api("GET", "/nowhere"))[0] == 404
    assert (await api("PUT", "/users/@me"))[0] == 405
    assert await api.code("GET", "/guilds/1") == 10004
    assert await api.code("GET", "/guilds/x") == 50035
    assert await api.code("GET", "/channels/1") == 10003
    assert await api.code("GET", "/users/1") == 10013
    assert d.limits.invalid_requests == 3


async def test_bodies_that_are_no_json(d: FakeDiscord, channel: Channel) -> None:
    headers = {"Authorization": d.authorization}
    url = f"{d.api_url}/channels/{channel.id}/messages"
    async with aiohttp.ClientSession(headers=headers) as session:
        async with session.post(url, data=b"{", headers={"Content-Type": "application/json"}) as answer:
            assert (answer.status, (await answer.json())["code"]) == (400, 50109)
        async with session.post(url, data=b"x", headers={"Content-Type": "text/plain"}) as answer:
            assert (answer.status, (await answer.json())["code"]) == (400, 50035)
        form = aiohttp.FormData()
        form.add_field("surprise", b"x", filename="x")
        async with session.post(url, data=form) as answer:
            assert (await answer.json())["errors"].keys() == {"surprise"}


async def test_messages_that_are_refused(channel: Channel, api: Api) -> None:
    path = f"/channels/{channel.id}/messages"
    assert await api.code("POST", path, {}) == 50006
    assert await api.code("POST", path, {"content": " \n "}) == 50006
    assert await api.code("POST", path, {"content": "😀" * 2000}) == 200
    assert (await api.mistakes(path, {"content": "😀" * 2001}))["content"]["_errors"] == [
        {"code": "BASE_TYPE_MAX_LENGTH", "message": "Must be 2000 or fewer in length."}
    ]
    long = {"description": "x" * 4096}
    assert (await api.mistakes(path, {"embeds": [long, long]}))["embeds"]["_errors"][0][
        "code"
    ] == "MAX_EMBED_SIZE_EXCEEDED"
    assert await api.mistakes(path, {"embeds": [{"fields": [{"name": " ", "value": "x"}]}]})
    both = {"allowed_mentions": {"parse": ["users"], "users": ["1"]}, "content": "x"}
    assert "allowed_mentions" in await api.mistakes(path, both)
    assert "flags" in await api.mistakes(path, {"content": "x", "flags": 64})
    reply = {"content": "x", "message_reference": {"message_id": "1"}}
    assert "message_reference" in await api.mistakes(path, reply)
    relaxed = {"content": "x", "message_reference": {"message_id": "1", "fail_if_not_exists": False}}
    assert await api.code("POST", path, relaxed) == 200


@needs_specs
async def test_unknown_keys_and_wrong_types_are_refused(channel: Channel, api: Api) -> None:
    path = f"/channels/{channel.id}/messages"
    assert (await api.mistakes(path, {"content": "x", "colour": 1}))["colour"]["_errors"][0]["code"] == (
        "UNKNOWN_KEY"
    )
    assert "content" in await api.mistakes(path, {"content": 5})
    assert "nonce" in await api.mistakes(path, {"content": "x", "nonce": "n" * 26})
    button = {"type": 2, "style": 1, "label": "x", "custom_id": "c" * 101}
    row = {"type": 1, "components": [button]}
    found = await api.mistakes(path, {"content": "x", "components": [row]})
    assert found["components"]["0"]["components"]["0"]["custom_id"]["_errors"][0]["code"] == (
        "BASE_TYPE_MAX_LENGTH"
    )
    assert "type" in (await api.mistakes(path, {"components": [{"type": 99}]}))["components"]["0"]
    assert "limit" in await api.mistakes(f"{path}?limit=101", None, "GET")
    assert "page" in await api.mistakes(f"{path}?page=1", None, "GET")


async def test_components_v2_stand_alone(channel: Channel, api: Api) -> None:
    path = f"/channels/{channel.id}/messages"
    text = {"type": 10, "content": "hello"}
    v2 = {"flags": 1 << 15, "components": [text]}
    status, message = await api("POST", path, v2)
    assert (status, message["components"]) == (200, [{**text, "id": 1}])
    assert "content" in await api.mistakes(path, v2 | {"content": "x"})
    assert "embeds" in await api.mistakes(path, v2 | {"embeds": [{"title": "x"}]})
    assert "components" in await api.mistakes(path, {"components": [text]})
    assert await api.mistakes(path, v2 | {"components": [text] * 41})
    assert await api.mistakes(path, v2 | {"components": [{"type": 10, "content": "x" * 2001}] * 2})
    edit = f"{path}/{message['id']}"
    assert "content" in await api.mistakes(edit, {"content": "back to words"}, "PATCH")
    assert await api.code("PATCH", edit, {"flags": 0, "components": [text]}) == 200
    assert channel.last.flags == 1 << 15
    status, plain = await api("POST", path, {"content": "words"})
    upgrade = {"flags": 1 << 15, "components": [text]}
    assert "content" in await api.mistakes(f"{path}/{plain['id']}", upgrade, "PATCH")
    assert await api.code("PATCH", f"{path}/{plain['id']}", upgrade | {"content": None}) == 200


async def test_permissions_follow_the_overwrites(guild: Guild, channel: Channel, api: Api) -> None:
    path = f"/channels/{channel.id}/messages"
    embed = {"embeds": [{"title": "x"}]}
    integration = guild.roles[min(guild.bot.roles)]
    assert await api.code("POST", path, embed) == 200
    channel.overwrite(guild.everyone, deny=P.EMBED_LINKS)
    assert await api.code("POST", path, embed) == 50013
    channel.overwrite(integration, allow=P.EMBED_LINKS)
    assert await api.code("POST", path, embed) == 200
    channel.overwrite(guild.bot, deny=P.SEND_MESSAGES)
    assert await api.code("POST", path, {"content": "x"}) == 50013
    channel.overwrite(guild.bot, deny=P.VIEW_CHANNEL)
    assert await api.code("POST", path, {"content": "x"}) == 50001
    assert await api.code("GET", f"/channels/{channel.id}") == 50001
    guild.bot.give(guild.role("admin", P.ADMINISTRATOR))
    assert await api.code("POST", path, {"content": "x"}) == 200


async def test_other_peoples_messages(guild: Guild, channel: Channel, api: Api) -> None:
    ana = guild.join("Ana")
    theirs = await ana.say(channel, "mine")
    path = f"/channels/{channel.id}/messages/{theirs.id}"
    assert await api.code("PATCH", path, {"content": "x"}) == 50005
    assert await api.code("DELETE", path) == 50013
    private = await ana.say(ana.dm, "mine")
    assert await api.code("DELETE", f"/channels/{ana.dm.id}/messages/{private.id}") == 50003
    guild.bot.give(guild.role("moderator", P.MANAGE_MESSAGES))
    assert await api.code("DELETE", path) == 204
    assert await api.code("DELETE", path) == 10008


async def test_pins_need_their_permission(guild: Guild, channel: Channel, api: Api) -> None:
    await api("POST", f"/channels/{channel.id}/messages", {"content": "x"})
    path = f"/channels/{channel.id}/messages/pins/{channel.last.id}"
    assert await api.code("PUT", path) == 50013
    guild.bot.give(guild.role("pins", P.PIN_MESSAGES))
    assert await api.code("PUT", path) == 204
    assert channel.last.pinned
    _, pins = await api("GET", f"/channels/{channel.id}/messages/pins")
    assert [item["message"]["id"] for item in pins["items"]] == [str(channel.last.id)]


async def test_the_member_list_needs_its_intent() -> None:
    async with FakeDiscord(switches=()) as d, aiohttp.ClientSession() as session:
        guild = d.guild()
        assert await Api(d, session).code("GET", f"/guilds/{guild.id}/members?limit=10") == 50001


async def test_uploads_too_large(d: FakeDiscord, channel: Channel) -> None:
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("payload_json", '{"content": "x"}')
    form.add_field("files[0]", io.BytesIO(bytes(10 * 1024 * 1024 + 1)), filename="big.bin")
    headers = {"Authorization": d.authorization}
    url = f"{d.api_url}/channels/{channel.id}/messages"
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=form, headers=headers) as answer,
    ):
        assert (answer.status, (await answer.json())["code"]) == (413, 40005)


# Who is pinged.


async def test_only_the_people_named_are_pinged(guild: Guild, channel: Channel, api: Api) -> None:
    ana, mina = guild.join("Ana"), guild.join("Mina")
    helpers = guild.role("helpers", mentionable=True)
    text = f"{ana.mention} {mina.mention} {helpers.mention} @everyone `{mina.mention}`"
    path = f"/channels/{channel.id}/messages"

    async def pinged(**body: Any) -> set[int | str]:
        assert await api.code("POST", path, {"content": text} | body) == 200
        return channel.last.pinged

    assert await pinged() == {ana.id, mina.id, helpers.id}
    assert await pinged(allowed_mentions={"parse": []}) == set()
    assert await pinged(allowed_mentions={"parse": [], "users": [str(mina.id)]}) == {mina.id}
    assert await pinged(allowed_mentions={"parse": ["roles"]}) == {helpers.id}
    assert await pinged(flags=1 << 12) == set()
    guild.bot.give(guild.role("loud", P.MENTION_EVERYONE))
    assert await pinged() == {ana.id, mina.id, helpers.id, "everyone"}
    shown = {"flags": 1 << 15, "components": [{"type": 10, "content": ana.mention}]}
    assert await api.code("POST", path, shown) == 200
    assert channel.last.pinged == {ana.id}
    said = await ana.say(channel, "hi")
    assert await pinged(content="yes", message_reference={"message_id": str(said.id)}) == {ana.id}
    quiet = {"parse": [], "replied_user": False}
    assert (
        await pinged(content="yes", message_reference={"message_id": str(said.id)}, allowed_mentions=quiet)
        == set()
    )


# Nonces.


async def test_an_enforced_nonce_returns_the_earlier_message(
    d: FakeDiscord, guild: Guild, channel: Channel, api: Api
) -> None:
    path = f"/channels/{channel.id}/messages"
    body = {"content": "once", "nonce": "intent-1", "enforce_nonce": True}
    _, first = await api("POST", path, body)
    _, second = await api("POST", path, body | {"content": "twice"})
    assert first["id"] == second["id"]
    other = guild.channel("other")
    _, elsewhere = await api("POST", f"/channels/{other.id}/messages", body)
    assert elsewhere["channel_id"] == str(channel.id)
    assert (channel.texts, other.texts) == (["once"], [])
    await api("POST", path, {"content": "loose", "nonce": "intent-1"})
    assert channel.texts == ["once", "loose"]
    d.clock.skip(181)
    await api("POST", path, body)
    assert channel.texts == ["once", "loose", "once"]


# Faults.


async def test_planned_refusals(d: FakeDiscord, channel: Channel, api: Api) -> None:
    path = f"/channels/{channel.id}/messages"
    d.faults.refuse(POSTS, 403, 50007)
    d.faults.refuse(POSTS, 503, when=lambda body: "bad" in body["content"])
    assert await api.code("POST", path, {"content": "a"}) == 50007
    assert await api.code("POST", path, {"content": "b"}) == 200
    assert (await api("POST", path, {"content": "bad"}))[0] == 503
    assert channel.texts == ["b"]
    assert [request.status for request in d.sent(POSTS)] == [403, 200, 503]


async def test_lost_answers_were_accepted(d: FakeDiscord, channel: Channel, api: Api) -> None:
    path = f"/channels/{channel.id}/messages"
    d.faults.lose_answer(POSTS, "502")
    assert (await api("POST", path, {"content": "a"}))[0] == 502
    d.faults.lose_answer(POSTS, "drop")
    with pytest.raises(aiohttp.ClientError):
        await api("POST", path, {"content": "b"})
    d.faults.drop(POSTS)
    with pytest.raises(aiohttp.ClientError):
        await api("POST", path, {"content": "never"})
    hanging = d.faults.lose_answer(POSTS, "hang")
    posting = asyncio.create_task(api("POST", path, {"content": "c"}))
    await d.until(lambda: channel.texts == ["a", "b", "c"])
    assert not posting.done()
    hanging.release()
    with pytest.raises(aiohttp.ClientError):
        await posting


async def test_held_requests_go_on(d: FakeDiscord, channel: Channel, api: Api) -> None:
    path = f"/channels/{channel.id}/messages"
    gate = d.faults.hold(POSTS, times=None)
    posting = [asyncio.create_task(api("POST", path, {"content": str(n)})) for n in range(3)]
    await d.until(lambda: gate.hits == 3)
    assert (d.in_flight, channel.messages) == (3, [])
    gate.release()
    await asyncio.gather(*posting)
    assert sorted(channel.texts) == ["0", "1", "2"]
    assert d.most_in_flight == 3


async def test_delayed_requests_go_on(d: FakeDiscord, channel: Channel, api: Api) -> None:
    path = f"/channels/{channel.id}/messages"
    d.faults.delay(POSTS, 0.01)
    assert (await api("POST", path, {"content": "late"}))[0] == 200
    slow = d.faults.delay(POSTS, 3600)
    posting = asyncio.create_task(api("POST", path, {"content": "later"}))
    await d.until(lambda: slow.hits)
    slow.release()
    assert (await posting)[0] == 200
    assert channel.texts == ["late", "later"]


async def test_an_edit_pings_nobody(guild: Guild, channel: Channel, api: Api) -> None:
    ana = guild.join("Ana")
    path = f"/channels/{channel.id}/messages"
    await api("POST", path, {"content": "hello"})
    await api("PATCH", f"{path}/{channel.last.id}", {"content": f"hello {ana.mention}"})
    assert channel.last.mentioned == [ana.user]
    assert channel.last.pinged == set()


async def test_random_faults_strike_with_their_chance(d: FakeDiscord, channel: Channel, api: Api) -> None:
    path = f"/channels/{channel.id}/messages"
    d.faults.at_random(POSTS, 0.5, random.Random(7), losses=("502",), refusals=(500,))
    statuses = [(await api("POST", path, {"content": str(n)}))[0] for n in range(60)]
    assert {status: statuses.count(status) >= 10 for status in (200, 500, 502)} == {
        200: True,
        500: True,
        502: True,
    }
    assert len(channel.messages) == statuses.count(200) + statuses.count(502)


# Rate limits.


async def test_buckets_per_channel_and_the_global_limit(d: FakeDiscord, guild: Guild, api: Api) -> None:
    d.limits = RateLimits.real()
    first, second = guild.channel("a"), guild.channel("b")
    url = f"{d.api_url}/channels/{{}}/messages"
    headers = {"Authorization": d.authorization}
    async with aiohttp.ClientSession(headers=headers) as session:

        async def post(channel: Channel) -> tuple[int, Any, Any]:
            async with session.post(url.format(channel.id), json={"content": "x"}) as answer:
                return answer.status, answer.headers, await answer.json()

        for left in (4, 3, 2, 1, 0):
            status, seen, _ = await post(first)
            assert (status, seen["X-RateLimit-Remaining"]) == (200, str(left))
        status, seen, body = await post(first)
        assert (status, body["global"], seen["X-RateLimit-Scope"]) == (429, False, "user")
        assert 0 < body["retry_after"] <= 5
        status, other, _ = await post(second)
        assert (status, other["X-RateLimit-Bucket"]) == (200, seen["X-RateLimit-Bucket"])
        d.limits = RateLimits({}, per_second=2)
        answers = [await post(second) for _ in range(3)]
        assert [status for status, _, _ in answers] == [200, 200, 429]
        status, seen, body = answers[-1]
        assert (body["global"], seen["X-RateLimit-Global"], seen["X-RateLimit-Scope"]) == (
            True,
            "true",
            "global",
        )
    assert d.limits.global_refusals == 1


async def test_interactions_are_exempt_from_the_global_limit(d: FakeDiscord, api: Api) -> None:
    d.limits = RateLimits({}, per_second=1)
    assert (await api("GET", "/users/@me"))[0] == 200
    assert (await api("GET", "/users/@me"))[0] == 429
    assert await api.code("POST", "/interactions/1/x/callback", {"type": 5}) == 10062


async def test_too_many_invalid_requests_ban_the_address(d: FakeDiscord, api: Api) -> None:
    d.limits = RateLimits({}, invalid_allowed=3)
    for _ in range(3):
        assert (await api("GET", "/users/@me", token="Bot wrong"))[0] == 401
    status, body = await api("GET", "/users/@me")
    assert (status, "1015" in body) == (429, True)


@pytest.mark.parametrize("scope", ["user", "global", "shared"])
async def test_discord_py_honours_a_429(d: FakeDiscord, channel: Channel, scope: Any) -> None:
    client = Heard()
    async with running(client, d):
        d.faults.limit(POSTS, 0.01, scope)
        await client.get_partial_messageable(channel.id).send("patience")
    assert channel.texts == ["patience"]
    assert [request.status for request in d.sent(POSTS)] == [429, 200]
    assert d.limits.invalid_requests == (0 if scope == "shared" else 1)


async def test_discord_py_gives_up_on_a_503(d: FakeDiscord, channel: Channel) -> None:
    client = Heard()
    async with running(client, d):
        d.faults.refuse(POSTS, 503)
        with pytest.raises(discord.DiscordServerError):
            await client.get_partial_messageable(channel.id).send("x")
    assert channel.messages == []
