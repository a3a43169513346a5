"""Cutting words to size: only plain ones, at the best place there is, never inside a mention or a link."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate

from bot.model.text import Arg, Plain, Span, T, Words, plain_text
from bot.platforms import graphemes

Measure = Callable[[Span], int]
Spans = tuple[Span, ...]

_OBJECT = "\ufffc"
"""Stands for a span that is no plain text where places to cut are looked for."""

_BREAKS = (
    (re.compile(r"\n[ \t]*\n\s*"), 0.5),
    (re.compile(r"\n\s*"), 0.5),
    (re.compile(r"[.!?…]['\")\]»”’]*\s+|[。！？]"), 0.5),
    (re.compile(r"\s+"), 0.25),
)
"""Where to cut, the best first, each with the share of the room that must be filled before it."""


def size(spans: Iterable[Span], measure: Measure) -> int:
    return sum(map(measure, spans))


def joined(*parts: Iterable[Span]) -> Spans:
    """One after the other; neighbouring plain ones of the same look become one."""
    out: list[Span] = []
    for part in parts:
        for span in part:
            last = out[-1] if out else None
            if isinstance(span, Plain) and not span.text:
                continue
            if (
                isinstance(span, Plain)
                and isinstance(last, Plain)
                and not span.code
                and not last.code
                and span.bold == last.bold
            ):
                out[-1] = Plain(last.text + span.text, span.bold)
            else:
                out.append(span)
    return tuple(out)


def words(spans: Sequence[Span]) -> Words:
    """The spans as words again: ``bot.model.text.spans(words(x)) == x`` for joined ones."""
    if not spans:
        return ""
    if len(spans) == 1 and isinstance(spans[0], Plain) and not (spans[0].bold or spans[0].code):
        return spans[0].text
    args: dict[str, Arg] = {}
    template = []
    for index, span in enumerate(spans):
        name = f"s{index}"
        args[name] = _arg(span)
        template.append("**{" + name + "}**" if isinstance(span, Plain) and span.bold else "{" + name + "}")
    return T("".join(template), **args)


def _arg(span: Span) -> Arg:
    if isinstance(span, Plain):
        return T("`{code}`", code=span.text) if span.code else span.text
    return span


def trim(spans: Spans, room: int, measure: Measure) -> Spans:
    """All of it where it fits, else its beginning up to a whole character and a "…"."""
    if size(spans, measure) <= room:
        return spans
    rest = room - measure(Plain("…"))
    if rest < 0:
        return ()
    text = _Text(spans, measure)
    end = text.reach(0, rest)
    return joined(_stripped(text.slice(0, end), left=False), (Plain("…"),))


def split(spans: Spans, room: int, measure: Measure) -> list[Spans]:
    """Pieces of at most ``room`` each; nothing but white space at the cuts is lost.

    Cuts between paragraphs, lines, sentences, words, characters: the first of these that leaves a piece
    well filled. What can't be cut and is longer than the room becomes plain words.
    """
    if size(spans, measure) <= room:
        return [spans]
    text = _Text(joined(_plain_if_over(room, span, measure) for span in spans), measure)
    pieces = []
    at = 0
    while at < len(text.flat):
        reach = text.reach(at, room)
        cut = reach if reach == len(text.flat) else text.best(at, max(reach, at + 1))
        piece = _stripped(text.slice(at, cut))
        if piece:
            pieces.append(piece)
        at = cut
    return pieces or [()]


def _plain_if_over(room: int, span: Span, measure: Measure) -> Span:
    if isinstance(span, Plain) or measure(span) <= room:
        return span
    return Plain(plain_text(T("{it}", it=span)))


class _Text:
    """Spans as one line of characters, to look for places in."""

    def __init__(self, spans: Spans, measure: Measure) -> None:
        self._spans = spans
        self._measure = measure
        self.flat = "".join(span.text if isinstance(span, Plain) else _OBJECT for span in spans)
        lengths = (len(span.text) if isinstance(span, Plain) else 1 for span in spans)
        self._starts = list(accumulate(lengths, initial=0))

    def _at(self, place: int) -> int:
        return bisect_right(self._starts, place) - 1

    def slice(self, start: int, end: int) -> Spans:
        out: list[Span] = []
        index = self._at(start)
        while start < end:
            span = self._spans[index]
            offset = self._starts[index]
            stop = min(end, self._starts[index + 1])
            if isinstance(span, Plain):
                out.append(Plain(span.text[start - offset : stop - offset], span.bold, span.code))
            else:
                out.append(span)
            start, index = stop, index + 1
        return tuple(out)

    def reach(self, start: int, room: int) -> int:
        """How far from ``start`` the room goes, to a whole span or character."""
        at = start
        while at < len(self.flat):
            index = self._at(at)
            span = self._spans[index]
            stop = self._starts[index + 1]
            if isinstance(span, Plain):
                text = span.text[at - self._starts[index] :]
                taken = self._prefix(Plain(text, span.bold, span.code), room)
                if taken < len(text):
                    return at + (graphemes.floor(text, taken) if taken else 0)
                room -= self._measure(Plain(text, span.bold, span.code))
            else:
                room -= self._measure(span)
                if room < 0:
                    return at
            at = stop
        return at

    def _prefix(self, span: Plain, room: int) -> int:
        """The most characters of a plain span that the room takes."""

        def fits(count: int) -> bool:
            return self._measure(Plain(span.text[:count], span.bold, span.code)) <= room

        low, high = 0, max(1, room)
        while high < len(span.text) and fits(high):
            low, high = high, high * 2
        high = min(high, len(span.text))
        if fits(high):
            return high
        while low + 1 < high:
            middle = (low + high) // 2
            if fits(middle):
                low = middle
            else:
                high = middle
        return low

    def best(self, start: int, end: int) -> int:
        """The best place to cut at or before ``end``."""
        room = end - start
        window = self.flat[start : end + 1]
        for pattern, share in _BREAKS:
            places = [
                min(match.end(), room)
                for match in pattern.finditer(window)
                if match.start() >= share * room and (match.end() <= room or match.group()[-1].isspace())
            ]
            if places:
                return start + places[-1]
        return end


def _stripped(spans: Spans, *, left: bool = True) -> Spans:
    out = list(spans)
    while left and out and isinstance(out[0], Plain) and not out[0].text.strip():
        out.pop(0)
    while out and isinstance(out[-1], Plain) and not out[-1].text.strip():
        out.pop()
    if left and out and isinstance(out[0], Plain):
        out[0] = Plain(out[0].text.lstrip(), out[0].bold, out[0].code)
    if out and isinstance(out[-1], Plain):
        out[-1] = Plain(out[-1].text.rstrip(), out[-1].bold, out[-1].code)
    return tuple(out)
