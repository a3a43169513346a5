"""The fake's Socket Mode with stock slack-bolt: connections, envelopes, acks, re-delivery, disconnects."""

import asyncio
import json
import random
from collections import Counter
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.slack import FakeSlack, Status
from tests.fakes.slack.bolted import plain_app, socket_mode, tuned_app


async def next_json(ws: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
    return json.loads(await ws.receive_str(timeout=5))


async def ticket(slack: FakeSlack) -> str:
    answer = await AsyncWebClient(token=slack.app_token, base_url=slack.base_url).apps_connections_open(
        app_token=slack.app_token
    )
    return str(answer["url"])


async def test_a_newcomer_is_greeted_over_a_real_socket() -> None:
    async with FakeSlack() as slack:
        workspace = slack.workspace("Workshop")
        ana = workspace.member("Ana")
        app = plain_app(slack, workspace)

        @app.event("team_join")
        async def greet(event: dict[str, Any], client: AsyncWebClient) -> None:
            await client.chat_postMessage(
                channel=workspace.general.id, text=f"Hello <@{event['user']['id']}>, good that you're here."
            )

        @app.event("member_joined_channel")
        @app.event("message")
        async def ignore() -> None:
            return

        async with socket_mode(slack, app):
            bob = workspace.join("Bob")
            greeting = await ana.sees("good that you're here")
            await slack.quiet()
        assert greeting.author is workspace.bot
        assert greeting.pings == {bob.id}
        assert greeting.channel is workspace.general
        assert {delivery.state for delivery in slack.delivery.log} == {"acked"}
        # Bolt asks auth.test for every event of the first burst.
        assert len(slack.calls("auth.test")) > 1


async def test_bot_is_told_only_what_it_may_hear() -> None:
    manifest = {
        "display_information": {"name": "Kith"},
        "features": {"bot_user": {"display_name": "Kith"}},
        "oauth_config": {"scopes": {"bot": ["channels:history", "chat:write", "reactions:read"]}},
        "settings": {
            "socket_mode_enabled": True,
            "event_subscriptions": {"bot_events": ["message.channels", "reaction_added", "team_join"]},
        },
    }
    async with FakeSlack(manifest) as slack:
        workspace = slack.workspace("Workshop")
        ana = workspace.member("Ana")
        secret = workspace.channel("secret", ana, private=True)
        elsewhere = workspace.channel("elsewhere", ana, bot=False)
        heard = await ana.say(workspace.general, "heard")
        await ana.say(secret, "private")
        await ana.say(elsewhere, "not there")
        await ana.react(heard, "tada")
        await ana.unreact(heard, "tada")
        workspace.join("Bob")  # subscribed, but without users:read
        told = [(d.event["type"], d.event.get("text")) for d in slack.delivery.log]
        joined = ("message", f"<@{next(reversed(workspace.people))}> has joined the channel")
        assert told == [("message", "heard"), ("reaction_added", None), joined]


async def test_hello_envelope_ack_and_redelivery_on_the_wire() -> None:
    async with FakeSlack() as slack, aiohttp.ClientSession() as session:
        workspace = slack.workspace("Workshop")
        ana = workspace.member("Ana")
        async with session.ws_connect(await ticket(slack)) as ws:
            hello = await next_json(ws)
            assert hello["type"] == "hello"
            assert hello["num_connections"] == 1
            assert hello["connection_info"] == {"app_id": slack.app.id}
            assert hello["debug_info"]["approximate_connection_time"] > 0
            await ana.say(workspace.general, "hi")
            first = await next_json(ws)
            assert (first["type"], first["accepts_response_payload"]) == ("events_api", False)
            assert first["retry_attempt"] == 0
            slack.clock.advance(3)  # no ack in time: again at once
            second = await next_json(ws)
            assert second["envelope_id"] != first["envelope_id"]
            assert second["payload"] == first["payload"]
            assert (second["retry_attempt"], second["retry_reason"]) == (1, "timeout")
            slack.clock.advance(3)
            await slack.quiet()
            slack.clock.advance(60)
            third = await next_json(ws)
            assert third["retry_attempt"] == 2
            await ws.send_json({"envelope_id": first["envelope_id"]})  # far too late
            await ws.send_json({"envelope_id": third["envelope_id"]})
            await slack.until(lambda: slack.delivery.acked)
            assert slack.sockets.unknown_acks == [first["envelope_id"]]
            assert slack.delivery.log[-1].state == "acked"


async def test_an_event_that_is_never_acked_is_lost_after_three_retries() -> None:
    async with FakeSlack() as slack:
        workspace = slack.workspace("Workshop")
        await workspace.member("Ana").say(workspace.general, "anyone?")
        await slack.quiet()
        for _ in range(2):
            slack.clock.advance(300)
            await slack.quiet()
        delivery = slack.delivery.log[-1]
        assert [attempt.reason for attempt in delivery.attempts] == ["no_connection"] * 4
        assert (delivery.state, slack.delivery.under_way) == ("lost", 0)


async def test_tickets_are_single_use_and_expire() -> None:
    async with FakeSlack() as slack, aiohttp.ClientSession() as session:
        slack.workspace("Workshop")
        url = await ticket(slack)
        async with session.ws_connect(url) as ws:
            await next_json(ws)
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await session.ws_connect(url)
        late = await ticket(slack)
        slack.clock.advance(31)
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(late)
        assert slack.sockets.refused == 2


async def test_stock_client_keeps_on_knocking_with_a_dead_ticket() -> None:
    """The trap: after one failed handshake it never asks for another ticket."""
    async with FakeSlack() as slack:
        slack.workspace("Workshop")
        web = AsyncWebClient(base_url=slack.base_url)
        client = SocketModeClient(slack.app_token, web_client=web, ping_interval=0.01)
        client.logger.disabled = True
        slack.faults.add(Status(503, accept=False), "socket")
        connecting = asyncio.ensure_future(client.connect())
        try:
            await slack.until(lambda: slack.sockets.refused >= 5)
            assert len(slack.calls("apps.connections.open")) == 1
        finally:
            client.closed = True
            await connecting
            await client.close()
            client.logger.disabled = False


async def test_events_go_to_any_one_of_several_sockets() -> None:
    async with FakeSlack() as slack:
        workspace = slack.workspace("Workshop")
        ana = workspace.member("Ana")
        async with tuned_app(slack, workspace) as app:
            seen: Counter[str] = Counter()

            @app.event("message")
            async def note(event: dict[str, Any]) -> None:
                seen[event["text"]] += 1

            async with socket_mode(slack, app, sockets=2):
                for number in range(20):
                    await ana.say(workspace.general, str(number))
                await slack.quiet()
                assert all(socket.acks > 0 for socket in slack.sockets.open)
        assert seen == Counter(str(number) for number in range(20))


async def test_refresh_makes_the_client_come_back_with_a_new_ticket() -> None:
    async with FakeSlack() as slack:
        workspace = slack.workspace("Workshop")
        ana = workspace.member("Ana")
        async with tuned_app(slack, workspace) as app:

            @app.event("message")
            async def answer(event: dict[str, Any], client: AsyncWebClient) -> None:
                if event["user"] == ana.id:
                    await client.chat_postMessage(channel=event["channel"], text="still here")

            async with socket_mode(slack, app):
                for reason in ("warning", "refresh_requested", "link_disabled"):
                    before = slack.sockets.opened
                    await slack.sockets.disconnect(reason)
                    await slack.until(lambda before=before: slack.sockets.opened > before)
                    await slack.until(lambda: len(slack.sockets.open) == 1)
                await ana.say(workspace.general, "hello?")
                await ana.sees("still here")


async def test_an_eleventh_socket_is_sent_away() -> None:
    async with FakeSlack() as slack, aiohttp.ClientSession() as session:
        slack.workspace("Workshop")
        sockets = [await session.ws_connect(await ticket(slack)) for _ in range(11)]
        hellos = [await next_json(ws) for ws in sockets]
        assert [hello["num_connections"] for hello in hellos[:10]] == list(range(1, 11))
        assert hellos[10]["type"] == "disconnect"
        assert hellos[10]["reason"] == "too_many_websockets"
        for ws in sockets:
            await ws.close()


async def test_a_stuck_socket_swallows_envelopes_until_slack_sends_them_elsewhere() -> None:
    async with FakeSlack() as slack:
        workspace = slack.workspace("Workshop")
        ana = workspace.member("Ana")
        async with tuned_app(slack, workspace) as app:
            seen: set[str] = set()

            @app.event("message")
            async def note(event: dict[str, Any]) -> None:
                seen.add(event["text"])

            async with socket_mode(slack, app, sockets=2):
                slack.sockets.prefer = stuck = slack.sockets.stick()
                await ana.say(workspace.general, "hello?")
                delivery = slack.delivery.log[0]
                await slack.until(lambda: stuck.swallowed)
                slack.sockets.prefer = slack.sockets.open[1]
                slack.clock.advance(3)
                await slack.quiet()
                assert [attempt.reason for attempt in delivery.attempts] == ["timeout", ""]
                assert stuck in slack.sockets.open
                assert stuck.acks == 0
        assert seen == {"hello?"}


async def test_server_pings_and_answers_pings() -> None:
    async with FakeSlack() as slack, aiohttp.ClientSession() as session:
        slack.workspace("Workshop")
        async with session.ws_connect(await ticket(slack), autoping=False) as ws:
            await next_json(ws)
            slack.clock.advance(10)
            message = await ws.receive(timeout=5)
            assert message.type is aiohttp.WSMsgType.PING
            await ws.ping(b"mine")
            message = await ws.receive(timeout=5)
            assert (message.type, message.data) == (aiohttp.WSMsgType.PONG, b"mine")
            slack.sockets.stick()
            slack.clock.advance(10)
            await ws.ping(b"again")
            slack.sockets.cut()
            message = await ws.receive(timeout=5)
            assert message.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)


