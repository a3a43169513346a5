"""People in spaces: names, memberships, what they asked of the bot."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from storage.port import Params, Row, Tx, Value


class Joined(NamedTuple):
    """What a join meant. ``new`` is False for a repeated one; ``epoch`` counts the memberships from 1."""

    epoch: int
    new: bool


async def get(tx: Tx, key: str) -> Row | None:
    return await tx.one("SELECT * FROM member WHERE key = :key", {"key": key})


async def join(
    tx: Tx,
    *,
    community: int,
    space: str,
    key: str,
    name: str,
    bot: bool,
    pending: bool,
    joined_at: int | None,
    now: int,
) -> Joined:
    """Record that somebody came in.

    A new membership begins for an unknown person, for one who was seen to leave, and for one whose join time
    is over a minute newer than the one known; everything else is the same join told again.
    """
    is_unknown = await tx.run(
        "INSERT INTO member (key, community, space, name, bot, epoch, joined_at, seen_at, pending)"
        " VALUES (:key, :community, :space, :name, :bot, 1, :joined, :now, :pending)"
        " ON CONFLICT (key) DO NOTHING",
        {
            "key": key,
            "community": community,
            "space": space,
            "name": name,
            "bot": int(bot),
            "joined": joined_at if joined_at is not None else now,
            "now": now,
            "pending": int(pending),
        },
    )
    if is_unknown:
        return Joined(1, True)
    known = await get(tx, key)
    if known is None:
        raise LookupError("A member's row can't vanish within a unit.")
    returned = known["left_at"] is not None
    # Somebody recorded without a join time was here when we first looked, or came in just then.
    since = known["seen_at"] if known["joined_at"] is None else known["joined_at"]
    later = joined_at is not None and joined_at > since + (
        60_000 if known["joined_at"] is not None else -60_000
    )
    if not returned and not later:
        return Joined(known["epoch"], False)
    await tx.run(
        "UPDATE member SET epoch = epoch + 1, joined_at = :joined, seen_at = :now, left_at = NULL,"
        " pending = :pending, name = :name WHERE key = :key",
        {
            "key": key,
            "joined": joined_at if joined_at is not None else now,
            "now": now,
            "pending": int(pending),
            "name": name,
        },
    )
    return Joined(known["epoch"] + 1, True)


async def clear(tx: Tx, key: str) -> int | None:
    """The rules screen was passed: the membership's epoch if it was pending until now, else None."""
    row = await tx.one(
        "UPDATE member SET pending = 0 WHERE key = :key AND pending = 1 AND left_at IS NULL RETURNING epoch",
        {"key": key},
    )
    return row["epoch"] if row else None


async def leave(tx: Tx, key: str, now: int) -> bool:
    """Record that somebody went; False if they were not here."""
    return bool(
        await tx.run(
            "UPDATE member SET left_at = :now WHERE key = :key AND left_at IS NULL", {"key": key, "now": now}
        )
    )


async def see(tx: Tx, *, community: int, space: str, key: str, name: str, bot: bool, now: int) -> None:
    """Somebody is here under this name; used by whatever names a person without a join."""
    await tx.run(
        "INSERT INTO member (key, community, space, name, bot, epoch, joined_at, seen_at, pending)"
        " VALUES (:key, :community, :space, :name, :bot, 1, NULL, :now, 0)"
        " ON CONFLICT (key) DO UPDATE SET name = excluded.name"
        " WHERE excluded.name <> '' AND member.name <> excluded.name",
        {"key": key, "community": community, "space": space, "name": name, "bot": int(bot), "now": now},
    )


async def still_here(tx: Tx, key: str, now: int) -> bool:
    """Meet somebody known who has not left; False for everybody else."""
    return bool(
        await tx.run(
            "UPDATE member SET seen_at = :now WHERE key = :key AND left_at IS NULL", {"key": key, "now": now}
        )
    )


async def returned(tx: Tx, key: str, now: int) -> None:
    """Somebody who had left is here again, and nobody saw them come: a new membership."""
    await tx.run(
        "UPDATE member SET epoch = epoch + 1, joined_at = NULL, seen_at = :now, left_at = NULL, pending = 0"
        " WHERE key = :key AND left_at IS NOT NULL",
        {"key": key, "now": now},
    )


