"""Each way in which Slack can refuse or lose a message has its consequence."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot.model.content import Card, Image, Section
from bot.model.events import SpaceLost
from bot.model.ids import Channel
from bot.model.outgoing import Answer, Delete, Direct, Edit, InChannel, Post, React
from bot.platforms.base import Gone, RetryLater, Unsure
from bot.platforms.slack.answers import Token, Way
from bot.platforms.slack.api import Api
from tests.fakes.slack import Delay, Drop, Garble, Hang, RateLimit, Refuse, Status
from tests.slack.stage import SlackStage, staged

PICTURE = b"\x89PNG\r\n\x1a\n" + b"0" * 40


@pytest_asyncio.fixture
async def stage() -> AsyncIterator[SlackStage]:
    async with staged() as made:
        async for _ in made.platform.members(made.space):
            pass  # as the census does at the start, which is how it is known who leads
        yield made


def hello(stage: SlackStage, key: str = "k1") -> Post:
    return Post(key, InChannel(stage.channel), "Hello")


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (RateLimit(3), RetryLater),
        (Refuse("ratelimited"), RetryLater),
        (Refuse("service_unavailable"), RetryLater),
        (Status(502), Unsure),
        (Status(503, accept=False), Unsure),
        (Garble(), Unsure),
        (Drop(), Unsure),
        (Refuse("internal_error"), Unsure),
        (Refuse("token_revoked"), RetryLater),
        (Refuse("account_inactive"), Gone),
        (Refuse("missing_scope", {"needed": "chat:write"}), Gone),
        (Refuse("channel_not_found"), Gone),
        (Refuse("is_archived"), Gone),
        (Refuse("restricted_action"), Gone),
        (Refuse("something_new"), Gone),
    ],
)
async def test_what_a_refusal_means(stage: SlackStage, fault: object, error: type[Exception]) -> None:
    stage.slack.faults.add(fault, "chat.postMessage")
    with pytest.raises(error) as raised:
        await stage.platform.deliver(hello(stage))
    if isinstance(fault, RateLimit):
        assert isinstance(raised.value, RetryLater)
        assert raised.value.after == 3
    stage.slack.faults.clear()


async def test_a_server_out_of_reach_is_tried_later_since_nothing_was_sent(stage: SlackStage) -> None:
    workspace = stage.platform._workspaces[stage.space.id]
    async with Api("http://127.0.0.1:1/api") as workspace.client.api:
        with pytest.raises(RetryLater) as raised:
            await stage.platform.deliver(hello(stage))
    assert raised.value.everywhere


async def test_it_goes_into_a_public_channel_that_it_was_told_to_post_in(stage: SlackStage) -> None:
    ada = stage.who(stage.ada)
    place = stage.workspace.channel("open", ada, bot=False)
    post = Post("k1", InChannel(Channel(stage.space.key, place.id)), "Here I am")
    await stage.platform.deliver(post)
    stage.slack.complaints.clear()
    assert place.last.text == "Here I am"


@pytest.mark.parametrize("what", ["archived", "read only", "private", "not let in"])
async def test_a_closed_channel_is_told_to_an_admin_once(stage: SlackStage, what: str) -> None:
    ada = stage.who(stage.ada)
    place = stage.workspace.channel(
        "closed", ada, private=what == "private", bot=what not in ("private", "not let in")
    )
    stage.workspace.set_scopes(
        *[
            scope
            for scope in stage.workspace.installation.scopes
            if scope not in ("channels:join", "chat:write.public")
        ]
    )
    place.archived = what == "archived"
    place.read_only = what == "read only"
    for key in ("k1", "k2"):
        with pytest.raises(Gone):
            await stage.platform.deliver(Post(key, InChannel(Channel(stage.space.key, place.id)), "Hello?"))
    told = [one for one in ada.dm_channel.live if place.id in one.text]
    assert len(told) == 1
    assert not stage.who(stage.mina).dm_channel.live
    assert len(stage.sink.told.all) == 1


async def test_blocks_that_slack_will_not_have_are_said_in_words(stage: SlackStage) -> None:
    stage.slack.faults.add(Refuse("invalid_blocks"), "chat.postMessage")
    receipt = await stage.platform.deliver(Post("k1", InChannel(stage.channel), Card("Title", "Body")))
    assert receipt.message is not None
    message = stage.place.messages[receipt.message.id]
    assert (message.text, message.blocks) == ("Title\nBody", [])
    assert await stage.platform.find(Post("k1", InChannel(stage.channel), "x"), 0) == receipt


async def test_a_lost_answer_is_found_by_its_key_among_many_pages(stage: SlackStage) -> None:
    stage.slack.faults.add(Drop(), "chat.postMessage")
    post = hello(stage)
    with pytest.raises(Unsure):
        await stage.platform.deliver(post)
    ada = stage.who(stage.ada)
    for number in range(450):
        await ada.say(stage.place, f"word {number}")
    found = await stage.platform.find(post, 0)
    assert found is not None
    assert found.message is not None
    assert stage.place.messages[found.message.id].text == "Hello"
    assert len(stage.slack.calls("conversations.history")) == 3
    assert await stage.platform.find(hello(stage, "another"), 0) is None


async def test_where_slack_lets_one_small_page_be_read_a_minute_a_look_goes_on_where_it_was_cut_short(
    stage: SlackStage,
) -> None:
    stage.slack.app.distributed = True
    stage.slack.faults.add(Drop(), "chat.postMessage")
    post = hello(stage)
    with pytest.raises(Unsure):
        await stage.platform.deliver(post)
    for number in range(40):
        await stage.who(stage.ada).say(stage.place, f"word {number}")
    for _ in range(2):
        with pytest.raises(RetryLater) as later:
            await stage.platform.find(post, 0)
        stage.slack.clock.advance(later.value.after)
    found = await stage.platform.find(post, 0)
    assert found is not None
    assert found.message is not None
    assert stage.place.messages[found.message.id].text == "Hello"
    stage.slack.clock.advance(60)
    for _ in range(2):
        with pytest.raises(RetryLater):
            await stage.platform.find(hello(stage, "another"), 0)
        stage.slack.clock.advance(60)
    assert await stage.platform.find(hello(stage, "another"), 0) is None


async def test_a_lost_reply_and_a_lost_private_message_are_found_where_they_stand(stage: SlackStage) -> None:
    root = await stage.platform.deliver(hello(stage))
    assert root.message is not None
    posts = (
        Post("k2", InChannel(stage.channel, root.message.id), "A reply"),
        Post("k3", Direct(stage.mina), "For you"),
    )
    for post in posts:
        stage.slack.faults.add(Drop(), "chat.postMessage")
        with pytest.raises(Unsure):
            await stage.platform.deliver(post)
        found = await stage.platform.find(post, 0)
        assert found is not None
        assert found.message is not None


async def test_what_cannot_be_looked_up_stays_unsure(stage: SlackStage) -> None:
    stage.slack.faults.add(Refuse("missing_scope", {"needed": "channels:history"}), "conversations.history")
    with pytest.raises(Unsure):
        await stage.platform.find(hello(stage), 0)
    stage.slack.faults.add(Status(500), "conversations.history")
    with pytest.raises(Unsure):
        await stage.platform.find(hello(stage), 0)


async def test_somebody_who_left_is_gone_and_nobody_is_told(stage: SlackStage) -> None:
    stage.workspace.deactivate(stage.who(stage.mina))
    with pytest.raises(Gone):
        await stage.platform.deliver(Post("k1", Direct(stage.mina), "Hello?"))
    assert not stage.who(stage.ada).dm_channel.live


async def test_a_picture_is_uploaded_once_and_shown_with_its_words(stage: SlackStage) -> None:
    card = Card("Chart", image=Image(PICTURE, "image/png", "Rain all week"))
    for key in ("k1", "k2"):
        await stage.platform.deliver(Post(key, InChannel(stage.channel), card))
    (file,) = stage.slack.uploads.files.values()
    assert (file.content, file.alt_text, file.complete) == (PICTURE, "Rain all week", True)
    message = stage.place.last
    assert "Rain all week" in message.spoken
    image = next(block for block in message.blocks if block["type"] == "image")
    assert (image["slack_file"], image["alt_text"]) == ({"id": file.id}, "Rain all week")


async def test_a_picture_that_slack_will_not_take_leaves_its_words(stage: SlackStage) -> None:
    stage.slack.faults.add(Refuse("storage_limit_reached"), "files.getUploadURLExternal")
    card = Card("Chart", sections=(Section("See"),), image=Image(PICTURE, "image/png", "Rain"))
    await stage.platform.deliver(Post("k1", InChannel(stage.channel), card))
    assert [block["type"] for block in stage.place.last.blocks] == ["header", "rich_text", "rich_text"]
    assert "Rain" in stage.place.last.shown


async def test_a_lost_upload_is_made_again_before_anything_is_posted(stage: SlackStage) -> None:
    stage.slack.faults.add(Drop(), "upload")
    post = Post("k1", InChannel(stage.channel), Card("Chart", image=Image(PICTURE, "image/png", "Rain")))
    with pytest.raises(RetryLater):
        await stage.platform.deliver(post)
    await stage.platform.deliver(post)
    assert len(stage.place.live) == 1


async def test_edits_deletions_and_reactions_of_what_is_gone(stage: SlackStage) -> None:
    receipt = await stage.platform.deliver(hello(stage))
    assert receipt.message is not None
    stage.slack.acts.delete(stage.place.messages[receipt.message.id])
    to = InChannel(stage.channel)
    with pytest.raises(Gone):
        await stage.platform.deliver(Edit("k2", "k1", to, "Changed", receipt.message))
    with pytest.raises(Gone):
        await stage.platform.deliver(React("k3", to, "👋", receipt.message))
    with pytest.raises(Gone):
        await stage.platform.deliver(React("k4", to, "🫥", receipt.message))
    await stage.platform.deliver(Delete("k5", "k1", to, receipt.message))


async def test_a_long_edit_is_whole_for_the_eye_and_cut_for_the_ear(stage: SlackStage) -> None:
    receipt = await stage.platform.deliver(hello(stage))
    words = "word " * 1_500
    await stage.platform.deliver(Edit("k2", "k1", InChannel(stage.channel), words, receipt.message))
    message = stage.place.last
    assert message.shown.strip() == words.strip()
    assert len(message.text) <= 4_000


async def test_an_answers_url_that_is_used_up_or_old_gives_way_to_an_ephemeral_one(stage: SlackStage) -> None:
    answer = await stage.who(stage.ada).command(stage.place, "/kith", "help")
    token = str(Token(Way.URL, url=answer.response_url))
    for number in range(7):
        to = Answer(token, stage.ada, stage.channel)
        await stage.platform.deliver(Post(f"k{number}", to, f"Number {number}."))
    seen = [one.spoken for one in stage.who(stage.ada).ephemerals]
    assert seen == [f"Number {number}." for number in range(7)]
    assert len(stage.slack.calls("chat.postEphemeral")) == 2
    stage.slack.clock.advance(3_600)
    await stage.platform.deliver(Post("late", Answer(token, stage.ada, stage.channel), "Late."))
    assert len(stage.who(stage.ada).ephemerals) == 8
    stage.place.members.pop(stage.ada.id)
    await stage.platform.deliver(Post("gone", Answer(token, stage.ada, stage.channel), "Gone."))
    assert stage.who(stage.ada).dm_channel.last.text == "Gone."


async def test_a_hanging_call_ends_with_whoever_waits_for_it(stage: SlackStage) -> None:
    hanging = stage.slack.faults.add(Hang(), "chat.postMessage")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await stage.platform.deliver(hello(stage))
    hanging.release()
    assert await stage.platform.find(hello(stage), 0) is not None


async def test_a_removed_app_ends_deliveries_and_says_so(
    stage: SlackStage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.workspace.uninstall()
    await stage.sink.wait(SpaceLost)
    await stage.slack.quiet()
    with pytest.raises(Gone):
        await stage.platform.deliver(hello(stage))
    assert capsys.readouterr().out.count("Install the app again") == 1


async def test_an_end_that_is_not_stored_is_told_again(stage: SlackStage) -> None:
    stage.sink.refusing = 1
    before = len(stage.sink.attempts)
    stage.workspace.uninstall(("app_uninstalled",))
    await stage.sink.wait_attempts(before + 1)
    stage.slack.clock.advance(4)
    await stage.sink.wait(SpaceLost)
    with pytest.raises(Gone):
        await stage.platform.deliver(hello(stage))


@pytest.mark.parametrize("kind", ["app_uninstalled", "tokens_revoked"])
async def test_an_end_that_is_told_late_ends_nothing_while_the_token_works(
    stage: SlackStage, kind: str
) -> None:
    event = {"type": kind, "tokens": {"oauth": [], "bot": [stage.workspace.bot.id]}}
    stage.slack.validates = False
    stage.slack.events.send(stage.workspace.installation, event)
    await stage.slack.quiet()
    stage.slack.faults.add(Status(503, accept=False), "auth.test")
    stage.slack.events.send(stage.workspace.installation, {**event, "event_ts": "1.2"})
    await stage.slack.quiet()
    await stage.platform.deliver(hello(stage))
    assert not [event for event in stage.sink.attempts if isinstance(event, SpaceLost)]


async def test_an_end_is_believed_where_slack_cannot_be_asked(stage: SlackStage) -> None:
    stage.slack.faults.add(Status(503, accept=False), "auth.test")
    stage.slack.validates = False
    stage.slack.events.send(stage.workspace.installation, {"type": "app_uninstalled"})
    await stage.sink.wait(SpaceLost)


async def test_before_it_is_connected_things_wait(stage: SlackStage) -> None:
    await stage.stop()
    with pytest.raises(RetryLater):
        await stage.platform.deliver(hello(stage))


async def test_members_are_read_at_slacks_pace(stage: SlackStage) -> None:
    stage.slack.faults.add(RateLimit(0), "users.list")
    late = stage.slack.faults.add(Delay(), "users.list")
    late.release()
    found = [member.id async for member in stage.platform.members(stage.space)]
    assert {stage.ada.id, stage.mina.id} <= set(found)
