"""Making a card fit: one that carries on in further cards, or one that ends in "…" where it is cut."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TypeVar

from bot.model.content import Button, Card, Control, Image, Option, Section, Select, Table
from bot.model.limits import Limits
from bot.model.text import Plain, T, Words, spans
from bot.platforms.base import Gone
from bot.platforms.cutting import Measure, Spans, joined, size, split, trim, words

_Part = TypeVar("_Part")

_ELLIPSIS: Spans = (Plain("…"),)
_NUMBERING = 8
"""Characters kept free beside a title for the " · 2" of a card that carries on."""


def trimmed(text: str, room: int, measure: Measure) -> str:
    """People's words cut to the room, at a whole character, with a "…"."""
    return "".join(span.text for span in trim((Plain(text),), room, measure) if isinstance(span, Plain))


@dataclass(slots=True)
class _Draft:
    """A card being filled."""

    title: Spans
    used: int
    body: Spans | None = None
    sections: list[Section] = field(default_factory=list)
    image: Image | None = None
    controls: list[Control] = field(default_factory=list)
    footer: Spans | None = None
    count: int = 0
    """Its controls, those beside sections included."""

    def card(self, like: Card) -> Card:
        return replace(
            like,
            title=words(self.title),
            body=None if self.body is None else words(self.body),
            sections=tuple(self.sections),
            image=self.image,
            buttons=tuple(self.controls),
            footer=None if self.footer is None else words(self.footer),
        )


