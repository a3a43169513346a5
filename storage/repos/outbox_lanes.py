"""How the rows of the outbox move: into their lane, onto the wire, to their end.

Each statement that moves a row names the state it moves from, and the fence where only the sender that put
it on the wire may move it; it returns whether it did.
"""

from __future__ import annotations

from typing import NamedTuple

from storage.port import Tx
from storage.repos.outbox import SKIPPED, OutboxRow

SENDER = "sender:"
"""With the platform's name behind it, the role that may put this platform's rows on the wire."""


class LaneState(NamedTuple):
    """``last`` position in the lane, 0 if nothing stands in it; ``sending``: rows on the wire."""

    last: int
    sending: int


class LaneAt(NamedTuple):
    lane: str
    community: int


async def lane_state(tx: Tx, platform: str, lane: str) -> LaneState:
    row = await tx.one(
        "SELECT (SELECT MAX(position) FROM outbox WHERE lane = :lane AND position IS NOT NULL) AS last,"
        " (SELECT COUNT(*) FROM outbox WHERE platform = :platform AND state = 'sending') AS sending",
        {"platform": platform, "lane": lane},
    )
    if row is None:
        raise LookupError("A SELECT without FROM always has a row.")
    return LaneState(row["last"] or 0, row["sending"])


async def is_known(tx: Tx, community: int, key: str) -> bool:
    """Whether the community has an intent with this key."""
    row = await tx.one(
        "SELECT 1 AS found FROM outbox WHERE community = :community AND key = :key",
        {"community": community, "key": key},
    )
    return row is not None


async def insert(tx: Tx, row: OutboxRow) -> bool:
    """Add a row that no attempt has come to an end of; False if its key is there already."""
    added = await tx.run(_INSERT, row._asdict())
    return added == 1


async def by_id(tx: Tx, row_id: int) -> OutboxRow | None:
    row = await tx.one("SELECT * FROM outbox WHERE id = :id", {"id": row_id})
    return OutboxRow.of(row) if row is not None else None


async def head(tx: Tx, lane: str, community: int) -> OutboxRow | None:
    """What goes next in a lane."""
    row = await tx.one(
        "SELECT * FROM outbox WHERE lane = :lane AND position IS NOT NULL AND community = :community"
        " ORDER BY position, id LIMIT 1",
        {"lane": lane, "community": community},
    )
    return OutboxRow.of(row) if row is not None else None


async def next_priority(tx: Tx, lane: str, community: int) -> int | None:
    """The priority of what goes next in a lane; None if nothing stands in it."""
    row = await tx.one(
        "SELECT priority FROM outbox WHERE lane = :lane AND position IS NOT NULL AND community = :community"
        " ORDER BY position, id LIMIT 1",
        {"lane": lane, "community": community},
    )
    return row["priority"] if row is not None else None


async def place(tx: Tx, row: OutboxRow) -> bool:
    """Put a parked row into its lane, on the wire, or to its end, as `row` says it is to be."""
    moved = await tx.run(
        "UPDATE outbox SET state = :state, reason = :reason, lane = :lane, position = :position,"
        " address = :address, body = :body, settled_at = :settled_at, fence = :fence,"
        " lease_until = :lease_until, attempts = :attempts, first_attempt = :first_attempt,"
        " window_start = :window_start WHERE id = :id AND state = 'pending' AND position IS NULL",
        row._asdict(),
    )
    return moved == 1


async def reword(tx: Tx, row_id: int, body: str, people: str) -> bool:
    """Give a pending row other content."""
    moved = await tx.run(
        "UPDATE outbox SET body = :body, people = :people WHERE id = :id AND state = 'pending'",
        {"id": row_id, "body": body, "people": people},
    )
    return moved == 1


async def call_off(tx: Tx, row_id: int, *, reason: str, now: int) -> bool:
    """Cancel a pending row."""
    moved = await tx.run(
        "UPDATE outbox SET state = 'cancelled', reason = :reason, settled_at = :now, position = NULL,"
        " body = '' WHERE id = :id AND state = 'pending'",
        {"id": row_id, "reason": reason, "now": now},
    )
    return moved == 1


async def changes_of(tx: Tx, original: int) -> list[OutboxRow]:
    """Edits and deletions of a message that stand in its lane, and the deletion that was carried out."""
    rows = await tx.all(
        "SELECT * FROM outbox WHERE original = :original"
        " AND (position IS NOT NULL OR (form = 'delete' AND state = 'sent')) ORDER BY position, id",
        {"original": original},
    )
    return [OutboxRow.of(row) for row in rows]


