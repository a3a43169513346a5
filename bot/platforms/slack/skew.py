"""Whether this machine's clock agrees with Slack's, whose signatures are good for five minutes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import structlog
from slack_sdk.signature import Clock, SignatureVerifier

SKEW: Final = 60.0
"""Seconds by which this machine's clock may be off before that is said."""
WINDOW: Final = 300.0
"""Seconds for which a signature is good."""

log = structlog.get_logger(__name__)


def clock_words(skew: float) -> str:
    """What a clock that is ahead of Slack's by so many seconds, or behind, means."""
    way = "ahead of" if skew > 0 else "behind"
    return f"this machine's clock is {abs(skew):.0f} s {way} Slack's; set it, best by itself with NTP"


def is_readable(headers: Mapping[str, str]) -> bool:
    """Whether a request's signature can be checked, or isn't there at all; slack_sdk breaks on others."""
    stamp = headers.get("X-Slack-Request-Timestamp", "0")
    signature = headers.get("X-Slack-Signature", "")
    return stamp.isascii() and stamp.isdecimal() and len(stamp) <= 12 and signature.isascii()


class Skew:
    """Tells once when requests that Slack did sign are refused for their age, until one is in time again."""

    def __init__(self, signing_secret: str) -> None:
        self._secret = signing_secret
        self._is_told = False

    def answered(self, status: int, body: str, headers: Mapping[str, str], now: float) -> None:
        """A request was answered. ``now`` in seconds."""
        if status != 401:
            self._is_told = False
            return
        stamp = headers.get("X-Slack-Request-Timestamp", "0")
        if self._is_told or not is_readable(headers) or abs(now - float(stamp)) <= WINDOW:
            return
        if SignatureVerifier(self._secret, _At(float(stamp))).is_valid_request(body, dict(headers)):
            self._is_told = True
            away = abs(now - float(stamp))
            log.error(
                "slack_request_too_old",
                what=f"Slack signed this {away:.0f} s away from this machine's time, so it is "
                "refused. If all are, the clock here is wrong: set it, best by itself with NTP. If it was "
                "this one alone, somebody sent an old request again.",
            )


class _At(Clock):
    """A clock that stands still."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def now(self) -> float:
        return self._seconds