async def unseen(tx: Tx, community: int, space: str, since: int) -> list[Row]:
    """People of a space who have not left and whom nobody has met since that time."""
    return await tx.all(
        "SELECT key, name, bot FROM member WHERE community = :community AND space = :space"
        " AND left_at IS NULL AND seen_at < :since",
        {"community": community, "space": space, "since": since},
    )


async def used(tx: Tx, key: str, now: int) -> None:
    """Somebody used the bot by themselves for the first time."""
    await tx.run(
        "UPDATE member SET used_at = :now WHERE key = :key AND used_at IS NULL", {"key": key, "now": now}
    )


async def forget(tx: Tx, key: str) -> None:
    """Keep no name; the membership stays, so that the person is not greeted again as if new."""
    await tx.run("UPDATE member SET name = '', used_at = NULL WHERE key = :key", {"key": key})


async def preferences(tx: Tx, community: int, member: str) -> dict[str, str]:
    rows = await tx.all(
        "SELECT name, value FROM preference WHERE community = :community AND member = :member",
        {"community": community, "member": member},
    )
    return {row["name"]: row["value"] for row in rows}


async def prefer(tx: Tx, community: int, member: str, name: str, value: str | None, now: int) -> None:
    """Set a preference, or clear it with None."""
    given: Params = {"community": community, "member": member, "name": name}
    if value is None:
        await tx.run(
            "DELETE FROM preference WHERE community = :community AND member = :member AND name = :name", given
        )
        return
    await tx.run(
        "INSERT INTO preference (community, member, name, value, set_at)"
        " VALUES (:community, :member, :name, :value, :now)"
        " ON CONFLICT (community, member, name)"
        " DO UPDATE SET value = excluded.value, set_at = excluded.set_at",
        {**given, "value": value, "now": now},
    )


async def has(tx: Tx, community: int, member: str, name: str) -> bool:
    """Whether a person set this preference."""
    row = await tx.one(
        "SELECT 1 AS found FROM preference"
        " WHERE community = :community AND member = :member AND name = :name",
        {"community": community, "member": member, "name": name},
    )
    return row is not None


async def who_prefer(tx: Tx, community: int, people: Sequence[str], name: str) -> set[str]:
    """Which of these people set this preference."""
    if not people:
        return set()
    given: dict[str, Value] = {"community": community, "name": name}
    for number, key in enumerate(people):
        given[f"member{number}"] = key
    rows = await tx.all(_who_prefer(len(people)), given)
    return {row["member"] for row in rows}


@lru_cache
def _who_prefer(count: int) -> str:
    people = ", ".join([f":member{number}" for number in range(count)])
    return (
        "SELECT member FROM preference WHERE community = :community AND name = :name"  # noqa: S608
        f" AND member IN ({people})"
    )


async def block(tx: Tx, community: int, member: str, other: str, now: int) -> None:
    """``member`` wants to hear neither from nor about ``other``."""
    await tx.run(
        "INSERT INTO block (community, member, other, set_at) VALUES (:community, :member, :other, :now)"
        " ON CONFLICT (community, member, other) DO NOTHING",
        {"community": community, "member": member, "other": other, "now": now},
    )


async def unblock(tx: Tx, community: int, member: str, other: str) -> None:
    await tx.run(
        "DELETE FROM block WHERE community = :community AND member = :member AND other = :other",
        {"community": community, "member": member, "other": other},
    )


async def blocked(tx: Tx, community: int, member: str) -> list[str]:
    """Keys of those ``member`` wants to hear nothing from or about."""
    rows = await tx.all(
        "SELECT other FROM block WHERE community = :community AND member = :member ORDER BY set_at, other",
        {"community": community, "member": member},
    )
    return [row["other"] for row in rows]


async def blocks(tx: Tx, community: int, member: str, other: str) -> bool:
    """Whether ``member`` blocked ``other``."""
    row = await tx.one(
        "SELECT 1 AS found FROM block WHERE community = :community AND member = :member AND other = :other",
        {"community": community, "member": member, "other": other},
    )
    return row is not None
