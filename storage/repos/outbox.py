"""The outbox as the rest of the host reads and changes it: what is waiting, what went out, what was skipped.

How rows move while they are delivered stands in `storage.repos.outbox_lanes`.
"""

from __future__ import annotations

from typing import NamedTuple

from storage.port import Row, Tx

SKIPPED = "skipped: "
"""Before the reason of a pause, where it stands as the reason not to attempt a row again."""

MOST_ROWS = 500
"""Rows that one unit erases or prunes at most."""


class OutboxRow(NamedTuple):
    """One intent. ``due_at``, ``created_at`` and ``settled_at`` are community time, all others are real.

    ``body`` is what goes out, as model JSON, until it is settled; ``address``, where it goes, stays.
    ``original`` is the id of what it edits or deletes. ``people`` are the keys of those it is to or about,
    with a blank on both sides of each. ``message`` is the key of what it became on the platform.
    ``uncertain_since`` is set for as long as an earlier attempt may have arrived; ``refusal`` says why it
    must not be attempted again even if none did: the platform's reason, or `SKIPPED` and that of a pause.
    """

    id: int
    community: int
    space: str
    platform: str
    key: str
    form: str
    original: int | None
    answer: int
    lane: str
    position: int | None
    state: str
    reason: str
    priority: int
    due_at: int | None
    address: str
    body: str
    cog: str
    kind: str
    because: str
    people: str
    forgotten: int
    created_at: int
    settled_at: int | None
    added_at: int
    fence: int | None = None
    lease_until: int | None = None
    attempts: int = 0
    first_attempt: int | None = None
    window_start: int | None = None
    uncertain_since: int | None = None
    doubts: int = 0
    looks: int = 0
    errors: int = 0
    refusal: str | None = None
    not_before: int | None = None
    message: str | None = None
    thread: str | None = None

    @classmethod
    def of(cls, row: Row) -> OutboxRow:
        """The row of a ``SELECT *``; the fields are the table's columns, in its order."""
        # many times faster than asking for each name
        return cls._make(row)


class Count(NamedTuple):
    """How many rows of a platform are in a state; ``oldest``: when the first was added (real ms)."""

    platform: str
    state: str
    rows: int
    oldest: int


async def get(tx: Tx, community: int, key: str) -> OutboxRow | None:
    """The intent with this key."""
    row = await tx.one(
        "SELECT * FROM outbox WHERE community = :community AND key = :key",
        {"community": community, "key": key},
    )
    return OutboxRow.of(row) if row is not None else None


async def message(tx: Tx, community: int, message_key: str) -> OutboxRow | None:
    """The intent that became this message of a platform: what ``/kith why`` tells about it."""
    row = await tx.one(
        "SELECT * FROM outbox WHERE community = :community AND message = :message AND form = 'post'"
        " ORDER BY id DESC LIMIT 1",
        {"community": community, "message": message_key},
    )
    return OutboxRow.of(row) if row is not None else None


async def latest(tx: Tx, community: int, channel_key: str) -> OutboxRow | None:
    """The last message that was posted in a channel for everybody and still stands."""
    row = await tx.one(
        "SELECT * FROM outbox WHERE community = :community AND message > :first AND message < :last"
        " AND form = 'post' AND state = 'sent' AND answer = 0 ORDER BY id DESC LIMIT 1",
        {"community": community, "first": f"{channel_key}:", "last": f"{channel_key};"},
    )
    return OutboxRow.of(row) if row is not None else None


async def parked(tx: Tx, community: int, now: int, most: int) -> list[OutboxRow]:
    """What waits for a later time, soonest first."""
    rows = await tx.all(
        "SELECT * FROM outbox WHERE state = 'pending' AND position IS NULL AND due_at > :now"
        " AND community = :community ORDER BY due_at, id LIMIT :most",
        {"community": community, "now": now, "most": most},
    )
    return [OutboxRow.of(row) for row in rows]


async def pending_in_lane(tx: Tx, lane: str, limit: int = 100) -> list[OutboxRow]:
    """What stands in a lane, in the order in which it will go."""
    rows = await tx.all(
        "SELECT * FROM outbox WHERE lane = :lane AND position IS NOT NULL ORDER BY position, id LIMIT :limit",
        {"lane": lane, "limit": limit},
    )
    return [OutboxRow.of(row) for row in rows]


async def skip(tx: Tx, *, space: str, reason: str, now: int, due_before: int | None = None) -> int:
    """Silence a space: what is pending is skipped for good. How many rows that were.

    Private answers and deletions still go, and what is on the wire can't be called back; if that did not
    arrive, it is not attempted again. With ``due_before`` (community time), what becomes due only then or
    later is kept.
    """
    await tx.run(
        "UPDATE outbox SET refusal = :refusal WHERE position IS NOT NULL AND space = :space"
        " AND state IN ('sending', 'uncertain') AND answer = 0 AND form <> 'delete' AND refusal IS NULL",
        {"space": space, "refusal": SKIPPED + reason},
    )
    return await tx.run(
        "UPDATE outbox SET state = 'skipped', reason = :reason, settled_at = :now, position = NULL, body = ''"
        " WHERE space = :space AND state = 'pending' AND answer = 0 AND form <> 'delete'"
        " AND (position IS NOT NULL OR CAST(:until AS BIGINT) IS NULL OR due_at < :until)",
        {"space": space, "reason": reason, "now": now, "until": due_before},
    )


