"""Discord's own limits on requests: over all, per bucket, and on those that it calls invalid."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from time import monotonic
from typing import Final, NamedTuple

INVALID_WINDOW: Final = 600.0
"""Seconds over which invalid requests count."""
INVALID_MOST: Final = 8_000
"""Answers of 401, 403 and 429 within the window after which we stop; at 10,000 the address is shut out."""
_SECOND: Final = 1.015
"""Seconds for which a request has its place: the quickest answer known may not be the quickest there is."""
_REMEMBERED: Final = 4_096
_LOOK_AGAIN: Final = 0.05
_LEARNING: Final = 0.002
"""How much of the way to a slower answer the quickest one goes with each: networks change, bursts pass."""


@dataclass(slots=True, eq=False)
class Place:
    """A request's place in the second to which it counts."""

    route: str
    taken_at: float
    free_at: float = inf


class Budget:
    """Requests in any one second over everything that the bot does, interactions apart; 0 means no limit.

    Discord counts a request when it gets there, some time before its answer comes. So its place is taken for
    a second and a little, and longer by as much as this answer took longer than the quickest of its kind:
    late arrivals and early ones don't meet in one second, and a steady delay costs nothing.
    """

    def __init__(self, per_second: int, now: Callable[[], float] = monotonic) -> None:
        self._most = per_second
        self._now = now
        self._places: list[Place] = []
        self._quickest: dict[str, float] = {}
        self._gate = asyncio.Lock()

    async def enter(self, route: str) -> Place:
        """Wait for a place, after all who asked before. It is taken until `leave`."""
        if not self._most:
            return Place(route, 0.0)
        async with self._gate:
            while (wait := self.wait()) > 0:  # noqa: ASYNC110 - time itself makes room
                await asyncio.sleep(wait)
            place = Place(route, self._now())
            self._places.append(place)
            return place

    def wait(self) -> float:
        """Seconds until there may be a place; 0 if there is one now."""
        if not self._most or len(self._places) < self._most:
            return 0.0
        now = self._now()
        self._places = [place for place in self._places if place.free_at > now]
        if len(self._places) < self._most:
            return 0.0
        return min(min(place.free_at for place in self._places) - now, _LOOK_AGAIN)

    def leave(self, place: Place) -> None:
        """The answer came, or will not come."""
        took = self._now() - place.taken_at
        quickest = self._quickest.get(place.route, 0.0)
        quickest = self._quickest[place.route] = min(took, quickest + (took - quickest) * _LEARNING)
        place.free_at = place.taken_at + _SECOND + took - quickest


@dataclass(slots=True)
class _Bucket:
    remaining: int = 0
    resets_at: float = 0.0
    in_flight: int = 0


class Turn(NamedTuple):
    """Seconds until a request may go, 0 for one that goes, and the bucket to which that one counts."""

    wait: float
    bucket: _Bucket | None


_AT_ONCE: Final = Turn(0.0, None)


class Buckets:
    """The limits per route that Discord tells with each answer, kept by bucket and major id."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._names: dict[str, str] = {}
        self._buckets: dict[tuple[str, str], _Bucket] = {}

    def enter(self, route: str, major: str) -> Turn:
        """Whether a request may go now; it counts until `leave` then."""
        bucket = self._buckets.get(self._key(route, major))
        if bucket is None:
            return _AT_ONCE
        left = bucket.resets_at - self._now()
        if left <= 0:
            bucket.remaining = max(bucket.remaining, bucket.in_flight + 1)
        elif bucket.remaining <= bucket.in_flight:
            return Turn(left, None)
        bucket.in_flight += 1
        return Turn(0.0, bucket)

    def leave(self, turn: Turn, route: str, major: str, headers: Mapping[str, str]) -> None:
        """Its answer came, or will not come: `headers` are empty then; their names are in lower case.

        Discord may count it to another bucket than the one to which it was thought to belong.
        """
        if turn.bucket is not None:
            turn.bucket.in_flight -= 1
        name = headers.get("x-ratelimit-bucket")
        if name is None:
            return
        self._names[route] = name
        try:
            remaining = int(headers["x-ratelimit-remaining"])
            resets_at = self._now() + float(headers["x-ratelimit-reset-after"])
        except (KeyError, ValueError):
            return
        bucket = self._buckets.get((name, major))
        if bucket is None:
            if len(self._buckets) >= _REMEMBERED:
                self._forget()
            bucket = self._buckets[name, major] = _Bucket()
        bucket.remaining = remaining
        bucket.resets_at = resets_at

    def _key(self, route: str, major: str) -> tuple[str, str]:
        return self._names.get(route, route), major

    def _forget(self) -> None:
        now = self._now()
        self._buckets = {
            key: bucket for key, bucket in self._buckets.items() if bucket.in_flight or bucket.resets_at > now
        }


class Invalid:
    """Counts what Discord calls invalid requests, and stops us long before it shuts us out."""

    def __init__(self, most: int = INVALID_MOST, now: Callable[[], float] = monotonic) -> None:
        self._most = most
        self._now = now
        self._seconds: deque[tuple[float, int]] = deque()
        self._count = 0

    @property
    def count(self) -> int:
        """How many there were within the window."""
        horizon = self._now() - INVALID_WINDOW
        while self._seconds and self._seconds[0][0] <= horizon:
            self._count -= self._seconds.popleft()[1]
        return self._count

    def note(self) -> None:
        """One more."""
        second = float(int(self._now()))
        if self._seconds and self._seconds[-1][0] == second:
            self._seconds[-1] = (second, self._seconds[-1][1] + 1)
        else:
            self._seconds.append((second, 1))
        self._count += 1

    def wait(self) -> float:
        """Seconds for which nothing may leave; 0 while there were few."""
        if self._count < self._most or self.count < self._most:
            return 0.0
        return max(1.0, self._seconds[0][0] + INVALID_WINDOW - self._now())


@dataclass(slots=True)
class Pace:
    """All three together, shared by every request of the bot."""

    budget: Budget
    buckets: Buckets
    invalid: Invalid

    @classmethod
    def at(cls, per_second: float, invalid_most: int = INVALID_MOST) -> Pace:
        """``per_second``: how many requests there may be in any one second, as a whole number."""
        return cls(Budget(int(per_second)), Buckets(), Invalid(invalid_most))

    def note(self, status: int, headers: Mapping[str, str]) -> None:
        """Count an answer that Discord calls invalid."""
        if status in (401, 403) or (status == 429 and headers.get("x-ratelimit-scope") != "shared"):
            self.invalid.note()
