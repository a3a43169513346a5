"""Whichever permission is left out: Kith goes on with all that doesn't need it, and nothing breaks."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot import slack as configured
from bot.config import Config, Slack
from bot.core import catalog_of
from bot.model.check import State
from bot.platforms.slack.manifest import scopes
from tests.fakes.slack import FakeSlack
from tests.slack.home import home

WHY = "She stayed late to help me find the fault."
ALL = scopes(catalog_of(Config()))


@pytest.mark.parametrize("lacking", ALL)
async def test_all_that_does_not_need_it_goes_on(
    tmp_path: Path, lacking: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with home(tmp_path, manifest=configured.manifest(Config())) as h:
        h.workspace.set_scopes(*(scope for scope in h.workspace.installation.scopes if scope != lacking))
        assert "/kith me" in (await (await h.kith(h.ada, "help")).message()).shown
        await h.ada.command(h.hall, "/shoutout", h.mina, f" {WHY}")
        h.workspace.join("Kim")
        await h.ada.say(h.hall, h.workspace.bot, " hi")
        await h.ada.dm("hello")
        await h.ada.open_home()
        await h.settled()
        if lacking != "chat:write":
            assert any(WHY in one.shown for one in h.wall.live)
        assert h.ada.home is not None
        quiet = await (await h.kith(h.ada, "quiet")).message()
        assert "Quiet it is" in quiet.shown
        form = await (await h.ada.shortcut("Ask")).view()
        assert await h.ada.submit(form, {"What would you like to know?": "belts"})
        await h.settled()
        told = [one.text for one in h.robin.dm_channel.live if "lack a permission" in one.text]
        assert len(told) <= 1
    out = capsys.readouterr().out
    for broken in ("slack_not_taken", "part_failed", "handler_failed", "event_failed", "Traceback"):
        assert broken not in out


@pytest.mark.parametrize("lacking", ALL)
async def test_the_doctor_names_each_with_its_why(lacking: str) -> None:
    async with FakeSlack(configured.manifest(Config())) as slack:
        workspace = slack.workspace("Workshop")
        workspace.set_scopes(*(scope for scope in workspace.installation.scopes if scope != lacking))
        config = Config(
            slack=Slack(bot_token=workspace.bot_token, app_token=slack.app_token, api=f"{slack.url}/api")
        )
        (check,) = [check for check in await configured.look(config) if check.code == "slack-scopes"]
        assert check.state is State.FAIL
        assert check.detail == f"missing: {lacking} ({ALL[lacking]})"
