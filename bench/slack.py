"""Slack: all of Kith beside bare slack-bolt, each in a process of its own against the same fake server.

A message leads to one post in its channel. Bare Bolt stores nothing. Kith runs on uvloop, as it does for its
users; Bolt as its documentation shows it. Run it with ``python -m bench.slack``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
import psutil
from aiohttp import web
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot import Attention, Cog, Held, Member, MessagePosted, NoSettings, Store, on
from bot.clock import SystemClock
from bot.core import build, sections_of
from bot.ctx import Ctx
from bot.model.ids import Space
from bot.platforms.slack.adapter import SlackOptions, SlackPlatform
from bot.platforms.slack.limits import SLACK
from storage.engines import open_engine
from storage.repos import spaces
from tests.fakes.slack import FakeSlack, Message, Person, RateLimits, Workspace
from tests.fakes.slack.state import Channel

try:
    import uvloop
except ModuleNotFoundError:
    uvloop = None

Told = dict[str, Any]
CONTENDERS = ("kith", "bolt", "tuned bolt", "kith over http", "bolt over http")
CHANNELS = 50
IN_FLIGHT = 64


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

    async def export(self, ctx: Ctx[NoSettings, Store], member: Member) -> Sequence[Held]:
        return ()

    async def forget(self, ctx: Ctx[NoSettings, Store], member: Member) -> None:
        """It keeps nothing."""


class Setting:
    """A workspace with one talker and many channels."""

    def __init__(self, slack: FakeSlack) -> None:
        self.slack = slack
        self.workspace: Workspace = slack.workspace("Workshop")
        self.talker: Person = self.workspace.member("Ada")
        self.channels: list[Channel] = [
            self.workspace.channel(f"c{number}", self.talker) for number in range(CHANNELS)
        ]

    @property
    def posts(self) -> int:
        return sum(one.by_app for channel in self.channels for one in channel.messages.values())

    async def say(self, number: int) -> Message:
        return await self.talker.say(self.channels[number % CHANNELS], f"word {number}")


@asynccontextmanager
async def _kith(told: Told, *, http: bool) -> AsyncIterator[str]:
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        engine = await open_engine(f"sqlite:///{folder}/kith.db")
        stack.push_async_callback(engine.close)
        platform = SlackPlatform(
            SlackOptions(
                bot_token=told["bot_token"],
                app_token=None if http else told["app_token"],
                signing_secret=told["signing_secret"],
                api=told["api"],
                limits=SLACK if told["paced"] else replace(SLACK, lane_interval=0),
            )
        )
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
        address = ""
        if http:
            app = web.Application()
            app.router.add_post("/slack/events", platform.http)
            address = await _served(stack, app)
        await stack.enter_async_context(core)
        await platform.connected()
        space = Space("slack", told["team"])
        await core.units.community(space)
        await engine.unit(0, lambda tx: spaces.go_live(tx, space.key, 1))
        yield address


@asynccontextmanager
async def _bolt(told: Told, *, http: bool, tuned: bool) -> AsyncIterator[str]:
    async with AsyncExitStack() as stack:
        given: dict[str, Any] = {"token": told["bot_token"], "base_url": f"{told['api']}/"}
        if tuned:
            session = await stack.enter_async_context(aiohttp.ClientSession())
            given |= {"session": session, "retry_handlers": []}
        app = AsyncApp(
            client=AsyncWebClient(**given),
            signing_secret=told["signing_secret"],
            process_before_response=tuned,
        )

        @app.event("message")
        async def heard(event: dict[str, Any], say: Callable[..., Awaitable[Any]]) -> None:
            await say(text=f"heard {event['text']}")

        @app.command("/kith")
        async def command(ack: Callable[..., Awaitable[Any]]) -> None:
            await ack("Here is what there is.")

        if http:
            yield await _served(stack, app.web_app())
            return
        for _ in range(2):
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
        _kith(told, http=http)
        if name.startswith("kith")
        else _bolt(told, http=http, tuned=name.startswith("tuned"))
    )
    async with bot as address:
        sys.stdout.write(f"ready {address}\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


@asynccontextmanager
async def _bot(setting: Setting, name: str, *, paced: bool = False) -> AsyncIterator[psutil.Process]:
    """A bot in a process of its own, connected."""
    slack, workspace = setting.slack, setting.workspace
    told = {
        "name": name,
        "bot_token": workspace.bot_token,
        "app_token": slack.app_token,
        "signing_secret": slack.app.signing_secret,
        "api": f"{slack.url}/api",
        "team": workspace.id,
        "paced": paced,
    }
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-W", "ignore", "-m", "bench.slack", "--bot", json.dumps(told)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        async with asyncio.timeout(30):
            while not (line := (await child.stdout.readline()).decode()).startswith("ready"):
                if not line:
                    raise RuntimeError(f"{name} did not start")
        slack.app.request_url = line.removeprefix("ready").strip() or None
        drain = asyncio.create_task(child.stdout.read())
        if slack.app.request_url is None:
            await slack.connected(2)
        yield psutil.Process(child.pid)
    finally:
        child.stdin.close()
        try:
            async with asyncio.timeout(15):
                await child.wait()
        except TimeoutError:
            child.kill()
            await child.wait()
        await drain


async def _measure(name: str, events: int, commands: int, seconds: int, each: int) -> dict[str, Any]:
    row: dict[str, Any] = {"bench": "slack", "what": name}
    async with FakeSlack(bench=True) as slack:
        setting = Setting(slack)
        async with _bot(setting, name) as process:
            await _talk(setting, range(200))
            cpu, began = sum(process.cpu_times()[:2]), time.perf_counter()
            await _talk(setting, range(200, 200 + events))
            took = time.perf_counter() - began
            row |= {
                "events_per_s": round(events / took, 1),
                "cpu_us_per_event": round((sum(process.cpu_times()[:2]) - cpu) / events * 1e6, 1),
                "memory_mb": round(process.memory_info().rss / 2**20, 1),
                "lost": 200 + events - setting.posts,
            }
            waits = sorted([await _command(setting) for _ in range(commands)])
            row["command_ack_ms"] = round(waits[commands // 2] * 1_000, 2)
    async with FakeSlack(validate=False) as slack:
        setting = Setting(slack)
        async with _bot(setting, name):
            row |= await _at_a_rate(setting, seconds)
    async with FakeSlack(bench=True, rate_limits=RateLimits(tiers=None)) as slack:
        setting = Setting(slack)
        async with _bot(setting, name, paced=True):
            row["lost_at_1_per_s"] = await _limited(setting, each)
    return row


async def _talk(setting: Setting, numbers: Iterable[int]) -> None:
    slack, wanted = setting.slack, setting.posts
    for number in numbers:
        wanted += 1
        await setting.say(number)
        if slack.delivery.in_flight >= IN_FLIGHT:
            await slack.until(lambda: slack.delivery.in_flight < IN_FLIGHT // 2, 60)
    try:
        await slack.until(lambda: setting.posts >= wanted, 30)
    except AssertionError:
        sys.stderr.write(f"   {wanted - setting.posts} posts never came\n")


async def _command(setting: Setting) -> float:
    began = time.perf_counter()
    answer = await setting.talker.command(setting.channels[0], "/kith", "help")
    if not answer:
        raise RuntimeError(f"the command met {answer.error}")
    return time.perf_counter() - began


async def _at_a_rate(setting: Setting, seconds: int, rate: int = 100) -> dict[str, Any]:
    """A steady hundred a second, which is what 30,000 in an hour come to in bursts twelve times as dense."""
    slack, began = setting.slack, time.perf_counter()
    for number in range(seconds * rate):
        wait = began + number / rate - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        await setting.say(number)
    await slack.until(lambda: not slack.delivery.under_way, 60)
    took = sorted(
        (one.acked_at - one.sent_at) * 1_000 for one in slack.delivery.log if one.acked_at is not None
    )
    return {
        "ack_p50_ms": round(took[len(took) // 2], 2),
        "ack_p999_ms": round(took[len(took) * 999 // 1_000], 2),
        "ack_most_ms": round(took[-1], 2),
    }


async def _limited(setting: Setting, each: int, channels: int = 5) -> int:
    """How many posts are lost where Slack takes one a second in each channel."""
    for number in range(channels * each):
        await setting.say(number % channels)
    wanted = channels * each
    try:
        await setting.slack.until(lambda: setting.posts >= wanted, each * 1.2 + 3)
    except AssertionError:
        return wanted - setting.posts
    return 0


async def run(
    *,
    events: int = 2_000,
    commands: int = 200,
    seconds: int = 10,
    each: int = 4,
    contenders: Sequence[str] = CONTENDERS,
    say: Callable[[str], None] = lambda _: None,
) -> list[dict[str, Any]]:
    """Every contender in a process of its own, and the ratios between them.

    ``seconds`` of a hundred events each show how fast they are acknowledged, ``each`` posts in a channel at
    one a second what is lost.
    """
    rows = []
    for name in contenders:
        say(name)
        rows.append(await _measure(name, events, commands, seconds, each))
    return [*rows, *_ratios({row["what"]: row for row in rows})]


def _ratios(rows: dict[str, dict[str, Any]]) -> Iterable[dict[str, Any]]:
    for ours, other in (("kith", "bolt"), ("kith", "tuned bolt"), ("kith over http", "bolt over http")):
        if ours in rows and other in rows:
            yield {
                "bench": "slack",
                "what": f"{ours} / {other}",
                **{
                    key: round(rows[ours][key] / rows[other][key], 2)
                    for key in ("events_per_s", "cpu_us_per_event", "memory_mb", "command_ack_ms")
                },
            }


def table(results: Iterable[dict[str, Any]]) -> str:
    """The results as people read them."""
    columns = {
        "events_per_s": "events/s",
        "cpu_us_per_event": "CPU µs",
        "memory_mb": "MB",
        "command_ack_ms": "command ms",
        "ack_p50_ms": "ack p50",
        "ack_p999_ms": "p99.9",
        "ack_most_ms": "most ms",
        "lost": "lost",
        "lost_at_1_per_s": "lost at 1/s",
    }
    lines = [f"{'what':<32}" + "".join(f"{title:>12}" for title in columns.values())]
    lines += [
        f"{row['what']:<32}" + "".join(f"{row.get(key, '')!s:>12}" for key in columns) for row in results
    ]
    return "\n".join(lines)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bot", help=argparse.SUPPRESS)
    parser.add_argument("--events", type=int, default=2_000)
    parser.add_argument("--commands", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    if chosen.bot:
        told = json.loads(chosen.bot)
        loop = uvloop.Loop if uvloop is not None and told["name"].startswith("kith") else None
        with asyncio.Runner(loop_factory=loop) as runner:
            runner.run(_live(told))
        return
    results = asyncio.run(run(events=chosen.events, commands=chosen.commands, seconds=chosen.seconds))
    sys.stdout.write(json.dumps(results, indent=2) if chosen.json else table(results))
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
