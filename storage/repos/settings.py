"""What a space's hosts set, over the defaults of the configuration. Values are JSON made by the host."""

from __future__ import annotations

from secrets import randbits

from storage.port import Row, Tx


async def of(tx: Tx, community: int, space: str) -> list[Row]:
    """All that is set in a space: section, name, value, set_by, set_at."""
    return await tx.all(
        "SELECT section, name, value, set_by, set_at FROM setting"
        " WHERE community = :community AND space = :space",
        {"community": community, "space": space},
    )


async def values(tx: Tx, platform: str) -> list[Row]:
    """What is set in all spaces of a platform: space and value."""
    return await tx.all(
        "SELECT space, value FROM setting WHERE SUBSTR(space, 1, :length) = :platform ORDER BY space",
        {"platform": f"{platform}:", "length": len(platform) + 1},
    )


async def put(
    tx: Tx, *, community: int, space: str, section: str, name: str, value: str, by: str, now: int
) -> None:
    await tx.run(
        "INSERT INTO setting (community, space, section, name, value, set_by, set_at)"
        " VALUES (:community, :space, :section, :name, :value, :by, :now)"
        " ON CONFLICT (community, space, section, name)"
        " DO UPDATE SET value = excluded.value, set_by = excluded.set_by, set_at = excluded.set_at",
        {
            "community": community,
            "space": space,
            "section": section,
            "name": name,
            "value": value,
            "by": by,
            "now": now,
        },
    )
    await _changed(tx, space)


async def clear(tx: Tx, *, community: int, space: str, section: str, name: str) -> None:
    """Back to the default."""
    await tx.run(
        "DELETE FROM setting WHERE community = :community AND space = :space"
        " AND section = :section AND name = :name",
        {"community": community, "space": space, "section": section, "name": name},
    )
    await _changed(tx, space)


async def anonymise(tx: Tx, community: int, member: str) -> None:
    """Settings stay when the person who made them is forgotten."""
    rows = await tx.all(
        "SELECT DISTINCT space FROM setting WHERE community = :community AND set_by = :member",
        {"community": community, "member": member},
    )
    for row in rows:
        await _changed(tx, row["space"])
    await tx.run(
        "UPDATE setting SET set_by = '' WHERE community = :community AND set_by = :member",
        {"community": community, "member": member},
    )


async def _changed(tx: Tx, space: str) -> None:
    """Give the space's settings another version, drawn: a counter that failed could come to one again."""
    await tx.run(
        "UPDATE space SET settings = :version WHERE key = :space", {"version": randbits(62), "space": space}
    )
