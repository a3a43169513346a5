"""What fit promises: never over the limits, no word of a post lost, order kept, nothing left to fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model.content import (
    Button,
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
    Table,
)
from bot.model.ids import Channel, Member
from bot.model.limits import Limits
from bot.model.outgoing import Answer, Direct, Edit, InChannel, Post
from bot.model.text import Link, Plain, Span, T, Words, plain_text, spans
from bot.platforms import graphemes, sizes
from bot.platforms.base import Gone
from bot.platforms.cutting import size, words
from bot.platforms.fit import choices, controls, fit, fit_form, texts
from bot.platforms.local.limits import MEASURES, PLAIN, Look
from bot.platforms.sizes import SLACK, units
from tests.local import strategies as made

CHANNEL = Channel(made.SPACE, "c1", "general")
MINA = Member(made.SPACE, "u1", "Mina")
MEASURE = st.sampled_from(list(MEASURES.values()))
DISCORD = sizes.DISCORD._replace(text=2_000)
"""With shorter posts, so that fewer words make several."""
discord = MEASURES[Look.DISCORD]


def post(content: Content, **more: object) -> Post:
    return replace(Post(key="k", to=InChannel(CHANNEL), content=content), **more)  # type: ignore[arg-type]


def dense(text: str) -> str:
    return "".join(text.split())


def body_of(content: Content) -> str:
    """The words that must not be lost: all but titles and labels."""
    if not isinstance(content, Card):
        return dense(plain_text(content))
    parts: list[Words] = [] if content.body is None else [content.body]
    parts += [section.text for section in content.sections]
    parts += [] if content.table is None else [cell for row in content.table.rows for cell in row]
    return dense("".join(map(plain_text, parts))).replace("·", "")


def assert_within(content: Content, limits: Limits, measure: object) -> None:
    assert callable(measure)
    if not isinstance(content, Card):
        assert size(spans(content), measure) <= limits.text
        return
    assert limits.cards
    assert sum(size(spans(text), measure) for text in texts(content)) <= limits.card_text
    assert size(spans(content.title), measure) <= limits.title
    assert len(content.sections) <= limits.sections
    assert len(controls(content)) <= limits.controls
    for control in controls(content):
        assert size(spans(control.label), measure) <= limits.button_label
        if isinstance(control, Select):
            assert limits.selects
            assert len(control.options) <= limits.options
            assert 1 <= control.most <= len(control.options)
            assert all(measure(Plain(option.label)) <= limits.option_label for option in control.options)
        else:
            assert limits.buttons
    if (table := content.table) is not None:
        assert 1 < len(table.rows) + 1 <= limits.table_rows
        assert {len(row) for row in table.rows} == {len(table.columns)}
        assert len(table.columns) <= limits.table_columns
        cells = [cell for row in (table.columns, *table.rows) for cell in row]
        assert sum(size(spans(cell), measure) for cell in cells) <= limits.table_text
    for text in (content.body, content.footer, *(section.text for section in content.sections)):
        assert text is None or size(spans(text), measure) <= limits.block
    if content.image is not None:
        assert limits.images
        assert len(content.image.data) <= limits.image_bytes
        assert measure(Plain(content.image.alt)) <= limits.alt


@settings(max_examples=150, deadline=None)
@given(made.contents, made.limits, MEASURE)
def test_a_post_stays_within_the_limits_and_has_nothing_left_to_fit(
    content: Content, limits: Limits, measure: object
) -> None:
    assert callable(measure)
    fitted = fit(post(content), limits, measure)
    assert [part.key for part in fitted] == ["k", *(f"k/{n}" for n in range(2, len(fitted) + 1))]
    for part in fitted:
        assert_within(part.content, limits, measure)
        assert fit(part, limits, measure) == (part,)


@settings(max_examples=100, deadline=None)
@given(made.contents, made.limits, MEASURE)
def test_an_edit_stays_one_message_within_the_limits(
    content: Content, limits: Limits, measure: object
) -> None:
    assert callable(measure)
    (fitted,) = fit(Edit(key="e", of="k", to=InChannel(CHANNEL), content=content), limits, measure)
    assert isinstance(fitted, Edit)
    assert_within(fitted.content, limits, measure)


@settings(max_examples=100, deadline=None)
@given(made.words, made.limits, MEASURE)
def test_no_word_of_a_text_is_lost_and_the_order_is_kept(
    text: Words, limits: Limits, measure: object
) -> None:
    assert callable(measure)
    fitted = fit(post(text), limits, measure)
    assert "".join(body_of(part.content) for part in fitted) == body_of(text)


def test_a_section_that_is_too_long_only_by_the_blank_lines_at_its_end_is_kept() -> None:
    text = "word " * (DISCORD.block // 5 - 2) + "end." + "\n" * 20
    limits = DISCORD._replace(card_text=DISCORD.block + 10, block=DISCORD.block)
    fitted = [
        part.content
        for part in fit(post(Card("Title", sections=(Section(text),))), limits, MEASURES[Look.DISCORD])
    ]
    assert "".join(body_of(content) for content in fitted) == body_of(Section(text).text)


@settings(max_examples=100, deadline=None)
@given(made.cards, made.limits, MEASURE)
def test_no_word_of_a_card_is_lost_and_the_order_is_kept(card: Card, limits: Limits, measure: object) -> None:
    assert callable(measure)
    limits = limits._replace(cards=True, buttons=True, selects=True, images=True, image_bytes=10_000)
    fitted = [part.content for part in fit(post(card), limits, measure)]
    shown = "".join(body_of(content) for content in fitted)
    assert shown.startswith(body_of(card))
    if card.footer is not None:
        assert isinstance(fitted[-1], Card)
        assert fitted[-1].footer is not None
    kept = [control for content in fitted for control in controls(content)]
    wanted = controls(card)
    assert [type(control) for control in kept if not isinstance(control, LinkButton)] == [
        type(control) for control in wanted if not isinstance(control, LinkButton)
    ]
    assert [getattr(control, "action", "") for control in kept] == [
        getattr(control, "action", "") for control in wanted
    ]


@settings(max_examples=100, deadline=None)
@given(made.words)
def test_spans_become_words_and_spans_again(text: Words) -> None:
    assert spans(words(spans(text))) == spans(text)


@pytest.mark.parametrize("limits", [DISCORD, SLACK, PLAIN])
def test_a_small_message_passes_as_it_is(limits: Limits) -> None:
    out = post(T("Hello {who}, good that you're here.", who=MINA))
    assert fit(out, limits, discord)[0] is out


def test_a_small_card_passes_as_it_is() -> None:
    card = Card("Title", "Body", (Section("text", "heading"),), buttons=(Button("Me too", "a"),), footer="f")
    out = post(card)
    assert fit(out, DISCORD, discord)[0] is out


def test_cuts_fall_between_paragraphs_before_sentences_before_words() -> None:
    first, second = "One two three. " * 60, "Four five six. " * 60
    parts = fit(post(f"{first}\n\n{second}"), DISCORD._replace(text=1_500), units_of)
    assert [plain_text(text_of(part)) for part in parts] == [first.strip(), second.strip()]
    parts = fit(post(first), DISCORD._replace(text=500), units_of)
    assert all(plain_text(text_of(part)).endswith(".") for part in parts)


def text_of(part: Post | Edit) -> Words:
    assert not isinstance(part.content, Card)
    return part.content


def units_of(span: Span) -> int:
    return units(plain_text(T("{it}", it=span if not isinstance(span, Plain) else span.text)))


@pytest.mark.parametrize("whole", ["👩‍🚀", "🇩🇪", "👍🏽", "é̂", "각", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"])
def test_what_readers_see_as_one_character_is_never_torn(whole: str) -> None:
    parts = fit(post(whole * 400), DISCORD._replace(text=101), units_of)
    assert len(parts) > 1
    assert all(
        dense(plain_text(text_of(part))) == whole * (len(plain_text(text_of(part))) // len(whole))
        for part in parts
    )
    assert graphemes.first(whole * 3, 2) == whole * 2


def test_a_mountain_of_marks_is_cut_all_the_same() -> None:
    parts = fit(post("a" + "\u0301" * 5_000), DISCORD, discord)
    assert len(parts) == 3


def test_a_mention_is_never_cut() -> None:
    words_ = T("{text}{who}", text="x" * 1_990, who=MINA)
    first, second = fit(post(words_, pings=(MINA,)), DISCORD, discord)
    assert isinstance(first, Post)
    assert isinstance(second, Post)
    assert spans(text_of(second)) == (MINA,)
    assert (first.pings, second.pings) == ((), (MINA,))


def test_a_link_too_long_for_a_message_becomes_words() -> None:
    parts = fit(post(T("{link}", link=Link("https://example.org/" + "a" * 5_000))), DISCORD, discord)
    assert len(parts) == 3


def test_100_000_characters_are_fitted_quickly_enough_to_be_sent() -> None:
    parts = fit(post("word " * 20_000), DISCORD, discord)
    assert 50 <= len(parts) <= 60


def test_only_the_first_part_answers_the_message() -> None:
    parts = fit(post("word " * 1_000, reply_to="m1"), DISCORD, discord)
    assert [part.reply_to for part in parts if isinstance(part, Post)] == ["m1", None, None]


def test_a_picture_becomes_its_alt_text() -> None:
    card = Card("Bench", image=Image(b"p", "image/png", "A bench with two clamps"))
    (out,) = fit(post(card), PLAIN, discord)
    assert plain_text(text_of(out)) == "Bench\n\nPicture: A bench with two clamps"
    (out,) = fit(post(card), DISCORD._replace(images=False), discord)
    assert isinstance(out.content, Card)
    assert out.content.image is None
    assert out.content.sections == (Section(T("Picture: {alt}", alt="A bench with two clamps")),)


def test_a_table_becomes_a_line_a_row_where_there_are_none() -> None:
    table = Table(("When", T("Who")), (("Monday", T("{who}", who=MINA)), ("", "nobody")))
    card = Card("Turns", table=table, footer="f")
    (out,) = fit(post(card), PLAIN, discord)
    assert plain_text(text_of(out)) == "Turns\n\nWhen · Who\nMonday · Mina\nnobody\n\nf"
    (out,) = fit(post(card), DISCORD, discord)
    assert isinstance(out.content, Card)
    assert out.content.table is None
    assert len(out.content.sections) == 1
    (out,) = fit(post(replace(card, table=Table(("When",), ()))), DISCORD, discord)
    assert out.content == replace(card, table=None)


def test_choices_become_numbered_lines() -> None:
    card = Card(
        "Friday?",
        sections=(Section("Shall we?", control=Button("Yes", "yes")),),
        buttons=(
            Select("Day", "day", (Option("Friday", "fri", "after work"), Option("Sunday", "sun"))),
            LinkButton("More", "https://example.org/"),
        ),
    )
    (out,) = fit(post(card), PLAIN, discord)
    assert plain_text(text_of(out)) == (
        "Friday?\n\nShall we?\n\n1. Yes\n2. Friday: after work\n3. Sunday\nMore: https://example.org/\n"
        "Reply with a number to choose."
    )
    assert [(choice.number, choice.action, choice.chosen) for choice in choices(card, PLAIN)] == [
        (1, "yes", ()),
        (2, "day", ("fri",)),
        (3, "day", ("sun",)),
    ]
    assert choices(card, DISCORD) == ()


def test_a_private_answer_becomes_a_private_message_where_there_are_none() -> None:
    out = Post(key="k", to=Answer("t", MINA, CHANNEL), content="Only you see this.")
    assert fit(out, DISCORD, discord) == (out,)
    assert [part.to for part in fit(out, PLAIN, discord)] == [Direct(MINA)]


def test_without_threads_it_goes_to_the_channel() -> None:
    out = replace(post("hello"), to=InChannel(CHANNEL, "m1"))
    assert fit(out, DISCORD._replace(threads=False), discord)[0].to == InChannel(CHANNEL)


def test_cut_options_are_told() -> None:
    options = tuple(Option(f"Day {n}", str(n)) for n in range(40))
    (out,) = fit(post(Card("Which?", buttons=(Select("Day", "day", options),))), DISCORD, discord)
    assert isinstance(out.content, Card)
    assert [plain_text(text) for text in texts(out.content)] == [
        "Which?",
        "Only the first 25 of 40 choices are shown.",
        "Day",
    ]


def test_a_card_that_carries_on_keeps_its_title() -> None:
    card = Card("Story of the week", "word " * 1_500, buttons=(Button("Me too", "a"),), footer="Since Friday")
    first, second = (part.content for part in fit(post(card), DISCORD, discord))
    assert isinstance(first, Card)
    assert isinstance(second, Card)
    assert plain_text(second.title) == "Story of the week · 2"
    assert (first.buttons, first.footer) == ((), None)
    assert (second.buttons, second.footer) == (card.buttons, card.footer)


def test_an_edit_that_no_longer_fits_ends_honestly() -> None:
    card = Card("Story", "word " * 1_500, buttons=(Button("Me too", "a"),), footer="Since Friday")
    (out,) = fit(Edit(key="e", of="k", to=InChannel(CHANNEL), content=card), DISCORD, discord)
    assert isinstance(out.content, Card)
    assert out.content.body is not None
    assert any(plain_text(text).endswith("…") for text in texts(out.content))
    assert (out.content.buttons, out.content.footer) == (card.buttons, card.footer)
    (out,) = fit(Edit(key="e", of="k", to=InChannel(CHANNEL), content="word " * 1_500), DISCORD, discord)
    assert plain_text(text_of(out)).endswith("word…")


def test_a_control_that_can_never_be_carried_is_refused() -> None:
    with pytest.raises(Gone, match="control_too_long"):
        fit(post(Card("T", buttons=(Button("B", "x" * 101),))), DISCORD, discord)
    with pytest.raises(Gone, match="option_too_long"):
        fit(post(Card("T", buttons=(Select("S", "a", (Option("o", "x" * 101),)),))), DISCORD, discord)


@pytest.mark.parametrize("text", ["", "   ", "\n" * 5_000])
def test_nothing_to_say_is_still_one_message(text: str) -> None:
    assert len(fit(post(text), DISCORD, discord)) == 1


def test_a_form_becomes_pages_with_all_its_fields() -> None:
    fields = tuple(Field(f"f{n}", Kind.TEXT, "A label that goes on " * 5) for n in range(12))
    form = Form("A title that is longer than forty-five characters", "a", fields, intro="Hello")
    pages = fit_form(form, DISCORD, discord)
    assert [len(page.fields) for page in pages] == [5, 5, 2]
    assert [item.name for page in pages for item in page.fields] == [item.name for item in fields]
    assert all(discord(Plain(item.label)) <= 45 for page in pages for item in page.fields)
    assert [page.intro for page in pages] == ["Hello", None, None]
    assert len(fit_form(form, SLACK, discord)) == 1
    assert all(len(page.fields) == 1 for page in fit_form(form, PLAIN, discord))


def test_a_field_with_too_many_options_says_so() -> None:
    options = tuple(Option(f"Day {n}", str(n)) for n in range(40))
    form = Form("T", "a", (Field("day", Kind.CHOICE, "Day", "Which?", options=options),))
    ((field,),) = (page.fields for page in fit_form(form, DISCORD, discord))
    assert (len(field.options), field.about) == (25, "Which? (The first 25 of 40.)")


def lengths(parts: Sequence[Post | Edit]) -> list[int]:
    return [len(plain_text(text_of(part))) for part in parts]


def test_measures_take_the_stricter_count() -> None:
    assert units("a👍") == 3
    assert MEASURES[Look.SLACK](Plain("a & b")) == 9
    assert MEASURES[Look.DISCORD](Plain("*a*")) == 5
    assert MEASURES[Look.DISCORD](Plain("a", bold=True)) == 5
    assert MEASURES[Look.DISCORD](MINA) >= len("<@123456789012345678>")
    assert len(fit(post("👍" * 1_500), DISCORD, discord)) == 2
    assert lengths(fit(post("*" * 1_500), DISCORD, discord)) == [1_000, 500]
