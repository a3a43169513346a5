"""The fake's Web API with real slack_sdk: tokens, encodings, posting; raw requests for the rest."""

import json
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.slack.pieces import section
from tests.fakes.slack.setting import error, refusal, workshop

# -- tokens and scopes -------------------------------------------------------------------------------------


async def test_tokens_are_told_apart() -> None:
    async with workshop() as (slack, workspace, _, client):
        answer = await client.auth_test()
        assert answer["user_id"] == workspace.bot.id
        assert answer["bot_id"] == workspace.bot.bot_id
        assert answer["team_id"] == workspace.id
        assert "chat:write" in answer.headers["X-OAuth-Scopes"]
        assert await error(AsyncWebClient(base_url=slack.base_url).auth_test()) == "not_authed"
        assert await error(client.auth_test(token="xoxb-wrong")) == "invalid_auth"
        assert await error(client.users_list(token=slack.app_token)) == "not_allowed_token_type"
        other = slack.workspace("Other")
        gone = other.bot_token
        other.revoke()
        assert await error(client.auth_test(token=gone)) == "token_revoked"
        gone = workspace.bot_token
        workspace.uninstall()
        assert await error(client.auth_test(token=gone)) == "account_inactive"


async def test_missing_scopes_are_named() -> None:
    async with workshop() as (_, workspace, ana, client):
        workspace.set_scopes("channels:read", "users:read")
        answer = await refusal(client.chat_postMessage(channel=workspace.general.id, text="hi"))
        assert answer["error"] == "missing_scope"
        assert (answer["needed"], answer["provided"]) == ("chat:write", "channels:read,users:read")
        answer = await refusal(client.conversations_history(channel=workspace.general.id))
        assert answer["needed"] == "channels:history"
        answer = await refusal(client.conversations_list(types="public_channel,private_channel"))
        assert answer["needed"] == "groups:read"
        assert "email" not in (await client.users_info(user=ana.id))["user"]["profile"]


# -- encodings ---------------------------------------------------------------------------------------------


async def test_encodings_that_slack_takes_and_refuses() -> None:
    async with workshop() as (slack, workspace, _, _client), aiohttp.ClientSession() as session:
        headers = {"Authorization": f"Bearer {workspace.bot_token}"}
        url = slack.base_url + "chat.postMessage"
        channel = workspace.general.id

        async def post(**request: Any) -> dict[str, Any]:
            extra = request.pop("headers", {})
            async with session.post(url, headers={**headers, **extra}, **request) as answer:
                assert answer.status == 200
                return dict(await answer.json())

        form = {"channel": channel, "text": "form", "blocks": json.dumps([section("form")])}
        assert (await post(data=form))["ok"]
        assert (await post(json={"channel": channel, "text": "json", "blocks": [section("json")]}))["ok"]
        assert (await post(json={"channel": channel, "text": "t", "blocks": json.dumps([section("t")])}))[
            "ok"
        ]
        answer = await post(json={"channel": channel, "text": "no charset"})
        assert answer["warning"] == "missing_charset"
        with_charset = {"Content-Type": "application/json; charset=utf-8"}
        body = json.dumps({"channel": channel, "text": "charset"})
        assert "warning" not in await post(data=body, headers=with_charset)
        multipart = aiohttp.FormData(form)
        multipart.add_field("unfurl_links", "false", content_type="text/plain")
        assert (await post(data=multipart))["ok"]
        assert workspace.general.texts == ["form", "json", "t", "no charset", "charset", "form"]

        kinds = {
            "invalid_json": ("{", "application/json"),
            "json_not_object": ("[]", "application/json"),
            "invalid_post_type": ("x", "application/xml"),
            "invalid_charset": ("channel=C", "application/x-www-form-urlencoded; charset=utf-16"),
        }
        for expected, (body, kind) in kinds.items():
            assert (await post(data=body, headers={"Content-Type": kind}))["error"] == expected
        assert (await post(data={"channel": channel, "blocks": "{"}))["error"] == "invalid_blocks_format"
        assert (await post(data={"channel": channel, "blocks": "{}"}))["error"] == "invalid_blocks_format"

        async with session.post(slack.base_url + "chat.everything", headers=headers) as unknown:
            assert (await unknown.json())["error"] == "unknown_method"
        bare = {"token": workspace.bot_token, "channel": channel, "text": "token in the form"}
        async with session.post(url, data=bare) as answer:
            assert (await answer.json())["ok"]
        async with session.post(url, json=bare) as answer:
            assert (await answer.json())["error"] == "not_authed"
        async with session.get(url, params=bare) as answer:
            assert (await answer.json())["error"] == "not_authed"


