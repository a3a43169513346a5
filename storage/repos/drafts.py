"""What a form needs besides what people fill in, kept between showing it and getting it back."""

from __future__ import annotations

from storage.port import Row, Tx


async def add(tx: Tx, *, id: int, community: int, space: str, member: str, body: str, now: int) -> None:
    await tx.run(
        "INSERT INTO draft (id, community, space, member, body, made_at)"
        " VALUES (:id, :community, :space, :member, :body, :now)",
        {"id": id, "community": community, "space": space, "member": member, "body": body, "now": now},
    )


async def get(tx: Tx, community: int, id: int, member: str) -> str | None:
    """A person's own draft; None if it is not theirs or no longer there."""
    row = await tx.one(
        "SELECT body FROM draft WHERE id = :id AND community = :community AND member = :member",
        {"id": id, "community": community, "member": member},
    )
    return row["body"] if row else None


async def of(tx: Tx, community: int, member: str) -> list[Row]:
    """A person's drafts, oldest first."""
    return await tx.all(
        "SELECT body, made_at FROM draft WHERE community = :community AND member = :member ORDER BY id",
        {"community": community, "member": member},
    )


async def change(tx: Tx, community: int, id: int, member: str, body: str) -> None:
    """Keep something else in a person's own draft, if it is still there."""
    await tx.run(
        "UPDATE draft SET body = :body WHERE id = :id AND community = :community AND member = :member",
        {"id": id, "community": community, "member": member, "body": body},
    )


async def drop(tx: Tx, community: int, id: int, member: str) -> None:
    """A person's own draft is not needed any more."""
    await tx.run(
        "DELETE FROM draft WHERE id = :id AND community = :community AND member = :member",
        {"id": id, "community": community, "member": member},
    )


async def prune(tx: Tx, before: int) -> int:
    return await tx.run("DELETE FROM draft WHERE made_at < :before", {"before": before})


async def forget(tx: Tx, community: int, member: str) -> None:
    await tx.run(
        "DELETE FROM draft WHERE community = :community AND member = :member",
        {"community": community, "member": member},
    )
