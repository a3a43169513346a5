"""From ``:name`` to what the drivers take: Postgres's ``$1``, with the type the value has in Python, and
SQLite's ``?1``, which is bound in half the time of a name.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple

from storage.errors import StatementError
from storage.port import Params, Value

_PIECES = re.compile(
    r"""
    [eE]'(?:[^'\\]|\\.|'')*'             # a literal with escapes
    | '(?:[^']|'')*'                     # a literal
    | "(?:[^"]|"")*"                     # a name
    | --[^\n]*
    | /\*.*?\*/
    | \$(?P<tag>(?:[A-Za-z_]\w*)?)\$.*?\$(?P=tag)\$
    | ::                                 # a cast
    | (?P<end>;)\s*(?=\S)
    | (?<!\w):(?P<name>[A-Za-z_]\w*)
    """,
    re.VERBOSE | re.DOTALL,
)

_TYPES: dict[type, str] = {
    bool: "bigint",
    int: "bigint",
    float: "double precision",
    str: "text",
    bytes: "bytea",
}


def translate(sql: str, params: Params) -> tuple[str, list[Value]]:
    """`sql` and its values as asyncpg takes them.

    Each value is cast to the type it has in Python, so that Postgres doesn't guess a smaller one from the
    context; None takes the type of its context. Raises `StatementError` for a placeholder without a value.
    """
    names = _names(sql)
    try:
        values = [params[name] for name in names]
    except KeyError as error:
        raise no_value(sql, error) from error
    kinds = tuple(type(value) for value in values)
    if bool in kinds:
        values = [int(value) if value is True or value is False else value for value in values]
    return _typed(sql, kinds), values


class Statement(NamedTuple):
    """A statement as SQLite takes it. ``values`` picks what it binds; KeyError if one is missing."""

    text: str
    values: Callable[[Params], tuple[Value, ...]]


def numbered(sql: str) -> Statement:
    """`sql` for SQLite. Raises `StatementError` for more than one statement."""
    names = _names(sql)
    text = _written(sql, {name: f"?{number}" for number, name in enumerate(names, start=1)})
    if len(names) > 1:
        return Statement(text, itemgetter(*names))
    return Statement(text, lambda params: tuple([params[name] for name in names]))


def no_value(sql: str, error: KeyError) -> StatementError:
    """The error of a statement with a placeholder that nothing was given for."""
    return StatementError(f"There is no value for :{error.args[0]} in {_short(sql)}")


@lru_cache(maxsize=4_096)
def _names(sql: str) -> Sequence[str]:
    """The placeholders' names, each once, in order."""
    names: dict[str, None] = {}
    for match in _PIECES.finditer(sql):
        if match["end"]:
            raise StatementError(f"One statement at a time, please: {_short(sql)}")
        if match["name"]:
            names[match["name"]] = None
    return tuple(names)


@lru_cache(maxsize=8_192)
def _typed(sql: str, kinds: tuple[type, ...]) -> str:
    written: dict[str, str] = {}
    for number, (name, kind) in enumerate(zip(_names(sql), kinds, strict=True), start=1):
        if kind is type(None):
            written[name] = f"${number}"
        elif kind in _TYPES:
            written[name] = f"${number}::{_TYPES[kind]}"
        else:
            raise StatementError(f"A {kind.__name__} can't be stored; :{name} in {_short(sql)}")
    return _written(sql, written)


def _written(sql: str, placeholders: Mapping[str, str]) -> str:
    return _PIECES.sub(lambda match: placeholders[match["name"]] if match["name"] else match[0], sql)


def _short(sql: str) -> str:
    words = " ".join(sql.split())
    return words if len(words) <= 200 else f"{words[:200]}…"
