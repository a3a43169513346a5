"""Discord: Kith beside bare discord.py, each in a process of its own against the same fake server.

Somebody joins, and is greeted. There are 200 servers with a channel each. The bots:

- bare: discord.py as its documentation shows it, posting a fixed greeting as it comes. It stores nothing.
- held: the same with 16 posts in flight.
- kith: Kith with its greeting and a database file that is safe from power cuts. A join, its greeting and that
  it was posted are stored; every join is greeted singly, with one of three texts in turn.
- red, only where it is asked for: Red-DiscordBot with a cog that posts a fixed greeting.

All sides have the same event loop, and find their modules compiled, as installed programs do. Each round
measures one bot after another; a number is the median of all rounds.

- welcomes/s: joins at once until the last of them is greeted, without Discord's limits.
- CPU: user and system time of the bot's process per welcome; the server's own is beside it, since no bot can
  be faster than that.
- p50, p99 at 200/s: milliseconds from a join to its greeting, at 200 joins a second.
- ready: from the start of the process until the server has told it that it is ready, and the CPU for it. Kith
  finds the database of an earlier start. The row of `kith run` is with all that an operator's start has
  besides: command line, configuration, web server.
- command: from a person's command until it is answered, one at a time.
- unwanted: CPU per message that no cog asked for.
- share: of the 50 requests a second that Discord allows, under its own limits.

What Kith has to reach: against bare welcomes/s 2, unwanted 1.3; against held welcomes/s 0.8, CPU 1.5, p50 2,
memory 1.3, ready 1.5; a share of 0.95 and no global refusal. Run it with ``python -m bench.discord``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from bench.discord_server import SERVERS

BOTS = ("bare", "held", "kith")
SLOWEST_START = 60.0
Json = dict[str, Any]
Say = Callable[[str], None]


class Server:
    """The fake Discord, which takes orders."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        return self._process.pid

    async def read(self) -> Json:
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError("The server of the bench ended.")
        found: Json = json.loads(line)
        return found

    async def order(self, what: str, **more: Any) -> Json:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": what, **more}).encode() + b"\n")
        await self._process.stdin.drain()
        return await self.read()


