"""Slack over HTTP, on Kith's own web app: signed requests in time, and nobody else's."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
import pytest_asyncio

from bot import app
from bot.config import Config, Kith, Slack, Web
from bot.model.events import MessagePosted
from bot.platforms.slack.adapter import SlackPlatform
from bot.platforms.slack.requests import BODY_MOST
from tests.fakes.slack import FakeSlack
from tests.slack.stage import SlackStage, options


@asynccontextmanager
async def kith(tmp_path: Path, **more: Any) -> AsyncIterator[tuple[FakeSlack, SlackStage, str]]:
    """The whole of Kith by its configuration, with Slack over HTTP."""
    async with FakeSlack() as slack:
        stage = SlackStage(slack)
        config = Config(
            kith=Kith(data=str(tmp_path)),
            web=Web(port=0, **more),
            slack=Slack(
                bot_token=stage.workspace.bot_token,
                signing_secret=slack.app.signing_secret,
                api=f"{slack.url}/api",
            ),
            home=tmp_path,
        )
        async with app.running(config) as running:
            slack.app.request_url = f"{running.address}/slack/events"
            platform = running.core.platforms["slack"]
            assert isinstance(platform, SlackPlatform)
            await platform.connected()
            yield slack, stage, slack.app.request_url


@pytest_asyncio.fixture
async def served(tmp_path: Path) -> AsyncIterator[tuple[FakeSlack, SlackStage, str]]:
    async with kith(tmp_path) as found:
        yield found


Served = tuple[FakeSlack, SlackStage, str]


async def test_commands_forms_and_the_home_tab_over_http(served: Served) -> None:
    slack, stage, _ = served
    await slack.hooks.verify()
    ada = stage.who(stage.ada)
    listed = await (await ada.command(stage.place, "/kith", "help")).message()
    assert "/kith me" in listed.shown
    form = await (await ada.command(stage.place, "/shoutout")).view()
    sent = await ada.submit(form, {"To": stage.who(stage.mina), "What for?": "short"})
    assert list(sent.errors.values()) == ["A little more, please: at least 12 characters."]
    await ada.open_home()
    await slack.until(lambda: ada.home is not None)


@pytest.mark.parametrize(("age", "secret"), [(400, None), (-400, None), (0, "forged"), (0, "")])
async def test_forged_and_old_requests_are_refused(served: Served, age: float, secret: str | None) -> None:
    slack, _, url = served
    body = json.dumps({"type": "event_callback", "event": {"type": "team_join"}}).encode()
    reply = await slack.hooks.post(url, body, age=age, secret=secret if secret != "" else "x")
    assert reply.status == 401


async def test_what_kith_itself_said_is_acknowledged_if_slack_tells_it(served: Served) -> None:
    slack, stage, url = served
    ada = stage.who(stage.ada)
    team, bot = stage.workspace.id, stage.workspace.bot
    event = {"type": "message", "user": bot.id, "bot_id": bot.bot_id, "ts": "1.0", "channel": stage.place.id}
    told = {"type": "event_callback", "team_id": team, "event": event}
    body = json.dumps(told).encode()
    assert (await slack.hooks.post(url, body)).status == 200
    for wrong in ({"secret": "forged"}, {"age": 400}):
        assert (await slack.hooks.post(url, body, **wrong)).status == 401
    for other in ({"team_id": "T0"}, {"event": {**event, "bot_id": "B0"}}):
        assert (await slack.hooks.post(url, json.dumps({**told, **other}).encode())).status == 200
    await (await ada.command(stage.place, "/kith", "help")).message()


@pytest.mark.parametrize(
    "body", ["{", "[1]", "[" * 100_000, '{"bot_id": ', '"bot_id"', "payload=x", "payload=1"]
)
@pytest.mark.parametrize("secret", [None, "forged"])
async def test_what_slack_never_sends_is_refused(
    served: Served, body: str, secret: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    slack, _, url = served
    assert (await slack.hooks.post(url, body.encode(), secret=secret)).status in (400, 401)
    assert "Traceback" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ("{}", "application/json", 404),
        ('{"type": "unheard_of"}', "application/json", 200),
        ("a=b", "application/x-www-form-urlencoded", 404),
        ("ssl_check=1", "application/x-www-form-urlencoded", 200),
    ],
)
async def test_what_is_signed_and_asks_for_nothing_is_answered(
    served: Served, body: str, kind: str, status: int
) -> None:
    slack, _, url = served
    assert (await slack.hooks.post(url, body.encode(), kind)).status == status


async def test_a_changed_body_is_refused(served: Served) -> None:
    slack, _, url = served
    body = json.dumps({"type": "url_verification", "challenge": "x"}).encode()
    stamp = str(int(slack.clock.now()))
    headers = {
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": slack.hooks.signature(body + b" ", stamp),
    }
    assert (await slack.hooks.post(url, body, headers=headers)).status == 401


async def test_a_replayed_request_has_no_second_effect(served: Served) -> None:
    slack, stage, url = served
    ada = stage.who(stage.ada)
    await (await ada.command(stage.place, "/kith", "help")).message()
    body, kind = slack.hooks.encode("slash_commands", slack.delivery.log[-1].payload)
    await slack.hooks.post(url, body, kind)
    await ada.command(stage.place, "/kith", "quiet")
    await ada.sees("Quiet it is")
    assert sum("/kith me" in one.shown for one in ada.ephemerals) == 1


async def test_an_oversized_body_and_one_that_is_no_text_are_refused(served: Served) -> None:
    slack, _, url = served
    large = io.BytesIO(b"x" * (BODY_MOST + 1))
    async with aiohttp.ClientSession() as session, session.post(url, data=large) as answer:
        assert answer.status == 413
    assert (await slack.hooks.post(url, b"\xff\xfe")).status == 400


@pytest.mark.parametrize(
    ("headers", "is_answered"),
    [
        ({"Content-Length": "4", "Content-Encoding": "gzip"}, True),
        ({"Content-Length": "4", "Content-Encoding": "br"}, True),
        ({"Content-Length": "50"}, False),
        ({"Transfer-Encoding": "chunked"}, True),
    ],
)
async def test_a_body_that_breaks_off_or_cannot_be_unpacked_leaves_no_trace_of_trouble(
    served: Served,
    headers: dict[str, str],
    is_answered: bool,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    _, stage, url = served
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    told = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n{told}\r\nxxxx".encode())
    await writer.drain()
    if is_answered:
        async with asyncio.timeout(5):
            assert b" 400 " in await reader.readline()
    writer.close()
    await writer.wait_closed()
    await (await stage.who(stage.ada).command(stage.place, "/kith", "help")).message()
    assert "Traceback" not in "".join(capsys.readouterr())
    assert not [one for one in caplog.records if one.getMessage() == "Unhandled exception"]


async def test_slack_may_call_by_a_name_that_browsers_may_not(served: Served) -> None:
    slack, _, url = served
    body = json.dumps({"type": "url_verification", "challenge": "x"}).encode()
    named = {"Host": "kith.example.org"}
    other = url.replace("/slack/events", "/healthz")
    async with aiohttp.ClientSession(headers=named) as session:
        async with session.post(url, data=body, headers=slack.hooks.signed(body)) as answer:
            assert answer.status == 200
        async with session.get(other) as answer:
            assert answer.status >= 400


async def test_with_socket_mode_nothing_is_taken_over_http() -> None:
    async with FakeSlack() as slack:
        stage = SlackStage(slack)
        await stage.start()
        assert stage.platform.ready
        await stage.stop()
        assert not stage.platform.ready


async def test_an_event_that_is_not_stored_is_refused_and_comes_again() -> None:
    from aiohttp import web

    async with FakeSlack() as slack:
        stage = SlackStage(slack)
        given = options(slack, stage.workspace, signing_secret=slack.app.signing_secret)
        stage.platform = SlackPlatform(replace(given, app_token=None))
        served = web.Application()
        served.router.add_post("/slack/events", stage.platform.http)
        runner = web.AppRunner(served)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        try:
            slack.app.request_url = f"http://{host}:{port}/slack/events"
            await stage.start()
            stage.sink.refusing = 1
            await stage.say(stage.ada, "Hello")
            await stage.sink.wait(MessagePosted)
            await slack.quiet()
            (delivery,) = [one for one in slack.delivery.log if one.event.get("type") == "message"]
            assert [one.ok for one in delivery.attempts] == [False, True]
        finally:
            await stage.stop()
            await runner.cleanup()
