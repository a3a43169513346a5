"""Makes one rule of what a text says, or asks for the part that is missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.grammar import phrases
from bot.grammar.describe import ORDINALS, describe
from bot.grammar.phrases import Day
from bot.grammar.reading import ScheduleError
from bot.model.rules import (
    LAST,
    MIN_MINUTES,
    WEEK,
    Daily,
    Interval,
    MonthDays,
    MonthWeekdays,
    Once,
    Recurring,
    Rule,
    Weekday,
    Weekly,
    instant,
    local,
    next_after,
)
from bot.model.text import T


@dataclass(slots=True)
class Found:
    """What a text says, each part at most once."""

    times: tuple[time, ...] | None = None
    weekdays: frozenset[Weekday] | None = None
    nths: frozenset[int] | None = None
    month_days: frozenset[int] | None = None
    every: tuple[int, str] | None = None
    day: Day | None = None
    moment: datetime | None = None
    start: Day | None = None
    afternoon: bool | None = None
    repeats: bool = False
    of_the_month: bool = False
    once: bool = False


@dataclass(slots=True)
class Meaning:
    """Makes one rule of the parts, or asks for the one that is missing."""

    found: Found
    now_ms: int
    zone: ZoneInfo

    def rule(self) -> Rule:
        found = self.found
        if found.moment is not None:
            return self._moment(found.moment)
        count, unit = found.every or (1, None)
        if unit in ("minute", "hour"):
            return self._interval(count, unit)
        if found.day is not None:
            return self._dated(found.day, count, unit)
        if found.once and found.weekdays and not found.nths and not found.repeats:
            return self._next_weekday(found.weekdays)
        if found.nths is not None:
            return self._nth(found.nths, count, unit)
        if found.month_days is not None:
            return self._month_days(found.month_days, count, unit)
        if found.weekdays is not None:
            return self._weekly(found.weekdays, count, unit)
        return self._bare(count, unit)

    def _moment(self, moment: datetime) -> Once:
        found = self.found
        if found.times or found.weekdays or found.every or found.day or found.month_days:
            raise ScheduleError(T("That says when in two ways. Please choose one."))
        whole = moment.replace(second=0, microsecond=0)
        return Once(whole if whole == moment else whole + timedelta(minutes=1))

    def _interval(self, count: int, unit: str) -> Interval:
        found = self.found
        if (
            found.times
            or found.weekdays
            or found.day
            or found.month_days
            or found.start
            or found.of_the_month
        ):
            raise ScheduleError(
                T("Hours and minutes count from midnight, every day. For certain days, name the times."),
                ("weekdays at 9:00, 12:00 and 15:00", "every 3 hours"),
            )
        minutes = count * 60 if unit == "hour" else count
        if minutes < MIN_MINUTES:
            raise ScheduleError(
                T("That is too often: a community would hear nothing else."),
                ("every 15 minutes", "every hour"),
            )
        if minutes > 24 * 60:
            raise ScheduleError(T("For more than a day, say it in days."), ("every 3 days at 8:30",))
        return Interval(minutes)

    def _dated(self, day: Day, count: int, unit: str | None) -> Rule:
        found, today = self.found, local(self.now_ms, self.zone).date()
        if found.nths or found.month_days or found.of_the_month or unit in ("day", "week", "month"):
            raise ScheduleError(T("That says when in two ways. Please choose one."))
        if unit == "year" or found.repeats:
            first = day._replace(year=None).on_or_after(self._start() or today)
            return self._yearly(first, count)
        if found.start:
            raise ScheduleError(T("That says when in two ways. Please choose one."))
        times = self._times(lambda times: Once(datetime.combine(day.on_or_after(today), times[0])))
        if len(times) > 1:
            raise ScheduleError(T("One date takes one time. Please make a schedule for each."))
        moment = datetime.combine(day.on_or_after(today), times[0])
        if instant(moment, self.zone) <= self.now_ms:
            moment = datetime.combine(day.on_or_after(today + timedelta(days=1)), times[0])
        if found.weekdays is not None:
            phrases.check_weekday(moment.date(), found.weekdays)
        return Once(moment)

    def _yearly(self, first: date, count: int) -> MonthDays:
        if self.found.weekdays:
            raise ScheduleError(T("A date falls on another weekday each year. Please leave the weekday out."))
        days = frozenset({first.day})
        times = self._times(lambda times: MonthDays(times=times, days=days, every=12, start=first))
        if not 1 <= count <= MonthDays.max_every // 12:
            raise ScheduleError(
                T("Every how many? Between 1 and {most} works.", most=MonthDays.max_every // 12)
            )
        return MonthDays(times=times, days=days, every=12 * count, start=first)

    def _next_weekday(self, weekdays: frozenset[Weekday]) -> Once:
        times = self._times(lambda times: Weekly(times=times, days=weekdays))
        first = next_after(Weekly(times=times, days=weekdays), self.zone, self.now_ms)
        assert first is not None
        return Once(first.local)

    def _nth(self, nths: frozenset[int], count: int, unit: str | None) -> Rule:
        found, weekdays = self.found, self.found.weekdays or frozenset()
        outside = nths - set(range(1, 6)) - {LAST}
        if outside:
            raise ScheduleError(T("No month has that many weeks."), ("last Friday of the month at 17:00",))
        if found.month_days or unit not in (None, "month", "year"):
            raise ScheduleError(T("That says which days in two ways. Please choose one."))
        if unit == "year":
            raise ScheduleError(
                T("In which month? A date works for every year."), ("every year on 24 December at 18:00",)
            )
        if found.repeats and not found.of_the_month and unit is None and nths <= {2, 3, 4, 5}:
            nth, name = min(nths), next(day.value.capitalize() for day in WEEK if day in weekdays)
            word = next(word for word, number in ORDINALS.items() if number == nth)
            raise ScheduleError(
                T("That can mean two things."),
                (f"every {nth} weeks on {name} at 10:00", f"{word} {name} of the month at 10:00"),
            )
        return self._counted(lambda times: MonthWeekdays(times=times, nths=nths, days=weekdays), count)

    def _month_days(self, days: frozenset[int], count: int, unit: str | None) -> Rule:
        if self.found.weekdays or unit not in (None, "month", "year"):
            raise ScheduleError(T("That says which days in two ways. Please choose one."))
        if unit == "year":
            raise ScheduleError(T("In which month?"), ("every year on 24 December at 18:00",))
        return self._counted(lambda times: MonthDays(times=times, days=days), count)

    def _weekly(self, days: frozenset[Weekday], count: int, unit: str | None) -> Rule:
        if unit in ("month", "year") or self.found.of_the_month:
            name = next(day.value.capitalize() for day in WEEK if day in days)
            raise ScheduleError(
                T("Which {weekday} of the month?", weekday=name),
                (f"first {name} of the month at 10:00", f"last {name} of the month at 10:00"),
            )
        if unit == "day" and count > 1:
            raise ScheduleError(T("That says which days in two ways. Please choose one."))
        return self._counted(lambda times: Weekly(times=times, days=days), count)

    def _bare(self, count: int, unit: str | None) -> Rule:
        """Only a unit, a time, or neither."""
        found = self.found
        if unit == "day" or (found.repeats and found.afternoon is not None):
            return self._counted(lambda times: Daily(times=times), count)
        time_said = f"{found.times[0]:%H:%M}" if found.times else "10:00"
        if unit == "week":
            each = f"every {count} weeks" if count > 1 else "every week"
            raise ScheduleError(T("On which day of the week?"), (f"{each} on Tuesday at {time_said}",))
        if unit == "month" or found.of_the_month:
            raise ScheduleError(
                T("On which day of the month?"),
                (f"on the 15th of every month at {time_said}", f"first Monday of the month at {time_said}"),
            )
        if unit == "year":
            raise ScheduleError(T("On which date?"), (f"every year on 24 December at {time_said}",))
        raise ScheduleError(
            T("On which days?"),
            (f"every day at {time_said}", f"weekdays at {time_said}", f"every Friday at {time_said}"),
        )

    def _counted(self, make: Callable[[tuple[time, ...]], Recurring], count: int) -> Recurring:
        """The rule made, every `count` of its unit, beginning at the start or with its next occurrence."""

        def whole(times: tuple[time, ...]) -> Recurring:
            rule = make(times)
            if not 1 <= count <= rule.max_every:
                raise ScheduleError(T("Every how many? Between 1 and {most} works.", most=rule.max_every))
            start = self._start()
            if start is None and count > 1:
                first = next_after(rule, self.zone, self.now_ms)
                assert first is not None
                start = first.local.date()
            return replace(rule, every=count, start=start)

        return whole(self._times(whole))

    def _start(self) -> date | None:
        start = self.found.start
        return start.on_or_after(local(self.now_ms, self.zone).date()) if start else None

    def _times(self, make: Callable[[tuple[time, ...]], Rule]) -> tuple[time, ...]:
        found = self.found
        if found.times is not None:
            return phrases.in_part_of_day(found.times, found.afternoon)
        without_start = (describe(make((at,))).partition(", starting")[0] for at in (time(16), time(9)))
        raise ScheduleError(T("At what time?"), tuple(without_start))
