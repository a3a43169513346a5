"""People's text to a schedule rule: `every Friday at 16:00`, `weekdays 9am`, `in 2 hours`."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from bot.grammar import phrases
from bot.grammar.describe import ORDINALS, describe, say_date
from bot.grammar.meaning import Found, Meaning
from bot.grammar.moment import later
from bot.grammar.reading import NotUnderstood, Reader, ScheduleError, tidy
from bot.model.nearest import nearest
from bot.model.rules import LAST, Once, Rule, RuleError, local, next_after
from bot.model.text import T

EXAMPLES = (
    "every Friday at 16:00",
    "weekdays at 9:00 and 16:00",
    "first Monday of the month at 9:00",
    "every 3 hours",
    "every day at noon",
    "every 2 weeks on Tuesday at 10:00",
    "last Friday of the month at 17:00",
    "weekends at 10:00",
    "on the 15th of every month at 9:00",
    "every 3 days at 8:30",
    "every year on 24 December at 18:00",
    "24 December at 18:00",
    "tomorrow at 9:00",
    "in 2 hours",
)
SHOWN_EXAMPLES = 4
"""How many examples follow a refusal at most."""

_EVERY = re.compile(r"(?:(?:once )?(?:every|each)|once (?:a|per))\b\s*")
_OTHER = re.compile(r"other\b\s*")
_NUMBERED = re.compile(r"(?P<number>\d{1,4})(?:st|nd|rd|th)\b\s*")
_OF_THE_MONTH = re.compile(r"(?:(?:of|in) )?(?:the|each|every|a|per) month\b")
_START = re.compile(r"(?:starting|beginning|from|since|as of)\b\s*(?:(?:on|from)\b\s*)?")
_IN = re.compile(r"in\b\s*")
_DAY_WORD = re.compile(r"days?\b")
_DAY_NUMBER = re.compile(r"day (?P<number>\d{1,2})(?![\d:])")
_ONCE = re.compile(r"once\b")
_FILLER = re.compile(r"(?:on|at|the|and|of|@)(?!\w)|[,;&:-]")
_END = re.compile(r"(?:until|till|ending|except|but|unless)\b")
_ZONE = re.compile(r"(?:utc|gmt|z|[cewm]e?s?t|[ecmp][ds]t|bst|ist|jst)\b(?:\s?[+-]\s?\d+(?::\d\d)?)?")
_TWO_MEANINGS = re.compile(r"bi-?(?:weekly|monthly)\b")
_ADVERBS = {
    "hourly": (1, "hour"),
    "daily": (1, "day"),
    "everyday": (1, "day"),
    "weekly": (1, "week"),
    "fortnightly": (2, "week"),
    "monthly": (1, "month"),
    "quarterly": (3, "month"),
    "yearly": (1, "year"),
    "annually": (1, "year"),
}
_WORD = re.compile(r"[a-z]+")
_WORDS = sorted(
    phrases.WORDS
    | set(_ADVERBS)
    | {
        "every",
        "each",
        "other",
        "at",
        "on",
        "morning",
        "evening",
        "the",
        "of",
        "and",
        "to",
        "in",
        "next",
        "this",
        "starting",
    }
)

_SLIP = 0.72
"""How close a word must be to one of these to be read as it: many of them are short, and much alike."""

_Value = TypeVar("_Value")


def parse(text: str, now_ms: int, zone: ZoneInfo) -> Rule:
    """The rule that a text means. Community time and zone settle `tomorrow` and what counts are from.

    Raises ScheduleError for text that is not understood, lacks a time, is past, or never comes.
    """
    tidied = tidy(text, EXAMPLES[:SHOWN_EXAMPLES])
    now = local(now_ms, zone)
    try:
        rule = _read(tidied, now, now_ms, zone)
    except NotUnderstood as error:
        raise ScheduleError(error.reason, _nearest(tidied, now, now_ms, zone)) from None
    except RuleError as error:
        raise ScheduleError(
            T("That makes no schedule: {why}.", why=str(error)), EXAMPLES[:SHOWN_EXAMPLES]
        ) from None
    if next_after(rule, zone, now_ms) is None:
        raise ScheduleError(T("{when} has passed.", when=_moment(rule)), _later_instead(rule, now_ms, zone))
    return rule


def _read(text: str, now: datetime, now_ms: int, zone: ZoneInfo) -> Rule:
    reader, found = Reader(text), Found()
    while not reader.done:
        if not any(phrase(reader, found, now) for phrase in _PHRASES):
            raise reader.not_understood()
    return Meaning(found, now_ms, zone).rule()


def _only(before: _Value | None, value: _Value) -> _Value:
    if before is not None:
        raise ScheduleError(T("That is more than one schedule can hold. Please make one for each part."))
    return value


def _start_phrase(reader: Reader, found: Found, now: datetime) -> bool:
    if not reader.take(_START):
        return False
    day = phrases.read_day(reader, now.date())
    if day is None:
        if reader.done:
            raise ScheduleError(T("From which day on?"), ("every Friday at 16:00, starting 24 December",))
        raise reader.not_understood()
    found.start = _only(found.start, day)
    return True


def _in_phrase(reader: Reader, found: Found, now: datetime) -> bool:
    begin = reader.at
    length = phrases.read_length(reader) if reader.take(_IN) else None
    if length is None:
        reader.at = begin
        return False
    count, unit = length
    if unit in ("minute", "hour"):
        found.moment = _only(found.moment, now + timedelta(**{f"{unit}s": count}))
    else:
        found.day = _only(found.day, phrases.exactly(later(now, count, unit).date()))
    return True


def _every_phrase(reader: Reader, found: Found, now: datetime) -> bool:
    adverb = reader.take_word(_ADVERBS)
    if adverb is not None:
        found.every = _only(found.every, adverb)
        return True
    if not reader.take(_EVERY):
        return False
    found.repeats = True
    begin = reader.at
    if reader.take(_OTHER):
        unit = phrases.read_unit(reader)
        found.every = _only(found.every, phrases.in_weeks(2, unit or "week"))
        return True
    length = phrases.read_length(reader)
    if length is None:
        count = _ordinal_count(reader)
        unit = phrases.read_unit(reader)
        length = (count, unit) if unit is not None else None
    if length is None:
        reader.at = begin
    else:
        found.every = _only(found.every, phrases.in_weeks(*length))
    return True


def _ordinal_count(reader: Reader) -> int:
    match = reader.take(_NUMBERED)
    if match:
        return int(match["number"])
    nth = reader.take_word(ORDINALS)
    return nth if nth is not None and nth != LAST else 1


def _date_phrase(reader: Reader, found: Found, now: datetime) -> bool:
    day = phrases.read_date(reader, now.date())
    if day is not None:
        found.day = _only(found.day, day)
    return day is not None


def _ordinal_phrase(reader: Reader, found: Found, now: datetime) -> bool:
    numbered = reader.take(_DAY_NUMBER)
    ordinals = frozenset({int(numbered["number"])}) if numbered else phrases.read_ordinals(reader)
    if ordinals is None:
        return False
    weekdays = None if numbered else phrases.read_weekdays(reader)
    if weekdays is not None:
        found.nths, found.weekdays = _only(found.nths, ordinals), _only(found.weekdays, weekdays)
        return True
    if not reader.take(_DAY_WORD) and LAST in ordinals:
        following = _WORD.match(reader.text, reader.at)
        if following and following.group() not in _WORDS:
            raise reader.not_understood()
        raise ScheduleError(
            T("The last what? A weekday, or the last day?"), ("last Friday of the month at 17:00",)
        )
    outside = ordinals - set(range(1, 32)) - {LAST}
    if outside:
        raise ScheduleError(T("No month has a day {day}.", day=min(outside)))
    found.month_days = _only(found.month_days, ordinals)
    return True


def _month_phrase(reader: Reader, found: Found, now: datetime) -> bool:
    if not reader.take(_OF_THE_MONTH):
        return False
    found.of_the_month = True
    return True


def _weekday_phrase(reader: Reader, found: Found, now: datetime) -> bool:
    weekdays = phrases.read_weekdays(reader)
    if weekdays is not None:
        found.weekdays = _only(found.weekdays, weekdays)
    return weekdays is not None


def _time_phrase(reader: Reader, found: Found, now: datetime) -> bool:
    times = phrases.read_times(reader)
    if times is not None:
        found.times = _only(found.times, times)
    return times is not None


def _part_of_day_phrase(reader: Reader, found: Found, now: datetime) -> bool:
    afternoon = phrases.read_part_of_day(reader)
    if afternoon is not None:
        found.afternoon = _only(found.afternoon, afternoon)
    return afternoon is not None


def _other_phrase(reader: Reader, found: Found, now: datetime) -> bool:
    if reader.take(_ONCE):
        found.once = True
        return True
    if reader.take(_ZONE):
        raise ScheduleError(T("Times are in this community’s time zone. Please leave the zone out."))
    if reader.take(_TWO_MEANINGS):
        raise ScheduleError(
            T("That can mean two things."),
            ("every 2 weeks on Tuesday at 10:00", "Tuesday and Thursday at 10:00"),
        )
    if reader.take(_END):
        raise ScheduleError(T("A schedule goes on until you change it, and names only the days it runs."))
    return reader.take(_FILLER) is not None


_PHRASES: tuple[Callable[[Reader, Found, datetime], bool], ...] = (
    _start_phrase,
    _in_phrase,
    _month_phrase,
    _every_phrase,
    _date_phrase,
    _ordinal_phrase,
    _weekday_phrase,
    _time_phrase,
    _part_of_day_phrase,
    _other_phrase,
)


def _moment(rule: Rule) -> str:
    assert isinstance(rule, Once)
    return f"{say_date(rule.at.date())}, {rule.at:%H:%M},"


def _later_instead(rule: Rule, now_ms: int, zone: ZoneInfo) -> tuple[str, ...]:
    assert isinstance(rule, Once)
    tomorrow = local(now_ms, zone) + timedelta(days=1)
    return (f"tomorrow at {rule.at:%H:%M}", f"{say_date(tomorrow.date(), weekday=False)} at {rule.at:%H:%M}")


def _nearest(text: str, now: datetime, now_ms: int, zone: ZoneInfo) -> tuple[str, ...]:
    """Examples: first what the text says once its typing slips are mended, then the most similar."""

    def mended(match: re.Match[str]) -> str:
        word = match.group()
        return word if word in _WORDS else nearest(word, _WORDS, _SLIP) or word

    guess = _WORD.sub(mended, text)
    meant: tuple[str, ...] = ()
    if guess != text:
        try:
            meant = (describe(_read(guess, now, now_ms, zone)),)
        except ScheduleError as error:
            meant = error.examples[:1]
        except RuleError:
            meant = ()
    said = set(_WORD.findall(guess))
    similar = sorted(EXAMPLES, key=lambda example: -len(said & set(_WORD.findall(example.lower()))))
    return tuple(dict.fromkeys((*meant, *similar)))[:SHOWN_EXAMPLES]
