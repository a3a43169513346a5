"""One attempt or one look, with every way in which it can end turned into an outcome."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable

import structlog

from bot.model.outgoing import Outgoing, Receipt
from bot.outbox.steps import Absent, Arrived, Deferred, Outcome, Refused, Unknown
from bot.platforms.base import Gone, Platform, RetryLater, Unsure

log = structlog.get_logger(__name__)

_LONGEST = 86_400.0
"""Seconds: no platform is believed that asks for a longer wait."""


class Courier:
    """Talks to one platform. ``patience`` in seconds: after that an outcome counts as unknown."""

    def __init__(self, platform: Platform, patience: float) -> None:
        self._platform = platform
        self._patience = patience

    async def deliver(self, out: Outgoing) -> tuple[Outcome, float]:
        """Try to deliver; the outcome, and for how many seconds the whole platform wants to be left alone."""
        return await self._ask(self._platform.deliver(out), out)

    async def look(self, out: Outgoing, since: int) -> tuple[Outcome, float]:
        """Ask whether it arrived at or after ``since`` (real UTC ms)."""
        return await self._ask(self._platform.find(out, since), out)

    async def _ask(self, asked: Awaitable[Receipt | None], out: Outgoing) -> tuple[Outcome, float]:
        try:
            async with asyncio.timeout(self._patience):
                receipt = await asked
        except RetryLater as error:
            after = _wait(error.after)
            return Deferred(error.reason, math.ceil(after * 1_000)), after if error.everywhere else 0.0
        except Gone as error:
            return Refused(error.reason), 0.0
        except Unsure as error:
            return Unknown(error.reason), 0.0
        except TimeoutError:
            return Unknown("timeout: no answer in time"), 0.0
        except (Exception, asyncio.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError) and _is_cancelled():
                raise
            # what the adapter waited for may have been cancelled, and not this attempt
            log.exception("platform_broke", platform=self._platform.name, intent=out.key)
            return Unknown(f"error: {type(error).__name__}", error=True), 0.0
        return (Absent() if receipt is None else Arrived(receipt)), 0.0


def _wait(after: float) -> float:
    return min(max(after, 0.0), _LONGEST) if math.isfinite(after) else 1.0


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0
