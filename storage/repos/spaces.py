"""Communities and the spaces they are made of: when each went live, whether it is paused."""

from __future__ import annotations

from storage.port import Params, Row, Tx


async def get(tx: Tx, key: str) -> Row | None:
    return await tx.one("SELECT * FROM space WHERE key = :key", {"key": key})


async def of_community(tx: Tx, community: int) -> list[Row]:
    return await tx.all(
        "SELECT * FROM space WHERE community = :community ORDER BY first_seen, key", {"community": community}
    )


async def every(tx: Tx) -> list[Row]:
    return await tx.all("SELECT * FROM space ORDER BY first_seen, key")


async def add(tx: Tx, *, key: str, community: int, name: str, now: int) -> None:
    """A space seen for the first time, as a community of its own; nothing happens if it is known."""
    given: Params = {"key": key, "community": community, "name": name, "now": now}
    known = await get(tx, key)
    if known is not None:
        return
    await tx.run("INSERT INTO community (id, name, created_at) VALUES (:community, :name, :now)", given)
    await tx.run(
        "INSERT INTO space (key, community, name, first_seen, announces_joins)"
        " VALUES (:key, :community, :name, :now, 0)",
        given,
    )


async def seen(
    tx: Tx,
    key: str,
    *,
    name: str,
    default_channel: str | None,
    announces_joins: bool,
    people: int | None,
    hears_joins: bool,
    came_at: int | None,
) -> None:
    """What the platform says of a space now."""
    await tx.run(
        "UPDATE space SET name = CASE WHEN :name = '' THEN name ELSE :name END, lost_at = NULL,"
        " default_channel = :channel, announces_joins = :announces, people = :people,"
        " hears_joins = :hears, came_at = COALESCE(:came_at, came_at) WHERE key = :key",
        {
            "key": key,
            "name": name,
            "channel": default_channel,
            "announces": int(announces_joins),
            "people": people,
            "hears": int(hears_joins),
            "came_at": came_at,
        },
    )


async def lost(tx: Tx, key: str, now: int) -> None:
    """The bot is in this space no more. Should it come back, it meets everybody there for the first time."""
    await tx.run(
        "UPDATE space SET lost_at = :now, baseline_at = NULL WHERE key = :key", {"key": key, "now": now}
    )


async def baselined(tx: Tx, key: str, now: int) -> None:
    """The people who were here already are recorded; from now on a new face is a newcomer."""
    await tx.run("UPDATE space SET baseline_at = :now WHERE key = :key", {"key": key, "now": now})


async def go_live(tx: Tx, key: str, now: int) -> None:
    """An admin said Go: from now on Kith may speak in public here."""
    await tx.run(
        "UPDATE space SET live_since = :now WHERE key = :key AND live_since IS NULL", {"key": key, "now": now}
    )


async def pause(tx: Tx, key: str, until: int | None) -> None:
    """Nothing but private answers until then (UTC ms); None resumes."""
    await tx.run("UPDATE space SET paused_until = :until WHERE key = :key", {"key": key, "until": until})
