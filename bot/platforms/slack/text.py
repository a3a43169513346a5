"""Slack's text: what is escaped on the way out, and what people typed on the way in."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from bot.model.text import Moment, MomentStyle, clean

FORMATS: Final = {
    MomentStyle.TIME: "{time}",
    MomentStyle.DATE: "{date_long}",
    MomentStyle.DATE_TIME: "{date_short_pretty} at {time}",
    MomentStyle.RELATIVE: "{ago}",
}
_CONTROL: Final = re.compile(r"<([^<>\n]+)>")
_LOOKALIKE: Final = re.compile(r"&lt;(?=[@#!])")
_JOINER: Final = "\u2060"
NAME: Final = 80
"""Characters of a name, as Slack's own field for it takes."""


def escape(text: str) -> str:
    """Text that Slack shows as it is, and takes for no mention or link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def fallback(moment: Moment) -> str:
    """What is shown where Slack can't show a time in the reader's own zone."""
    return datetime.fromtimestamp(moment.ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")


def seconds(moment: Moment) -> int:
    return moment.ms // 1000


def date(moment: Moment) -> str:
    """A time in the top-level text, shown to each reader in their own zone."""
    return f"<!date^{seconds(moment)}^{FORMATS[moment.style]}|{fallback(moment)}>"


def typed(text: str) -> str:
    """What people wrote, as they see it, with people and channels as ``<@id|name>`` and ``<#id|name>``.

    What only looks like a mention, since somebody typed its signs, stays words: a joiner that nobody sees
    keeps it from being read as one.
    """
    parts: list[str] = []
    end = 0
    for match in _CONTROL.finditer(text):
        parts += [_plain(text[end : match.start()]), _control(match[1])]
        end = match.end()
    parts.append(_plain(text[end:]))
    return "".join(parts)


def _plain(text: str) -> str:
    text = _LOOKALIKE.sub(f"&lt;{_JOINER}", text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _control(body: str) -> str:
    head, bar, label = body.partition("|")
    if head.startswith(("@", "#")):
        return f"<{head}|{_plain(label)}>" if label else f"<{head}>"
    if head.startswith("!subteam^"):
        return f"<{head}|{_plain(label)}>" if label else f"<{head}>"
    if head.startswith("!date^"):
        return _plain(label)
    if head.startswith("!"):
        return "@" + _plain(label.removeprefix("@") if bar else head[1:])
    address = _plain(head)
    shown = _plain(label)
    if not shown or address.removeprefix("mailto:") == shown or address.endswith(f"//{shown}"):
        return address.removeprefix("mailto:") if shown else address
    return f"{shown} ({address})"


def called(*names: object) -> str:
    """The first of these names in which there is anything to see, on one line; "" where there is none."""
    for name in names:
        line = " ".join(str(name or "").split())[:NAME]
        if any(char.isprintable() and not char.isspace() for char in line):
            return clean(line)
    return ""


def mentioned(text: str) -> tuple[str, ...]:
    """The ids of the people whom a text mentions, each once, in order."""
    return tuple(dict.fromkeys(re.findall(r"<@([UW][A-Z0-9]+)(?:\|[^<>\n]*)?>", text)))
