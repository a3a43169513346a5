"""`kith migrate`, `backup` and `restore`."""

from __future__ import annotations

import asyncio
import shlex
from datetime import UTC, datetime
from pathlib import Path

import typer

from bot import registry
from bot.cli.failures import Refused, as_typed
from bot.cli.progress import bar
from bot.clock import system_ms
from bot.config import Config
from bot.config_file import load
from bot.database import migrator
from storage import backup
from storage.engines import open_engine
from storage.engines.sqlite import sqlite_file


def migrate(file: Path | None) -> None:
    """Apply what is pending, and say where the backup from before it is."""
    config = load(file).config
    cogs, faults = registry.load(config.kith.cogs)
    if faults:
        reasons = "\n".join(f"The cog {fault.name} can't be loaded: {fault.problem}" for fault in faults)
        raise Refused(f"{reasons}\nIts tables would be left behind. Mend it, or take it from kith.cogs.")

    async def work() -> None:
        engine = await open_engine(config.database_url)
        try:
            with bar() as tell:
                done = await migrator(engine, cogs).upgrade(tell)
        finally:
            await engine.close()
        if not done.applied:
            typer.echo("The database is up to date.")
            return
        typer.echo(f"Made {len(done.applied)} steps. The database is up to date.")
        if done.backup is not None:
            typer.echo(f"What it was before is kept in {done.backup}")

    asyncio.run(work())


def back_up(file: Path | None, target: Path | None) -> None:
    config = load(file).config
    database = _database_file(config)
    if target is None:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        target = database.parent / "backups" / f"{database.stem}-{stamp}{database.suffix}"
    elif target.is_dir():
        raise Refused(f"{target} is a folder. Name the file to write, like {target / database.name}")

    async def work() -> Path:
        with bar() as tell:
            return await backup.back_up(database, target, lambda done, total: tell(done, total, "Copying"))

    made = asyncio.run(work())
    typer.echo(f"Copied and checked: {made} ({made.stat().st_size / 2**20:,.1f} MB)")
    typer.echo(as_typed(f"To put it back: kith restore {shlex.quote(str(made))}"))


def restore(file: Path | None, source: Path) -> None:
    config = load(file).config
    database = _database_file(config)

    async def work() -> Path | None:
        with bar() as tell:
            return await backup.restore(
                source, database, system_ms(), lambda done, total: tell(done, total, "Copying")
            )

    kept = asyncio.run(work())
    typer.echo(f"Put back: {source}")
    if kept is not None:
        typer.echo(f"What was there before is kept in {kept}")


def _database_file(config: Config) -> Path:
    """The SQLite file; on Postgres, a refusal with the commands that do the same there."""
    url = config.database_url
    if url.lower().startswith("sqlite:"):
        return sqlite_file(url)
    save, put_back = backup.postgres_commands(url)
    raise Refused(
        f"A Postgres database is copied with its own tools.\nTo back up:  {save}\nTo restore:  {put_back}"
    )
