"""Occurrences against an oracle that watches the clock, and rules against nonsense."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model.rules import (
    LAST,
    WEEK,
    Daily,
    Interval,
    MonthDays,
    MonthWeekdays,
    Occurrence,
    Once,
    Rule,
    RuleError,
    Weekday,
    Weekly,
    from_dict,
    instant,
    local,
    next_after,
    occurrences,
    upcoming,
)
from tests.time.oracle import distinct_changes, fired, watch
from tests.time.strategies import rules

LONDON = ZoneInfo("Europe/London")
BERLIN = ZoneInfo("Europe/Berlin")


def ms(text: str) -> int:
    """UTC ms of an ISO moment; UTC unless it says otherwise."""
    moment = datetime.fromisoformat(text)
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()) * 1000


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


def found(rule: Rule, zone: ZoneInfo, after: int, until: int) -> list[tuple[int, datetime]]:
    out = []
    for occurrence in occurrences(rule, zone, after):
        if occurrence.at > until:
            break
        out.append((occurrence.at, occurrence.local))
    return out


def shown(rule: Rule, zone: ZoneInfo, after: str, count: int = 3) -> list[str]:
    """The next occurrences as the zone's clock shows them."""
    return [f"{local(o.at, zone):%a %Y-%m-%d %H:%M}" for o in upcoming(rule, zone, ms(after), count)]


def rules_around(middle: datetime) -> Iterator[Rule]:
    """Each kind of rule, due at and around a local time (in steps of 15 minutes)."""
    day = middle.date()
    close = tuple(
        {(middle + timedelta(minutes=m)).time() for m in (-60, -45, -15, 0, 15, 30, 45, 60, 90, 120)}
    )
    inside = ((middle + timedelta(minutes=15)).time(),)
    weekday = WEEK[day.weekday()]
    for minutes in (15, 30, 60, 120, 180, 300, 720, 1440):
        yield Interval(minutes)
    yield Once(middle + timedelta(minutes=15))
    for times in (close, inside):
        yield Daily(times=times)
        yield Daily(times=times, every=3, start=day - timedelta(days=9))
        yield Weekly(times=times, days={weekday})
        yield Weekly(times=times, days=set(WEEK), every=2, start=day - timedelta(days=13))
        yield MonthDays(times=times, days={day.day, LAST})
        yield MonthWeekdays(times=times, nths={(day.day + 6) // 7, LAST}, days={weekday})


def test_every_change_of_every_zones_clock_2026_to_2036() -> None:
    changes = distinct_changes(2026, 2036)
    assert len(changes) > 600
    for (change, before, after), name in changes.items():
        zone = ZoneInfo(name)
        assert before % 15 == after % 15 == 0
        ticks = watch(zone, change - timedelta(days=2), change + timedelta(days=2), 15)
        begin, end = ticks[0][0], ticks[-1][0]
        edge = (change + timedelta(minutes=min(before, after))).replace(tzinfo=None)
        for rule in rules_around(edge):
            expected = fired(rule, ticks, 15)
            assert found(rule, zone, begin, end) == expected, (name, change, rule)
            assert expected or not isinstance(rule, Once)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("Pacific/Apia", "2011-12-30T10:00"),  # a whole day was skipped
        ("Pacific/Kwajalein", "1993-08-21T12:00"),
        ("America/Juneau", "1983-10-30T10:00"),  # two hours back
        ("Antarctica/Troll", "2027-03-28T01:00"),
        ("Australia/Lord_Howe", "2027-04-03T15:00"),
        ("Asia/Pyongyang", "2018-05-04T15:00"),
        ("Europe/Dublin", "2027-10-31T01:00"),
        ("Africa/Casablanca", "2027-02-07T02:00"),
    ],
)
def test_odd_changes(name: str, change: str) -> None:
    zone, at = ZoneInfo(name), datetime.fromisoformat(change).replace(tzinfo=UTC)
    ticks = watch(zone, at - timedelta(days=2), at + timedelta(days=2), 15)
    assert (
        len({shown - datetime.fromtimestamp(at / 1000, UTC).replace(tzinfo=None) for at, shown in ticks}) == 2
    )
    for edge in (at.astimezone(zone), (at - timedelta(minutes=1)).astimezone(zone) + timedelta(minutes=1)):
        for rule in rules_around(edge.replace(tzinfo=None)):
            assert found(rule, zone, ticks[0][0], ticks[-1][0]) == fired(rule, ticks, 15), rule


