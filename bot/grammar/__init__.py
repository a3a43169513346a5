"""Schedules, moments and dates as people write them: text to rule, and rule back to text."""

from bot.grammar.describe import describe, echo, say_occurrence
from bot.grammar.moment import parse_date, parse_moment
from bot.grammar.phrases import say_date
from bot.grammar.reading import ScheduleError
from bot.grammar.schedule import EXAMPLES, parse

__all__ = [
    "EXAMPLES",
    "ScheduleError",
    "describe",
    "echo",
    "parse",
    "parse_date",
    "parse_moment",
    "say_date",
    "say_occurrence",
]
