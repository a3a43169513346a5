"""Reads people's text from left to right, and says kindly what was not understood."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from bot.model.text import T, plain_text

MAX_LENGTH = 200
_PLAIN = dict.fromkeys(map(ord, "‐‑‒–—―−"), "-") | dict.fromkeys(map(ord, "()"), " ") | {ord("’"): "'"}
_SPACES = re.compile(r"\s+")
_MERIDIEM = re.compile(r"(?<![^\W\d])([ap])\.\s?m\.?(?!\w)")
_TODAY = re.compile(r"\bthis (morning|afternoon|evening)\b")
_WORD = re.compile(r"[^\W\d_]+(?:'s)?")
_TOKEN = re.compile(r"[^\s,;]+|[,;]")
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn"}
_WRAPPING = " .,;!?\"'“”„‘’«»`"


_Meaning = TypeVar("_Meaning")


class ScheduleError(ValueError):
    """Text that is no schedule, moment or date. `words` tells its writer why, with examples to follow."""

    def __init__(self, reason: T, examples: Iterable[str] = ()) -> None:
        self.reason = reason
        self.examples = tuple(examples)
        super().__init__(reason, self.examples)

    @property
    def words(self) -> T:
        """What to say to the person who wrote it."""
        if not self.examples:
            return self.reason
        quoted = [f"“{example}”" for example in self.examples]
        listed = " or ".join(filter(None, (", ".join(quoted[:-1]), quoted[-1])))
        return T("{reason} For example: {examples}.", reason=self.reason, examples=listed)

    def __str__(self) -> str:
        return plain_text(self.words)


class NotUnderstood(ScheduleError):
    """Some word has no meaning here."""


def tidy(text: str, examples: Sequence[str]) -> str:
    """Lower case, plain dashes and single spaces. Refuses long or empty text and invisible characters."""
    if len(text) > MAX_LENGTH:
        raise ScheduleError(T("That is a lot of text for a time. A few words are plenty."), examples)
    if any(unicodedata.category(char) in _INVISIBLE and not char.isspace() for char in text):
        raise ScheduleError(T("There are invisible characters in that text. Please type it anew."), examples)
    text = unicodedata.normalize("NFKC", text).lower().translate(_PLAIN)
    text = _TODAY.sub(r"today \1", _MERIDIEM.sub(r"\1m", text).replace("tonight", "this evening"))
    text = _SPACES.sub(" ", text).strip(_WRAPPING)
    if not text:
        raise ScheduleError(T("When? A few words are plenty."), examples)
    return text


class Reader:
    """A place in a tidy text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    @property
    def done(self) -> bool:
        return self.at >= len(self.text)

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """The match that begins here, which is then behind us, with the spaces after it."""
        match = pattern.match(self.text, self.at)
        if match is not None:
            self.at = match.end()
            while not self.done and self.text[self.at] == " ":
                self.at += 1
        return match

    def take_word(self, meanings: Mapping[str, _Meaning]) -> _Meaning | None:
        """What the word that begins here means, if it is one of these."""
        match = _WORD.match(self.text, self.at)
        if match is None or match.group() not in meanings:
            return None
        self.take(_WORD)
        return meanings[match.group()]

    def not_understood(self) -> NotUnderstood:
        """The error for the word that begins here."""
        match = _TOKEN.match(self.text, self.at)
        token = match.group().rstrip(".!?") if match else ""
        if token.isdecimal():
            return NotUnderstood(
                T("I don’t know what “{word}” stands for. Write a time as 16:00 or 4pm.", word=token)
            )
        return NotUnderstood(T("I don’t understand “{word}”.", word=token[:40]))
