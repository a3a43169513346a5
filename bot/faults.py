"""A handler that broke: kept for doctor, with the line that raised it and nothing that people wrote."""

from __future__ import annotations

import traceback

import structlog

from bot.store import Scope
from storage.repos import book

log = structlog.get_logger(__name__)


async def keep(scope: Scope, *, cog: str, handler: str, event: str, error: BaseException) -> None:
    """Keep a fault within the unit in which it happened."""
    log.error("handler_failed", cog=cog, handler=handler, exc_info=error)
    await book.fail(
        scope.tx,
        id=scope.new_id(),
        community=scope.community,
        at=scope.now,
        cog=cog,
        handler=handler,
        event=event,
        error=where(error),
    )


def where(error: BaseException) -> str:
    """The kind of an error and the line that raised it."""
    frames = traceback.extract_tb(error.__traceback__)
    at = f" at {frames[-1].name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{at}"
