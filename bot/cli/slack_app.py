"""Whether an app in Slack that was made before has the manifest of today, as far as is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot import slack_manifest
from bot.cli.terminal import Terminal
from bot.config import Config

_YES = frozenset({"y", "yes"})


def is_up_to_date(
    config: Config, terminal: Terminal, wanted: Mapping[str, Any], why: Mapping[str, str]
) -> bool:
    """True where nothing changed, or somebody says that the app was brought up to date."""
    changes = slack_manifest.changes(config, wanted, why)
    if changes is not None and not changes:
        return True
    if changes:
        terminal.say("   What Kith needs of the app has changed since it was made:\n")
        for change in changes:
            terminal.say(f"   {change}")
        terminal.say(
            "\n   Put the manifest that `kith connect slack --manifest` prints in under App Manifest on the "
            "app's page,\n   and install the app again.\n"
        )
    answer = terminal.ask("   Does the app have the manifest of `kith connect slack --manifest`? (y/N)", "n")
    return answer.strip().casefold() in _YES
