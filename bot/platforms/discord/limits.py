"""What Discord can carry, and how fast."""

from __future__ import annotations

from typing import Final

from bot.model.limits import Limits

LIMITS: Final = Limits(
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
    per_second=49.5,
    in_flight=16,
    answer_window=15 * 60_000,
    repost_window=60_000,
    find_delay=3_000,
)
"""Every message is made of components (version 2), which show 4,000 characters in all; 40 are left for the
marks of a card's title and footer. Eight sections with a button each, and four more controls, come to 37 of
the 40 components there may be. Of Discord's 50 requests in a second one is left to chance, so that no more
than 49 leave. A channel's own pace is read from the answers."""

DESCRIPTION: Final = 100
"""Characters of a command's, an option's or a field's description."""
NAME: Final = 32
"""Characters of a command's or option's name."""
