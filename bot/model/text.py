"""Texts as templates with arguments, never f-strings, so that what people wrote is always escaped.

``T("{giver} thanks {to}", giver=ada, to=mina)`` stays apart from its arguments until a platform renders
it. A bare ``str`` is always somebody's own words. A template's literal part knows two marks:
``**bold**`` and backquoted code. It is flattened by :func:`spans` into the units that a platform renders,
measures and never cuts through.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache

from bot.model.ids import Channel, Member, PlatformRole

_OPENERS = frozenset("\u202a\u202b\u202d\u202e")
_ISOLATES = frozenset("\u2066\u2067\u2068")
_POP, _POP_ISOLATE = "\u202c", "\u2069"


def clean(text: str) -> str:
    """People's text without control characters and lone surrogates, its direction marks closed."""
    if text.isascii() and text.isprintable():
        return text
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\r\n", "\n")
    text = "".join(char for char in text if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cs"))
    return closed(text)


def closed(text: str) -> str:
    """The text with what it leaves open of direction marks closed, so that it turns nothing after it."""
    if text.isascii():
        return text
    still_open: list[str] = []
    for char in text:
        if char in _OPENERS:
            still_open.append(_POP)
        elif char in _ISOLATES:
            still_open.append(_POP_ISOLATE)
        elif still_open and char == still_open[-1]:
            still_open.pop()
    return text + "".join(reversed(still_open))


class MomentStyle(StrEnum):
    TIME = "time"
    DATE = "date"
    DATE_TIME = "date_time"
    RELATIVE = "relative"


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant in UTC milliseconds, shown to each reader in their own zone where the platform can."""

    ms: int
    style: MomentStyle = MomentStyle.DATE_TIME


@dataclass(frozen=True, slots=True)
class Link:
    """A web address with the words that stand for it. Only ``https`` and ``http`` are made clickable."""

    url: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class CommandName:
    """A command, written as the platform writes it: ``/kith help``, or Discord's clickable form."""

    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plain:
    """Words to be escaped. ``bold`` and ``code`` come from templates alone."""

    text: str
    bold: bool = False
    code: bool = False


Span = Plain | Member | Channel | PlatformRole | Moment | Link | CommandName
"""The smallest part of a text that a platform renders in one piece. Only a Plain may be cut."""


class TemplateError(ValueError):
    """A template names something that it is not given, or has a stray brace."""


_PIECE = re.compile(r"\{\{|\}\}|\{([a-z_][a-z0-9_]*)\}|[{}]")
_MARK = re.compile(r"\*\*(.+?)\*\*|`([^`]+)`", re.DOTALL)


def placeholders(template: str) -> list[str]:
    """The names in a template, in order.

    Raises TemplateError for a stray brace, which is nearly always a typing slip.
    """
    return [name for name, _ in _pieces(template) if name is not None]


@lru_cache(maxsize=4096)
def _pieces(template: str) -> tuple[tuple[str | None, str], ...]:
    """The literal parts and the names in a template. Templates are few and are read again and again."""
    return tuple(_read_pieces(template))


def _read_pieces(template: str) -> Iterator[tuple[str | None, str]]:
    at = 0
    for match in _PIECE.finditer(template):
        if match.start() > at:
            yield None, template[at : match.start()]
        found = match.group(0)
        if found in ("{{", "}}"):
            yield None, found[0]
        elif match.group(1) is None:
            raise TemplateError(f"There is a stray {found!r}. Write {found * 2!r} for a plain one.")
        else:
            yield match.group(1), ""
        at = match.end()
    if at < len(template):
        yield None, template[at:]


@dataclass(frozen=True, slots=True, init=False)
class T:
    """A template with its arguments. Arguments may be people, channels, moments, other texts, or words."""

    template: str
    args: tuple[tuple[str, Arg], ...]
    flat: tuple[Span, ...] | None = field(compare=False, repr=False)
    """What :func:`spans` made of it, once that was asked for: a text is measured, searched and rendered."""

    def __init__(self, template: str, /, **args: Arg) -> None:
        object.__setattr__(self, "template", template)
        object.__setattr__(self, "args", tuple(args.items()))
        object.__setattr__(self, "flat", None)
        missing = [name for name, _ in _pieces(template) if name is not None and name not in args]
        if missing:
            raise TemplateError(f"The text needs {', '.join('{' + name + '}' for name in missing)}.")

    @property
    def given(self) -> Mapping[str, Arg]:
        return dict(self.args)


def counted(count: int, one: str, many: str, /, **args: Arg) -> T:
    """The template for one, or for any other number, with ``{count}`` filled in."""
    return T(one if count == 1 else many, count=count, **args)


Arg = str | int | Member | Channel | PlatformRole | Moment | Link | CommandName | T
Words = T | str
"""What can be said: a template with arguments, or somebody's own words."""


def spans(words: Words) -> tuple[Span, ...]:
    """The words as spans, neighbouring plain ones joined."""
    if isinstance(words, str):
        return (Plain(words),) if words else ()
    if words.flat is None:
        flow = _Flow()
        flow.words(words, bold=False)
        object.__setattr__(words, "flat", flow.spans())
        assert words.flat is not None
    return words.flat


class _Flow:
    """Spans as they come, with the plain words since the last of them held back, to be joined."""

    def __init__(self) -> None:
        self._done: list[Span] = []
        self._held = ""
        self._bold = False

    def spans(self) -> tuple[Span, ...]:
        self._let_go()
        return tuple(self._done)

    def words(self, words: T, *, bold: bool) -> None:
        """Add a text with what is in it."""
        template = words.template
        given = dict(words.args)
        if "*" not in template and "`" not in template:
            self._fill(template, given, bold)
            return
        # A bold mark may enclose an argument, so marks are read over the literal text with the
        # placeholders still in it.
        at = 0
        for match in _MARK.finditer(template):
            self._fill(template[at : match.start()], given, bold)
            if match.group(2) is not None:
                text = plain_text(T(match.group(2), **given))
                if text:
                    self._whole(Plain(text, bold=bold, code=True))
            else:
                self._fill(match.group(1), given, True)
            at = match.end()
        self._fill(template[at:], given, bold)

    def _fill(self, template: str, given: Mapping[str, Arg], bold: bool) -> None:
        for name, text in _pieces(template):
            if name is not None:
                value = given[name]
                if isinstance(value, T):
                    self.words(value, bold=bold)
                    continue
                if not isinstance(value, str | int):
                    self._whole(value)
                    continue
                text = str(value)
            if not text:
                continue
            if bold is not self._bold:
                self._let_go()
                self._bold = bold
            self._held += text

    def _whole(self, span: Span) -> None:
        self._let_go()
        self._done.append(span)

    def _let_go(self) -> None:
        if self._held:
            self._done.append(Plain(self._held, self._bold))
            self._held = ""


def plain_text(words: Words) -> str:
    """The words with nothing but characters: names for people, no marks. For logs, search and exports."""
    return "".join(_plain(span) for span in spans(words))


def _plain(span: Span) -> str:
    match span:
        case Plain(text=text):
            return text
        case Member(name=name):
            return name or "someone"
        case Channel(name=name):
            return f"#{name or 'a channel'}"
        case PlatformRole(name=name):
            return name or "a role"
        case Moment(ms=ms):
            return _utc(ms)
        case Link(url=url, label=label):
            return f"{label} ({url})" if label else url
        case CommandName(path=path):
            return "/" + " ".join(path)


def _utc(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")


def people(*words: Words | None) -> tuple[Member, ...]:
    """Everybody named in the words, each once, in order."""
    found: dict[str, Member] = {}
    for item in words:
        if item is None:
            continue
        for span in spans(item):
            if isinstance(span, Member):
                found.setdefault(span.key, span)
    return tuple(found.values())
