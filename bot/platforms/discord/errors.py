"""What Discord's refusals mean to a delivery."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bot.platforms.base import DeliveryError, Gone, RetryLater

UNKNOWN_CHANNEL: Final = 10_003
UNKNOWN_MESSAGE: Final = 10_008
UNKNOWN_WEBHOOK: Final = 10_015
UNKNOWN_INTERACTION: Final = 10_062
QUARANTINED: Final = 20_026
OPENING_TOO_FAST: Final = 40_003
ANSWERED_ALREADY: Final = 40_060
NO_ACCESS: Final = 50_001
NO_PERMISSION: Final = 50_013
BAD_TOKEN: Final = 50_027
NO_HISTORY: Final = 160_002
THREAD_EXISTS: Final = 160_004

MEANINGS: Final[Mapping[int, str]] = {
    10_003: "the channel was deleted",
    10_004: "the server is unknown, so the bot is not there",
    10_008: "the message was deleted",
    10_013: "there is no such account",
    10_014: "there is no such emoji",
    10_062: "the interaction was not answered in time",
    20_009: "the server's filter took it for explicit content",
    30_010: "the message has twenty kinds of reactions already",
    40_005: "the file is too large",
    40_058: "nothing but posts with a title can be made in a forum",
    50_001: "the bot can't see the channel",
    50_005: "it is somebody else's message",
    50_007: "they take no private messages",
    50_008: "nothing can be posted in that kind of channel",
    50_013: "the bot lacks a permission there",
    50_024: "that can't be done in that kind of channel",
    50_027: "the time to answer is over",
    50_035: "Discord refused its form",
    50_083: "the thread is closed",
    50_278: "they are in no server with the bot",
    90_001: "they blocked the bot's reactions",
    160_002: "the bot can't read the history there",
    160_005: "the thread is locked",
    160_006: "the server has as many open threads as it may have",
    200_000: "the server's AutoMod blocked it",
    240_000: "the server's AutoMod blocked it",
}
LATER: Final[Mapping[int, float]] = {
    20_016: 60.0,
    20_022: 60.0,
    20_026: 21_600.0,
    20_028: 60.0,
    30_046: 300.0,
    40_003: 600.0,
    40_062: 10.0,
    40_333: 60.0,
    130_000: 5.0,
    131_000: 5.0,
}
"""Codes that pass, with the seconds to wait."""
_WORDS_MOST: Final = 300


class Refused(Exception):
    """A definite refusal: nothing was done. ``code`` is Discord's own, 0 where it gave none."""

    def __init__(self, status: int, code: int, message: str, details: Any = None) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.details = details

    def as_outcome(self) -> DeliveryError:
        """As what the outbox understands. The reason begins with ``discord-<code>``."""
        if (after := LATER.get(self.code)) is not None:
            return RetryLater(f"discord-{self.code}: {self.message}", after)
        if self.status == 401:
            return RetryLater("discord-401: the token is refused", 60.0, everywhere=True)
        words = MEANINGS.get(self.code, self.message)
        if self.details:
            words = f"{words} ({self.details})"
        return Gone(f"discord-{self.code or self.status}: {words}"[:_WORDS_MOST])
