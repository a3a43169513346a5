"""Slack by the configuration: how to connect, and what the app must be allowed there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from bot.config import Config, Slack
from bot.core import load_cogs, registry_of
from bot.model.check import Check
from bot.model.content import Catalog
from bot.platforms.slack import checks
from bot.platforms.slack import manifest as manifests
from bot.platforms.slack.adapter import SlackOptions
from bot.platforms.slack.names import Names


def names(slack: Slack) -> Names:
    """The names of the slash commands."""
    return Names(slack.command, MappingProxyType({"shoutout": slack.shoutout}))


def options(slack: Slack, given: Mapping[str, str] = MappingProxyType({})) -> SlackOptions:
    """How to connect; a bot token is configured, or ``given`` with the other secrets."""
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


def catalog(config: Config) -> Catalog:
    """What the configured features let people start, and what they listen to. Raises BadSettings."""
    cogs, sections, faults = load_cogs(config.kith.cogs, config.cog_defaults, config.zone)
    return registry_of(cogs, sections, faults).catalog


def manifest(config: Config, *, http: bool = False) -> dict[str, Any]:
    """The app's manifest. Over HTTP where asked for, or where only a signing secret is configured."""
    slack = config.slack
    url = None
    if http or (slack.signing_secret is not None and slack.app_token is None):
        base = config.web.public_url or "https://kith.example.org"
        url = f"{base}/slack/events"
    return manifests.manifest(catalog(config), names(slack), request_url=url, bound=bool(slack.channels))


async def look(config: Config) -> Sequence[Check]:
    """The doctor's looks at Slack; there must be a bot token."""
    return await checks.look(options(config.slack), catalog(config))
