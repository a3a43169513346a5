"""What is wrong with a configuration, in words that say where and what to do."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from bot.config import keys, sections
from bot.model.nearest import nearest
from bot.toml_lines import KeyPath


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where (file and line, variable or option), what, and what would help."""

    where: str
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, (f"{self.where}: {self.message}", self.remedy)))


class ConfigError(Exception):
    """The configuration can't be used. Holds every problem that was found; never the value of a secret."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


_PATTERNS: Final = {
    "kith.cogs": 'each cog is the dotted name of a Python package, like "cogs.welcome"',
    "slack.workspaces": "each is a workspace's id, like T0123ABCD",
    "slack.command": "is written without the slash, in up to 31 small letters, digits, - and _",
    "slack.shoutout": "is written without the slash, in up to 31 small letters, digits, - and _",
    "slack.channels": "each is a channel's id, like C0123ABCD, which Slack shows at the end of its details",
    "slack.client_id": "is written like 1234567890.1234567890, on the page Basic Information",
    "discord.gateway": "must be an address that begins with wss:// or ws://",
}


def explain(error: Any, where: Callable[..., str]) -> Problem:
    """One of pydantic's errors in our words; what was given is told by its type alone."""
    path: KeyPath = error["loc"]
    name = ".".join(str(part) for part in path if isinstance(part, str))
    section = sections()[str(path[0])]
    given = _kind(error["input"])
    match error["type"]:
        case "extra_forbidden":
            close = nearest(str(path[1]), keys(section))
            hint = f"Did you mean {close!r}?" if close else f"Known are: {', '.join(keys(section))}."
            return Problem(where(*path), f"unknown key {path[1]!r} in [{path[0]}].", hint)
        case "value_error":
            message = str(error["ctx"]["error"])
        case "literal_error":
            message = f"must be one of {error['ctx']['expected']}"
            options = re.findall("'(.*?)'", error["ctx"]["expected"])
            if isinstance(error["input"], str) and (close := nearest(error["input"], options)):
                message += f"; did you mean {close!r}?"
        case "int_type":
            message = f"must be a whole number, without quotes, but is {given}"
        case "bool_type":
            message = f"must be true or false, without quotes, but is {given}"
        case "string_type":
            message = f"must be text in quotes, but is {given}"
        case "tuple_type" | "list_type":
            message = f'must be a list like ["one", "two"], but is {given}'
        case "string_too_short":
            message = "must not be empty"
        case "greater_than_equal":
            message = f"must be {error['ctx']['ge']} or more"
        case "less_than_equal":
            message = f"must be {error['ctx']['le']} or less"
        case "string_pattern_mismatch":
            message = _PATTERNS.get(name, "is not written as expected")
        case _:
            message = error["msg"]
    return Problem(where(*path), f"{name}: {message.rstrip('.')}.".replace("?.", "?"))


def unreadable(shown: str, text: str, error: Exception) -> Problem:
    """Why nothing could be made of a file, with its text as far as it was read."""
    match error:
        case OSError():
            return Problem(shown, f"the file can't be read ({error.strerror}).")
        case UnicodeDecodeError():
            line = error.object.count(b"\n", 0, error.start) + 1
            return Problem(f"{shown}:{line}", "this is not UTF-8 text.", "Save the file as UTF-8.")
        case tomllib.TOMLDecodeError():
            return _syntax(shown, text, error)
        case _:
            return Problem(shown, "lists or tables are nested too deeply.")


def _syntax(shown: str, text: str, error: tomllib.TOMLDecodeError) -> Problem:
    message, _, position = str(error).rpartition(" (at ")
    found = re.match(r"line (\d+), column (\d+)", position)
    line = int(found[1]) if found else text.rstrip("\n").count("\n") + 1
    column = f", column {found[2]}" if found else ""
    remedy = 'Text goes in "quotes".' if message == "Invalid value" else ""
    return Problem(f"{shown}:{line}", f"this is not valid TOML{column}: {message}.", remedy)


def reading_order(problem: Problem) -> tuple[str, int]:
    file, _, line = problem.where.rpartition(":")
    return (file, int(line)) if line.isdigit() else (problem.where, 0)


def _kind(value: Any) -> str:
    match value:
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list() | tuple():
            return "a list"
        case dict():
            return "a table"
        case _:
            return "a date or time"
