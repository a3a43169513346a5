"""Commands as Slack has them: `/kith …` for all, and one or more with a name of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from bot.model.content import CommandSpec

ROOT: Final = "kith"
HELP: Final = (ROOT, "help")


@dataclass(frozen=True, slots=True)
class Names:
    """``root`` is the workspace's name for `/kith`; ``own`` maps commands to their own slash names."""

    root: str = ROOT
    own: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({"shoutout": "shoutout"}))

    def slash(self, path: Sequence[str]) -> str:
        """A command as people type it."""
        if not path:
            return f"/{self.root}"
        if len(path) == 1 and path[0] in self.own:
            return f"/{self.own[path[0]]}"
        first, *rest = path
        words = rest if first == ROOT else [first.removeprefix(f"{ROOT}-"), *rest]
        return " ".join((f"/{self.root}", *words))

    def resolve(self, command: str, text: str, specs: Sequence[CommandSpec]) -> tuple[tuple[str, ...], str]:
        """The path of a typed slash command, and the text that is left for its options.

        An unknown one keeps its first words as its path, so that the host can say what is near.
        """
        name = command.removeprefix("/").casefold()
        for command_name, own in self.own.items():
            if name == own.casefold():
                return (command_name,), text.strip()
        paths = {spec.path for spec in specs}
        words = text.split(maxsplit=2)
        first, second = ([word.casefold() for word in words[:2]] + ["", ""])[:2]
        if not first:
            return HELP, ""
        candidates: tuple[tuple[int, tuple[str, ...]], ...] = (
            (2, (first, second)),
            (2, (f"{ROOT}-{first}", second)),
            (1, (first,)),
            (1, (ROOT, first)),
        )
        for taken, candidate in candidates:
            if candidate in paths:
                rest = text.split(maxsplit=taken)[taken:]
                return candidate, rest[0].strip() if rest else ""
        if any(path[0] in (first, f"{ROOT}-{first}") and len(path) == 2 for path in paths):
            group = first if any(path[0] == first for path in paths) else f"{ROOT}-{first}"
            return tuple(part for part in (group, second) if part), ""
        return (ROOT, first), ""

    def rewritten(self, code: str, paths: Sequence[Sequence[str]]) -> str:
        """A command that a text spells out, as people here type it; anything else as it is."""
        if not code.startswith("/"):
            return code
        words = code[1:].split()
        for count in (2, 1):
            if tuple(words[:count]) in paths and len(words) >= count:
                return " ".join((self.slash(words[:count]), *words[count:]))
        return code