CHANGES = sorted((change, name) for (change, _, _), name in distinct_changes(2026, 2036).items())


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_any_rule_around_a_change_to_the_minute(data: st.DataObject) -> None:
    change, name = data.draw(st.sampled_from(CHANGES))
    rule = data.draw(rules(change.date()))
    zone = ZoneInfo(name)
    ticks = watch(zone, change - timedelta(hours=30), change + timedelta(hours=30), 1)
    assert found(rule, zone, ticks[0][0], ticks[-1][0]) == fired(rule, ticks, 1)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_rule_over_a_year_by_days(data: st.DataObject) -> None:
    zone = ZoneInfo(
        data.draw(st.sampled_from(["UTC", "Asia/Kolkata", "Pacific/Kiritimati", "America/Los_Angeles"]))
    )
    rule = data.draw(rules(date(2028, 1, 30)).filter(lambda rule: not isinstance(rule, Once | Interval)))
    at_nine = from_dict({**rule.to_dict(), "times": ["09:00"]})
    begin = datetime(2028, 1, 1, tzinfo=UTC)
    ticks = watch(zone, begin, begin + timedelta(days=400), 30)
    assert found(at_nine, zone, ticks[0][0], ticks[-1][0] + 1) == [
        (instant(due, zone), due) for _, due in fired(at_nine, ticks, 30)
    ]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_occurrences_rise_are_unique_and_do_not_depend_on_where_one_looks_from(data: st.DataObject) -> None:
    change, name = data.draw(st.sampled_from(CHANGES))
    rule = data.draw(rules(change.date()))
    zone = ZoneInfo(name)
    after = round(change.timestamp() * 1000) + data.draw(st.integers(-4 * 86_400_000, 86_400_000))
    listed = upcoming(rule, zone, after, 12)
    assert all(one.at < two.at and one.local < two.local for one, two in pairwise(listed))
    assert len({o.key for o in listed}) == len(listed)
    for i, occurrence in enumerate(listed):
        assert occurrence.at > after
        assert next_after(rule, zone, occurrence.at - 1) == occurrence
        if i + 1 < len(listed):
            assert next_after(rule, zone, occurrence.at) == listed[i + 1]


@settings(max_examples=200)
@given(rules(date(2027, 3, 1)))
def test_a_rule_survives_json(rule: Rule) -> None:
    assert from_dict(json.loads(json.dumps(rule.to_dict()))) == rule


def test_an_hour_shown_twice_runs_once_and_a_skipped_one_when_clocks_jump() -> None:
    at_half_one = Daily(times=(time(1, 30),))
    assert upcoming(at_half_one, LONDON, ms("2027-10-30T12:00"), 2) == [
        Occurrence(ms("2027-10-31T01:30+01:00"), wall("2027-10-31T01:30")),
        Occurrence(ms("2027-11-01T01:30"), wall("2027-11-01T01:30")),
    ]
    (gap,) = upcoming(at_half_one, LONDON, ms("2027-03-27T12:00"), 1)
    assert gap == Occurrence(ms("2027-03-28T02:00+01:00"), wall("2027-03-28T01:30"))
    assert gap.key == "2027-03-28T01:30"


def test_every_hour_gives_up_the_one_that_meets_another() -> None:
    (one, two, three) = upcoming(Interval(60), LONDON, ms("2027-03-27T23:30"), 3)
    assert [o.key for o in (one, two, three)] == [
        "2027-03-28T00:00",
        "2027-03-28T02:00",
        "2027-03-28T03:00",
    ]
    assert two.at - one.at == 3_600_000


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (
            MonthDays(times=(time(9),), days={31}),
            ["Thu 2026-12-31 09:00", "Sun 2027-01-31 09:00", "Wed 2027-03-31 09:00"],
        ),
        (
            MonthDays(times=(time(9),), days={LAST}),
            ["Mon 2026-11-30 09:00", "Thu 2026-12-31 09:00", "Sun 2027-01-31 09:00"],
        ),
        (
            MonthDays(times=(time(9),), days={29}, every=12, start=date(2027, 2, 28)),
            ["Mon 2027-03-29 09:00", "Wed 2028-03-29 09:00", "Thu 2029-03-29 09:00"],
        ),
        (
            MonthDays(times=(time(9),), days={29}, every=12, start=date(2028, 2, 1)),
            ["Tue 2028-02-29 09:00", "Sun 2032-02-29 09:00", "Fri 2036-02-29 09:00"],
        ),
        (
            MonthWeekdays(times=(time(9),), nths={5}, days={Weekday.FRIDAY}),
            ["Fri 2027-01-29 09:00", "Fri 2027-04-30 09:00", "Fri 2027-07-30 09:00"],
        ),
        (
            MonthWeekdays(times=(time(9),), nths={1}, days={Weekday.MONDAY}),
            ["Mon 2026-12-07 09:00", "Mon 2027-01-04 09:00", "Mon 2027-02-01 09:00"],
        ),
        (
            MonthWeekdays(times=(time(17),), nths={LAST}, days={Weekday.FRIDAY}),
            ["Fri 2026-12-25 17:00", "Fri 2027-01-29 17:00", "Fri 2027-02-26 17:00"],
        ),
        (
            Weekly(times=(time(10),), days={Weekday.TUESDAY}, every=2, start=date(2026, 12, 2)),
            ["Tue 2026-12-08 10:00", "Tue 2026-12-22 10:00", "Tue 2027-01-05 10:00"],
        ),
        (
            Weekly(times=(time(9), time(16)), days=set(WEEK[:5])),
            ["Mon 2026-11-30 09:00", "Mon 2026-11-30 16:00", "Tue 2026-12-01 09:00"],
        ),
        (
            Daily(times=(time(8, 30),), every=3, start=date(2026, 11, 1)),
            ["Tue 2026-12-01 08:30", "Fri 2026-12-04 08:30", "Mon 2026-12-07 08:30"],
        ),
        (Interval(300), ["Mon 2026-11-30 00:00", "Mon 2026-11-30 05:00", "Mon 2026-11-30 10:00"]),
        (Once(wall("2026-12-24T18:00")), ["Thu 2026-12-24 18:00"]),
        (Once(wall("2026-11-28T18:00")), []),
    ],
)
def test_plain_cases(rule: Rule, expected: list[str]) -> None:
    assert shown(rule, BERLIN, "2026-11-29T22:59") == expected


