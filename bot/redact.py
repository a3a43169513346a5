"""Keeps secrets, and characters that could forge or hide text, out of what is logged and shown."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote

HIDDEN: Final = "[redacted]"
_DEEPEST: Final = 8
_SHORTEST: Final = 4
"""Configured values below this length are no secrets worth hiding, and would riddle the logs with holes."""

_SECRET_NAME: Final = re.compile(
    r"token|secret|password|passwd|passphrase|authorization|cookie|api_?key|signature|credential|dsn"
    r"|(?:link|login|one_time|admin)_?code",
    re.IGNORECASE,
)
_NAMED: Final = r"[\w-]*(?:token|secret|password|passwd|signature|cookie|api_?key)[\w-]*"
_SHAPES: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), replacement)
    for pattern, replacement in (
        # Slack's tokens, and the addresses that hold one
        (r"\bx(?:ox[a-z]|app)(?:\.xox[a-z])?-[a-z0-9-]+", HIDDEN),
        (r"(hooks\.slack\.com/)[^\s'\"<>]+", rf"\1{HIDDEN}"),
        (r"((?:/webhooks|/interactions)/\d+/)[\w.-]{8,}", rf"\1{HIDDEN}"),
        # Three parts as in Discord's tokens and timed links, two as in signed links. A last part without
        # a digit or capital is a name in somebody's code and no signature.
        (r"\b[\w-]{8,}\.[\w-]{5,8}\.(?=[\w-]*(?-i:[A-Z0-9]))[\w-]{27,}", HIDDEN),
        (r"\b[\w-]{8,}\.(?=[\w-]*(?-i:[A-Z0-9]))[\w-]{27}(?![\w-])", HIDDEN),
        (r"\b(?-i:eyJ)[\w-]+\.[\w-]+(?:\.[\w-]+)?", HIDDEN),
        # addresses with a password, and parameters of addresses
        (r"(\b[a-z][\w+.-]*://[^\s:/@'\"]*:)[^\s'\"]+(@)", rf"\1{HIDDEN}\2"),
        (r"([?&;](?:code|key|state|sig|access)=)[^\s&'\"#]+", rf"\1{HIDDEN}"),
        # headers and assignments, as they stand in messages and in the repr of a dict
        (r"\b(Bearer|Basic|Bot)\s+[\w.~+/=-]{12,}", rf"\1 {HIDDEN}"),
        (r"(\bauthorization['\"]?\s*[:=]\s*b?['\"]?)(?:\w+ )?[^\s'\",}]+", rf"\1{HIDDEN}"),
        (
            rf"({_NAMED}['\"]?\s*[:=]\s*b?(?P<quote>['\"]))(?:(?!(?P=quote)).)*(?P=quote)",
            rf"\1{HIDDEN}\g<quote>",
        ),
        (rf"({_NAMED}=)[^\s'\",;&)}}]+", rf"\1{HIDDEN}"),
    )
)
_SUSPICIOUS: Final = re.compile(
    r"xox|xapp|hooks\.|/webhooks|/interactions|\.[\w-]{27}|eyJ|://|[?&;]|bearer|basic|bot\s"
    r"|authorization|token|secret|passw|signature|cookie|api_?key",
    re.IGNORECASE,
)
"""Matches in every text that any of the shapes does, in one quick pass."""


class Redactor:
    """Hides the given secrets, whatever looks like one, and what stands under a name that says it is one."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets if len(secret) >= _SHORTEST for form in _written(secret)}
        longest_first = sorted(forms, key=lambda form: (-len(form), form))
        self._known = re.compile("|".join(map(re.escape, longest_first))) if forms else None
        self.text = lru_cache(maxsize=1024)(self._text)
        """The text without secrets."""

    def _text(self, text: str) -> str:
        if self._known is not None:
            text = self._known.sub(HIDDEN, text)
        if _SUSPICIOUS.search(text):
            for pattern, replacement in _SHAPES:
                text = pattern.sub(replacement, text)
        return text

    def value(self, value: Any, name: str = "", depth: int = 0) -> Any:
        """A value of any type, at any depth, as plain data without secrets. `name` is what it is called."""
        if value is None or isinstance(value, bool | int | float):
            hides_number = self._known is not None and self._known.search(str(value))
            return HIDDEN if hides_number else value
        if _SECRET_NAME.search(name) and not isinstance(value, Mapping):
            return HIDDEN if value else value
        if isinstance(value, str):
            return self.text(value)
        if depth < _DEEPEST and isinstance(value, Mapping):
            return {self.text(str(key)): self.value(item, str(key), depth + 1) for key, item in value.items()}
        if depth < _DEEPEST and isinstance(value, list | tuple | set | frozenset):
            return [self.value(item, name, depth + 1) for item in value]
        return self.text(_safely(repr, value))


def visible(text: str, keep: str = "") -> str:
    """The text with control, bidirectional and other unseen characters written as escapes, but for `keep`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if char in keep or not _is_unseen(char) else _escape(char) for char in text)


def _is_unseen(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") and char not in _JOINERS


_JOINERS: Final = "\u200c\u200d"
"""The zero-width joiners: Persian, Indic scripts and many emoji need them, and they can hide nothing."""


def _escape(char: str) -> str:
    code = ord(char)
    short = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(char)
    return short or (
        f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
    )


def _written(secret: str) -> set[str]:
    """The forms in which a secret can turn up: as it is, in a repr, in JSON, in an address."""
    return {
        secret,
        repr(secret)[1:-1],
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        quote(secret),
        quote(secret, safe=""),
        visible(secret),
    }


def _safely(show: Callable[[Any], str], value: Any) -> str:
    try:
        return show(value)
    except Exception as error:
        return f"<{type(value).__name__} that can't be shown: {type(error).__name__}>"
