"""Discord's time and ids: real time plus what a test skipped, and snowflakes made from it."""

from __future__ import annotations

import time
from datetime import UTC, datetime

EPOCH_MS = 1_420_070_400_000


class Clock:
    """Timestamps follow real time; deadlines follow only what a test skips.

    So a slow machine never expires an interaction, and a test expires one at once with `skip`.
    With `deadlines_run` the deadlines follow real time as well, for tests in which a process is killed.
    """

    def __init__(self, *, deadlines_run: bool = False) -> None:
        self._skipped = 0.0
        self._deadlines_run = deadlines_run

    def now_ms(self) -> int:
        """UTC milliseconds since 1970."""
        return int((time.time() + self._skipped) * 1000)

    def skip(self, seconds: float) -> None:
        """Let `seconds` pass at once."""
        self._skipped += seconds

    def deadline_time(self) -> float:
        """Seconds on the stopwatch by which interactions and nonces expire."""
        return self._skipped + (time.monotonic() if self._deadlines_run else 0.0)


def iso(ms: int) -> str:
    """`ms` as Discord writes a timestamp."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat()


def snowflake_ms(snowflake: int) -> int:
    """When the id was made, in UTC milliseconds."""
    return (snowflake >> 22) + EPOCH_MS


class Snowflakes:
    """Ids that only grow."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0
        self._aged = 0

    def next(self, step: int = 1) -> int:
        """A new id of the present moment. A `step` of `1 << 22` spreads ids over shards."""
        self._last = max(self._last + step, (self._clock.now_ms() - EPOCH_MS) << 22)
        return self._last

    def aged(self, days: float) -> int:
        """An id as it was made `days` ago, such as an account's."""
        self._aged += 1
        ms = self._clock.now_ms() - int(days * 86_400_000)
        return ((ms - EPOCH_MS) << 22) + self._aged
