"""The times and the test hook that the outbox's parts share."""

from __future__ import annotations

from collections.abc import Callable
from time import time_ns
from typing import Protocol

CrashPoint = Callable[[str], None]
"""Called with the name of each point at which a crash must lose nothing."""


class Clock(Protocol):
    """Community time in UTC milliseconds."""

    def now(self) -> int: ...


def real_now() -> int:
    """Real time in UTC milliseconds."""
    return time_ns() // 1_000_000
