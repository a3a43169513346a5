"""The right to be one worker on a Postgres database, so that no two share its number."""

import asyncio

import asyncpg  # type: ignore[import-untyped]

from storage.engines.postgres_errors import FAILURES, unreachable
from storage.engines.postgres_tx import Connection
from storage.errors import DatabaseInUse

CONNECT_SECONDS = 10.0
"""How long to wait for the server to let us in."""

_NAME = 0x4B697468  # of our lock among the server's advisory locks


class Presence:
    """Held by a connection of its own: when that or its process ends, the server lets others in."""

    def __init__(self, url: str, worker: int) -> None:
        self._url = url
        self._worker = worker
        self._connection: Connection | None = None
        self._one_at_a_time = asyncio.Lock()

    async def assure(self) -> None:
        """Take the right, again if the connection was lost; raises `DatabaseInUse` if another has it."""
        if self._held():
            return
        async with self._one_at_a_time:
            if not self._held():
                self._connection = await self._take()

    def end(self) -> None:
        """Give the right back."""
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    def _held(self) -> bool:
        return self._connection is not None and not self._connection.is_closed()

    async def _take(self) -> Connection:
        connection: Connection = None
        taken = False
        try:
            connection = await asyncpg.connect(
                self._url,
                timeout=CONNECT_SECONDS,
                server_settings={"application_name": f"kith worker {self._worker}"},
            )
            taken = await connection.fetchval("SELECT pg_try_advisory_lock($1, $2)", _NAME, self._worker)
        except FAILURES as error:
            raise unreachable(error) from error
        finally:
            if connection is not None and not taken:
                connection.terminate()
        if not taken:
            raise DatabaseInUse(
                f"Another Kith runs on this database as worker {self._worker}. "
                "Stop it first, or give this one another worker number."
            )
        return connection
