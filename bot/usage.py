"""How a handler is presented: the line that shows how to write it, and the title of its form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.cog import Handler
from bot.model.content import Field, Kind
from bot.model.text import CommandName, T, Words
from bot.registry import Entry

_CHOICES_MOST: Final = 4
_WRITTEN: Final[Mapping[Kind, str]] = {
    Kind.MEMBER: "@name",
    Kind.MEMBERS: "@name @name",
    Kind.CHANNEL: "#channel",
    Kind.ROLE: "@role",
    Kind.YES_NO: "yes",
}


def usage(entry: Entry) -> T:
    """How a command is written: its name and what it takes, as people would type it."""
    path = getattr(entry.handler, "path", (entry.handler.name,))
    if not entry.parameters:
        return T("Write it like this: {name}", name=CommandName(path))
    asked = " ".join(_typed(item.field) for item in entry.parameters)
    return T("Write it like this: {name} {asked}", name=CommandName(path), asked=asked)


def _typed(field: Field) -> str:
    """``@name`` or ``<why>`` for what is needed, ``[signed: yes]`` for what may be left out."""
    written = _WRITTEN.get(field.kind)
    if written is None and field.options and len(field.options) <= _CHOICES_MOST:
        written = " or ".join(option.value for option in field.options)
    if written is None:
        written = f"<{field.name.replace('_', ' ')}>"
    return written if field.required else f"[{field.name}: {written}]"


def title(handler: Handler) -> Words:
    """What a handler's form is called: its button's or menu's label, or the command's own name."""
    label = getattr(handler, "label", "")
    if label:
        return T("{label}", label=label)
    path = getattr(handler, "path", (handler.name,))
    return T("{name}", name=path[-1].replace("-", " ").capitalize())


def intro(handler: Handler) -> Words | None:
    """What a handler's form is for."""
    return T("{about}", about=handler.about) if handler.about else None
