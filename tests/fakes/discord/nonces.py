"""Enforced nonces: for a few minutes the same nonce returns the earlier message."""

from __future__ import annotations

from collections import OrderedDict

from .clock import Clock
from .model import Message


class Nonces:
    """The bot's nonces of the last `window` seconds on the fake's stopwatch."""

    def __init__(self, clock: Clock, window: float) -> None:
        self._clock = clock
        self._window = window
        self._used: OrderedDict[str, tuple[float, Message]] = OrderedDict()

    def earlier(self, nonce: str | int) -> Message | None:
        """The message that was posted with this nonce, in whatever channel."""
        self._expire()
        found = self._used.get(str(nonce))
        return found[1] if found else None

    def remember(self, nonce: str | int, message: Message) -> None:
        """Note a nonce."""
        self._used[str(nonce)] = (self._clock.deadline_time(), message)

    def _expire(self) -> None:
        oldest = self._clock.deadline_time() - self._window
        while self._used and next(iter(self._used.values()))[0] < oldest:
            self._used.popitem(last=False)