async def test_an_unknown_argument_is_complained_about() -> None:
    async with workshop() as (slack, workspace, _, client):
        await client.chat_postMessage(channel=workspace.general.id, text="hi", colour="red")
        assert slack.complaints == ["chat.postMessage knows no argument colour"]


# -- posting -----------------------------------------------------------------------------------------------


async def test_where_a_bot_may_post() -> None:
    async with workshop() as (slack, workspace, ana, client):
        workspace.set_scopes(*(s for s in workspace.installation.scopes if s != "chat:write.public"))
        elsewhere = workspace.channel("elsewhere", ana, bot=False)
        secret = workspace.channel("secret", ana, bot=False, private=True)
        archived = workspace.channel("archived", ana)
        workspace.archive(archived)
        quiet = workspace.channel("quiet", ana)
        quiet.read_only = True
        forum = workspace.channel("forum", ana)
        forum.threads_only = True
        flat = workspace.channel("flat", ana)
        first = await ana.say(flat, "no threads here")
        flat.no_threads = True

        async def post(channel: str, **more: Any) -> str:
            return await error(client.chat_postMessage(channel=channel, text="hi", **more))

        assert await post(elsewhere.id) == "not_in_channel"
        assert await post(secret.id) == "channel_not_found"
        assert await post("C999") == "channel_not_found"
        assert await post(archived.id) == "is_archived"
        assert await post(quiet.id) == "restricted_action"
        assert await post(forum.id) == "restricted_action_thread_only_channel"
        assert await post(flat.id, thread_ts=first.ts) == "restricted_action_non_threadable_channel"
        assert await post(workspace.general.id, thread_ts="yesterday") == "invalid_thread_ts"
        assert await post(workspace.general.id, thread_ts="1500000000.000000") == "thread_not_found"
        left = workspace.member("Lee")
        workspace.deactivate(left)
        assert await post(left.id) == "user_disabled"
        workspace.installation.scopes.append("chat:write.public")
        workspace.set_scopes(*workspace.installation.scopes)
        assert (await client.chat_postMessage(channel="#elsewhere", text="by name"))[
            "channel"
        ] == elsewhere.id

        direct = await client.chat_postMessage(channel=ana.id, text="for you")
        assert direct["channel"].startswith("D")
        assert slack.channels[direct["channel"]].texts == ["for you"]
        assert (await client.conversations_open(users=ana.id))["channel"]["id"] == direct["channel"]


