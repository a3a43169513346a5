"""What fits into a message, a card and a form on Discord and on Slack, and in what looks like them."""

from __future__ import annotations

from typing import Final

from bot.model.limits import Limits

DISCORD: Final = Limits(
    text=4_000,
    card_text=3_960,
    title=250,
    block=3_960,
    sections=8,
    controls=12,
    row=5,
    button_label=80,
    action=100,
    options=25,
    option_label=100,
    form_fields=5,
    form_title=45,
    field_label=45,
    field_text=4_000,
    image_bytes=10 * 1024 * 1024,
    alt=1_024,
    cold_messages=False,
)
"""Every message is made of components (version 2), which show 4,000 characters in all; 40 are left for the
marks of a card's title and footer. Eight sections with a button each, and four more controls, come to 37 of
the 40 components there may be."""

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
)
"""Twenty sections with a control each, title, body, picture, buttons and footer come to 45 of 50 blocks.

A post may have 40,000 characters, but all blocks together only some 13,200, and what is longer could not be
edited. An option's value has 150 characters, so an action has no more. A message has one table, whose cells
have 10,000 characters in all, and none of them is empty.
"""


def units(text: str) -> int:
    """UTF-16 units, never fewer than what browsers, Discord and Slack count as characters."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2
