"""Forms as the room shows them: pages, what was filled in, and what a platform itself checks."""

from __future__ import annotations

from typing import Any

from bot.model.content import Form, Kind
from bot.model.text import clean
from bot.platforms.fit import fit_form
from bot.platforms.local import wire
from bot.platforms.local.limits import MEASURES
from bot.platforms.local.room import Room
from bot.platforms.local.state import Dialog, Json
from bot.platforms.local.translate import ROLE_NAMES

_TEXTS = frozenset(
    {Kind.TEXT, Kind.LONG_TEXT, Kind.DATE, Kind.MOMENT, Kind.SCHEDULE, Kind.ZONE, Kind.REF, Kind.INTEGER}
)
_LONGEST = 10_000


class Mistake(ValueError):
    """A value that can't be sent; the message says what would work."""


def pages(room: Room, form: Form) -> list[Json]:
    """The form as the pages that are shown one after another."""
    fitted = fit_form(form, room.limits, MEASURES[room.look])
    last = len(fitted) - 1
    return [wire.page(one, room.name_of, last=number == last) for number, one in enumerate(fitted)]


def take(room: Room, dialog: Dialog, values: Json) -> bool:
    """Takes the values of the page that is shown; False when one can't be used, and says so at its field."""
    fine = True
    for field in dialog.pages[dialog.page]["fields"]:
        given = values.get(field["name"])
        field["problem"] = None
        try:
            value = read(room, field, given)
        except Mistake as mistake:
            field["problem"] = str(mistake)
            fine = False
            value = given if _is_plain(given) else None
        dialog.values[field["name"]] = value
    return fine


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | bool | int) or (
        isinstance(value, list) and all(isinstance(item, str) for item in value)
    )


def read(room: Room, field: Json, given: Any) -> Any:
    """A field's value as it is handed on, None for nothing. Raises Mistake."""
    kind = Kind(field["kind"])
    if given is None or given in ("", []) or (isinstance(given, str) and not given.strip()):
        if field["required"] and kind is not Kind.YES_NO:
            raise Mistake("Please fill this in.")
        return False if kind is Kind.YES_NO else None
    if kind is Kind.YES_NO:
        if not isinstance(given, bool):
            raise Mistake("Yes or no?")
        return given
    if kind in _TEXTS:
        return _text(field, given)
    if kind is Kind.TEXTS and isinstance(given, str):
        return _text(field | {"most": None}, given)
    several = isinstance(given, list) and all(isinstance(item, str) for item in given)
    if not several and not isinstance(given, str):
        raise Mistake("Choose one of those that are offered.")
    items = [clean(item) for item in (given if several else [given])]
    if kind is Kind.TEXTS:
        return [_text(field, item) for item in items]
    known = _known(room, kind, field)
    if not set(items) <= known:
        raise Mistake("Choose one of those that are offered.")
    many = kind is Kind.MEMBERS or (kind is Kind.CHOICE and (field["most"] or 1) > 1)
    if not many and len(items) > 1:
        raise Mistake("Choose one of them.")
    if many and field["most"] is not None and len(items) > field["most"]:
        raise Mistake(f"Choose at most {field['most']}.")
    return items if many else items[0]


def _text(field: Json, given: Any) -> str:
    if isinstance(given, bool | list) or not isinstance(given, str | int):
        raise Mistake("Words, please.")
    text = clean(str(given))
    bounded = field["kind"] != Kind.INTEGER and field["most"] is not None
    most = min(field["most"], _LONGEST) if bounded else _LONGEST
    if len(text) > most:
        raise Mistake(f"That is {len(text):,} characters. Please keep it to {most:,}.")
    return text


def _known(room: Room, kind: Kind, field: Json) -> set[str]:
    match kind:
        case Kind.MEMBER | Kind.MEMBERS:
            return {person.id for person in room.people.values()}
        case Kind.CHANNEL:
            return {place.id for place in room.channels}
        case Kind.ROLE:
            return {role.value for role in ROLE_NAMES}
        case _:
            return {option["value"] for option in field["options"]}


def sent(dialog: Dialog) -> dict[str, tuple[str, Any]]:
    """All values with the kinds of their fields, as they are handed on."""
    kinds = {field["name"]: field["kind"] for page in dialog.pages for field in page["fields"]}
    return {
        name: (kinds[name], value)
        for name, value in dialog.values.items()
        if name in kinds and value is not None
    }


def as_role(text: str) -> str:
    """A role by its id or name, as people write it."""
    wanted = text.strip().casefold()
    for role, name in ROLE_NAMES.items():
        if wanted in (role.value, name.casefold()):
            return role.value
    raise Mistake(f"One of: {', '.join(ROLE_NAMES.values())}.")


def first_problem(dialog: Dialog) -> int:
    """The page to begin with: the first with something to correct, else the first of all."""
    wrong = (n for n, page in enumerate(dialog.pages) if any(field["problem"] for field in page["fields"]))
    return next(wrong, 0)