async def test_sizes_of_messages() -> None:
    async with workshop() as (slack, workspace, _, client):
        channel = workspace.general.id

        async def post(**message: Any) -> str:
            return await error(client.chat_postMessage(channel=channel, **message))

        with pytest.warns(UserWarning, match="top-level `text`"):
            assert await post(text="") == "no_text"
        assert await post(text="x" * 40_001) == "msg_too_long"
        assert (await client.chat_postMessage(channel=channel, text="x" * 40_000))["ok"]
        ts = (await client.chat_postMessage(channel=channel, text="short"))["ts"]
        assert await error(client.chat_update(channel=channel, ts=ts, text="x" * 4_001)) == "msg_too_long"
        answer = await refusal(
            client.chat_postMessage(channel=channel, text="t", blocks=[section("x" * 3001)])
        )
        assert answer["error"] == "invalid_blocks"
        assert (
            "[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]"
            in answer["response_metadata"]["messages"]
        )
        assert await post(text="t", blocks=[{"type": "divider"}] * 51) == "invalid_blocks"
        assert await post(text="t", blocks=[section("x" * 2900)] * 5) == "msg_blocks_too_long"
        header = {"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}
        assert await post(text="t", blocks=[header]) == "invalid_blocks"
        button = {"type": "button", "text": {"type": "plain_text", "text": "Me too"}}
        row = {"type": "actions", "elements": [{**button, "action_id": f"a{n}"} for n in range(26)]}
        assert await post(text="t", blocks=[row]) == "invalid_blocks"
        assert await post(markdown_text="*hi*", text="t") == "markdown_text_conflict"
        assert await post(text="t", metadata={"event_type": "x"}) == "invalid_metadata_format"
        bad = {"event_type": "with space", "event_payload": {}}
        assert await post(text="t", metadata=bad) == "invalid_metadata_schema"
        assert [len(text) for text in workspace.general.texts] == [40_000, 5]
        assert slack.complaints == []


async def test_updating_and_deleting() -> None:
    async with workshop() as (slack, workspace, ana, client):
        general = workspace.general
        theirs = await ana.say(general, "mine")
        assert await error(client.chat_update(channel=general.id, ts=theirs.ts, text="x")) == (
            "cant_update_message"
        )
        assert await error(client.chat_delete(channel=general.id, ts=theirs.ts)) == "cant_delete_message"
        assert await error(client.chat_update(channel=general.id, ts="1.0", text="x")) == "message_not_found"
        metadata = {"event_type": "kith", "event_payload": {"intent": "welcome:1"}}
        ts = (
            await client.chat_postMessage(
                channel=general.id, text="one", blocks=[section("one")], metadata=metadata
            )
        )["ts"]
        message = general.messages[ts]
        with pytest.warns(UserWarning, match="top-level `text`"):
            await client.chat_update(channel=general.id, ts=ts, blocks=[section("two")])
        assert (message.text, message.shown, message.metadata) == ("one", "two", metadata)
        await client.chat_update(channel=general.id, ts=ts, text="three", metadata={})
        assert (message.text, message.blocks, message.metadata) == ("three", [], None)
        assert [text for text, _ in message.versions] == ["one", "one"]
        await client.chat_delete(channel=general.id, ts=ts)
        assert message.deleted
        assert await error(client.chat_delete(channel=general.id, ts=ts)) == "message_not_found"
        await slack.quiet()
        subtypes = [d.event.get("subtype") for d in slack.delivery.log if d.event["type"] == "message"]
        assert subtypes == [None, None, "message_changed", "message_changed", "message_deleted"]


async def test_ephemerals_are_for_members_only_and_in_no_history() -> None:
    async with workshop() as (_, workspace, ana, client):
        general = workspace.general
        cleo = workspace.join("Cleo", guest="single")
        await client.chat_postEphemeral(channel=general.id, user=ana.id, text="just you")
        assert await error(client.chat_postEphemeral(channel=general.id, user=cleo.id, text="x")) == (
            "user_not_in_channel"
        )
        assert [message.text for message in ana.ephemerals] == ["just you"]
        assert cleo.ephemerals == []
        assert (await client.conversations_history(channel=general.id))["messages"] == []


async def test_threads_permalinks_reactions_and_pins() -> None:
    async with workshop() as (_, workspace, ana, client):
        general = workspace.general
        root = await ana.say(general, "question")
        answer = (await client.chat_postMessage(channel=general.id, text="answer", thread_ts=root.ts))["ts"]
        await client.chat_postMessage(channel=general.id, text="nested", thread_ts=answer)
        loud = await client.chat_postMessage(
            channel=general.id, text="loud", thread_ts=root.ts, reply_broadcast=True
        )
        assert loud["message"]["subtype"] == "thread_broadcast"
        replies = (await client.conversations_replies(channel=general.id, ts=root.ts))["messages"]
        assert [message["text"] for message in replies] == ["question", "answer", "nested", "loud"]
        assert replies[0]["reply_count"] == 3
        history = (await client.conversations_history(channel=general.id))["messages"]
        assert [message["text"] for message in history] == ["loud", "question"]
        link = (await client.chat_getPermalink(channel=general.id, message_ts=answer))["permalink"]
        assert link.startswith(f"https://workshop.slack.com/archives/{general.id}/p")
        assert f"thread_ts={root.ts}" in link

        await client.reactions_add(channel=general.id, timestamp=root.ts, name="tada")
        await ana.react(root, "tada")
        again = client.reactions_add(channel=general.id, timestamp=root.ts, name="tada")
        assert await error(again) == "already_reacted"
        nonsense = client.reactions_add(channel=general.id, timestamp=root.ts, name="no such emoji!")
        assert await error(nonsense) == "invalid_name"
        got = await client.reactions_get(channel=general.id, timestamp=root.ts)
        assert got["message"]["reactions"] == [
            {"name": "tada", "users": [workspace.bot.id, ana.id], "count": 2}
        ]
        await client.reactions_remove(channel=general.id, timestamp=root.ts, name="tada")
        twice = client.reactions_remove(channel=general.id, timestamp=root.ts, name="tada")
        assert await error(twice) == "no_reaction"
        await client.pins_add(channel=general.id, timestamp=root.ts)
        pins = (await client.pins_list(channel=general.id))["items"]
        assert [pin["message"]["text"] for pin in pins] == ["question"]

        await ana.delete(root)
        history = (await client.conversations_history(channel=general.id))["messages"]
        assert history[-1]["subtype"] == "tombstone"
