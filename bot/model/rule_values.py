"""Checks the values that schedule rules are made of, and reads them from stored JSON."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any

FIRST_DAY = date(1970, 1, 2)
LAST_DAY = date(2199, 12, 31)
"""No rule occurs after this day."""
MAX_TIMES = 24
"""The most times a day that one rule may hold."""


class RuleError(ValueError):
    """A rule that makes no sense; the text says why."""


class Weekday(StrEnum):
    """A day of the week by its name, so that no reader has to know where a week starts."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"

    @property
    def number(self) -> int:
        """Monday is 0, as in `date.weekday()`."""
        return WEEK.index(self)


WEEK: tuple[Weekday, ...] = tuple(Weekday)


class Fields:
    """Reads stored values, naming the one that is wrong and remembering which were asked for."""

    def __init__(self, data: object) -> None:
        if not isinstance(data, Mapping):
            raise RuleError("a rule must be an object")
        self._data: Mapping[Any, Any] = data
        self._read: set[str] = set()

    def unread(self) -> set[str]:
        return {str(key) for key in self._data} - self._read

    def text(self, name: str) -> str:
        value = self._value(name)
        if not isinstance(value, str):
            raise RuleError(f"{name} must be text")
        return value

    def number(self, name: str) -> int:
        return _number(name, self._value(name))

    def numbers(self, name: str) -> frozenset[int]:
        return frozenset(_number(name, value) for value in self._list(name))

    def moment(self, name: str) -> datetime:
        text = self.text(name)
        try:
            return datetime.fromisoformat(text)
        except ValueError as error:
            raise RuleError(f"{name} must be a date and time") from error

    def day(self, name: str) -> date | None:
        if self._value(name) is None:
            return None
        text = self.text(name)
        try:
            return date.fromisoformat(text)
        except ValueError as error:
            raise RuleError(f"{name} must be a date") from error

    def times(self) -> tuple[time, ...]:
        values = self._list("times")
        try:
            return tuple(time.fromisoformat(value) for value in values)
        except (TypeError, ValueError) as error:
            raise RuleError("times must be times of day") from error

    def weekdays(self) -> frozenset[Weekday]:
        values = self._list("days")
        try:
            return frozenset(Weekday(value) for value in values)
        except ValueError as error:
            raise RuleError("days must be names of weekdays") from error

    def _list(self, name: str) -> list[Any]:
        value = self._value(name)
        if not isinstance(value, list):
            raise RuleError(f"{name} must be a list")
        return value

    def _value(self, name: str) -> Any:
        self._read.add(name)
        if name not in self._data:
            raise RuleError(f"{name} is missing")
        return self._data[name]


def _number(name: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise RuleError(f"{name} must be a whole number")
    return value


def require(holds: bool, message: str) -> None:
    if not holds:
        raise RuleError(message)


def check_range(value: int, low: int, high: int, name: str) -> None:
    require(low <= value <= high, f"{name} must be {low} to {high}")


def check_day(day: date) -> None:
    require(FIRST_DAY <= day <= LAST_DAY, f"the date must be in {FIRST_DAY:%Y} to {LAST_DAY:%Y}")


def check_times(times: tuple[time, ...]) -> tuple[time, ...]:
    require(0 < len(times) <= MAX_TIMES, f"a rule has 1 to {MAX_TIMES} times a day")
    for at in times:
        require(at.tzinfo is None, "a time of day must be a local one, without a zone")
        require(not at.second and not at.microsecond, "a time of day is to the minute")
    return tuple(sorted({at.replace(fold=0) for at in times}))


def check_weekdays(days: frozenset[Weekday]) -> frozenset[Weekday]:
    require(bool(days), "at least one weekday is needed")
    return frozenset(Weekday(day) for day in days)
