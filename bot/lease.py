"""Holding a role that only one of several workers may have at a time."""

from __future__ import annotations

from collections.abc import Callable

from bot.clock import system_ms
from storage import leases
from storage.leases import Lease
from storage.port import Engine, Tx


class LeasedRole:
    """A role taken when it is free, renewed while it is asked for, and lost when its holder falls silent."""

    def __init__(
        self,
        engine: Engine,
        name: str,
        holder: str,
        *,
        term_ms: int = 30_000,
        real_ms: Callable[[], int] = system_ms,
    ) -> None:
        """`holder` names this worker, the same over restarts so that it gets its role back at once."""
        self.term_ms = term_ms
        self._engine, self._name, self._holder = engine, name, holder
        self._real_ms = real_ms
        self._lease: Lease | None = None

    async def held(self) -> bool:
        """Whether the role is ours now, taking or renewing it if need be. Raises StorageError.

        To be asked at least three times a term.
        """
        if self._engine.dialect == "sqlite":
            # the lock on the file lets one process in, so it is spared a write every few seconds
            return True
        now, lease = self._real_ms(), self._lease
        if lease is not None and self.term_ms * 2 // 3 < lease.until - now <= self.term_ms:
            return True

        async def work(tx: Tx) -> Lease | None:
            kept = await leases.renew(tx, lease, now=now, term=self.term_ms) if lease else None
            return kept or await leases.acquire(tx, self._name, self._holder, now=now, term=self.term_ms)

        self._lease = await self._engine.unit(0, work)
        return self._lease is not None

    async def release(self) -> None:
        """Let another worker have the role at once. Raises StorageError."""
        lease, self._lease = self._lease, None
        if lease is not None:
            await self._engine.unit(0, lambda tx: leases.release(tx, lease))
