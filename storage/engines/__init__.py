"""The engines behind the port, and how to open one by its URL."""

from storage.port import Engine


async def open_engine(
    url: str, *, worker: int = 0, exclusive: bool = True, read_only: bool = False
) -> Engine:
    """Open the database at `url`: ``sqlite:///path/to/file`` or ``postgresql://user:password@host/name``.

    With `exclusive`, a second instance on the same database (on Postgres: with the same `worker` number)
    is refused with `DatabaseInUse`. With `read_only` nothing is created, locked or written, and `unit` is
    refused: for looking at a database that is in use.

    Errors: ValueError for a URL that names no engine or a worker outside 0 to 1023, `StorageError` if the
    database can't be opened, with what to do.
    """
    if not 0 <= worker < 1024:
        raise ValueError(f"A worker's number is from 0 to 1023, not {worker}.")
    scheme = url.partition(":")[0].lower()
    if scheme == "sqlite":
        from storage.engines.sqlite import SqliteEngine

        return await SqliteEngine.open(url, exclusive=exclusive, read_only=read_only)
    if scheme in ("postgresql", "postgres"):
        try:
            from storage.engines.postgres import PostgresEngine
        except ModuleNotFoundError as error:
            if error.name != "asyncpg":
                raise
            raise ValueError(
                "This database URL needs the Postgres driver. Install it with: pip install 'kith[postgres]'"
            ) from error

        return await PostgresEngine.open(url, worker=worker, exclusive=exclusive, read_only=read_only)
    raise ValueError(
        "The database URL must look like sqlite:///data/kith.db or postgresql://user@host/name, "
        f"but it begins with {scheme or 'nothing'!r}."
    )
