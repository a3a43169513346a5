"""What people type, taken apart: names into whom and what they mean, a command line into its options."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bot.platforms.local.names import Names

_TOKEN = re.compile(r"(<[@#]\d+>)")
_YES_NO = {"yes": True, "no": False}
_STRING, _INTEGER, _BOOLEAN, _USER, _CHANNEL, _ROLE = 3, 4, 5, 6, 7, 8


class CanNotBeTyped(LookupError):
    """A platform's client has nowhere to put these words."""


class Line:
    """A typed line in which ``@Jo`` and ``#wall`` stand for people and channels."""

    def __init__(self, text: str, people: Mapping[str, Any], channels: Mapping[str, Any]) -> None:
        names = Names()
        self._meant: dict[str, Any] = {}
        for number, (name, person) in enumerate(people.items()):
            names.add_person(name, str(number))
            self._meant[f"<@{number}>"] = person
        for number, (name, channel) in enumerate(channels.items()):
            names.add_channel(name, str(number))
            self._meant[f"<#{number}>"] = channel
        self._text = names.resolve(text)

    def parts(self) -> list[Any]:
        """Words, people and channels, in order."""
        return [self._meant.get(part, part) for part in _TOKEN.split(self._text) if part]

    def options(self, declared: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """The options that a person fills in to say this, by the command as Discord has it registered.

        What is written as ``name: value`` goes there; else people and channels go where they are asked for,
        and the rest of the words into the first text. Raises CanNotBeTyped.
        """
        kinds = {option["name"]: option["type"] for option in declared}
        rest, found = self._named(kinds)
        for name, kind in kinds.items():
            if name in found or not rest:
                continue
            pattern = {_USER: r"<@\d+>", _CHANNEL: r"<#\d+>", _ROLE: r"<@&\d+>"}.get(kind)
            if kind == _STRING:
                found[name], rest = rest, ""
            elif pattern is not None and (match := re.match(pattern, rest)):
                found[name], rest = match[0], rest[match.end() :].strip()
            elif kind in (_BOOLEAN, _INTEGER) and self._fits(kind, rest.split()[0]):
                found[name], _, rest = rest.partition(" ")
        if rest:
            raise CanNotBeTyped(f"There is no option for {rest!r} among {list(kinds)}.")
        return {name: self._value(kinds[name], text) for name, text in found.items()}

    def _named(self, kinds: Mapping[str, int]) -> tuple[str, dict[str, str]]:
        names = "|".join(map(re.escape, kinds)) or "(?!)"
        first, *pairs = re.split(rf"(?<!\S)({names}):\s", self._text)
        values = (value.strip() for value in pairs[1::2])
        return first.strip(), dict(zip(pairs[::2], values, strict=True))

    @staticmethod
    def _fits(kind: int, word: str) -> bool:
        return word in _YES_NO if kind == _BOOLEAN else word.isdecimal()

    def _value(self, kind: int, text: str) -> Any:
        if kind == _STRING:
            return "".join(getattr(part, "mention", part) for part in map(self._mean, _TOKEN.split(text)))
        if kind == _BOOLEAN:
            return _YES_NO[text]
        return int(text) if kind == _INTEGER else self._mean(text)

    def _mean(self, part: str) -> Any:
        return self._meant.get(part, part)
