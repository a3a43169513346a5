"""Schedule rules and their occurrences: when something recurs, in people's local time.

A rule knows only local dates and times; a zone turns them into instants. An occurrence is its local
date and time, without fold, and comes once: where clocks go back it runs the first time that time is
shown, where clocks skip it, at the moment they jump. Occurrences that meet at that moment count as one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any, ClassVar, NamedTuple, TypedDict
from zoneinfo import ZoneInfo

from bot.model.rule_values import (
    LAST_DAY,
    WEEK,
    Fields,
    RuleError,
    Weekday,
    check_day,
    check_range,
    check_times,
    check_weekdays,
    require,
)

__all__ = [
    "KINDS",
    "LAST",
    "LAST_DAY",
    "MIN_MINUTES",
    "WEEK",
    "Daily",
    "Interval",
    "MonthDays",
    "MonthWeekdays",
    "Occurrence",
    "Once",
    "Recurring",
    "Rule",
    "RuleError",
    "Weekday",
    "Weekly",
    "from_dict",
    "instant",
    "local",
    "next_after",
    "occurrences",
    "upcoming",
]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MIN_MINUTES = 15
"""The shortest interval: more often than this is noise in a channel."""
DAY_MINUTES = 24 * 60
LAST = -1
"""Stands for the last day, or the last such weekday, of a month."""


class Occurrence(NamedTuple):
    """One time a rule comes due. `local` is unique within a schedule; `at` is its instant, UTC ms."""

    at: int
    local: datetime

    @property
    def key(self) -> str:
        """The local date and time as text, `2026-11-27T16:00`."""
        return self.local.isoformat(timespec="minutes")


@dataclass(frozen=True, slots=True)
class Rule(ABC):
    """When something is due. The kinds below are the only ones."""

    kind: ClassVar[str]

    @abstractmethod
    def walls(self, first: date) -> Iterator[datetime]:
        """Local dates and times in order, from the day `first` on."""

    @abstractmethod
    def _fields(self) -> dict[str, Any]: ...

    @classmethod
    @abstractmethod
    def _read(cls, fields: Fields) -> Rule: ...

    def to_dict(self) -> dict[str, Any]:
        """The rule as plain JSON values, for `from_dict`."""
        return {"kind": self.kind, **self._fields()}


@dataclass(frozen=True, slots=True)
class Once(Rule):
    """A single local date and time, to the minute."""

    kind: ClassVar[str] = "once"
    at: datetime

    def __post_init__(self) -> None:
        require(self.at.tzinfo is None, "the moment must be a local one, without a zone")
        _set(self, "at", self.at.replace(second=0, microsecond=0, fold=0))
        check_day(self.at.date())

    def walls(self, first: date) -> Iterator[datetime]:
        if self.at.date() >= first:
            yield self.at

    def _fields(self) -> dict[str, Any]:
        return {"at": self.at.isoformat(timespec="minutes")}

    @classmethod
    def _read(cls, fields: Fields) -> Once:
        return cls(fields.moment("at"))


@dataclass(frozen=True, slots=True)
class Interval(Rule):
    """Every so many minutes of the local day, counted from midnight and beginning anew each midnight.

    Where an hour is shown twice, its times come once; the pause is then an hour longer.
    """

    kind: ClassVar[str] = "interval"
    minutes: int

    def __post_init__(self) -> None:
        check_range(self.minutes, MIN_MINUTES, DAY_MINUTES, "minutes")

    def walls(self, first: date) -> Iterator[datetime]:
        for day in _days(first, 1):
            midnight = datetime.combine(day, time())
            for minute in range(0, DAY_MINUTES, self.minutes):
                yield midnight + timedelta(minutes=minute)

    def _fields(self) -> dict[str, Any]:
        return {"minutes": self.minutes}

    @classmethod
    def _read(cls, fields: Fields) -> Interval:
        return cls(fields.number("minutes"))


class _Times(TypedDict):
    times: tuple[time, ...]
    every: int
    start: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurring(Rule):
    """What comes on certain days at certain times.

    `every` counts days, weeks or months, as the kind says. `start` is the first day on which the rule
    may occur and the one its count begins with; it is needed where `every` is over one, and moved to
    the first day that fits.
    """

    max_every: ClassVar[int]
    times: tuple[time, ...]
    every: int = 1
    start: date | None = None

    def __post_init__(self) -> None:
        _set(self, "times", check_times(self.times))
        check_range(self.every, 1, self.max_every, "every")
        require(self.start is not None or self.every == 1, "every needs a day to count from")
        if self.start is not None:
            check_day(self.start)
            _set(self, "start", next(self._matches(self.start), None))
            require(self.start is not None, f"nothing fits before {LAST_DAY:%Y}")

    @abstractmethod
    def _matches(self, first: date) -> Iterator[date]:
        """Days that fit from `first` on, whatever `every` says."""

    @abstractmethod
    def _dates(self, first: date) -> Iterator[date]:
        """Days from `first` on, `every` counted from the start (or from `first`, if there is none)."""

    def walls(self, first: date) -> Iterator[datetime]:
        for day in self._dates(max(first, self.start or first)):
            for at in self.times:
                yield datetime.combine(day, at)

    def _fields(self) -> dict[str, Any]:
        return {
            "times": [at.isoformat(timespec="minutes") for at in self.times],
            "every": self.every,
            "start": self.start and self.start.isoformat(),
        }

    @staticmethod
    def _read_times(fields: Fields) -> _Times:
        return {"times": fields.times(), "every": fields.number("every"), "start": fields.day("start")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Daily(Recurring):
    """Every `every` days."""

    kind: ClassVar[str] = "daily"
    max_every: ClassVar[int] = 366

    def _matches(self, first: date) -> Iterator[date]:
        return _days(first, 1)

    def _dates(self, first: date) -> Iterator[date]:
        skip = (self.start - first).days % self.every if self.start else 0
        return _days(first + timedelta(days=skip), self.every)

    @classmethod
    def _read(cls, fields: Fields) -> Daily:
        return cls(**cls._read_times(fields))


@dataclass(frozen=True, slots=True, kw_only=True)
class Weekly(Recurring):
    """On some weekdays of every `every` weeks. A week begins on Monday."""

    kind: ClassVar[str] = "weekly"
    max_every: ClassVar[int] = 104
    days: frozenset[Weekday]

    def __post_init__(self) -> None:
        _set(self, "days", check_weekdays(self.days))
        # super() has no cell in a slots dataclass
        Recurring.__post_init__(self)

    def _matches(self, first: date) -> Iterator[date]:
        return self._weeks(_monday(first), 1, first)

    def _dates(self, first: date) -> Iterator[date]:
        monday = _monday(first)
        weeks = (_monday(self.start) - monday).days // 7 % self.every if self.start else 0
        return self._weeks(monday + timedelta(weeks=weeks), self.every, first)

    def _weeks(self, monday: date, every: int, first: date) -> Iterator[date]:
        numbers = sorted(day.number for day in self.days)
        for week in _days(monday, 7 * every):
            for number in numbers:
                day = week + timedelta(days=number)
                if first <= day <= LAST_DAY:
                    yield day

    def _fields(self) -> dict[str, Any]:
        return {"days": _names(self.days), **Recurring._fields(self)}

    @classmethod
    def _read(cls, fields: Fields) -> Weekly:
        return cls(days=fields.weekdays(), **cls._read_times(fields))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Monthly(Recurring):
    """What the two monthly kinds share. A month without the day is passed over, as calendars do."""

    max_every: ClassVar[int] = 120

    @abstractmethod
    def _in_month(self, year: int, month: int) -> set[date]: ...

    def _matches(self, first: date) -> Iterator[date]:
        return self._months(_month(first), 1, first)

    def _dates(self, first: date) -> Iterator[date]:
        month = _month(first)
        skip = (_month(self.start) - month) % self.every if self.start else 0
        return self._months(month + skip, self.every, first)

    def _months(self, month: int, every: int, first: date) -> Iterator[date]:
        for index in range(month, _month(LAST_DAY) + 1, every):
            for day in sorted(self._in_month(index // 12, index % 12 + 1)):
                if day >= first:
                    yield day


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthDays(_Monthly):
    """On days of every `every` months: 1 to 31, or `LAST`.

    The 31st comes seven times a year; who wants the end of every month says `LAST`.
    """

    kind: ClassVar[str] = "month-days"
    days: frozenset[int]

    def __post_init__(self) -> None:
        _set(self, "days", frozenset(self.days))
        require(bool(self.days), "at least one day of the month is needed")
        for day in self.days - {LAST}:
            check_range(day, 1, 31, "day")
        Recurring.__post_init__(self)

    def _in_month(self, year: int, month: int) -> set[date]:
        length = monthrange(year, month)[1]
        return {date(year, month, length if day == LAST else day) for day in self.days if day <= length}

    def _fields(self) -> dict[str, Any]:
        return {"days": sorted(self.days), **Recurring._fields(self)}

    @classmethod
    def _read(cls, fields: Fields) -> MonthDays:
        return cls(days=fields.numbers("days"), **cls._read_times(fields))


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthWeekdays(_Monthly):
    """On the first to fifth, or `LAST`, of some weekdays of every `every` months."""

    kind: ClassVar[str] = "month-weekdays"
    nths: frozenset[int]
    days: frozenset[Weekday]

    def __post_init__(self) -> None:
        _set(self, "nths", frozenset(self.nths))
        require(bool(self.nths), "at least one of first to fifth, or last, is needed")
        for nth in self.nths - {LAST}:
            check_range(nth, 1, 5, "nth")
        _set(self, "days", check_weekdays(self.days))
        Recurring.__post_init__(self)

    def _in_month(self, year: int, month: int) -> set[date]:
        starts_on, length = monthrange(year, month)
        found = set()
        for weekday in self.days:
            first = 1 + (weekday.number - starts_on) % 7
            fitting = range(first, length + 1, 7)
            for nth in self.nths:
                if nth <= len(fitting):
                    found.add(date(year, month, fitting[LAST if nth == LAST else nth - 1]))
        return found

    def _fields(self) -> dict[str, Any]:
        return {"nths": sorted(self.nths), "days": _names(self.days), **Recurring._fields(self)}

    @classmethod
    def _read(cls, fields: Fields) -> MonthWeekdays:
        return cls(nths=fields.numbers("nths"), days=fields.weekdays(), **cls._read_times(fields))


KINDS: dict[str, type[Rule]] = {
    kind.kind: kind for kind in (Once, Interval, Daily, Weekly, MonthDays, MonthWeekdays)
}


def from_dict(data: object) -> Rule:
    """The rule that `to_dict` wrote. Raises `RuleError` for anything else."""
    fields = Fields(data)
    kind = KINDS.get(fields.text("kind"))
    if kind is None:
        raise RuleError(f"kind must be one of {', '.join(KINDS)}")
    rule = kind._read(fields)
    extra = fields.unread()
    require(not extra, f"unknown: {', '.join(sorted(extra))}")
    return rule


def instant(wall: datetime, zone: ZoneInfo) -> int:
    """The UTC ms at which a local time is first shown; inside a gap, the moment clocks jump over it."""
    utc = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if utc.astimezone(zone).replace(tzinfo=None) != wall:
        utc = _gap_end(wall, zone, utc)
    return _ms(utc)


def local(at: int, zone: ZoneInfo) -> datetime:
    """What clocks in the zone show at an instant (UTC ms), without a zone."""
    return (EPOCH + timedelta(milliseconds=at)).astimezone(zone).replace(tzinfo=None)


def occurrences(rule: Rule, zone: ZoneInfo, after: int) -> Iterator[Occurrence]:
    """All that follow the instant `after` (UTC ms, exclusive), in order."""
    after = max(after, 0)
    if after >= _ms(datetime.combine(LAST_DAY, time(), UTC)):
        return
    shown = local(after, zone)
    held: Occurrence | None = None
    for wall in rule.walls(shown.date()):
        if wall < shown:
            continue
        at = instant(wall, zone)
        if at <= after:
            continue
        if held is not None and held.at < at:
            yield held
        held = Occurrence(at, wall)
    if held is not None:
        yield held


def next_after(rule: Rule, zone: ZoneInfo, after: int) -> Occurrence | None:
    """The first occurrence after an instant (UTC ms, exclusive), or None if there is none."""
    return next(occurrences(rule, zone, after), None)


def upcoming(rule: Rule, zone: ZoneInfo, after: int, count: int) -> list[Occurrence]:
    """The next `count` occurrences after an instant (UTC ms, exclusive), or as many as there are."""
    return list(islice(occurrences(rule, zone, after), count))


def _set(rule: Rule, name: str, value: object) -> None:
    object.__setattr__(rule, name, value)


def _names(days: frozenset[Weekday]) -> list[str]:
    return [day.value for day in WEEK if day in days]


def _days(first: date, step: int) -> Iterator[date]:
    return map(date.fromordinal, range(first.toordinal(), LAST_DAY.toordinal() + 1, step))


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _month(day: date) -> int:
    return day.year * 12 + day.month - 1


def _ms(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(milliseconds=1)


def _gap_end(wall: datetime, zone: ZoneInfo, late: datetime) -> datetime:
    """The instant of the jump over `wall`; `late` is `wall` read with the offset from before it."""
    early = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    low, high = 0, (late - early) // timedelta(seconds=1)
    while low + 1 < high:
        middle = (low + high) // 2
        if (early + timedelta(seconds=middle)).astimezone(zone).replace(tzinfo=None) > wall:
            high = middle
        else:
            low = middle
    return early + timedelta(seconds=high)
