"""`kith connect slack`: from the app's manifest to a private test welcome. Each step can be repeated."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Collection
from pathlib import Path
from typing import Final

import typer

from bot import slack, slack_manifest
from bot.cli.connect_slack_oauth import SharedGuide
from bot.cli.failures import Refused
from bot.cli.slack_app import is_known_current, is_said_current
from bot.cli.terminal import Terminal, TyperTerminal, keep_token, pasted, with_secret_file
from bot.config_file import Loaded, load
from bot.core import catalog_of
from bot.model.check import State
from bot.model.content import Card, Section
from bot.model.text import T
from bot.platforms.base import DeliveryError
from bot.platforms.slack import checks
from bot.platforms.slack.adapter import SlackOptions
from bot.platforms.slack.client import Refused as RefusedBySlack
from bot.platforms.slack.manifest import creation_link, scopes
from bot.platforms.slack.probe import say_privately, whose

_PREFIX: Final = {"bot_token": "xoxb-", "app_token": "xapp-"}
_SIGNING_SECRET: Final = re.compile(r"[0-9a-f]{32}")
_WHERE: Final = {
    "bot_token": "Bot token, xoxb-… (OAuth & Permissions)",
    "app_token": "App-level token, xapp-… (Basic Information, with the scope connections:write)",
    "signing_secret": "Signing secret (Basic Information)",
}


def print_manifest(config: Path | None, *, http: bool, oauth: bool = False) -> None:
    """The manifest for this configuration, alone."""
    typer.echo(json.dumps(slack.manifest(load(config).config, http=http, shared=oauth), indent=2))


def connect(config: Path | None, *, http: bool, oauth: bool = False) -> None:
    """Lead through all steps on this terminal; for several workspaces too where that is configured."""
    loaded = load(config)
    if oauth or loaded.config.slack.client_id is not None:
        asyncio.run(SharedGuide(loaded, config, TyperTerminal()).lead())
    else:
        asyncio.run(Guide(loaded, config, TyperTerminal(), http=http).lead())


class Guide:
    """The steps, told to a terminal. ``http``: requests over HTTP instead of Socket Mode."""

    def __init__(
        self, loaded: Loaded, config: Path | None, terminal: Terminal, *, http: bool = False
    ) -> None:
        self._config = loaded.config
        self._file = loaded.file or (config or self._config.home / "config.toml")
        self._terminal = terminal
        known = self._config.slack
        self._http = http or (known.signing_secret is not None and known.app_token is None)

    async def lead(self) -> None:
        """All steps. Raises Refused, with what to do, where it can't go on."""
        given: dict[str, str] = {}
        wanted = slack.manifest(self._config, http=self._http)
        if self._config.slack.bot_token is None:
            if self._http and self._config.web.public_url is None:
                raise Refused(
                    "Over HTTP, Slack must reach Kith from outside. Set web.public_url to its https address "
                    "first, then run this again."
                )
            self._make_app()
            given = self._secrets()
            options = slack.options(self._config.slack, given)
            is_current = True
        else:
            self._say("1. and 2. The app is there, and its tokens are configured already.")
            options = slack.options(self._config.slack)
            why = scopes(catalog_of(self._config))
            is_current = is_known_current(self._config, self._terminal, wanted, why)
        failed = await self._failed(options)
        if failed and not given:
            given = self._replacements(failed)
            options = slack.options(self._config.slack, given)
            failed = await self._failed(options) if given else failed
        if failed:
            raise Refused("Mend this first, then run the command again; nothing was kept from now.")
        if given:
            try:
                self._keep(given, await whose(options))
            except (DeliveryError, RefusedBySlack) as error:
                raise Refused(f"Slack fell silent ({error}). Run this again; nothing was kept.") from error
        if is_current or is_said_current(self._terminal):
            slack_manifest.keep(self._config, wanted)
        await self._greet(options)
        setup = f"/{self._config.slack.command} admin setup"
        self._say(f"\nAll done. Start Kith with `kith run`, then type {setup} in Slack.")
        self._say("Nothing public is said before you press Go there.")

    def _say(self, text: str = "") -> None:
        self._terminal.say(text)

    def _make_app(self) -> None:
        made = slack.manifest(self._config, http=self._http)
        self._say("1. Kith needs an app of your own in Slack. These are its permissions:\n")
        for scope, why in scopes(catalog_of(self._config)).items():
            self._say(f"   {scope:<20} {why}")
        self._say("\n   Open this link, choose your workspace, press Create, then Install to Workspace:\n")
        self._say(f"   {creation_link(made)}\n")
        self._say(
            "   Where the link is too long to open: at https://api.slack.com/apps press Create New App, then"
        )
        how = "--http --manifest" if self._http else "--manifest"
        self._say(f"   From a manifest, and paste what `kith connect slack {how}` prints.\n")
        self._say("   This is for one workspace. For several: kith connect slack --oauth\n")

    def _secrets(self) -> dict[str, str]:
        self._say("2. Copy these from the app's pages. What you paste here is not shown.")
        return {key: self._secret(key) for key in ("bot_token", self._way_in)}

    @property
    def _way_in(self) -> str:
        return "signing_secret" if self._http else "app_token"

    def _secret(self, key: str, *, needed: bool = True) -> str:
        value = pasted(self._terminal.ask_secret(f"   {_WHERE[key]}"))
        if (value or needed) and not _looks_right(key, value):
            raise Refused(_mistaken(key, value))
        return value

    def _replacements(self, failed: Collection[str]) -> dict[str, str]:
        """New secrets for those that Slack takes no more, as after the app was installed again."""
        wanted = [
            key
            for code, key in (("slack-token", "bot_token"), ("slack-socket", self._way_in))
            if code in failed
        ]
        if wanted:
            self._say("\n   Paste a new one where that is to blame; Enter leaves it as it is.")
        given = {key: self._secret(key, needed=False) for key in wanted}
        return {key: value for key, value in given.items() if value}

    async def _failed(self, options: SlackOptions) -> list[str]:
        """The codes of what is wrong, all of which is told."""
        self._say("\n3. What Slack says:")
        failed = []
        for check in await checks.look(options, catalog_of(self._config)):
            self._say(f"   {check.title}: {check.detail}")
            if check.state is not State.OK:
                self._say(f"     {check.remedy}")
            if check.state is State.FAIL:
                failed.append(check.code)
        return failed

    def _keep(self, given: dict[str, str], who: str) -> None:
        text = self._file.read_text(encoding="utf-8") if self._file.exists() else ""
        for key, value in given.items():
            file = keep_token(f"slack-{who}-{key.replace('_', '-')}", value)
            text = with_secret_file(text, "slack", key, file)
            self._say(f"   Kept in {file}, for you alone.")
            variable = f"KITH_SLACK_{key.upper()}"
            if any(name in os.environ for name in (variable, f"{variable}_FILE")):
                self._say(f"   {variable} in the environment comes before it: take that out.")
        self._file.write_text(text, encoding="utf-8")
        self._say(f"   {self._file.name} names these files.")

    async def _greet(self, options: SlackOptions) -> None:
        self._say("\n4. A greeting to try, for your eyes only:")
        who = self._terminal.ask("   Your name in Slack (Enter to skip)", "").strip()
        if not who:
            return
        card = Card(
            T("Kith can write to you"),
            T("Hello. Good that you're here. This is how I greet; only you see this one."),
            (Section(T("`/kith-admin setup` shows every text before anybody else sees it."), T("Next")),),
        )
        try:
            self._say(f"   {await say_privately(options, who, card)}")
        except RefusedBySlack as refused:
            self._say(f"   It could not be sent ({refused}). That does no harm.")


def _looks_right(key: str, value: str) -> bool:
    if key == "signing_secret":
        return _SIGNING_SECRET.fullmatch(value) is not None
    return value.startswith(_PREFIX[key])


def _mistaken(key: str, value: str) -> str:
    if not value:
        return "Nothing was given, and nothing kept."
    if key == "signing_secret":
        return "That is not the signing secret, which has 32 digits and letters a to f. Nothing was kept."
    words = f"That is not the {key.replace('_', ' ')}, which begins with {_PREFIX[key]}"
    if value.startswith("xoxp-"):
        return f"{words}: it is a person's token. Take the Bot User OAuth Token."
    if value.startswith(("xoxb-", "xapp-")):
        return f"{words}: it is the other one of the two. Nothing was kept."
    return f"{words}. Nothing was kept."
