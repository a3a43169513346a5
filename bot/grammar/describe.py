"""Says a rule as people would write it. `parse` reads every description back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from zoneinfo import ZoneInfo

from bot.model.rules import (
    LAST,
    WEEK,
    Daily,
    Interval,
    MonthDays,
    MonthWeekdays,
    Occurrence,
    Once,
    Recurring,
    Rule,
    Weekday,
    Weekly,
    local,
    upcoming,
)

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "last": LAST}
_ORDINAL_WORDS = {number: word for word, number in ORDINALS.items()}


def say_date(day: date, *, weekday: bool = True) -> str:
    """`Friday 27 November 2026`, the same under every locale."""
    name = f"{WEEK[day.weekday()].value.capitalize()} " if weekday else ""
    return f"{name}{day.day} {MONTHS[day.month - 1]} {day.year}"


def describe(rule: Rule) -> str:
    """The rule in words: `every Friday at 16:00`."""
    match rule:
        case Once(at=at):
            return f"once on {say_date(at.date())} at {at:%H:%M}"
        case Interval(minutes=minutes):
            unit, count = ("hour", minutes // 60) if minutes % 60 == 0 else ("minute", minutes)
            return _every(count, unit)
        case Recurring():
            start = f", starting {say_date(rule.start, weekday=False)}" if rule.start else ""
            return f"{_days(rule)} at {_listed(f'{at:%H:%M}' for at in rule.times)}{start}"
    raise TypeError(f"{type(rule).__name__} is no kind of rule")


def echo(rule: Rule, zone: ZoneInfo, now_ms: int, count: int = 3) -> tuple[str, list[Occurrence]]:
    """The rule in words with its next occurrences, for whoever is about to save it."""
    return describe(rule), upcoming(rule, zone, now_ms, count)


def say_occurrence(occurrence: Occurrence, zone: ZoneInfo) -> str:
    """What clocks in the zone show when it runs: `Friday 27 November 2026 at 16:00`."""
    shown = local(occurrence.at, zone)
    return f"{say_date(shown.date())} at {shown:%H:%M}"


def _days(rule: Recurring) -> str:
    match rule:
        case Daily():
            return _every(rule.every, "day")
        case Weekly() if rule.every > 1:
            return f"{_every(rule.every, 'week')} on {_weekdays(rule.days)}"
        case Weekly() if rule.days == frozenset(WEEK[:5]):
            return "every weekday"
        case Weekly():
            return f"every {_weekdays(rule.days)}"
        case MonthDays():
            if rule.every % 12 == 0 and rule.start is not None and rule.days == {rule.start.day}:
                years = _every(rule.every // 12, "year")
                return f"{years} on {rule.start.day} {MONTHS[rule.start.month - 1]}"
            return _in_months(rule, _listed(_month_day(day) for day in _in_order(rule.days)))
        case MonthWeekdays():
            nths = _listed(_ORDINAL_WORDS[nth] for nth in _in_order(rule.nths))
            return _in_months(rule, f"{nths} {_weekdays(rule.days)}")
    raise TypeError(f"{type(rule).__name__} is no kind of rule")


def _in_months(rule: Recurring, days: str) -> str:
    if rule.every == 1:
        return f"on the {days} of every month"
    return f"{_every(rule.every, 'month')} on the {days}"


def _every(count: int, unit: str) -> str:
    return f"every {unit}" if count == 1 else f"every {count} {unit}s"


def _in_order(numbers: frozenset[int]) -> list[int]:
    return sorted(numbers, key=lambda number: (number == LAST, number))


def _weekdays(days: frozenset[Weekday]) -> str:
    return _listed(day.value.capitalize() for day in WEEK if day in days)


def _month_day(day: int) -> str:
    if day == LAST:
        return "last day"
    ending = "th" if 11 <= day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{ending}"


def _listed(words: Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last
