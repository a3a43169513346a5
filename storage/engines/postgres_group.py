"""One Postgres transaction for a group of one community's units, each in a savepoint of its own."""

import asyncio
from typing import cast

from storage.engines.postgres_errors import FAILURES, ConnectionLost, NotBegun, is_closed, portable
from storage.engines.postgres_tx import Connection, PostgresTx, drive
from storage.engines.stepping import Done, Waiting
from storage.errors import StorageError

GROUP_SECONDS = 0.05
"""After this long a transaction takes no further unit, so that other workers get their turn."""


async def run_group(connection: Connection, community: int, group: list[Waiting]) -> list[Done]:
    """Run the units under the community's lock and commit; returns how the first ones ended.

    The rest, if any, had no time. Raises when all of them are undone: `NotBegun` before the first was called,
    `ConnectionLost`, or another error of the port, which may concern one unit only.
    """
    loop = asyncio.get_running_loop()
    try:
        # read committed: each statement must see what the last holder of the lock has committed
        await execute(
            connection,
            "BEGIN ISOLATION LEVEL READ COMMITTED;"
            f"SELECT pg_advisory_xact_lock({community:d});"
            "SAVEPOINT unit",
        )
    except StorageError as error:
        raise NotBegun(*error.args) from error
    until = loop.time() + GROUP_SECONDS
    outcome: list[Done] = []
    between = ""
    for unit in group:
        if between:
            if loop.time() > until:
                break
            await execute(connection, between)
        done = await _unit(connection, unit)
        outcome.append(done)
        between = "RELEASE unit; SAVEPOINT unit" if done.error is None else "ROLLBACK TO unit"
    status = await execute(connection, "COMMIT" if outcome[-1].error is None else "ROLLBACK TO unit; COMMIT")
    if status != "COMMIT":
        raise StorageError("The server undid a transaction instead of committing it. Look at its log.")
    return outcome


async def _unit(connection: Connection, unit: Waiting) -> Done:
    tx = PostgresTx(connection)
    try:
        return Done(unit.future, await drive(unit.work, unit.context, tx))
    except BaseException as error:
        if isinstance(tx.fault, StorageError):
            raise _lost(connection, tx.fault) from error
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        if isinstance(error, StopIteration):  # which a future can't hold
            return Done(unit.future, error=RuntimeError(repr(error)))
        return Done(unit.future, error=error)
    finally:
        tx.end()


async def execute(connection: Connection, sql: str) -> str:
    """Run statements of the engine's own; raises the errors of the port."""
    try:
        return cast(str, await connection.execute(sql))
    except FAILURES as error:
        raise _lost(connection, portable(error)) from error


def _lost(connection: Connection, error: Exception) -> Exception:
    return ConnectionLost(*error.args) if is_closed(connection) else error
