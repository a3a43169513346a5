"""What a cog's repository stands on: the open unit, and whose rows it is about."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from storage.port import Row, Tx, Value


class Scope(NamedTuple):
    """One unit's surroundings: its transaction, tenant, space, community time (UTC ms) and ids."""

    tx: Tx
    community: int
    space: str
    now: int
    new_id: Callable[[], int]


class Store:
    """A cog's repository. Statements get ``:community`` and ``:space`` by themselves."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.tx = scope.tx

    async def run(self, sql: str, **params: Value) -> int:
        """Run one statement; how many rows it touched."""
        return await self.tx.run(sql, self._with(params))

    async def one(self, sql: str, **params: Value) -> Row | None:
        """The first row, or None."""
        return await self.tx.one(sql, self._with(params))

    async def all(self, sql: str, **params: Value) -> list[Row]:
        return await self.tx.all(sql, self._with(params))

    def _with(self, params: dict[str, Value]) -> dict[str, Value]:
        return {"community": self.scope.community, "space": self.scope.space, **params}
