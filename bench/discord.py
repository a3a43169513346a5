"""Kith on Discord beside bare discord.py, in one run on the fake server: ratios that hold on any machine.

Run it with ``python -m bench.discord``; add ``--json`` for the figures alone, ``--quick`` for a short run,
``--uvloop`` to give it to all sides.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bench.discord_server import SERVERS

BOTS = ("bare", "held", "kith")
Json = dict[str, Any]


class Process:
    """The server, which takes orders."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

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


@asynccontextmanager
async def _running(*arguments: str, talks: bool) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        *arguments,
        stdin=asyncio.subprocess.PIPE if talks else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@asynccontextmanager
async def _pair(bot: str, options: Json) -> AsyncIterator[tuple[Process, int, float]]:
    """A server and a bot that is ready: the bot's process id, and how long it took to be ready."""
    settings = {"limited": options.get("limited", False), "crowd": options.get("crowd", 0)}
    async with _running("bench.discord_server", json.dumps(settings), talks=True) as serving:
        server = Process(serving)
        about = await server.read()
        about |= {
            "limited": settings["limited"],
            "talk": options.get("talk", False),
            "uvloop": options["uvloop"],
        }
        began = time.perf_counter()
        async with _running("bench.discord_bots", bot, json.dumps(about), talks=False) as process:
            await server.order("ready")
            took = time.perf_counter() - began
            if bot == "kith":
                assert process.stdout is not None
                await process.stdout.readline()
            # the connection is warm once one join was greeted
            await server.order("burst", count=SERVERS)
            yield server, process.pid, took


def cpu(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def memory(pid: int) -> float:
    """MB that a process holds."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


async def measured(bot: str, options: Json) -> Json:
    """All figures of one bot without limits."""
    count = 800 if options["quick"] else 3_000
    async with _pair(bot, options) as (server, pid, ready):
        before = cpu(pid)
        rates = []
        rounds = 2 if options["quick"] else 3
        for _ in range(rounds):
            burst = await server.order("burst", count=count)
            rates.append(count / burst["seconds"])
        spent = cpu(pid) - before
        steady = await server.order("steady", count=400 if options["quick"] else 1_000, rate=200)
        slash = await server.order("slash", count=100 if options["quick"] else 300)
        return {
            "ready_s": ready,
            "welcomes_per_s": sorted(rates)[len(rates) // 2],
            "cpu_per_welcome_us": spent / (count * rounds) * 1e6,
            "p50_at_200_ms": steady["p50"],
            "p99_at_200_ms": steady["p99"],
            "memory_mb": memory(pid),
            "command_p50_ms": slash["p50"],
            "command_p99_ms": slash["p99"],
        }


async def talked(bot: str, options: Json) -> float:
    """Microseconds of processor time per message that nobody asked for."""
    count = 3_000 if options["quick"] else 20_000
    async with _pair(bot, {**options, "talk": True}) as (server, pid, _):
        before = cpu(pid)
        await server.order("talk", count=count)
        return (cpu(pid) - before) / count * 1e6


async def limited(options: Json) -> Json:
    """Kith under Discord's own limits: its share of the 50 a second, and refusals."""
    count = 300 if options["quick"] else 2_400
    async with _pair("kith", {**options, "limited": True}) as (server, _, _):
        burst = await server.order("burst", count=count)
        refused = await server.order("refused")
        return {"share": count / burst["seconds"] / 50, **refused}


async def crowded(options: Json) -> Json:
    """Kith with a server of 100,000 members."""
    async with _pair("kith", {**options, "crowd": 100_000}) as (_, pid, ready):
        return {"ready_s": ready, "memory_mb": memory(pid)}


async def run(options: Json) -> Json:
    found: Json = {}
    for bot in BOTS:
        found[bot] = await measured(bot, options)
    bare, held, kith = (found[bot] for bot in BOTS)
    found["ratios"] = {
        "welcomes/s to bare": kith["welcomes_per_s"] / bare["welcomes_per_s"],
        "welcomes/s to 16 in flight": kith["welcomes_per_s"] / held["welcomes_per_s"],
        "CPU per welcome to 16 in flight": kith["cpu_per_welcome_us"] / held["cpu_per_welcome_us"],
        "p50 at 200/s to 16 in flight": kith["p50_at_200_ms"] / held["p50_at_200_ms"],
        "memory to 16 in flight": kith["memory_mb"] / held["memory_mb"],
        "time to ready to 16 in flight": kith["ready_s"] / held["ready_s"],
        "command p50 to bare": kith["command_p50_ms"] / bare["command_p50_ms"],
    }
    found["limited"] = await limited(options)
    found["crowd of 100,000"] = await crowded(options)
    talk = {bot: await talked(bot, options) for bot in ("bare", "kith")}
    found["unwanted message, CPU to bare"] = talk["kith"] / talk["bare"]
    return found


def show(found: Json) -> None:
    names = list(found["kith"])
    print(f"{'':24}" + "".join(f"{bot:>12}" for bot in BOTS))
    for name in names:
        print(f"{name:24}" + "".join(f"{found[bot][name]:12.1f}" for bot in BOTS))
    print()
    for name, value in found["ratios"].items():
        print(f"{name:36}{value:8.2f} ×")
    print(f"{'unwanted message, CPU to bare':36}{found['unwanted message, CPU to bare']:8.2f} ×")
    share = found["limited"]
    print(f"{'share of 50/s under the limits':36}{share['share']:8.2f}, global 429s: {share['global']}")
    crowd = found["crowd of 100,000"]
    print(f"{'a server of 100,000':36}{crowd['memory_mb']:8.1f} MB, ready in {crowd['ready_s']:.1f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--uvloop", action="store_true")
    given = parser.parse_args()
    found = asyncio.run(run({"quick": given.quick, "uvloop": given.uvloop}))
    print(json.dumps(found, indent=2)) if given.json else show(found)


if __name__ == "__main__":
    main()
