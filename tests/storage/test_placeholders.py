"""From ``:name`` to ``$1``: nothing inside literals, names and comments is touched."""

import re
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.engines.placeholders import translate
from storage.errors import StatementError

QUIET = st.sampled_from(
    [
        "SELECT ",
        "':a'",
        "'it''s :b'",
        '":c"',
        '"q"":d"',
        "E'\\':e'",
        "/* :f ; */",
        "-- :g ;\n",
        "$$ :h ; $$",
        "$t$ :i $$ $t$",
        " x::text ",
        " y :: bigint ",
        " a[1:2] ",
        " = ",
        "\n",
        "(",
        ")",
        ",",
    ]
)
NAMES = st.sampled_from(["who", "when_", "x1", "_y"])


@given(st.lists(QUIET | NAMES.map(lambda name: f" :{name} "), max_size=20))
def test_only_placeholders_change(pieces: list[str]) -> None:
    used = [piece.strip()[1:] for piece in pieces if re.fullmatch(r" :\w+ ", piece)]
    values = {"who": "w", "when_": 5, "x1": None, "_y": 1.5}
    sql, given_values = translate("".join(pieces), values)
    order = list(dict.fromkeys(used))
    assert given_values == [values[name] for name in order]
    kinds = {"who": "::text", "when_": "::bigint", "x1": "", "_y": "::double precision"}
    expected = [
        f" ${order.index(piece.strip()[1:]) + 1}{kinds[piece.strip()[1:]]} "
        if re.fullmatch(r" :\w+ ", piece)
        else piece
        for piece in pieces
    ]
    assert sql == "".join(expected)


@given(st.text(max_size=200))
def test_any_text_is_taken_or_refused(text: str) -> None:
    with suppress(StatementError):
        assert translate(text, {}) == (text, [])


def test_truth_becomes_a_number() -> None:
    assert translate(":a, :b", {"a": True, "b": False}) == ("$1::bigint, $2::bigint", [1, 0])


def test_a_name_used_twice_is_one_value() -> None:
    assert translate("SELECT :a WHERE :a = :b", {"b": b"x", "a": "y"}) == (
        "SELECT $1::text WHERE $1::text = $2::bytea",
        ["y", b"x"],
    )


@pytest.mark.parametrize(
    ("sql", "params"),
    [
        ("SELECT :gone", {}),
        ("SELECT :a", {"a": ["list"]}),
        ("SELECT 1; SELECT 2", {}),
        ("SELECT 1;\n-- x\nCOMMIT", {}),
    ],
)
def test_what_can_not_be_run_is_refused(sql: str, params: dict[str, Any]) -> None:
    with pytest.raises(StatementError):
        translate(sql, params)


def test_one_statement_may_end_with_a_semicolon() -> None:
    assert translate("SELECT 1 ; \n", {}) == ("SELECT 1 ; \n", [])
