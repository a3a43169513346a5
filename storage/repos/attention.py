"""Who and which channel was addressed unprompted, and when: what the attention budget counts."""

from __future__ import annotations

from storage.port import Tx


async def times(tx: Tx, community: int, target: str, since: int) -> list[int]:
    """When this target was addressed, or will be, after ``since``; oldest first."""
    rows = await tx.all(
        "SELECT at FROM attention WHERE community = :community AND target = :target AND at > :since"
        " ORDER BY at",
        {"community": community, "target": target, "since": since},
    )
    return [row["at"] for row in rows]


async def add(tx: Tx, *, community: int, target: str, at: int, intent: str, kind: str) -> None:
    await tx.run(
        "INSERT INTO attention (community, target, at, intent, kind)"
        " VALUES (:community, :target, :at, :intent, :kind)"
        " ON CONFLICT (community, target, intent) DO NOTHING",
        {"community": community, "target": target, "at": at, "intent": intent, "kind": kind},
    )


async def waiting(tx: Tx, community: int, target: str, after: int) -> str | None:
    """The intent of the last message to this target that was put off to a time later than ``after``."""
    row = await tx.one(
        "SELECT intent FROM attention WHERE community = :community AND target = :target AND at > :after"
        " ORDER BY at DESC LIMIT 1",
        {"community": community, "target": target, "after": after},
    )
    return row["intent"] if row else None


async def prune(tx: Tx, before: int) -> int:
    return await tx.run("DELETE FROM attention WHERE at < :before", {"before": before})


async def forget(tx: Tx, community: int, target: str) -> None:
    await tx.run(
        "DELETE FROM attention WHERE community = :community AND target = :target",
        {"community": community, "target": target},
    )
