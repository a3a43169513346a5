"""Leaves alone for a while what failed, ever longer, while the rest goes on."""

from __future__ import annotations

from bot.clock import monotonic_ms


def back_off(first_ms: int, failures: int, longest_ms: int) -> int:
    """How long to wait after so many failures in a row, doubling from the first."""
    return min(first_ms << min(max(failures - 1, 0), 16), longest_ms)


class Patience:
    """Which things failed, and until when each is left alone. Times are ms of the monotonic clock."""

    def __init__(self, first_ms: int, longest_ms: int) -> None:
        self._first_ms, self._longest_ms = first_ms, longest_ms
        self._waiting: dict[str, tuple[int, int]] = {}
        self._looked_at = 0

    def look(self) -> None:
        """Begin a look at all things: who has waited long enough is settled by this moment."""
        self._looked_at = now = monotonic_ms()
        gone = [key for key, (_, until) in self._waiting.items() if until < now - 10 * self._longest_ms]
        for key in gone:
            del self._waiting[key]

    def waits(self, key: str) -> bool:
        return self._waiting.get(key, (0, 0))[1] > self._looked_at

    def failed(self, key: str) -> None:
        failures = self._waiting.get(key, (0, 0))[0] + 1
        self._waiting[key] = failures, monotonic_ms() + back_off(self._first_ms, failures, self._longest_ms)

    def done(self, key: str) -> None:
        self._waiting.pop(key, None)

    def left_ms(self) -> int | None:
        """How long the first of those that waited at the last look has still to wait."""
        untils = [until for _, until in self._waiting.values() if until > self._looked_at]
        return max(min(untils) - monotonic_ms(), 0) if untils else None
