"""Commands, clicks, shortcuts and the Home tab through stock slack-bolt, as people use them."""

from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.slack import HERE, FakeSlack, NotOnScreen
from tests.fakes.slack.bolted import over_http, plugged, tuned_app
from tests.fakes.slack.pieces import button, modal, section


async def test_commands_acknowledge_speak_privately_and_publicly() -> None:
    async with plugged() as (slack, workspace, ana, app):

        @app.command("/kith")
        async def kith(ack: Any, respond: Any, command: dict[str, Any]) -> None:
            await ack({"text": f"help for {command['user_name']}", "response_type": "ephemeral"})
            await respond("for everyone", response_type="in_channel")

        bob = workspace.member("Bob")
        answer = await ana.command(workspace.general, "/kith", "thanks ", bob, " & ", workspace.general, HERE)
        await slack.until(lambda: len(answer.messages) == 2)
        assert {(message.text, message.ephemeral) for message in answer.messages} == {
            ("help for ana", True),
            ("for everyone", False),
        }
        assert slack.delivery.log[0].payload["text"] == (
            f"thanks <@{bob.id}|bob> &amp; <#{workspace.general.id}|general><!here>"
        )
        assert not bob.sees_now("help for ana")
        assert bob.sees_now("for everyone")


async def test_what_slack_itself_refuses_of_commands() -> None:
    manifest = {
        "display_information": {"name": "Kith"},
        "features": {
            "bot_user": {"display_name": "Kith"},
            "slash_commands": [{"command": "/kith", "description": "All", "should_escape": False}],
            "shortcuts": [
                {"name": "Ask", "type": "global", "callback_id": "ask", "description": "Ask"},
                {"name": "Save", "type": "message", "callback_id": "save", "description": "Save"},
            ],
        },
        "oauth_config": {"scopes": {"bot": ["commands", "chat:write"]}},
        "settings": {"socket_mode_enabled": True, "interactivity": {"is_enabled": True}},
    }
    async with plugged(manifest=manifest) as (_, workspace, ana, app):
        texts: list[str] = []

        @app.command("/kith")
        async def kith(ack: Any, command: dict[str, Any]) -> None:
            texts.append(command["text"])
            await ack()

        message = await ana.say(workspace.general, "hello")
        in_thread = await ana.command(workspace.general, "/kith", thread=message)
        assert in_thread.error == "not_supported_in_threads"
        assert (await ana.command(workspace.general, "/other")).error == "unknown_command"
        assert await ana.command(workspace.general, "/kith", "thanks ", workspace.member("Bob"))
        assert texts == ["thanks @bob"]
        with pytest.raises(NotOnScreen, match="no message shortcut"):
            await ana.shortcut("Ask", message)


async def test_an_answer_that_comes_too_late() -> None:
    async with plugged() as (slack, workspace, ana, app):

        @app.command("/kith")
        async def kith(ack: Any) -> None:
            slack.clock.advance(3)
            await ack("too late")

        answer = await ana.command(workspace.general, "/kith")
        assert answer.error == "operation_timeout"
        assert answer.messages == []


async def test_clicks_in_messages_and_what_they_lead_to() -> None:
    async with plugged() as (slack, workspace, ana, app):

        @app.action("me_too")
        async def me_too(ack: Any, body: dict[str, Any], respond: Any) -> None:
            await ack()
            count = int(body["actions"][0]["value"]) + 1
            await respond(
                text=f"{count} thanks", blocks=[button("Me too", "me_too", str(count))], replace_original=True
            )

        @app.action("whisper")
        async def whisper(ack: Any, respond: Any) -> None:
            await ack()
            await respond("psst")

        @app.action("bin")
        async def discard(ack: Any, respond: Any) -> None:
            await ack()
            await respond(delete_original=True)

        blocks = [button("Me too", "me_too"), button("Tell me", "whisper"), button("Away", "bin")]
        ts = (await app.client.chat_postMessage(channel=workspace.general.id, text="thanks", blocks=blocks))[
            "ts"
        ]
        message = workspace.general.messages[ts]
        answer = await ana.click(message, "Tell me")
        assert (await answer.message()).only_for is ana
        payload = slack.delivery.log[-1].payload
        assert payload["container"]["message_ts"] == ts
        assert payload["message"]["text"] == "thanks"
        assert await ana.click(message, "me_too")
        await slack.until(lambda: message.text == "2 thanks")
        assert await ana.click(message, "Me too")
        await slack.until(lambda: message.text == "3 thanks")

        private = await app.client.chat_postEphemeral(
            channel=workspace.general.id, user=ana.id, text="only you", blocks=[button("Away", "bin")]
        )
        hidden = next(one for one in ana.ephemerals if one.ts == private["message_ts"])
        with pytest.raises(NotOnScreen, match="cannot see"):
            await workspace.member("Bob").click(hidden, "Away")
        assert await ana.click(hidden, "Away")
        await slack.until(lambda: hidden.deleted)
        assert "message" not in slack.delivery.log[-1].payload

        await app.client.chat_delete(channel=workspace.general.id, ts=ts)
        assert await ana.click(message, "Me too")  # still on a slow screen
        with pytest.raises(NotOnScreen, match="are called 'Nope'"):
            await ana.click(message, "Nope")


