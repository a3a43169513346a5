"""What people write about time, what it means, and what they are told when it means nothing."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.grammar import describe, echo, say_occurrence
from bot.grammar.moment import parse_date, parse_moment
from bot.grammar.phrases import WORDS
from bot.grammar.reading import ScheduleError
from bot.grammar.schedule import EXAMPLES, parse
from bot.model.rules import Once, Rule, instant, next_after
from tests.time.strategies import rules

BERLIN = ZoneInfo("Europe/Berlin")
NOW = instant(datetime.fromisoformat("2026-11-25T14:30"), BERLIN)
"""A Wednesday."""


def read(text: str) -> Rule:
    return parse(text, now_ms=NOW, zone=BERLIN)


def refused(text: str) -> ScheduleError:
    with pytest.raises(ScheduleError) as caught:
        read(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("every Friday at 16:00", "every Friday at 16:00"),
        ("fridays 4pm", "every Friday at 16:00"),
        ("EVERY   FRIDAY — 4 P.M.", "every Friday at 16:00"),
        ("“every Friday at 16:00”", "every Friday at 16:00"),
        ("every\tFriday\nat 16.00.", "every Friday at 16:00"),
        ("Friday’s, 16h30", "every Friday at 16:30"),
        ("every Fri., 4 p.m.", "every Friday at 16:00"),
        ("１６：００ every friday", "every Friday at 16:00"),
        ("at 9 on Fridays", "every Friday at 09:00"),
        ("Friday at 4 o'clock in the afternoon", "every Friday at 16:00"),
        ("weekdays 9am", "every weekday at 09:00"),
        ("Mon–Fri 9:00", "every weekday at 09:00"),
        ("Monday to Friday at 9:00", "every weekday at 09:00"),
        ("daily Monday through Friday at 9:00", "every weekday at 09:00"),
        ("every working day at 9", "every weekday at 09:00"),
        ("weekdays 9am and 4pm", "every weekday at 09:00 and 16:00"),
        ("9am & at 4pm on weekdays", "every weekday at 09:00 and 16:00"),
        ("weekdays at 9, 12 and 17", "every weekday at 09:00, 12:00 and 17:00"),
        ("weekends at 10", "every Saturday and Sunday at 10:00"),
        ("sat-mon 9:00", "every Monday, Saturday and Sunday at 09:00"),
        ("Tue and Thu 10:00", "every Tuesday and Thursday at 10:00"),
        ("Mon/Wed/Fri 9:00", "every Monday, Wednesday and Friday at 09:00"),
        ("every 2 weeks on Tuesday at 10:00", "every 2 weeks on Tuesday at 10:00, starting 1 December 2026"),
        ("every other Friday at 9am", "every 2 weeks on Friday at 09:00, starting 27 November 2026"),
        ("every other Wednesday at 14:30", "every 2 weeks on Wednesday at 14:30, starting 2 December 2026"),
        ("every other Wednesday at 14:31", "every 2 weeks on Wednesday at 14:31, starting 25 November 2026"),
        ("fortnightly on Monday at 9", "every 2 weeks on Monday at 09:00, starting 30 November 2026"),
        ("every second week on Monday at 9", "every 2 weeks on Monday at 09:00, starting 30 November 2026"),
        (
            "every two weeks on Tue 10:00 from 2026-12-08",
            "every 2 weeks on Tuesday at 10:00, starting 8 December 2026",
        ),
        ("every friday at 16:00 starting next week", "every Friday at 16:00, starting 4 December 2026"),
        ("once a week on Friday at 3pm", "every Friday at 15:00"),
        ("first Monday of the month (at 9)", "on the first Monday of every month at 09:00"),
        ("monthly on the first Monday at 9", "on the first Monday of every month at 09:00"),
        ("1st and 3rd Monday of each month at 9", "on the first and third Monday of every month at 09:00"),
        ("last Friday of the month 17:00", "on the last Friday of every month at 17:00"),
        ("every second Tuesday of the month at 9", "on the second Tuesday of every month at 09:00"),
        ("second Friday at 9", "on the second Friday of every month at 09:00"),
        ("on the 15th at 9", "on the 15th of every month at 09:00"),
        ("day 15 of every month at 9", "on the 15th of every month at 09:00"),
        ("1st, 15th and last day of the month at 9", "on the 1st, 15th and last day of every month at 09:00"),
        ("on the 31st at 9", "on the 31st of every month at 09:00"),
        ("quarterly on the 1st at 9", "every 3 months on the 1st at 09:00, starting 1 December 2026"),
        ("every 24 December at 9", "every year on 24 December at 09:00, starting 24 December 2026"),
        ("yearly on Feb 29th, 6pm", "every year on 29 February at 18:00, starting 29 February 2028"),
        ("every 2 years on March 1st at 9", "every 2 years on 1 March at 09:00, starting 1 March 2027"),
        ("every 3 hours", "every 3 hours"),
        ("hourly", "every hour"),
        ("every half hour", "every 30 minutes"),
        ("every 15 minutes", "every 15 minutes"),
        ("every 90 minutes", "every 90 minutes"),
        ("daily at noon", "every day at 12:00"),
        ("every day at midnight", "every day at 00:00"),
        ("12am daily", "every day at 00:00"),
        ("12pm daily", "every day at 12:00"),
        ("daily at 0900", "every day at 09:00"),
        ("every morning at 9", "every day at 09:00"),
        ("every evening at 8:30", "every day at 20:30"),
        ("every 3 days at 8:30", "every 3 days at 08:30, starting 26 November 2026"),
        ("every third day at 15:00", "every 3 days at 15:00, starting 25 November 2026"),
        ("2026-12-24 18:00", "once on Thursday 24 December 2026 at 18:00"),
        ("2026-12-24T18:00", "once on Thursday 24 December 2026 at 18:00"),
        ("24.12.2026, 18:00", "once on Thursday 24 December 2026 at 18:00"),
        ("12/24/2026 6pm", "once on Thursday 24 December 2026 at 18:00"),
        ("Thursday, December 24 at 6pm", "once on Thursday 24 December 2026 at 18:00"),
        ("25 November at 9", "once on Thursday 25 November 2027 at 09:00"),
        ("25 November at 15:00", "once on Wednesday 25 November 2026 at 15:00"),
        ("tomorrow at 9", "once on Thursday 26 November 2026 at 09:00"),
        ("the day after tomorrow at noon", "once on Friday 27 November 2026 at 12:00"),
        ("tonight at 8", "once on Wednesday 25 November 2026 at 20:00"),
        ("next Wednesday 9am", "once on Wednesday 2 December 2026 at 09:00"),
        ("once on Friday at 9", "once on Friday 27 November 2026 at 09:00"),
        ("in 2 hours", "once on Wednesday 25 November 2026 at 16:30"),
        ("in half an hour", "once on Wednesday 25 November 2026 at 15:00"),
        ("in 3 days at 9", "once on Saturday 28 November 2026 at 09:00"),
    ],
)
def test_means(text: str, meaning: str) -> None:
    assert describe(read(text)) == meaning


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("every Friday", "At what time? For example: “every Friday at 16:00” or “every Friday at 09:00”."),
        (
            "every other Friday at",
            "“every 2 weeks on Friday at 16:00” or “every 2 weeks on Friday at 09:00”.",
        ),
        (
            "first Monday of the month",
            "At what time? For example: “on the first Monday of every month at 16:00”",
        ),
        ("tomorrow", "At what time? For example: “once on Thursday 26 November 2026 at 16:00”"),
        ("every year on 24 December", "At what time? For example: “every year on 24 December at 16:00”"),
        (
            "9am",
            "On which days? For example: “every day at 09:00”, “weekdays at 09:00” or “every Friday",
        ),
        ("weekly at 9", "On which day of the week? For example: “every week on Tuesday at 09:00”."),
        ("monthly", "On which day of the month?"),
        ("yearly", "On which date?"),
        ("every year on the 5th at 9", "In which month?"),
        ("every year on the first Monday at 9", "In which month?"),
        ("every Friday of the month at 9", "Which Friday of the month?"),
        ("last of the month at 9", "The last what?"),
        ("every friday at 9 starting", "From which day on?"),
        (
            "every second Friday at 9",
            "“every 2 weeks on Friday at 10:00” or “second Friday of the month at 10:00”",
        ),
        ("biweekly on Tuesday at 9", "That can mean two things."),
        ("03/04/2027 9:00", "Is that 3 April or 4 March?"),
        ("at 3 and 4pm daily", "Is 3 in the morning or in the evening? Write 3am or 3pm."),
        ("today at 9", "Wednesday 25 November 2026, 09:00, has passed. For example: “tomorrow at 09:00”"),
        ("2025-12-24 18:00", "has passed"),
        ("31 February", "There is no 31 February."),
        ("every Feb 30 at 9", "There is no 30 February."),
        ("2027-02-29 9:00", "There is no 29 February in 2027."),
        ("31.4.2027 9:00", "There is no 31 April."),
        ("2027-13-01 9:00", "There are twelve months, and 13 is none of them."),
        ("1 December 9999 at 9", "The year 9999 is too far away."),
        ("on the 32nd at 9", "No month has a day 32."),
        ("6th Friday of the month at 9", "No month has that many weeks."),
        ("Friday 24 December at 9", "The calendar says Thursday 24 December 2026."),
        ("friday 25:00", "“25:00” is no time of day."),
        ("friday 9:60", "“9:60” is no time of day."),
        ("friday 13pm", "“13pm” is no time of day."),
        ("friday 24:00", "“24:00” is the start of the next day."),
        ("fridays 16", "I don’t know what “16” stands for. Write a time as 16:00 or 4pm."),
        ("every Friday at 16:00 UTC", "Times are in this community’s time zone."),
        ("every Friday at 16:00 until Christmas", "A schedule goes on until you change it"),
        ("weekdays at 9 and weekends at 10", "That is more than one schedule can hold."),
        ("every 3 hours on weekdays", "Hours and minutes count from midnight"),
        ("every 5 minutes", "That is too often"),
        ("every 48 hours", "For more than a day, say it in days."),
        ("every 0 days at 9", "Between 1 and 366 works."),
        ("every 9999 weeks on Friday at 9", "Between 1 and 104 works."),
        ("every 99 years on 1 May at 9", "Between 1 and 10 works."),
        ("2026-12-24 at 9 and 18", "One date takes one time."),
        ("every week on the 15th at 9", "That says which days in two ways."),
        ("every 2 days on Friday at 9", "That says which days in two ways."),
        ("in 2 hours on Friday", "That says when in two ways."),
        ("in 9999 years at 9", "That is too far away."),
        ("@everyone", "I don’t understand “@everyone”."),
        ("<!channel> every Friday", "I don’t understand “<!channel>”."),
        ("every Friday at 16:00 <@123>", "I don’t understand “<@123>”."),
        ("", "When?"),
        ("  ...  ", "When?"),
        ("x" * 100_000, "That is a lot of text for a time."),
        ("every " * 20_000, "That is a lot of text for a time."),
        ("every \u202eFriday at 9", "invisible characters"),
        ("every\x00Friday", "invisible characters"),
        ("every\u200bFriday", "invisible characters"),
        ("every \ud800Friday", "invisible characters"),
    ],
)
def test_refuses_kindly(text: str, says: str) -> None:
    assert says in str(refused(text))


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("evry friday", "every Friday at 16:00"),
        ("evry tusday 9am", "every Tuesday at 09:00"),
        ("every fryday at 16:00", "every Friday at 16:00"),
        ("dayly at 9", "every day at 09:00"),
        ("tommorow at 9", "once on Thursday 26 November 2026 at 09:00"),
        ("last fridy of the mnth", "on the last Friday of every month at 16:00"),
    ],
)
def test_a_typing_slip_is_answered_with_what_was_likely_meant(text: str, first: str) -> None:
    error = refused(text)
    assert error.examples[0] == first
    assert 3 <= len(error.examples) <= 4


def test_unknown_text_is_answered_with_examples() -> None:
    error = refused("when pigs fly")
    assert str(error).startswith("I don’t understand “when”. For example: “")
    assert error.examples == EXAMPLES[:4]


@pytest.mark.parametrize("text", EXAMPLES)
def test_examples_work(text: str) -> None:
    assert next_after(read(text), BERLIN, NOW) is not None


def test_a_rule_is_echoed_with_its_next_three() -> None:
    words, listed = echo(read("last friday of the month 5pm"), BERLIN, NOW)
    assert words == "on the last Friday of every month at 17:00"
    assert [say_occurrence(occurrence, BERLIN) for occurrence in listed] == [
        "Friday 27 November 2026 at 17:00",
        "Friday 25 December 2026 at 17:00",
        "Friday 29 January 2027 at 17:00",
    ]


def test_an_echo_shows_the_clock_as_it_will_be() -> None:
    _, listed = echo(read("2027-03-28 2:30"), BERLIN, NOW)
    assert [say_occurrence(occurrence, BERLIN) for occurrence in listed] == ["Sunday 28 March 2027 at 03:00"]


@settings(max_examples=300, deadline=None)
@given(rules(date(2027, 3, 1)))
def test_every_description_is_read_back(rule: Rule) -> None:
    now = instant(datetime.fromisoformat("2026-12-01T00:00"), BERLIN)
    assert parse(describe(rule), now_ms=now, zone=BERLIN) == rule


SCRAPS = st.sampled_from(sorted(WORDS)) | st.sampled_from(
    ["every", "each", "other", "once", "at", "on", "the", "of", "of the month", "and", "to", "in", "starting"]
)
NUMBERS = st.sampled_from(
    ["9", "16:00", "4pm", "25:00", "15th", "31", "9.5.", "12/13", "2026-12-24", ",", "-"]
)
SCRIBBLES = st.lists(SCRAPS | NUMBERS, max_size=8).map(" ".join) | st.text(max_size=40)


@settings(max_examples=400, deadline=None)
@given(SCRIBBLES)
@example("every day at 9 from 31 December 2199")
@example("31 December 2199 at 23:59")
def test_any_text_is_either_a_rule_that_comes_or_refused(text: str) -> None:
    try:
        rule = read(text)
    except ScheduleError:
        return
    assert next_after(rule, BERLIN, NOW) is not None
    assert read(describe(rule)) == rule


@settings(max_examples=300, deadline=None)
@given(SCRIBBLES)
@example("9999 years and 9999 years")
@example("in 9999 hours and 9999 hours")
def test_any_text_is_a_coming_moment_or_refused(text: str) -> None:
    for reader in (parse_moment, parse_date):
        try:
            found = reader(text, NOW, BERLIN)
        except ScheduleError:
            continue
        assert isinstance(found, date) or found > NOW


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("18:00", "2026-11-25T18:00"),
        ("9:00", "2026-11-26T09:00"),
        ("at 9", "2026-11-26T09:00"),
        ("noon", "2026-11-26T12:00"),
        ("midnight", "2026-11-26T00:00"),
        ("tomorrow", "2026-11-26T00:00"),
        ("tomorrow 9am", "2026-11-26T09:00"),
        ("9am tomorrow", "2026-11-26T09:00"),
        ("tomorrow at 4 in the afternoon", "2026-11-26T16:00"),
        ("tomorrow afternoon at 4", "2026-11-26T16:00"),
        ("tonight at 8", "2026-11-25T20:00"),
        ("until Friday", "2026-11-27T00:00"),
        ("Wednesday", "2026-12-02T00:00"),
        ("Wednesday 18:00", "2026-11-25T18:00"),
        ("Wednesday 9:00", "2026-12-02T09:00"),
        ("next Friday 9:00", "2026-11-27T09:00"),
        ("Thursday 24 December 18:00", "2026-12-24T18:00"),
        ("next week", "2026-11-30T00:00"),
        ("next month", "2026-12-01T00:00"),
        ("2026-12-01", "2026-12-01T00:00"),
        ("1 December", "2026-12-01T00:00"),
        ("25 November", "2027-11-25T00:00"),
        ("in 2 hours", "2026-11-25T16:30"),
        ("for 90 min", "2026-11-25T16:00"),
        ("1h30m", "2026-11-25T16:00"),
        ("16h30", "2026-11-25T16:30"),
        ("2h", "2026-11-25T16:30"),
        ("half an hour", "2026-11-25T15:00"),
        ("an hour", "2026-11-25T15:30"),
        ("2 days", "2026-11-27T14:30"),
        ("1 day and 2 hours", "2026-11-26T16:30"),
        ("a week", "2026-12-02T14:30"),
        ("3 months", "2027-02-25T14:30"),
        ("a year", "2027-11-25T14:30"),
        ("130 days", "2027-04-04T14:30"),
        ("2027-03-28 2:30", "2027-03-28T03:00"),
    ],
)
def test_moments(text: str, moment: str) -> None:
    assert parse_moment(text, NOW, BERLIN) == instant(datetime.fromisoformat(moment), BERLIN)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("today", "Wednesday 25 November 2026, 00:00, has passed."),
        ("2025-12-01", "has passed"),
        ("today 9:00", "has passed"),
        ("0 days", "has passed"),
        ("soon", "I don’t understand “soon”. For example: “tomorrow at 9:00”"),
        ("Friday 9:00 and 10:00", "That is more than one moment."),
        ("Friday 24 December", "The calendar says Thursday 24 December 2026."),
        ("9999 years", "That is too far away."),
        ("", "When?"),
        ("9" * 100_000, "That is a lot of text"),
    ],
)
def test_moments_refused(text: str, says: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        parse_moment(text, NOW, BERLIN)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("today", "2026-11-25"),
        ("tomorrow", "2026-11-26"),
        ("Wednesday", "2026-12-02"),
        ("25 November", "2026-11-25"),
        ("24 November", "2027-11-24"),
        ("24 Nov 2020", "2020-11-24"),
        ("2020-02-29", "2020-02-29"),
        ("29 February", "2028-02-29"),
        ("in 2 weeks", "2026-12-09"),
    ],
)
def test_dates(text: str, day: str) -> None:
    assert parse_date(text, NOW, BERLIN) == date.fromisoformat(day)


@pytest.mark.parametrize("text", ["18:00", "tomorrow at 9", "30 Feb", "never", "", "2 hours"])
def test_dates_refused(text: str) -> None:
    with pytest.raises(ScheduleError):
        parse_date(text, NOW, BERLIN)


def test_a_moment_after_the_repeated_hour_counts_the_hours_that_pass() -> None:
    before = instant(datetime.fromisoformat("2026-10-25T01:30"), BERLIN)
    assert parse_moment("2 hours", before, BERLIN) == before + 2 * 3_600_000
    assert parse_moment("1 day", before, BERLIN) == before + 25 * 3_600_000


def test_a_moment_in_words_is_read_back_as_once() -> None:
    assert read("in 90 minutes") == Once(datetime.fromisoformat("2026-11-25T16:00"))
