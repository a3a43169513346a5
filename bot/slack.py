"""Slack by the configuration: how to connect, and what the app must be allowed there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from bot import slack_doctor, slack_manifest
from bot.clock import system_ms
from bot.config import Config, Slack, split_keys
from bot.core import catalog_of
from bot.keyring import Keyring
from bot.model.check import Check
from bot.platforms.slack import checks
from bot.platforms.slack import manifest as manifests
from bot.platforms.slack.adapter import SlackOptions, SlackPlatform
from bot.platforms.slack.names import Names
from bot.platforms.slack.oauth import OAuthOptions
from bot.slack_installs import SlackInstalls
from storage.port import Engine

EVENTS_PATH: Final = "/slack/events"
INSTALL_PATH: Final = "/slack/install"
OAUTH_PATH: Final = "/slack/oauth"
_EXAMPLE: Final = "https://kith.example.org"


def names(slack: Slack) -> Names:
    """The names of the slash commands."""
    return Names(slack.command, MappingProxyType({"shoutout": slack.shoutout}))


def options(slack: Slack, given: Mapping[str, str] = MappingProxyType({})) -> SlackOptions:
    """How to connect to one workspace; a bot token is configured, or ``given`` with the other secrets."""
    configured = {
        key: secret.get_secret_value()
        for key, secret in (
            ("bot_token", slack.bot_token),
            ("app_token", slack.app_token),
            ("signing_secret", slack.signing_secret),
        )
        if secret is not None
    }
    secrets = {**configured, **given}
    return SlackOptions(
        bot_token=secrets["bot_token"],
        app_token=secrets.get("app_token"),
        signing_secret=secrets.get("signing_secret", ""),
        api=slack.api,
        names=names(slack),
        channels=slack.channels,
    )


def platform(config: Config, engine: Engine) -> SlackPlatform:
    """Slack as it is configured: one workspace by its tokens, or those that install the app."""
    slack = config.slack
    if slack.client_id is None:
        return SlackPlatform(options(slack))
    assert slack.signing_secret is not None
    shared = SlackOptions(
        signing_secret=slack.signing_secret.get_secret_value(),
        api=slack.api,
        names=names(slack),
        oauth=oauth(config),
    )
    return SlackPlatform(shared, SlackInstalls(engine, keyring(slack), system_ms), system_ms)


def oauth(config: Config, given: Mapping[str, str] = MappingProxyType({})) -> OAuthOptions:
    """The app as many workspaces install it; configured, or ``given``."""
    slack, base = config.slack, config.web.public_url or _EXAMPLE
    secret = slack.client_secret.get_secret_value() if slack.client_secret is not None else ""
    return OAuthOptions(
        client_id=given.get("client_id") or slack.client_id or "",
        client_secret=given.get("client_secret") or secret,
        redirect=f"{base}{OAUTH_PATH}",
        install=f"{base}{INSTALL_PATH}",
        authorize=slack.authorize,
        pkce=slack.pkce,
        workspaces=slack.workspaces,
    )


def keyring(slack: Slack) -> Keyring:
    """The keys that the workspaces' tokens are encrypted with; they must be configured."""
    assert slack.encryption_keys is not None
    return Keyring(split_keys(slack.encryption_keys))


def manifest(config: Config, *, http: bool = False, shared: bool = False) -> dict[str, Any]:
    """The app's manifest. Over HTTP where asked for, or where only a signing secret is configured.

    ``shared``: for many workspaces, as it is too where a client id is configured.
    """
    slack, base = config.slack, config.web.public_url or _EXAMPLE
    shared = shared or slack.client_id is not None
    by_http = http or shared or (slack.signing_secret is not None and slack.app_token is None)
    return manifests.manifest(
        catalog_of(config),
        names(slack),
        request_url=f"{base}{EVENTS_PATH}" if by_http else None,
        bound=bool(slack.channels),
        shared=manifests.Shared(f"{base}{OAUTH_PATH}", slack.pkce) if shared else None,
    )


async def look(config: Config) -> Sequence[Check]:
    """The doctor's looks at Slack; there must be a bot token or a client id."""
    wanted = manifests.scopes(catalog_of(config))
    compared = slack_manifest.check(config, manifest(config), wanted)
    if config.slack.client_id is None:
        return [*await checks.look(options(config.slack), catalog_of(config)), compared]
    found = await slack_doctor.look(
        oauth(config), config.slack.api, config.database_url, keyring(config.slack), wanted
    )
    return [*found, compared]