async def put_on_wire(
    tx: Tx, row: OutboxRow, *, platform_role: str, fence: int, now: int, lease_until: int
) -> OutboxRow | None:
    """Take a pending or uncertain row for one attempt, committed before it is made.

    None if another sender has the role by now. An attempt that no earlier one can have preceded on the
    platform begins a new window.
    """
    window_start = now if row.uncertain_since is None else row.window_start
    first_attempt = row.first_attempt if row.first_attempt is not None else now
    taken = await tx.run(
        "UPDATE outbox SET state = 'sending', fence = :fence, lease_until = :lease_until,"
        " attempts = attempts + 1, not_before = NULL, first_attempt = :first_attempt,"
        " window_start = :window_start WHERE id = :id AND state = :state AND position IS NOT NULL"
        " AND EXISTS (SELECT 1 FROM role WHERE name = :role AND fence = :fence)",
        {
            "id": row.id,
            "state": row.state,
            "fence": fence,
            "lease_until": lease_until,
            "first_attempt": first_attempt,
            "window_start": window_start,
            "role": platform_role,
        },
    )
    if not taken:
        return None
    return row._replace(
        state="sending",
        fence=fence,
        lease_until=lease_until,
        attempts=row.attempts + 1,
        not_before=None,
        first_attempt=first_attempt,
        window_start=window_start,
    )


async def settle_sent(tx: Tx, row: OutboxRow, *, message: str | None, thread: str | None, now: int) -> bool:
    """It is there. A receipt is the truth even if another sender looks into the row by now."""
    moved = await tx.run(
        f"UPDATE outbox SET state = 'sent', reason = '', message = :message, thread = :thread, {_SETTLED}"  # noqa: S608
        " WHERE id = :id AND (state = 'uncertain' OR (state = 'sending' AND fence = :fence))",
        {"id": row.id, "fence": row.fence, "message": message, "thread": thread, "now": now},
    )
    return moved == 1


async def settle_dead(tx: Tx, row: OutboxRow, *, reason: str, now: int, state: str = "dead") -> bool:
    """It will not be there, or nobody will ever know; `reason` says which."""
    moved = await tx.run(
        f"UPDATE outbox SET state = :end, reason = :reason, {_SETTLED}"  # noqa: S608
        f" WHERE id = :id AND state = :state AND {_OURS}",
        {"id": row.id, "state": row.state, "fence": row.fence, "reason": reason, "now": now, "end": state},
    )
    return moved == 1


async def put_off(tx: Tx, row: OutboxRow, *, reason: str, not_before: int, now: int) -> bool:
    """Refused for now: back to where it came from, not before then (real time)."""
    moved = await tx.run(
        "UPDATE outbox SET state = CASE WHEN uncertain_since IS NULL THEN 'pending' ELSE 'uncertain' END,"  # noqa: S608
        f" reason = :reason, not_before = :not_before WHERE id = :id AND state = :state AND {_OURS}",
        {
            "id": row.id,
            "state": row.state,
            "fence": row.fence,
            "reason": reason,
            "not_before": not_before,
        },
    )
    await _skip_if_paused(tx, row, now)
    return moved == 1


async def doubt(
    tx: Tx, row: OutboxRow, *, reason: str, since: int, not_before: int, error: bool = False
) -> bool:
    """Nobody knows whether it arrived; looked into from `not_before` on (real time)."""
    moved = await tx.run(
        "UPDATE outbox SET state = 'uncertain', uncertain_since = :since, reason = :reason,"  # noqa: S608
        " not_before = :not_before, doubts = doubts + 1, looks = 0, errors = errors + :error"
        f" WHERE id = :id AND state = :state AND {_OURS}",
        {
            "id": row.id,
            "state": row.state,
            "fence": row.fence,
            "reason": reason,
            "since": since,
            "not_before": not_before,
            "error": int(error),
        },
    )
    return moved == 1


async def refuse(tx: Tx, row: OutboxRow, *, refusal: str) -> bool:
    """A repetition was refused for good: whether an earlier attempt arrived must be looked up."""
    moved = await tx.run(
        "UPDATE outbox SET state = 'uncertain', reason = :refusal, refusal = :refusal"
        " WHERE id = :id AND state = 'sending' AND fence = :fence",
        {"id": row.id, "fence": row.fence, "refusal": refusal},
    )
    return moved == 1


