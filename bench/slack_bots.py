"""The bots that are compared on Slack, each run in a process of its own: ``python -m bench.slack_bots JSON``.

A message leads to one post in its channel, a command to one and the same sentence.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any, Final
from zoneinfo import ZoneInfo

import aiohttp
from aiohttp import web
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bot import Attention, Cog, Held, Member, MessagePosted, NoSettings, Store, command, on, runtime
from bot.clock import SystemClock, system_ms
from bot.core import build, sections_of
from bot.ctx import Ctx
from bot.keyring import Keyring, new_key
from bot.model.ids import Space
from bot.platforms.slack.adapter import SlackOptions, SlackPlatform
from bot.platforms.slack.installs import Installation, Tokens
from bot.platforms.slack.limits import SLACK
from bot.platforms.slack.oauth import OAuthOptions
from bot.slack_installs import SlackInstalls
from bot.web import app as web_app
from bot.web.sessions import Sessions
from storage.engines import open_engine
from storage.repos import spaces

Told = dict[str, Any]
HELP: Final = "Here is what there is."
OAUTH: Final = OAuthOptions("1.2", "secret", "https://kith.example/oauth", "https://kith.example/install")
IN_FLIGHT: Final = 16
"""Posts that the tuned Bolt has on the wire at once, which is Kith's number too."""


class Echo(Cog[NoSettings, Store]):
    """Answers each message with one post."""

    @on(MessagePosted)
    async def answer(self, ctx: Ctx[NoSettings, Store], posted: MessagePosted) -> None:
        """Post once."""
        ctx.post(
            posted.message.channel,
            f"heard {posted.text}",
            key=posted.id,
            attention=Attention.GREETING,
            ping=False,
        )

    @command
    async def ping(self, ctx: Ctx[NoSettings, Store]) -> None:
        """Answer at once."""
        ctx.reply(HELP)

    async def export(self, ctx: Ctx[NoSettings, Store], member: Member) -> Sequence[Held]:
        return ()

    async def forget(self, ctx: Ctx[NoSettings, Store], member: Member) -> None:
        """It keeps nothing."""


@asynccontextmanager
async def kith(told: Told, *, http: bool) -> AsyncIterator[str]:
    """Kith on SQLite, in the one workspace or in all of them; where it listens."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        engine = await open_engine(f"sqlite:///{folder}/kith.db")
        stack.push_async_callback(engine.close)
        options = SlackOptions(
            signing_secret=told["signing_secret"],
            api=told["api"],
            limits=SLACK if told["paced"] else SLACK._replace(lane_interval=0),
        )
        installs = SlackInstalls(engine, Keyring([new_key()]), system_ms)
        several = len(told["workspaces"]) > 1
        if several:
            platform = SlackPlatform(replace(options, oauth=OAUTH), installs)
        else:
            token = told["workspaces"][0]["token"]
            app_token = None if http else told["app_token"]
            platform = SlackPlatform(replace(options, bot_token=token, app_token=app_token))
        zone = ZoneInfo("Europe/London")
        cogs = [Echo()]
        core = await build(
            engine=engine,
            clock=SystemClock(),
            platforms={"slack": platform},
            cogs=cogs,
            sections=sections_of(cogs, {}, zone),
            zone=zone,
        )
        if several:
            await _install(told, installs)
        address = ""
        if http:
            app = web_app.build(
                sessions=Sessions(engine, "bench", system_ms),
                checks={},
                figures=core.metrics.page,
                slack=platform.http,
            )
            address = await _served(stack, app)
        await stack.enter_async_context(core)
        await platform.connected()
        for workspace in told["workspaces"]:
            space = Space("slack", workspace["team"])
            await core.units.community(space)
            await engine.unit(0, lambda tx, key=space.key: spaces.go_live(tx, key, 1))
        runtime.started()
        yield address


async def _install(told: Told, installs: SlackInstalls) -> None:
    """Let Kith into every workspace."""
    for workspace in told["workspaces"]:
        await installs.keep(
            Installation(
                team=workspace["team"],
                name=workspace["team"],
                bot_user=workspace["user"],
                bot_id=workspace["bot"],
                installed_at=system_ms(),
                tokens=Tokens(workspace["token"], system_ms()),
            )
        )


@asynccontextmanager
async def bolt(told: Told, *, http: bool, tuned: bool) -> AsyncIterator[str]:
    """Bolt as its documentation shows it, or tuned; where it listens."""
    async with AsyncExitStack() as stack:
        given: dict[str, Any] = {"base_url": f"{told['api']}/"}
        tokens = {workspace["team"]: workspace for workspace in told["workspaces"]}
        (first, *others) = tokens.values()
        if not others:
            given["token"] = first["token"]
        if tuned:
            session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=IN_FLIGHT))
            given |= {"session": await stack.enter_async_context(session), "retry_handlers": []}

        async def authorize(team_id: str, **_: Any) -> AuthorizeResult:
            found = tokens[team_id]
            return AuthorizeResult(
                enterprise_id=None,
                team_id=team_id,
                bot_token=found["token"],
                bot_id=found["bot"],
                bot_user_id=found["user"],
            )

        app = AsyncApp(
            client=AsyncWebClient(**given),
            signing_secret=told["signing_secret"],
            authorize=authorize if others else None,
            process_before_response=tuned,
        )

        @app.event("message")
        async def heard(event: dict[str, Any], say: Callable[..., Awaitable[Any]]) -> None:
            await say(text=f"heard {event['text']}")

        @app.command("/kith")
        async def ping(ack: Callable[..., Awaitable[Any]]) -> None:
            await ack(HELP)

        if http:
            yield await _served(stack, app.web_app())
            return
        handler = AsyncSocketModeHandler(app, told["app_token"])
        stack.push_async_callback(handler.close_async)
        await handler.connect_async()
        yield ""


async def _served(stack: AsyncExitStack, app: web.Application) -> str:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"


async def _live(told: Told) -> None:
    """One bot, until its standard input ends."""
    name = told["name"]
    http = name.endswith("http")
    bot = (
        kith(told, http=http)
        if name.startswith("kith")
        else bolt(told, http=http, tuned=name.startswith("tuned"))
    )
    async with bot as address:
        sys.stdout.write(f"ready {address}\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


def main() -> None:
    """Be the bot that the one argument describes."""
    told = json.loads(sys.argv[1])
    factory = runtime.loop_factory() if told["name"].startswith("kith") else None
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(_live(told))


if __name__ == "__main__":
    main()
