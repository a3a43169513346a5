"""Words as Discord's Markdown: people's text is escaped, so that it can't format, ping or mask a link."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final
from urllib.parse import quote

from bot.model.ids import Channel, Member, PlatformRole
from bot.model.text import CommandName, Link, Moment, MomentStyle, Plain, Span, Words, spans
from bot.platforms.discord.ids import PLATFORM
from bot.platforms.sizes import units

_MARKS: Final = re.compile(r"[\\*_~`|<\[\]#>-]")
"""What may be escaped: the last three at the start of a line only."""
_SPECIAL: Final = re.compile(
    r"""(?P<kept>https?://[A-Za-z0-9._~/?=&%+:@!$,;\#-]+ | <a?:\w{2,32}:\d{15,20}>)
      | (?P<start>^[ \t]*)(?P<line>[#>-])
      | (?P<mark>[\\*_~`|<\[\]])""",
    re.VERBOSE | re.MULTILINE,
)
"""Addresses and custom emoji stand as they are: an escape would break them, and they hide nothing."""
_STYLES: Final[Mapping[MomentStyle, str]] = {
    MomentStyle.TIME: "t",
    MomentStyle.DATE: "D",
    MomentStyle.DATE_TIME: "f",
    MomentStyle.RELATIVE: "R",
}
_ID: Final = 24
"""Characters of a mention at most."""
_MOMENT: Final = 24

CommandIds = Mapping[str, str]
"""The ids of the registered commands by the first word of their name."""


def escaped(text: str) -> str:
    """Somebody's own words, shown as they were written."""
    return _SPECIAL.sub(_escape, text) if _MARKS.search(text) else text


def _escape(match: re.Match[str]) -> str:
    if kept := match["kept"]:
        return kept
    if mark := match["mark"]:
        return "\\" + mark
    return f"{match['start']}\\{match['line']}"


def measure(span: Span) -> int:
    """UTF-16 units that a span takes at most, as `bot.platforms.base.Platform.measure` wants it."""
    match span:
        case Plain():
            return units(span.text) + _escapes(span.text) + (6 if span.bold else 0)
        case Member() | Channel() | PlatformRole():
            return max(units(span.name) + _escapes(span.name) + 1, _ID)
        case Moment():
            return _MOMENT
        case Link(url=url, label=label):
            return 3 * units(url) + units(label) + _escapes(label) + 8
        case CommandName(path=path):
            return sum(map(units, path)) + len(path) + _ID


def _escapes(text: str) -> int:
    return len(_MARKS.findall(text)) + 2


class Markdown:
    """Renders for one space. ``commands`` are read at each call, so they may be learnt later."""

    def __init__(self, space: str, commands: Callable[[], CommandIds]) -> None:
        self._space = space
        self._commands = commands

    def render(self, words: Words) -> str:
        return self.join(spans(words))

    def join(self, parts: Iterable[Span], *, bold: bool = False) -> str:
        out = ""
        for part in parts:
            text = self._span(part, bold)
            if out.endswith("*") and text.startswith("*"):
                out += "\u200b"
            out += text
        return out

    def _span(self, span: Span, bold: bool) -> str:
        match span:
            case Plain():
                return _plain(span.text, bold=bold or span.bold, code=span.code)
            case Member():
                return self._mention(span, "@", "someone")
            case Channel():
                return self._mention(span, "#", "a channel")
            case PlatformRole():
                return self._mention(span, "@&", "a role")
            case Moment(ms=ms, style=style):
                return f"<t:{ms // 1000}:{_STYLES[style]}>"
            case Link(url=url, label=label):
                return _link(url, label)
            case CommandName(path=path):
                ident = self._commands().get(path[0])
                name = " ".join(path)
                return f"`/{name}`" if ident is None else f"</{name}:{ident}>"

    def _mention(self, who: Member | Channel | PlatformRole, sign: str, unknown: str) -> str:
        """A mention here, a name where Discord doesn't know whom it would mention."""
        if who.space == self._space and who.id.isdecimal():
            return f"<{sign}{who.id}>"
        if who.space.startswith(f"{PLATFORM}:") and who.id.isdecimal() and not who.name:
            return f"<{sign}{who.id}>"
        name = who.name or unknown
        return escaped(f"#{name}" if sign == "#" and who.name else name)


def _plain(text: str, *, bold: bool, code: bool) -> str:
    if code and "`" not in text and "\n" not in text and text.strip():
        return f"**`{text}`**" if bold else f"`{text}`"
    return _bold(text) if bold else escaped(text)


def _bold(text: str) -> str:
    """Marks touch the words: bold does not begin or end with white space."""
    inner = text.strip()
    if not inner:
        return text
    start = text.index(inner)
    return f"{text[:start]}**{escaped(inner)}**{text[start + len(inner) :]}"


def _link(url: str, label: str) -> str:
    if not url.startswith(("https://", "http://")):
        return escaped(f"{label} ({url})" if label else url)
    address = quote(url, safe="%/:=&?~#+!$,;'@._-")
    if not label.strip():
        return address
    return f"[{escaped(label)}](<{address}>)"
