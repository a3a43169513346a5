"""From content that fits to the body of a message: components version 2, marked, pinging only the named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from bot.model.content import (
    Accent,
    Button,
    ButtonStyle,
    Card,
    Content,
    Control,
    Image,
    LinkButton,
    Section,
    Select,
)
from bot.model.ids import Member
from bot.model.text import Words, plain_text, spans
from bot.platforms.discord.ids import Json, guild_parts, walk
from bot.platforms.discord.markdown import Markdown

ROW, BUTTON, STRING_SELECT, SECTION, TEXT, GALLERY, CONTAINER = 1, 2, 3, 9, 10, 12, 17
LINK: Final = 5
COMPONENTS_V2: Final = 1 << 15
EPHEMERAL: Final = 1 << 6
LOADING: Final = 1 << 7

_STYLES: Final[Mapping[ButtonStyle, int]] = {
    ButtonStyle.MAIN: 1,
    ButtonStyle.NORMAL: 2,
    ButtonStyle.CAREFUL: 4,
}
_ACCENTS: Final[Mapping[Accent, int | None]] = {
    Accent.PLAIN: None,
    Accent.WARM: 0xE8A33D,
    Accent.CALM: 0x5B8DB8,
    Accent.CARE: 0xC7655B,
}
_EXTENSIONS: Final[Mapping[str, str]] = {"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif"}
_BLANK: Final = "\u200b"
_URL_MOST: Final = 512
_ROW_MOST: Final = 5
_ACTION_MOST: Final = 100
_FOOTER_LINES: Final = 10
_PINGS_MOST: Final = 100


class File(NamedTuple):
    """An attachment."""

    name: str
    data: bytes
    media_type: str


@dataclass(slots=True)
class Body:
    """A request's body, with the files that go beside it."""

    json: Json
    files: tuple[File, ...] = field(default=())


def message(
    content: Content,
    markdown: Markdown,
    *,
    mark: int,
    pings: tuple[Member, ...] = (),
    home: str | None = None,
    private: bool = False,
) -> Body:
    """The body that shows a content which fits.

    ``mark`` is the id that its first component carries; ``home`` the server that a private message comes
    from, carried too; ``private`` makes an answer that one person alone sees.
    """
    image = content.image if isinstance(content, Card) else None
    parts = list(_card(content, markdown)) if isinstance(content, Card) else [_text(markdown, content)]
    parts[0]["id"] = mark
    if home is not None:
        _carry(parts, home)
    named = list(dict.fromkeys(person.id for person in pings))[:_PINGS_MOST]
    json: Json = {
        "flags": COMPONENTS_V2 | (EPHEMERAL if private else 0),
        "components": parts,
        "allowed_mentions": {"parse": [], "users": named},
        "attachments": [],
    }
    if image is None:
        return Body(json)
    file = File(f"picture.{_EXTENSIONS.get(image.media_type, 'png')}", image.data, image.media_type)
    json["attachments"] = [_described({"id": 0, "filename": file.name}, image)]
    return Body(json, (file,))


def marks(components: list[Json]) -> set[int]:
    """The integer ids in a message's components, our mark among them."""
    return {ident for component in walk(components) if isinstance(ident := component.get("id"), int)}


def text_of(message: Json) -> str:
    """All words of a message as Discord tells it: its content and its text components."""
    shown = [message.get("content") or ""]
    shown += [
        component.get("content") or ""
        for component in walk(message.get("components") or ())
        if component.get("type") == TEXT
    ]
    return "\n".join(filter(None, shown))


def _carry(parts: list[Json], home: str) -> None:
    """Give three components the parts of the server's id; only what can be pressed needs them."""
    inner = parts[0].get("components")
    if inner is None or all(part["type"] not in (BUTTON, STRING_SELECT) for part in walk(inner)):
        return
    if len(list(walk(inner))) < len(guild_parts(home)):
        inner.insert(0, {"type": TEXT, "content": _BLANK})
    for part, ident in zip(walk(inner), guild_parts(home), strict=False):
        part["id"] = ident


