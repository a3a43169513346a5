"""How long Kith takes from nothing to listening, and how much memory it holds, beside bare imports.

Run it with ``python -m bench.start``; add ``--json`` for the figures alone. Needs psutil.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median
from typing import Any

import psutil

ROOT = Path(__file__).parents[1]
IMPORTS = "import aiohttp.web, aiosqlite, apscheduler.schedulers.asyncio, pydantic, structlog, typer"
SEEN = "Ctrl-C stops it"


async def run(*, rounds: int = 5, say: Callable[[str], None] = lambda _: None) -> list[dict[str, Any]]:
    """Medians in milliseconds of real time and MiB of resident memory, and as ratios to the bare imports."""
    say("bare imports")
    bare = [await _imports() for _ in range(rounds)]
    with tempfile.TemporaryDirectory() as home:
        say("first start")
        first = await _start(home)
        say("second starts")
        again = [await _start(home) for _ in range(rounds)]
    base_ms, base_mib = median(ms for ms, _ in bare), median(mib for _, mib in bare)
    figures = {
        "bare import of the libraries": (base_ms, base_mib),
        "first start, to listening": first,
        "second start, to listening": (median(ms for ms, _ in again), median(mib for _, mib in again)),
    }
    return [
        {
            "bench": "start",
            "what": what,
            "ms": round(ms),
            "mib": round(mib, 1),
            "times_the_time": round(ms / base_ms, 2),
            "times_the_memory": round(mib / base_mib, 2),
        }
        for what, (ms, mib) in figures.items()
    ]


async def _imports() -> tuple[float, float]:
    code = f"{IMPORTS}\nprint('up', flush=True)\ninput()"
    return await _until(["-c", code], "up", {})


async def _start(home: str) -> tuple[float, float]:
    arguments = ["-m", "bot.cli", "run", "--port", "0", "--no-browser"]
    return await _until(arguments, SEEN, {"KITH_HOME": home})


async def _until(arguments: list[str], seen: str, environment: dict[str, str]) -> tuple[float, float]:
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            while seen not in (line := (await process.stdout.readline()).decode()):
                if not line:
                    raise RuntimeError(f"{arguments} ended before it was up")
        took = (time.perf_counter() - began) * 1_000
        return took, psutil.Process(process.pid).memory_info().rss / 2**20
    finally:
        process.terminate()
        await process.communicate()


def table(results: Iterable[dict[str, Any]]) -> str:
    """The results as people read them."""
    lines = [f"{'what':<32}{'ms':>8}{'MiB':>8}{'× time':>9}{'× memory':>10}"]
    lines += [
        f"{row['what']:<32}{row['ms']:>8,}{row['mib']:>8}{row['times_the_time']:>9}"
        f"{row['times_the_memory']:>10}"
        for row in results
    ]
    return "\n".join(lines)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    results = asyncio.run(run(rounds=chosen.rounds))
    sys.stdout.write(json.dumps(results, indent=2) if chosen.json else table(results))
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
