"""`kith connect slack --oauth`: from the app's manifest to the page on which workspaces let Kith in."""

from __future__ import annotations

import re
from pathlib import Path

from bot import slack, slack_doctor, slack_manifest
from bot.cli.failures import Refused
from bot.cli.slack_app import is_known_current, is_said_current
from bot.cli.terminal import Terminal, keep_token, pasted, tokens_folder, with_key, with_secret_file
from bot.config import Config
from bot.config_file import Loaded
from bot.core import catalog_of
from bot.keyring import Keyring, new_key
from bot.model.check import State
from bot.platforms.slack.manifest import creation_link, scopes


class SharedGuide:
    """The steps, told to a terminal. Each can be repeated."""

    def __init__(self, loaded: Loaded, config: Path | None, terminal: Terminal) -> None:
        self._config: Config = loaded.config
        self._file = loaded.file or (config or self._config.home / "config.toml")
        self._terminal = terminal

    async def lead(self) -> None:
        """All steps. Raises Refused, with what to do, where it can't go on."""
        known = self._config.slack
        if self._config.web.public_url is None:
            raise Refused(
                "Slack and people's browsers must reach Kith from outside. Set web.public_url to its https "
                "address first, then run this again."
            )
        for key in ("bot_token", "app_token", "channels"):
            if getattr(known, key):
                raise Refused(
                    f"slack.{key} is for a single workspace. Take it from the configuration first, then run "
                    "this again."
                )
        given: dict[str, str] = {}
        wanted, is_current = slack.manifest(self._config, shared=True), True
        if known.client_id is None:
            self._make_app()
            given = self._ask()
        else:
            self._say("1. and 2. The app is configured already.")
            why = scopes(catalog_of(self._config))
            is_current = is_known_current(self._config, self._terminal, wanted, why)
        await self._check(given)
        if given:
            self._keep(given)
        if is_current or is_said_current(self._terminal):
            slack_manifest.keep(self._config, wanted)
        install = slack.oauth(self._config).install
        self._say(
            "\nAll done. Start Kith with `kith run`; whoever leads a workspace lets it in at\n\n"
            f"   {install}\n"
        )
        self._say("Nothing public is said anywhere before somebody there presses Go.")

    def _say(self, text: str = "") -> None:
        self._terminal.say(text)

    def _make_app(self) -> None:
        made = slack.manifest(self._config, shared=True)
        self._say(
            "1. Kith needs an app of your own in Slack. It asks each workspace for these permissions:\n"
        )
        for scope, why in scopes(catalog_of(self._config)).items():
            self._say(f"   {scope:<20} {why}")
        self._say("\n   Open this link, choose a workspace of yours to keep the app in, and press Create:\n")
        self._say(f"   {creation_link(made)}\n")
        self._say(
            "   Where the link is too long to open: at https://api.slack.com/apps press Create New App, then"
        )
        self._say("   From a manifest, and paste what `kith connect slack --oauth --manifest` prints.\n")
        self._say(
            "   Then, under Manage Distribution, activate public distribution, so that others may install it."
        )
        self._say("   Its tokens rotate, which Slack lets nobody turn off again.\n")

    def _ask(self) -> dict[str, str]:
        self._say("2. Copy these from Basic Information. What you paste of secrets is not shown.")
        client_id = pasted(self._terminal.ask("   Client ID", ""))
        if not re.fullmatch(r"\d+\.\d+", client_id):
            raise Refused(
                "That is no client ID, which is two numbers with a dot between them. Nothing was kept."
            )
        given = {"client_id": client_id}
        for key in ("client_secret", "signing_secret"):
            words = key.replace("_", " ")
            value = pasted(self._terminal.ask_secret(f"   {words.capitalize()}"))
            if not re.fullmatch(r"[0-9a-f]{32}", value):
                raise Refused(
                    f"That is no {words}, which has 32 digits and letters a to f. Nothing was kept."
                )
            given[key] = value
        if given["client_secret"] == given["signing_secret"]:
            raise Refused(
                "The client secret and the signing secret are two different ones. Nothing was kept."
            )
        # one that was made before may have encrypted tokens already
        kept = tokens_folder() / _file_name(client_id, "encryption_keys")
        given["encryption_keys"] = kept.read_text().strip() if kept.exists() else new_key()
        return given

    async def _check(self, given: dict[str, str]) -> None:
        self._say("\n3. What Slack says:")
        keys = Keyring(given["encryption_keys"].split()) if given else slack.keyring(self._config.slack)
        checks = await slack_doctor.look(
            slack.oauth(self._config, given),
            self._config.slack.api,
            self._config.database_url,
            keys,
            scopes(catalog_of(self._config)),
        )
        for check in checks:
            self._say(f"   {check.title}: {check.detail}")
            if check.state is not State.OK:
                self._say(f"     {check.remedy}")
        if any(check.state is State.FAIL for check in checks):
            raise Refused("Mend this first, then run the command again; nothing was kept from now.")

    def _keep(self, given: dict[str, str]) -> None:
        text = self._file.read_text(encoding="utf-8") if self._file.exists() else ""
        for key in ("client_secret", "signing_secret", "encryption_keys"):
            file = keep_token(_file_name(given["client_id"], key), given[key])
            text = with_secret_file(text, "slack", key, file)
            self._say(f"   Kept in {file}, for you alone.")
        text = with_key(text, "slack", "client_id", f'client_id = "{given["client_id"]}"')
        self._file.write_text(text, encoding="utf-8")
        self._say(
            f"   {self._file.name} names these files. Keep a copy of the encryption keys elsewhere: without"
        )
        self._say("   them, every workspace has to install Kith again.")


def _file_name(client_id: str, key: str) -> str:
    return f"slack-{client_id}-{key.replace('_', '-')}"
