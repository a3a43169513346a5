"""Where a text may be cut without tearing what readers see as one character."""

from __future__ import annotations

import unicodedata

_JOINER = "\u200d"
_REGIONAL = range(0x1F1E6, 0x1F200)
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_TAGS = range(0xE0020, 0xE0080)
_HANGUL_VOWELS_AND_FINALS = range(0x1160, 0x1200)
_LONGEST = 64
"""Code points looked at for one character. Longer pile-ups of marks are nobody's language and may be cut."""


def floor(text: str, at: int) -> int:
    """The last place at or before ``at`` that lies between two characters.

    ``at`` itself when a single character reaches from the start up to it, so that cutting always gets on.
    """
    if at >= len(text):
        return len(text)
    places = range(at, max(0, at - _LONGEST), -1)
    return next((place for place in places if _is_boundary(text, place)), at)


def first(text: str, count: int) -> str:
    """The first ``count`` characters as readers see them."""
    end = 0
    for _ in range(count):
        end += 1
        while end < len(text) and not _is_boundary(text, end):
            end += 1
        if end >= len(text):
            return text
    return text[:end]


def _is_boundary(text: str, at: int) -> bool:
    if at <= 0 or at >= len(text):
        return True
    before, after = text[at - 1], text[at]
    if before == "\r" and after == "\n":
        return False
    if before in "\r\n" or after in "\r\n":
        return True
    return not (_extends(after) or before == _JOINER or _splits_flag(text, at))


def _extends(char: str) -> bool:
    """Whether a code point belongs to the one before it: marks, joiners, skin tones, tags, Hangul vowels."""
    if char < "\u0300":
        return False
    code = ord(char)
    if code in _SKIN_TONES or code in _TAGS or code in _HANGUL_VOWELS_AND_FINALS or char == _JOINER:
        return True
    return unicodedata.category(char)[0] == "M"


def _splits_flag(text: str, at: int) -> bool:
    if ord(text[at]) not in _REGIONAL:
        return False
    run = 0
    while run < at and ord(text[at - 1 - run]) in _REGIONAL:
        run += 1
    return run % 2 == 1
