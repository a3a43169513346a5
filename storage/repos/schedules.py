"""Schedules and one-shot timers: when each comes due next. Times are UTC milliseconds of community time."""

from __future__ import annotations

from storage.port import Row, Tx

_BEFORE_ALL = -(1 << 62)


async def get(tx: Tx, community: int, space: str, cog: str, job: str) -> Row | None:
    return await tx.one(
        "SELECT * FROM schedule"
        " WHERE community = :community AND space = :space AND cog = :cog AND job = :job",
        {"community": community, "space": space, "cog": cog, "job": job},
    )


async def of_space(tx: Tx, community: int, space: str) -> list[Row]:
    return await tx.all(
        "SELECT * FROM schedule WHERE community = :community AND space = :space ORDER BY cog, job",
        {"community": community, "space": space},
    )


async def put(
    tx: Tx,
    *,
    id: int,
    community: int,
    space: str,
    cog: str,
    job: str,
    rule: str,
    zone: str,
    next_at: int | None,
    next_local: str | None,
    grace_ms: int,
    set_by: str,
    set_at: int,
) -> None:
    """The schedule of this job from now on. One that exists keeps its id and what ran last."""
    await tx.run(
        "INSERT INTO schedule (id, community, space, cog, job, rule, zone, next_at, next_local, grace_ms,"
        " set_by, set_at)"
        " VALUES (:id, :community, :space, :cog, :job, :rule, :zone, :next_at, :next_local, :grace_ms,"
        " :set_by, :set_at)"
        " ON CONFLICT (community, space, cog, job) DO UPDATE SET rule = excluded.rule, zone = excluded.zone,"
        " next_at = excluded.next_at, next_local = excluded.next_local, grace_ms = excluded.grace_ms,"
        " set_by = excluded.set_by, set_at = excluded.set_at",
        {
            "id": id,
            "community": community,
            "space": space,
            "cog": cog,
            "job": job,
            "rule": rule,
            "zone": zone,
            "next_at": next_at,
            "next_local": next_local,
            "grace_ms": grace_ms,
            "set_by": set_by,
            "set_at": set_at,
        },
    )


async def clear(tx: Tx, community: int, space: str, cog: str, job: str) -> bool:
    """Forget a schedule; False if there was none."""
    return bool(
        await tx.run(
            "DELETE FROM schedule"
            " WHERE community = :community AND space = :space AND cog = :cog AND job = :job",
            {"community": community, "space": space, "cog": cog, "job": job},
        )
    )


async def move(
    tx: Tx,
    read: Row,
    *,
    next_at: int | None,
    next_local: str | None,
    last_local: str | None,
) -> bool:
    """Set when it comes next and what ran last, unless it was set anew since this row was read."""
    return bool(
        await tx.run(
            "UPDATE schedule SET next_at = :next_at, next_local = :next_local, last_local = :last_local"
            " WHERE id = :id AND next_at = :was AND rule = :rule AND zone = :zone",
            {
                "id": read["id"],
                "was": read["next_at"],
                "rule": read["rule"],
                "zone": read["zone"],
                "next_at": next_at,
                "next_local": next_local,
                "last_local": last_local,
            },
        )
    )


async def due(tx: Tx, now: int, *, after: Row | None = None, most: int = 500) -> list[Row]:
    """Schedules that are due at `now`, the earliest first; `after` is the row to go on from."""
    return await tx.all(
        "SELECT * FROM schedule WHERE next_at <= :now AND (next_at, id) > (:at, :id)"
        " ORDER BY next_at, id LIMIT :most",
        {
            "now": now,
            "at": after["next_at"] if after else _BEFORE_ALL,
            "id": after["id"] if after else 0,
            "most": most,
        },
    )


async def by_id(tx: Tx, after: int, most: int) -> list[Row]:
    """Schedules in order of their id, for a look at all of them by pages."""
    return await tx.all(
        "SELECT * FROM schedule WHERE id > :after ORDER BY id LIMIT :most", {"after": after, "most": most}
    )


