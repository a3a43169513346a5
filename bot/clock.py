"""Community time: what handlers, schedules and texts mean by now. Leases and back-off use real time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol


class Clock(Protocol):
    """UTC milliseconds of community time."""

    def now(self) -> int: ...

    def subscribe(self, moved: Callable[[], None]) -> Callable[[], None]:
        """Call `moved` after each leap of this clock, in the mover's thread; returns what ends that.

        It must return at once, as `asyncio.Event.set` does. Time that merely passes calls nobody.
        """
        ...


def system_ms() -> int:
    """Real time in UTC milliseconds, as the system clock shows it."""
    return time.time_ns() // 1_000_000


def monotonic_ms() -> int:
    """Milliseconds of a clock that nobody can set."""
    return time.monotonic_ns() // 1_000_000


class SystemClock:
    """Community time is real time."""

    def now(self) -> int:
        return system_ms()

    def subscribe(self, moved: Callable[[], None]) -> Callable[[], None]:
        return _nothing


class TravelClock:
    """Community time that can be ahead of real time, and never goes back, even if the system's does."""

    def __init__(self, offset_ms: int = 0, *, base: Callable[[], int] = system_ms) -> None:
        """Begin `offset_ms` ahead of `base`, as an earlier run left it. Raises ValueError if negative."""
        if offset_ms < 0:
            raise ValueError("Time can only be travelled forward.")
        self._offset = offset_ms
        self._base = base
        self._latest = 0
        self._subscribers: list[Callable[[], None]] = []

    @property
    def offset_ms(self) -> int:
        """How far ahead of real time it is, for the next run to begin with."""
        return self._offset

    def now(self) -> int:
        self._latest = max(self._latest, self._base() + self._offset)
        return self._latest

    def move_to(self, at: int) -> None:
        """Leap to a time. Raises ValueError if that is in the past."""
        by = at - self.now()
        if by < 0:
            raise ValueError("Time can only be travelled forward.")
        self._offset += at - (self._base() + self._offset)
        self._latest = max(self._latest, at)
        for moved in tuple(self._subscribers):
            moved()

    def subscribe(self, moved: Callable[[], None]) -> Callable[[], None]:
        def unsubscribe() -> None:
            if moved in self._subscribers:
                self._subscribers.remove(moved)

        self._subscribers.append(moved)
        return unsubscribe


class JumpWatch:
    """Notices when somebody sets the system clock, or the machine slept."""

    def __init__(
        self,
        *,
        wall: Callable[[], int] = system_ms,
        monotonic: Callable[[], int] = monotonic_ms,
        tolerance_ms: int = 2_000,
    ) -> None:
        self._wall, self._monotonic, self._tolerance = wall, monotonic, tolerance_ms
        self._difference = wall() - monotonic()

    def jumped(self) -> int:
        """By how many ms the clock leapt since the last call, backwards if negative; 0 for small drifts."""
        difference = self._wall() - self._monotonic()
        leap = difference - self._difference
        if abs(leap) <= self._tolerance:
            return 0
        self._difference = difference
        return leap


def _nothing() -> None:
    """Ends a subscription that never began."""
