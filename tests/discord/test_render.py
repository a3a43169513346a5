"""What a cog can build, Discord takes: golden bodies, every limit, and whatever hypothesis thinks of."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model.content import (
    Accent,
    Button,
    ButtonStyle,
    Card,
    Content,
    Field,
    Form,
    Image,
    Kind,
    LinkButton,
    Option,
    Section,
    Select,
)
from bot.model.ids import Channel, Member, PlatformRole
from bot.model.outgoing import Direct, Edit, InChannel, Post
from bot.model.text import CommandName, Link, Moment, MomentStyle, Plain, Span, T, Words, spans
from bot.platforms.discord import modals
from bot.platforms.discord.ids import guild_from, guild_parts, marked, marker
from bot.platforms.discord.limits import LIMITS
from bot.platforms.discord.markdown import Markdown, escaped, measure
from bot.platforms.discord.render import Body, action_of, message
from bot.platforms.fit import fit
from bot.platforms.sizes import units
from tests.discord.town import read
from tests.fakes.discord import FakeDiscord, Upload
from tests.fakes.discord.drafting import draft
from tests.fakes.discord.errors import ApiError, FormErrors
from tests.fakes.discord.modals import check_modal
from tests.fakes.discord.model import Channel as Place
from tests.local.strategies import contents, options, short, texts, words

SPACE = "discord:1573861732852432896"
CHANNEL = Channel(SPACE, "1573861732852432897", "wall")
MINA = Member(SPACE, "1573861732852432898", "Mina")
MARKDOWN = Markdown(SPACE, lambda: {"kith": "77"})
FULL = "x" * 100


@cache
def fake() -> tuple[FakeDiscord, Place]:
    server = FakeDiscord()
    return server, server.guild().channel("wall")


def accepted(body: Body, method: str = "POST") -> None:
    """Raises what Discord would answer to such a message."""
    server, place = fake()
    route = "/channels/{channel_id}/messages" + ("/{message_id}" if method == "PATCH" else "")
    if server.open_api is not None:
        errors = FormErrors()
        server.open_api.check_body(method, route, body.json, errors)
        errors.check()
    files = {n: Upload(file.name, file.data, file.media_type) for n, file in enumerate(body.files)}
    draft(server.world, place, body.json, files, permissions=server.world.bot_permissions(place))


def body_of(content: Content, home: str | None = None) -> Body:
    return message(content, MARKDOWN, mark=5, home=home)


# Words.


@pytest.mark.parametrize(
    ("said", "rendered"),
    [
        (T("Hello {who}, **good** that", who=MINA), f"Hello <@{MINA.id}>, **good** that"),
        (T("in {where}", where=CHANNEL), f"in <#{CHANNEL.id}>"),
        (T("{role}", role=PlatformRole(SPACE, "9")), "<@&9>"),
        (T("{who}", who=Member("slack:T1", "U1", "Mi_na")), "Mi\\_na"),
        (T("{when}", when=Moment(1_500, MomentStyle.RELATIVE)), "<t:1:R>"),
        (T("{help}", help=CommandName(("kith", "help"))), "</kith help:77>"),
        (T("{help}", help=CommandName(("other",))), "`/other`"),
        (T("{l}", l=Link("https://a.example/x y", "th[i]s")), "[th\\[i\\]s](<https://a.example/x%20y>)"),
        (T("{l}", l=Link("javascript:alert(1)", "this")), "this (javascript:alert(1))"),
        ("**a** _b_ ~c~ `d` |e| <@1> [x](https://e.example/a_b)", None),
        ("# not a title\n> nor this\n- nor that", "\\# not a title\n\\> nor this\n\\- nor that"),
        ("https://e.example/a_b_c", "https://e.example/a_b_c"),
        ("<:wave:123456789012345678>", "<:wave:123456789012345678>"),
        (T("**{x}**", x=" a "), " **a** "),
        (T("`{x}`", x="a`b"), "a\\`b"),
    ],
)
def test_words(said: Words, rendered: str | None) -> None:
    found = MARKDOWN.render(said)
    if rendered is None:
        assert isinstance(said, str)
        assert read(found) == said
    else:
        assert found == rendered


@given(st.text(max_size=200))
def test_escapes_are_undone_by_reading(text: str) -> None:
    if "\\" not in text and "**" not in text:
        assert read(escaped(text)).replace("\\", "") == text


@settings(max_examples=60)
@given(words)
def test_measure_is_never_less_than_what_is_rendered(said: Words) -> None:
    assert units(MARKDOWN.render(said)) <= sum(map(measure, spans(said)))


@given(st.text(max_size=60), st.text(max_size=5), st.booleans())
def test_measure_grows_with_the_words(text: str, more: str, bold: bool) -> None:
    def long(words: str) -> Span:
        return Plain(words, bold)

    assert measure(long(text)) <= measure(long(text + more))


# Marks.


def test_marks_name_an_intent_in_its_lane() -> None:
    mark, nonce = marked("lane", "key")
    assert len(nonce) == 24
    assert nonce != marked("lane", "kez")[1] != marked("lanf", "key")[1]
    assert 1 << 30 <= mark < 1 << 31


def test_marks_stay_the_same_from_version_to_version() -> None:
    """What was uncertain before an update is looked for after it."""
    assert marked("lane", "key") == (1815843149, "sRxWm2Uy-F2rG_C298Uif9R2")
    assert marker("lane", "key") == 1815843149


@given(st.integers(1, 2**63 - 1))
def test_a_private_message_tells_its_server(guild: int) -> None:
    parts = [{"type": 10, "id": ident} for ident in guild_parts(str(guild))]
    assert guild_from([{"type": 17, "id": marker("l", "k"), "components": parts}]) == str(guild)
    assert guild_from([{"type": 17, "id": 1, "components": parts[:2]}]) is None


# Bodies.


def test_a_card_as_discord_gets_it() -> None:
    card = Card(
        T("{who} thanks you", who=MINA),
        "The *why*",
        (
            Section("text", "Head", Button("Change", "a|b")),
            Section("more", None, LinkButton("Look", "https://e.example")),
        ),
        Image(b"p", "image/png", "A bench"),
        (
            Button("Me too", "c", ButtonStyle.MAIN),
            Button("No", "d", ButtonStyle.CAREFUL),
            Select("Choose", "e", (Option("One", "1", "about"), Option("Two", "2")), 0, 2),
        ),
        "foot",
        Accent.WARM,
    )
    body = message(card, MARKDOWN, mark=1 << 30, pings=(MINA, MINA))
    accepted(body)
    assert body.json["allowed_mentions"] == {"parse": [], "users": [MINA.id]}
    assert body.json["attachments"] == [{"id": 0, "filename": "picture.png", "description": "A bench"}]
    assert body.json["flags"] == 1 << 15
    [container] = body.json["components"]
    assert container["id"] == 1 << 30
    assert container["accent_color"] == 0xE8A33D
    assert container["components"] == [
        {"type": 10, "content": f"### <@{MINA.id}> thanks you"},
        {"type": 10, "content": "The \\*why\\*"},
        {
            "type": 9,
            "components": [{"type": 10, "content": "**Head**\ntext"}],
            "accessory": {"type": 2, "style": 2, "label": "Change", "custom_id": "a|b"},
        },
        {
            "type": 9,
            "components": [{"type": 10, "content": "more"}],
            "accessory": {"type": 2, "style": 5, "label": "Look", "url": "https://e.example"},
        },
        {
            "type": 12,
            "items": [{"media": {"url": "attachment://picture.png"}, "description": "A bench"}],
        },
        {
            "type": 1,
            "components": [
                {"type": 2, "style": 1, "label": "Me too", "custom_id": "c"},
                {"type": 2, "style": 4, "label": "No", "custom_id": "d"},
            ],
        },
        {
            "type": 1,
            "components": [
                {
                    "type": 3,
                    "custom_id": "e",
                    "placeholder": "Choose",
                    "min_values": 0,
                    "max_values": 2,
                    "options": [
                        {"label": "One", "value": "1", "description": "about"},
                        {"label": "Two", "value": "2"},
                    ],
                }
            ],
        },
        {"type": 10, "content": "-# foot"},
    ]


def _buttons(count: int) -> tuple[Button, ...]:
    return tuple(Button("b" * 80, f"{number:0100}") for number in range(count))


@pytest.mark.parametrize(
    "content",
    [
        "x" * LIMITS.text,
        "あ" * LIMITS.text,
        "*" * 1_990,
        "",
        " \n ",
        Card("", None),
        Card("t" * LIMITS.title, "x" * (LIMITS.card_text - LIMITS.title - 10)),
        Card("t", buttons=_buttons(LIMITS.controls)),
        Card("", buttons=_buttons(1)),
        Card(
            "t",
            "b",
            tuple(Section("s", "h", button) for button in _buttons(LIMITS.sections)),
            Image(b"p", "image/png", "a" * LIMITS.alt),
            tuple(
                Select("p" * 80, f"s{n}", tuple(Option(FULL, f"{i:0100}", FULL) for i in range(25)))
                for n in range(LIMITS.controls - LIMITS.sections)
            ),
            "f",
        ),
        Card("t", buttons=(Button("a", "same"), Button("b", "same"))),
        Card("t", buttons=(Select("a", "x", ()), LinkButton("b", "ftp://e.example"), Button(" ", "y"))),
        Card("t", buttons=(Select("a", "x", (Option("1", "same"), Option("2", "same"))),)),
        Card("t", footer="\n".join("x" * 20)),
        Card("t", image=Image(b"p", "image/gif", "")),
    ],
    ids=repr,
)
def test_everything_at_its_limit_is_taken(content: Content) -> None:
    post = Post("k", InChannel(CHANNEL), content)
    for part in fit(post, LIMITS, measure):
        accepted(body_of(part.content))
        accepted(body_of(part.content, "1573861732852432896"))


def test_what_is_too_long_would_be_refused() -> None:
    with pytest.raises(ApiError):
        accepted(body_of("x" * 4_001))


@settings(max_examples=80)
@given(contents)
def test_nothing_that_a_cog_can_say_is_refused(content: Content) -> None:
    for part in fit(Post("k", InChannel(CHANNEL), content), LIMITS, measure):
        accepted(body_of(part.content))
    for part in fit(Post("k", Direct(MINA), content), LIMITS, measure):
        accepted(body_of(part.content, "1573861732852432896"))
    (edit,) = fit(Edit("e", "k", InChannel(CHANNEL), content), LIMITS, measure)
    accepted(body_of(edit.content))


def test_two_buttons_with_one_action_are_told_apart_and_mean_the_same() -> None:
    body = body_of(Card("t", buttons=(Button("a", "x|y"), Button("b", "x|y"))))
    found = [button["custom_id"] for button in body.json["components"][0]["components"][1]["components"]]
    assert len(set(found)) == 2
    assert {action_of(each) for each in found} == {"x|y"}


# Forms.


fields = st.builds(
    Field,
    name=st.uuids().map(lambda ident: f"f{ident.hex[:8]}"),
    kind=st.sampled_from(Kind),
    label=short | texts,
    about=short | texts,
    required=st.booleans(),
    least=st.none() | st.integers(0, 3),
    most=st.none() | st.integers(1, 5_000),
    options=st.just(()) | options,
    value=st.none() | texts | st.lists(st.integers(1, 10**18).map(str), max_size=30).map(tuple),
    problem=st.none() | texts,
)
forms = st.builds(
    Form,
    title=words,
    action=st.just("a" * 100),
    fields=st.lists(fields, max_size=12, unique_by=lambda field: field.name).map(tuple),
    intro=st.none() | words,
)


@settings(max_examples=80)
@given(forms)
def test_no_form_is_refused_and_none_of_its_questions_is_lost(form: Form) -> None:
    pages = modals.pages(form)
    assert [field.name for page in pages for field in page.fields] == [field.name for field in form.fields]
    for number, page in enumerate(pages, 1):
        made = modals.modal(page, "a" * 100, MARKDOWN, number=number, of=len(pages))
        judged(made)


def judged(modal: dict[str, Any]) -> None:
    server, _ = fake()
    errors = FormErrors()
    if server.open_api is not None:
        route = "/interactions/{interaction_id}/{interaction_token}/callback"
        server.open_api.check_body("POST", route, {"type": 9, "data": modal}, errors)
    check_modal(modal, errors)
    errors.check()
