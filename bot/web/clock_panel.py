"""Community time on the web: what fires next, and travelling there."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from bot.platforms.local.refused import Refused
from bot.web.body import Body, Json

SHOWN: Final = 10
FARTHEST_MS: Final = 366 * 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class Coming:
    """Something that will happen at ``at`` (UTC ms, community time), in words, and whose doing it is."""

    at: int
    what: str
    cog: str


@dataclass(frozen=True, slots=True)
class ClockPanel:
    """What the panel shows and moves. ``travel`` goes forward to a time, doing all that is due on the way.

    ``upcoming`` gives at most so many, soonest first. Without ``travel`` time can only be watched.
    """

    now: Callable[[], int]
    zone: Callable[[], Awaitable[str]]
    upcoming: Callable[[int], Awaitable[Sequence[Coming]]]
    travel: Callable[[int], Awaitable[None]] | None = None

    async def show(self) -> Json:
        now = self.now()
        return {
            "now": now,
            "zone": await self.zone(),
            "offset_ms": max(0, now - time.time_ns() // 1_000_000),
            "can_travel": self.travel is not None,
            "upcoming": [
                {"at": one.at, "what": one.what, "cog": one.cog} for one in await self.upcoming(SHOWN)
            ],
        }

    async def move(self, body: Body) -> None:
        """Skips to what comes next, or forward by some time. Raises Refused."""
        if self.travel is None:
            raise Refused(
                "cannot_travel", "Here time passes by itself: Kith is connected to a real community."
            )
        if body.maybe("skip") is not None:
            if body.text("skip") != "next":
                raise Refused("bad_value", "“skip” can only be “next”.", field="skip")
            await self.travel(await self._next())
            return
        by = body.number("advance_ms")
        if not 0 <= by <= FARTHEST_MS:
            raise Refused("bad_value", "Time goes forward only, by 366 days at most.", field="advance_ms")
        await self.travel(self.now() + by)

    async def _next(self) -> int:
        coming = await self.upcoming(1)
        if not coming:
            raise Refused("nothing_next", "Nothing is planned. Set up a schedule first, then come back.")
        return max(coming[0].at, self.now())
