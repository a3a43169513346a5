"""What a Slack message, modal and workspace can carry, and how Kith counts it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from bot.model.ids import Channel, Member, PlatformRole
from bot.model.text import CommandName, Link, Moment, Plain, Span
from bot.platforms import sizes
from bot.platforms.sizes import units

SLACK: Final = sizes.SLACK._replace(
    lane_interval=1_050,
    answer_window=30 * 60_000,
    find_delay=60_000,
    find_looks=2,
)
HOME: Final = SLACK._replace(table_rows=0)
"""The Home tab shows no tables."""
UPDATE_TEXT: Final = 4_000
"""Characters of the top-level text of an edit."""
BLOCKS_TEXT: Final = 13_000
"""Characters in all blocks of a message; Slack refuses a little more than that, without saying how much."""

_ENTITIES: Final[Mapping[str, int]] = MappingProxyType({"&": 4, "<": 3, ">": 3})
_ID: Final = 20
_RENAMED: Final = 34
"""What a command's own name can add where the workspace gave it another."""


def measure(span: Span) -> int:
    """The larger of what a span takes in blocks and, with its entities, in the top-level text."""
    match span:
        case Plain(text=text, code=code):
            return _escaped(text) + (2 + _RENAMED if code else 0)
        case Member(name=name) | Channel(name=name) | PlatformRole(name=name):
            return max(_escaped(name) + 1, _ID + 4)
        case Moment():
            return 80
        case Link(url=url, label=label):
            return _escaped(url) + _escaped(label) + 4
        case CommandName(path=path):
            return sum(map(units, path)) + len(path) + _RENAMED


def _escaped(text: str) -> int:
    return units(text) + sum(more * text.count(char) for char, more in _ENTITIES.items())