async def test_duplicates_new_ids_shuffle_and_lag() -> None:
    async with FakeSlack() as slack:
        workspace = slack.workspace("Workshop")
        ana = workspace.member("Ana")
        async with tuned_app(slack, workspace) as app:
            seen: list[tuple[str, str]] = []

            @app.event("message")
            async def note(body: dict[str, Any]) -> None:
                seen.append((body["event"]["text"], body["event_id"]))

            async with socket_mode(slack, app):
                slack.delivery.duplicate(3, new_ids=True)
                await ana.say(workspace.general, "thrice")
                await slack.quiet()
                assert [text for text, _ in seen] == ["thrice"] * 3
                assert len({event_id for _, event_id in seen}) == 3
                slack.delivery.duplicate(1)

                slack.delivery.hold()
                for number in range(30):
                    await ana.say(workspace.general, str(number))
                assert slack.delivery.held == 30
                seen.clear()
                sent = slack.delivery.release(shuffle=random.Random(7), copies=(1, 5))
                await slack.until(lambda: len(seen) == sent)
                counts = Counter(text for text, _ in seen)
                assert set(counts) == {str(number) for number in range(30)}
                assert set(counts.values()) == {1, 2, 3, 4, 5}
                assert list(dict.fromkeys(text for text, _ in seen)) != [str(n) for n in range(30)]

                slack.delivery.lag = 20
                await ana.say(workspace.general, "late")
                assert ("late", seen[-1][1]) not in seen
                slack.clock.advance(20)
                await slack.until(lambda: seen[-1][0] == "late")


