"""Search tokens, made here for both engines so that both find the same: folded words, and pairs of characters
where a script writes without spaces.
"""

import unicodedata
from collections.abc import Iterator
from enum import Enum
from itertools import groupby, pairwise
from typing import NamedTuple

MAX_WORD = 40
"""Characters of a word that count; the rest is cut, in texts and queries alike."""

MAX_TOKENS = 5_000
"""Different tokens of one text that count: more would not fit into a Postgres text vector."""

MAX_TERMS = 64
"""Tokens of a query that count."""

MAX_TEXT = 100_000
"""Characters of a text that are looked at."""

MAX_QUERY = 1_000
"""Characters of a query that are looked at."""

_MAX_MARKS = 16  # on one letter; normalising takes time quadratic in their number


class Term(NamedTuple):
    """One token of a query; with `prefix`, a token that begins with it matches too."""

    token: str
    prefix: bool


class _Kind(Enum):
    GAP = 0
    WORD = 1
    DENSE = 2
    SYMBOL = 3


_DENSE = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x0F00, 0x109F),  # Tibetan, Myanmar
    (0x1100, 0x11FF),  # Hangul, whose particles cling to the word
    (0x1780, 0x17FF),  # Khmer
    (0x1950, 0x1AAF),  # Tai Le, New Tai Lue, Khmer symbols, Buginese, Tai Tham
    (0x1B00, 0x1B7F),  # Balinese
    (0x2E80, 0x2FFF),  # radicals
    (0x3005, 0x3007),
    (0x3021, 0xA4CF),  # Kana, Bopomofo, Han, Yi
    (0xA980, 0xA9FF),  # Javanese, Myanmar
    (0xAA60, 0xAADF),  # Myanmar, Tai Viet
    (0xAC00, 0xD7FF),  # Hangul
    (0xF900, 0xFAFF),  # Han, as every later block here
    (0x16FE0, 0x1B2FF),
    (0x20000, 0x3FFFF),
)

_STRIPPED = (
    (0x0300, 0x036F),  # accents
    (0x0483, 0x0487),
    (0x0591, 0x05C7),  # Hebrew points
    (0x0610, 0x061A),  # Arabic vowel signs and the stretching stroke
    (0x0640, 0x0640),
    (0x064B, 0x065F),
    (0x0670, 0x0670),
    (0x06D6, 0x06DC),
    (0x06DF, 0x06E8),
    (0x1AB0, 0x1AFF),
    (0x1DC0, 0x1DFF),
    (0x20D0, 0x20FF),
    (0xFE00, 0xFE0F),  # variation selectors
    (0xFE20, 0xFE2F),
    (0xE0100, 0xE01EF),
)

_LETTERS: dict[int, str | None] = {code: None for low, high in _STRIPPED for code in range(low, high + 1)}
_LETTERS.update(
    {ord(k): v for k, v in {"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i"}.items()}
)


class _Kinds(dict[str, _Kind]):
    """The kind of each character met so far."""

    def __missing__(self, char: str) -> _Kind:
        kind = self[char] = _kind_of(char)
        return kind


def _kind_of(char: str) -> _Kind:
    category = unicodedata.category(char)
    if category == "So":
        return _Kind.SYMBOL
    if not char.isalnum() and category[0] != "M":
        return _Kind.GAP
    code = ord(char)
    return _Kind.DENSE if any(low <= code <= high for low, high in _DENSE) else _Kind.WORD


def fold(text: str) -> str:
    """`text` as it is compared: without case, accents, widths and invisible characters."""
    text = unicodedata.normalize("NFKD", _calm(text[:MAX_TEXT]))[:MAX_TEXT]
    text = unicodedata.normalize("NFKD", text.casefold()).translate(_LETTERS)
    return unicodedata.normalize("NFC", text)


def tokens(text: str) -> list[str]:
    """The different tokens under which `text` is found, in their order; at most `MAX_TOKENS`."""
    found: dict[str, None] = {}
    for kind, run in _runs(text):
        if kind is _Kind.DENSE:
            # the last character stands alone too, or a query for it would find only what follows it
            for first, second in pairwise(run):
                found[first + second] = None
            found[run[-1]] = None
        elif kind is _Kind.SYMBOL:
            found.update(dict.fromkeys(run))
        else:
            found[run[:MAX_WORD]] = None
        if len(found) >= MAX_TOKENS:
            break
    return list(found)[:MAX_TOKENS]


def terms(query: str) -> list[Term]:
    """What a text must hold to answer `query`: all of these; at most `MAX_TERMS`, none if it has no word."""
    wanted: list[Term] = []
    for kind, run in _runs(query[:MAX_QUERY]):
        if kind is _Kind.WORD:
            wanted.append(Term(run[:MAX_WORD], prefix=False))
        elif kind is _Kind.SYMBOL:
            wanted.extend(Term(symbol, prefix=False) for symbol in run)
        elif len(run) == 1:
            wanted.append(Term(run, prefix=True))
        else:
            wanted.extend(Term(first + second, prefix=False) for first, second in pairwise(run))
    if wanted:
        wanted[-1] = wanted[-1]._replace(prefix=True)
    return list(dict.fromkeys(wanted))[:MAX_TERMS]


def _runs(text: str) -> Iterator[tuple[_Kind, str]]:
    """The stretches of one kind in the folded text, gaps and lone marks left out."""
    kinds = _Kinds()
    for kind, group in groupby(fold(text), kinds.__getitem__):
        if kind is _Kind.GAP:
            continue
        run = "".join(group)
        if kind is _Kind.SYMBOL or any(map(str.isalnum, run)):
            yield kind, run


def _calm(text: str) -> str:
    """`text` without invisible characters, and without marks beyond what a letter can bear."""
    kept: list[str] = []
    marks = 0
    visible: dict[str, bool] = {}
    for char in text:
        if char < "\x80":
            kept.append(char)
            marks = 0
            continue
        if unicodedata.combining(char):
            marks += 1
            if marks > _MAX_MARKS:
                continue
        else:
            marks = 0
        seen = visible.get(char)
        if seen is None:
            seen = visible[char] = unicodedata.category(char) != "Cf"
        if seen:
            kept.append(char)
    return "".join(kept)
