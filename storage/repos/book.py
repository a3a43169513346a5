"""The open log, the failures for doctor, and feedback for the hosts."""

from __future__ import annotations

from storage.port import Row, Tx


async def note(tx: Tx, *, id: int, community: int, space: str, at: int, topic: str, words: str) -> None:
    await tx.run(
        "INSERT INTO log (id, community, space, at, topic, words)"
        " VALUES (:id, :community, :space, :at, :topic, :words)",
        {"id": id, "community": community, "space": space, "at": at, "topic": topic, "words": words},
    )


async def lines(tx: Tx, community: int, *, before: int | None = None, limit: int = 10) -> list[Row]:
    """The newest lines of the log, or those older than the line ``before``."""
    return await tx.all(
        "SELECT id, at, topic, words FROM log"
        " WHERE community = :community AND id < :before ORDER BY id DESC LIMIT :limit",
        {"community": community, "before": 2**63 - 1 if before is None else before, "limit": limit},
    )


async def lines_naming(tx: Tx, community: int, needle: str) -> list[Row]:
    """Log lines whose words hold a text, such as a member's reference."""
    return await tx.all(
        "SELECT id, at, topic, words FROM log WHERE community = :community AND words LIKE :needle"
        " ORDER BY id",
        {"community": community, "needle": f"%{needle}%"},
    )


async def rewrite(tx: Tx, community: int, id: int, words: str) -> None:
    await tx.run(
        "UPDATE log SET words = :words WHERE community = :community AND id = :id",
        {"community": community, "id": id, "words": words},
    )


async def fail(
    tx: Tx, *, id: int, community: int, at: int, cog: str, handler: str, event: str, error: str
) -> None:
    await tx.run(
        "INSERT INTO failure (id, community, at, cog, handler, event, error)"
        " VALUES (:id, :community, :at, :cog, :handler, :event, :error)",
        {
            "id": id,
            "community": community,
            "at": at,
            "cog": cog,
            "handler": handler,
            "event": event,
            "error": error,
        },
    )


async def failures(tx: Tx, *, since: int, limit: int = 20) -> list[Row]:
    """The newest failures over all communities."""
    return await tx.all(
        "SELECT at, cog, handler, event, error FROM failure WHERE at >= :since ORDER BY id DESC LIMIT :limit",
        {"since": since, "limit": limit},
    )


async def prune_failures(tx: Tx, before: int) -> int:
    return await tx.run("DELETE FROM failure WHERE at < :before", {"before": before})


async def give_feedback(
    tx: Tx, *, id: int, community: int, space: str, member: str, at: int, words: str
) -> None:
    await tx.run(
        "INSERT INTO feedback (id, community, space, member, at, words)"
        " VALUES (:id, :community, :space, :member, :at, :words)",
        {"id": id, "community": community, "space": space, "member": member, "at": at, "words": words},
    )


async def feedback_of(tx: Tx, community: int, member: str) -> list[Row]:
    return await tx.all(
        "SELECT at, words FROM feedback WHERE community = :community AND member = :member ORDER BY id",
        {"community": community, "member": member},
    )


async def feedback(tx: Tx, community: int, *, before: int | None = None, limit: int = 10) -> list[Row]:
    """What members told the hosts, newest first, or what is older than the words ``before``."""
    return await tx.all(
        "SELECT id, at, words FROM feedback"
        " WHERE community = :community AND id < :before ORDER BY id DESC LIMIT :limit",
        {"community": community, "before": 2**63 - 1 if before is None else before, "limit": limit},
    )


async def forget_feedback(tx: Tx, community: int, member: str) -> None:
    await tx.run(
        "DELETE FROM feedback WHERE community = :community AND member = :member",
        {"community": community, "member": member},
    )
