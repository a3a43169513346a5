"""What people type comes through as they meant it, whatever signs are in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import reading
from bot.model.content import CommandSpec, Field, Kind
from bot.model.roles import Role
from bot.platforms.slack import emoji
from bot.platforms.slack.names import Names
from bot.platforms.slack.text import called, escape, mentioned, typed
from tests.fakes.slack import markup

SPECS = [
    CommandSpec(path, "", (), Role.MEMBER, "c")
    for path in (("kith", "help"), ("kith", "quiet"), ("kith-mod", "pause"), ("curate", "add"), ("shoutout",))
]


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=80))
def test_typed_text_round_trips(text: str) -> None:
    assert typed(markup.escape(text)).replace("\u2060", "") == text.replace("\u2060", "")
    assert escape(text) == markup.escape(text)


@given(st.text("<>&@#!UC019|;ltgam ", max_size=40))
def test_signs_that_only_look_like_a_mention_are_read_as_words(text: str) -> None:
    found = typed(markup.escape(text))
    fields = [Field("who", Kind.MEMBER, "Who"), Field("why", Kind.LONG_TEXT, "Why", required=False)]
    # what begins with @ is given to who, which will say that nobody goes by it
    assert not str(reading.split(fields, found)[0].get("who", "")).startswith("<")


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("<@U0000001|ada> hi", "<@U0000001|ada> hi"),
        ("<#C0000001|hall>", "<#C0000001|hall>"),
        ("<#C0000001|> <#C0000001>", "<#C0000001> <#C0000001>"),
        ("<!here> <!channel|channel>", "@here @channel"),
        ("<!subteam^S0000001|@makers>", "<!subteam^S0000001|@makers>"),
        ("<https://example.org>", "https://example.org"),
        ("<http://example.org|example.org>", "http://example.org"),
        ("<https://example.org/?a=1&amp;b=2|here>", "here (https://example.org/?a=1&b=2)"),
        ("<mailto:ada@example.org|ada@example.org>", "ada@example.org"),
        ("a &lt; b &amp;amp; c", "a < b &amp; c"),
        (":tada: stays", ":tada: stays"),
    ],
)
def test_what_slack_sends_as_people_see_it(sent: str, read: str) -> None:
    assert typed(sent) == read


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (("Ada", "Ada Lovelace"), "Ada"),
        (("", None, "Ada"), "Ada"),
        (("  Ada\n the\tfirst ",), "Ada the first"),
        (("\u200b\u2060 ", "\u202e", "ada"), "ada"),
        (("Ada\u202eevil",), "Ada\u202eevil\u202c"),
        (("Ada\x07\x00",), "Ada"),
        (("👩‍👩‍👧", "x"), "👩‍👩‍👧"),
        (("ܐܕܐ",), "ܐܕܐ"),
        (("A" * 5_000,), "A" * 80),
        ((), ""),
    ],
)
def test_a_name_is_one_line_that_turns_nothing_after_it(names: tuple[str | None, ...], shown: str) -> None:
    assert called(*names) == shown


def test_people_mentioned_are_each_told_once() -> None:
    assert mentioned("<@U0000001> <@U0000002|mina> <@U0000001> &lt;@U0000003&gt;") == ("U0000001", "U0000002")


@pytest.mark.parametrize(
    ("command", "text", "path", "rest"),
    [
        ("/kith", "", ("kith", "help"), ""),
        ("/kith", "quiet no", ("kith", "quiet"), "no"),
        ("/kith", "  Mod   pause 2 hours ", ("kith-mod", "pause"), "2 hours"),
        ("/kith", "kith-mod pause", ("kith-mod", "pause"), ""),
        ("/kith", "shoutout <@U1|a> for it", ("shoutout",), "<@U1|a> for it"),
        ("/kith", "curate", ("kith", "help"), "curate"),
        ("/kith", "mod", ("kith", "help"), "kith-mod"),
        ("/kith", "help quiet", ("kith", "help"), "kith quiet"),
        ("/kith", "help /kith quiet", ("kith", "help"), "kith quiet"),
        ("/kith", "help Mod Pause", ("kith", "help"), "kith-mod pause"),
        ("/kith", "help /kith-mod pause", ("kith", "help"), "kith-mod pause"),
        ("/kith", "help mod", ("kith", "help"), "kith-mod"),
        ("/kith", "help /kith", ("kith", "help"), "kith"),
        ("/kith", "help /kudos", ("kith", "help"), "shoutout"),
        ("/kith", "help shoutout", ("kith", "help"), "shoutout"),
        ("/kith", "help help", ("kith", "help"), "kith help"),
        ("/kith", "help /", ("kith", "help"), "kith help"),
        ("/kith", "help bogus words", ("kith", "help"), "bogus words"),
        ("/kith", "curate ad x", ("curate", "ad"), ""),
        ("/kith", "halp me", ("kith", "halp"), ""),
        ("/kudos", " <@U1|a> for it", ("shoutout",), "<@U1|a> for it"),
    ],
)
def test_commands_are_found_in_what_was_typed(
    command: str, text: str, path: tuple[str, ...], rest: str
) -> None:
    names = Names("kith", {"shoutout": "kudos"})
    assert names.resolve(command, text, SPECS) == (path, rest)


@pytest.mark.parametrize("name", sorted(emoji.NAMES.values()))
def test_emoji_come_back_as_they_went(name: str) -> None:
    assert emoji.name(emoji.character(name)) == name


def test_other_emoji_travel_by_name() -> None:
    assert emoji.character("party_parrot") == ":party_parrot:"
    assert emoji.name(":party_parrot:") == "party_parrot"
    assert emoji.name("🫥") is None
    assert emoji.character("wave::skin-tone-3") == "👋"
