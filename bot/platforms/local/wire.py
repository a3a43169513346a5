"""From the model's content to what the page shows: structured JSON, nothing in it left to parse."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bot.model.content import Button, Card, Content, Control, Field, Form, Image, Kind, LinkButton, Option
from bot.model.ids import Channel, Member, PlatformRole
from bot.model.text import CommandName, Link, Moment, Plain, Span, Words, closed, spans
from bot.platforms.local.names import pieces
from bot.platforms.local.state import Json

NameOf = Callable[[str, str], str | None]
"""The room's own name for a sign ("@" person, "#" channel) and an id; None for an unknown one."""

_SUFFIX = {"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif"}
MEDIA_TYPES = {suffix: media_type for media_type, suffix in _SUFFIX.items()}


@dataclass(slots=True)
class Rendered:
    """A message ready to be kept: what the page gets, and what only the room may know."""

    text: list[Json] | None = None
    card: Json | None = None
    controls: dict[str, Json] = field(default_factory=dict)
    image: tuple[str, bytes] | None = None


def render(content: Content, name_of: NameOf) -> Rendered:
    """The content as the page gets it, its controls' actions kept apart by control id."""
    if isinstance(content, Card):
        return _card(content, name_of)
    return Rendered(text=words(content, name_of))


def words(text: Words, name_of: NameOf) -> list[Json]:
    return [_span(span, name_of) for span in spans(text)]


def own_words(text: str, name_of: NameOf) -> list[Json]:
    """A person's words, with mentions as ``<@id>`` and ``<#id>``; links are found, nothing else."""
    out: list[Json] = []
    for piece in pieces(text):
        span = _own_span(piece.sign, piece.text, name_of)
        if out and span["t"] == "text" and out[-1]["t"] == "text":
            out[-1]["text"] += span["text"]
        else:
            out.append(span)
    return out


def _own_span(sign: str, text: str, name_of: NameOf) -> Json:
    if sign == "link":
        return {"t": "link", "url": text, "label": text}
    if sign:
        name = name_of(sign, text)
        if name is None:
            return {"t": "text", "text": f"<{sign}{text}>"}
        return {"t": "member" if sign == "@" else "channel", "id": text, "name": name}
    return {"t": "text", "text": text}


def _span(span: Span, name_of: NameOf) -> Json:
    match span:
        case Plain(text=text, bold=bold, code=code):
            marks = {name: True for name, on in (("bold", bold), ("code", code)) if on}
            return {"t": "text", "text": closed(text), **marks}
        case Member(id=ident, name=name):
            return {"t": "member", "id": ident, "name": name_of("@", ident) or name or "someone"}
        case Channel(id=ident, name=name):
            return {"t": "channel", "id": ident, "name": name_of("#", ident) or name or "a channel"}
        case PlatformRole(id=ident, name=name):
            return {"t": "role", "id": ident, "name": name or ident}
        case Moment(ms=ms, style=style):
            shown = datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
            return {"t": "time", "ms": ms, "style": style.value, "text": shown}
        case Link(url=url, label=label):
            return link(url, label)
        case CommandName(path=path):
            return {"t": "command", "path": list(path), "text": "/" + " ".join(path)}


def link(url: str, label: str) -> Json:
    """A link where the address is one for the web; else its words, so that nothing else can be opened."""
    if url.lower().startswith(("https://", "http://")):
        return {"t": "link", "url": url, "label": label or url}
    return {"t": "text", "text": f"{label} ({url})" if label else url}


def _card(card: Card, name_of: NameOf) -> Rendered:
    controls: dict[str, Json] = {}

    def shown(control: Control) -> Json:
        return _control(control, controls, name_of)

    def maybe(text: Words | None) -> list[Json] | None:
        return None if text is None else words(text, name_of)

    image = card.image
    file = None if image is None else (_file_name(image), image.data)
    return Rendered(
        card={
            "title": words(card.title, name_of),
            "body": maybe(card.body),
            "sections": [
                {
                    "heading": maybe(section.heading),
                    "text": words(section.text, name_of),
                    "control": None if section.control is None else shown(section.control),
                }
                for section in card.sections
            ],
            "image": None
            if image is None or file is None
            else {"url": f"/api/images/{file[0]}", "alt": image.alt},
            "controls": [shown(control) for control in card.buttons],
            "footer": maybe(card.footer),
            "accent": card.accent.value,
        },
        controls=controls,
        image=file,
    )


def _file_name(image: Image) -> str:
    return f"{hashlib.sha256(image.data).hexdigest()}.{_SUFFIX.get(image.media_type, 'png')}"


def _control(control: Control, held: dict[str, Json], name_of: NameOf) -> Json:
    label = words(control.label, name_of)
    if isinstance(control, LinkButton):
        return {"kind": "link", "label": label, "url": link(control.url, "").get("url", "")}
    ident = _control_id(control.action, held)
    if isinstance(control, Button):
        held[ident] = {"kind": "button", "action": control.action}
        return {"id": ident, "kind": "button", "label": label, "style": control.style.value}
    bounds = {"least": control.least, "most": control.most}
    values = [option.value for option in control.options]
    held[ident] = {"kind": "select", "action": control.action, "values": values, **bounds}
    return {"id": ident, "kind": "select", "label": label, **bounds, "options": options(control.options)}


def _control_id(action: str, held: Mapping[str, Json]) -> str:
    """Made of the action, so that pressing what an edit has replaced never presses something else."""
    ident = "k" + hashlib.sha256(action.encode("utf-8", "replace")).hexdigest()[:12]
    return ident if ident not in held else f"{ident}-{len(held)}"


def options(given: Iterable[Option]) -> list[Json]:
    return [{"label": one.label, "value": one.value, "about": one.about} for one in given]


def page(form: Form, name_of: NameOf, *, last: bool) -> Json:
    """One page of a form."""
    return {
        "title": words(form.title, name_of),
        "intro": None if form.intro is None else words(form.intro, name_of),
        "submit": form.submit if last else "Next",
        "fields": [shown_field(item) for item in form.fields],
    }


def shown_field(item: Field) -> Json:
    """A field of a form, with what is filled in."""
    return {**described(item), "value": _value(item), "problem": item.problem}


def described(item: Field) -> Json:
    """What is asked for."""
    return {
        "name": item.name,
        "kind": item.kind.value,
        "label": item.label,
        "about": item.about,
        "required": item.required,
        "least": item.least,
        "most": item.most,
        "options": options(item.options),
    }


def _value(item: Field) -> str | list[str] | bool | None:
    if item.value is None:
        return None
    if item.kind is Kind.YES_NO:
        return str(item.value).casefold() in ("yes", "true", "on", "1")
    return list(item.value) if isinstance(item.value, tuple) else item.value
