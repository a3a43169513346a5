"""The fake's Web API with real slack_sdk, and raw requests for what the SDK would not send."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.slack import FakeSlack, Person, RateLimits, Workspace


@asynccontextmanager
async def workshop(**options: Any) -> AsyncIterator[tuple[FakeSlack, Workspace, Person, AsyncWebClient]]:
    """A fake with one workspace, a person in it and the bot's client with one session."""
    async with FakeSlack(**options) as slack, aiohttp.ClientSession() as session:
        workspace = slack.workspace("Workshop")
        client = AsyncWebClient(
            token=workspace.bot_token, base_url=slack.base_url, session=session, retry_handlers=[]
        )
        yield slack, workspace, workspace.member("Ana", email="ana@example.com"), client


async def refusal(call: Any) -> dict[str, Any]:
    """The answer to a call that must be refused."""
    with pytest.raises(SlackApiError) as refused:
        await call
    return dict(refused.value.response.data)


async def error(call: Any) -> str:
    return str((await refusal(call))["error"])


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


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


# -- reading -----------------------------------------------------------------------------------------------


async def test_history_pages_bounds_and_metadata() -> None:
    async with workshop() as (_, workspace, _, client):
        general = workspace.general
        stamps = []
        for number in range(25):
            metadata = {"event_type": "kith", "event_payload": {"n": number}}
            answer = await client.chat_postMessage(channel=general.id, text=str(number), metadata=metadata)
            stamps.append(answer["ts"])
        texts: list[str] = []
        async for page in await client.conversations_history(channel=general.id, limit=10):
            texts += [message["text"] for message in page["messages"]]
            assert all("metadata" not in message for message in page["messages"])
        assert texts == [str(number) for number in reversed(range(25))]
        some = await client.conversations_history(
            channel=general.id, oldest=stamps[3], latest=stamps[6], include_all_metadata=True
        )
        assert [message["metadata"]["event_payload"]["n"] for message in some["messages"]] == [5, 4]
        some = await client.conversations_history(
            channel=general.id, oldest=stamps[3], latest=stamps[6], inclusive=True
        )
        assert [message["text"] for message in some["messages"]] == ["6", "5", "4", "3"]
        assert await error(client.conversations_history(channel=general.id, cursor="??")) == "invalid_cursor"
        assert await error(client.conversations_history(channel=general.id, limit=1001)) == "invalid_limit"
        elsewhere = workspace.channel("elsewhere", bot=False)
        assert await error(client.conversations_history(channel=elsewhere.id)) == "not_in_channel"


async def test_history_lags() -> None:
    async with workshop() as (slack, workspace, _, client):
        slack.history_lag = 30
        await client.chat_postMessage(channel=workspace.general.id, text="new")
        assert (await client.conversations_history(channel=workspace.general.id))["messages"] == []
        slack.clock.advance(30)
        assert len((await client.conversations_history(channel=workspace.general.id))["messages"]) == 1


async def test_people_and_channels_are_listed_in_pages() -> None:
    async with workshop() as (_, workspace, ana, client):
        for number in range(7):
            workspace.member(f"Person {number}")
        guest = workspace.member("Gil", guest="multi")
        workspace.deactivate(guest)
        robot = workspace.member("Deploybot", bot=True)
        ids: list[str] = []
        async for page in await client.users_list(limit=4):
            ids += [member["id"] for member in page["members"]]
        assert ids == list(workspace.people)
        everyone = {member["id"]: member for member in (await client.users_list())["members"]}
        assert everyone[guest.id]["deleted"]
        assert everyone[guest.id]["is_restricted"]
        assert everyone[robot.id]["is_bot"]
        assert (await client.users_lookupByEmail(email="ANA@example.com"))["user"]["id"] == ana.id
        assert await error(client.users_lookupByEmail(email="no@example.com")) == "users_not_found"
        assert await error(client.users_info(user="U404")) == "user_not_found"
        profile = (await client.users_profile_get(user=ana.id))["profile"]
        assert (profile["real_name"], profile["email"]) == ("Ana", "ana@example.com")
        assert (await client.bots_info(bot=workspace.bot.bot_id))["bot"]["user_id"] == workspace.bot.id
        assert (await client.team_info())["team"]["name"] == "Workshop"

        secret = workspace.channel("secret", ana, private=True, bot=False)
        club = workspace.channel("club", ana, private=True)
        old = workspace.channel("old", ana)
        workspace.archive(old)
        listed = await client.conversations_list(
            types="public_channel,private_channel", exclude_archived=True
        )
        names = {channel["name"]: channel for channel in listed["channels"]}
        assert set(names) == {"general", "club"}
        assert names["club"]["is_private"]
        assert names["general"]["is_member"]
        assert await error(client.conversations_info(channel=secret.id)) == "channel_not_found"
        info = await client.conversations_info(channel=club.id, include_num_members=True)
        assert info["channel"]["num_members"] == 2
        members: list[str] = []
        async for page in await client.conversations_members(channel=workspace.general.id, limit=3):
            members += page["members"]
        assert set(members) == {p.id for p in workspace.people.values() if not p.deleted}
        mine = await client.users_conversations(types="public_channel,private_channel")
        assert {channel["name"] for channel in mine["channels"]} == {"general", "club", "old"}


