"""A clock that differs from Slack's is told: at the start, by the doctor, and when requests look old."""

from __future__ import annotations

import json

import pytest

from bot import slack as configured
from bot.config import Config, Slack
from bot.model.check import State
from tests.fakes.slack import FakeSlack
from tests.slack.stage import SlackStage
from tests.slack.test_http import Served, served

__all__ = ["served"]
HOUR = 3_600


@pytest.mark.parametrize(("ahead", "said"), [(HOUR, " s behind Slack"), (30, "")])
async def test_a_clock_that_differs_is_said_at_the_start(
    ahead: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with FakeSlack() as slack:
        slack.clock.advance(ahead)
        stage = SlackStage(slack)
        await stage.start()
        await stage.stop()
    told = capsys.readouterr().out
    assert ("clock_differs" in told) is bool(said)
    assert said in told


async def test_the_doctor_says_by_how_much() -> None:
    async with FakeSlack() as slack:
        workspace = slack.workspace("Workshop")
        config = Config(
            slack=Slack(bot_token=workspace.bot_token, app_token=slack.app_token, api=f"{slack.url}/api")
        )
        (fine,) = [check for check in await configured.look(config) if check.code == "slack-clock"]
        assert fine.state is State.OK
        slack.clock.advance(HOUR)
        (check,) = [check for check in await configured.look(config) if check.code == "slack-clock"]
        assert check.state is State.WARN
        assert "s behind Slack's" in check.detail
        assert "five minutes" in check.remedy


async def test_signed_requests_that_look_old_tell_of_the_clock_once(
    served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    slack, _, url = served
    body = json.dumps({"type": "url_verification", "challenge": "x"}).encode()
    for age in (HOUR, -HOUR):
        assert (await slack.hooks.post(url, body, age=age)).status == 401
    told = capsys.readouterr().out
    assert told.count("slack_request_too_old") == 1
    assert "set it, best by itself with NTP" in told
    assert (await slack.hooks.post(url, body)).status == 200
    assert (await slack.hooks.post(url, body, age=HOUR)).status == 401
    assert capsys.readouterr().out.count("slack_request_too_old") == 1


@pytest.mark.parametrize("age", [0, HOUR])
async def test_what_slack_did_not_sign_tells_nothing_of_the_clock(
    served: Served, age: int, capsys: pytest.CaptureFixture[str]
) -> None:
    slack, _, url = served
    assert (await slack.hooks.post(url, b"{}", age=age, secret="forged")).status == 401
    assert "slack_request_too_old" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Slack-Request-Timestamp": "yesterday"},
        {"X-Slack-Request-Timestamp": "-1"},
        {"X-Slack-Request-Timestamp": "1" * 400},
        {"X-Slack-Request-Timestamp": "²"},
        {"X-Slack-Signature": "v0=é"},
        {"X-Slack-Signature": ""},
    ],
)
async def test_a_signature_that_is_none_is_refused(served: Served, headers: dict[str, str]) -> None:
    slack, _, url = served
    assert (await slack.hooks.post(url, b"{}", headers=headers)).status == 401
