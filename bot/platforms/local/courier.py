"""Brings into the room what leaves the host: fitted, rendered, each intent once."""

from __future__ import annotations

from dataclasses import dataclass

from bot.model.content import Choice
from bot.model.ids import MessageRef
from bot.model.outgoing import Answer, Delete, Destination, Direct, Edit, InChannel, Outgoing, Post, React
from bot.platforms.base import Gone
from bot.platforms.fit import fit
from bot.platforms.local import wire
from bot.platforms.local.limits import MEASURES
from bot.platforms.local.room import BOT_ID, Room
from bot.platforms.local.state import Delivered, Json, Message
from bot.platforms.local.translate import Translator


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where a message of the bot goes."""

    place: str
    thread: str | None = None
    only_for: str | None = None


class Courier:
    def __init__(self, room: Room, translator: Translator) -> None:
        self._room = room
        self._space = translator.space.key
        self._translator = translator

    def carry(self, out: Outgoing) -> MessageRef | None:
        """Does it, unless its key was seen before, and tells where it stands. Raises Gone."""
        known = self._room.ledger.receipt(out.key)
        if known is None:
            known = self._do(out)
        return self.ref(known)

    def ref(self, delivered: Delivered) -> MessageRef | None:
        if delivered.message is None:
            return None
        channel = self._translator.channel(delivered.place)
        return MessageRef(channel, delivered.message, delivered.thread)

    def _do(self, out: Outgoing) -> Delivered:
        if out.to.space != self._space:
            raise Gone(f"unknown_space: {out.to.space} is not this room")
        match out:
            case Post():
                return self._post(out)
            case Edit():
                return self._edit(out)
            case Delete():
                return self._delete(out)
            case React():
                return self._react(out)

    def _post(self, out: Post) -> Delivered:
        room = self._room
        parts = fit(out, room.limits, MEASURES[room.look])
        spot = self._spot(parts[0].to)
        receipts = []
        for part in parts:
            done = room.ledger.receipt(part.key)
            if done is None:
                assert isinstance(part, Post)
                message = room.history.add(
                    spot.place,
                    BOT_ID,
                    rendered=wire.render(part.content, room.name_of),
                    thread=spot.thread,
                    only_for=spot.only_for,
                    reply_to=part.reply_to if part.reply_to in room.history.messages else None,
                    pings=[member.id for member in part.pings if member.space == self._space],
                    choices=list(map(_choice, part.choices)),
                )
                done = room.ledger.deliver(part.key, spot.place, message.id, spot.thread)
            receipts.append(done)
        return receipts[0]

    def _edit(self, out: Edit) -> Delivered:
        room = self._room
        message = self._own(out)
        if message is None:
            raise Gone("unknown_message: it was deleted, or is older than the room keeps")
        (fitted,) = fit(out, room.limits, MEASURES[room.look])
        rendered = wire.render(fitted.content, room.name_of)
        room.history.rewrite(message, rendered, list(map(_choice, fitted.choices)))
        self._drop_rest(out.of)
        return room.ledger.deliver(out.key, message.place, message.id, message.thread)

    def _delete(self, out: Delete) -> Delivered:
        message = self._own(out)
        if message is not None:
            self._room.history.remove(message)
        self._drop_rest(out.of)
        return self._room.ledger.deliver(out.key, "" if message is None else message.place)

    def _drop_rest(self, key: str) -> None:
        """Takes away the further posts that a long one was continued in."""
        ledger, history = self._room.ledger, self._room.history
        number = 2
        while (part := ledger.receipt(f"{key}/{number}")) is not None:
            message = history.messages.get(part.message or "")
            if message is not None:
                history.remove(message)
            number += 1

    def _react(self, out: React) -> Delivered:
        room = self._room
        message = room.history.messages.get(out.target.id)
        if message is None:
            raise Gone("unknown_message: it was deleted, or is older than the room keeps")
        if not room.heard(message) or message.only_for is not None:
            raise Gone("not_allowed: there are no reactions to this message")
        by = message.reactions.setdefault(out.emoji, [])
        if BOT_ID not in by:
            by.append(BOT_ID)
            room.history.changed(message)
        return room.ledger.deliver(out.key, message.place, message.id, message.thread)

    def _own(self, out: Edit | Delete) -> Message | None:
        """The bot's message that is meant, while it is there."""
        first = self._room.ledger.receipt(out.of)
        ident = out.target.id if out.target is not None else None if first is None else first.message
        message = self._room.history.messages.get(ident or "")
        if message is not None and message.author != BOT_ID:
            raise Gone("not_allowed: it is somebody else's message")
        return message if message is not None and message.kind == "message" else None

    def _spot(self, to: Destination) -> _Spot:
        match to:
            case InChannel(channel=channel, thread=thread):
                return self._in_channel(channel.id, thread)
            case Direct(member=member):
                return self._direct(member.id)
            case Answer(token=token, member=member):
                interaction = self._room.ledger.interaction(token)
                if interaction is None or interaction.who != member.id:
                    return self._direct(member.id)
                return _Spot(interaction.place, interaction.thread, member.id)

    def _in_channel(self, place: str, thread: str | None) -> _Spot:
        where = self._room.places.get(place)
        if where is None or not where.admits(BOT_ID):
            raise Gone(f"unknown_channel: there is no channel {place}")
        if thread is None:
            return _Spot(place)
        root = self._room.history.messages.get(thread)
        if root is None or root.place != place or root.only_for is not None:
            raise Gone(f"unknown_thread: there is no thread {thread}")
        return _Spot(place, root.thread or root.id)

    def _direct(self, ident: str) -> _Spot:
        person = self._room.people.get(ident)
        if person is None or person.bot:
            raise Gone(f"unknown_member: there is nobody called {ident}")
        if not person.present:
            raise Gone("left: this person has left")
        return _Spot(self._room.direct(BOT_ID, ident).id)


def _choice(choice: Choice) -> Json:
    return {
        "number": choice.number,
        "action": choice.action,
        "chosen": list(choice.chosen),
        "most": choice.most,
    }
