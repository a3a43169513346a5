"""Single values that the host keeps for itself: the key its buttons are signed with, the room's clock."""

from __future__ import annotations

from storage.port import Tx


async def get(tx: Tx, name: str) -> str | None:
    row = await tx.one("SELECT value FROM kept WHERE name = :name", {"name": name})
    return row["value"] if row else None


async def get_or_make(tx: Tx, name: str, fresh: str) -> str:
    """The value of that name; ``fresh`` becomes it if there was none."""
    await tx.run(
        "INSERT INTO kept (name, value) VALUES (:name, :fresh) ON CONFLICT (name) DO NOTHING",
        {"name": name, "fresh": fresh},
    )
    value = await get(tx, name)
    assert value is not None
    return value


async def put(tx: Tx, name: str, value: str) -> None:
    await tx.run(
        "INSERT INTO kept (name, value) VALUES (:name, :value)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        {"name": name, "value": value},
    )
