"""The checker finds each kind of fault."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.crash.checker import Intent, Seen, violations


class Memory:
    def __init__(self, arrived: Sequence[Seen], standing: Sequence[Seen]) -> None:
        self._arrived, self._standing = arrived, standing

    def arrived(self) -> Sequence[Seen]:
        return self._arrived

    def standing(self) -> Sequence[Seen]:
        return self._standing


A, B, C = Seen("x", "a v0"), Seen("x", "b v0"), Seen("y", "c v0")
INTENTS = [
    Intent(1, "post", "a", None, "x", "a v0"),
    Intent(2, "post", "b", None, "x", "b v0"),
    Intent(3, "post", "c", None, "y", "c v0"),
]
EDIT = Intent(4, "edit", "d", "a", "x", "a v4")
DELETE = Intent(5, "delete", "e", "a", "x", "")


@pytest.mark.parametrize(
    ("intents", "arrived", "standing", "found"),
    [
        (INTENTS, [A, C, B], [A, B, C], []),
        (INTENTS, [A, B], [A, B], ["c was lost", "c does not stand there"]),
        (INTENTS, [A, B, C, A], [A, B, C], ["a arrived 2 times", "a arrived after b in x"]),
        (INTENTS, [B, A, C], [A, B, C], ["a arrived after b in x"]),
        (INTENTS[:2], [A, B, C], [A, B], ["c arrived but was never committed"]),
        (INTENTS[:1], [Seen("y", "a v0")], [A], ["a arrived in y instead of x"]),
        ([*INTENTS[:1], EDIT], [A], [A], ["a reads 'a v0' instead of 'a v4'"]),
        ([*INTENTS[:1], EDIT], [A], [Seen("x", "a v4")], []),
        ([*INTENTS[:1], DELETE], [A], [A], ["a still stands"]),
        ([*INTENTS[:1], DELETE], [A], [], []),
        ([*INTENTS[:1], DELETE], [], [], []),
        ([*INTENTS[:1], DELETE, EDIT], [A], [], []),
        ([Intent(1, "post", "b", None, "x", "b v0", ordered=False), INTENTS[0]], [A, B], [A, B], []),
    ],
)
def test_violations(
    intents: list[Intent], arrived: list[Seen], standing: list[Seen], found: list[str]
) -> None:
    assert violations(intents, Memory(arrived, standing)) == found
