"""The manifest that the app in Slack was last brought to, kept to tell what changed since."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bot.config import Config
from bot.model.check import Check
from bot.platforms.slack.differences import differences

_FILE: Final = "slack-manifest.json"
_CODE: Final = "slack-manifest"
_TITLE: Final = "Slack's manifest"
HOW: Final = (
    "Put the manifest that `kith connect slack --manifest` prints in under App Manifest on your app's page, "
    "install the app again, then run `kith connect slack`."
)

Json = Mapping[str, Any]


def file(config: Config) -> Path:
    return config.data_folder / _FILE


def kept(config: Config) -> Json | None:
    """What the app was last brought to; None where nobody told."""
    try:
        held = json.loads(file(config).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return held if isinstance(held, dict) else None


def keep(config: Config, made: Json) -> None:
    """The app has this manifest now."""
    config.data_folder.mkdir(parents=True, exist_ok=True)
    file(config).write_text(json.dumps(made, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def changes(config: Config, wanted: Json, why: Mapping[str, str]) -> Sequence[str] | None:
    """What changed since; None where that can't be told."""
    held = kept(config)
    return None if held is None else differences(held, wanted, why)


def check(config: Config, wanted: Json, why: Mapping[str, str]) -> Check:
    """The doctor's look at what the app must be brought up to date with."""
    found = changes(config, wanted, why)
    if found is None:
        return Check.ok(_CODE, _TITLE, "not compared: `kith connect slack` was never run to its end here")
    if found:
        return Check.warn(_CODE, _TITLE, f"the app lacks changes: {'; '.join(found)}", HOW)
    return Check.ok(_CODE, _TITLE, "the app was made from it")
