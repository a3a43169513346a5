"""Socket Mode: two connections that come back whatever happens to them, and nothing lost on the way."""

from __future__ import annotations

import asyncio
import random
import re
from dataclasses import replace

import pytest

from bot.clock import system_ms
from bot.model.events import MessagePosted, SpaceSeen
from bot.model.outgoing import InChannel, Post
from bot.platforms.slack.adapter import SlackPlatform, SlackRefused, explain
from bot.platforms.slack.notices import REMEDIES
from bot.platforms.slack.parse import REMOVED
from bot.platforms.slack.sockets import OPERATOR
from bot.redact import Redactor
from tests.contracts.platform_contract import Recorder
from tests.fakes.slack import FakeSlack, Refuse, Status
from tests.slack.stage import SlackStage, options, staged


async def heard(stage: SlackStage, text: str) -> MessagePosted:
    await stage.say(stage.ada, text)
    return await stage.sink.wait(MessagePosted, lambda event: event.text == text)


async def both(stage: SlackStage, opened: int = 2) -> None:
    """Until two connections are open, and so many were opened in all."""
    sockets = stage.slack.sockets
    await stage.slack.until(
        lambda: len([one for one in sockets.open if not one.stuck]) >= 2 <= opened <= sockets.opened
    )


async def test_two_connections_and_any_of_them_will_do() -> None:
    async with staged() as stage:
        await both(stage)
        for number, socket in enumerate(list(stage.slack.sockets.open)):
            stage.slack.sockets.prefer = socket
            await heard(stage, f"by {number}")


@pytest.mark.parametrize("reason", ["warning", "refresh_requested", "link_disabled"])
async def test_a_connection_is_replaced_before_it_ends(reason: str) -> None:
    async with staged() as stage:
        await both(stage)
        await stage.slack.sockets.disconnect(reason)
        await both(stage, opened=3)
        await heard(stage, "still here")
        assert len([one for one in stage.sink.events if isinstance(one, SpaceSeen)]) == 1


async def test_a_connection_that_is_stuck_is_rebuilt_and_what_it_swallowed_comes_again() -> None:
    async with staged() as stage:
        await both(stage)
        stage.slack.sockets.prefer = stage.slack.sockets.stick()
        await stage.say(stage.ada, "swallowed")
        await both(stage, opened=3)
        stage.slack.sockets.prefer = None
        stage.slack.clock.advance(4)
        await stage.sink.wait(MessagePosted, lambda event: event.text == "swallowed")


async def test_after_a_sleep_of_this_machine_all_is_made_anew_and_people_are_counted_again() -> None:
    async with FakeSlack() as slack:
        stage, ahead = SlackStage(slack), 0
        given = options(slack, stage.workspace)
        stage.platform = SlackPlatform(given, now=lambda: system_ms() + ahead)
        await stage.start()
        try:
            await both(stage)
            ahead = 3_600_000
            await both(stage, opened=4)
            await slack.until(lambda: sum(isinstance(one, SpaceSeen) for one in stage.sink.events) == 2)
            await heard(stage, "awake")
        finally:
            await stage.stop()


async def test_cut_connections_are_made_anew_and_people_are_counted_again() -> None:
    async with staged() as stage:
        await both(stage)
        for socket in list(stage.slack.sockets.open):
            stage.slack.sockets.cut(socket)
        await both(stage, opened=4)
        await heard(stage, "back")
        await stage.slack.until(lambda: sum(isinstance(one, SpaceSeen) for one in stage.sink.events) == 2)


