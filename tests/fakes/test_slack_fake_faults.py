"""The fake's plan of faults, met by real slack_sdk: refused, limited, lost, hanging, garbled, late."""

import asyncio
import random
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncConnectionErrorRetryHandler
from slack_sdk.http_retry.builtin_interval_calculators import FixedValueRetryIntervalCalculator
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.slack import Delay, Drop, Garble, Hang, RateLimit, Refuse, Status
from tests.fakes.slack.setting import workshop


async def test_refused_and_limited_calls_change_nothing() -> None:
    async with workshop() as (slack, workspace, _, client):
        refused = slack.faults.add(Refuse("restricted_action"), "chat.*", times=2)
        for _ in range(2):
            with pytest.raises(SlackApiError, match="restricted_action"):
                await client.chat_postMessage(channel=workspace.general.id, text="hi")
        slack.faults.add(RateLimit(retry_after=7), "chat.postMessage")
        with pytest.raises(SlackApiError) as limited:
            await client.chat_postMessage(channel=workspace.general.id, text="hi")
        assert limited.value.response.headers["Retry-After"] == "7"
        await client.chat_postMessage(channel=workspace.general.id, text="through")
        assert workspace.general.texts == ["through"]
        assert refused.hits == 2
        assert [call.ok for call in slack.calls("chat.postMessage")] == [False, False, False, True]


@pytest.mark.parametrize("fault", [Drop(), Status(502), Status(500), Garble()])
async def test_accepted_though_the_answer_says_otherwise(fault: Any) -> None:
    async with workshop() as (slack, workspace, _, client):
        slack.faults.add(fault, "chat.postMessage")
        with pytest.raises((SlackApiError, aiohttp.ClientError)):
            await client.chat_postMessage(channel=workspace.general.id, text="here all the same")
        assert workspace.general.texts == ["here all the same"]


@pytest.mark.parametrize("fault", [Drop(accept=False), Status(503, accept=False), Garble(accept=False)])
async def test_not_accepted_though_the_answer_looks_the_same(fault: Any) -> None:
    async with workshop() as (slack, workspace, _, client):
        slack.faults.add(fault, "chat.postMessage")
        with pytest.raises((SlackApiError, aiohttp.ClientError)):
            await client.chat_postMessage(channel=workspace.general.id, text="gone")
        assert workspace.general.texts == []


async def test_the_sdk_posts_twice_after_a_lost_answer() -> None:
    """The trap: its default retry handler sends chat.postMessage again."""
    default = AsyncWebClient().retry_handlers
    assert [type(handler) for handler in default] == [AsyncConnectionErrorRetryHandler]
    at_once = AsyncConnectionErrorRetryHandler(interval_calculator=FixedValueRetryIntervalCalculator(0))
    async with workshop({"retry_handlers": [at_once]}) as (slack, workspace, _, client):
        slack.faults.add(Drop(), "chat.postMessage")
        await client.chat_postMessage(channel=workspace.general.id, text="once, please")
        assert workspace.general.texts == ["once, please", "once, please"]
    async with workshop() as (slack, workspace, _, client):
        slack.faults.add(Drop(), "chat.postMessage")
        with pytest.raises(aiohttp.ClientError):
            await client.chat_postMessage(channel=workspace.general.id, text="once, please")
        assert workspace.general.texts == ["once, please"]


@pytest.mark.parametrize("accept", [True, False])
async def test_a_hanging_call_ends_when_it_is_released(accept: bool) -> None:
    async with workshop() as (slack, workspace, _, client):
        plan = slack.faults.add(Hang(accept=accept), "chat.postMessage")
        post = asyncio.ensure_future(client.chat_postMessage(channel=workspace.general.id, text="slow"))
        await slack.until(lambda: plan.hits)
        await slack.quiet()
        assert not post.done()
        assert workspace.general.texts == (["slow"] if accept else [])
        plan.release()
        with pytest.raises(aiohttp.ClientError):
            await post


