"""What changed in the app's manifest since it was made: told by the doctor and by `kith connect slack`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot import slack as configured
from bot import slack_manifest
from bot.cli.connect_slack import Guide
from bot.config import Config, Slack
from bot.config_file import load
from bot.doctor import examine
from bot.model.check import Check, State
from bot.platforms.slack.differences import differences
from tests.fakes.slack import FakeSlack
from tests.slack.test_connect import Script, guide, slack

__all__ = ["slack"]


def without(made: dict[str, Any], what: str, where: list[Any]) -> None:
    where[:] = [one for one in where if what not in str(one)]


def test_each_kind_of_change_is_a_line_and_nothing_is_no_change() -> None:
    new = configured.manifest(Config())
    assert differences(new, json.loads(json.dumps(new)), {}) == []
    old: dict[str, Any] = json.loads(json.dumps(new))
    scopes = old["oauth_config"]["scopes"]["bot"]
    scopes[:] = [*(one for one in scopes if one != "usergroups:read"), "emoji:read"]
    events = old["settings"]["event_subscriptions"]["bot_events"]
    events.remove("subteam_updated")
    old["features"]["slash_commands"][1]["command"] = "/thanks"
    old["features"]["slash_commands"][0]["usage_hint"] = "what?"
    old["features"]["shortcuts"] = old["features"]["shortcuts"][1:]
    old["settings"]["socket_mode_enabled"] = False
    old["settings"]["event_subscriptions"]["request_url"] = "https://old.example.org"
    assert differences(old, new, {"usergroups:read": "to know who is in them"}) == [
        "+ permission usergroups:read (to know who is in them)",
        "− permission emoji:read",
        "+ event subteam_updated",
        "~ command /kith",
        "+ command /shoutout",
        "− command /thanks",
        "+ shortcut Give a shout-out",
        "~ settings.event_subscriptions.request_url: https://old.example.org → nothing",
        "~ settings.socket_mode_enabled: off → on",
    ]


async def found(path: Path) -> Check:
    checks = await examine(load(path / "config.toml", environ={}), (configured.look,))
    (check,) = [check for check in checks if check.code == "slack-manifest"]
    return check


async def test_the_doctor_tells_what_changed_until_the_app_is_brought_up_to_date(
    slack: FakeSlack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = slack.workspace("Workshop")
    monkeypatch.chdir(tmp_path)
    await guide(slack, tmp_path, Script(workspace.bot_token, slack.app_token), monkeypatch).lead()
    assert (await found(tmp_path)).state is State.OK
    text = (tmp_path / "config.toml").read_text()
    (tmp_path / "config.toml").write_text(text.replace("[slack]", '[slack]\nshoutout = "kudos"'))
    check = await found(tmp_path)
    assert check.state is State.WARN
    assert check.detail == "the app lacks changes: + command /kudos; − command /shoutout"
    assert "App Manifest" in check.remedy

    again = load(tmp_path / "config.toml", environ={})
    not_yet = Script()
    await Guide(again, tmp_path / "config.toml", not_yet).lead()
    assert "   + command /kudos" in not_yet.lines
    assert (await found(tmp_path)).state is State.WARN
    done = Script(name="yes")
    await Guide(again, tmp_path / "config.toml", done).lead()
    assert (await found(tmp_path)).state is State.OK


async def test_where_nobody_told_the_doctor_says_so_and_connect_asks(
    slack: FakeSlack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = slack.workspace("Workshop")
    config = Config(
        home=tmp_path,
        slack=Slack(bot_token=workspace.bot_token, app_token=slack.app_token, api=f"{slack.url}/api"),
    )
    check = slack_manifest.check(config, configured.manifest(config), {})
    assert check.state is State.OK
    assert "not compared" in check.detail
    for broken in ("", "[]", "{"):
        config.data_folder.mkdir(parents=True, exist_ok=True)
        slack_manifest.file(config).write_text(broken)
        assert slack_manifest.kept(config) is None
