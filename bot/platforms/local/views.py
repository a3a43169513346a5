"""What one seat gets to see of the room, as JSON. Whatever is private to others never enters here."""

from __future__ import annotations

from bot.platforms import graphemes
from bot.platforms.local.limits import Look
from bot.platforms.local.live import Change
from bot.platforms.local.room import BOT_ID, ROOM_ID, Room
from bot.platforms.local.state import Dialog, Json, Message, Person, Place

SHOWN = 100
"""Messages of each conversation in a snapshot, and in one page of older ones."""

_ABILITIES = (
    "cards",
    "buttons",
    "selects",
    "forms",
    "images",
    "private_answers",
    "threads",
    "reactions",
    "person_menus",
)


def room_info(room: Room) -> Json:
    limits = room.limits
    return {
        "id": ROOM_ID,
        "name": room.name,
        "about": room.about,
        "bot": BOT_ID,
        "look": room.look.value,
        "looks": [look.value for look in Look],
        "limits": {"text": limits.text, **{name: getattr(limits, name) for name in _ABILITIES}},
    }


def member(person: Person) -> Json:
    return {
        "id": person.id,
        "name": person.name,
        "initials": _initials(person.name),
        "colour": person.colour,
        "roles": list(person.roles),
        "bot": person.bot,
        "present": person.present,
        "joined_at": person.joined_at,
    }


def _initials(name: str) -> str:
    parts = name.split()
    chosen = [parts[0], parts[-1]] if len(parts) > 1 else parts
    return "".join(graphemes.first(part, 1) for part in chosen).upper()


def channel(room: Room, place: Place, seat: str) -> Json:
    return {
        "id": place.id,
        "kind": "direct" if place.pair else "channel",
        "name": None if place.pair else place.name,
        "about": None if place.pair else place.about,
        "with": place.other(seat),
        "more": len(_visible(room, place.id, seat)) > SHOWN,
    }


def message(room: Room, one: Message, seat: str) -> Json:
    replies = [reply for reply in room.history.replies(one.id) if room.sees(seat, reply)]
    return {
        "id": one.id,
        "channel": one.place,
        "thread": one.thread,
        "kind": one.kind,
        "author": one.author,
        "at": one.at,
        "edited_at": one.edited_at,
        "only_for": one.only_for,
        "reply_to": one.reply_to,
        "pings": one.pings,
        "text": one.text,
        "card": one.card,
        "reactions": [{"emoji": emoji, "by": by} for emoji, by in one.reactions.items()],
        "replies": len(replies),
        "last_reply_at": replies[-1].at if replies else None,
        "deletable": room.may_delete(seat, one),
    }


def dialog(held: Dialog | None) -> Json | None:
    """The page of a form that is shown now, with what was filled in; None where it is asked in words."""
    if held is None or held.asked:
        return None
    page = held.pages[held.page]
    fields = [{**field, "value": held.values.get(field["name"], field["value"])} for field in page["fields"]]
    return {**page, "id": held.id, "page": held.page + 1, "pages": len(held.pages), "fields": fields}


def snapshot(room: Room, seat: str) -> Json:
    places = [place for place in room.places.values() if place.admits(seat)]
    shown = [one for place in places for one in _visible(room, place.id, seat)[-SHOWN:]]
    return {
        "cursor": room.live.cursor,
        "you": seat,
        "room": room_info(room),
        "members": people(room),
        "channels": [channel(room, place, seat) for place in places],
        "messages": [message(room, one, seat) for one in sorted(shown, key=lambda one: one.number)],
        "dialog": dialog(room.ledger.dialog(seat)),
    }


def people(room: Room) -> list[Json]:
    return [member(person) for person in room.people.values()]


def older(room: Room, seat: str, place: str, before: str) -> Json:
    """A page of what was said before a message."""
    room.place_for(seat, place)
    number = room.message_for(seat, before).number
    found = [one for one in _visible(room, place, seat) if one.number < number]
    return {
        "messages": [message(room, one, seat) for one in found[-SHOWN:]],
        "more": len(found) > SHOWN,
    }


def thread(room: Room, seat: str, root: str) -> Json:
    """A whole thread, its first message included."""
    first = room.message_for(seat, root)
    replies = [reply for reply in room.history.replies(first.id) if room.sees(seat, reply)]
    return {"messages": [message(room, one, seat) for one in (first, *replies)], "more": False}


def _visible(room: Room, place: str, seat: str) -> list[Message]:
    return [one for one in room.history.in_place(place) if room.sees(seat, one)]


def frame(room: Room, change: Change, seat: str) -> Json | None:
    """A change as this seat is told of it; None where there is nothing (any more) to tell it."""
    if not change.concerns(seat):
        return None
    told: Json = {"type": change.kind, "cursor": room.live.cursor_at(change.number), **change.frame}
    match change.kind:
        case "message":
            one = room.history.messages.get(change.id)
            if one is None:
                return None
            told["message"] = message(room, one, seat)
        case "member":
            told["member"] = member(room.people[change.id])
        case "channel":
            told["channel"] = channel(room, room.places[change.id], seat)
        case "room":
            told["room"] = room_info(room)
        case "dialog":
            told["dialog"] = dialog(room.ledger.dialog(seat))
    return told


def words(one: Message) -> str:
    """A message as plain words."""
    if one.card is None:
        return one.raw or _joined(one.text)
    return "\n".join(filter(None, map(_joined, texts(one.card))))


def texts(card: Json) -> list[list[Json]]:
    """The texts of a card, in the order of reading."""
    parts = [card["title"], card["body"]]
    for section in card["sections"]:
        parts += [section["heading"], section["text"]]
    return [part for part in (*parts, card["footer"]) if part is not None]


def _joined(spans: list[Json] | None) -> str:
    return "".join(
        {"member": "@", "channel": "#"}.get(span["t"], "") + _span_words(span) for span in spans or ()
    )


def _span_words(span: Json) -> str:
    return str(span.get("text") or span.get("label") or span.get("name") or "")
