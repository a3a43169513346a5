"""Which names are free, and what a text names: "@Mina" and "#general" by the longest name that matches."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bot.model.text import clean
from bot.platforms import graphemes
from bot.platforms.local.refused import Refused, too_long

_MOST: Final = 32
_RESERVED: Final = frozenset({"everyone", "here", "channel", "someone"})
_SIGN = re.compile(r"(?<![\w<@#])[@#]")
_TOKEN = re.compile(r"<([@#])([^<>@#|\s]+)>|https?://[^\s<>\"]+", re.IGNORECASE)
_TRAILING = ".,;:!?'\")]}»”’。，、"
_UNSPACED = (range(0x0E00, 0x0F00), range(0x1000, 0x10A0), range(0x1780, 0x1800), range(0x3040, 0xA000))
"""Thai, Lao, Burmese, Khmer, kana and Han: a word may follow a name without a space."""


class Names:
    """The names that can be mentioned: of people after an @, of channels after a #."""

    def __init__(self) -> None:
        self.people: dict[str, str] = {}
        self.channels: dict[str, str] = {}
        """Ids by folded name."""
        self._longest = 0

    def add_person(self, name: str, ident: str) -> None:
        self._add(self.people, name, ident)

    def add_channel(self, name: str, ident: str) -> None:
        self._add(self.channels, name, ident)

    def _add(self, known: dict[str, str], name: str, ident: str) -> None:
        known[fold(name)] = ident
        self._longest = max(self._longest, len(name), len(fold(name)))

    def free(self, name: str) -> str:
        """A newcomer's name, tidied. Raises Refused for one that can't be had, or is."""
        name = " ".join(clean(name).split())
        if not any(unicodedata.category(char)[0] in "LNS" for char in name):
            raise Refused("empty", "What should they be called? A name needs a letter.", field="name")
        if graphemes.first(name, _MOST) != name or len(name) > 4 * _MOST:
            raise too_long("The name", len(name), _MOST)
        if set(name) & set("<>|@#`*"):
            raise Refused("bad_value", "A name can't have any of < > | @ # ` * in it.", field="name")
        if fold(name) in self.people or fold(name) in _RESERVED:
            raise Refused("name_taken", f"There is a {name} already. Add an initial, perhaps?")
        return name

    def resolve(self, text: str) -> str:
        """The text with ``<@id>`` and ``<#id>`` in place of the names."""
        out: list[str] = []
        at = 0
        for sign in _SIGN.finditer(text):
            if sign.start() < at:
                continue
            known = self.people if sign.group() == "@" else self.channels
            found = self._find(text, sign.end(), known)
            if found is None:
                continue
            end, ident = found
            out += [text[at : sign.start()], f"<{sign.group()}{ident}>"]
            at = end
        return "".join(out) + text[at:]

    def _find(self, text: str, start: int, known: Mapping[str, str]) -> tuple[int, str] | None:
        for end in range(min(len(text), start + 2 * self._longest), start, -1):
            ident = known.get(fold(text[start:end]))
            if ident is not None and _ends_word(text, end):
                return end, ident
        return None


def fold(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def _ends_word(text: str, at: int) -> bool:
    if at == len(text) or not (text[at].isalnum() or text[at] == "_"):
        return True
    return any(ord(char) in script for char in (text[at - 1], text[at]) for script in _UNSPACED)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a person's text: plain words, a mention's id or a link's address, told by ``sign``."""

    sign: str
    text: str


def pieces(text: str) -> list[Piece]:
    """A resolved text in parts. ``sign`` is "@", "#", "link" or "" for plain words."""
    found: list[Piece] = []
    at = 0
    for match in _TOKEN.finditer(text):
        end = match.end()
        if match.group(1):
            piece = Piece(match.group(1), match.group(2))
        else:
            address = match.group().rstrip(_TRAILING)
            end = match.start() + len(address)
            piece = Piece("link", address)
        if match.start() > at:
            found.append(Piece("", text[at : match.start()]))
        found.append(piece)
        at = end
    if at < len(text):
        found.append(Piece("", text[at:]))
    return found
