"""Keys that the host makes for itself and keeps with its data."""

from __future__ import annotations

from storage.port import Tx


async def get_or_make(tx: Tx, name: str, fresh: str) -> str:
    """The key of that name; ``fresh`` becomes it if there was none."""
    await tx.run(
        "INSERT INTO secret (name, value) VALUES (:name, :fresh) ON CONFLICT (name) DO NOTHING",
        {"name": name, "fresh": fresh},
    )
    row = await tx.one("SELECT value FROM secret WHERE name = :name", {"name": name})
    assert row is not None
    return str(row["value"])
