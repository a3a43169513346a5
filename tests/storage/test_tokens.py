"""Tokens for any text: folded alike in documents and queries, bounded, nothing in them needs quoting."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.tokens import MAX_TERMS, MAX_TOKENS, MAX_WORD, Term, fold, terms, tokens

ANY = st.text(st.characters(), max_size=300)
WORDS = st.text(
    st.sampled_from("aZéßñ東京猫かガ한국สวัที่हिन्मिمرحביї1２-' .🎉👩‍💻\u200d\u0301\ud800"), max_size=60
)


@given(ANY | WORDS)
def test_tokens_are_words_and_pictures_only(text: str) -> None:
    found = tokens(text)
    assert len(found) == len(set(found)) <= MAX_TOKENS
    for token in found:
        assert 0 < len(token) <= MAX_WORD
        assert all(char.isalnum() or unicodedata.category(char)[0] in "MS" for char in token)
        token.encode()


@given(ANY | WORDS)
def test_a_text_answers_its_own_words(text: str) -> None:
    found = tokens(text)
    for token, prefix in terms(text):
        assert token in found or (prefix and any(each.startswith(token) for each in found))


@given(WORDS, WORDS)
def test_a_word_is_found_inside_a_longer_text(before: str, after: str) -> None:
    found = tokens(f"{before} coffee {after}")
    assert "coffee" in found


@given(st.text(st.sampled_from("東京都に住む猫"), min_size=2), st.data())
def test_any_stretch_of_a_script_without_spaces_is_found(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    found = tokens(text)
    for token, prefix in terms(text[start:end]):
        assert token in found or (prefix and any(each.startswith(token) for each in found))


@given(ANY | WORDS)
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(WORDS)
def test_case_and_composition_do_not_matter(text: str) -> None:
    assert tokens(unicodedata.normalize("NFD", text)) == tokens(unicodedata.normalize("NFC", text))


@given(ANY)
def test_only_the_last_term_of_spaced_scripts_is_a_beginning(text: str) -> None:
    found = terms(text)
    assert len(found) <= MAX_TERMS
    assert all(len(token) == 1 for token, prefix in found[:-1] if prefix)


def test_a_repeated_last_word_stays_whole_where_it_stood_first() -> None:
    assert terms("cat dog cat") == [Term("cat", False), Term("dog", False), Term("cat", True)]


@pytest.mark.parametrize("text", ["", " ", "?!", "\u0301", "\x00", "\ud800", "·", "‮"])
def test_a_text_without_words_has_no_tokens(text: str) -> None:
    assert tokens(text) == []
    assert terms(text) == []


def test_marks_beyond_measure_are_dropped_before_they_cost_time() -> None:
    assert tokens("a" + "\u0316\u0301" * 40_000 + " b") == ["a", "b"]
