"""From content to Block Kit. Words become rich text elements, so nothing that people wrote can be markup."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from bot.model.content import (
    Button,
    ButtonStyle,
    Card,
    Content,
    Control,
    LinkButton,
    Section,
    Select,
    Table,
)
from bot.model.ids import Channel, Member, PlatformRole
from bot.model.text import CommandName, Link, Moment, Plain, Span, T, Words, plain_text, spans
from bot.platforms.sizes import units
from bot.platforms.slack import text as slack_text
from bot.platforms.slack.limits import BLOCKS_TEXT, UPDATE_TEXT
from bot.platforms.slack.names import Names

Block = dict[str, Any]
LINK: Final = "link"
"""The action id of buttons that only open an address begins with this."""
_STYLES: Final = {ButtonStyle.MAIN: "primary", ButtonStyle.CAREFUL: "danger"}
_URL: Final = 3_000


@dataclass(frozen=True, slots=True)
class Rendered:
    """What chat.postMessage takes: blocks for the eye, and a text that says all of it for the ear."""

    text: str
    blocks: list[Block]

    @property
    def short(self) -> str:
        """The text as short as an edit needs it."""
        if len(self.text) <= UPDATE_TEXT:
            return self.text
        cut = self.text[: UPDATE_TEXT - 1]
        # an entity or a date that was cut through would be shown as signs
        for opening, closing in (("&", ";"), ("<", ">")):
            at = cut.rfind(opening)
            if at > cut.rfind(closing) and UPDATE_TEXT - at < 100:
                cut = cut[:at]
        return f"{cut}…"


class Renderer:
    """Renders for one workspace. ``name_of`` gives the name of a person or a user group, or ""."""

    def __init__(
        self,
        names: Names,
        paths: Callable[[], Collection[tuple[str, ...]]] = tuple,
        name_of: Callable[[str], str] = lambda _: "",
    ) -> None:
        self._names = names
        self._paths = paths
        self._name_of = name_of

    def message(
        self, content: Content, pings: Iterable[Member] = (), image_file: str | None = None
    ) -> Rendered:
        """A message in which ``pings`` alone are mentioned. ``image_file`` is the picture's id at Slack."""
        ringing = frozenset(member.id for member in pings)
        if isinstance(content, Card):
            blocks = self._card(content, ringing, image_file)
            lines = list(self._lines(content, ringing))
        else:
            blocks = self._words(content, ringing)
            lines = [self.line(content, ringing)]
        _within_budget(blocks)
        text = "\n".join(line for line in lines if line.strip())
        return Rendered(text or "…", blocks)

    # -- for the ear ---------------------------------------------------------------------------------------

    def line(self, words: Words, ringing: Collection[str] = ()) -> str:
        """Words for the top-level text."""
        return "".join(self._spoken(span, ringing) for span in spans(words))

    def _lines(self, card: Card, ringing: Collection[str]) -> Iterator[str]:
        yield self.line(card.title, ringing)
        if card.body is not None:
            yield self.line(card.body, ringing)
        for section in card.sections:
            if section.heading is not None:
                yield self.line(section.heading, ringing)
            yield self.line(section.text, ringing)
        if card.table is not None:
            for row in (card.table.columns, *card.table.rows):
                yield " · ".join(filter(None, (self.line(cell, ringing) for cell in row)))
        if card.image is not None and card.image.alt:
            yield f"Picture: {slack_text.escape(card.image.alt)}"
        labels = [f"[{self.line(control.label)}]" for control in _all_controls(card)]
        if labels:
            yield " ".join(labels)
        if card.footer is not None:
            yield self.line(card.footer, ringing)

    def _spoken(self, span: Span, ringing: Collection[str]) -> str:
        match span:
            case Plain(text=text, code=code):
                return slack_text.escape(self._names.rewritten(text, self._known()) if code else text)
            case Member(id=ident) if ident in ringing:
                return f"<@{ident}>"
            case Member():
                return slack_text.escape(self._called(span))
            case Channel(id=ident):
                return f"<#{ident}>"
            case PlatformRole():
                return slack_text.escape(self._group(span))
            case Moment():
                return slack_text.date(span)
            case Link(url=url, label=label):
                return slack_text.escape(f"{label} ({url})" if label else url)
            case CommandName(path=path):
                return slack_text.escape(self._names.slash(path))

    # -- for the eye ---------------------------------------------------------------------------------------

    def _card(self, card: Card, ringing: Collection[str], image_file: str | None) -> list[Block]:
        blocks: list[Block] = []
        title = self.plain(card.title).strip()
        if any(_is_mention(span, ringing) for span in spans(card.title)):
            blocks += _rich(self._elements(card.title, ringing, bold=True))  # a header mentions nothing
        elif title:
            blocks.append({"type": "header", "text": plain(title, 150)})
        if card.body is not None:
            blocks += self._words(card.body, ringing)
        for number, section in enumerate(card.sections):
            blocks += self._section(section, number, ringing)
        if card.table is not None:
            blocks.append(self._table(card.table, ringing))
        if card.image is not None and image_file is not None:
            alt = card.image.alt or "A picture"
            blocks.append({"type": "image", "slack_file": {"id": image_file}, "alt_text": alt[:2_000]})
        if card.buttons:
            elements = [self._control(control, f"b{at}") for at, control in enumerate(card.buttons)]
            blocks.append({"type": "actions", "elements": elements})
        if card.footer is not None:
            blocks += self._footer(card.footer, ringing)
        return blocks

    def _section(self, section: Section, number: int, ringing: Collection[str]) -> list[Block]:
        heading = [] if section.heading is None else self._elements(section.heading, ringing, bold=True)
        text = self._elements(section.text, ringing)
        between = [{"type": "text", "text": "\n"}] if heading and text else []
        blocks = _rich(heading + between + text)
        if section.control is not None:
            element = self._control(section.control, f"s{number}")
            blocks.append({"type": "actions", "elements": [element]})
        return blocks

    def _table(self, table: Table, ringing: Collection[str]) -> Block:
        head = [self._cell(cell, ringing, bold=True) for cell in table.columns]
        rows = [[self._cell(cell, ringing) for cell in row] for row in table.rows]
        wrapped = [{"is_wrapped": True} for _ in table.columns]
        return {"type": "table", "rows": [head, *rows], "column_settings": wrapped}

    def _cell(self, words: Words, ringing: Collection[str], *, bold: bool = False) -> Block:
        # a cell without anything in it would be refused
        blocks = _rich(self._elements(words, ringing, bold=bold)) or _rich([_text("–")])
        return blocks[0]

    def _words(self, words: Words, ringing: Collection[str]) -> list[Block]:
        return _rich(self._elements(words, ringing))

    def _footer(self, words: Words, ringing: Collection[str]) -> list[Block]:
        held = spans(words)
        if not all(isinstance(span, Plain) for span in held):
            return self._words(words, ringing)
        text = self.plain(words).strip()
        return [{"type": "context", "elements": [plain(text, 3_000)]}] if text else []

    def _elements(self, words: Words, ringing: Collection[str], *, bold: bool = False) -> list[Block]:
        return [self._element(span, ringing, bold) for span in spans(words) if span != Plain("")]

    def _element(self, span: Span, ringing: Collection[str], bold: bool) -> Block:
        match span:
            case Plain(text=text, bold=own, code=code):
                shown = self._names.rewritten(text, self._known()) if code else text
                return _text(shown, bold=bold or own, code=code)
            case Member(id=ident) if ident in ringing:
                return {"type": "user", "user_id": ident}
            case Member():
                return _text(self._called(span), bold=bold)
            case Channel(id=ident):
                return {"type": "channel", "channel_id": ident}
            case PlatformRole():
                return _text(self._group(span), bold=bold)
            case Moment():
                return {
                    "type": "date",
                    "timestamp": slack_text.seconds(span),
                    "format": slack_text.FORMATS[span.style],
                    "fallback": slack_text.fallback(span),
                }
            case Link(url=url, label=label):
                if not _opens(url):
                    return _text(f"{label} ({url})" if label else url, bold=bold)
                return {"type": "link", "url": url, "text": label or url}
            case CommandName(path=path):
                return _text(self._names.slash(path), code=True)

    def _control(self, control: Control, place: str) -> Block:
        label = self.plain(control.label).strip() or "…"
        match control:
            case Button(action=action, style=style):
                block: Block = {
                    "type": "button",
                    "text": plain(label, 75),
                    "action_id": f"{place}|{action}",
                }
                if style in _STYLES:
                    block["style"] = _STYLES[style]
                return block
            case LinkButton(url=url):
                button = {"type": "button", "text": plain(label, 75), "action_id": f"{LINK}|{place}"}
                return button | ({"url": url} if _opens(url) else {})
            case Select():
                return _select(control, label, place)

    def plain(self, words: Words) -> str:
        """Words where Slack takes nothing but characters."""
        return "".join(self._flat(span) for span in spans(words))

    def _flat(self, span: Span) -> str:
        match span:
            case Plain(text=text, code=True):
                return self._names.rewritten(text, self._known())
            case Member():
                return self._called(span)
            case CommandName(path=path):
                return self._names.slash(path)
            case Plain(text=text):
                return text
            case Link(url=url, label=label):
                return f"{label} ({url})" if label else url
            case Moment():
                return slack_text.fallback(span)
            case PlatformRole():
                return self._group(span)
            case Channel():
                return plain_text(T("{it}", it=span))

    def _called(self, member: Member) -> str:
        return member.name or self._name_of(member.id) or "someone"

    def _group(self, role: PlatformRole) -> str:
        return f"@{role.name or self._name_of(role.id) or 'a group'}"

    def _known(self) -> list[tuple[str, ...]]:
        return list(self._paths())


