"""What the bot said, as scripts of say and hear look at it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Heard:
    """A message of the bot as somebody sees it.

    ``text`` is plain words: names without @, a line break between the parts of a card. ``pings`` are the
    names of those it notified. ``private``: one person alone can see it.
    """

    id: str
    place: str
    text: str
    labels: tuple[str, ...]
    pings: tuple[str, ...]
    private: bool
    edited: bool
    thread: str = ""
    """The id of the thread that it stands in, or "" above all threads."""

    def __str__(self) -> str:
        return f"{'(privately) ' if self.private else ''}{self.text!r} {list(self.labels) or ''}"


@dataclass(frozen=True, slots=True)
class Question:
    """A field of an open form: ``value`` is what it holds, ``problem`` what is wrong with that, or ""."""

    name: str
    label: str
    value: str | tuple[str, ...] | None = None
    problem: str = ""


class NotHeard(AssertionError):
    """The bot did not say what was expected; the message tells what it said."""


def listed(found: Sequence[Heard]) -> str:
    return "\n".join(f"  {one}" for one in found) or "  nothing"
