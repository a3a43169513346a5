"""What a control carries comes back for whom and where it was made, and for nobody and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.actions import (
    ACTION_MOST,
    ActionTooLong,
    BadAction,
    Expired,
    NotYours,
    Sealer,
    bind,
    bound,
)
from bot.model.content import Button, Card, LinkButton, Option, Section, Select
from bot.model.ids import Channel, Member

SPACE = "discord:123456789012345678"
ADA, MINA = Member(SPACE, "111111111111111111", "Ada"), Member(SPACE, "222222222222222222", "Mina")
SEALER = Sealer(b"secret")
ARGUMENTS = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.booleans(),
    st.text(max_size=4),
    st.builds(Member, st.sampled_from((SPACE, "slack:T1")), st.text("0123456789U", min_size=1, max_size=6)),
    st.builds(Channel, st.sampled_from((SPACE, "slack:T1")), st.text("0123456789C", min_size=1, max_size=6)),
)


@given(
    st.lists(ARGUMENTS, max_size=2),
    st.booleans(),
    st.none() | st.integers(0, 2**42),
    st.none() | st.integers(0, 2**63 - 1),
)
@settings(max_examples=200)
def test_what_is_sealed_is_opened(args: list, private: bool, until: int | None, once: int | None) -> None:  # type: ignore[type-arg]
    only = ADA if private else None
    try:
        sealed = SEALER.seal(bind("kindness.me_too", *args, only=only, until=until), SPACE, once=once)
    except ActionTooLong:
        return
    assert len(sealed) <= ACTION_MOST
    assert sealed.isascii()
    what = SEALER.open(sealed, SPACE, ADA, 0)
    assert (what.handler, what.args, what.only, what.once) == ("kindness.me_too", tuple(args), only, once)
    assert [type(arg) for arg in what.args] == [type(arg) for arg in args]
    if until is None:
        assert what.until is None
    else:
        assert what.until is not None
        assert until <= what.until < until + 60_000
        with pytest.raises(Expired):
            SEALER.open(sealed, SPACE, ADA, what.until + 1)
    if private:
        with pytest.raises(NotYours):
            SEALER.open(sealed, SPACE, MINA, 0)
    with pytest.raises((BadAction, NotYours)):
        SEALER.open(sealed, "discord:9", ADA, 0)
    with pytest.raises((BadAction, NotYours)):
        Sealer(b"another").open(sealed, SPACE, ADA, 0)


@given(st.text(max_size=120))
@settings(max_examples=200)
def test_nothing_made_up_is_opened(text: str) -> None:
    with pytest.raises((BadAction, NotYours)):
        SEALER.open(text, SPACE, ADA, 0)


@given(st.data())
@settings(max_examples=100)
def test_one_changed_character_is_noticed(data: st.DataObject) -> None:
    sealed = SEALER.seal(bind("me.keep_away", 5, "x"), SPACE, once=7)
    place = data.draw(st.integers(0, len(sealed) - 1))
    other = data.draw(st.characters().filter(lambda char: char != sealed[place]))
    with pytest.raises((BadAction, NotYours)):
        SEALER.open(sealed[:place] + other + sealed[place + 1 :], SPACE, ADA, 0)


def test_too_much_is_refused_when_it_is_made() -> None:
    with pytest.raises(ActionTooLong, match="100 fit"):
        SEALER.seal(bind("a.b", "x" * 90), SPACE)


def test_every_control_of_a_card_is_sealed_and_links_are_left() -> None:
    press = Button("Press", bind("a.press"))
    card = Card(
        "t",
        sections=(Section("s", control=press), Section("plain")),
        buttons=(
            press,
            LinkButton("Read", "https://example.org"),
            Select("Choose", bind("a.choose"), (Option("1", "1"),)),
        ),
    )
    sealed = SEALER.seal_content(card, SPACE)
    assert isinstance(sealed, Card)
    beside = sealed.sections[0].control
    assert isinstance(beside, Button)
    actions = [beside.action, *(one.action for one in sealed.buttons if isinstance(one, Button | Select))]
    names = [SEALER.open(action, SPACE, ADA, 0).handler for action in actions]
    assert names == ["a.press", "a.press", "a.choose"]
    assert sealed.buttons[1] == card.buttons[1]
    assert SEALER.seal_content("words", SPACE) == "words"


def test_an_action_before_it_is_sealed() -> None:
    assert bound(bind("a.b", 1, "x", only=ADA, until=5)).args == (1, "x")
