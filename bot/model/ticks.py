"""What the clock brings: a schedule or a timer that came due, and what was missed.

The ids are the same for the same happening, however often it is told; repetitions are recognised by them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from bot.model.rules import Occurrence, Rule


class ScheduleDue(NamedTuple):
    """A cog's job is to run now. `at` is when it was due (UTC ms), `local` that time in the space's zone."""

    schedule: int
    community: int
    space: str
    cog: str
    job: str
    at: int
    local: str
    rule: Rule
    set_by: str
    set_at: int

    @property
    def id(self) -> str:
        return f"tick:{self.schedule}:{self.local}"


class TimerDue(NamedTuple):
    """A cog's handler asked to be called at `at` (UTC ms) with these arguments (JSON values)."""

    key: str
    community: int
    space: str
    cog: str
    handler: str
    args: Mapping[str, Any]
    at: int

    @property
    def id(self) -> str:
        return f"timer:{self.key}:{self.at}"


class ScheduleSkipped(NamedTuple):
    """These occurrences came due while nothing ran, and are too old to be made up for; oldest first."""

    schedule: int
    community: int
    space: str
    cog: str
    job: str
    occurrences: tuple[Occurrence, ...]

    @property
    def id(self) -> str:
        return f"skip:{self.schedule}:{self.occurrences[-1].key}"


Tick = ScheduleDue | TimerDue
