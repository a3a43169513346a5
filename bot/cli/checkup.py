"""`kith doctor` on a terminal or as JSON."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.cli.chosen import chosen_channels
from bot.cli.failures import Exit, as_typed
from bot.config import Config
from bot.config_file import load
from bot.config_problems import ConfigError
from bot.core import BadSettings, catalog_of
from bot.doctor import Look, examine
from bot.model.check import Check, State
from bot.version import VERSION

_STYLE = {State.OK: "green", State.WARN: "yellow", State.FAIL: "bold red"}


def show(config: Path | None, *, as_json: bool, looks: tuple[Look, ...] = ()) -> Exit:
    """Print what the doctor finds. Warnings alone are no failure."""
    try:
        configuration = load(config)
    except ConfigError as error:
        checks = asyncio.run(examine(error))
    else:
        checks = asyncio.run(examine(configuration, (*looks, discord, slack)))
    failed = any(check.state is State.FAIL for check in checks)
    if as_json:
        found = [
            {
                "code": check.code,
                "title": check.title,
                "state": check.state.value,
                "detail": check.detail,
                "remedy": as_typed(check.remedy),
            }
            for check in checks
        ]
        typer.echo(json.dumps({"kith": VERSION, "ok": not failed, "checks": found}, indent=2))
    else:
        _show(checks)
    return Exit.CHECK_FAILED if failed else Exit.FINE


async def discord(config: Config) -> Sequence[Check]:
    """The look at Discord, if there is a token for it."""
    if config.discord.token is None:
        return []
    from bot.platforms.discord import checkup

    try:
        reads = checkup.reads_words(catalog_of(config))
    except BadSettings:
        reads = False  # told by another look
    token, chosen = config.discord.token.get_secret_value(), await chosen_channels(config, "discord")
    return await checkup.examine_token(token, config.discord.api, reads=reads, chosen=chosen)


async def slack(config: Config) -> Sequence[Check]:
    """The look at Slack, if it is configured."""
    if "slack" not in config.platforms:
        return []
    from bot.slack import look

    return await look(config)


def _show(checks: list[Check]) -> None:
    table = Table(box=None, show_header=False, pad_edge=False)
    for check in checks:
        detail = Text(check.detail, overflow="fold")
        table.add_row(
            Text(check.state.value, style=_STYLE[check.state]), check.title, detail, Text(check.code, "dim")
        )
    console = Console()
    console.print(table)
    for check in checks:
        if check.remedy:
            # below the table, so that an address stays in one piece
            console.print(Text(f"{check.code}: {as_typed(check.remedy)}", "italic"), soft_wrap=True)
    bad = sum(check.state is State.FAIL for check in checks)
    warned = sum(check.state is State.WARN for check in checks)
    if bad or warned:
        console.print(f"{bad} failed, {warned} to look at. Each code is explained in docs/doctor.md.")
    else:
        console.print("All is well.")
