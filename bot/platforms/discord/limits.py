"""What Discord can carry, and how fast."""

from __future__ import annotations

from typing import Final

from bot.platforms import sizes

LIMITS: Final = sizes.DISCORD._replace(
    per_second=49.5,
    in_flight=16,
    answer_window=15 * 60_000,
    repost_window=60_000,
    find_delay=3_000,
)
"""Of Discord's 50 requests in a second one is left to chance, so that no more than 49 leave. A channel's own
pace is read from the answers."""

DESCRIPTION: Final = 100
"""Characters of a command's, an option's or a field's description."""
NAME: Final = 32
"""Characters of a command's or option's name."""
