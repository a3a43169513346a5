"""What Slack gets to show: blocks for the eye, a text for the ear, and never more than it takes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model.content import (
    Button,
    ButtonStyle,
    Card,
    Content,
    Form,
    Image,
    Kind,
    LinkButton,
    Option,
    Section,
    Select,
    Table,
)
from bot.model.content import Field as FormField
from bot.model.ids import Channel, Member, PlatformRole
from bot.model.limits import Limits
from bot.model.outgoing import Edit, InChannel, Post
from bot.model.text import CommandName, Link, Moment, MomentStyle, Plain, T, Words
from bot.platforms.fit import fit
from bot.platforms.slack import forms
from bot.platforms.slack.forms import Asked
from bot.platforms.slack.groups import Groups
from bot.platforms.slack.home import home_view
from bot.platforms.slack.limits import HOME, SLACK, UPDATE_TEXT, measure
from bot.platforms.slack.names import Names
from bot.platforms.slack.render import Renderer
from tests.fakes.slack import blocks as rules
from tests.fakes.slack import markup

SPACE = "slack:T0000001"
ADA = Member(SPACE, "U0000001", "Ada")
MINA = Member(SPACE, "U0000002", "Mina & <co>")
HALL = Channel(SPACE, "C0000001", "hall")
PATHS = [("kith", "help"), ("kith-admin", "setup"), ("shoutout",), ("snippet", "suggest")]
RENDERER = Renderer(Names(), lambda: PATHS)
TO = InChannel(HALL)


def problems(blocks: Any, surface: str = "message") -> list[str]:
    found = rules.block_problems(blocks, surface)
    return [*found, "too long"] if rules.blocks_too_long(blocks) else found


def test_words_become_rich_text_in_which_nothing_is_markup() -> None:
    words = T(
        "Hello {who}, **see** {where} at {when} with `{code}`.",
        who=ADA,
        where=HALL,
        when=Moment(0),
        code="x*y",
    )
    rendered = RENDERER.message(words, pings=(ADA,))
    (block,) = rendered.blocks
    assert block == {
        "type": "rich_text",
        "elements": [
            {
                "type": "rich_text_section",
                "elements": [
                    {"type": "text", "text": "Hello "},
                    {"type": "user", "user_id": "U0000001"},
                    {"type": "text", "text": ", "},
                    {"type": "text", "text": "see", "style": {"bold": True}},
                    {"type": "text", "text": " "},
                    {"type": "channel", "channel_id": "C0000001"},
                    {"type": "text", "text": " at "},
                    {
                        "type": "date",
                        "timestamp": 0,
                        "format": "{date_short_pretty} at {time}",
                        "fallback": "1970-01-01 00:00 UTC",
                    },
                    {"type": "text", "text": " with "},
                    {"type": "text", "text": "x*y", "style": {"code": True}},
                    {"type": "text", "text": "."},
                ],
            }
        ],
    }
    assert rendered.text == (
        "Hello <@U0000001>, see <#C0000001> at "
        "<!date^0^{date_short_pretty} at {time}|1970-01-01 00:00 UTC> with x*y."
    )


def test_who_is_not_to_be_rung_is_named_and_not_mentioned() -> None:
    card = Card(T("{a} thanks {b}", a=ADA, b=MINA), "Why", footer=T("{a} agrees", a=ADA))
    rendered = RENDERER.message(card)
    assert markup.block_pings(rendered.blocks) == set()
    assert markup.pings(rendered.text) == set()
    assert rendered.text == "Ada thanks Mina &amp; &lt;co&gt;\nWhy\nAda agrees"
    assert rendered.blocks[0] == {
        "type": "header",
        "text": {"type": "plain_text", "text": "Ada thanks Mina & <co>", "emoji": False},
    }


def test_a_title_that_rings_somebody_is_bold_words_since_a_header_rings_nobody() -> None:
    rendered = RENDERER.message(Card(T("{a} thanks {b}", a=ADA, b=MINA)), pings=(MINA,))
    assert markup.block_pings(rendered.blocks) == {MINA.id}
    assert rendered.blocks[0]["type"] == "rich_text"


def test_a_card_in_reading_order_with_its_controls_and_its_labels_for_the_ear() -> None:
    card = Card(
        "Title",
        "Body",
        (Section("text", "Heading", Button("Change", "h|1")),),
        Image(b"x", "image/png", "A chart"),
        (
            Button("Go", "a|1", ButtonStyle.MAIN),
            Button("Stop", "a|2", ButtonStyle.CAREFUL),
            LinkButton("Read", "https://example.org"),
            Select("Pick", "s|1", (Option("One", "1", "first"),), most=1),
            Select("Many", "s|2", (Option("One", "1"), Option("Two", "2")), most=2),
        ),
        "Foot",
    )
    rendered = RENDERER.message(card, image_file="F1")
    kinds = [block["type"] for block in rendered.blocks]
    assert kinds == ["header", "rich_text", "rich_text", "actions", "image", "actions", "context"]
    assert [element["type"] for element in rendered.blocks[5]["elements"]] == [
        "button",
        "button",
        "button",
        "static_select",
        "multi_static_select",
    ]
    assert [element.get("style") for element in rendered.blocks[5]["elements"]][:3] == [
        "primary",
        "danger",
        None,
    ]
    assert problems(rendered.blocks) == []
    assert rendered.text == (
        "Title\nBody\nHeading\ntext\nPicture: A chart\n[Change] [Go] [Stop] [Read] [Pick] [Many]\nFoot"
    )


@pytest.mark.parametrize(
    ("path", "typed"),
    [
        (("kith", "help"), "/kith help"),
        (("kith-admin", "setup"), "/kith admin setup"),
        (("shoutout",), "/shoutout"),
        (("snippet", "suggest"), "/kith snippet suggest"),
        (("ask",), "/kith ask"),
    ],
)
def test_commands_are_written_as_slack_has_them(path: tuple[str, ...], typed: str) -> None:
    assert RENDERER.line(T("{c}", c=CommandName(path))) == typed
    assert RENDERER.line(T("{c}", c=CommandName(path))) == Names().slash(path)


def test_renamed_commands_and_those_that_a_text_spells_out() -> None:
    renderer = Renderer(Names("neighbour", {"shoutout": "kudos"}), lambda: PATHS)
    assert renderer.line(T("{a} {b}", a=CommandName(("kith", "help")), b=CommandName(("shoutout",)))) == (
        "/neighbour help /kudos"
    )
    assert renderer.line(T("Open it with `/kith-admin setup`, `/nothing`.")) == (
        "Open it with /neighbour admin setup, /nothing."
    )


def test_an_edits_text_is_short_and_cuts_through_no_entity() -> None:
    rendered = RENDERER.message("&" * 4_000)
    assert len(rendered.short) <= UPDATE_TEXT
    assert rendered.short.endswith("&amp;…")


def test_links_open_only_the_web_and_controls_that_share_an_action_differ() -> None:
    card = Card(
        "x",
        T("{l}", l=Link("javascript:alert(1)", "here")),
        buttons=(Button("A", "same"), Button("B", "same")),
    )
    rendered = RENDERER.message(card)
    assert rendered.blocks[1]["elements"][0]["elements"] == [
        {"type": "text", "text": "here (javascript:alert(1))"}
    ]
    ids = [element["action_id"] for element in rendered.blocks[2]["elements"]]
    assert len(set(ids)) == 2


LOG = Table(
    (T("When"), T("What")),
    ((T("{at}", at=Moment(0)), T("{who} came to {where}.", who=ADA, where=HALL)), ("", "A <b> & c")),
)


def test_a_table_is_one_for_the_eye_and_lines_for_the_ear() -> None:
    (post,) = fit(Post("k", TO, Card("The log", "Lately:", table=LOG)), SLACK, measure)
    rendered = RENDERER.message(post.content)
    assert [block["type"] for block in rendered.blocks] == ["header", "rich_text", "table"]
    assert problems(rendered.blocks) == []
    table = rendered.blocks[2]
    assert [[markup.seen([cell]).strip() for cell in row] for row in table["rows"]] == [
        ["When", "What"],
        ["1970-01-01 00:00 UTC", f"Ada came to <#{HALL.id}>."],
        ["–", "A <b> & c"],
    ]
    assert table["rows"][0][0]["elements"][0]["elements"][0]["style"] == {"bold": True}
    assert rendered.text.splitlines() == [
        "The log",
        "Lately:",
        "When · What",
        "<!date^0^{date_short_pretty} at {time}|1970-01-01 00:00 UTC> · Ada came to <#C0000001>.",
        "A &lt;b&gt; &amp; c",
    ]


@pytest.mark.parametrize(
    ("table", "limits"),
    [
        (LOG, HOME),
        (Table(("a",), (("b",),) * 100), SLACK),
        (Table(("a",) * 21, (("b",) * 21,)), SLACK),
        (Table(("a", "b"), (("x" * 5_000, "y" * 5_000),)), SLACK),
        (Table(("a", "b"), (("only one",),)), SLACK),
        (Table(("a",), (("b",) * 3,)), SLACK),
    ],
)
def test_a_table_that_slack_would_not_take_becomes_lines(table: Table, limits: Limits) -> None:
    shown = ""
    for part in fit(Post("k", TO, Card("The log", table=table)), limits, measure):
        rendered = RENDERER.message(part.content)
        assert "table" not in [block["type"] for block in rendered.blocks]
        assert problems(rendered.blocks) == []
        shown += rendered.text
    for row in (table.columns, *table.rows):
        for cell in row:
            assert RENDERER.line(cell) in shown.replace("\n", "")


def test_a_table_with_too_much_around_it_becomes_lines_rather_than_be_cut() -> None:
    sections = tuple(Section("x" * 2_900) for _ in range(4))
    parts = fit(
        Post("k", TO, Card("The log", sections=sections, table=Table(("a",), (("y" * 2_000,),)))),
        SLACK,
        measure,
    )
    assert len(parts) == 2
    assert "y" * 1_000 in "".join(RENDERER.message(part.content).text for part in parts)
    assert fit(Post("k", TO, Card("Empty", table=Table(("a",), ()))), SLACK, measure)[0].content == Card(
        "Empty"
    )


def test_nothing_at_all_can_still_be_said() -> None:
    assert RENDERER.message("").text == "…"
    assert RENDERER.message(Card("", "  ")).blocks == []


# -- never refused ------------------------------------------------------------------------------------------

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=300)
NASTY = st.sampled_from(
    ["<!here>", "<!channel> <@U0000001>", "&lt;", "*a* _b_ `c`", ":tada:", "", " ", "&" * 700, "x" * 4_000]
)
WORD = st.one_of(TEXTS, NASTY)
SPANS = st.one_of(
    st.just(ADA),
    st.just(MINA),
    st.just(HALL),
    st.just(PlatformRole(SPACE, "S0000001", "<!here>")),
    st.builds(Moment, st.integers(0, 4_000_000_000_000), st.sampled_from(MomentStyle)),
    st.builds(Link, st.sampled_from(["https://example.org/?a=1&b=2", "javascript:x"]), WORD),
    st.sampled_from([CommandName(path) for path in PATHS]),
)


@st.composite
def words(draw: st.DrawFn) -> Words:
    parts = draw(st.lists(st.one_of(WORD, SPANS), max_size=4))
    template = draw(st.sampled_from([" ", "**bold** ", "`/kith help` "])).join(
        f"{{p{at}}}" for at in range(len(parts))
    )
    return T(template, **{f"p{at}": part for at, part in enumerate(parts)})


LABELS = st.one_of(words(), WORD)
CONTROLS = st.one_of(
    st.builds(Button, LABELS, st.just("h|a|sig"), st.sampled_from(ButtonStyle)),
    st.builds(
        LinkButton, LABELS, st.sampled_from(["https://example.org", "ftp://x", "https://" + "x" * 4_000])
    ),
    st.builds(
        Select,
        LABELS,
        st.just("h|s|sig"),
        st.lists(st.builds(Option, WORD, st.text("ab1", max_size=20), WORD), max_size=120).map(
            lambda found: tuple({one.value: one for one in found}.values())
        ),
        st.just(1),
        st.integers(1, 5),
    ),
)
ROWS = st.lists(words() | WORD, min_size=1, max_size=4).map(tuple)
TABLES = st.one_of(
    st.builds(
        lambda columns, rows: Table(columns, tuple((*row, *("",) * 4)[: len(columns)] for row in rows)),
        ROWS,
        st.lists(ROWS, max_size=8),
    ),
    st.builds(Table, ROWS, st.lists(ROWS, max_size=3).map(tuple)),
    st.builds(lambda cell, count: Table(("a",), ((cell,),) * count), WORD, st.integers(90, 110)),
    st.builds(lambda count: Table(("a",) * count, (("b",) * count,)), st.integers(18, 22)),
)
CARDS = st.builds(
    Card,
    words(),
    st.none() | words(),
    st.lists(st.builds(Section, words(), st.none() | words(), st.none() | CONTROLS), max_size=30).map(tuple),
    st.none() | st.builds(Image, st.just(b"x"), st.just("image/png"), WORD),
    st.lists(CONTROLS, max_size=30).map(tuple),
    st.none() | words(),
    table=st.none() | TABLES,
)
CONTENT: st.SearchStrategy[Content] = st.one_of(words(), WORD, CARDS)


@settings(max_examples=60, deadline=None)
@given(CONTENT, st.booleans())
def test_what_is_fitted_is_never_refused_and_rings_only_whom_it_may(content: Content, is_edit: bool) -> None:
    out = Edit("k", "o", TO, content) if is_edit else Post("k", TO, content, (ADA,))
    for part in fit(out, SLACK, measure):
        rendered = RENDERER.message(part.content, part.pings if isinstance(part, Post) else (), "F123")
        assert problems(rendered.blocks) == []
        assert 1 <= len(rendered.text) <= 40_000
        assert 1 <= len(rendered.short) <= UPDATE_TEXT
        allowed = set() if is_edit else {ADA.id}
        assert markup.pings(rendered.text) <= allowed
        assert markup.block_pings(rendered.blocks) <= allowed
        assert markup.unguarded(rendered.blocks) == set()
        assert markup.stored(rendered.text) == rendered.text
    for part in fit(out, HOME, measure):
        rendered = RENDERER.message(part.content, (), "F123")
        assert problems(home_view(rendered.blocks, rendered.text)["blocks"], "home") == []


@settings(max_examples=200, deadline=None)
@given(st.one_of(SPANS, st.builds(Plain, TEXTS, st.booleans(), st.booleans())))
def test_measure_never_counts_less_than_is_sent(span: Any) -> None:
    held = T("{it}", it=span) if not isinstance(span, Plain) else span
    if isinstance(held, Plain):
        sent = RENDERER._spoken(held, ())
        element = RENDERER._element(held, (), held.bold)
    else:
        sent = RENDERER.line(held, {ADA.id})
        element = RENDERER._element(span, (), False)
    assert len(sent) <= measure(span)
    assert len(element.get("text", "")) <= measure(span)


@st.composite
def form_fields(draw: st.DrawFn) -> FormField:
    kind = draw(st.sampled_from(Kind))
    options = tuple(Option(draw(WORD), f"v{at}", draw(WORD)) for at in range(draw(st.integers(1, 4))))
    return FormField(
        name=f"f{draw(st.integers(0, 10**9))}",
        kind=kind,
        label=draw(WORD),
        about=draw(WORD),
        required=draw(st.booleans()),
        least=draw(st.none() | st.integers(0, 5)),
        most=draw(st.none() | st.integers(6, 9_000)),
        options=options if kind is Kind.CHOICE else (),
        completes=draw(st.booleans()),
        value=draw(st.none() | WORD | st.just(("U0000001", "U0000002"))),
        problem=draw(st.none() | WORD),
    )


@settings(max_examples=60, deadline=None)
@given(
    st.builds(
        Form,
        words(),
        st.just("h|a||o|n|s"),
        st.lists(form_fields(), max_size=12, unique_by=lambda one: one.name).map(tuple),
        WORD,
        st.none() | words(),
    ),
    st.booleans(),
)
def test_no_form_is_refused(form: Form, of_command: bool) -> None:
    asked = Asked(
        form.action, "u|||https://hooks.slack.com/actions/T1/1/x", "C1", ("kith", "me") if of_command else ()
    )
    view = forms.view(form, asked, RENDERER, Groups(SPACE))
    assert rules.view_problems(view) == []
    assert not rules.view_too_large(view)
    assert Asked.loads(view["private_metadata"]).action == form.action
