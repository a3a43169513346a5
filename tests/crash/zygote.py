"""Forks lives: everything is imported once, so that a life begins within milliseconds of the last death.

Run as a process: a plan in JSON a line in; the life's process id, then how it ended, a line each out.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import traceback
from typing import Any


def main() -> None:
    import importlib

    for module in ("storage.engines.sqlite", *sys.argv[1:]):
        importlib.import_module(module)
    from tests.crash.life import Plan

    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        given: dict[str, Any] = json.loads(line)
        plan = Plan(**{**given, "channels": [tuple(each) for each in given["channels"]]})
        pid = os.fork()
        if pid == 0:
            _live(plan)
        print(pid, flush=True)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _live(plan: Any) -> None:
    from tests.crash.life import live

    os.dup2(2, 1)  # what a life prints must not look like the zygote's answers
    try:
        asyncio.run(live(plan))
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(3)
    os._exit(0)


if __name__ == "__main__":
    main()
