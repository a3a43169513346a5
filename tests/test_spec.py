"""A signature is a command: its types, defaults and docstring say all that any platform asks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import pytest

from bot.model.content import Kind, Option
from bot.model.ids import Channel, Member, PlatformRole
from bot.model.rules import Rule
from bot.model.text import Moment
from bot.spec import (
    REQUIRED,
    Between,
    Label,
    LongText,
    Ref,
    SpecError,
    TemplateOf,
    Text,
    describe,
    of_dataclass,
    of_function,
)


class Colour(StrEnum):
    DEEP_BLUE = "blue"


def asked(function: Any) -> dict[str, Any]:
    return {item.name: item for item in of_function(function, skip=0)}


def test_each_type_is_a_kind() -> None:
    async def handler(
        a: str,
        b: LongText,
        c: int,
        d: bool,
        e: date,
        f: Moment,
        g: Rule,
        h: ZoneInfo,
        i: Member,
        j: tuple[Member, ...],
        k: Channel,
        m: PlatformRole,
        n: Literal["a", "b"],
        o: Colour,
        p: Annotated[int, Ref("complete")],
        q: tuple[str, ...],
        r: Annotated[str, Ref("complete")],
    ) -> None: ...

    kinds = [item.field.kind for item in asked(handler).values()]
    assert kinds == [
        Kind.TEXT,
        Kind.LONG_TEXT,
        Kind.INTEGER,
        Kind.YES_NO,
        Kind.DATE,
        Kind.MOMENT,
        Kind.SCHEDULE,
        Kind.ZONE,
        Kind.MEMBER,
        Kind.MEMBERS,
        Kind.CHANNEL,
        Kind.ROLE,
        Kind.CHOICE,
        Kind.CHOICE,
        Kind.REF,
        Kind.TEXTS,
        Kind.TEXT,
    ]
    assert asked(handler)["o"].field.options == (Option("Deep blue", "blue"),)
    assert asked(handler)["p"].field.completes
    assert asked(handler)["r"].field.completes


def test_bounds_labels_and_lines_about_it() -> None:
    async def handler(
        why: Annotated[str, Text(least=12, most=600, long=True), Label("What for?")],
        how_many: Annotated[int, Between(1, 50)] = 5,
        word: Annotated[str, TemplateOf("a", "b")] = "",
    ) -> None:
        """Do it.

        Some more words.
        why: In a line or two.
        """

    fields = asked(handler)
    why = fields["why"].field
    assert (why.kind, why.least, why.most) == (Kind.LONG_TEXT, 12, 600)
    assert (why.label, why.about, why.required) == ("What for?", "In a line or two.", True)
    number = fields["how_many"]
    assert (number.field.label, number.field.required, number.default) == ("How many", False, 5)
    assert fields["word"].template == ("a", "b")


def test_what_may_be_none_may_be_left_out() -> None:
    async def handler(until: Moment | None, to: Annotated[Member | None, Label("To")], why: str) -> None: ...

    until, to, why = of_function(handler, skip=0)
    assert (until.field.required, until.default) == (False, None)
    assert (to.field.required, to.default) == (False, None)
    assert (why.field.required, why.default) == (True, REQUIRED)


def test_a_docstring_in_its_parts() -> None:
    assert describe("Thank.\n\n    More\n    words.\n\n    to: Who?\n    why: For what?\n") == (
        "Thank.",
        "More\nwords.",
        {"to": "Who?", "why": "For what?"},
    )
    assert describe(None) == ("", "", {})


async def variadic(*words: str) -> None: ...
async def untyped(word) -> None: ...  # type: ignore[no-untyped-def]
async def strange(word: complex) -> None: ...
async def mixed(word: int | str) -> None: ...
async def wordy(word: Annotated[str, Label("x" * 46)]) -> None: ...
async def odd_ref(word: Annotated[Member, Ref("complete")]) -> None: ...
async def many(word: Literal["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t", "u", "v", "w", "x", "y", "z"]) -> None: ...  # fmt: skip # noqa: E501
async def told(word: str) -> None:
    """Do it.

    word: Once upon a time there was a word, and nobody knew how to say in a hundred characters what it meant to all.
    """  # noqa: E501


@pytest.mark.parametrize(
    ("function", "problem"),
    [
        (variadic, "Name each thing"),
        (untyped, "needs a type"),
        (strange, "is not something people can be asked for"),
        (mixed, "is not something people can be asked for"),
        (wordy, "over 45 characters"),
        (odd_ref, "only a number or a text can be completed"),
        (many, "more than 25 choices"),
        (told, "over 100 characters"),
    ],
)
def test_what_people_can_not_be_asked_is_told(function: Any, problem: str) -> None:
    with pytest.raises(SpecError, match=problem):
        of_function(function, skip=0)


def test_settings_need_defaults() -> None:
    @dataclass(frozen=True)
    class Bare:
        wall: str

    @dataclass(frozen=True)
    class Made:
        walls: tuple[str, ...] = field(default_factory=lambda: ("a",))

    with pytest.raises(SpecError, match="needs a default"):
        of_dataclass(Bare)
    with pytest.raises(SpecError, match="frozen dataclass"):
        of_dataclass(int)
    assert of_dataclass(Made)[0].default == ("a",)
