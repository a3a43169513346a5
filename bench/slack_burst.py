"""Slack: a burst of 30,000 events in an hour, over ten workspaces: how soon each of them is acknowledged.

The hour is passed in 200 seconds, 18 times as fast: 150 messages a second on average, at random moments,
which come in clumps as people's do; each leads to a post, of which Slack tells in turn. The events come over
HTTP, since that is how one app serves several workspaces. Kith stores each before it acknowledges it; bare
Bolt, as its documentation shows it, stores nothing and acknowledges before its listener ran.

Slack waits for three seconds. What Kith has to reach: p99.9 below 500 ms, none above 2,500 ms, and nothing
unacknowledged, lost or doubled. Run it with ``python -m bench.slack_burst``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from bench.slack import Setting, bot, spared
from bot import runtime
from tests.fakes.slack import FakeSlack
from tests.fakes.slack.delivery import Delivery

CONTENDERS = ("kith over http", "bolt over http")
HOUR = 3_600.0
loop_factory = runtime.loop_factory


class Acknowledgements:
    """How long each event waited for its acknowledgement, the app's own posts' among them."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self.repeated = 0
        self.missing = 0

    def note(self, delivery: Delivery) -> None:
        """Take one that came to its end."""
        if delivery.state != "acked" or delivery.acked_at is None:
            self.missing += 1
            return
        self.repeated += len(delivery.attempts) > 1
        self.waits.append((delivery.acked_at - delivery.sent_at) * 1_000)

    def at(self, share: float) -> float:
        """The wait in milliseconds that so large a share did not exceed."""
        ordered = sorted(self.waits)
        return round(ordered[min(int(len(ordered) * share), len(ordered) - 1)], 2)


def moments(events: int, seconds: float, seed: int = 4) -> list[float]:
    """When the events of an hour happen that is passed in so many seconds."""
    rng = random.Random(seed)
    return sorted(rng.uniform(0, HOUR) * seconds / HOUR for _ in range(events))


async def measure(name: str, events: int, workspaces: int, seconds: float) -> dict[str, Any]:
    """One bot's burst."""
    async with FakeSlack(bench=True) as slack:
        setting = Setting(slack, workspaces, channels=10)
        async with bot(setting, name):
            told = Acknowledgements()
            slack.delivery.on_end = told.note
            began, behind = time.perf_counter(), 0.0
            for number, at in enumerate(moments(events, seconds)):
                late = time.perf_counter() - began - at
                if late < 0:
                    await asyncio.sleep(-late)
                behind = max(behind, late)
                await setting.say(number)
            await _all_posted(setting)
        heard = setting.heard()
        return {
            "bench": "slack_burst",
            "what": name,
            "events": events,
            "ack_p50_ms": told.at(0.5),
            "ack_p99_ms": told.at(0.99),
            "ack_p999_ms": told.at(0.999),
            "ack_most_ms": told.at(1.0),
            "not_acked": told.missing + slack.delivery.under_way,
            "repeated": told.repeated,
            "lost": events - len(heard),
            "doubled": sum(heard.values()) - len(heard),
            "fake_behind_ms": round(behind * 1_000, 1),
        }


async def _all_posted(setting: Setting, patience: float = 20.0) -> None:
    """Until every post is there and every event acknowledged, or nothing more has come for a while."""
    posts = -1
    while setting.posts > posts and (setting.posts < setting.said or setting.slack.delivery.under_way):
        posts = setting.posts
        try:
            await setting.slack.until(
                lambda: setting.posts >= setting.said and not setting.slack.delivery.under_way, patience
            )
        except AssertionError:
            continue


async def run(
    *,
    events: int = 30_000,
    workspaces: int = 10,
    seconds: float = 200.0,
    contenders: Sequence[str] = CONTENDERS,
    say: Callable[[str], None] = lambda _: None,
) -> list[dict[str, Any]]:
    """The burst for one bot after the other. ``seconds`` is how long the hour takes."""
    rows = []
    for name in contenders:
        say(f"{events} events in {seconds:g} s: {name}")
        with spared():
            rows.append(await measure(name, events, workspaces, seconds))
    return rows


def table(results: Iterable[dict[str, Any]]) -> str:
    """The results as people read them."""
    columns = {
        "events": "events",
        "ack_p50_ms": "ack p50 ms",
        "ack_p99_ms": "p99",
        "ack_p999_ms": "p99.9",
        "ack_most_ms": "most",
        "not_acked": "not acked",
        "repeated": "repeated",
        "lost": "lost",
        "doubled": "doubled",
        "fake_behind_ms": "fake late ms",
    }
    lines = [f"{'what':<20}" + "".join(f"{title:>13}" for title in columns.values())]
    lines += [f"{row['what']:<20}" + "".join(f"{row[key]!s:>13}" for key in columns) for row in results]
    return "\n".join(lines)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, default=30_000)
    parser.add_argument("--workspaces", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=200.0, help="how long the hour takes")
    parser.add_argument("--only", action="append", choices=CONTENDERS, help="may be repeated")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        results = runner.run(
            run(
                events=chosen.events,
                workspaces=chosen.workspaces,
                seconds=chosen.seconds,
                contenders=chosen.only or CONTENDERS,
                say=lambda what: print(f"   {what}", file=sys.stderr),
            )
        )
    sys.stdout.write(json.dumps(results, indent=2) if chosen.json else table(results))
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