async def test_joining_and_leaving() -> None:
    async with workshop() as (slack, workspace, ana, client):
        garden = workspace.channel("garden", ana, bot=False)
        secret = workspace.channel("secret", ana, private=True)
        assert (await client.conversations_join(channel=garden.id))["channel"]["is_member"]
        assert (await client.conversations_join(channel=garden.id))["warning"] == "already_in_channel"
        refused = client.conversations_join(channel=secret.id)
        assert await error(refused) == "method_not_supported_for_channel_type"
        await client.conversations_leave(channel=garden.id)
        assert not garden.holds(workspace.bot)
        assert await error(client.conversations_leave(channel=workspace.general.id)) == "cant_leave_general"
        kinds = [d.event["type"] for d in slack.delivery.log]
        assert kinds == ["member_joined_channel", "message", "channel_left"]


# -- files -------------------------------------------------------------------------------------------------


async def test_files_go_up_in_three_steps_and_come_down_with_a_token() -> None:
    async with workshop() as (slack, workspace, ana, client):
        answer = await client.files_upload_v2(
            channel=workspace.general.id,
            filename="garden.png",
            title="The garden",
            content=b"\x89PNG" + b"0" * 100,
            alt_txt="Beans on a pole",
            initial_comment="Look",
        )
        file = slack.uploads.files[answer["file"]["id"]]
        assert (file.title, file.alt_text, file.mimetype) == ("The garden", "Beans on a pole", "image/png")
        message = workspace.general.last
        assert (message.subtype, message.text, message.files) == ("file_share", "Look", [file])

        short = await client.files_getUploadURLExternal(filename="a.txt", length=10)
        async with aiohttp.ClientSession() as session:
            async with session.post(short["upload_url"], data=b"too short") as reply:
                assert reply.status == 400
            async with session.get(file.url) as page:
                assert "Sign in" in await page.text()
            headers = {"Authorization": f"Bearer {workspace.bot_token}"}
            async with session.get(file.url, headers=headers) as page:
                assert await page.read() == file.content
        unfinished = client.files_completeUploadExternal(files=[{"id": short["file_id"]}])
        assert await error(unfinished) == "file_not_found"
        sheet = ana.upload("snippets.csv", b"title,text\n")
        await ana.say(workspace.general, "here", files=(sheet,))
        event = slack.delivery.log[-2].event
        assert event["files"][0]["url_private"] == sheet.url


# -- limits ------------------------------------------------------------------------------------------------


async def test_one_post_a_second_and_tiers() -> None:
    async with workshop(rate_limits=RateLimits(), frozen=True) as (slack, workspace, ana, client):
        garden = workspace.channel("garden", ana)
        await client.chat_postMessage(channel=garden.id, text="one")
        with pytest.raises(SlackApiError) as fast:
            await client.chat_postMessage(channel=garden.id, text="two")
        assert fast.value.response.status_code == 429
        assert fast.value.response["error"] == "ratelimited"
        assert fast.value.response.headers["Retry-After"] == "1"
        await client.chat_postMessage(channel=workspace.general.id, text="elsewhere")
        slack.clock.advance(1)
        await client.chat_postMessage(channel=garden.id, text="two")
        assert garden.texts == ["one", "two"]
        for _ in range(20):
            await client.users_list()
        assert await error(client.users_list()) == "ratelimited"
        slack.clock.advance(60)
        await client.users_list()


async def test_apps_distributed_outside_the_marketplace_read_slowly() -> None:
    async with workshop(frozen=True) as (slack, workspace, ana, client):
        slack.app.distributed = True
        for number in range(20):
            await ana.say(workspace.general, str(number))
        page = await client.conversations_history(channel=workspace.general.id, limit=100)
        assert len(page["messages"]) == 15
        assert page["has_more"]
        assert await error(client.conversations_history(channel=workspace.general.id)) == "ratelimited"
        slack.clock.advance(60)
        await client.conversations_history(channel=workspace.general.id)


async def test_one_workspace_never_sees_another() -> None:
    async with workshop() as (slack, workspace, ana, client):
        other = slack.workspace("Other")
        stranger = other.member("Pia")
        assert await error(client.users_info(user=stranger.id)) == "user_not_visible"
        assert await error(client.chat_postMessage(channel=other.general.id, text="hi")) == (
            "channel_not_found"
        )
        shared = workspace.channel("together", ana)
        workspace.connect(shared, other)
        workspace.admit(shared, stranger, ana)
        user = (await client.users_info(user=stranger.id))["user"]
        assert (user["team_id"], user["is_stranger"]) == (other.id, True)
        assert "email" not in user["profile"]
        assert stranger.id in (await client.conversations_members(channel=shared.id))["members"]
        assert stranger.id not in [member["id"] for member in (await client.users_list())["members"]]
        joined = [d.payload for d in slack.delivery.log if d.event["type"] == "member_joined_channel"][-1]
        assert joined["is_ext_shared_channel"]
        assert (joined["team_id"], joined["event"]["team"]) == (workspace.id, other.id)
        await stranger.say(shared, "hello from afar")
        event = slack.delivery.log[-1].event
        assert event["user_team"] == other.id


async def test_bench_mode_is_quick_and_keeps_no_log() -> None:
    async with workshop(bench=True) as (slack, workspace, _, client):
        bad = [section("x" * 3001)]
        await asyncio.gather(
            *(
                client.chat_postMessage(channel=workspace.general.id, text=str(n), blocks=bad)
                for n in range(50)
            )
        )
        assert len(workspace.general.live) == 50
        assert slack.calls() == []
        assert slack.delivery.log == []
