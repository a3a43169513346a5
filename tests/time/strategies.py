"""Hypothesis strategies for schedule rules."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from hypothesis import strategies as st

from bot.model.rules import LAST, WEEK, Daily, Interval, MonthDays, MonthWeekdays, Once, Rule, Weekly

times = st.lists(st.times().map(lambda at: time(at.hour, at.minute)), min_size=1, max_size=4).map(tuple)
weekdays = st.frozensets(st.sampled_from(WEEK), min_size=1)
month_days = st.frozensets(st.integers(1, 31) | st.just(LAST), min_size=1, max_size=4)
nths = st.frozensets(st.integers(1, 5) | st.just(LAST), min_size=1, max_size=3)


def rules(near: date) -> st.SearchStrategy[Rule]:
    """Rules of every kind whose starts and moments lie within two months of a day."""
    days = st.integers(-60, 60).map(lambda away: near + timedelta(days=away))

    def counted(most: int) -> st.SearchStrategy[tuple[int, date | None]]:
        return st.tuples(st.just(1), st.none() | days) | st.tuples(st.integers(2, most), days)

    return st.one_of(
        st.builds(
            lambda day, at: Once(datetime.combine(day, time(at.hour, at.minute))),
            days,
            st.times(),
        ),
        st.builds(Interval, st.integers(15, 24 * 60)),
        st.builds(lambda t, c: Daily(times=t, every=c[0], start=c[1]), times, counted(9)),
        st.builds(
            lambda t, c, d: Weekly(times=t, every=c[0], start=c[1], days=d), times, counted(5), weekdays
        ),
        st.builds(
            lambda t, c, d: MonthDays(times=t, every=c[0], start=c[1], days=d), times, counted(13), month_days
        ),
        st.builds(
            lambda t, c, n, d: MonthWeekdays(times=t, every=c[0], start=c[1], nths=n, days=d),
            times,
            counted(13),
            nths,
            weekdays,
        ),
    )