class Bench:
    """How long everything is, on which event loop, and with which interpreter for which bot.

    ``compiled`` is a folder for what Python compiles; without one it would compile Kith anew at each start,
    and the libraries, which are installed, not. The database of Kith's first start is kept there too.
    """

    def __init__(self, *, quick: bool, loop: str, compiled: str, red: str | None = None) -> None:
        self.quick = quick
        self._database = Path(compiled) / "database"
        self.rounds = 2 if quick else 5
        self._loop = loop
        self._red = red
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        self._environment = kept | {"PYTHONPYCACHEPREFIX": compiled}

    @property
    def bots(self) -> Sequence[str]:
        return BOTS if self._red is None else (*BOTS, "red")

    @asynccontextmanager
    async def _running(
        self, *arguments: str, python: str = sys.executable
    ) -> AsyncIterator[asyncio.subprocess.Process]:
        process = await asyncio.create_subprocess_exec(
            python,
            "-m",
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=self._environment,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()

    @asynccontextmanager
    async def _server(self, *, limited: bool = False, crowd: int = 0) -> AsyncIterator[tuple[Server, Json]]:
        """A server, and what a bot needs to know of it."""
        settings = json.dumps({"limited": limited, "crowd": crowd, "loop": self._loop})
        async with self._running("bench.discord_server", settings) as serving:
            server = Server(serving)
            yield server, await server.read()

    async def _ready(self, server: Server, process: asyncio.subprocess.Process, began: float) -> Json:
        async with asyncio.timeout(SLOWEST_START):
            await server.order("ready")
        return {"ready_s": time.perf_counter() - began, "ready_cpu_s": cpu(process.pid)}

    @contextmanager
    def _home(self, bot: str) -> Iterator[str]:
        """A folder for a bot's data. Kith's first start leaves its database for all later ones."""
        with tempfile.TemporaryDirectory() as home:
            if self._database.exists():
                shutil.copytree(self._database, home, dirs_exist_ok=True)
            yield home
            if bot == "kith" and not self._database.exists():
                shutil.copytree(home, self._database)

    @asynccontextmanager
    async def pair(
        self, bot: str, *, limited: bool = False, crowd: int = 0, talk: bool = False
    ) -> AsyncIterator[tuple[Server, int, Json]]:
        """A server and a bot that is ready: the bot's process id, and what that took."""
        async with self._server(limited=limited, crowd=crowd) as (server, about):
            module, python = "bench.discord_bots", sys.executable
            if bot == "red" and self._red is not None:
                module, python = "bench.discord_red", self._red
            with self._home(bot) as home:
                about |= {"limited": limited, "talk": talk, "loop": self._loop, "home": home}
                began = time.perf_counter()
                async with self._running(module, bot, json.dumps(about), python=python) as process:
                    took = await self._ready(server, process, began)
                    assert process.stdout is not None
                    async with asyncio.timeout(SLOWEST_START):
                        await process.stdout.readline()
                    # the connections are warm once some joins were greeted
                    await server.order("burst", count=SERVERS)
                    yield server, process.pid, took

    async def started(self, home: Path) -> Json:
        """A start of all of Kith, as an operator starts it; from the second on there is a database."""
        async with self._server() as (server, about):
            config = home / "config.toml"
            config.write_text(
                f'[kith]\ndata = "{home.as_posix()}"\nlog_level = "error"\n[web]\nport = 0\n[discord]\n'
                f'token = "{about["token"]}"\napi = "{about["api"]}"\ngateway = "{about["gateway"]}"\n'
            )
            config.chmod(0o600)
            began = time.perf_counter()
            async with self._running("bot.cli", "run", "--no-browser", "--config", str(config)) as process:
                return await self._ready(server, process, began)

    async def measured(self, bot: str) -> Json:
        """One round of one bot without limits."""
        count = 800 if self.quick else 3_000
        async with self.pair(bot) as (server, pid, ready):
            before, fake_before = cpu(pid), cpu(server.pid)
            burst = await server.order("burst", count=count)
            spent, fake_spent = cpu(pid) - before, cpu(server.pid) - fake_before
            steady = await server.order("steady", count=400 if self.quick else 1_000, rate=200)
            slash = await server.order("slash", count=100 if self.quick else 300)
            return {
                "welcomes_per_s": count / burst["seconds"],
                "cpu_us": spent / count * 1e6,
                "fake_cpu_us": fake_spent / count * 1e6,
                "p50_ms": steady["p50"],
                "p99_ms": steady["p99"],
                **ready,
                "memory_mb": memory(pid),
                "command_p50_ms": slash["p50"],
                "command_p99_ms": slash["p99"],
            }

    async def talked(self, bot: str) -> float:
        """Microseconds of processor time per message that nobody asked for."""
        count = 3_000 if self.quick else 20_000
        async with self.pair(bot, talk=True) as (server, pid, _):
            before = cpu(pid)
            await server.order("talk", count=count)
            return (cpu(pid) - before) / count * 1e6

    async def limited(self) -> Json:
        """Kith under Discord's own limits: its share of the 50 a second, and refusals."""
        count = 300 if self.quick else 2_400
        async with self.pair("kith", limited=True) as (server, _, _):
            burst = await server.order("burst", count=count)
            return {"share": count / burst["seconds"] / 50, **await server.order("refused")}

    async def crowded(self) -> Json:
        """Kith with a server of 100,000 members."""
        async with self.pair("kith", crowd=100_000) as (_, pid, ready):
            return {**ready, "memory_mb": memory(pid)}

    async def run(self, say: Say) -> list[Json]:
        for bot in self.bots:
            say(f"{bot}, to compile")
            async with self.pair(bot):
                pass
        rounds: dict[str, list[Json]] = {bot: [] for bot in self.bots}
        for number in range(1, self.rounds + 1):
            for bot in self.bots:
                say(f"{bot}, round {number} of {self.rounds}")
                rounds[bot].append(await self.measured(bot))
        found = {
            bot: {name: median(one[name] for one in all_of_it) for name in all_of_it[0]}
            for bot, all_of_it in rounds.items()
        }
        for bot in ("bare", "kith"):
            say(f"{bot}, unwanted messages")
            found[bot]["unwanted_us"] = await self.talked(bot)
        rows: list[Json] = [_row(bot, figures) for bot, figures in found.items()]
        rows += [
            _row(
                f"kith / {other}",
                {name: found["kith"][name] / figures[name] for name in figures if name != "fake_cpu_us"},
                digits=2,
            )
            for other, figures in found.items()
            if other != "kith"
        ]
        say("kith run")
        with tempfile.TemporaryDirectory() as home:
            starts = [await self.started(Path(home)) for _ in range(self.rounds + 1)][1:]
        rows.append(_row("kith run", {name: median(one[name] for one in starts) for name in starts[0]}))
        say("kith, under Discord's limits")
        rows.append(_row("kith under Discord's limits", await self.limited(), digits=3))
        say("kith, a server of 100,000")
        rows.append(_row("kith, a server of 100,000", await self.crowded()))
        return rows


def _row(what: str, figures: Json, digits: int = 1) -> Json:
    return {
        "bench": "discord",
        "what": what,
        **{name: round(value, 2 if name.startswith("ready") else digits) for name, value in figures.items()},
    }


def cpu(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def memory(pid: int) -> float:
    """MB that a process holds."""
    return float(psutil.Process(pid).memory_info().rss / 2**20)


async def run(
    *,
    quick: bool = False,
    loop: str = "uvloop",
    red: str | None = None,
    say: Say = lambda _: None,
) -> list[Json]:
    """All figures of all bots, the ratios, and Kith under limits and with a crowd."""
    with tempfile.TemporaryDirectory() as compiled:
        return await Bench(quick=quick, loop=loop, compiled=compiled, red=red).run(say)


def table(results: Iterable[Json]) -> str:
    """The results as people read them."""
    columns = {
        "welcomes_per_s": "welcomes/s",
        "cpu_us": "CPU µs",
        "fake_cpu_us": "fake's µs",
        "p50_ms": "p50 ms",
        "p99_ms": "p99 ms",
        "ready_s": "ready s",
        "ready_cpu_s": "its CPU s",
        "memory_mb": "MB",
        "command_p50_ms": "command",
        "command_p99_ms": "its p99",
        "unwanted_us": "unwanted",
        "share": "share",
        "global": "refused",
    }
    lines = [f"{'what':<28}" + "".join(f"{title:>11}" for title in columns.values())]
    lines += [
        f"{row['what']:<28}" + "".join(f"{row.get(key, '')!s:>11}" for key in columns) for row in results
    ]
    return "\n".join(lines)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer joins and rounds")
    parser.add_argument("--loop", choices=("uvloop", "asyncio"), default="uvloop", help="of all sides")
    parser.add_argument(
        "--red", metavar="PYTHON", help="an interpreter that has Red-DiscordBot, to measure that too"
    )
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    results = asyncio.run(
        run(
            quick=chosen.quick,
            loop=chosen.loop,
            red=chosen.red,
            say=lambda what: print(f"   {what}", file=sys.stderr),
        )
    )
    sys.stdout.write(json.dumps(results, indent=2) if chosen.json else table(results))
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