class Fitter:
    """Fits cards into one platform's limits, sizes taken by its measure."""

    def __init__(self, limits: Limits, measure: Measure) -> None:
        self._limits = limits
        self._measure = measure

    def carries_table(self, card: Card) -> bool:
        """Whether the card's table can be shown as one, with all that is around it in the same message."""
        limits, table = self._limits, card.table
        return (
            table is not None
            and 1 < len(table.rows) + 1 <= limits.table_rows
            and 0 < len(table.columns) <= limits.table_columns
            and all(len(row) == len(table.columns) for row in table.rows)
            and self._table(table) <= limits.table_text
            and self._fits(card)
        )

    def several(self, card: Card) -> list[Card]:
        """The card, or all of it as several with the same title, numbered from the second."""
        if self._fits(card):
            return [card]
        title = trim(spans(card.title), self._limits.title, self._measure)
        room = self._limits.card_text - size(title, self._measure) - _NUMBERING
        controls, notes = self._controls(card.buttons)
        sections, more_notes = self._sections(card.sections)
        footers = self._split(card.footer, room)
        parts = [
            *(Section(words(piece)) for piece in self._split(card.body, room)),
            *self._pieces(sections, room),
            *(Section(words(piece)) for piece in footers[:-1]),
            *more_notes,
            *notes,
        ]
        drafts = [_Draft(title, size(title, self._measure))]

        def add(put: Callable[[_Draft, _Part], bool], part: _Part) -> None:
            if not put(drafts[-1], part):
                drafts.append(self._next(title, len(drafts) + 1))
                put(drafts[-1], part)

        for part in parts:
            add(self._put_section, part)
        drafts[-1].image = self._image(card.image)
        for control in controls:
            add(self._put_control, control)
        for footer in footers[-1:]:
            add(self._put_footer, footer)
        return [draft.card(card) for draft in drafts]

    def one(self, card: Card) -> Card:
        """The card, or its beginning: title, picture, controls and footer stay, what is between is cut."""
        if self._fits(card):
            return card
        limits = self._limits
        title = trim(spans(card.title), limits.title, self._measure)
        draft = _Draft(title, size(title, self._measure), image=self._image(card.image))
        for control in self._controls(card.buttons)[0]:
            self._put_control(draft, control)
        if card.footer is not None:
            rest = min(limits.block, (limits.card_text - draft.used) // 2)
            draft.footer = trim(spans(card.footer), rest, self._measure)
            draft.used += size(draft.footer, self._measure)
        room = limits.card_text - draft.used
        sections, notes = self._sections(card.sections)
        parts = [
            *(Section(words(piece)) for piece in self._split(card.body, room)),
            *self._pieces(sections, room),
            *notes,
        ]
        for part in parts:
            if not self._put_section(draft, part):
                self._put_ellipsis(draft, part)
                break
        return draft.card(card)

    def _next(self, title: Spans, number: int) -> _Draft:
        if title:
            mark = (Plain(f" · {number}"),)
            room = self._limits.title - size(mark, self._measure)
            title = joined(trim(title, room, self._measure), mark)
        return _Draft(title, size(title, self._measure))

    def _fits(self, card: Card) -> bool:
        limits, measure = self._limits, self._measure
        title = size(spans(card.title), measure)
        blocks = [size(spans(text), measure) for text in (card.body, card.footer) if text is not None]
        blocks += [self._block(section) for section in card.sections]
        beside = [section.control for section in card.sections if section.control is not None]
        controls = [*beside, *card.buttons]
        total = title + sum(blocks) + sum(map(self._label, controls)) + self._table(card.table)
        return (
            title <= limits.title
            and total <= limits.card_text
            and max(blocks, default=0) <= limits.block
            and len(card.sections) <= limits.sections
            and len(controls) <= limits.controls
            and all(self._control(control) is control for control in controls)
            and self._image(card.image) is card.image
        )

    def _table(self, table: Table | None) -> int:
        rows = () if table is None else (table.columns, *table.rows)
        return sum(max(1, size(spans(cell), self._measure)) for row in rows for cell in row)

    def _block(self, section: Section) -> int:
        return self._heading(section) + size(spans(section.text), self._measure)

    def _heading(self, section: Section) -> int:
        if section.heading is None:
            return 0
        return 1 + sum(
            self._measure(Plain(span.text, True, span.code) if isinstance(span, Plain) else span)
            for span in spans(section.heading)
        )

    def _label(self, control: Control) -> int:
        return size(spans(control.label), self._measure)

    def _split(self, text: Words | None, room: int) -> list[Spans]:
        if text is None:
            return []
        return split(spans(text), min(room, self._limits.block), self._measure)

    def _pieces(self, sections: Iterable[Section], room: int) -> Iterator[Section]:
        """Each section, or its text as several; heading and control stay with the first."""
        for section in sections:
            label = 0 if section.control is None else self._label(section.control)
            rest = min(self._limits.block, room - label) - self._heading(section)
            whole = spans(section.text)
            first, *others = split(whole, rest, self._measure)
            yield section if first == whole else replace(section, text=words(first))
            for other in others:
                yield Section(words(other))

    def _put_section(self, draft: _Draft, section: Section) -> bool:
        """Adds it, as the body where it can be one; False where there is no room."""
        length = self._block(section) + (0 if section.control is None else self._label(section.control))
        if draft.used + length > self._limits.card_text:
            return False
        plain = section.heading is None and section.control is None
        if plain and draft.body is None and not draft.sections:
            draft.body = spans(section.text)
        else:
            count = draft.count + (section.control is not None)
            if len(draft.sections) >= self._limits.sections or count > self._limits.controls:
                return False
            draft.sections.append(section)
            draft.count = count
        draft.used += length
        return True

    def _put_control(self, draft: _Draft, control: Control) -> bool:
        length = self._label(control)
        if draft.count >= self._limits.controls or draft.used + length > self._limits.card_text:
            return False
        draft.controls.append(control)
        draft.count += 1
        draft.used += length
        return True

    def _put_footer(self, draft: _Draft, footer: Spans) -> bool:
        if draft.used + size(footer, self._measure) > self._limits.card_text:
            return False
        draft.footer = footer
        return True

    def _put_ellipsis(self, draft: _Draft, cut: Section) -> None:
        """Ends the draft with as much of the section that found no place as there is room for."""
        rest = self._limits.card_text - draft.used - self._heading(cut)
        begun = replace(cut, control=None, text=words(self._ended(spans(cut.text), rest)))
        if rest > 1 and self._put_section(draft, begun):
            return
        if draft.sections:
            last = draft.sections[-1]
            text = spans(last.text)
            draft.sections[-1] = replace(last, text=words(self._ended(text, size(text, self._measure))))
        elif draft.body is not None:
            draft.body = self._ended(draft.body, size(draft.body, self._measure))

    def _ended(self, text: Spans, room: int) -> Spans:
        return trim(joined(text, _ELLIPSIS), min(room, self._limits.block), self._measure)

    def _image(self, image: Image | None) -> Image | None:
        if image is None:
            return None
        alt = trimmed(image.alt, self._limits.alt, self._measure)
        return image if alt == image.alt else replace(image, alt=alt)

    def _controls(self, controls: Iterable[Control]) -> tuple[list[Control], list[Section]]:
        fitted = [self._control(control) for control in controls]
        notes = [self._note(control) for control in controls if self._has_too_many(control)]
        return fitted, notes

    def _sections(self, sections: Iterable[Section]) -> tuple[list[Section], list[Section]]:
        """With controls and headings that fit, and a note for each list that had to be cut."""
        fitted, notes = [], []
        for section in sections:
            if section.control is not None and self._has_too_many(section.control):
                notes.append(self._note(section.control))
            fitted.append(
                replace(
                    section,
                    control=None if section.control is None else self._control(section.control),
                    heading=None
                    if section.heading is None
                    else words(trim(spans(section.heading), self._limits.title, self._measure)),
                )
            )
        return fitted, notes

    def _has_too_many(self, control: Control) -> bool:
        return isinstance(control, Select) and len(control.options) > self._limits.options

    def _note(self, control: Control) -> Section:
        count = len(control.options) if isinstance(control, Select) else 0
        return Section(
            T("Only the first {shown} of {count} choices are shown.", shown=self._limits.options, count=count)
        )

    def _control(self, control: Control) -> Control:
        """The control itself where it fits, else with its labels trimmed and its options cut."""
        limits = self._limits
        if not isinstance(control, Button | Select):
            return self._with_label(control)
        if len(control.action) > limits.action:
            raise Gone(
                f"control_too_long: its action has {len(control.action)} of {limits.action} characters"
            )
        if isinstance(control, Button):
            return self._with_label(control)
        options = tuple(map(self._option, control.options[: limits.options]))
        most = max(1, min(control.most, len(options)))
        least = min(control.least, most)
        if options != control.options or (least, most) != (control.least, control.most):
            control = replace(control, options=options, least=least, most=most)
        return self._with_label(control)

    def _with_label(self, control: Control) -> Control:
        label = spans(control.label)
        short = trim(label, self._limits.button_label, self._measure)
        return control if short is label else replace(control, label=words(short))

    def _option(self, option: Option) -> Option:
        if len(option.value) > self._limits.action:
            raise Gone(f"option_too_long: its value has {len(option.value)} characters")
        label = trimmed(option.label, self._limits.option_label, self._measure)
        about = trimmed(option.about, self._limits.option_label, self._measure)
        if (label, about) == (option.label, option.about):
            return option
        return replace(option, label=label, about=about)
