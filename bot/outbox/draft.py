"""What is handed to the outbox: a message to be, with what the host knows about it."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from bot.model.content import Card, Content
from bot.model.outgoing import Answer, Edit, InChannel, Outgoing, Post
from bot.model.text import Words, people


class Priority(IntEnum):
    """What goes first among destinations that are ready. Within one, order stays as it was said."""

    ANSWER = 0
    """Somebody is waiting for it."""
    GREETING = 1
    NORMAL = 2
    DROP = 3


class Draft(NamedTuple):
    """Something to be sent, edited, deleted or reacted with, once, named by ``out.key``.

    ``because`` is the JSON text that ``/kith why`` shows, ``kind`` the kind of attention it takes; both mean
    nothing here. ``due_at`` is community time in UTC milliseconds; None means at once.
    """

    out: Outgoing
    community: int
    cog: str
    because: str = "{}"
    priority: Priority = Priority.NORMAL
    due_at: int | None = None
    kind: str = ""


def form_of(out: Outgoing) -> str:
    """The kind of row that this is stored as."""
    return type(out).__name__.lower()


def platform_of(out: Outgoing) -> str:
    return out.to.space.partition(":")[0]


def is_answer(out: Outgoing) -> bool:
    return isinstance(out.to, Answer)


def keys_of_people(out: Outgoing) -> str:
    """The keys of all whom this is to or about, a blank on both sides of each; empty if nobody."""
    to = out.to
    found = [] if isinstance(to, InChannel) else [to.member]
    match out:
        case Post():
            found += [*out.pings, *people(*_words(out.content))]
        case Edit():
            found += people(*_words(out.content))
    return f" {' '.join(dict.fromkeys([member.key for member in found]))} " if found else ""


def _words(content: Content) -> list[Words | None]:
    if not isinstance(content, Card):
        return [content]
    found: list[Words | None] = [content.title, content.body, content.footer]
    for section in content.sections:
        found += (section.heading, section.text)
        if section.control is not None:
            found.append(section.control.label)
    return found + [control.label for control in content.buttons]
