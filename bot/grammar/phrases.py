"""The parts of a schedule as people write them: times of day, dates, weekdays, ordinals, lengths of time."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import MAXYEAR, date, time, timedelta
from functools import partial
from typing import NamedTuple, TypeVar

from bot.grammar.describe import MONTHS, ORDINALS, say_date
from bot.grammar.reading import Reader, ScheduleError
from bot.model.rules import LAST_DAY, WEEK, Weekday
from bot.model.text import T

_COUNTED = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
NUMBERS = {"a": 1, "an": 1} | {word: number for number, word in enumerate(_COUNTED, 1)}

_MONTH_NAMES = {name.lower(): number for number, name in enumerate(MONTHS, 1)}
_MONTH_NAMES |= {name[:3]: number for name, number in _MONTH_NAMES.items()} | {"sept": 9}
_MONTH = "|".join(sorted(_MONTH_NAMES, key=len, reverse=True))
_SHORT = {"tues": "tue", "weds": "wed", "thur": "thu", "thurs": "thu"}

_WEEKDAY_NAMES = {
    name + ending: day
    for day in WEEK
    for name in (
        day.value,
        day.value[:3],
        day.value[:2],
        *(long for long, short in _SHORT.items() if short == day[:3]),
    )
    for ending in ("", "s", "'s")
}
_WORKING = frozenset(WEEK[:5])
_DAY_GROUPS = {
    "weekday": _WORKING,
    "weekdays": _WORKING,
    "workday": _WORKING,
    "workdays": _WORKING,
    "weekend": frozenset(WEEK[5:]),
    "weekends": frozenset(WEEK[5:]),
}
_WORKING_DAYS = re.compile(r"(?:working|business|work|week) ?days?\b")

_AND = re.compile(r"(?:(?:,|;|&|\+|/)\s*)?(?:(?:and|plus)\b\s*)?(?:(?:on|at|the)\b\s*)*")
_JOINED = re.compile(r"(?:,|&|\+|and\b|plus\b)\s*(?:(?:and|at)\b\s*)*")
_TO = re.compile(r"(?:-|to\b|through\b|thru\b)\s*")
_ABBREVIATION_DOT = re.compile(r"\.(?=[\s,/&-])")

_AT = re.compile(r"(?:at\b|@)\s*")
_CLOCK = re.compile(
    r"(?P<hour>\d{1,2})(?:(?:[:.h]|\s?:\s?)(?P<minute>\d{2})(?::00)?)?"
    r"(?:\s?(?P<half>am|pm)|\s?(?P<oclock>o'clock|uhr|hrs|h))?"
    r"(?![\w:/'-]|\.\d)"
)
_FOUR_DIGITS = re.compile(r"(?P<hour>\d{2})(?P<minute>\d{2})\s?(?:h|hrs)?(?![\w:/.-])")
_PART_OF_DAY = re.compile(r"(?:in the )?(?P<name>morning|afternoon|evening)s?\b")
_NAMED_TIMES = {"noon": time(12), "midday": time(12), "midnight": time(0)}

_ISO = re.compile(r"(?P<year>\d{4})[-/](?P<month>\d{1,2})[-/](?P<day>\d{1,2})(?:t(?=\d)|(?![\w/-]))")
_DOTTED = re.compile(r"(?P<day>\d{1,2})\.\s?(?P<month>\d{1,2})\.\s?(?P<year>\d{4})(?![\w.:])")
_SLASHED = re.compile(r"(?P<one>\d{1,2})/(?P<two>\d{1,2})(?:/(?P<year>\d{4}))?(?![\w/])")
_YEAR = r"(?:,?\s(?P<year>\d{4})(?![\w:]))?"
_DAY_MONTH = re.compile(
    rf"(?:the )?(?P<day>\d{{1,2}})(?:st|nd|rd|th|\.)?\s?(?:of )?(?P<name>{_MONTH})\b\.?{_YEAR}"
)
_MONTH_DAY = re.compile(
    rf"(?P<name>{_MONTH})\b\.?\s(?:the )?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?![\w:]|\.\d|\s?[ap]m){_YEAR}"
)
_NEAR_DAYS = {"today": 0, "tomorrow": 1}
_AFTER_TOMORROW = re.compile(r"(?:the )?day after tomorrow\b")
_COMING = re.compile(r"(?:next|this|coming|the next|this coming)\s")
_NEXT_WEEK = re.compile(r"next week\b")
_NEXT_MONTH = re.compile(r"next month\b")

_ORDINAL = re.compile(r"(?P<number>\d{1,2})(?:st|nd|rd|th)\b")
_COUNT = re.compile(r"\d{1,4}(?![\d:.]*\d)")
_HALF_HOUR = re.compile(r"half (?:an |a )?hours?\b")
_UNITS = {
    name: unit
    for unit, names in {
        "minute": "m min mins minute minutes",
        "hour": "h hr hrs hour hours",
        "day": "d day days",
        "week": "w wk wks week weeks",
        "fortnight": "fortnight fortnights",
        "month": "month months",
        "year": "y yr yrs year years",
    }.items()
    for name in names.split()
}
WORDS = frozenset(
    {*_MONTH_NAMES, *_WEEKDAY_NAMES, *_DAY_GROUPS, *NUMBERS, *ORDINALS, *_UNITS, *_NAMED_TIMES, *_NEAR_DAYS}
)

_Part = TypeVar("_Part")


class Day(NamedTuple):
    """A day of the year as written, with or without the year."""

    month: int
    day: int
    year: int | None = None

    def on_or_after(self, day: date) -> date:
        """This date, or without a year the first such date from `day` on."""
        if self.year is not None:
            return date(self.year, self.month, self.day)
        for year in range(day.year, MAXYEAR):
            if self.day <= monthrange(year, self.month)[1]:
                found = date(year, self.month, self.day)
                if found >= day:
                    return found
        raise ScheduleError(T("That is too far away."))


def _several(reader: Reader, read: Callable[[Reader], _Part | None], joint: re.Pattern[str]) -> list[_Part]:
    """All parts that stand one after the other, each after the first behind a joint."""
    found: list[_Part] = []
    end = reader.at
    while (part := read(reader)) is not None:
        found.append(part)
        end = reader.at
        if not reader.take(joint):
            break
    reader.at = end
    return found


def read_times(reader: Reader) -> tuple[time, ...] | None:
    """One or several times of day: `9am and 4pm`, `at 9`, `16h30`. A bare hour needs `at` before it."""
    begin = reader.at
    bare = reader.take(_AT) is not None
    found = _several(reader, partial(_read_time, bare=bare), _JOINED)
    if not found:
        reader.at = begin
        return None
    halves = any(half for _, _, half in found)
    unclear = next((hour for at, hour, half in found if halves and hour and not half), None)
    if unclear is not None:
        raise ScheduleError(
            T("Is {hour} in the morning or in the evening? Write {hour}am or {hour}pm.", hour=unclear)
        )
    return tuple(at for at, _, _ in found)


def _read_time(reader: Reader, *, bare: bool) -> tuple[time, int | None, bool] | None:
    """The time, the hour if it could be in either half of the day, and whether it says which half."""
    named = reader.take_word(_NAMED_TIMES)
    if named is not None:
        return named, None, False
    begin = reader.at
    match = (reader.take(_FOUR_DIGITS) if bare else None) or reader.take(_CLOCK)
    if match is None:
        return None
    groups = match.groupdict()
    half, minute = groups.get("half"), groups["minute"]
    if not bare and minute is None and half is None and groups.get("oclock") is None:
        reader.at = begin
        return None
    hour, written = int(match["hour"]), match.group().strip()
    if half is not None:
        if not 1 <= hour <= 12:
            raise ScheduleError(T("“{time}” is no time of day. Write 16:00 or 4pm.", time=written))
        hour = hour % 12 + (12 if half == "pm" else 0)
    if hour == 24 and int(minute or 0) == 0:
        raise ScheduleError(
            T("“{time}” is the start of the next day. Write 00:00 and that day.", time=written)
        )
    if hour > 23 or int(minute or 0) > 59:
        raise ScheduleError(T("“{time}” is no time of day. Write 16:00 or 4pm.", time=written))
    either = hour if half is None and minute is None and 1 <= hour <= 12 else None
    return time(hour, int(minute or 0)), either, half is not None


def read_part_of_day(reader: Reader) -> bool | None:
    """False for `morning`, True for `afternoon` and `evening`, None for neither."""
    match = reader.take(_PART_OF_DAY)
    return match["name"] != "morning" if match else None


def in_part_of_day(times: tuple[time, ...], afternoon: bool | None) -> tuple[time, ...]:
    """The times, hours 1 to 11 read as those after noon where that is the part of the day."""
    return tuple(at.replace(hour=at.hour + 12) if afternoon and 0 < at.hour < 12 else at for at in times)


def read_date(reader: Reader, today: date) -> Day | None:
    """A date in any usual notation, or a day named from today. Raises for one that does not exist."""
    if match := reader.take(_ISO) or reader.take(_DOTTED):
        return _checked(int(match["day"]), int(match["month"]), int(match["year"]))
    if match := reader.take(_SLASHED):
        return _slashed(int(match["one"]), int(match["two"]), match["year"])
    if match := reader.take(_DAY_MONTH) or reader.take(_MONTH_DAY):
        return _checked(
            int(match["day"]), _MONTH_NAMES[match["name"]], int(match["year"]) if match["year"] else None
        )
    return _named_day(reader, today)


def read_day(reader: Reader, today: date) -> Day | None:
    """A date, or a weekday, which is the next such day after today."""
    day = read_date(reader, today)
    if day is None and (weekday := read_weekday(reader)) is not None:
        return exactly(next_weekday(weekday, today))
    return day


def read_weekday(reader: Reader) -> Weekday | None:
    return reader.take_word(_WEEKDAY_NAMES)


def check_weekday(day: date, weekdays: frozenset[Weekday]) -> None:
    """Raises ScheduleError if the day falls on none of these."""
    if WEEK[day.weekday()] not in weekdays:
        raise ScheduleError(T("The calendar says {date}. Which day do you mean?", date=say_date(day)))


def _named_day(reader: Reader, today: date) -> Day | None:
    if reader.take(_AFTER_TOMORROW):
        return exactly(today + timedelta(days=2))
    if (days := reader.take_word(_NEAR_DAYS)) is not None:
        return exactly(today + timedelta(days=days))
    if reader.take(_NEXT_WEEK):
        return exactly(today + timedelta(days=7 - today.weekday()))
    if reader.take(_NEXT_MONTH):
        return exactly((today.replace(day=1) + timedelta(days=32)).replace(day=1))
    begin = reader.at
    if reader.take(_COMING):
        weekday = read_weekday(reader)
        if weekday is not None:
            return exactly(next_weekday(weekday, today))
        reader.at = begin
    return None


def exactly(day: date) -> Day:
    return Day(day.month, day.day, day.year)


def next_weekday(weekday: Weekday, today: date) -> date:
    """The first such day after today."""
    return today + timedelta(days=(weekday.number - today.weekday() - 1) % 7 + 1)


def _slashed(one: int, two: int, year: str | None) -> Day:
    if 1 <= one <= 12 and 1 <= two <= 12 and one != two:
        raise ScheduleError(
            T(
                "Is that {one} {two_name} or {two} {one_name}? Please write the month as a word.",
                one=one,
                two=two,
                one_name=MONTHS[one - 1],
                two_name=MONTHS[two - 1],
            )
        )
    day, month = (two, one) if two > 12 else (one, two)
    return _checked(day, month, int(year) if year else None)


def _checked(day: int, month: int, year: int | None) -> Day:
    if not 1 <= month <= 12:
        raise ScheduleError(T("There are twelve months, and {month} is none of them.", month=month))
    longest = monthrange(2000, month)[1]
    if not 1 <= day <= longest:
        raise ScheduleError(T("There is no {day} {month}.", day=day, month=MONTHS[month - 1]))
    if year is not None:
        if not 1970 <= year <= LAST_DAY.year:
            raise ScheduleError(T("The year {year} is too far away.", year=str(year)))
        if day > monthrange(year, month)[1]:
            raise ScheduleError(
                T("There is no {day} {month} in {year}.", day=day, month=MONTHS[month - 1], year=str(year))
            )
    return Day(month, day, year)


def read_weekdays(reader: Reader) -> frozenset[Weekday] | None:
    """One or several weekdays: `Tue and Thu`, `Monday to Friday`, `weekends`."""
    return frozenset().union(*_several(reader, _read_weekday_range, _AND)) or None


def _read_weekday_range(reader: Reader) -> frozenset[Weekday] | None:
    if reader.take(_WORKING_DAYS):
        return _WORKING
    if (group := reader.take_word(_DAY_GROUPS)) is not None:
        return group
    first = read_weekday(reader)
    if first is None:
        return None
    reader.take(_ABBREVIATION_DOT)
    after = reader.at
    last = read_weekday(reader) if reader.take(_TO) else None
    if last is None:
        reader.at = after
        return frozenset({first})
    reader.take(_ABBREVIATION_DOT)
    length = (last.number - first.number) % 7 + 1
    return frozenset(WEEK[(first.number + i) % 7] for i in range(length))


def read_ordinals(reader: Reader) -> frozenset[int] | None:
    """One or several of `first`, `3rd`, `last`."""
    return frozenset(_several(reader, _read_ordinal, _AND)) or None


def _read_ordinal(reader: Reader) -> int | None:
    named = reader.take_word(ORDINALS)
    if named is not None:
        return named
    match = reader.take(_ORDINAL)
    return int(match["number"]) if match else None


def read_length(reader: Reader) -> tuple[int, str] | None:
    """A number of minutes, hours, days, weeks, months or years: `2 days`, `half an hour`, `a week`."""
    begin = reader.at
    if reader.take(_HALF_HOUR):
        return 30, "minute"
    match = reader.take(_COUNT)
    count = int(match.group()) if match else reader.take_word(NUMBERS)
    unit = reader.take_word(_UNITS) if count is not None else None
    if count is None or unit is None:
        reader.at = begin
        return None
    return in_weeks(count, unit)


def in_weeks(count: int, unit: str) -> tuple[int, str]:
    """The same length, fortnights as weeks."""
    return (2 * count, "week") if unit == "fortnight" else (count, unit)


def read_unit(reader: Reader) -> str | None:
    """A unit by its full or short name, in the singular or plural; fortnights come as `fortnight`."""
    return reader.take_word(_UNITS)