async def coming(tx: Tx, most: int, community: int | None = None) -> list[Row]:
    """The schedules that come next, the earliest first, of one community or of all."""
    where = "" if community is None else " AND community = :community"
    return await tx.all(
        f"SELECT * FROM schedule WHERE next_at IS NOT NULL{where} ORDER BY next_at, id LIMIT :most",  # noqa: S608
        {"most": most} if community is None else {"most": most, "community": community},
    )


async def earliest(tx: Tx, after: int) -> int | None:
    """When the first schedule or timer after a time comes due."""
    row = await tx.one(
        "SELECT (SELECT MIN(next_at) FROM schedule WHERE next_at > :after) AS schedule,"
        " (SELECT MIN(due_at) FROM timer WHERE due_at > :after) AS timer",
        {"after": after},
    )
    assert row is not None
    times = [at for at in (row["schedule"], row["timer"]) if at is not None]
    return min(times, default=None)


async def forget(tx: Tx, community: int, member: str) -> int:
    """No longer name this person as who set a schedule."""
    return await tx.run(
        "UPDATE schedule SET set_by = '' WHERE community = :community AND set_by = :member",
        {"community": community, "member": member},
    )


async def set_timer(
    tx: Tx, *, community: int, key: str, space: str, cog: str, handler: str, args: str, due_at: int
) -> None:
    """Set a timer; one with the same key is replaced."""
    await tx.run(
        "INSERT INTO timer (community, key, space, cog, handler, args, due_at)"
        " VALUES (:community, :key, :space, :cog, :handler, :args, :due_at)"
        " ON CONFLICT (community, key) DO UPDATE SET space = excluded.space, cog = excluded.cog,"
        " handler = excluded.handler, args = excluded.args, due_at = excluded.due_at",
        {
            "community": community,
            "key": key,
            "space": space,
            "cog": cog,
            "handler": handler,
            "args": args,
            "due_at": due_at,
        },
    )


async def cancel_timer(tx: Tx, community: int, key: str) -> bool:
    """Forget a timer; False if there was none."""
    return bool(
        await tx.run(
            "DELETE FROM timer WHERE community = :community AND key = :key",
            {"community": community, "key": key},
        )
    )


async def end_timer(tx: Tx, community: int, key: str, due_at: int) -> bool:
    """Forget a timer that was handled, unless it was set anew meanwhile."""
    return bool(
        await tx.run(
            "DELETE FROM timer WHERE community = :community AND key = :key AND due_at = :due_at",
            {"community": community, "key": key, "due_at": due_at},
        )
    )


async def due_timers(tx: Tx, now: int, *, after: Row | None = None, most: int = 500) -> list[Row]:
    """Timers that are due at `now`, the earliest first; `after` is the row to go on from."""
    return await tx.all(
        "SELECT * FROM timer WHERE due_at <= :now AND (due_at, community, key) > (:at, :community, :key)"
        " ORDER BY due_at, community, key LIMIT :most",
        {
            "now": now,
            "at": after["due_at"] if after else _BEFORE_ALL,
            "community": after["community"] if after else 0,
            "key": after["key"] if after else "",
            "most": most,
        },
    )


async def coming_timers(tx: Tx, most: int, community: int | None = None) -> list[Row]:
    """The timers that come next, the earliest first, of one community or of all."""
    where = "" if community is None else " WHERE community = :community"
    return await tx.all(
        f"SELECT * FROM timer{where} ORDER BY due_at, community, key LIMIT :most",  # noqa: S608
        {"most": most} if community is None else {"most": most, "community": community},
    )


async def timers_of(tx: Tx, community: int, prefix: str) -> list[Row]:
    """Timers whose key begins with this."""
    return await tx.all(
        "SELECT * FROM timer WHERE community = :community"
        " AND substr(key, 1, CAST(:length AS INTEGER)) = :prefix ORDER BY due_at, key",
        {"community": community, "length": len(prefix), "prefix": prefix},
    )
