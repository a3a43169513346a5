"""How a handler is presented: the line that shows how to write it, and the title of its form."""

from __future__ import annotations

from bot.cog import Handler
from bot.model.text import CommandName, T, Words
from bot.registry import Entry


def usage(entry: Entry) -> T:
    """How a command is written: its name and what it takes."""
    path = getattr(entry.handler, "path", (entry.handler.name,))
    asked = " ".join(
        item.field.name if item.field.required else f"[{item.field.name}]" for item in entry.parameters
    )
    return T("Write it like this: {name} {asked}", name=CommandName(path), asked=asked)


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
