"""Templates stay apart from their arguments, and only the literal part is ever read for marks."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model.ids import Member
from bot.model.text import (
    CommandName,
    Link,
    Moment,
    Plain,
    T,
    TemplateError,
    clean,
    closed,
    people,
    placeholders,
    plain_text,
    spans,
)

ADA, MINA = Member("local:shed", "u1", "Ada"), Member("local:shed", "u2", "Mina")


def test_arguments_are_spans_of_their_own() -> None:
    said = T("{giver} thanks {to} at {when}", giver=ADA, to=MINA, when=Moment(5))
    assert spans(said) == (ADA, Plain(" thanks "), MINA, Plain(" at "), Moment(5))
    assert plain_text(said) == "Ada thanks Mina at 1970-01-01 00:00 UTC"


def test_marks_count_in_the_template_alone() -> None:
    loud = T("**so {words}** and `{words}`", words="**much** `so`")
    assert spans(loud) == (
        Plain("so **much** `so`", bold=True),
        Plain(" and "),
        Plain("**much** `so`", code=True),
    )
    assert spans("**just** words") == (Plain("**just** words"),)


def test_a_bold_mark_reaches_into_what_it_encloses() -> None:
    assert spans(T("**{inner}**", inner=T("a {x}", x="b"))) == (Plain("a b", bold=True),)


def test_what_is_missing_is_named() -> None:
    with pytest.raises(TemplateError, match=r"needs \{to\}"):
        T("{giver} thanks {to}", giver=ADA)


@pytest.mark.parametrize("template", ["{", "}", "{ giver}", "{giver", "{}", "{0}", "{a.b}", "{a!r}", "{A}"])
def test_a_stray_brace_is_told(template: str) -> None:
    with pytest.raises(TemplateError, match="stray"):
        placeholders(template)


def test_doubled_braces_are_braces() -> None:
    assert placeholders("{{a}} {b} }}{{") == ["b"]
    assert plain_text(T("{{a}} {b} }}{{", b="c")) == "{a} c }{"


def test_everybody_named_once_in_order() -> None:
    named = T("{a} {b} {c}", a=MINA, b=T("{x} {y}", x=ADA, y=MINA), c=CommandName(("kith", "me")))
    assert people(named, None, "Ada", T("{a}", a=ADA)) == (MINA, ADA)


any_text = st.text(max_size=60)
arguments = st.one_of(
    any_text,
    st.integers(),
    st.sampled_from((ADA, MINA)),
    st.builds(Moment, st.integers(0, 10**12)),
    st.builds(Link, any_text, any_text),
)


@given(st.lists(st.tuples(st.text(max_size=20), arguments), max_size=6), any_text)
@settings(max_examples=150)
def test_any_words_come_through_whole(parts: list[tuple[str, object]], rest: str) -> None:
    """However odd the literal parts are, escaped they read as they were, and every argument is there."""
    escaped = [
        literal.replace("{", "{{").replace("}", "}}").replace("*", "+").replace("`", "'")
        for literal, _ in parts
    ]
    template = "".join(f"{literal}{{a{place}}}" for place, literal in enumerate(escaped))
    given_args = {f"a{place}": value for place, (_, value) in enumerate(parts)}
    words = T(template, **given_args)  # type: ignore[arg-type]
    assert placeholders(template) == list(given_args)
    said = plain_text(words)
    for place, literal in enumerate(escaped):
        assert literal.replace("{{", "{").replace("}}", "}") in said
        value = given_args[f"a{place}"]
        assert plain_text(T("{v}", v=value)) in said  # type: ignore[arg-type]
    flat = spans(words)
    assert all(span.text for span in flat if isinstance(span, Plain))
    assert not any(
        isinstance(one, Plain)
        and isinstance(other, Plain)
        and (one.bold, one.code) == (other.bold, other.code)
        for one, other in pairwise(flat)
    )
    assert plain_text(rest) == rest


@given(st.text(alphabet=st.characters(), max_size=80))
@settings(max_examples=200)
def test_cleaned_words_can_be_stored_and_turn_nothing_after_them(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode()
    assert "\x00" not in cleaned
    assert clean(cleaned) == cleaned
    assert closed(cleaned) == cleaned


def test_surrogates_controls_and_open_direction_marks() -> None:
    assert clean("a\ud800b\x00c\x1bd\r\ne\tf") == "a\ufffdbcd\ne\tf"
    assert clean("\ud83d\ude00") == "😀"
    assert clean("\u202eevil") == "\u202eevil\u202c"
    assert clean("\u2066a\u202eb") == "\u2066a\u202eb\u202c\u2069"
