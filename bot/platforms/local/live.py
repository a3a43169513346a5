"""What changed in the room, numbered, so that whoever looks on can catch up after a lost connection."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from bot.platforms.local.state import Json

_KEPT = 2_000


@dataclass(frozen=True, slots=True)
class Change:
    """``kind`` and ``id`` of what is new or changed; ``seats`` who may know, None for everybody.

    ``frame`` is what is sent as it is; without one, it is made of the thing's state when it is sent.
    """

    number: int
    kind: str
    id: str = ""
    seats: frozenset[str] | None = None
    frame: Json = field(default_factory=dict)

    def concerns(self, seat: str) -> bool:
        return self.seats is None or seat in self.seats


class Live:
    """The newest changes. Whoever is too far behind starts again from a snapshot."""

    def __init__(self) -> None:
        self._run = secrets.token_hex(4)
        self._changes: deque[Change] = deque(maxlen=_KEPT)
        self._number = 0
        self._news: set[asyncio.Event] = set()

    @property
    def cursor(self) -> str:
        return self.cursor_at(self._number)

    def cursor_at(self, number: int) -> str:
        """Where somebody is who has seen everything up to this change."""
        return f"{self._run}.{number}"

    def publish(
        self, kind: str, ident: str = "", *, seats: frozenset[str] | None = None, frame: Json | None = None
    ) -> None:
        self._number += 1
        self._changes.append(Change(self._number, kind, ident, seats, frame or {}))
        for news in self._news:
            news.set()

    def position(self, cursor: str | None) -> int | None:
        """The number in a cursor of this run that can still be resumed from, else None."""
        run, _, number = (cursor or "").partition(".")
        if run != self._run or not number.isdecimal() or len(number) > 15:
            return None
        return int(number) if self._reaches(int(number)) else None

    def _reaches(self, number: int) -> bool:
        oldest = self._changes[0].number if self._changes else self._number + 1
        return oldest - 1 <= number <= self._number

    async def follow(self, number: int) -> AsyncIterator[Change | None]:
        """The changes after ``number`` as they come. None, and the end, when some were already let go."""
        news = asyncio.Event()
        self._news.add(news)
        try:
            while True:
                news.clear()
                if not self._reaches(number):
                    yield None
                    return
                if number < self._number:
                    behind = self._number - number
                    for change in list(self._changes)[-behind:]:
                        number = change.number
                        yield change
                else:
                    await news.wait()
        finally:
            self._news.discard(news)
