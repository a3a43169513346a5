"""Over HTTP, as one of two workspaces that installed the app, Slack is held to the same platform contract."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest_asyncio
from aiohttp import web

from bot.clock import system_ms
from bot.keyring import Keyring, new_key
from bot.model.events import SpaceSeen
from bot.platforms.slack.adapter import SlackPlatform
from bot.platforms.slack.installs import Installation, Tokens
from bot.platforms.slack.oauth import OAuthOptions
from bot.slack_installs import SlackInstalls
from storage import open_engine
from storage.migrate import HOST
from tests.contracts.platform_contract import PlatformContract
from tests.engines import migrate
from tests.fakes.slack import FakeSlack, Workspace
from tests.slack.stage import SlackStage, options


def installed(workspace: Workspace) -> Installation:
    """The app in a workspace, as if somebody had let it in."""
    return Installation(
        team=workspace.id,
        name=workspace.name,
        bot_user=workspace.bot.id,
        bot_id=workspace.bot.bot_id or "",
        tokens=Tokens(workspace.bot_token, issued_at=system_ms()),
        installed_at=system_ms(),
    )


@pytest_asyncio.fixture
async def stage(tmp_path: Path) -> AsyncIterator[SlackStage]:
    async with FakeSlack() as slack:
        stage = SlackStage(slack)
        elsewhere = slack.workspace("Elsewhere")
        engine = await open_engine(f"sqlite:///{tmp_path / 'kith.db'}")
        await migrate(engine, (HOST,))
        installs = SlackInstalls(engine, Keyring([new_key()]), system_ms)
        for workspace in (elsewhere, stage.workspace):
            await installs.keep(installed(workspace))
        app = slack.app
        oauth = OAuthOptions(app.client_id, app.client_secret, "http://kith.test/back", "http://kith.test/in")
        given = replace(
            options(slack, stage.workspace),
            bot_token="",
            app_token=None,
            signing_secret=app.signing_secret,
            oauth=oauth,
        )
        stage.platform = SlackPlatform(given, installs)
        served = web.Application()
        served.router.add_post("/slack/events", stage.platform.http)
        runner = web.AppRunner(served, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        app.request_url = f"http://{host}:{port}/slack/events"
        try:
            await stage.start()
            while stage.space.key != stage.ada.space:
                stage._space = (await stage.sink.wait(SpaceSeen)).space
            yield stage
        finally:
            await stage.stop()
            await runner.cleanup()
            await engine.close()
        assert slack.complaints == []


class TestSharedSlack(PlatformContract):
    pass
