"""Which handler has done which event, so that a repeated event has no second effect."""

from __future__ import annotations

from storage.port import Tx


async def claim(tx: Tx, community: int, event: str, handler: str, now: int) -> bool:
    """Mark it as done in this unit; False if it was done before."""
    return bool(
        await tx.run(
            "INSERT INTO mark (community, event, handler, at) VALUES (:community, :event, :handler, :now)"
            " ON CONFLICT (community, event, handler) DO NOTHING",
            {"community": community, "event": event, "handler": handler, "now": now},
        )
    )


async def prune(tx: Tx, before: int, most: int = 500) -> int:
    """Forget up to ``most`` marks from before a time; platforms repeat events for a day at the longest."""
    return await tx.run(
        "DELETE FROM mark WHERE (community, event, handler) IN"
        " (SELECT community, event, handler FROM mark WHERE at < :before LIMIT :most)",
        {"before": before, "most": most},
    )
