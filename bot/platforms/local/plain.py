"""The room as plain text: a number chooses, and a form is asked one question after the other."""

from __future__ import annotations

import re
from typing import Any

from bot.model.content import Kind
from bot.model.text import T, Words
from bot.platforms.local import forms, wire
from bot.platforms.local.names import fold, pieces
from bot.platforms.local.room import BOT_ID, Room
from bot.platforms.local.state import Dialog, Json, Message

_NUMBERS = re.compile(r"\d{1,3}(?:[\s,]+\d{1,3})*")
_CANCEL = frozenset({"cancel", "stop"})
_SKIP = frozenset({"skip", "-"})
_KEEP = frozenset({"keep", "same"})
_YES = frozenset({"yes", "y"})
_NO = frozenset({"no", "n"})
_SIGNS = {Kind.MEMBER: "@", Kind.MEMBERS: "@", Kind.CHANNEL: "#"}


def chosen(room: Room, message: Message) -> tuple[Message, list[Json]] | None:
    """The message whose numbered lines this one chooses from, and the lines; None where it is just words.

    In a channel it must answer that message; in a conversation with the bot the newest choices are meant.
    """
    if not _NUMBERS.fullmatch(message.raw):
        return None
    asking = _asking(room, message)
    if asking is None:
        return None
    numbers = dict.fromkeys(int(number) for number in re.findall(r"\d+", message.raw))
    lines = [line for line in asking.choices if line["number"] in numbers]
    if len(lines) < len(numbers) or len({line["action"] for line in lines}) != 1:
        return None
    return (asking, lines) if len(lines) <= lines[0]["most"] else None


def _asking(room: Room, message: Message) -> Message | None:
    for ident in (message.reply_to, message.thread):
        answered = room.history.messages.get(ident or "")
        if answered is not None and answered.choices:
            return answered
    if not room.places[message.place].pair:
        return None
    return next((one for one in reversed(room.history.in_place(message.place)) if one.choices), None)


def begin(room: Room, dialog: Dialog, title: Words) -> None:
    """Starts asking. Where something needs correcting, only that is asked again."""
    for page in dialog.pages:
        for field in page["fields"]:
            dialog.values[field["name"]] = field["value"]
    wrong = [page for page in dialog.pages if any(field["problem"] for field in page["fields"])]
    intro = dialog.pages[0]["intro"]
    rest = [page for page in dialog.pages if page not in wrong]
    dialog.pages = [*rest, *wrong]
    dialog.page = len(rest) if wrong else 0
    room.ledger.keep_dialog(dialog)
    if not wrong:
        _say(room, dialog, wire.words(T("**{title}**", title=title), room.name_of))
        if intro:
            _say(room, dialog, intro)
    _ask(room, dialog)


def answer(room: Room, dialog: Dialog, message: Message) -> bool:
    """Takes an answer; True once the last question is answered."""
    field = _field(dialog)
    word = message.raw.strip().casefold()
    if word in _CANCEL:
        room.ledger.close_dialog(dialog.who)
        _tell(room, dialog, "All right, nothing was sent.")
        return False
    if word not in _KEEP or field["value"] is None:
        skipped = word in _SKIP and not field["required"]
        given = None if skipped else _value(room, field, message.raw)
        if not forms.take(room, dialog, {field["name"]: given}):
            room.ledger.keep_dialog(dialog)
            _ask(room, dialog)
            return False
    dialog.page += 1
    if dialog.page < len(dialog.pages):
        room.ledger.keep_dialog(dialog)
        _ask(room, dialog)
        return False
    return True


def _field(dialog: Dialog) -> Json:
    field: Json = dialog.pages[dialog.page]["fields"][0]
    return field


def _value(room: Room, field: Json, raw: str) -> Any:
    """What was written, as the value that a form would have sent; what can't be read stays as it is."""
    kind = Kind(field["kind"])
    parts = [part.strip() for part in raw.split(",") if part.strip()]
    match kind:
        case Kind.MEMBER | Kind.MEMBERS:
            named = [piece.text for piece in pieces(raw) if piece.sign == "@"]
            found = named or [room.names.people.get(fold(part), part) for part in parts]
            return found if kind is Kind.MEMBERS or len(found) > 1 else "".join(found)
        case Kind.CHANNEL:
            named = [piece.text for piece in pieces(raw) if piece.sign == "#"]
            return named[0] if named else room.names.channels.get(fold(raw.strip()), raw)
        case Kind.ROLE:
            try:
                return forms.as_role(raw)
            except forms.Mistake:
                return raw
        case Kind.YES_NO:
            word = raw.strip().casefold()
            return True if word in _YES else False if word in _NO else raw
        case Kind.CHOICE:
            picked = [_option(field["options"], part) for part in parts]
            return picked if len(picked) > 1 else "".join(picked)
        case _:
            return raw


def _option(options: list[Json], part: str) -> str:
    if part.isdecimal() and 0 < int(part) <= len(options):
        return str(options[int(part) - 1]["value"])
    named = (one["value"] for one in options if fold(part) in (fold(one["label"]), fold(one["value"])))
    return str(next(named, part))


def _ask(room: Room, dialog: Dialog) -> None:
    field = _field(dialog)
    label, about = field["label"], field["about"]
    between = " " if label.endswith((".", "?", "!", ":")) else ": "
    lines = [f"{label}{between}{about}" if about else label]
    lines += [f"{number}. {one['label']}" for number, one in enumerate(field["options"], 1)]
    if field["kind"] == Kind.YES_NO:
        lines.append("Yes or no?")
    ways = ["“cancel” stops"]
    if not field["required"]:
        ways.insert(0, "“skip” leaves it out")
    if field["value"] is not None:
        lines.append(f"Now: {_shown(room, field['value'], Kind(field['kind']))}")
        ways.insert(0, "“keep” leaves it as it is")
    if field["problem"]:
        lines.insert(0, field["problem"])
    _tell(room, dialog, "\n".join(lines) + f"\n({'; '.join(ways)})")


def _shown(room: Room, value: Any, kind: Kind) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    items = [str(item) for item in (value if isinstance(value, list) else [value])]
    sign = _SIGNS.get(kind)
    if sign is not None:
        items = [f"{sign}{name}" if (name := room.name_of(sign, item)) else item for item in items]
    return ("\n\n" if kind is Kind.TEXTS else ", ").join(items)


def _tell(room: Room, dialog: Dialog, words: str) -> None:
    _say(room, dialog, wire.words(words, room.name_of))


def _say(room: Room, dialog: Dialog, text: list[Json]) -> None:
    room.history.add(room.direct(BOT_ID, dialog.who).id, BOT_ID, text=text)


def expects(room: Room, message: Message) -> Dialog | None:
    """The questions that this message answers, if it answers any."""
    dialog = room.ledger.dialog(message.author)
    if dialog is None or not dialog.asked or BOT_ID not in room.places[message.place].pair:
        return None
    return dialog
