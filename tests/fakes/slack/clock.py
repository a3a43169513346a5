"""A clock that tests can turn forward, and waiting for conditions instead of for time."""

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable
from typing import Any

LOOK_EVERY = 0.05


class Timer:
    """One planned call; `cancel()` takes it back."""

    __slots__ = ("callback", "due")

    def __init__(self, due: float, callback: Callable[[], Any]) -> None:
        self.due = due
        self.callback: Callable[[], Any] | None = callback

    def cancel(self) -> None:
        self.callback = None


class Clock:
    """Seconds since 1970. It runs with real time unless frozen, and `advance` turns it forward at once."""

    def __init__(self, *, frozen: bool = False) -> None:
        self._frozen = frozen
        self._origin = time.time() - time.monotonic()
        self._stopped_at = time.time()
        self._ahead = 0.0
        self._timers: list[tuple[float, int, Timer]] = []
        self._order = itertools.count()
        self._wake: asyncio.TimerHandle | None = None
        self._wake_at = 0.0

    def now(self) -> float:
        real = self._stopped_at if self._frozen else self._origin + time.monotonic()
        return real + self._ahead

    def call_later(self, delay: float, callback: Callable[[], Any]) -> Timer:
        """Call `callback` in `delay` seconds of this clock."""
        timer = Timer(self.now() + delay, callback)
        heapq.heappush(self._timers, (timer.due, next(self._order), timer))
        self._arm()
        return timer

    async def wait(self, delay: float) -> None:
        """Return after `delay` seconds of this clock."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        timer = self.call_later(delay, lambda: None if done.done() else done.set_result(None))
        try:
            await done
        finally:
            timer.cancel()

    def advance(self, seconds: float) -> None:
        """Turn the clock forward; timers due on the way fire in their order, each at its own time."""
        if seconds < 0:
            raise ValueError("a clock only goes forward")
        goal = self.now() + seconds
        while self._timers and self._timers[0][0] <= goal:
            due, _, timer = heapq.heappop(self._timers)
            self._ahead += max(0.0, due - self.now())
            self._fire(timer)
        self._ahead += max(0.0, goal - self.now())
        self._arm()

    def close(self) -> None:
        """Forget every timer."""
        self._timers.clear()
        if self._wake is not None:
            self._wake.cancel()
            self._wake = None

    @staticmethod
    def _fire(timer: Timer) -> None:
        if timer.callback is not None:
            timer.callback()

    def _arm(self) -> None:
        while self._timers and self._timers[0][2].callback is None:
            heapq.heappop(self._timers)
        if self._frozen or not self._timers:
            return
        loop = asyncio.get_running_loop()
        when = loop.time() + max(0.0, self._timers[0][0] - self.now())
        if self._wake is not None and self._wake_at <= when + 0.0005:
            return
        if self._wake is not None:
            self._wake.cancel()
        self._wake, self._wake_at = loop.call_at(when, self._ring), when

    def _ring(self) -> None:
        self._wake = None
        now = self.now()
        while self._timers and self._timers[0][0] <= now:
            self._fire(heapq.heappop(self._timers)[2])
        self._arm()


class Changes:
    """Wakes whoever waits for a condition whenever the fake's state may have changed."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    def touch(self) -> None:
        """Say that something changed."""
        waiting, self._waiting = self._waiting, set()
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def until(
        self, condition: Callable[[], Any], within: float, explain: Callable[[], str] = lambda: ""
    ) -> Any:
        """The condition's first truthy value; AssertionError with `explain()` after `within` real seconds."""
        loop = asyncio.get_running_loop()
        end = loop.time() + within
        while not (value := condition()):
            left = end - loop.time()
            if left <= 0:
                raise AssertionError(f"not seen within {within:g} s. {explain()}".strip())
            changed: asyncio.Future[None] = loop.create_future()
            self._waiting.add(changed)
            # The look now and then is for conditions on what is not the fake's, such as a handler's list.
            await asyncio.wait({changed}, timeout=min(left, LOOK_EVERY))
            self._waiting.discard(changed)
        return value
