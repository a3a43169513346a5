"""All benchmarks in one run: a table for each, and everything as JSON in ``bench-results.json``."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

BENCHES = ("units", "greeting", "schedules", "room", "start", "discord", "slack", "slack_burst")


def main() -> None:
    """Run the named ones, or all."""
    parser = argparse.ArgumentParser(prog="python3 start.py bench", description=__doc__)
    parser.add_argument("which", nargs="*", help=f"which of {', '.join(BENCHES)}; all if left out")
    parser.add_argument("--output", type=Path, default=Path("bench-results.json"), metavar="FILE")
    chosen = parser.parse_args()
    unknown = sorted(set(chosen.which) - set(BENCHES))
    if unknown:
        parser.error(f"there is no {', '.join(unknown)}; there are {', '.join(BENCHES)}")
    results = []
    for name in chosen.which or BENCHES:
        module = importlib.import_module(f"bench.{name}")
        sys.stdout.write(f"== {name}: {module.__doc__.splitlines()[0]}\n")
        sys.stdout.flush()
        factory = module.loop_factory() if hasattr(module, "loop_factory") else None
        with asyncio.Runner(loop_factory=factory) as runner:
            found = runner.run(module.run(say=_say))
        sys.stdout.write(f"{module.table(found)}\n\n")
        results += found
    record = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "results": results,
    }
    chosen.output.write_text(json.dumps(record, indent=2) + "\n")
    sys.stdout.write(f"Everything is in {chosen.output}\n")


def _say(what: str) -> None:
    sys.stderr.write(f"   {what}\n")


if __name__ == "__main__":
    main()
