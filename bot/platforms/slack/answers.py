"""The token of an interaction: how its private answer finds back, kept in one short text."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Way(StrEnum):
    URL = "u"
    """By the response_url that came with it."""
    EPHEMERAL = "e"
    """Shown to one person in the channel."""
    HOME = "h"
    """On the person's Home tab."""
    DIRECT = "d"
    """Into the private conversation."""


@dataclass(frozen=True, slots=True)
class Token:
    """``thread`` is the ts of the thread it was in, ``url`` the response_url; ``nonce`` tells two apart."""

    way: Way
    nonce: str = ""
    thread: str = ""
    url: str = ""

    def __str__(self) -> str:
        return "|".join((self.way, self.nonce, self.thread, self.url))

    @staticmethod
    def is_home(text: str) -> bool:
        """Whether a token is that of something pressed on the Home tab."""
        return text.startswith(f"{Way.HOME}|")

    @classmethod
    def of(cls, text: str) -> Token | None:
        """What a token says; None for one that isn't ours."""
        way, *rest = text.split("|", 3)
        if len(rest) != 3 or way not in tuple(Way):
            return None
        return cls(Way(way), *rest)
