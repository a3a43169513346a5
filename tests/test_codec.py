"""Whatever the model can hold comes back from a row as it was, and nothing else is let in."""

from __future__ import annotations

import json
from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import codec
from bot.model.content import Accent
from bot.model.ids import Channel, Member
from bot.model.outgoing import Answer, Delete, Direct, Edit, InChannel, Post, React
from bot.model.text import T
from tests.local.strategies import cards, words
from tests.time.strategies import rules

PEOPLE = st.builds(Member, st.just("local:shed"), st.text(max_size=9), st.text(max_size=9), st.booleans())
PLACES = st.builds(Channel, st.just("local:shed"), st.text(max_size=9), st.text(max_size=9))
DESTINATIONS = st.one_of(
    st.builds(InChannel, PLACES, st.none() | st.text(max_size=5)),
    st.builds(Direct, PEOPLE),
    st.builds(Answer, st.text(max_size=9), PEOPLE, st.none() | PLACES),
)
KEYS = st.text(max_size=20)
OUTGOING = st.one_of(
    st.builds(Post, KEYS, DESTINATIONS, words | cards, st.lists(PEOPLE, max_size=3).map(tuple)),
    st.builds(Edit, KEYS, KEYS, DESTINATIONS, words | cards),
    st.builds(Delete, KEYS, KEYS, DESTINATIONS),
)
VALUES = st.one_of(
    OUTGOING,
    st.none() | st.booleans() | st.integers() | st.text(max_size=30),
    st.dates(),
    st.sampled_from(Accent),
    st.sampled_from(("UTC", "Europe/Berlin", "Asia/Kolkata")).map(ZoneInfo),
    rules(date(2026, 9, 28)),
    st.binary(max_size=30),
)


@given(VALUES | st.lists(VALUES, max_size=3).map(tuple))
@settings(max_examples=200, deadline=None)
def test_what_is_written_is_read_back(value: object) -> None:
    text = codec.dumps(value)
    again = codec.loads(text)
    assert again == value
    assert codec.dumps(again) == text


def test_names_are_kept_though_they_do_not_count() -> None:
    again = codec.loads(codec.dumps(Member("local:shed", "u1", "Ada", bot=True)))
    assert (again.name, again.bot) == ("Ada", True)


@pytest.mark.parametrize("value", [object(), {"a": 1}, {1, 2}, T, lambda: 1])
def test_what_is_not_of_the_model_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        codec.dumps(value)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(("$", "is", "args", "x")), inner, max_size=3)
        ),
        max_leaves=8,
    )
)
@settings(max_examples=200)
def test_json_that_nobody_wrote_is_refused_or_harmless(data: object) -> None:
    try:
        codec.loads(json.dumps(data))
    except ValueError:
        return


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"$":"Member"}',
        '{"$":"os"}',
        '{"$":"T","is":"{a}","args":{}}',
        '{"$":"Zone","is":"No/Where"}',
        '{"$":"Rule","is":{}}',
        '{"$":"Member","space":"a","id":"b","x":1}',
        '{"$":"Accent","is":"x"}',
        "[" * 9000,
    ],
)
def test_broken_rows(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        codec.loads(text)


def test_a_reaction() -> None:
    from bot.model.ids import MessageRef

    place = Channel("local:shed", "c1")
    react = React("k", InChannel(place), "👍", MessageRef(place, "m1", "m0"))
    assert codec.loads(codec.dumps(react)) == react
