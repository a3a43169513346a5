"""The one place where content degrades to what a platform's ``Limits`` allow. Pure: values in, values out.

Long words go on in further posts, a card's parts in further cards; titles and labels are trimmed; what a
platform lacks becomes words: a picture its alt text, a choice a numbered line, a private answer a private
message.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bot.model.content import (
    Button,
    Card,
    Choice,
    Content,
    Control,
    Field,
    Form,
    Image,
    Kind,
    LinkButton,
    Section,
    Select,
)
from bot.model.limits import Limits
from bot.model.outgoing import Answer, Destination, Direct, Edit, InChannel, Post
from bot.model.text import Link, Plain, T, Words, people, spans
from bot.platforms.cards import Fitter, trimmed
from bot.platforms.cutting import Measure, Spans, joined, size, split, trim, words

_BREAK: Spans = (Plain("\n"),)
_BETWEEN: Spans = (Plain(" · "),)
_PARAGRAPH: Spans = (Plain("\n\n"),)


def fit(out: Post | Edit, limits: Limits, measure: Measure) -> tuple[Post | Edit, ...]:
    """What to send instead of ``out``, in order; just ``out`` where it fits, as it nearly always does.

    A post goes on under ``key/2``, ``key/3`` … An edit stays one message and ends in "…" where it is cut.
    What was fitted before stays as it is. Raises Gone for a control that the platform can't carry at all.
    """
    to = _destination(out.to, limits)
    if to is not out.to:
        out = replace(out, to=to)
    if not isinstance(out.content, Card) and size(spans(out.content), measure) <= limits.text:
        return (out,)
    numbered = choices(out.content, limits)
    if numbered:
        out = replace(out, choices=numbered)
    contents = list(_contents(out.content, limits, measure, whole=isinstance(out, Edit)))
    if len(contents) == 1 and contents[0] is out.content:
        return (out,)
    if isinstance(out, Edit):
        return (replace(out, content=contents[0]),)
    return tuple(_part(out, number, content, len(contents)) for number, content in enumerate(contents, 1))


def _part(post: Post, number: int, content: Content, count: int) -> Post:
    if count == 1:
        return replace(post, content=content)
    named = {member.key for member in people(*texts(content))}
    return Post(
        key=post.key if number == 1 else f"{post.key}/{number}",
        to=post.to,
        content=content,
        pings=tuple(member for member in post.pings if member.key in named),
        reply_to=post.reply_to if number == 1 else None,
        choices=post.choices if number == count else (),
    )


def _destination(to: Destination, limits: Limits) -> Destination:
    if isinstance(to, Answer) and not limits.private_answers:
        return Direct(to.member)
    if isinstance(to, InChannel) and to.thread is not None and not limits.threads:
        return InChannel(to.channel)
    return to


def texts(content: Content) -> Iterator[Words]:
    """All the words of a message, in the order in which they are read, labels included."""
    if not isinstance(content, Card):
        yield content
        return
    yield content.title
    if content.body is not None:
        yield content.body
    for section in content.sections:
        if section.heading is not None:
            yield section.heading
        yield section.text
        if section.control is not None:
            yield section.control.label
    if content.table is not None:
        for row in (content.table.columns, *content.table.rows):
            yield from row
    for control in content.buttons:
        yield control.label
    if content.footer is not None:
        yield content.footer


def controls(content: Content) -> tuple[Control, ...]:
    """All that can be pressed or chosen in a message, in the order in which it is read."""
    if not isinstance(content, Card):
        return ()
    beside = (section.control for section in content.sections if section.control is not None)
    return (*beside, *content.buttons)


def choices(content: Content, limits: Limits) -> tuple[Choice, ...]:
    """The controls that become numbered lines under these limits, numbered from 1."""
    found: list[Choice] = []
    for control in controls(content):
        if _carries(control, limits):
            continue
        if isinstance(control, Button):
            found.append(Choice(len(found) + 1, control.label, control.action))
        elif isinstance(control, Select):
            for option in control.options:
                label: Words = T("{label}: {about}", label=option.label, about=option.about)
                found.append(
                    Choice(
                        len(found) + 1,
                        label if option.about else option.label,
                        control.action,
                        (option.value,),
                        control.most,
                    )
                )
    return tuple(found)


def _carries(control: Control, limits: Limits) -> bool:
    return limits.cards and (limits.selects if isinstance(control, Select) else limits.buttons)


def _contents(content: Content, limits: Limits, measure: Measure, *, whole: bool) -> Iterator[Content]:
    if isinstance(content, Card):
        content = _with_words_for_choices(_with_words_for_image(content, limits), limits)
        fitter = Fitter(limits, measure)
        if content.table is not None and not (limits.cards and fitter.carries_table(content)):
            content = with_words_for_table(content)
        if limits.cards:
            yield from [fitter.one(content)] if whole else fitter.several(content)
            return
        content = words(_card_as_text(content))
    held = spans(content)
    if size(held, measure) <= limits.text:
        yield content
    elif whole:
        yield words(trim(held, limits.text, measure))
    else:
        yield from map(words, split(held, limits.text, measure))


def _with_words_for_image(card: Card, limits: Limits) -> Card:
    image = card.image
    if image is None or (limits.images and limits.cards and len(image.data) <= limits.image_bytes):
        return card
    if not image.alt:
        return replace(card, image=None)
    return replace(card, image=None, sections=(*card.sections, Section(_alt(image))))


def _alt(image: Image) -> Words:
    return T("Picture: {alt}", alt=image.alt)


def with_words_for_table(card: Card) -> Card:
    """The card with its table as a section, a line for each row."""
    if card.table is None or not card.table.rows:
        return replace(card, table=None)
    lines = words(_with_between([_row(row) for row in card.table.rows], _BREAK))
    section = Section(lines, words(_row(card.table.columns)))
    return replace(card, table=None, sections=(*card.sections, section))


def _row(cells: Sequence[Words]) -> Spans:
    held = (spans(cell) for cell in cells)
    return _with_between([cell for cell in held if cell], _BETWEEN)


def _with_words_for_choices(card: Card, limits: Limits) -> Card:
    if all(_carries(control, limits) for control in controls(card)):
        return card
    numbered = choices(card, limits)
    lines = [joined((Plain(f"{choice.number}. "),), spans(choice.label)) for choice in numbered]
    lines += [
        joined(spans(control.label), (Plain(": "), Link(control.url)))
        for control in controls(card)
        if isinstance(control, LinkButton) and not _carries(control, limits)
    ]
    if numbered:
        several = any(choice.most > 1 for choice in numbered)
        asks = (
            "Reply with the numbers you choose, like 1, 2." if several else "Reply with a number to choose."
        )
        lines.append(joined((Plain(asks),)))
    section = Section(words(_with_between(lines, _BREAK)))
    return replace(
        card,
        sections=(
            *(
                section
                if section.control is None or _carries(section.control, limits)
                else replace(section, control=None)
                for section in card.sections
            ),
            section,
        ),
        buttons=tuple(control for control in card.buttons if _carries(control, limits)),
    )


def _card_as_text(card: Card) -> Spans:
    parts: list[Spans] = [_bold(spans(card.title))]
    if card.body is not None:
        parts.append(spans(card.body))
    for section in card.sections:
        heading = joined(_bold(spans(section.heading)), _BREAK) if section.heading is not None else ()
        parts.append(joined(heading, spans(section.text)))
    if card.footer is not None:
        parts.append(spans(card.footer))
    return _with_between([part for part in parts if part], _PARAGRAPH)


def _bold(held: Spans) -> Spans:
    return joined(Plain(span.text, True, span.code) if isinstance(span, Plain) else span for span in held)


def _with_between(parts: list[Spans], between: Spans) -> Spans:
    out: list[Spans] = []
    for part in parts:
        out += [between, part] if out else [part]
    return joined(*out)


def fit_form(form: Form, limits: Limits, measure: Measure) -> tuple[Form, ...]:
    """The form as pages of as many fields as the platform shows at once; their fields in order, all kept.

    Titles and labels are trimmed, texts bounded by what a field can hold, options cut to what can be
    offered. Where the platform has no forms, each page asks for one thing.
    """
    per_page = max(1, limits.form_fields) if limits.forms else 1
    fields = [_fit_field(item, limits, measure) for item in form.fields]
    title = words(trim(spans(form.title), limits.form_title, measure))
    intro = None if form.intro is None else words(trim(spans(form.intro), limits.block, measure))
    pages = [tuple(fields[at : at + per_page]) for at in range(0, len(fields), per_page)] or [()]
    return tuple(
        replace(form, title=title, fields=page, intro=intro if number == 0 else None)
        for number, page in enumerate(pages)
    )


def _fit_field(item: Field, limits: Limits, measure: Measure) -> Field:
    options = item.options[: limits.options]
    about = item.about
    if len(options) < len(item.options):
        about = f"{about} (The first {len(options)} of {len(item.options)}.)".strip()
    most, value = item.most, item.value
    if item.kind in (Kind.TEXT, Kind.LONG_TEXT):
        most = limits.field_text if most is None else min(most, limits.field_text)
        value = value[: limits.field_text] if isinstance(value, str) else value
    label = trimmed(item.label, limits.field_label, measure)
    return replace(item, label=label, about=about, options=options, most=most, value=value)
