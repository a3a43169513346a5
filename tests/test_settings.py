"""Settings: the configuration's defaults, a space's own values over them, and forms that bring them back."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import pytest

from bot.grammar import describe
from bot.grammar.schedule import parse
from bot.model.content import Kind
from bot.model.ids import Channel
from bot.model.rules import Rule
from bot.reading import Misread, Place
from bot.settings import Sections, changed, filled, spoken, stored
from bot.spec import Between, TemplateOf, of_dataclass
from bot.testing import MONDAY, SPACE

UTC = ZoneInfo("UTC")
PLACE = Place(SPACE, UTC, MONDAY)


class Colour(StrEnum):
    BLUE = "blue"
    RED = "red"


@dataclass(frozen=True)
class Wall:
    """Some.

    channel: Where.
    story: When.
    daily: How many.
    colour: Which.
    texts: What.
    loud: Whether.
    """

    channel: Channel | None = None
    story: Rule | None = None
    daily: Annotated[int, Between(1, 50)] = 5
    colour: Colour = Colour.BLUE
    texts: Annotated[tuple[str, ...], TemplateOf("member")] = ("Hi {member}",)
    loud: bool = False


PARAMETERS = {item.name: item for item in of_dataclass(Wall)}


def sections(**defaults: Any) -> Sections:
    return Sections({"wall": Wall}, {"wall": defaults}, UTC)


def row(name: str, value: str, by: str = "") -> Any:
    return {"section": "wall", "name": name, "value": value, "set_by": by, "set_at": 5}


def test_the_cogs_defaults_then_the_configurations_then_the_spaces() -> None:
    assert sections().load(SPACE, [])["wall"] == Wall()
    made = sections(
        channel="c3", daily=7, loud=True, texts=["Yo {member}"], colour="red", story="fridays 16:00"
    )
    held: Wall = made.load(SPACE, [])["wall"]
    assert held.channel == Channel(SPACE, "c3")
    assert (held.daily, held.loud, held.texts, held.colour) == (7, True, ("Yo {member}",), Colour.RED)
    assert held.story is not None
    assert describe(held.story) == "every Friday at 16:00"
    mine = made.load(SPACE, [row("daily", stored(9), "local:shed:u1"), row("channel", stored(None))])
    assert (mine["wall"].daily, mine["wall"].channel, mine["wall"].loud) == (9, None, True)
    assert mine.origins["wall", "daily"].by == "local:shed:u1"
    assert made.load("local:other", [])["wall"].channel == Channel("local:other", "c3")


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("daly", 5, "Did you mean 'daily'?"),
        ("xyzzy", 5, "has no setting 'xyzzy'"),
        ("daily", 500, "from 1 to 50"),
        ("daily", "lots", "whole number"),
        ("daily", True, "not of the right type"),
        ("loud", 1, "not of the right type"),
        ("daily", 1.5, "not of the right type"),
        ("daily", None, "not of the right type"),
        ("texts", ["Hi {membr}"], "Did you mean {member}?"),
        ("story", "when pigs fly", "understand"),
        ("colour", "green", "Choose one of"),
        ("channel", {"a": 1}, "not of the right type"),
    ],
)
def test_every_wrong_default_is_told(name: str, value: Any, problem: str) -> None:
    (wrong,) = sections(**{name: value}).wrong()
    assert (wrong.section, wrong.name) == ("wall", name)
    assert problem in wrong.problem
    assert len(sections(daily=0, loud=1, colour="green").wrong()) == 3


@pytest.mark.parametrize(
    "value",
    ['"seven"', "true", "null", "{", '{"$":"Gone"}', '{"$":"Member","space":"a","id":"b"}', "1.5", "[1]"],
)
def test_a_row_that_can_not_be_read_gives_way_to_the_default(value: str) -> None:
    held = sections(daily=7).load(SPACE, [row("daily", value), row("removed", "1"), row("colour", '"green"')])
    assert held["wall"].daily == 7
    assert held["wall"].colour == Colour.BLUE


@pytest.mark.parametrize("raw", [None, "", "  ", ()])
def test_left_empty_a_setting_is_none_or_the_configurations_default(raw: Any) -> None:
    made = sections(daily=7, channel="c3")

    def emptied(name: str) -> Any:
        item = PARAMETERS[name]
        return changed(item, raw, "before", made.default("wall", item, SPACE), PLACE)

    assert emptied("daily") == 7
    assert emptied("channel") is None
    assert emptied("story") is None
    assert emptied("texts") == ("Hi {member}",)


def test_what_was_not_touched_stays_as_it_is() -> None:
    rule = parse("every 3 days at 8:30", now_ms=MONDAY - 86_400_000 * 400, zone=UTC)
    item = PARAMETERS["story"]
    assert changed(item, spoken(rule), rule, None, PLACE) is rule
    with pytest.raises(Misread):
        changed(item, "sometimes", rule, None, PLACE)


def test_a_form_never_insists_on_a_setting() -> None:
    field = filled(PARAMETERS["channel"], Channel(SPACE, "c3", "wall"))
    assert (field.value, field.required, field.kind) == ("c3", False, Kind.CHANNEL)
    assert filled(PARAMETERS["loud"], False).value == "no"
    assert filled(PARAMETERS["story"], None).value is None
