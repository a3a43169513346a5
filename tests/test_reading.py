"""What people type becomes what a handler takes, or a kind word for each mistake; never an error."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model.content import Field, Kind
from bot.model.events import Raw
from bot.model.ids import Channel, Member, PlatformRole
from bot.model.rules import Rule
from bot.model.text import Moment
from bot.reading import Misread, Place, check_template, coerce, read, shown, split
from bot.spec import Between, LongText, Parameter, Ref, TemplateOf, Text, of_dataclass
from bot.testing import MONDAY, SPACE

HERE = Place(SPACE, ZoneInfo("Europe/Berlin"), MONDAY)


class Colour(StrEnum):
    DEEP_BLUE = "blue"
    RED = "red"


@dataclass(frozen=True)
class Everything:
    """One of each kind."""

    text: Annotated[str, Text(least=3, most=20)] = ""
    long: LongText = ""
    number: Annotated[int, Between(1, 9)] = 1
    any_number: int = 0
    yes: bool = False
    day: date | None = None
    moment: Moment | None = None
    rule: Rule | None = None
    zone: ZoneInfo | None = None
    who: Member | None = None
    all_: tuple[Member, ...] = ()
    place: Channel | None = None
    role: PlatformRole | None = None
    size: Literal["small", "large"] = "small"
    colour: Colour = Colour.RED
    which: Annotated[int, Ref("complete")] = 0
    texts: Annotated[tuple[str, ...], Text(most=50), TemplateOf("member", "count")] = ()


PARAMETERS = {item.name: item for item in of_dataclass(Everything)}
JO, WALL = Member(SPACE, "u2", "Jo"), Channel(SPACE, "c3", "wall")


def get(name: str, raw: Raw) -> Any:
    return coerce(PARAMETERS[name], raw, HERE)


@pytest.mark.parametrize(
    ("name", "raw", "value"),
    [
        ("text", "  two   words\n", "two words"),
        ("long", " two\n\nparagraphs ", "two\n\nparagraphs"),
        ("text", "for <@u2|Jo>", "for @Jo"),
        ("text", "in <#c3|wall>", "in #wall"),
        ("text", "for <@u2>", "for <@u2>"),
        ("number", " 7 ", 7),
        ("any_number", "-12", -12),
        ("yes", "Ja", True),
        ("yes", "off", False),
        ("yes", True, True),
        ("day", "24 December", date(2026, 12, 24)),
        ("moment", "in 2 hours", Moment(MONDAY + 7_200_000)),
        ("zone", "asia/kolkata", ZoneInfo("Asia/Kolkata")),
        ("zone", "berlin", ZoneInfo("Europe/Berlin")),
        ("zone", "New York", ZoneInfo("America/New_York")),
        ("who", "<@u2|Jo>", JO),
        ("who", "<@!u2>", JO),
        ("who", JO, JO),
        ("all_", "<@u2|Jo>, <@u3> and <@u2>", (JO, Member(SPACE, "u3"))),
        ("all_", (JO, JO), (JO,)),
        ("place", "<#c3|wall>", WALL),
        ("role", "<@&r1>", PlatformRole(SPACE, "r1")),
        ("role", "<!subteam^S1|hosts>", PlatformRole(SPACE, "S1")),
        ("size", "Large", "large"),
        ("colour", "deep blue", Colour.DEEP_BLUE),
        ("colour", "BLUE", Colour.DEEP_BLUE),
        ("which", "#12", 12),
        ("texts", "Hi {member}\n\n\nand {count}\n---\nthree", ("Hi {member}", "and {count}", "three")),
        ("texts", ("a", " ", "b\n\nc"), ("a", "b\nc")),
    ],
)
def test_what_is_understood(name: str, raw: Raw, value: object) -> None:
    assert get(name, raw) == value


@pytest.mark.parametrize(
    ("name", "raw", "words"),
    [
        ("text", "ab", "at least 3 characters"),
        ("text", "x" * 21, "That is 21 characters. Please keep it to 20"),
        ("number", "0", "from 1 to 9"),
        ("number", "ten", "whole number"),
        ("any_number", "9" * 40, "too large"),
        ("any_number", "9" * 9_000, "whole number"),
        ("any_number", "1e3", "whole number"),
        ("yes", "maybe", "es or no"),
        ("day", "the day after never", "understand"),
        ("moment", "yesterday", "."),
        ("rule", "sometimes", "understand"),
        ("zone", "Europe/Berlni", "Did you mean Europe/Berlin?"),
        ("zone", "Mars/Olympus", "Write it like Europe/Berlin"),
        ("who", "Jo", "Write @ and their name"),
        ("who", "@Nobody", "anybody called @Nobody here"),
        ("who", "@" + "x" * 9_000, "xxx here"),
        ("who", Member("discord:1", "5"), "not in this community"),
        ("all_", "<@u2> and the others", "@ and a name for each"),
        ("place", "wall", "Write # and its name"),
        ("place", "#nowhere", "a channel called #nowhere here"),
        ("place", Channel("discord:1", "5"), "not in this community"),
        ("role", PlatformRole("discord:1", "5"), "not in this community"),
        ("role", "Admins", "Pick one from the list"),
        ("size", "larg", "Did you mean Large?"),
        ("size", "xyz", "Choose one of: Small, Large"),
        ("which", "the first", "give its number"),
        ("which", "9" * 30, "give its number"),
        ("which", "-1", "give its number"),
        ("which", "²", "give its number"),
        ("texts", "x" * 51, "keep each to 50"),
        ("texts", "\n\n".join("x" * 60), "25 are plenty"),
        ("texts", "Hi {membr}", "Did you mean {member}?"),
        ("texts", "Hi {", "stray"),
    ],
)
def test_what_is_not_understood_is_told_with_what_would_be(name: str, raw: Raw, words: str) -> None:
    with pytest.raises(Misread) as slip:
        get(name, raw)
    assert words in str(slip.value)
    assert len(str(slip.value)) < 300


RAW = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ("<@u2|Jo>", "<#c3|wall>", "every Friday at 16:00", "in 2 hours", "{", "{member}", "yes")
    ),
    st.integers(),
    st.booleans(),
    st.just(JO),
    st.just(WALL),
    st.just(PlatformRole(SPACE, "r1")),
    st.lists(st.text(max_size=5) | st.just(JO), max_size=3).map(tuple),
)


@given(st.sampled_from(sorted(PARAMETERS)), RAW)
@settings(max_examples=400, deadline=None)
def test_anything_is_understood_or_kindly_refused(name: str, raw: Raw) -> None:
    told = "."
    try:
        get(name, raw)
    except Misread as slip:
        told = str(slip)
    assert told[-1] in ".?!", told
    field = shown(PARAMETERS[name].field, raw)
    assert field.value is None or isinstance(field.value, str | tuple)


def test_what_is_left_out_takes_its_default_or_is_missing() -> None:
    needed = Parameter(Field("to", Kind.MEMBER, "To"))
    said = read([needed, PARAMETERS["size"], PARAMETERS["number"]], {"number": "x", "size": " "}, HERE)
    assert said.missing == ("to",)
    assert said.values == {"size": "small"}
    assert set(said.problems) == {"number"}
    assert not said.complete


@pytest.mark.parametrize(
    ("text", "problem"),
    [("{member}", None), ("{{member}}", None), ("{nobody}", "There is no {nobody}"), ("}", "stray")],
)
def test_templates_are_checked_when_they_are_saved(text: str, problem: str | None) -> None:
    if problem is None:
        check_template(text, ["member"])
        return
    with pytest.raises(Misread, match=problem.replace("{", r"\{").replace("}", r"\}")) as slip:
        check_template(text, ["member"])
    assert "{member}" in str(slip.value)


# --- the command line


def field(name: str, kind: Kind, *, required: bool = True) -> Field:
    return Field(name, kind, name.capitalize(), required=required)


TO, WHY = field("to", Kind.MEMBER), field("why", Kind.LONG_TEXT)
TITLE, SOURCE = field("title", Kind.TEXT, required=False), field("source", Kind.TEXT, required=False)
COUNT, LOUD = field("count", Kind.INTEGER, required=False), field("loud", Kind.YES_NO, required=False)
WHEN = field("when", Kind.MOMENT, required=False)


@pytest.mark.parametrize(
    ("fields", "text", "values", "rest"),
    [
        ([TO, WHY], "<@u2|Jo> for the bench", {"to": "<@u2|Jo>", "why": "for the bench"}, ""),
        ([TO, WHY], "for the bench <@u2|Jo>", {"to": "<@u2|Jo>", "why": "for the bench "}, ""),
        ([TO, WHY], "<@u2> for <@u3>", {"to": "<@u2>", "why": "for <@u3>"}, ""),
        ([TO, WHY], "<@u2>", {"to": "<@u2>"}, ""),
        ([TO, WHY], "just words", {"why": "just words"}, ""),
        ([TO, WHY], "why: the bench to: <@u2>", {"to": "<@u2>", "why": "the bench"}, ""),
        ([TO, WHY], 'why: "to: the moon" to: <@u2>', {"to": "<@u2>", "why": "to: the moon"}, ""),
        (
            [WHY, TITLE, SOURCE],
            "a tip title: T source: here",
            {"why": "a tip", "title": "T", "source": "here"},
            "",
        ),
        ([TITLE, WHY], "goes to the one that is needed", {"why": "goes to the one that is needed"}, ""),
        ([TITLE], "all of it", {"title": "all of it"}, ""),
        ([COUNT, LOUD], "3 yes", {"count": "3", "loud": "yes"}, ""),
        ([COUNT, LOUD], "yes", {"loud": "yes"}, ""),
        ([COUNT, LOUD], "nonsense", {}, "nonsense"),
        ([WHEN], "tomorrow at 9:00", {"when": "tomorrow at 9:00"}, ""),
        ([], "anything", {}, "anything"),
        ([WHY], '"in quotes" and more', {"why": '"in quotes" and more'}, ""),
        ([WHY], '"in quotes"', {"why": "in quotes"}, ""),
        ([WHY], "WHY: loud", {"why": "loud"}, ""),
        ([TO, WHY], "@Nobody for the tea", {"to": "@Nobody", "why": "for the tea"}, ""),
        ([TO, WHY], "@Nobody thanks <@u2|Jo>", {"to": "<@u2|Jo>", "why": "@Nobody thanks"}, ""),
    ],
)
def test_a_command_line_is_read_by_place_type_and_name(
    fields: list[Field], text: str, values: dict[str, str], rest: str
) -> None:
    got, left = split(fields, text)
    assert ({name: str(value).strip() for name, value in got.items()}, left) == (
        {name: value.strip() for name, value in values.items()},
        rest,
    )


@given(
    st.lists(st.sampled_from((TO, WHY, TITLE, SOURCE, COUNT, LOUD, WHEN)), unique_by=lambda one: one.name),
    st.lists(
        st.one_of(
            st.text(max_size=12),
            st.sampled_from(("<@u2|Jo>", "to:", "why:", '"', '"a b"', "title: x", "3", "yes", "\n", "“a”")),
        ),
        max_size=8,
    ),
)
@settings(max_examples=300)
def test_no_word_is_lost(fields: list[Field], parts: list[str]) -> None:
    """Every word typed is in some value or in what found no place; only option names and quotes go."""
    text = " ".join(parts)
    values, rest = split(fields, text)
    assert set(values) <= {one.name for one in fields}
    found = " ".join([rest, *map(str, values.values())])
    names = {f"{one.name}:" for one in fields}
    for word in text.replace('"', " ").replace("“", " ").replace("”", " ").replace("\\", " ").split():
        if word.casefold() not in names and ":" not in word:
            assert word in found
