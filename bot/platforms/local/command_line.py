"""The command that a typed line begins with, or a word on the one that was probably meant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.model.content import CommandSpec
from bot.model.nearest import nearest
from bot.platforms import graphemes
from bot.platforms.local.refused import Refused

_SHOWN = 60


def find(specs: Iterable[CommandSpec], line: str) -> tuple[CommandSpec, str] | None:
    """The command, and the rest of the line; None where it begins with no command."""
    for spec in sorted(specs, key=lambda spec: -len(spec.path)):
        words = line.removeprefix("/").split(maxsplit=len(spec.path))
        if tuple(word.casefold() for word in words[: len(spec.path)]) == spec.path:
            return spec, "".join(words[len(spec.path) :])
    return None


def unknown(usable: Sequence[CommandSpec], line: str) -> Refused:
    """The refusal of a line that begins with no command. ``usable`` are those that its writer may use."""
    words = line.removeprefix("/").casefold().split()
    names = [spec.name for spec in usable]
    further = [spec.name for spec in usable if spec.path[0] in words[:1]]
    if further and len(words) == 1:
        shown = ", ".join(f"/{name}" for name in further)
        return Refused("unknown_command", f"One more word, please: {shown}.")
    close = nearest(" ".join(words[:2]), names) or nearest("".join(words[:1]), names)
    hint = f"Did you mean /{close}?" if close else "Type / to see those there are."
    wanted = graphemes.first(" ".join(words[: 2 if further else 1]), _SHOWN)
    doubt = f"I don't know /{wanted}." if wanted else "Which command?"
    return Refused("unknown_command", f"{doubt} {hint}")
