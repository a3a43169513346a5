"""How the process is set up: which event loop it runs on, and how often Python looks for garbage."""

from __future__ import annotations

import asyncio
import gc
import importlib
import sys
from typing import Final

GARBAGE_AFTER: Final = 10_000
"""Objects made and kept, between two looks for garbage; Python's own number is 700."""


def loop_factory() -> type[asyncio.AbstractEventLoop] | None:
    """uvloop where it is installed: a quarter faster."""
    try:
        import uvloop
    except ModuleNotFoundError:
        return None
    return uvloop.Loop


def starting() -> None:
    """To be called first. Nothing looks for garbage until `started`: a start makes much, and drops little."""
    gc.disable()
    if "rich" not in sys.modules:
        _load_structlog_alone()


def _load_structlog_alone() -> None:
    """Load structlog as it is where rich isn't installed: for tracebacks in colour, which we don't use, it
    would load all of rich, which takes more of time and memory than all other libraries of ours together.
    """
    sys.modules["rich"] = None  # type: ignore[assignment]  # Python's own way to say that it isn't there
    try:
        importlib.import_module("structlog")
    finally:
        del sys.modules["rich"]


def started() -> None:
    """Take what was built so far for as long-lived as the process, and look for garbage again.

    An event leaves next to nothing that refers to itself, yet the search for it took a tenth of all time.
    """
    gc.freeze()
    gc.set_threshold(GARBAGE_AFTER, *gc.get_threshold()[1:])
    gc.enable()
