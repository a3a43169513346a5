"""Kith in a process of its own, as people run it, so that what it holds in memory can be seen."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import psutil

from tests.fakes.discord import FakeDiscord

ROOT = Path(__file__).resolve().parents[2]


class Resident:
    def __init__(self, process: asyncio.subprocess.Process, database: Path) -> None:
        self._process = psutil.Process(process.pid)
        self._database = database
        self.most = 0.0
        """The most memory that was seen while something was waited for, in MB."""

    @property
    def memory(self) -> float:
        """MB that it holds."""
        held = float(self._process.memory_info().rss) / 2**20
        self.most = max(self.most, held)
        return held

    def count(self, table: str, where: str = "1 = 1") -> int:
        """Rows of its database; 0 while there is none."""
        if not self._database.exists():
            return 0
        with closing(sqlite3.connect(f"{self._database.as_uri()}?mode=ro", uri=True, timeout=30)) as reading:
            try:
                (found,) = reading.execute(f"SELECT COUNT(*) FROM {table} WHERE {where}").fetchone()
            except sqlite3.OperationalError:
                return 0
        return int(found)

    async def until(self, table: str, least: int, where: str = "1 = 1", within: float = 60.0) -> None:
        """Until so many rows are there."""
        async with asyncio.timeout(within):
            while await asyncio.to_thread(self.count, table, where) < least:
                assert self.memory


@asynccontextmanager
async def resident(fake: FakeDiscord, path: Path) -> AsyncIterator[Resident]:
    """Kith, connected to this server."""
    (path / "token").write_text(fake.token)
    (path / "token").chmod(0o600)
    config = path / "config.toml"
    config.write_text(
        '[kith]\ndata = "data"\n[web]\nport = 0\n'
        f'[discord]\napi = "{fake.api_url}"\ngateway = "{fake.gateway_url}"\ntoken_file = "token"\n'
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KITH_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot.cli", "run", "--config", str(config)),
        cwd=ROOT,
        env=kept,
        stdout=asyncio.subprocess.DEVNULL,
    )
    ended = asyncio.create_task(process.wait())
    try:
        ready = asyncio.create_task(fake.ready(within=60))
        await asyncio.wait((ended, ready), return_when=asyncio.FIRST_COMPLETED)
        assert not ended.done()
        await ready
        yield Resident(process, path / "data" / "kith.db")
    finally:
        if process.returncode is None:
            process.terminate()
        async with asyncio.timeout(30):
            await ended
