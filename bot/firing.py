"""What to do about one row that came due: the tick to hand on, what was missed, and when it comes next."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from itertools import takewhile
from typing import NamedTuple
from zoneinfo import ZoneInfo

from bot.model.rules import Occurrence, Rule, instant, occurrences
from bot.model.ticks import ScheduleDue, ScheduleSkipped, Tick, TimerDue
from bot.timetable import following, load_rule
from storage.port import Row, Tx
from storage.repos import schedules

LISTED_MS = 31 * 86_400_000
"""Missed occurrences older than this are not listed one by one."""

Settle = Callable[[Tx], Awaitable[object]]


class Firing(NamedTuple):
    """What follows from a due row. `settle` runs in a unit of its community once the rest is done."""

    settle: Settle
    tick: Tick | None = None
    skipped: ScheduleSkipped | None = None


class DueSchedule(NamedTuple):
    """A row of the table `schedule` whose time has come."""

    row: Row

    @property
    def at(self) -> int:
        return int(self.row["next_at"])

    @property
    def community(self) -> int:
        return int(self.row["community"])

    @property
    def key(self) -> str:
        return f"schedule:{self.row['id']}:{self.at}"

    def firing(self, now: int) -> Firing:
        """The newest missed occurrence if within its grace; older ones are skipped.

        Raises ValueError for a rule, KeyError for a zone that this version does not know.
        """
        row = self.row
        rule, zone = load_rule(row["rule"]), ZoneInfo(row["zone"])
        first = Occurrence(self.at, datetime.fromisoformat(row["next_local"]))
        actual = instant(first.local, zone)
        if actual > now:
            # the zone's offset was changed by its government since this was written
            return Firing(self.moved_to(Occurrence(actual, first.local), row["last_local"]))
        missed = _missed(rule, zone, first, now)
        newest = missed[-1]
        runs = now - newest.at <= row["grace_ms"]
        older = tuple(missed[:-1] if runs else missed)
        return Firing(
            self.moved_to(following(rule, zone, now, newest.key), newest.key),
            self._tick(rule, newest) if runs else None,
            self._skipped(older) if older else None,
        )

    def park(self) -> Settle:
        """Lets the row rest until somebody sets it anew."""
        return self.moved_to(None, self.row["last_local"])

    def moved_to(self, coming: Occurrence | None, last_local: str | None) -> Settle:
        """Sets when it comes next and what ran last."""

        async def settle(tx: Tx) -> bool:
            return await schedules.move(
                tx,
                self.row,
                next_at=coming.at if coming else None,
                next_local=coming.key if coming else None,
                last_local=last_local,
            )

        return settle

    def _tick(self, rule: Rule, occurrence: Occurrence) -> ScheduleDue:
        row = self.row
        return ScheduleDue(
            schedule=row["id"],
            community=row["community"],
            space=row["space"],
            cog=row["cog"],
            job=row["job"],
            at=occurrence.at,
            local=occurrence.key,
            rule=rule,
            set_by=row["set_by"],
            set_at=row["set_at"],
        )

    def _skipped(self, occurrences: tuple[Occurrence, ...]) -> ScheduleSkipped:
        row = self.row
        return ScheduleSkipped(
            schedule=row["id"],
            community=row["community"],
            space=row["space"],
            cog=row["cog"],
            job=row["job"],
            occurrences=occurrences,
        )


class DueTimer(NamedTuple):
    """A row of the table `timer` whose time has come."""

    row: Row

    @property
    def at(self) -> int:
        return int(self.row["due_at"])

    @property
    def community(self) -> int:
        return int(self.row["community"])

    @property
    def key(self) -> str:
        return f"timer:{self.community}:{self.row['key']}:{self.at}"

    def firing(self, now: int) -> Firing:
        """The timer's tick, however late. Raises ValueError for arguments that are no JSON object."""
        row = self.row
        args = json.loads(row["args"])
        if not isinstance(args, dict):
            raise ValueError("a timer's arguments must be an object")
        tick = TimerDue(
            key=row["key"],
            community=row["community"],
            space=row["space"],
            cog=row["cog"],
            handler=row["handler"],
            args=args,
            at=self.at,
        )
        return Firing(self.park(), tick)

    def park(self) -> Settle:
        """Ends the timer."""

        async def settle(tx: Tx) -> bool:
            return await schedules.end_timer(tx, self.community, self.row["key"], self.at)

        return settle


Due = DueSchedule | DueTimer


def _missed(rule: Rule, zone: ZoneInfo, first: Occurrence, now: int) -> list[Occurrence]:
    """The first and all after it until now, of a long absence only the last month."""
    begin = max(first.at, now - LISTED_MS)
    return [first, *takewhile(lambda one: one.at <= now, occurrences(rule, zone, begin))]