def _card(card: Card, markdown: Markdown) -> Iterator[Json]:
    controls = _Controls()
    inner: list[Json] = []
    title = " ".join(markdown.render(card.title).split())
    if title:
        inner.append({"type": TEXT, "content": f"### {title}"})
    if card.body is not None and (body := markdown.render(card.body)).strip():
        inner.append({"type": TEXT, "content": body})
    for section in card.sections:
        inner += _section(section, markdown, controls)
    if card.image is not None:
        inner.append(_gallery(card.image))
    inner += controls.rows(card.buttons)
    if card.footer is not None and (footer := markdown.render(card.footer)).strip():
        inner.append({"type": TEXT, "content": _small(footer)})
    container: Json = {"type": CONTAINER, "components": inner or [{"type": TEXT, "content": _BLANK}]}
    if (colour := _ACCENTS[card.accent]) is not None:
        container["accent_color"] = colour
    yield container


def _text(markdown: Markdown, words: Words) -> Json:
    text = markdown.render(words)
    return {"type": TEXT, "content": text if text.strip() else _BLANK}


def _small(text: str) -> str:
    lines = text.strip().split("\n")
    return "\n".join(f"-# {line}" for line in lines) if len(lines) <= _FOOTER_LINES else text


def _section(section: Section, markdown: Markdown, controls: _Controls) -> Iterator[Json]:
    text = markdown.render(section.text)
    if not text.strip():
        text = ""
    heading = "" if section.heading is None else markdown.join(spans(section.heading), bold=True)
    if heading.strip():
        text = f"{heading}\n{text}" if text else heading
    control = None if section.control is None else controls.one(section.control)
    if control is not None and control["type"] == BUTTON:
        shown = {"type": TEXT, "content": text or _BLANK}
        yield {"type": SECTION, "components": [shown], "accessory": control}
        return
    if text:
        yield {"type": TEXT, "content": text}
    if control is not None:
        yield {"type": ROW, "components": [control]}


def _gallery(image: Image) -> Json:
    name = f"attachment://picture.{_EXTENSIONS.get(image.media_type, 'png')}"
    return {"type": GALLERY, "items": [_described({"media": {"url": name}}, image)]}


def _described(item: dict[str, Any], image: Image) -> Json:
    alt = image.alt.strip()
    return item | {"description": alt} if alt else item


class _Controls:
    """The controls of one message: Discord refuses two with one id."""

    def __init__(self) -> None:
        self._used: set[str] = set()

    def rows(self, controls: tuple[Control, ...]) -> Iterator[Json]:
        buttons: list[Json] = []
        for control in controls:
            made = self.one(control)
            if made is None:
                continue
            if made["type"] == BUTTON:
                buttons.append(made)
                if len(buttons) == _ROW_MOST:
                    yield {"type": ROW, "components": buttons}
                    buttons = []
                continue
            if buttons:
                yield {"type": ROW, "components": buttons}
                buttons = []
            yield {"type": ROW, "components": [made]}
        if buttons:
            yield {"type": ROW, "components": buttons}

    def one(self, control: Control) -> Json | None:
        """The control as a component; None where Discord would refuse the message because of it."""
        label = " ".join(plain_text(control.label).split()) or "…"
        if isinstance(control, LinkButton):
            url = control.url
            if not url.startswith(("https://", "http://")) or " " in url or len(url) > _URL_MOST:
                return None
            return {"type": BUTTON, "style": LINK, "label": label, "url": url}
        action = self._own(control.action)
        if action is None:
            return None
        if isinstance(control, Button):
            return {
                "type": BUTTON,
                "style": _STYLES[control.style],
                "label": label,
                "custom_id": action,
            }
        return _select(control, action, label)

    def _own(self, action: str) -> str | None:
        number, unique = 1, action
        while unique in self._used:
            number += 1
            unique = f"{action}#{number}"
        if not unique or len(unique) > _ACTION_MOST:
            return None
        self._used.add(unique)
        return unique


def _select(select: Select, action: str, label: str) -> Json | None:
    options = list({option.value: option for option in reversed(select.options) if option.value}.values())
    options.reverse()
    if not options:
        return None
    most = max(1, min(select.most, len(options)))
    return {
        "type": STRING_SELECT,
        "custom_id": action,
        "placeholder": label,
        "min_values": max(0, min(select.least, most)),
        "max_values": most,
        "options": [
            {"label": option.label.strip() or option.value, "value": option.value}
            | ({"description": option.about} if option.about.strip() else {})
            for option in options
        ],
    }


def action_of(custom_id: str) -> str:
    """The action that a component's id stands for."""
    action, mark, number = custom_id.rpartition("#")
    return action if mark and number.isdigit() and len(number) <= 2 else custom_id
