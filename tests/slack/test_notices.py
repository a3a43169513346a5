"""What somebody must mend at Slack is told to an admin in private: once, and not again after a restart."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot.model.content import Card, Image
from bot.model.ids import Channel
from bot.model.outgoing import Direct, InChannel, Post
from bot.platforms.base import Gone, RetryLater
from bot.platforms.slack.adapter import SlackPlatform
from tests.fakes.slack import Drop, Refuse
from tests.fakes.slack.state import Channel as Place
from tests.slack.home import Home, home
from tests.slack.stage import SlackStage, options, staged

WHY = "She stayed late to help me find the fault."


@pytest_asyncio.fixture
async def stage() -> AsyncIterator[SlackStage]:
    async with staged() as made:
        await census(made)
        yield made


async def census(stage: SlackStage) -> None:
    """Who leads is known from the list of everybody."""
    async for _ in stage.platform.members(stage.space):
        pass


async def post(stage: SlackStage, key: str, place: Place | None = None) -> None:
    channel = Channel(stage.space.key, (place or stage.place).id)
    await stage.platform.deliver(Post(key, InChannel(channel), "Hello?"))


def told(stage: SlackStage) -> list[str]:
    return [one.text for one in stage.who(stage.ada).dm_channel.live]


async def restart(stage: SlackStage) -> None:
    await stage.stop()
    stage.platform = SlackPlatform(options(stage.slack, stage.workspace))
    await stage.start()
    await stage.platform.connected()
    await census(stage)


async def test_a_restart_tells_nothing_again(stage: SlackStage) -> None:
    stage.place.archived = True
    for key in ("k1", "k2"):
        with pytest.raises(Gone):
            await post(stage, key)
    await restart(stage)
    with pytest.raises(Gone):
        await post(stage, "k3")
    assert len(told(stage)) == 1
    assert "archived" in told(stage)[0]


async def test_what_was_mended_and_breaks_again_is_told_again(stage: SlackStage) -> None:
    other = stage.workspace.channel("other", stage.who(stage.ada))
    for place in (stage.place, other):
        place.archived = True
        with pytest.raises(Gone):
            await post(stage, f"before {place.id}", place)
    stage.place.archived = False
    await restart(stage)
    await post(stage, "between")
    stage.place.archived = True
    for key, place in (("k1", stage.place), ("k2", stage.place), ("k3", other)):
        with pytest.raises(Gone):
            await post(stage, key, place)
    assert [stage.place.id in text for text in told(stage)] == [True, False, True]


async def test_a_lacking_permission_is_told_once_for_all_channels(stage: SlackStage) -> None:
    other = stage.workspace.channel("other", stage.who(stage.ada))
    stage.slack.faults.add(
        Refuse("missing_scope", {"needed": "chat:write"}),
        "chat.postMessage",
        times=None,
        when=lambda args: "Hello?" in str(args),
    )
    for place in (stage.place, other):
        with pytest.raises(Gone):
            await post(stage, place.id, place)
    assert len(told(stage)) == 1
    assert "lack a permission" in told(stage)[0]


async def test_a_picture_that_may_not_be_sent_is_told_until_it_may(stage: SlackStage) -> None:
    async def show(key: str) -> None:
        card = Card("Chart", image=Image(b"\x89PNG", "image/png", key))
        await stage.platform.deliver(Post(key, InChannel(stage.channel), card))

    for key in ("k1", "k2"):
        stage.slack.faults.add(Refuse("missing_scope"), "files.getUploadURLExternal")
        await show(key)
    assert len(told(stage)) == 1
    await show("k3")
    assert stage.sink.told.all == set()


async def test_private_messages_end_no_other_trouble_and_are_no_channel(stage: SlackStage) -> None:
    ada, mina = stage.who(stage.ada), stage.who(stage.mina)
    workspace = stage.platform._workspaces[stage.space.id]
    for _ in range(2):
        await stage.platform._notices.tell(workspace, "tokens_refused", "Let me in again.", ada.id)
    stage.slack.faults.add(Refuse("channel_not_found"), "chat.postMessage")
    with pytest.raises(Gone):
        await stage.platform.deliver(Post("k1", Direct(stage.mina), "Hello"))
    await stage.platform.deliver(Post("k2", Direct(stage.mina), "Hello"))
    card = Card("Chart", image=Image(b"\x89PNG", "image/png", "x"))
    await stage.platform.deliver(Post("k3", Direct(stage.mina), card))
    await stage.platform._notices.tell(workspace, "tokens_refused", "Let me in again.", ada.id)
    assert told(stage) == ["Let me in again."]
    assert mina.dm_channel.live


async def test_what_could_not_be_told_is_told_the_next_time(stage: SlackStage) -> None:
    stage.place.archived = True
    stage.slack.faults.add(Drop(accept=False), "conversations.open")
    with pytest.raises(Gone):
        await post(stage, "k1")
    assert stage.sink.told.all == set()
    with pytest.raises(Gone):
        await post(stage, "k2")
    assert len(told(stage)) == 1


async def test_what_slack_lets_nobody_be_told_is_told_after_a_restart(stage: SlackStage) -> None:
    stage.place.archived = True
    stage.slack.faults.add(Refuse("missing_scope"), "conversations.open", times=1)
    for key in ("k1", "k2"):
        with pytest.raises(Gone):
            await post(stage, key)
    assert told(stage) == []
    await restart(stage)
    with pytest.raises(Gone):
        await post(stage, "k3")
    assert len(told(stage)) == 1


async def test_what_the_storage_will_not_keep_is_told_all_the_same(
    stage: SlackStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object) -> frozenset[str]:
        raise RuntimeError("no storage")

    for name in ("of", "keep", "drop"):
        monkeypatch.setattr(stage.sink.told, name, fails)
    stage.place.archived = True
    with pytest.raises(Gone):
        await post(stage, "k1")
    assert len(told(stage)) == 1
    stage.place.archived = False
    await post(stage, "k2")


@pytest.mark.parametrize("word", ["token_revoked", "invalid_auth", "account_inactive"])
async def test_an_end_of_all_access_stands_in_the_log_once(
    stage: SlackStage, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.slack.faults.add(Refuse(word), "chat.postMessage", times=None)
    for key in ("k1", "k2"):
        with pytest.raises((Gone, RetryLater)):
            await post(stage, key)
    assert capsys.readouterr().out.count("slack_refuses") == 1
    assert told(stage) == []


async def test_in_the_whole_app_an_archived_wall_is_told_once_over_restarts(tmp_path: object) -> None:
    from pathlib import Path

    assert isinstance(tmp_path, Path)
    async with home(tmp_path) as h:
        h.workspace.archive(h.wall, h.robin)
        for number in range(2):
            await thank(h, number)
            await h.restart()
        archived = [one for one in h.robin.dm_channel.live if "archived" in one.text]
        assert [h.wall.id in one.text for one in archived] == [True]
        noted = (await (await h.kith(h.robin, "log")).message()).shown
        assert noted.count("isn't there any more") == 1


async def thank(h: Home, number: int) -> None:
    giver, to = ((h.ada, h.mina), (h.mina, h.robin))[number]
    await giver.command(h.hall, "/shoutout", to, f" {WHY}")
    await h.settled()
