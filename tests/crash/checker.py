"""Compares what was committed with what a server says it got. Knows no platform: a history and intents in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Intent:
    """What a committed unit wanted, in the order of commits.

    ``verb`` is post, edit or delete; ``of`` the key of the post that is changed. The text of a post or an
    edit begins with the post's key. ``ordered`` is False for what was to wait for its time.
    """

    number: int
    verb: str
    key: str
    of: str | None
    place: str
    text: str
    ordered: bool = True


@dataclass(frozen=True)
class Seen:
    """A message as the server has it; ``place`` is named like the lane of its destination."""

    place: str
    text: str

    @property
    def key(self) -> str:
        return self.text.partition(" ")[0]


class History(Protocol):
    """A server's own memory."""

    def arrived(self) -> Sequence[Seen]:
        """Every new message that it ever took, with its first text, in the order in which it took them."""
        ...

    def standing(self) -> Sequence[Seen]:
        """What can be read there now."""
        ...


def violations(intents: Iterable[Intent], history: History) -> list[str]:
    """What is wrong, a line each: lost, repeated, invented, out of order, in the wrong place or words."""
    intents = sorted(intents, key=lambda intent: intent.number)
    posts = {intent.key: intent for intent in intents if intent.verb == "post"}
    words = {key: intent.text for key, intent in posts.items()}
    deleted: set[str] = set()
    for intent in intents:
        if intent.of is None or intent.of in deleted:
            continue
        if intent.verb == "delete":
            deleted.add(intent.of)
        elif intent.verb == "edit":
            words[intent.of] = intent.text
    arrived = history.arrived()
    return [
        *_each_once(posts, deleted, arrived),
        *_in_order(posts, arrived),
        *_as_wanted(posts, deleted, words, history.standing()),
    ]


def _each_once(posts: dict[str, Intent], deleted: set[str], arrived: Sequence[Seen]) -> Iterable[str]:
    times: dict[str, int] = defaultdict(int)
    for seen in arrived:
        times[seen.key] += 1
        if seen.key not in posts:
            yield f"{seen.key} arrived but was never committed"
        elif posts[seen.key].place != seen.place:
            yield f"{seen.key} arrived in {seen.place} instead of {posts[seen.key].place}"
    for key in posts:
        if times[key] > 1:
            yield f"{key} arrived {times[key]} times"
        elif not times[key] and key not in deleted:
            yield f"{key} was lost"


def _in_order(posts: dict[str, Intent], arrived: Sequence[Seen]) -> Iterable[str]:
    last: dict[str, Intent] = {}
    for seen in arrived:
        intent = posts.get(seen.key)
        if intent is None or not intent.ordered:
            continue
        before = last.get(seen.place)
        if before is not None and before.number > intent.number:
            yield f"{intent.key} arrived after {before.key} in {seen.place}"
        last[seen.place] = intent


def _as_wanted(
    posts: dict[str, Intent], deleted: set[str], words: dict[str, str], standing: Sequence[Seen]
) -> Iterable[str]:
    found: dict[str, int] = defaultdict(int)
    for seen in standing:
        found[seen.key] += 1
        if seen.key in deleted:
            yield f"{seen.key} still stands"
        elif seen.key in words and words[seen.key] != seen.text:
            yield f"{seen.key} reads {seen.text!r} instead of {words[seen.key]!r}"
    for key in posts:
        if key not in deleted and not found[key]:
            yield f"{key} does not stand there"