async def test_response_urls_wear_out() -> None:
    async with plugged() as (slack, workspace, ana, app):

        @app.command("/kith")
        async def kith(ack: Any) -> None:
            await ack()

        async with aiohttp.ClientSession() as session:

            async def post(url: str, body: Any) -> tuple[int, str]:
                async with session.post(url, json=body) as reply:
                    return reply.status, await reply.text()

            url = (await ana.command(workspace.general, "/kith")).response_url
            assert await post(url, {"text": "1"}) == (200, "ok")
            assert (await post(url, ["no"]))[0] == 400
            assert "invalid_blocks" in (await post(url, {"text": "2", "blocks": [section("")]}))[1]
            for number in range(3):
                assert (await post(url, {"text": str(number)}))[0] == 200
            assert "used_url" in (await post(url, {"text": "6"}))[1]
            url = (await ana.command(workspace.general, "/kith")).response_url
            slack.clock.advance(1801)
            status, text = await post(url, {"text": "late"})
            assert (status, "expired_url" in text) == (404, True)


async def test_shortcuts_global_and_on_messages() -> None:
    async with plugged() as (slack, workspace, ana, app):

        @app.shortcut("ask")
        async def ask(ack: Any, shortcut: dict[str, Any], client: AsyncWebClient) -> None:
            await ack()
            await client.views_open(trigger_id=shortcut["trigger_id"], view=modal(title=shortcut["type"]))

        @app.message_shortcut("save")
        async def save(ack: Any, shortcut: dict[str, Any], respond: Any) -> None:
            await ack()
            await respond(f"saved: {shortcut['message']['text']}")

        assert (await (await ana.shortcut("ask")).view()).title == "shortcut"
        message = await ana.say(workspace.general, "water in the evening")
        answer = await ana.shortcut("save", message)
        assert (await answer.message()).text == "saved: water in the evening"
        assert slack.delivery.log[-1].payload["message_ts"] == message.ts


async def test_the_home_tab_and_direct_messages() -> None:
    async with plugged() as (slack, workspace, ana, app):

        @app.event("app_home_opened")
        async def home(event: dict[str, Any], client: AsyncWebClient) -> None:
            if event["tab"] == "home":
                blocks = [button("Quiet please", "quiet")]
                view = {"type": "home", "blocks": blocks, "private_metadata": str("view" in event)}
                await client.views_publish(user_id=event["user"], view=view)

        @app.action("quiet")
        async def quiet(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
            await ack()
            view = {"type": "home", "blocks": [button("Speak again", "loud")]}
            await client.views_publish(user_id=body["user"]["id"], hash=body["view"]["hash"], view=view)

        @app.event("message")
        async def dm(event: dict[str, Any], client: AsyncWebClient) -> None:
            if event["channel_type"] == "im" and event["user"] == ana.id:
                await client.chat_postMessage(channel=event["channel"], text=f"you said {event['text']}")

        await ana.open_messages()
        await ana.open_home()
        tab = await slack.until(lambda: ana.home)
        assert tab.private_metadata == "False"
        await ana.open_home()
        await slack.until(lambda: tab.private_metadata == "True")
        first = tab.hash
        assert await ana.click(tab, "Quiet please")
        assert "Speak again" in tab.shown
        with pytest.raises(SlackApiError, match="hash_conflict"):
            await app.client.views_publish(user_id=ana.id, hash=first, view=tab.content)
        with pytest.raises(SlackApiError, match="invalid_arguments"):
            await app.client.views_publish(user_id=ana.id, view=modal())
        await ana.dm("hello")
        assert (await ana.sees("you said hello")).channel is ana.dm_channel
        assert workspace.general.live == []


async def test_interactions_over_http_too() -> None:
    async with FakeSlack() as slack:
        workspace = slack.workspace("Workshop")
        ana = workspace.member("Ana")
        async with tuned_app(slack, workspace) as app, over_http(slack, app):

            @app.command("/kith")
            async def kith(ack: Any, command: dict[str, Any], client: AsyncWebClient) -> None:
                await ack()
                await client.views_open(trigger_id=command["trigger_id"], view=modal())

            @app.view("form")
            async def form(ack: Any) -> None:
                await ack(response_action="errors", errors={"why_block": "Longer, please"})

            view = await (await ana.command(workspace.general, "/kith")).view()
            answer = await ana.submit(view, {"Why": "so"})
            assert answer.errors == {"why_block": "Longer, please"}