def test_a_start_is_the_first_day_that_fits() -> None:
    rule = Weekly(times=(time(9),), days={Weekday.FRIDAY}, start=date(2026, 12, 5))
    assert rule.start == date(2026, 12, 11)
    assert shown(rule, BERLIN, "2026-01-01T00:00", 1) == ["Fri 2026-12-11 09:00"]


def test_times_are_sorted_and_each_once() -> None:
    assert Daily(times=(time(16), time(9), time(16))).times == (time(9), time(16))


@pytest.mark.parametrize("after", [-(10**18), 0, 10**18])
def test_instants_beyond_all_calendars(after: int) -> None:
    assert (next_after(Daily(times=(time(9),)), BERLIN, after) is None) is (after > 0)


@pytest.mark.parametrize("name", ["Pacific/Kiritimati", "Etc/GMT+12"])
def test_time_ends_quietly(name: str) -> None:
    listed = upcoming(Daily(times=(time(9),)), ZoneInfo(name), ms("2199-12-25T00:00"), 50)
    assert listed[-1].local == wall("2199-12-31T09:00")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "a rule must be an object"),
        ([], "a rule must be an object"),
        ({}, "kind is missing"),
        ({"kind": 1}, "kind must be text"),
        ({"kind": "lunar"}, "kind must be one of"),
        ({"kind": "once"}, "at is missing"),
        ({"kind": "once", "at": "soon"}, "at must be a date and time"),
        ({"kind": "once", "at": "2026-12-24T18:00+01:00"}, "without a zone"),
        ({"kind": "once", "at": "9999-12-24T18:00"}, "the date must be in"),
        ({"kind": "interval", "minutes": 14}, "minutes must be 15 to 1440"),
        ({"kind": "interval", "minutes": True}, "minutes must be a whole number"),
        ({"kind": "interval", "minutes": 60, "hours": 1}, "unknown: hours"),
        ({"kind": "daily", "times": [], "every": 1, "start": None}, "1 to 24 times"),
        ({"kind": "daily", "times": "09:00", "every": 1, "start": None}, "times must be a list"),
        ({"kind": "daily", "times": ["25:00"], "every": 1, "start": None}, "times must be times of day"),
        ({"kind": "daily", "times": ["09:00:30"], "every": 1, "start": None}, "to the minute"),
        ({"kind": "daily", "times": ["09:00+01:00"], "every": 1, "start": None}, "without a zone"),
        ({"kind": "daily", "times": ["09:00"], "every": 0, "start": None}, "every must be 1 to 366"),
        ({"kind": "daily", "times": ["09:00"], "every": 2, "start": None}, "a day to count from"),
        ({"kind": "daily", "times": ["09:00"], "every": 1, "start": "30 Feb"}, "start must be a date"),
        ({"kind": "daily", "times": ["09:00"], "every": 1, "start": "0001-01-01"}, "the date must be in"),
        ({"kind": "weekly", "times": ["09:00"], "every": 1, "start": None, "days": []}, "one weekday"),
        (
            {"kind": "weekly", "times": ["09:00"], "every": 1, "start": None, "days": ["fri"]},
            "names of weekdays",
        ),
        (
            {"kind": "month-days", "times": ["09:00"], "every": 1, "start": None, "days": [32]},
            "day must be 1 to 31",
        ),
        (
            {"kind": "month-days", "times": ["09:00"], "every": 1, "start": None, "days": [0]},
            "day must be 1 to 31",
        ),
        (
            {
                "kind": "month-weekdays",
                "times": ["09:00"],
                "every": 1,
                "start": None,
                "days": ["friday"],
                "nths": [6],
            },
            "nth must be 1 to 5",
        ),
    ],
)
def test_nonsense_is_refused_with_its_reason(data: Any, message: str) -> None:
    with pytest.raises(RuleError, match=message):
        from_dict(data)
