"""What stands in the room, as scripts of say and hear look at it."""

from __future__ import annotations

from bot.platforms.local.room import Room
from bot.platforms.local.state import Json, Message
from bot.platforms.local.views import texts
from bot.testing.heard import Heard


def shown(room: Room, one: Message) -> Heard:
    """A message of the bot as it stands."""
    return Heard(
        id=one.id,
        place=one.place,
        text=words_of(one),
        labels=tuple(plain(control["label"]) for control in controls(one.card)),
        pings=tuple(room.people[ident].name for ident in one.pings if ident in room.people),
        private=one.only_for is not None or bool(room.places[one.place].pair),
        edited=one.edited_at is not None,
        thread=one.thread or "",
    )


def words_of(message: Message) -> str:
    """A message as plain words: names without @, a line break between the parts of a card."""
    if message.card is None:
        return message.raw or plain(message.text)
    return "\n".join(filter(None, map(plain, texts(message.card))))


def plain(spans: list[Json] | None) -> str:
    return "".join(
        ("#" if span["t"] == "channel" else "")
        + str(span.get("text") or span.get("label") or span.get("name") or "")
        for span in spans or ()
    )


def controls(card: Json | None) -> list[Json]:
    if card is None:
        return []
    beside = [section["control"] for section in card["sections"] if section["control"]]
    return [*beside, *card["controls"]]
