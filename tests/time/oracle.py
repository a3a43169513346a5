"""Schedules worked out the slow way: watch the clock of a zone and note when a time is first reached.

Shares no code with `bot.model.rules`: rules are read as yes-or-no questions about a local time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from bot.model.rules import Daily, Interval, MonthDays, MonthWeekdays, Once, Rule, Weekly

Tick = tuple[int, datetime]
"""An instant in UTC ms, and what the clock shows then."""


def watch(zone: ZoneInfo, begin: datetime, end: datetime, step: int) -> list[Tick]:
    """The zone's clock every `step` minutes between two UTC moments."""
    ticks = []
    moment = begin
    while moment <= end:
        ticks.append((round(moment.timestamp()) * 1000, moment.astimezone(zone).replace(tzinfo=None)))
        moment += timedelta(minutes=step)
    return ticks


def fired(rule: Rule, ticks: Sequence[Tick], step: int) -> list[tuple[int, datetime]]:
    """(instant, local time) of each occurrence after the first tick.

    The latest time shown so far only rises; what it passes over is due at that instant, the last of it
    counting. So a repeated hour adds nothing, and a skipped one is due when it has been skipped.
    """
    matches = question(rule)
    found = []
    reached = ticks[0][1]
    for at, shown in ticks[1:]:
        due = None
        while reached < shown:
            reached += timedelta(minutes=step)
            if matches(reached):
                due = reached
        if due is not None:
            found.append((at, due))
    return found


def question(rule: Rule) -> Callable[[datetime], bool]:
    match rule:
        case Once(at=at):
            return lambda wall: wall == at
        case Interval(minutes=minutes):
            return lambda wall: (wall.hour * 60 + wall.minute) % minutes == 0
        case Daily() | Weekly() | MonthDays() | MonthWeekdays():
            times, start, every = set(rule.times), rule.start, rule.every

            @cache
            def on(day: date) -> bool:
                if start is not None and day < start:
                    return False
                return fits(rule, day) and (start is None or periods(rule, start, day) % every == 0)

            return lambda wall: wall.time() in times and on(wall.date())
    raise AssertionError(rule)


def fits(rule: Rule, day: date) -> bool:
    last = (day + timedelta(days=1)).month != day.month
    final_week = (day + timedelta(days=7)).month != day.month
    match rule:
        case Weekly(days=days):
            return f"{day:%A}".lower() in {str(name) for name in days}
        case MonthDays(days=numbers):
            return day.day in numbers or (last and -1 in numbers)
        case MonthWeekdays(nths=nths, days=days):
            if f"{day:%A}".lower() not in {str(name) for name in days}:
                return False
            return (day.day + 6) // 7 in nths or (final_week and -1 in nths)
    return True


def periods(rule: Rule, start: date, day: date) -> int:
    """How many days, weeks or months after the start's the day lies."""
    if isinstance(rule, Daily):
        return (day - start).days
    if isinstance(rule, Weekly):
        return (day.toordinal() - 1) // 7 - (start.toordinal() - 1) // 7
    return (day.year - start.year) * 12 + day.month - start.month


def changes(zone: ZoneInfo, begin: datetime, end: datetime) -> Iterator[tuple[datetime, int, int]]:
    """(UTC moment, offset before, offset after) of each change of the clock, offsets in minutes."""

    def offset(moment: datetime) -> int:
        found = moment.astimezone(zone).utcoffset()
        assert found is not None
        return int(found.total_seconds()) // 60

    moment = begin
    while moment < end:
        later = moment + timedelta(days=5)
        if offset(moment) != offset(later):
            low, high = 0, 5 * 24 * 60
            while low + 1 < high:
                middle = (low + high) // 2
                if offset(moment + timedelta(minutes=middle)) == offset(moment):
                    low = middle
                else:
                    high = middle
            change = moment + timedelta(minutes=high)
            yield change, offset(moment), offset(change)
        moment = later


def distinct_changes(first: int, last: int) -> dict[tuple[datetime, int, int], str]:
    """Each change of any zone's clock in those years, with the name of one zone that makes it."""
    begin, end = datetime(first, 1, 1, tzinfo=UTC), datetime(last + 1, 1, 1, tzinfo=UTC)
    found: dict[tuple[datetime, int, int], str] = {}
    for name in sorted(available_timezones()):
        for change in changes(ZoneInfo(name), begin, end):
            found.setdefault(change, name)
    return found
