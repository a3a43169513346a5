"""Slack: all of Kith beside bare slack-bolt, each in a process of its own against the same fake server.

A message leads to one post in its channel; a command is answered with a sentence. Two events come of each
message, since Slack tells an app of its own posts too. The bots:

- kith: Kith as `kith run` sets it up, on uvloop, with SQLite that is safe from power cuts. A message is
  acknowledged once it, what came of it and the post to be are stored.
- bolt: slack-bolt as its documentation shows it. It stores nothing, and acknowledges before its listener ran.
- tuned bolt: the same with one session, ``process_before_response`` and 16 posts in flight.

Each round measures one bot after another; a number is the median of all rounds.

- events/s: messages until all their posts are there, with up to 64 unacknowledged at once and without Slack's
  limits on posts. Fake and bot have a core each, if there are two; the fake's own CPU per event is beside,
  since no bot can be faster than it.
- CPU: user and system time of the bot's process per message.
- command ms: from Slack's sending a command until it is acknowledged, one at a time; the next is given once
  the answer to the last one is there.
- lost at 1/s: posts that never came where Slack takes one a second in each channel, of bursts of four.

What Kith has to reach: against bolt events/s 1.8 and command 0.15; against tuned bolt events/s 0.9, CPU 1.2,
memory 1.3; nothing lost. Run it with ``python -m bench.slack``; how soon a burst of events is acknowledged is
measured by ``bench.slack_burst``.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from statistics import median
from typing import Any

import psutil

from bench import slack_bots
from bot import runtime
from tests.fakes.slack import FakeSlack, Message, Person, RateLimits, Workspace
from tests.fakes.slack.delivery import Delivery
from tests.fakes.slack.state import Channel

CONTENDERS = ("kith", "bolt", "tuned bolt", "kith over http", "bolt over http")
PAIRS = (
    ("kith", "bolt"),
    ("kith", "tuned bolt"),
    ("kith over http", "bolt over http"),
)
UNACKNOWLEDGED = 64
WARM = 200
loop_factory = runtime.loop_factory


class Setting:
    """Workspaces with one talker and some channels each."""

    def __init__(self, slack: FakeSlack, workspaces: int = 1, channels: int = 50) -> None:
        self.slack = slack
        self.workspaces: list[Workspace] = []
        self.places: list[tuple[Person, Channel]] = []
        for number in range(workspaces):
            workspace = slack.workspace(f"Workshop {number}")
            talker = workspace.member("Ada")
            self.workspaces.append(workspace)
            self.places += [(talker, workspace.channel(f"c{at}", talker)) for at in range(channels)]
        self.said = 0
        self._before = self._messages

    @property
    def _messages(self) -> int:
        return sum(len(channel.messages) for _, channel in self.places)

    @property
    def posts(self) -> int:
        """How many there are of the app's."""
        return self._messages - self._before - self.said

    def heard(self) -> Counter[str]:
        """How often the app posted each text."""
        return Counter(
            one.text for _, channel in self.places for one in channel.messages.values() if one.by_app
        )

    async def say(self, number: int) -> Message:
        talker, channel = self.places[number % len(self.places)]
        self.said += 1
        return await talker.say(channel, f"word {number}")


@asynccontextmanager
async def bot(setting: Setting, name: str, *, paced: bool = False) -> AsyncIterator[psutil.Process]:
    """A bot in a process of its own, connected."""
    slack = setting.slack
    told = {
        "name": name,
        "app_token": slack.app_token,
        "signing_secret": slack.app.signing_secret,
        "api": f"{slack.url}/api",
        "paced": paced,
        "workspaces": [
            {"team": one.id, "token": one.bot_token, "user": one.bot.id, "bot": one.bot.bot_id}
            for one in setting.workspaces
        ],
    }
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-W", "ignore", "-m", slack_bots.__name__, json.dumps(told)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    drain: asyncio.Task[bytes] | None = None
    try:
        async with asyncio.timeout(30):
            while not (line := (await child.stdout.readline()).decode()).startswith("ready"):
                if not line:
                    raise RuntimeError(f"{name} did not start")
        slack.app.request_url = line.removeprefix("ready").strip() or None
        drain = asyncio.create_task(child.stdout.read())
        if slack.app.request_url is None:
            await slack.connected(2 if name.startswith("kith") else 1)
        yield psutil.Process(child.pid)
    finally:
        child.stdin.close()
        try:
            async with asyncio.timeout(15):
                await child.wait()
        except TimeoutError:
            child.kill()
            await child.wait()
        if drain is not None:
            await drain


@contextmanager
def spared() -> Iterator[None]:
    """Spare the fake most of Python's search for garbage, as Kith is spared it."""
    usual = gc.get_threshold()
    runtime.started()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*usual)


def _spent(process: psutil.Process) -> float:
    return sum(process.cpu_times()[:2])


