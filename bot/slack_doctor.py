"""The doctor's looks at an app that many Slack workspaces install: its credentials, keys and workspaces."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from typing import Final
from urllib.parse import urlsplit

from bot.clock import system_ms
from bot.config import is_loopback
from bot.keyring import Keyring
from bot.model.check import Check, State
from bot.platforms.base import DeliveryError
from bot.platforms.slack.api import Api
from bot.platforms.slack.checks import UNREACHABLE
from bot.platforms.slack.client import Client, Refused
from bot.platforms.slack.installs import Installation
from bot.platforms.slack.installs import State as Installed
from bot.platforms.slack.oauth import OAuth, OAuthOptions
from bot.slack_installs import SlackInstalls
from storage.engines import open_engine
from storage.engines.sqlite import sqlite_file
from storage.errors import StorageError, UnitError

_SECONDS: Final = 30.0
_MOST: Final = 50
"""Workspaces that Slack is asked about."""
_SHOWN: Final = 10


async def look(
    app: OAuthOptions, address: str, database: str, keys: Keyring, scopes: Collection[str]
) -> Sequence[Check]:
    """All that can be seen without changing anything.

    ``address``: that of Slack's Web API; ``database``: its URL; ``scopes``: those needed.
    """
    async with Api(address) as api:
        checks = [await _app(OAuth(app, api, system_ms), app)]
        installed = await _installed(database, keys)
        if installed is None:
            return checks
        checks.append(_keys(installed))
        if checks[0].state is not State.FAIL:
            checks += await _workspaces(installed, app, api, scopes)
        return checks


async def _app(oauth: OAuth, app: OAuthOptions) -> Check:
    code, title = "slack-oauth", "Slack app"
    try:
        async with asyncio.timeout(_SECONDS):
            error = await oauth.check()
    except (DeliveryError, TimeoutError) as failure:
        detail = f"Slack can't be reached ({failure or 'no answer in time'})"
        return Check.fail(code, title, detail, UNREACHABLE)
    if error:
        detail = f"Slack refuses the app's credentials: {error}"
        remedy = "Copy slack.client_id and slack.client_secret anew from Basic Information."
        return Check.fail(code, title, detail, remedy)
    address = urlsplit(app.redirect)
    if address.scheme != "https" and not is_loopback(address.hostname or ""):
        remedy = "Slack sends browsers and requests to https alone: set web.public_url to such an address."
        return Check.warn(code, title, f"{app.redirect} is no https address", remedy)
    return Check.ok(code, title, f"Slack knows it; workspaces install it at {app.install}")


async def _installed(database: str, keys: Keyring) -> list[Installation] | None:
    """All that are kept; None where the database can't tell, which another look says."""
    file = sqlite_file(database) if database.lower().startswith("sqlite:") else None
    if file is not None and not file.exists():
        return []
    try:
        engine = await open_engine(database, exclusive=False, read_only=True)
    except (StorageError, ValueError):
        return None
    try:
        return await SlackInstalls(engine, keys, system_ms).every()
    except (StorageError, UnitError):
        return None
    finally:
        await engine.close()


def _keys(installed: Sequence[Installation]) -> Check:
    code, title = "slack-keys", "Slack token keys"
    unreadable = [_name(one) for one in installed if one.unreadable]
    if unreadable:
        detail = f"no key opens the tokens of {_list(unreadable)}"
        remedy = (
            "Put back into slack.encryption_keys the key that they were encrypted with; if it is lost, have "
            "the app installed there again."
        )
        return Check.fail(code, title, detail, remedy)
    return Check.ok(
        code, title, "they open the tokens of all workspaces" if installed else "nothing to open yet"
    )


async def _workspaces(
    installed: Sequence[Installation],
    app: OAuthOptions,
    api: Api,
    scopes: Collection[str],
) -> list[Check]:
    title = "Slack workspaces"
    there = [one for one in installed if one.tokens is not None]
    gone = sum(one.state is not Installed.INSTALLED for one in installed)
    if not there:
        former = f"; {gone} removed it" if gone else ""
        return [Check.ok("slack-workspaces", title, f"none has installed it{former}: {app.install}")]
    try:
        async with asyncio.timeout(_SECONDS):
            found = [await _workspace(one, api, scopes) for one in there[:_MOST]]
    except (DeliveryError, TimeoutError) as error:
        detail = f"Slack can't be reached ({error or 'no answer'})"
        return [Check.fail("slack-workspaces", title, detail, UNREACHABLE)]
    trouble = [words for words, _ in found if words]
    lacking = [words for _, words in found if words]
    if trouble:
        remedy = f"Have somebody there install Kith again: {app.install}"
        checks = [Check.fail("slack-workspaces", title, "; ".join(trouble[:_SHOWN]), remedy)]
    else:
        former = f"; {gone} removed it" if gone else ""
        checks = [Check.ok("slack-workspaces", title, f"in {_list([_name(one) for one in there])}{former}")]
    if lacking:
        remedy = f"Bring the app up to date with its manifest, then have it installed again: {app.install}"
        checks.append(Check.fail("slack-scopes", "Slack permissions", "; ".join(lacking[:_SHOWN]), remedy))
    else:
        checks.append(Check.ok("slack-scopes", "Slack permissions", f"all {len(scopes)} granted everywhere"))
    return checks


async def _workspace(one: Installation, api: Api, scopes: Collection[str]) -> tuple[str, str]:
    """What is wrong with an installation, and what it lacks. Raises DeliveryError."""
    assert one.tokens is not None
    if one.refused:
        return f"{_name(one)}: Slack gives no new tokens ({one.refused})", ""
    client = Client(one.tokens.access, api)
    try:
        await client.call("auth.test")
    except Refused as refused:
        if refused.error == "token_expired" and one.tokens.refresh is not None:
            return "", ""  # a running Kith asks for the next one by itself
        return f"{_name(one)}: Slack refuses its token ({refused.error})", ""
    if client.scopes is None:
        return "", ""
    missing = sorted(set(scopes) - client.scopes)
    return "", f"{_name(one)} lacks {', '.join(missing)}" if missing else ""


def _name(one: Installation) -> str:
    return f"{one.name} ({one.team})"


def _list(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
