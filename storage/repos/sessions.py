"""Web sessions and the one-time links that begin them. Times are real time, in UTC milliseconds."""

from __future__ import annotations

from storage.port import Row, Tx


async def spend(tx: Tx, link: str, expires_at: int) -> bool:
    """Mark a one-time link as used; False if it was used before."""
    return bool(
        await tx.run(
            "INSERT INTO spent_link (id, expires_at) VALUES (:id, :expires_at) ON CONFLICT (id) DO NOTHING",
            {"id": link, "expires_at": expires_at},
        )
    )


async def add(tx: Tx, *, id: str, token: str, note: str, now: int, expires_at: int) -> None:
    """Begin a session; ``token`` is the hash of its secret."""
    await tx.run(
        "INSERT INTO session (id, token, note, created_at, expires_at, seen_at)"
        " VALUES (:id, :token, :note, :now, :expires_at, :now)",
        {"id": id, "token": token, "note": note, "now": now, "expires_at": expires_at},
    )


async def get(tx: Tx, token: str, now: int) -> Row | None:
    """The session with this hash, if it has not expired."""
    return await tx.one(
        "SELECT * FROM session WHERE token = :token AND expires_at > :now", {"token": token, "now": now}
    )


async def all_of(tx: Tx, now: int) -> list[Row]:
    """All that have not expired, the newest first."""
    return await tx.all(
        "SELECT * FROM session WHERE expires_at > :now ORDER BY created_at DESC, id", {"now": now}
    )


async def seen(tx: Tx, id: str, now: int) -> None:
    await tx.run("UPDATE session SET seen_at = :now WHERE id = :id", {"id": id, "now": now})


async def end(tx: Tx, id: str) -> bool:
    """True if there was such a session."""
    return bool(await tx.run("DELETE FROM session WHERE id = :id", {"id": id}))


async def prune(tx: Tx, now: int) -> None:
    """Forget what has expired."""
    for table in ("session", "spent_link"):
        await tx.run(f"DELETE FROM {table} WHERE expires_at <= :now", {"now": now})  # noqa: S608
