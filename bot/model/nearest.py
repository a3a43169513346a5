"""The known name that somebody probably meant."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches
from typing import Final

CLOSE: Final = 0.6
"""How much of two words must be alike, from 0 to 1, for one to be taken for the other misspelt."""
_BETWEEN: Final = re.compile(r"[\W_]+")


def nearest(word: str, known: Iterable[str], close: float = CLOSE) -> str | None:
    """The known name closest to ``word``, or None if none is ``close``. Letter case does not count.

    Of names with several words each must be close: what many of them begin with tells nothing.
    """
    by_fold = {name.casefold(): name for name in known}
    wanted = word.casefold()
    found = get_close_matches(wanted, by_fold, n=max(1, len(by_fold)), cutoff=close)
    return next((by_fold[name] for name in found if _close_throughout(wanted, name, close)), None)


def _close_throughout(wanted: str, name: str, close: float) -> bool:
    ours, theirs = _BETWEEN.split(wanted), _BETWEEN.split(name)
    if len(ours) == len(theirs):
        return all(_alike(one, other) >= close for one, other in zip(ours, theirs, strict=True))
    while ours and theirs and ours[0] == theirs[0]:
        del ours[0], theirs[0]
    return _alike(" ".join(ours), " ".join(theirs)) >= close


def _alike(one: str, other: str) -> float:
    return SequenceMatcher(None, other, one).ratio()
