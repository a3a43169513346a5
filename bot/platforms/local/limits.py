"""The platforms that the room can look like: what each can carry, and how it counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType

from bot.model.ids import Channel, Member, PlatformRole
from bot.model.limits import Limits
from bot.model.text import CommandName, Link, Moment, Plain, Span
from bot.platforms import sizes
from bot.platforms.sizes import units


class Look(StrEnum):
    KITH = "kith"
    """The room's own."""
    DISCORD = "discord"
    SLACK = "slack"
    PLAIN = "plain"


KITH = Limits(
    text=2_000,
    card_text=12_000,
    title=250,
    block=4_000,
    sections=40,
    controls=25,
    row=5,
    button_label=80,
    action=255,
    options=100,
    option_label=100,
    form_fields=25,
    form_title=150,
    field_label=150,
    field_text=4_000,
    image_bytes=10 * 1024 * 1024,
    alt=2_000,
)

PLAIN = KITH._replace(
    text=4_000,
    card_text=4_000,
    form_fields=1,
    form_title=250,
    field_label=250,
    image_bytes=0,
    cards=False,
    buttons=False,
    selects=False,
    forms=False,
    images=False,
    private_answers=False,
    person_menus=False,
)

SLACK = sizes.SLACK._replace(table_rows=0)
"""The room shows no tables."""

LOOKS: Mapping[Look, Limits] = MappingProxyType(
    {Look.KITH: KITH, Look.DISCORD: sizes.DISCORD, Look.SLACK: SLACK, Look.PLAIN: PLAIN}
)

_ID = 20
"""Characters of an id on the platforms that are imitated: the room's own are shorter."""

_DISCORD_MARKS = frozenset("\\*_~`|>#-+<:@[]()")
_SLACK_ENTITIES = MappingProxyType({"&": 4, "<": 3, ">": 3})


def measure_discord(span: Span) -> int:
    """As Discord's Markdown: escapes, marks and long ids counted."""
    if isinstance(span, Plain):
        length = units(span.text)
        if span.code:
            return length + 4
        escapes = sum(map(span.text.count, _DISCORD_MARKS & set(span.text)))
        return length + escapes + (4 if span.bold else 0)
    return _measure_reference(span)


def measure_slack(span: Span) -> int:
    """As Slack's mrkdwn: ``&``, ``<`` and ``>`` are entities, dates carry their fallback."""
    if isinstance(span, Plain):
        entities = sum(more * span.text.count(char) for char, more in _SLACK_ENTITIES.items())
        return units(span.text) + entities + (2 if span.bold or span.code else 0)
    return _measure_reference(span)


def measure_plain(span: Span) -> int:
    """Characters as shown."""
    if isinstance(span, Plain):
        return units(span.text)
    return _measure_reference(span)


def _measure_reference(span: Member | Channel | PlatformRole | Moment | Link | CommandName) -> int:
    match span:
        case Member(name=name) | Channel(name=name) | PlatformRole(name=name):
            return max(units(name) + 1, _ID + 4)
        case Moment():
            return 60
        case Link(url=url, label=label):
            return units(url) + units(label) + 4
        case CommandName(path=path):
            return max(units(" ".join(path)) + 1, sum(map(units, path)) + len(path) + _ID + 4)


MEASURES: Mapping[Look, Callable[[Span], int]] = MappingProxyType(
    {
        Look.KITH: measure_plain,
        Look.DISCORD: measure_discord,
        Look.SLACK: measure_slack,
        Look.PLAIN: measure_plain,
    }
)
