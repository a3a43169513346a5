"""What a platform can carry, as data: sizes, pace, windows and abilities. ``fit`` degrades by them, once."""

from __future__ import annotations

from typing import NamedTuple


class Limits(NamedTuple):
    """Lengths are in characters as the platform counts them; times in milliseconds."""

    text: int
    """Characters in a message without a card."""
    card_text: int
    """Characters shown in one card, all parts together."""
    title: int
    block: int
    """Characters in one body, section or footer."""
    sections: int
    controls: int
    """Buttons and selects in one message."""
    row: int
    """Buttons that stand side by side."""
    button_label: int
    action: int
    """Characters in a control's action (Discord's custom_id)."""
    options: int
    """Options in a select, and completions."""
    option_label: int
    form_fields: int
    form_title: int
    field_label: int
    field_text: int
    image_bytes: int
    alt: int

    table_rows: int = 0
    """Rows of a table, its head included; 0 where there are no tables."""
    table_columns: int = 0
    table_text: int = 0
    """Characters in all cells together."""

    cards: bool = True
    buttons: bool = True
    selects: bool = True
    forms: bool = True
    images: bool = True
    private_answers: bool = True
    threads: bool = True
    reactions: bool = True
    person_menus: bool = True
    cold_messages: bool = True
    """Whether somebody who never used the bot may be sent a private message."""

    lane_interval: int = 0
    """Between two messages to one destination, once its burst is used up."""
    lane_burst: int = 1
    per_second: float = 0.0
    """Requests a second in all; 0 means no limit."""
    in_flight: int = 16

    answer_window: int = 15 * 60_000
    """How long an interaction can be answered."""
    repost_window: int = 0
    """How long posting the same key again returns the first message; 0 where the platform can't."""
    find_delay: int = 0
    """How long after an uncertain post its absence from the history means something."""
    find_looks: int = 1
    """How often the history must be seen without it before it is posted again."""
