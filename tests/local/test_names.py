"""Names in people's text, marks that are closed, and a seeded room that holds together."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model.text import clean, closed
from bot.platforms import graphemes
from bot.platforms.local.names import Names, pieces
from tests.local.conftest import Shed

NAMES = Names()
for ident, name in (("u1", "Jo"), ("u2", "Jo Ann"), ("u3", "田中"), ("u4", "ليلى"), ("u5", "Søren")):
    NAMES.add_person(name, ident)
for ident, name in (("c1", "wall"), ("c2", "wall-2")):
    NAMES.add_channel(name, ident)


@pytest.mark.parametrize(
    ("text", "resolved"),
    [
        ("@Jo", "<@u1>"),
        ("@jo ann!", "<@u2>!"),
        ("@Jo Annabel", "<@u1> Annabel"),
        ("@Joanna", "@Joanna"),
        ("@JO's bench", "<@u1>'s bench"),
        ("a@Jo", "a@Jo"),
        ("(@Jo)", "(<@u1>)"),
        ("@田中さん、", "<@u3>さん、"),
        ("@ليلى مرحبا", "<@u4> مرحبا"),
        ("@SØREN", "<@u5>"),
        ("#wall-2 and #wall", "<#c2> and <#c1>"),
        ("##wall", "##wall"),
        ("<@u1> <@nobody>", "<@u1> <@nobody>"),
        ("@everyone @here", "@everyone @here"),
        ("@ Jo #", "@ Jo #"),
    ],
)
def test_the_longest_name_that_matches_is_meant(text: str, resolved: str) -> None:
    assert NAMES.resolve(text) == resolved


def test_links_are_found_without_what_follows_them() -> None:
    found = [
        (piece.sign, piece.text)
        for piece in pieces("See (https://a.example/x), HTTP://b.example. javascript:x")
    ]
    assert found == [
        ("", "See ("),
        ("link", "https://a.example/x"),
        ("", "), "),
        ("link", "HTTP://b.example"),
        ("", ". javascript:x"),
    ]


@settings(max_examples=200)
@given(st.text(st.characters(codec="utf-8"), max_size=80))
def test_pieces_hold_all_of_a_text(text: str) -> None:
    whole = "".join(f"<{one.sign}{one.text}>" if one.sign in ("@", "#") else one.text for one in pieces(text))
    assert whole == text


@settings(max_examples=200)
@given(
    st.text(
        st.sampled_from("ab\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ud800\x00\n"), max_size=30
    )
)
def test_clean_text_turns_nothing_after_it(text: str) -> None:
    cleaned = clean(text)
    assert closed(cleaned) == cleaned
    assert not set(cleaned) & {"\ud800", "\x00"}
    assert cleaned.startswith(cleaned.rstrip("\u202c\u2069"))


@settings(max_examples=200)
@given(st.text(st.sampled_from("aé́🇩🇪👩‍🚀👍🏽각\r\n\u200d\u0301"), max_size=40), st.integers(0, 45))
def test_floor_finds_a_place_and_gets_on(text: str, at: int) -> None:
    place = graphemes.floor(text, at)
    assert 0 <= place <= len(text)
    assert place <= max(at, 0) or place == len(text)
    assert place > 0 or at <= 0 or not text
    assert text.startswith(graphemes.first(text, 3))


async def test_the_seeded_room_holds_together(shed: Shed) -> None:
    room = shed.room
    roles = {role for person in room.people.values() for role in person.roles}
    assert roles == {"admin", "moderator", "curator", "organiser"}
    assert any(not name.isascii() for name in (person.name for person in room.people.values()))
    for message in room.history.messages.values():
        assert message.author in room.people
        assert message.at < room.now()
        assert message.raw
        assert message.thread is None or room.history.messages[message.thread].thread is None
        assert "@" not in message.raw.replace("<@", "")
        for by in message.reactions.values():
            assert set(by) <= set(room.people)
            assert message.author not in by
    numbers = [message.number for message in room.history.messages.values()]
    assert numbers == sorted(numbers)
    assert not room.ledger.waiting
