"""`kith slack`: the workspaces that installed the app themselves, and the keys of their tokens."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.cli.failures import Exit, Refused
from bot.clock import system_ms
from bot.config_file import Loaded, load
from bot.keyring import Keyring
from bot.offline import opened
from bot.platforms.slack.installs import Installation
from bot.redact import visible
from bot.slack import keyring
from bot.slack_installs import SlackInstalls, reseal


def show_workspaces(file: Path | None) -> None:
    loaded = load(file)
    keys = _keys(loaded)

    async def read() -> list[Installation]:
        async with opened(loaded) as kith:
            return await SlackInstalls(kith.engine, keys, system_ms).every()

    found = asyncio.run(read())
    if not found:
        typer.echo("No workspace has installed Kith yet.")
        return
    table = Table("Workspace", "Name", "Since", "State", box=None)
    for one in found:
        since = datetime.fromtimestamp(one.installed_at / 1_000, UTC).strftime("%Y-%m-%d %H:%M UTC")
        table.add_row(Text(one.team), Text(visible(one.name)), since, _state(one))
    Console().print(table)


def rotate_keys(file: Path | None) -> None:
    """Encrypt every token with the first key. Raises Refused where one can't be opened."""
    loaded = load(file)
    keys = _keys(loaded)

    async def work() -> None:
        async with opened(loaded, write=True) as kith:
            done = await reseal(kith.engine, keys)
            workspaces = "1 workspace" if done.done == 1 else f"{done.done} workspaces"
            typer.echo(f"The tokens of {workspaces} are encrypted with the first key now.")
            if done.unreadable:
                names = visible(", ".join(done.unreadable))
                raise Refused(
                    f"No key opens those of {names}. Put the key that they were encrypted with behind the "
                    "first one, or have the app installed there again.",
                    Exit.CHECK_FAILED,
                )
            typer.echo("The other keys can go from slack.encryption_keys.")

    asyncio.run(work())


def _keys(loaded: Loaded) -> Keyring:
    if loaded.config.slack.encryption_keys is None:
        raise Refused(
            "Kith isn't set up for several Slack workspaces. That is done by: kith connect slack --oauth"
        )
    return keyring(loaded.config.slack)


def _state(one: Installation) -> str:
    if one.unreadable:
        return "no key opens its tokens"
    if one.refused:
        return f"has to be installed again ({one.refused})"
    return one.state.value
