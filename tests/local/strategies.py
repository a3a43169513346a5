"""Messages as people and cogs might make them: long, odd, in many scripts, with all a card can have."""

from __future__ import annotations

from hypothesis import strategies as st

from bot.model.content import Button, Card, Control, Image, LinkButton, Option, Section, Select, Table
from bot.model.ids import Channel, Member
from bot.model.limits import Limits
from bot.model.text import Link, Moment, T, Words

SPACE = "local:shed"
_SCRIPTS = (
    "plain words and a line.\nAnother one. ",
    "*_`<&>@everyone<@u1>~|#- ",
    "日本語の文章です。とても長い。",
    "مرحبا بكم في الورشة ",
    "👩‍🚀🇩🇪👍🏽é́ ",
    "x",
    "\n\n",
    " ",
)

texts = st.lists(
    st.tuples(st.sampled_from(_SCRIPTS), st.integers(1, 40)).map(lambda pair: pair[0] * pair[1]), max_size=6
).map("".join)
short = st.sampled_from(("Me too", "Undo", "Sí, claro que sí", "あ" * 120, "👩‍🚀" * 60, "x" * 200))

words: st.SearchStrategy[Words] = st.one_of(
    texts,
    st.builds(
        lambda before, after, name: T(
            "**{before}** {who} in {where} at {when}: {after} `{before}` {link}",
            before=before,
            after=after,
            who=Member(SPACE, "u1", name),
            where=Channel(SPACE, "c1", name),
            when=Moment(0),
            link=Link("https://example.org/" + "a" * 50, name),
        ),
        texts,
        texts,
        st.sampled_from(("Mina", "田中", "ليلى")),
    ),
)

options = st.lists(
    st.builds(Option, label=short, value=st.uuids().map(str), about=short), min_size=1, max_size=40
).map(tuple)
controls: st.SearchStrategy[Control] = st.one_of(
    st.builds(Button, label=short, action=st.uuids().map(str)),
    st.builds(LinkButton, label=short, url=st.just("https://example.org/")),
    st.builds(Select, label=short, action=st.uuids().map(str), options=options, most=st.integers(1, 3)),
)
sections = st.builds(Section, text=words, heading=st.none() | short | texts, control=st.none() | controls)
images = st.builds(
    Image, data=st.sampled_from((b"p", b"p" * 500)), media_type=st.just("image/png"), alt=texts
)
tables = st.integers(1, 3).flatmap(
    lambda width: st.builds(
        Table,
        columns=st.tuples(*[short] * width),
        rows=st.lists(st.tuples(*[words] * width) | st.tuples(words), max_size=5).map(tuple),
    )
)
cards = st.builds(
    Card,
    title=words,
    body=st.none() | words,
    sections=st.lists(sections, max_size=6).map(tuple),
    image=st.none() | images,
    buttons=st.lists(controls, max_size=8).map(tuple),
    footer=st.none() | words,
    table=st.none() | tables,
)
contents = words | cards

limits = st.builds(
    Limits,
    text=st.integers(100, 2_000),
    card_text=st.integers(1_500, 4_000),
    title=st.integers(30, 200),
    block=st.integers(300, 3_000),
    sections=st.integers(1, 8),
    controls=st.integers(1, 8),
    row=st.just(5),
    button_label=st.integers(5, 80),
    action=st.just(100),
    options=st.integers(2, 25),
    option_label=st.integers(5, 80),
    form_fields=st.integers(1, 5),
    form_title=st.integers(10, 45),
    field_label=st.integers(10, 45),
    field_text=st.integers(100, 4_000),
    image_bytes=st.sampled_from((100, 10_000)),
    alt=st.integers(10, 2_000),
    table_rows=st.sampled_from((0, 3, 100)),
    table_columns=st.integers(1, 3),
    table_text=st.integers(100, 10_000),
    cards=st.booleans(),
    buttons=st.booleans(),
    selects=st.booleans(),
    images=st.booleans(),
    private_answers=st.booleans(),
    threads=st.booleans(),
)
