"""What changed between two manifests of the app, for whoever has to bring it up to date by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

_MARKS: Final = {"added": "+", "gone": "−", "changed": "~"}
_SCOPES: Final = "oauth_config.scopes.bot"
_EVENTS: Final = "settings.event_subscriptions.bot_events"
_COMMANDS: Final = "features.slash_commands"
_SHORTCUTS: Final = "features.shortcuts"

Json = Mapping[str, Any]


def differences(before: Json, after: Json, why: Mapping[str, str]) -> list[str]:
    """A line for each change: what to add, to take away or to change. ``why`` tells what scopes are for."""
    old, new = dict(_leaves(before)), dict(_leaves(after))
    found = [
        *_sets("permission", old.pop(_SCOPES, ()), new.pop(_SCOPES, ()), why),
        *_sets("event", old.pop(_EVENTS, ()), new.pop(_EVENTS, ()), {}),
        *_things("command", "command", old.pop(_COMMANDS, ()), new.pop(_COMMANDS, ())),
        *_things("shortcut", "name", old.pop(_SHORTCUTS, ()), new.pop(_SHORTCUTS, ())),
    ]
    changed = (path for path in sorted({*old, *new}) if old.get(path) != new.get(path))
    return [*found, *(f"~ {path}: {_shown(old.get(path))} → {_shown(new.get(path))}" for path in changed)]


def _leaves(part: Json, path: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in part.items():
        where = f"{path}.{key}" if path else str(key)
        if isinstance(value, Mapping):
            yield from _leaves(value, where)
        else:
            yield where, value


def _sets(kind: str, old: Sequence[str], new: Sequence[str], why: Mapping[str, str]) -> Iterator[str]:
    for name in sorted({*new} - {*old}):
        yield f"{_MARKS['added']} {kind} {name}{f' ({why[name]})' if name in why else ''}"
    for name in sorted({*old} - {*new}):
        yield f"{_MARKS['gone']} {kind} {name}"


def _things(kind: str, key: str, old: Sequence[Json], new: Sequence[Json]) -> Iterator[str]:
    before, after = ({str(one.get(key)): one for one in many} for many in (old, new))
    for name in sorted({*before, *after}):
        if name not in before:
            yield f"{_MARKS['added']} {kind} {name}"
        elif name not in after:
            yield f"{_MARKS['gone']} {kind} {name}"
        elif before[name] != after[name]:
            yield f"{_MARKS['changed']} {kind} {name}"


def _shown(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "on" if value else "off"
    return str(value)
