"""The leased role that lets one process, and no other, put a platform's rows on the wire."""

from __future__ import annotations

import asyncio
from math import inf
from time import monotonic

import structlog

from bot.clock import system_ms
from storage import leases
from storage.errors import StorageError
from storage.leases import Lease
from storage.port import Engine

log = structlog.get_logger(__name__)

_HOST = 0
"""The units of roles belong to no community."""


class Role:
    """A role for ``term`` seconds at a time; ``holder`` names this process and no other that runs now.

    The times in the table decide who may have the role; this process's own monotonic clock decides when it
    stops believing that it has it, so a process that was frozen wakes up without it. On SQLite nobody else
    can have it.
    """

    def __init__(self, engine: Engine, name: str, holder: str, term: float) -> None:
        self.name = name
        self._engine = engine
        self._holder = holder
        self._term = term
        self._lease: Lease | None = None
        self._until = 0.0
        self._lost = asyncio.Event()
        self._gained = asyncio.Event()

    @property
    def fence(self) -> int | None:
        """The fence if the role is held now. May be read from any thread."""
        lease = self._lease
        return lease.fence if lease is not None and monotonic() < self._until else None

    @property
    def is_held(self) -> bool:
        return self.fence is not None

    async def acquire(self) -> None:
        """Return once the role is held."""
        # what is waited for happens in another process, so there is no event
        while not await self._try():  # noqa: ASYNC110
            await asyncio.sleep(self._term / 10)
        self._lost.clear()
        self._gained.set()

    async def keep(self) -> None:
        """Renew the role; return when it is lost."""
        if self._engine.dialect == "sqlite":
            # the lock on the file keeps others out, so it is spared a write every few seconds
            await self._lost.wait()
        while self.is_held:
            try:
                async with asyncio.timeout(self._term / 3):
                    await self._lost.wait()
                return
            except TimeoutError:
                await self._renew()

    async def held(self) -> None:
        """Return once the role is held."""
        await self._gained.wait()

    def lose(self) -> None:
        """Somebody else was found to have it."""
        self._lease = None
        self._lost.set()

    def drop(self) -> None:
        """Stop believing in it."""
        self._lease = None
        self._gained.clear()

    async def release(self) -> None:
        """Let another process have it at once."""
        lease, self._lease = self._lease, None
        if lease is not None:
            await self._engine.unit(_HOST, lambda tx: leases.release(tx, lease))

    async def _try(self) -> bool:
        asked = monotonic()
        try:
            lease = await self._engine.unit(
                _HOST,
                lambda tx: leases.acquire(
                    tx, self.name, self._holder, now=system_ms(), term=self._milliseconds
                ),
            )
        except StorageError as error:
            log.warning("role_not_asked_for", role=self.name, error=str(error))
            return False
        self._take(lease, asked)
        return lease is not None

    async def _renew(self) -> None:
        lease, asked = self._lease, monotonic()
        if lease is None:
            return
        try:
            renewed = await self._engine.unit(
                _HOST, lambda tx: leases.renew(tx, lease, now=system_ms(), term=self._milliseconds)
            )
        except StorageError as error:
            log.warning("role_not_renewed", role=self.name, error=str(error))
            return  # it is believed in until its time is over
        self._take(renewed, asked)

    def _take(self, lease: Lease | None, asked: float) -> None:
        self._until = asked + self._term if self._engine.dialect == "postgres" else inf
        self._lease = lease

    @property
    def _milliseconds(self) -> int:
        return int(self._term * 1_000)
