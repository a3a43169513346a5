"""Waiting for something to become true, woken by each change of the fake's state."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Changes:
    """Tells everyone who waits that something changed."""

    def __init__(self, describe: Callable[[], str], failures: list[Exception]) -> None:
        self._describe = describe
        self._failures = failures
        self._waiting: set[asyncio.Future[None]] = set()

    def notify(self) -> None:
        """Something changed: whoever waits looks again."""
        if self._waiting:
            for future in self._waiting:
                if not future.done():
                    future.set_result(None)
            self._waiting.clear()

    async def until(self, condition: Callable[[], T], within: float = 5.0, what: str = "") -> T:
        """Wait until `condition()` is true and return its value.

        Raises AssertionError, with what the fake saw last, after `within` seconds of real time, and at once
        what made the fake itself fail.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        while not (value := condition()):
            if self._failures:
                raise self._failures[0]
            future: asyncio.Future[None] = loop.create_future()
            self._waiting.add(future)
            try:
                await asyncio.wait([future], timeout=deadline - loop.time())
            finally:
                self._waiting.discard(future)
            if not future.done() and not (value := condition()):
                raise AssertionError(f"waited {within} s for {what or 'a condition'}\n{self._describe()}")
            if value:
                return value
        return value