async def test_a_failing_listener_of_plain_bolt_loses_the_event() -> None:
    """The trap: acknowledged before the work, and still 200 when the work fails."""
    async with FakeSlack() as slack:
        workspace = slack.workspace("Workshop")
        ana = workspace.member("Ana")
        app = plain_app(slack, workspace)

        @app.event("message")
        async def fail() -> None:
            raise RuntimeError("the disk is full")

        @app.error
        async def swallow(error: Exception) -> None:
            assert "disk" in str(error)

        async with socket_mode(slack, app):
            await ana.say(workspace.general, "remember this")
            await slack.quiet()
            assert slack.delivery.log[-1].state == "acked"


async def test_process_before_response_holds_the_ack_back_when_the_work_fails() -> None:
    async with FakeSlack() as slack:
        workspace = slack.workspace("Workshop")
        ana = workspace.member("Ana")
        attempts: list[str | None] = []
        async with tuned_app(slack, workspace) as app:

            @app.event("message")
            async def fail_once(request: Any) -> None:
                attempts.append(request.headers.get("x-slack-retry-num", [None])[0])
                if len(attempts) == 1:
                    raise RuntimeError("the disk is full")

            @app.error
            async def swallow(error: Exception) -> None:
                assert "disk" in str(error)

            async with socket_mode(slack, app):
                await ana.say(workspace.general, "remember this")
                await slack.until(lambda: attempts)
                slack.clock.advance(3)
                await slack.until(lambda: slack.delivery.acked == 1)
        assert attempts == ["0", "1"]


async def test_app_token_and_bot_token_are_not_interchangeable() -> None:
    async with FakeSlack() as slack:
        workspace = slack.workspace("Workshop")
        client = AsyncWebClient(base_url=slack.base_url)
        with pytest.raises(SlackApiError) as refused:
            await client.apps_connections_open(app_token=workspace.bot_token)
        assert refused.value.response["error"] == "not_allowed_token_type"
        with pytest.raises(SlackApiError) as refused:
            await client.users_list(token=slack.app_token)
        assert refused.value.response["error"] == "not_allowed_token_type"
        answer = await client.auth_test(token=slack.app_token)
        assert answer["app_id"] == slack.app.id