def _is_mention(span: Span, ringing: Collection[str]) -> bool:
    """Whether Slack has to say what it is called, or to ring somebody."""
    return isinstance(span, Channel) or (isinstance(span, Member) and span.id in ringing)


def _opens(url: str) -> bool:
    return url.startswith(("https://", "http://")) and len(url) <= _URL


def plain(text: str, most: int) -> Block:
    """A plain_text object, in which Slack turns nothing into anything."""
    if units(text) > most:
        text = f"{text[: most - 1]}…"
    return {"type": "plain_text", "text": text, "emoji": False}


def _text(text: str, *, bold: bool = False, code: bool = False) -> Block:
    style = {name: True for name, on in (("bold", bold), ("code", code)) if on}
    return {"type": "text", "text": text} | ({"style": style} if style else {})


def _rich(elements: list[Block]) -> list[Block]:
    if not any(element["type"] != "text" or element["text"].strip() for element in elements):
        return []
    return [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]}]


def _select(control: Select, label: str, place: str) -> Block:
    options = []
    for option in control.options[:100]:
        shown: Block = {"text": plain(option.label or option.value or "…", 75), "value": option.value or "-"}
        if option.about:
            shown["description"] = plain(option.about, 75)
        options.append(shown)
    block: Block = {
        "type": "multi_static_select" if control.most > 1 else "static_select",
        "placeholder": plain(label, 75),
        "action_id": f"{place}|{control.action}",
        "options": options or [{"text": plain("Nothing to choose", 75), "value": "-"}],
    }
    if control.most > 1:
        block["max_selected_items"] = control.most
    return block


def _all_controls(card: Card) -> Iterator[Control]:
    yield from (section.control for section in card.sections if section.control is not None)
    yield from card.buttons


def _within_budget(blocks: list[Block]) -> None:
    """Takes from the lists of options what is too much for one message: descriptions first, then the last."""
    lists = [
        element["options"]
        for block in blocks
        if block["type"] == "actions"
        for element in block["elements"]
        if "options" in element
    ]
    if not lists or weight(blocks) <= BLOCKS_TEXT:
        return
    for options in lists:
        for option in options:
            option.pop("description", None)
    while weight(blocks) > BLOCKS_TEXT and (longest := max(lists, key=len)) and len(longest) > 1:
        del longest[-max(1, len(longest) // 8) :]


def weight(value: Any) -> int:
    """Characters of all texts in blocks."""
    if isinstance(value, dict):
        own = len(value["text"]) if isinstance(value.get("text"), str) else 0
        return own + sum(weight(inner) for inner in value.values())
    if isinstance(value, list):
        return sum(map(weight, value))
    return 0
