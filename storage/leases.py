"""Roles that one process holds at a time (scheduler, gateway shard, sender of a token): leased, with a fence.

Times are real time in UTC milliseconds, given by the caller. Each time a role is acquired its fence grows, so
what a former holder still does can be told from what the present one does.
"""

from typing import NamedTuple

from storage.port import Tx


class Lease(NamedTuple):
    """A role held until `until`; `fence` is larger than every earlier holder's."""

    name: str
    holder: str
    until: int
    fence: int


async def acquire(tx: Tx, name: str, holder: str, *, now: int, term: int) -> Lease | None:
    """Take the role for `term` milliseconds; None while somebody else holds it.

    A holder that acquires its own role again gets a new fence: it may be another run under the same name.
    """
    row = await tx.one(
        "INSERT INTO role (name, holder, until, fence) VALUES (:name, :holder, :until, 1)"
        " ON CONFLICT (name) DO UPDATE"
        " SET holder = excluded.holder, until = excluded.until, fence = role.fence + 1"
        " WHERE role.until <= :now OR role.holder = excluded.holder"
        " RETURNING fence",
        {"name": name, "holder": holder, "until": now + term, "now": now},
    )
    return None if row is None else Lease(name, holder, now + term, row["fence"])


async def renew(tx: Tx, lease: Lease, *, now: int, term: int) -> Lease | None:
    """Keep the role for `term` more milliseconds; None if it was lost, to time or to somebody else."""
    changed = await tx.run(
        "UPDATE role SET until = :until"
        " WHERE name = :name AND holder = :holder AND fence = :fence AND until > :now",
        {
            "name": lease.name,
            "holder": lease.holder,
            "fence": lease.fence,
            "until": now + term,
            "now": now,
        },
    )
    return Lease(lease.name, lease.holder, now + term, lease.fence) if changed else None


async def release(tx: Tx, lease: Lease) -> None:
    """Give the role back at once; nothing happens if it was lost already."""
    await tx.run(
        "UPDATE role SET until = 0 WHERE name = :name AND holder = :holder AND fence = :fence",
        {"name": lease.name, "holder": lease.holder, "fence": lease.fence},
    )


async def holds(tx: Tx, lease: Lease, *, now: int) -> bool:
    """Whether the role is still this holder's: to be asked in the unit that acts on it."""
    row = await tx.one(
        "SELECT 1 FROM role WHERE name = :name AND fence = :fence AND until > :now",
        {"name": lease.name, "fence": lease.fence, "now": now},
    )
    return row is not None
