"""The fake's Web API with real slack_sdk: reading in pages, files, limits, workspaces apart."""

import asyncio

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError

from tests.fakes.slack import RateLimits
from tests.fakes.slack.pieces import section
from tests.fakes.slack.setting import error, workshop


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