async def not_seen(tx: Tx, row: OutboxRow, *, not_before: int) -> bool:
    """One look at the history did not show it."""
    moved = await tx.run(
        "UPDATE outbox SET looks = looks + 1, not_before = :not_before"
        " WHERE id = :id AND state = 'uncertain'",
        {"id": row.id, "not_before": not_before},
    )
    return moved == 1


async def absent(tx: Tx, row: OutboxRow, *, now: int) -> bool:
    """It is known not to have arrived: it may be attempted as if it never had been."""
    moved = await tx.run(
        "UPDATE outbox SET state = 'pending', uncertain_since = NULL, window_start = NULL, looks = 0,"
        " doubts = 0, not_before = NULL, reason = '' WHERE id = :id AND state = 'uncertain'",
        {"id": row.id},
    )
    await _skip_if_paused(tx, row, now)
    return moved == 1


async def _skip_if_paused(tx: Tx, row: OutboxRow, now: int) -> None:
    """A pause that began while it was on the wire or uncertain gets it now."""
    await tx.run(
        f"UPDATE outbox SET state = 'skipped', reason = REPLACE(refusal, :mark, ''), {_SETTLED}"  # noqa: S608
        " WHERE id = :id AND state = 'pending' AND refusal LIKE :marked",
        {"id": row.id, "now": now, "mark": SKIPPED, "marked": SKIPPED + "%"},
    )


async def lanes(tx: Tx, platform: str, priority: int, after: str, limit: int) -> list[LaneAt]:
    """Lanes in which something of this priority stands, by name, from the one following `after`."""
    rows = await tx.all(
        "WITH RECURSIVE found (lane) AS ("
        " SELECT MIN(lane) FROM outbox WHERE platform = :platform AND priority = :priority"
        " AND position IS NOT NULL AND lane > :after"
        " UNION ALL"
        " SELECT (SELECT MIN(o.lane) FROM outbox AS o WHERE o.platform = :platform"
        " AND o.priority = :priority AND o.position IS NOT NULL AND o.lane > found.lane)"
        " FROM found WHERE found.lane IS NOT NULL)"
        " SELECT found.lane AS lane, (SELECT o.community FROM outbox AS o WHERE o.lane = found.lane"
        " AND o.position IS NOT NULL ORDER BY o.position LIMIT 1) AS community"
        " FROM found WHERE found.lane IS NOT NULL LIMIT :limit",
        {"platform": platform, "priority": priority, "after": after, "limit": limit},
    )
    return [LaneAt(row["lane"], row["community"]) for row in rows if row["community"] is not None]


async def parked_due(tx: Tx, platform: str, now: int, limit: int) -> list[tuple[int, int]]:
    """(community, id) of what waited for its time and is due now (community time), in order."""
    rows = await tx.all(
        "SELECT community, id FROM outbox WHERE platform = :platform AND state = 'pending'"
        " AND position IS NULL AND due_at <= :now ORDER BY due_at, id LIMIT :limit",
        {"platform": platform, "now": now, "limit": limit},
    )
    return [(row["community"], row["id"]) for row in rows]


async def next_due(tx: Tx, platform: str) -> int | None:
    """When the next parked row becomes due (community time)."""
    row = await tx.one(
        "SELECT MIN(due_at) AS due_at FROM outbox WHERE platform = :platform AND state = 'pending'"
        " AND position IS NULL",
        {"platform": platform},
    )
    return row["due_at"] if row is not None else None


_LATER = frozenset(
    ("uncertain_since", "doubts", "looks", "errors", "refusal", "not_before", "message", "thread")
)
_NEW = [name for name in OutboxRow._fields if name not in _LATER]
_INSERT = (
    f"INSERT INTO outbox ({', '.join(_NEW)}, doubts, looks, errors)"  # noqa: S608
    f" VALUES ({', '.join(f':{name}' for name in _NEW)}, 0, 0, 0)"
    " ON CONFLICT (community, key) DO NOTHING"
)
_OURS = "(state <> 'sending' OR fence = :fence)"
_SETTLED = (
    "settled_at = :now, position = NULL, body = '', not_before = NULL, uncertain_since = NULL,"
    " lane = CASE WHEN forgotten = 1 THEN '' ELSE lane END,"
    " address = CASE WHEN forgotten = 1 THEN '' ELSE address END"
)
