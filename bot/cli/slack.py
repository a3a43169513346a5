"""`kith slack`: the workspaces that installed the app themselves, and the keys of their tokens."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.cli.failures import Exit, Refused
from bot.clock import system_ms
from bot.config import Config
from bot.config_file import Loaded, load
from bot.keyring import Keyring
from bot.offline import opened
from bot.platforms.base import DeliveryError
from bot.platforms.slack.api import Api
from bot.platforms.slack.client import TOKEN
from bot.platforms.slack.client import Refused as RefusedBySlack
from bot.platforms.slack.installs import Installation, State, Tokens
from bot.platforms.slack.oauth import OAuth
from bot.platforms.slack.workspace import PLATFORM
from bot.redact import visible
from bot.slack import keyring, oauth
from bot.slack_installs import SlackInstalls, reseal
from storage.repos import spaces


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


def remove(file: Path | None, wanted: str) -> None:
    """Take the app out of a workspace. Raises Refused where there is no such one, or Slack won't."""
    loaded = load(file)
    keys = _keys(loaded)

    async def work() -> None:
        async with opened(loaded, write=True) as kith:
            installs = SlackInstalls(kith.engine, keys, system_ms)
            one = _chosen(await installs.every(), wanted)
            told = one.tokens is not None and await _leave(loaded.config, one.tokens)
            await installs.end(one, State.UNINSTALLED)
            key, now = f"{PLATFORM}:{one.team}", system_ms()
            space = await kith.engine.read(lambda tx: spaces.get(tx, key))
            if space is not None:
                await kith.engine.unit(int(space["community"]), lambda tx: spaces.lost(tx, key, now))
            typer.echo(visible(f"Kith is in {one.name} ({one.team}) no more."))
            if not told:
                typer.echo("It has no token there that works, so take the app out in Slack itself, too.")

    asyncio.run(work())


def _chosen(found: Sequence[Installation], wanted: str) -> Installation:
    there = [one for one in found if one.state is State.INSTALLED]
    fits = [one for one in there if wanted in (one.team, one.name)]
    if len(fits) == 1:
        return fits[0]
    names = visible("\n".join(f"  {one.team}  {one.name}" for one in fits or there))
    if fits:
        raise Refused(f"Several workspaces are called that. Name its id:\n{names}")
    raise Refused(f"There is no such workspace. There are:\n{names}" if there else "Kith is in no workspace.")


async def _leave(config: Config, tokens: Tokens) -> bool:
    """Tell Slack; False where it takes none of these tokens. Raises Refused where it won't."""
    async with Api(config.slack.api) as api:
        app = OAuth(oauth(config), api, system_ms)
        try:
            try:
                await app.leave(tokens.access)
            except RefusedBySlack as refused:
                if refused.error != "token_expired" or tokens.refresh is None:
                    raise
                await app.leave((await app.refresh(tokens)).access)
        except RefusedBySlack as refused:
            if refused.error in TOKEN or refused.error == "invalid_refresh_token":
                return False
            raise Refused(f"Slack refuses: {refused}. Nothing was changed.") from None
        except DeliveryError as error:
            raise Refused(f"Slack can't be reached ({error}). Nothing was changed.") from None
    return True


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
