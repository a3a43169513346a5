"""Whether an app in Slack that was made before has the manifest of today, as far as is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot import slack_manifest
from bot.cli.terminal import Terminal
from bot.config import Config

_YES = frozenset({"y", "yes"})


def is_known_current(
    config: Config, terminal: Terminal, wanted: Mapping[str, Any], why: Mapping[str, str]
) -> bool:
    """Whether nothing changed since; else what did is told, where that is known."""
    changes = slack_manifest.changes(config, wanted, why)
    if not changes:
        return changes is not None
    terminal.say("   What Kith needs of the app has changed since it was made:\n")
    for change in changes:
        terminal.say(f"   {change}")
    terminal.say(
        "\n   Put the manifest that `kith connect slack --manifest` prints in under App Manifest on the "
        "app's page,\n   and install the app again."
    )
    return False


def is_said_current(terminal: Terminal) -> bool:
    """Whether somebody says that the app was brought up to date."""
    answer = terminal.ask(
        "\n   Does the app have the manifest of `kith connect slack --manifest`? (y/N)", "n"
    )
    return answer.strip().casefold() in _YES
