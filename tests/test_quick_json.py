"""Quick JSON says the same as Python's own, for all that platforms may send and people may write."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.platforms import quick_json

TEXTS = st.text(alphabet=st.characters(exclude_categories=()), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
@settings(max_examples=150)
def test_what_is_said_is_understood(value: Any) -> None:
    assert json.loads(quick_json.dumps(value)) == value
    assert quick_json.loads(quick_json.dumps(value)) == value
    for told in (json.dumps(value), json.dumps(value).encode()):
        assert quick_json.loads(told) == value


def test_half_a_character_is_taken_as_it_is() -> None:
    assert quick_json.loads('{"name": "Mina \\ud83d"}') == {"name": "Mina \ud83d"}
    assert quick_json.dumps(["\ud83d"]) == b'["\\ud83d"]'


def test_people_write_in_any_script() -> None:
    assert quick_json.dumps({"text": "Grüße 👋"}) == '{"text":"Grüße 👋"}'.encode()


@pytest.mark.parametrize("text", ["", "{", "{}x", "[1,]", b"\xff", "{'a': 1}", '"\n"'])
def test_what_is_no_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        quick_json.loads(text)


def test_what_is_nested_deeply_is_taken_and_too_deeply_refused() -> None:
    assert quick_json.loads("[" * 500 + "]" * 500)
    with pytest.raises(RecursionError):
        quick_json.loads("[" * 100_000)


def test_what_is_no_plain_value_is_refused() -> None:
    with pytest.raises(TypeError):
        quick_json.dumps({"file": b"\xff"})
