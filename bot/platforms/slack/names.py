"""Commands as Slack has them: `/kith …` for all, and one or more with a name of their own."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
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

        An unknown one keeps its first words as its path, so that the host can say what is near. What help is
        asked for is given by the host's name.
        """
        paths = {spec.path for spec in specs}
        path, rest = self._found(command, text, paths)
        if path != HELP or not rest:
            return path, rest
        first, _, more = rest.removeprefix("/").strip().partition(" ")
        is_root = first.casefold() == self.root.casefold() and bool(more.strip())
        meant, group = self._found(first, more if is_root else f"{first} {more}", paths)
        if meant == HELP:
            return HELP, group or " ".join(HELP)
        return HELP, " ".join(meant) if meant in paths else rest

    def _found(
        self, command: str, text: str, paths: Collection[tuple[str, ...]]
    ) -> tuple[tuple[str, ...], str]:
        """The same, with what help is asked for as it was typed; a group alone asks for help on it."""
        name = command.removeprefix("/").casefold()
        for command_name, own in self.own.items():
            if name == own.casefold():
                return (command_name,), text.strip()
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
                return candidate, "".join(text.split(maxsplit=taken)[taken:]).strip()
        for group in (first, f"{ROOT}-{first}"):
            if any(path[0] == group and len(path) == 2 for path in paths):
                return ((group, second), "") if second else (HELP, group)
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
