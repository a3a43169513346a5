"""Slack's rate limits: calls a minute by tier and method, messages a second by channel."""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class RateLimits:
    """What to limit; None limits nothing. Windows slide on the fake's clock."""

    tiers: dict[int, int] | None = field(default_factory=lambda: {1: 1, 2: 20, 3: 50, 4: 100})
    posts_per_second: int | None = 1


class TooFast(Exception):
    """The call comes too early; `retry_after` is in whole seconds, as in the header."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"retry after {retry_after} s")
        self.retry_after = max(1, math.ceil(retry_after))


class Pace:
    """Counts calls and refuses what is over the limit."""

    def __init__(self, limits: RateLimits | None, now: Callable[[], float]) -> None:
        self.limits = limits
        self._now = now
        self._recent: dict[tuple[str, ...], deque[float]] = {}

    def call(self, team: str, method: str, tier: int | None) -> None:
        """Count one call of a method. Raises TooFast."""
        if self.limits is not None and self.limits.tiers is not None and tier is not None:
            self._count((team, method), self.limits.tiers[tier], 60.0)

    def distributed_history(self, team: str, method: str) -> None:
        """The one call a minute that apps distributed outside the Marketplace get."""
        self._count((team, method, "distributed"), 1, 60.0)

    def post(self, team: str, channel: str) -> None:
        """Count one message into a channel. Raises TooFast."""
        if self.limits is not None and self.limits.posts_per_second is not None:
            self._count((team, channel, "post"), self.limits.posts_per_second, 1.0)

    def _count(self, key: tuple[str, ...], most: int, window: float) -> None:
        now = self._now()
        recent = self._recent.setdefault(key, deque())
        while recent and recent[0] <= now - window:
            recent.popleft()
        if len(recent) >= most:
            raise TooFast(recent[0] + window - now)
        recent.append(now)
