"""What a Slack message, modal and workspace can carry, and how Kith counts it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from bot.model.ids import Channel, Member, PlatformRole
from bot.model.limits import Limits
from bot.model.text import CommandName, Link, Moment, Plain, Span

SLACK: Final = Limits(
    text=12_000,
    card_text=12_500,
    title=150,
    block=3_000,
    sections=20,
    controls=20,
    row=5,
    button_label=75,
    action=150,
    options=100,
    option_label=75,
    form_fields=95,
    form_title=24,
    field_label=150,
    field_text=3_000,
    image_bytes=10 * 1024 * 1024,
    alt=2_000,
    table_rows=100,
    table_columns=20,
    table_text=10_000,
    person_menus=False,
    lane_interval=1_050,
    answer_window=30 * 60_000,
    find_delay=60_000,
    find_looks=2,
)
"""Twenty sections with a control each, title, body, picture, buttons and footer come to 45 of 50 blocks.

A post may have 40,000 characters, but all blocks together only some 13,200, and what is longer could not be
edited. An option's value has 150 characters, so an action has no more. A message has one table, whose cells
have 10,000 characters in all, and none of them is empty.
"""

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


def units(text: str) -> int:
    """UTF-16 units, never fewer than what Slack counts as characters."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


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