async def _measure(name: str, events: int, commands: int) -> dict[str, float]:
    async with FakeSlack(bench=True) as slack:
        setting = Setting(slack)
        async with bot(setting, name) as process:
            await _talk(setting, range(WARM))
            cpu, ours, began = _spent(process), time.process_time(), time.perf_counter()
            await _talk(setting, range(WARM, WARM + events))
            took = time.perf_counter() - began
            found = {
                "events_per_s": events / took,
                "cpu_us_per_event": (_spent(process) - cpu) / events * 1e6,
                "fake_us_per_event": (time.process_time() - ours) / events * 1e6,
                "memory_mb": process.memory_info().rss / 2**20,
                "lost": WARM + events - len(setting.heard()),
                "doubled": sum(setting.heard().values()) - len(setting.heard()),
            }
            waits = [await _command(setting) for _ in range(commands)]
            return found | {"command_ack_ms": median(waits) * 1_000}


async def _talk(setting: Setting, numbers: Iterable[int]) -> None:
    slack = setting.slack
    for number in numbers:
        await setting.say(number)
        if slack.delivery.in_flight >= UNACKNOWLEDGED:
            await slack.until(lambda: slack.delivery.in_flight < UNACKNOWLEDGED // 2, 60)
    try:
        await slack.until(lambda: setting.posts >= setting.said, 30)
    except AssertionError:
        sys.stderr.write(f"   {setting.said - setting.posts} posts never came\n")


async def _command(setting: Setting) -> float:
    """The seconds from sending a command to its acknowledgement."""
    talker, channel = setting.places[0]
    ended: list[Delivery] = []
    setting.slack.delivery.on_end = ended.append
    answer = await talker.command(channel, "/kith", "ping")
    if not answer:
        raise RuntimeError(f"the command met {answer.error}")
    if (said := (await answer.message()).text) != slack_bots.HELP:
        raise RuntimeError(f"the command was answered with {said!r}")
    (sent,) = (one for one in ended if one.kind == "slash_commands")
    assert sent.acked_at is not None
    return sent.acked_at - sent.sent_at


async def _limited(name: str, each: int, channels: int = 5) -> int:
    """How many posts are lost where Slack takes one a second in each channel."""
    async with FakeSlack(bench=True, rate_limits=RateLimits(tiers=None)) as slack:
        setting = Setting(slack, channels=channels)
        async with bot(setting, name, paced=True):
            wanted = channels * each
            for number in range(wanted):
                await setting.say(number)
            try:
                await slack.until(lambda: setting.posts >= wanted, each * 1.2 + 3)
            except AssertionError:
                return wanted - setting.posts
            return 0


async def run(
    *,
    events: int = 2_000,
    commands: int = 200,
    rounds: int = 3,
    each: int = 4,
    contenders: Sequence[str] = CONTENDERS,
    say: Callable[[str], None] = lambda _: None,
) -> list[dict[str, Any]]:
    """Every contender in every round, and the ratios between them. ``each``: posts in a channel at 1/s."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in contenders}
    for number in range(rounds):
        for name in contenders:
            say(f"round {number + 1} of {rounds}: {name}")
            with spared():
                found[name].append(await _measure(name, events, commands))
    rows = []
    for name, measured in found.items():
        say(f"at one post a second: {name}")
        row: dict[str, Any] = {"bench": "slack", "what": name}
        row |= {key: round(median(one[key] for one in measured), 2) for key in measured[0]}
        row |= {key: int(sum(one[key] for one in measured)) for key in ("lost", "doubled")}
        rows.append(row | {"lost_at_1_per_s": await _limited(name, each)})
    return [*rows, *_ratios({row["what"]: row for row in rows})]


def _ratios(rows: dict[str, dict[str, Any]]) -> Iterable[dict[str, Any]]:
    for ours, other in PAIRS:
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
        "fake_us_per_event": "fake's µs",
        "memory_mb": "MB",
        "command_ack_ms": "command ms",
        "lost": "lost",
        "doubled": "doubled",
        "lost_at_1_per_s": "lost at 1/s",
    }
    lines = [f"{'what':<32}" + "".join(f"{title:>12}" for title in columns.values())]
    lines += [
        f"{row['what']:<32}" + "".join(f"{row.get(key, '')!s:>12}" for key in columns) for row in results
    ]
    return "\n".join(lines)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, default=2_000)
    parser.add_argument("--commands", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--only", action="append", choices=CONTENDERS, help="one of the bots; may be repeated"
    )
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        results = runner.run(
            run(
                events=chosen.events,
                commands=chosen.commands,
                rounds=chosen.rounds,
                contenders=chosen.only or CONTENDERS,
                say=lambda what: print(f"   {what}", file=sys.stderr),
            )
        )
    sys.stdout.write(json.dumps(results, indent=2) if chosen.json else table(results))
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
