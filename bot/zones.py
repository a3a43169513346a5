"""Time zones by their IANA names: which one this machine is in, and whether a name is one."""

from __future__ import annotations

import os
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from bot.model.nearest import nearest

_LOCALTIME = Path("/etc/localtime")
_TIMEZONE = Path("/etc/timezone")


def known_zone(name: str) -> str:
    """The name itself; ValueError with the nearest name if there is no such zone."""
    if name in available_timezones():
        return name
    close = nearest(name, available_timezones())
    hint = f"did you mean {close!r}?" if close else "zones are named like 'Europe/Berlin'"
    raise ValueError(f"there is no time zone {name!r}; {hint}")


def system_zone() -> str:
    """The machine's zone by TZ, /etc/localtime or /etc/timezone; "UTC" where none of them tells."""
    candidates = [os.environ.get("TZ", "").removeprefix(":")]
    if _LOCALTIME.is_symlink():
        candidates.append(str(_LOCALTIME.resolve()).partition("/zoneinfo/")[2])
    if _TIMEZONE.is_file():
        candidates.append(_TIMEZONE.read_text(encoding="utf-8", errors="replace").strip())
    return next((name for name in candidates if _is_zone(name)), "UTC")


def _is_zone(name: str) -> bool:
    try:
        return bool(name) and ZoneInfo(name).key == name
    except (ValueError, OSError, KeyError):
        return False
