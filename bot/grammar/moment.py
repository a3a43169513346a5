"""People's text to one moment or date: `18:00`, `tomorrow 9am`, `2 days`, `Friday`, `24 December`."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.grammar import phrases
from bot.grammar.describe import say_date
from bot.grammar.reading import Reader, ScheduleError, tidy
from bot.model.rules import LAST_DAY, WEEK, instant, local
from bot.model.text import T

MOMENTS = ("tomorrow at 9:00", "in 2 hours", "Friday", "24 December at 18:00")
DATES = ("24 December", "2026-12-24", "tomorrow", "Friday")

_PASSING = {"minute": 60_000, "hour": 3_600_000}
_INTO = re.compile(r"(?:until|till|to|by|for|in)\b\s*")
_JOINT = re.compile(r"(?:,|and\b)\s*")
_BETWEEN = re.compile(r"(?:,|-|on\b)\s*")


def parse_moment(text: str, now_ms: int, zone: ZoneInfo) -> int:
    """The UTC ms that a text means, always after `now_ms`.

    A time alone is the next such time, a date alone the start of that day, a weekday the next one. Days
    and longer keep the time of day; hours and minutes are counted as they pass. Raises ScheduleError.
    """
    tidied = tidy(text, MOMENTS)
    try:
        moment = _moment(tidied, now_ms, zone)
    except ScheduleError as error:
        raise ScheduleError(error.reason, error.examples or MOMENTS) from None
    if moment <= now_ms:
        shown = local(moment, zone)
        raise ScheduleError(
            T("{when} has passed.", when=f"{say_date(shown.date())}, {shown:%H:%M},"), MOMENTS
        )
    return moment


def parse_date(text: str, now_ms: int, zone: ZoneInfo) -> date:
    """The local date that a text means. Without a year it is the next one, today counting; with one it may
    be past. Raises ScheduleError.
    """
    tidied = tidy(text, DATES)
    today = local(now_ms, zone).date()
    try:
        reader = Reader(tidied)
        length = _length(reader)
        if length is not None and not any(unit in _PASSING for _, unit in length):
            return _after(datetime.combine(today, time()), length).date()
        day = phrases.read_day(reader, today)
        if day is None or not reader.done:
            raise reader.not_understood()
        return day.on_or_after(today)
    except ScheduleError as error:
        raise ScheduleError(error.reason, error.examples or DATES) from None


def later(now: datetime, count: int, unit: str) -> datetime:
    """A local time some units later, as the calendar counts them; the 31st becomes the month's last day."""
    try:
        if unit in ("month", "year"):
            months = now.year * 12 + now.month - 1 + count * (12 if unit == "year" else 1)
            year, month = divmod(months, 12)
            moment = now.replace(year=year, month=month + 1, day=min(now.day, monthrange(year, month + 1)[1]))
        else:
            moment = now + timedelta(**{f"{unit}s": count})
    except (OverflowError, ValueError):
        raise ScheduleError(T("That is too far away.")) from None
    if moment.date() > LAST_DAY:
        raise ScheduleError(T("That is too far away."))
    return moment


def _moment(text: str, now_ms: int, zone: ZoneInfo) -> int:
    reader, now = Reader(text), local(now_ms, zone)
    length = _length(reader)
    if length is None:
        return _day_and_time(reader, now.date(), now_ms, zone)
    by_calendar = [(count, unit) for count, unit in length if unit not in _PASSING]
    begin = instant(_after(now, by_calendar), zone) if by_calendar else now_ms
    moment = begin + sum(count * _PASSING[unit] for count, unit in length if unit in _PASSING)
    _after(local(begin, zone), [(count, unit) for count, unit in length if unit in _PASSING])
    return moment


def _day_and_time(reader: Reader, today: date, now_ms: int, zone: ZoneInfo) -> int:
    while reader.take(_INTO):
        pass
    times = phrases.read_times(reader)
    afternoon = phrases.read_part_of_day(reader)
    reader.take(_BETWEEN)
    weekday = phrases.read_weekday(reader)
    reader.take(_BETWEEN)
    day = phrases.read_date(reader, today)
    if times is None:
        afternoon = phrases.read_part_of_day(reader)
        reader.take(_BETWEEN)
        times = phrases.read_times(reader)
    if times is not None:
        times = phrases.in_part_of_day(times, phrases.read_part_of_day(reader) or afternoon)
    if not reader.done or (day is None and weekday is None and times is None):
        raise reader.not_understood()
    if times is not None and len(times) > 1:
        raise ScheduleError(T("That is more than one moment."))
    tomorrow = today + timedelta(days=1)
    if day is not None:
        days = [day.on_or_after(today)] if day.year else [day.on_or_after(today), day.on_or_after(tomorrow)]
        if weekday is not None:
            phrases.check_weekday(days[0], frozenset({weekday}))
    elif weekday is not None:
        next_one = phrases.next_weekday(weekday, today)
        days = [today, next_one] if WEEK[today.weekday()] == weekday else [next_one]
    else:
        days = [today, tomorrow]
    moments = [instant(datetime.combine(day, times[0] if times else time()), zone) for day in days]
    return next((moment for moment in moments if moment > now_ms), moments[-1])


def _length(reader: Reader) -> list[tuple[int, str]] | None:
    """All of the text as a length of time (`1 day and 2 hours`), or nothing read."""
    begin = reader.at
    while reader.take(_INTO):
        pass
    lengths = []
    while (length := phrases.read_length(reader)) is not None:
        lengths.append(length)
        reader.take(_JOINT)
    if reader.done and lengths:
        return lengths
    reader.at = begin
    return None


def _after(moment: datetime, lengths: list[tuple[int, str]]) -> datetime:
    for count, unit in lengths:
        moment = later(moment, count, unit)
    return moment