async def dead_letters(tx: Tx, limit: int = 100) -> list[OutboxRow]:
    """What could not be delivered, newest first, each with its reason."""
    rows = await tx.all(
        "SELECT * FROM outbox WHERE state = 'dead' ORDER BY id DESC LIMIT :limit", {"limit": limit}
    )
    return [OutboxRow.of(row) for row in rows]


async def uncertain(tx: Tx, limit: int = 100) -> list[OutboxRow]:
    """What may or may not have arrived and is being looked into, oldest first."""
    rows = await tx.all(
        "SELECT * FROM outbox WHERE position IS NOT NULL AND state = 'uncertain' ORDER BY id LIMIT :limit",
        {"limit": limit},
    )
    return [OutboxRow.of(row) for row in rows]


async def counts(tx: Tx) -> list[Count]:
    """How much there is in each state, by platform."""
    rows = await tx.all(
        "SELECT platform, state, COUNT(*) AS rows_in_state, MIN(added_at) AS oldest FROM outbox"
        " GROUP BY platform, state ORDER BY platform, state"
    )
    return [Count(row["platform"], row["state"], row["rows_in_state"], row["oldest"]) for row in rows]


async def rows_about(
    tx: Tx, community: int, member: str, *, after: int = 0, limit: int = MOST_ROWS
) -> list[OutboxRow]:
    """What was or will be said to a person or about them, in order; continue ``after`` the last row's id."""
    rows = await tx.all(
        f"SELECT * FROM outbox WHERE {_ABOUT} AND id > :after ORDER BY id LIMIT :limit",  # noqa: S608
        {**_about(community, member), "after": after, "limit": limit},
    )
    return [OutboxRow.of(row) for row in rows]


async def forget(tx: Tx, community: int, member: str, *, now: int) -> int:
    """Take a person out of what is kept. What waits to be said to or about them is cancelled.

    What stands in a channel keeps its place and, if that names nobody, its key, so that it can be changed.

    At most `MOST_ROWS` a call; returns how many, so call until it is 0. Deletions and private answers still
    go. What is on its
    way at this moment loses its words and its address as soon as its fate is known.
    """
    return await tx.run(
        f"""
        UPDATE outbox SET
            forgotten = CASE WHEN {_IN_CHANNEL} THEN 0 ELSE 1 END,
            key = CASE WHEN {_IN_CHANNEL} AND REPLACE(key, :member, '') = key THEN key
                ELSE 'forgotten:' || CAST(id AS TEXT) END,
            people = '',
            because = '{{}}',
            address = CASE WHEN {_OPEN} OR {_IN_CHANNEL} THEN address ELSE '' END,
            lane = CASE WHEN {_OPEN} OR {_IN_CHANNEL} THEN lane ELSE '' END,
            body = CASE WHEN {_OPEN} THEN body ELSE '' END,
            reason = CASE WHEN {_CALLED_OFF} THEN 'forgotten' ELSE reason END,
            settled_at = CASE WHEN {_CALLED_OFF} THEN :now ELSE settled_at END,
            position = CASE WHEN {_CALLED_OFF} THEN NULL ELSE position END,
            state = CASE WHEN {_CALLED_OFF} THEN 'cancelled' ELSE state END
        WHERE id IN (SELECT id FROM outbox WHERE {_ABOUT} ORDER BY id LIMIT :limit)
        """,  # noqa: S608
        {**_about(community, member), "member": member, "now": now, "limit": MOST_ROWS},
    )


async def prune(tx: Tx, before: int) -> int:
    """Delete what was settled before then (community time); at most `MOST_ROWS`, returns how many."""
    return await tx.run(
        "DELETE FROM outbox WHERE id IN"
        " (SELECT id FROM outbox WHERE settled_at < :before ORDER BY settled_at LIMIT :limit)",
        {"before": before, "limit": MOST_ROWS},
    )


# REPLACE, because LIKE ignores case on SQLite and knows wildcards
_ABOUT = (
    "community = :community"
    " AND (REPLACE(people, :person, '') <> people OR REPLACE(because, :named, '') <> because)"
)
_IN_CHANNEL = "SUBSTR(lane, 1, 8) = 'channel:'"
_CALLED_OFF = "state = 'pending' AND form <> 'delete' AND answer = 0"
_OPEN = "(state IN ('sending', 'uncertain') OR (state = 'pending' AND (form = 'delete' OR answer = 1)))"


def _about(community: int, member: str) -> dict[str, int | str]:
    return {"community": community, "person": f" {member} ", "named": f'{member}"'}