async def test_a_caller_that_gives_up_on_a_hanging_call() -> None:
    async with workshop() as (slack, workspace, _, client):
        plan = slack.faults.add(Hang(), "chat.postMessage")
        post = asyncio.ensure_future(client.chat_postMessage(channel=workspace.general.id, text="slow"))
        await slack.until(lambda: plan.hits)
        post.cancel()
        with pytest.raises(asyncio.CancelledError):
            await post
        assert (await client.chat_postMessage(channel=workspace.general.id, text="next"))["ok"]


async def test_a_delayed_call_is_carried_out_late() -> None:
    async with workshop() as (slack, workspace, _, client):
        slack.faults.add(Delay(30), "chat.postMessage")
        held = slack.faults.add(Delay(), "chat.postMessage")
        first = asyncio.ensure_future(client.chat_postMessage(channel=workspace.general.id, text="first"))
        await slack.until(lambda: slack.faults.struck == 1)
        second = asyncio.ensure_future(client.chat_postMessage(channel=workspace.general.id, text="second"))
        await slack.until(lambda: held.hits)
        await client.chat_postMessage(channel=workspace.general.id, text="overtakes")
        assert workspace.general.texts == ["overtakes"]
        slack.clock.advance(30)
        await first
        held.release()
        await second
        assert workspace.general.texts == ["overtakes", "first", "second"]


async def test_faults_strike_by_argument_and_by_chance() -> None:
    async with workshop() as (slack, workspace, _, client):
        slack.faults.add(
            Refuse("is_archived"), "chat.postMessage", times=None, when=lambda args: "cake" in args["text"]
        )
        plan = slack.faults.add(Drop(), "chat.postMessage", times=None, chance=0.5, rng=random.Random(3))
        with pytest.raises(SlackApiError, match="is_archived"):
            await client.chat_postMessage(channel=workspace.general.id, text="cake!")
        lost = 0
        for number in range(40):
            try:
                await client.chat_postMessage(channel=workspace.general.id, text=str(number))
            except aiohttp.ClientError:
                lost += 1
        assert lost == plan.hits
        assert 10 < lost < 30
        assert workspace.general.texts == [str(number) for number in range(40)]
        slack.faults.clear()
        await client.chat_postMessage(channel=workspace.general.id, text="cake!")


async def test_uploads_and_response_urls_fail_too() -> None:
    async with workshop() as (slack, workspace, ana, client):
        target = await client.files_getUploadURLExternal(filename="a.txt", length=3)
        slack.faults.add(Status(500, accept=False), "upload")
        async with aiohttp.ClientSession() as session:
            async with session.post(target["upload_url"], data=b"abc") as reply:
                assert reply.status == 500
            async with session.post(target["upload_url"], data=b"abc") as reply:
                assert (reply.status, await reply.text()) == (200, "OK - 3")
            url = slack.desk.response_url(ana, workspace.general).url
            slack.faults.add(Drop(), "response_url")
            with pytest.raises(aiohttp.ClientError):
                await session.post(url, json={"text": "shown"})
        assert [message.text for message in ana.ephemerals] == ["shown"]


async def test_a_failure_of_the_fake_itself_is_never_silent() -> None:
    async def use() -> None:
        async with workshop() as (slack, _, _, client):

            def broken(args: dict[str, Any]) -> bool:
                raise KeyError("broken")

            slack.faults.add(Drop(), "auth.test", when=broken)
            with pytest.raises(SlackApiError, match="the fake itself failed"):
                await client.auth_test()

    with pytest.raises(KeyError, match="broken"):
        await use()


async def test_conditions_explain_themselves_when_they_never_come_true() -> None:
    async with workshop() as (_, workspace, ana, client):
        await client.chat_postMessage(channel=workspace.general.id, text="hello")
        with pytest.raises(AssertionError, match=r"(?s)Ana does not see 'bye'.*chat\.postMessage → ok"):
            await ana.sees("bye", within=0.01)
