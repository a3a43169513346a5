"""`kith link`: a fresh one-time link into the room of a Kith that is running."""

from __future__ import annotations

import asyncio
from pathlib import Path

import typer

from bot.app import ADDRESS
from bot.cli.failures import Refused
from bot.clock import system_ms
from bot.config import Config
from bot.config_file import load, own_secret, secret_file
from bot.web.sessions import LINK_SECONDS, Sessions
from storage.engines import open_engine
from storage.engines.sqlite import sqlite_file
from storage.errors import DatabaseInUse
from storage.lock import FileLock
from storage.repos import kept


def show(file: Path | None) -> None:
    """Print it. Raises Refused where there is no room to come into."""
    config = load(file).config
    if not config.has_room:
        raise Refused("No room is open here: Kith is configured for a chat platform. See local.room.")
    if not _runs(config):
        raise Refused("Kith isn't running here. Start it, and it prints a link: kith run")
    if config.web.secret is None and not secret_file(config).exists():
        raise Refused("That Kith was started with a secret. Give it to this command too, as KITH_SECRET.")
    link = asyncio.run(_link(config))
    tell_link(link)


def tell_link(link: str) -> None:
    typer.echo(f"Come in with this link; it works once, within {LINK_SECONDS // 60} minutes:\n\n  {link}\n")


def _runs(config: Config) -> bool:
    """Whether a Kith runs on the database; on Postgres nobody can tell, so it is taken for granted."""
    if not config.database_url.lower().startswith("sqlite:"):
        return True
    database = sqlite_file(config.database_url)
    if not database.exists():
        return False
    try:
        FileLock(database).release()
    except DatabaseInUse:
        return True
    return False


async def _link(config: Config) -> str:
    engine = await open_engine(config.database_url, exclusive=False, read_only=True)
    try:
        address = await engine.read(lambda tx: kept.get(tx, ADDRESS))
        if address is None:
            raise Refused("Kith has not come up yet. Try again in a moment.")
        code = Sessions(engine, own_secret(config).get_secret_value(), system_ms).link_code()
    finally:
        await engine.close()
    return f"{address}/enter?code={code}"
