"""What whoever leads a space was told needs mending, until it is mended."""

from __future__ import annotations

from storage.port import Tx


async def of(tx: Tx, community: int, space: str) -> list[str]:
    rows = await tx.all(
        "SELECT what FROM told WHERE community = :community AND space = :space",
        {"community": community, "space": space},
    )
    return [row["what"] for row in rows]


async def keep(tx: Tx, community: int, space: str, what: str, now: int) -> None:
    await tx.run(
        "INSERT INTO told (community, space, what, at) VALUES (:community, :space, :what, :now)"
        " ON CONFLICT (community, space, what) DO NOTHING",
        {"community": community, "space": space, "what": what, "now": now},
    )


async def drop(tx: Tx, community: int, space: str, what: str) -> None:
    await tx.run(
        "DELETE FROM told WHERE community = :community AND space = :space AND what = :what",
        {"community": community, "space": space, "what": what},
    )