@pytest.mark.parametrize("greets", [True, False])
async def test_connections_that_end_at_once_are_made_anew_ever_more_seldom(
    greets: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with FakeSlack() as slack:
        stage = SlackStage(slack, connections=1)
        if not greets:
            monkeypatch.setattr(slack.sockets, "_hello", lambda: {"type": "unheard_of"})
        running = asyncio.create_task(stage.platform.run(stage.sink, stage.catalog))
        told = ""

        def waits() -> list[str]:
            nonlocal told
            told += capsys.readouterr().out
            return re.findall(r"again_in=([\d.]+)", told)

        def cuts() -> bool:
            for socket in list(slack.sockets.open):
                slack.sockets.cut(socket)
            return len(waits()) >= 5

        try:
            await slack.until(cuts)
            assert waits()[:5] == ["0.01", "0.02", "0.04", "0.08", "0.1"]
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def test_a_refused_ticket_is_not_tried_again() -> None:
    async with staged() as stage:
        await both(stage)
        stage.slack.faults.add(Refuse("no"), "socket", times=2)
        await stage.slack.sockets.disconnect("link_disabled")
        await both(stage, opened=3)
        tickets = len(stage.slack.calls("apps.connections.open"))
        assert tickets == stage.slack.sockets.opened + stage.slack.sockets.refused
        await heard(stage, "here")


async def test_too_many_connections_are_said_and_tried_again(capsys: pytest.CaptureFixture[str]) -> None:
    async with FakeSlack() as slack:
        first = SlackStage(slack, connections=9)
        await first.start()
        await slack.connected(9)
        second = SlackPlatform(options(slack, first.workspace))
        running = asyncio.create_task(second.run(Recorder(), first.catalog))
        try:
            await slack.until(lambda: "slack_too_many_connections" in capsys.readouterr().out)
            await first.stop()
            await slack.until(lambda: len(slack.sockets.open) == 2)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def test_a_connection_stays_until_there_is_room_for_the_next(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with staged() as stage:
        await both(stage)
        others = SlackPlatform(options(stage.slack, stage.workspace, connections=8))
        running = asyncio.create_task(others.run(Recorder(), stage.catalog))
        try:
            await stage.slack.connected(10)
            old = stage.slack.sockets.open[0]
            await stage.slack.sockets.disconnect("warning", old)
            told = ""

            def is_refused() -> bool:
                nonlocal told
                told += capsys.readouterr().out
                return told.count("slack_too_many_connections") >= 2

            await stage.slack.until(is_refused)
            assert old in stage.slack.sockets.open
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        await stage.slack.until(lambda: old not in stage.slack.sockets.open)
        await both(stage)
        await heard(stage, "still here")


async def test_slack_out_of_reach_is_waited_for() -> None:
    async with FakeSlack() as slack:
        stage = SlackStage(slack)
        slack.faults.add(Status(503, accept=False), "auth.test")
        slack.faults.add(Status(503, accept=False), "apps.connections.open", times=2)
        await stage.start()
        await heard(stage, "here")
        await stage.stop()


@pytest.mark.parametrize(
    ("bot", "app", "says"),
    [
        ("xapp", "xapp", "begins with xoxb-"),
        ("xoxb", "xoxb", "begins with xapp-"),
        ("unknown", "xapp", "does not know the bot token"),
        ("xoxb", "unknown", "does not know the app-level token"),
        ("revoked", "xapp", "removed from this workspace"),
    ],
)
async def test_a_wrong_token_says_which_one_belongs_there(bot: str, app: str, says: str) -> None:
    async with FakeSlack() as slack:
        workspace = slack.workspace("Workshop")
        tokens = {
            "xoxb": workspace.bot_token,
            "xapp": slack.app_token,
            "unknown": "xoxb-1",
            "revoked": workspace.bot_token,
        }
        given = options(slack, workspace, app_token=tokens[app])
        platform = SlackPlatform(replace(given, bot_token=tokens[bot]))
        if bot == "revoked":
            workspace.revoke()
        with pytest.raises(SlackRefused, match=says):
            await platform.run(Recorder(), SlackStage(slack).catalog)


def test_what_to_do_is_not_taken_for_a_secret_in_the_log() -> None:
    errors = ("token_revoked", "token_expired", "invalid_auth", "not_allowed_token_type", "org_token")
    for words in (*OPERATOR.values(), *REMEDIES.values(), *map(explain, errors), REMOVED):
        assert Redactor().value(words) == words


async def test_without_a_way_in_it_does_not_start() -> None:
    async with FakeSlack() as slack:
        stage = SlackStage(slack, app_token=None)
        with pytest.raises(SlackRefused, match="signing secret"):
            await stage.platform.run(stage.sink, stage.catalog)


@pytest.mark.parametrize("frame", ["{", "[1]", '{"type": "events_api", "envelope_id": "1", "payload": 7}'])
async def test_a_frame_that_cannot_be_read_is_told_and_does_no_harm(
    frame: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with staged() as stage:
        await both(stage)
        stage.slack.sockets.prefer = stage.slack.sockets.open[0]
        await stage.slack.sockets.open[0].ws.send_str(frame)
        await heard(stage, "still here")
        assert "slack_socket_unreadable" in capsys.readouterr().out
        assert stage.slack.sockets.opened == 2


@pytest.mark.parametrize("payload", ["{}", '{"event": {}}', "[1]", "null"])
async def test_an_envelope_of_an_unknown_kind_is_told_once_and_acknowledged(
    payload: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with staged() as stage:
        await both(stage)
        socket = stage.slack.sockets.open[0]
        for number in ("1", "2"):
            envelope = f'{{"type": "hologram", "envelope_id": "{number}", "payload": {payload}}}'
            await socket.ws.send_str(envelope)
        await stage.slack.until(lambda: stage.slack.sockets.unknown_acks == ["1", "2"])
        assert capsys.readouterr().out.count("slack_envelope_unknown") == 1
        await heard(stage, "still here")


@pytest.mark.parametrize(
    "frame",
    [
        '{"type": "disconnect"}',
        '{"type": "disconnect", "reason": null}',
        '{"type": "disconnect", "reason": "new"}',
    ],
)
async def test_a_connection_that_is_ended_for_no_known_reason_is_replaced(frame: str) -> None:
    async with staged() as stage:
        await both(stage)
        await stage.slack.sockets.open[0].ws.send_str(frame)
        await both(stage, opened=3)
        await heard(stage, "still here")


async def test_of_its_own_posts_nothing_is_taken_and_each_is_acknowledged() -> None:
    async with staged() as stage:
        await stage.platform.deliver(Post("k1", InChannel(stage.channel), "Hello"))
        await heard(stage, "said after it")
        await stage.slack.quiet()
        echo = next(one for one in stage.slack.delivery.log if one.event.get("text") == "Hello")
        assert (echo.state, len(echo.attempts)) == ("acked", 1)
        assert not [event for event in stage.sink.attempts if getattr(event, "text", "") == "Hello"]


async def test_an_event_is_acknowledged_only_once_it_is_stored() -> None:
    async with staged() as stage:
        stage.sink.refusing = 1
        before = len(stage.sink.attempts)
        await stage.say(stage.ada, "refused at first")
        await stage.sink.wait_attempts(before + 1)
        stage.slack.clock.advance(4)
        await stage.sink.wait(MessagePosted)
        await stage.slack.quiet()
        delivery = next(one for one in stage.slack.delivery.log if one.event.get("type") == "message")
        assert [one.ok for one in delivery.attempts] == [False, True]


async def test_the_same_event_under_another_id_has_the_same_id_here() -> None:
    async with staged() as stage:
        stage.slack.delivery.hold()
        for number in range(5):
            await stage.say(stage.ada, f"word {number}")
        sent = stage.slack.delivery.release(shuffle=random.Random(3), copies=(1, 5), new_ids=True)

        def found() -> list[MessagePosted]:
            return [one for one in stage.sink.events if isinstance(one, MessagePosted)]

        await stage.slack.until(lambda: len(found()) == sent)
        assert len({one.id for one in found()}) == 5
        assert sent > 5


async def test_an_unknown_event_is_told_once_with_a_handler_to_paste(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with staged() as stage:
        event = {"type": "pin_added", "user": stage.ada.id, "event_ts": "1.2"}
        stage.slack.validates = False
        for _ in range(2):
            stage.slack.events.send(stage.workspace.installation, event)
        await stage.slack.quiet()
        told = capsys.readouterr().out
        assert told.count("slack_event_unknown") == 1
        assert "async def _pin_added" in told
        assert [one.state for one in stage.slack.delivery.log if one.event.get("type") == "pin_added"] == [
            "acked"
        ] * 2
