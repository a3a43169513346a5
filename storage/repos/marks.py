"""Which events are done, so that a repeated one has no second effect."""

from __future__ import annotations

from storage.port import Tx


async def claim(tx: Tx, community: int, event: str, now: int) -> bool:
    """Mark an event as done in this unit; False if it was done before."""
    return bool(
        await tx.run(
            "INSERT INTO mark (community, event, at) VALUES (:community, :event, :now)"
            " ON CONFLICT (community, event) DO NOTHING",
            {"community": community, "event": event, "now": now},
        )
    )


async def has(tx: Tx, community: int, event: str) -> bool:
    """Whether it is marked."""
    row = await tx.one(
        "SELECT 1 AS found FROM mark WHERE community = :community AND event = :event",
        {"community": community, "event": event},
    )
    return row is not None


async def prune(tx: Tx, before: int, most: int = 500) -> int:
    """Forget up to ``most`` marks from before a time; platforms repeat events for a day at the longest."""
    return await tx.run(
        "DELETE FROM mark WHERE (community, event) IN"
        " (SELECT community, event FROM mark WHERE at < :before LIMIT :most)",
        {"before": before, "most": most},
    )
