"""Forms as Discord's modals, page by page, and what people filled in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from bot.model.content import Field, Form, Kind
from bot.model.events import Raw
from bot.model.ids import Channel, Member, PlatformRole
from bot.model.text import Words, plain_text
from bot.platforms.discord.commands import cut
from bot.platforms.discord.ids import Json
from bot.platforms.discord.limits import DESCRIPTION, LIMITS
from bot.platforms.discord.markdown import Markdown, measure
from bot.platforms.discord.parse import member, role
from bot.platforms.fit import fit_form

STRING_SELECT, TEXT_INPUT, USERS, ROLES, CHANNELS, TEXT, LABEL, RADIO, CHECKBOX = (
    3,
    4,
    5,
    6,
    8,
    10,
    18,
    21,
    23,
)
_SHORT, _LONG = 1, 2
_RADIO_MOST: Final = 10
_RADIO_LEAST: Final = 2
_PLACEHOLDER: Final = 100
_PEOPLE_MOST: Final = 25
_TEXTS_MOST: Final = 4_000
_YES_NO: Final = (("Yes", "yes"), ("No", "no"))
_HINTS: Final[Mapping[Kind, str]] = {
    Kind.DATE: "like 24 December, or tomorrow",
    Kind.MOMENT: "like tomorrow at 9:00",
    Kind.SCHEDULE: "like every Friday at 16:00",
    Kind.ZONE: "like Europe/Berlin",
    Kind.INTEGER: "a number",
}


def pages(form: Form) -> list[Form]:
    """The form as pages that Discord can show; each with as many questions as fit beside its intro."""
    (whole,) = fit_form(form, LIMITS._replace(form_fields=max(len(form.fields), 1)), measure)
    fields = list(whole.fields)
    made: list[Form] = []
    while fields or not made:
        intro = whole.intro if not made else None
        room = LIMITS.form_fields - (1 if intro is not None else 0)
        made.append(replace(whole, fields=tuple(fields[:room]), intro=intro))
        fields = fields[room:]
    return made


def modal(page: Form, custom_id: str, markdown: Markdown, *, number: int = 1, of: int = 1) -> Json:
    """One page as Discord shows it."""
    title = " ".join(plain_text(page.title).split()) or "…"
    if of > 1:
        counted = f" ({number} of {of})"
        title = cut(title, LIMITS.form_title - len(counted)) + counted
    parts: list[Json] = []
    if page.intro is not None and plain_text(page.intro).strip():
        parts.append({"type": TEXT, "content": markdown.render(page.intro)})
    parts += [_label(field) for field in page.fields]
    return {
        "custom_id": custom_id,
        "title": cut(title, LIMITS.form_title),
        "components": parts or [{"type": TEXT, "content": "Nothing to fill in. Press Submit."}],
    }


def _label(field: Field) -> Json:
    about = f"⚠ {field.problem}" if field.problem else field.about
    made: Json = {
        "type": LABEL,
        "label": cut(" ".join(field.label.split()) or field.name, LIMITS.field_label),
        "component": _component(field),
    }
    if about.strip():
        made["description"] = cut(" ".join(about.split()), DESCRIPTION)
    return made


def _component(field: Field) -> Json:
    made: Json = {"custom_id": field.name, "required": field.required}
    match field.kind:
        case Kind.MEMBER | Kind.MEMBERS:
            most = 1 if field.kind is Kind.MEMBER else min(field.most or _PEOPLE_MOST, _PEOPLE_MOST)
            return made | _picker(USERS, "user", field, max(1, most))
        case Kind.CHANNEL:
            return made | _picker(CHANNELS, "channel", field, 1) | {"channel_types": [0, 5]}
        case Kind.ROLE:
            return made | _picker(ROLES, "role", field, 1)
        case Kind.YES_NO if field.value in ("yes", "no"):
            # only what is settled already: a box that is not ticked is an answer
            return {"type": CHECKBOX, "custom_id": field.name, "default": field.value == "yes"}
        case Kind.YES_NO:
            return made | _choices(list(_YES_NO), field, [""] * len(_YES_NO))
        case _ if field.options:
            different = {option.value: option for option in field.options if option.value}
            options = list(different.values())[: LIMITS.options]
            pairs = [(option.label, option.value) for option in options]
            return made | _choices(pairs, field, [option.about for option in options])
        case _:
            return made | _typed(field)


def _picker(kind: int, what: str, field: Field, most: int) -> Json:
    made: Json = {
        "type": kind,
        "min_values": max(1, min(field.least or 1, most)) if field.required else 0,
        "max_values": most,
    }
    chosen = [value for value in _values(field) if value.isdecimal()][:most]
    if chosen:
        made["default_values"] = [{"id": value, "type": what} for value in chosen]
    return made


def _choices(pairs: list[tuple[str, str]], field: Field, abouts: Sequence[str]) -> Json:
    chosen = _values(field)[:1]
    options = []
    for (label, value), about in zip(pairs, abouts, strict=True):
        option: Json = {
            "label": cut(label.strip() or value, LIMITS.option_label),
            "value": cut(value, LIMITS.option_label),
            "default": value in chosen,
        }
        if about.strip():
            option["description"] = cut(about, LIMITS.option_label)
        options.append(option)
    if _RADIO_LEAST <= len(options) <= _RADIO_MOST:
        return {"type": RADIO, "options": options}
    return {
        "type": STRING_SELECT,
        "options": options,
        "min_values": 1 if field.required else 0,
        "max_values": 1,
    }


def _typed(field: Field) -> Json:
    long = field.kind in (Kind.LONG_TEXT, Kind.TEXTS)
    most = LIMITS.field_text
    if field.kind in (Kind.TEXT, Kind.LONG_TEXT) and field.most is not None:
        most = max(1, min(field.most, most))
    made: Json = {"type": TEXT_INPUT, "style": _LONG if long else _SHORT, "max_length": most}
    value = "\n\n".join(_values(field))
    if value:
        made["value"] = cut(value, most)
    if hint := _HINTS.get(field.kind):
        made["placeholder"] = cut(hint, _PLACEHOLDER)
    return made


def _values(field: Field) -> list[str]:
    if field.value is None:
        return []
    return list(field.value) if isinstance(field.value, tuple) else [field.value]


def filled(space: str, data: Json) -> dict[str, Raw]:
    """What a submitted modal brings, typed where Discord knows people, channels and roles."""
    resolved = data.get("resolved") or {}
    values: dict[str, Raw] = {}
    for part in data.get("components") or ():
        for component in (part.get("component"), *(part.get("components") or ())):
            if isinstance(component, dict) and "custom_id" in component:
                value = _filled(space, component, resolved)
                if value is not None:
                    values[str(component["custom_id"])] = value
    return values


def _filled(space: str, component: Json, resolved: Json) -> Raw | None:
    if "values" not in component:
        value = component.get("value")
        return value if isinstance(value, str | bool | int) else None
    chosen = [
        one(space, int(component.get("type") or 0), str(value), resolved)
        for value in component["values"] or ()
    ]
    if not chosen:
        return None
    return chosen[0] if len(chosen) == 1 else tuple(chosen)


def one(space: str, kind: int, value: str, resolved: Json) -> Raw:
    """One chosen value: a person, a channel, a role or a text."""
    match kind:
        case 5:
            user = (resolved.get("users") or {}).get(value) or {"id": value}
            told = (resolved.get("members") or {}).get(value) or {}
            return member(space, user, told.get("nick"))
        case 6:
            return role(space, (resolved.get("roles") or {}).get(value) or {"id": value})
        case 8:
            told = (resolved.get("channels") or {}).get(value) or {}
            return Channel(space, value, str(told.get("name") or ""))
        case _:
            return value


def shown(field: Field, raw: Raw | None) -> Field:
    """The field with what was filled in, for when its page is opened again."""
    if raw is None or raw == ():
        return replace(field, value=None)
    if isinstance(raw, bool):
        return replace(field, value="yes" if raw else "no")
    items = raw if isinstance(raw, tuple) else (raw,)
    texts = tuple(
        item.id if isinstance(item, Member | Channel | PlatformRole) else str(item) for item in items
    )
    return replace(field, value=texts if len(texts) > 1 else texts[0])


def given(space: str, field: Field) -> Raw | None:
    """What a field holds already, as it would come back if its page were sent as it stands."""
    chosen = tuple(_chosen(space, field.kind, value) for value in _values(field))
    if not chosen:
        return None
    return chosen[0] if len(chosen) == 1 else chosen


def _chosen(space: str, kind: Kind, value: str) -> Raw:
    if not value.isdecimal():
        return value
    match kind:
        case Kind.MEMBER | Kind.MEMBERS:
            return Member(space, value)
        case Kind.CHANNEL:
            return Channel(space, value)
        case Kind.ROLE:
            return PlatformRole(space, value)
        case _:
            return value


def problems(form: Form) -> list[Words]:
    """What can't be used yet, a line each."""
    return [f"{field.label}: {field.problem}" for field in form.fields if field.problem]
