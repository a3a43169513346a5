"""Slack by the configuration: how to connect, and what the app must be allowed there."""

from __future__ import annotations

from types import MappingProxyType

from bot.config import Slack
from bot.platforms.slack.adapter import SlackOptions
from bot.platforms.slack.names import Names


def names(slack: Slack) -> Names:
    """The names of the slash commands."""
    return Names(slack.command, MappingProxyType({"shoutout": slack.shoutout}))


def options(slack: Slack) -> SlackOptions:
    """How to connect; there must be a bot token."""
    assert slack.bot_token is not None
    return SlackOptions(
        bot_token=slack.bot_token.get_secret_value(),
        app_token=slack.app_token.get_secret_value() if slack.app_token is not None else None,
        signing_secret=slack.signing_secret.get_secret_value() if slack.signing_secret is not None else "",
        api=slack.api,
        names=names(slack),
        channels=slack.channels,
    )
