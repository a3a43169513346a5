"""The local room: who is there, where they talk, what was said. A small chat server that knows no bot.

Every change takes effect at once and is kept by the journal; ``saved`` waits until it is on the disk.
"""

from __future__ import annotations

import json
import secrets
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bot.model.limits import Limits
from bot.model.roles import Role
from bot.model.text import clean
from bot.platforms import graphemes
from bot.platforms.local import wire
from bot.platforms.local.history import History
from bot.platforms.local.journal import Journal
from bot.platforms.local.ledger import Ledger
from bot.platforms.local.limits import LOOKS, Look
from bot.platforms.local.live import Live
from bot.platforms.local.names import Names
from bot.platforms.local.refused import Refused, not_present, not_yours, too_long, unknown
from bot.platforms.local.state import Json, Message, Person, Place, dump, load
from bot.platforms.sizes import units

ROOM_ID: Final = "shed"
BOT_ID: Final = "kith"
_REACTIONS_MOST = 20
_COLOURS = 8


class Room:
    """One community in one process. Methods raise Refused for what somebody can't do."""

    def __init__(self, journal: Journal, now: Callable[[], int]) -> None:
        self.name = ""
        self.about = ""
        self.look = Look.KITH
        self.born = secrets.token_hex(4)
        self.people: dict[str, Person] = {}
        self.places: dict[str, Place] = {}
        self.live = Live()
        self.now = now
        self.history = History(journal, self.live, self)
        self.ledger = Ledger(journal, self)
        self._journal = journal
        self._numbers: dict[str, int] = {}
        self.names = Names()

    @classmethod
    async def open(
        cls, path: Path, now: Callable[[], int], plant: Callable[[Room], None], *, fresh: bool = False
    ) -> Room:
        """The room as it was left, or a new one, ``plant`` ed with its first people and channels.

        ``now`` is community time in UTC milliseconds. Raises JournalError where the file can't be used.
        """
        if fresh:
            for suffix in ("", "-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
        journal = await Journal.open(path)
        room = cls(journal, now)
        try:
            await room._load()
            if not room.people:
                plant(room)
                await room.saved()
        except BaseException:
            await journal.close()
            raise
        return room

    async def _load(self) -> None:
        journal = self._journal
        for body in (await journal.load("room")).values():
            held = json.loads(body)
            self.name, self.about, self.born = held["name"], held["about"], held["born"]
            self.look, self._numbers = Look(held["look"]), held["numbers"]
        self.people = {key: load(Person, body) for key, body in (await journal.load("person")).items()}
        self.places = {key: load(Place, body) for key, body in (await journal.load("place")).items()}
        for person in self.people.values():
            self.names.add_person(person.name, person.id)
        for place in self.channels:
            self.names.add_channel(place.name, place.id)
        await self.history.load()
        await self.ledger.load()

    async def saved(self) -> None:
        """Returns once all changes so far are on the disk. Raises NotSaved when it took them not."""
        await self._journal.saved()

    async def close(self) -> None:
        await self._journal.close()

    @property
    def limits(self) -> Limits:
        return LOOKS[self.look]

    # The room itself

    def describe(self, name: str, about: str) -> None:
        self.name, self.about = name, about
        self._keep_room()

    def set_look(self, look: str) -> None:
        """From now on, messages are shown within this platform's limits."""
        if look not in list(Look):
            known = ", ".join(Look)
            raise Refused("bad_value", f"The room can look like one of: {known}.", field="look")
        self.look = Look(look)
        self._keep_room()
        self.live.publish("room")

    def next_number(self, kind: str) -> int:
        """Numbers that never come again, counted for each kind."""
        self._numbers[kind] = self._numbers.get(kind, 0) + 1
        self._keep_room()
        return self._numbers[kind]

    def _keep_room(self) -> None:
        held = {"name": self.name, "about": self.about, "look": self.look.value, "born": self.born}
        self._journal.put("room", ROOM_ID, json.dumps(held | {"numbers": self._numbers}))

    # Who is there

    def seat(self, ident: str) -> Person:
        """The person whose seat it is, present or not."""
        person = self.people.get(ident)
        if person is None:
            raise unknown("person", "GET /api/people lists those there are.")
        if person.bot:
            raise Refused("not_allowed", "The bot's own seat can't be taken. Choose a person's.")
        return person

    def acting(self, ident: str) -> Person:
        person = self.seat(ident)
        if not person.present:
            raise not_present()
        return person

    @property
    def present(self) -> list[Person]:
        return [person for person in self.people.values() if person.present]

    @property
    def count(self) -> int:
        """How many people are here, bots not counted."""
        return sum(not person.bot for person in self.present)

    def join(self, name: str) -> Person:
        """A new person comes in."""
        name = self.names.free(name)
        person = self.add_person(f"u{self.next_number('person')}", name)
        self._come_in(person)
        return person

    def add_person(self, ident: str, name: str, roles: tuple[Role, ...] = (), *, bot: bool = False) -> Person:
        """A seat that nobody has taken yet."""
        person = Person(ident, name, len(self.people) % _COLOURS, [role.value for role in roles], bot)
        self.people[ident] = person
        self.names.add_person(name, ident)
        self.keep_person(person)
        return person

    def keep_person(self, person: Person) -> None:
        self._journal.put("person", person.id, dump(person))
        self.live.publish("member", person.id)

    def leave(self, seat: str) -> Person:
        person = self.acting(seat)
        person.left_at = self.now()
        self.keep_person(person)
        self._note("left", person)
        self.ledger.happen("left", seat)
        return person

    def come_back(self, seat: str) -> Person:
        """Who had left, or had not come yet, comes in."""
        person = self.seat(seat)
        if person.present:
            raise Refused("already_here", f"{person.name} is in the room already.")
        self._come_in(person)
        return person

    def _come_in(self, person: Person) -> None:
        person.joined_at, person.left_at = self.now(), None
        self.keep_person(person)
        self._note("joined", person)
        self.ledger.happen("joined", person.id, joined_at=person.joined_at, count=self.count)

    def _note(self, kind: str, person: Person) -> None:
        hall = self.default_place
        if hall is not None:
            self.history.add(hall.id, person.id, kind=kind, text=[])

    # Places

    @property
    def channels(self) -> list[Place]:
        return [place for place in self.places.values() if not place.pair]

    @property
    def default_place(self) -> Place | None:
        """Where newcomers arrive."""
        return next(iter(self.channels), None)

    def add_place(self, name: str = "", about: str = "", pair: tuple[str, str] | None = None) -> Place:
        ident = f"{'d' if pair else 'c'}{self.next_number('place')}"
        place = Place(ident, name, about, list(pair or ()))
        self.places[ident] = place
        if pair is None:
            self.names.add_channel(name, ident)
        self._journal.put("place", ident, dump(place))
        self.live.publish("channel", ident, seats=frozenset(pair) if pair else None)
        return place

    def place_for(self, seat: str, ident: str) -> Place:
        place = self.places.get(ident)
        if place is None:
            raise unknown("channel", "GET /api/room lists those there are.")
        if not place.admits(seat):
            raise not_yours("conversation")
        return place

    def direct(self, one: str, other: str) -> Place:
        """The direct conversation of two people, begun now if there was none."""
        pair = {one, other}
        found = next((place for place in self.places.values() if set(place.pair) == pair), None)
        return found or self.add_place(pair=(one, other))

    def open_direct(self, seat: str, other: str) -> Place:
        self.acting(seat)
        if other not in self.people:
            raise unknown("person", "GET /api/people lists those there are.")
        if other == seat:
            raise Refused("bad_value", "Choose somebody else to talk to.", field="with")
        return self.direct(seat, other)

    def dialog_changed(self, seat: str) -> None:
        self.live.publish("dialog", seat, seats=frozenset({seat}))

    # What is said

    def say(
        self, seat: str, place: str, text: str, thread: str | None = None, reply_to: str | None = None
    ) -> Message:
        """A person's words. The bot is told of them by ``tell``."""
        self.acting(seat)
        where = self.place_for(seat, place)
        text = self.words(text)
        root = self.root(seat, where, thread)
        if reply_to is not None:
            self._message_in(seat, where, reply_to)
        raw = self.names.resolve(text)
        spans = wire.own_words(raw, self.name_of)
        return self.history.add(
            where.id, seat, text=spans, raw=raw, thread=root, reply_to=reply_to, pings=self._named(spans)
        )

    def words(self, text: str) -> str:
        """People's words, cleaned. Raises Refused when nothing is left, or too much."""
        limit = self.limits.text
        if units(text) > limit:
            raise too_long("The message", units(text), limit)
        text = clean(text).strip()
        if not text:
            raise Refused("empty", "There is nothing to send. Write a word or two first.", field="text")
        return text

    def tell(self, message: Message) -> None:
        """Lets the bot know of a message, where it is one of those that it may read."""
        if self.heard(message):
            self.ledger.happen(
                "said",
                message.author,
                **message.ref,
                reply_to=message.reply_to,
                text=message.raw,
            )

    def heard(self, message: Message) -> bool:
        """Whether the bot can read it: not what two people say to each other."""
        place = self.places[message.place]
        return message.kind == "message" and place.admits(BOT_ID)

    def _named(self, spans: list[Json]) -> list[str]:
        return list(dict.fromkeys(span["id"] for span in spans if span["t"] == "member"))

    def root(self, seat: str, place: Place, thread: str | None) -> str | None:
        """The id of the first message of the thread that a message stands in or begins."""
        if thread is None:
            return None
        message = self._message_in(seat, place, thread)
        return message.thread or message.id

    def _message_in(self, seat: str, place: Place, ident: str) -> Message:
        message = self.message_for(seat, ident)
        if message.place != place.id:
            raise unknown("message", "It stands in another conversation.")
        if message.only_for is not None or message.kind in ("joined", "left"):
            raise Refused("not_allowed", "There are no replies to this kind of message.")
        return message

    def message_for(self, seat: str, ident: str) -> Message:
        """A message that this seat may see."""
        message = self.history.messages.get(ident)
        if message is None:
            raise unknown("message", "It may have been deleted, or be older than the room keeps.")
        if not self.sees(seat, message):
            raise not_yours("message")
        return message

    def sees(self, seat: str, message: Message) -> bool:
        return self.places[message.place].admits(seat) and message.only_for in (None, seat)

    def audience(self, message: Message) -> frozenset[str] | None:
        """Who may see a message; None for everybody."""
        if message.only_for is not None:
            return frozenset({message.only_for})
        pair = self.places[message.place].pair
        return frozenset(pair) if pair else None

    def may_delete(self, seat: str, message: Message) -> bool:
        if message.kind != "message" or message.only_for is not None:
            return False
        moderates = {Role.ADMIN.value, Role.MODERATOR.value} & set(self.people[seat].roles)
        return message.author == seat or (bool(moderates) and not self.places[message.place].pair)

    def delete(self, seat: str, ident: str) -> None:
        self.acting(seat)
        message = self.message_for(seat, ident)
        if not self.may_delete(seat, message):
            raise Refused("not_allowed", "Only its author and moderators can delete this message.")
        if self.heard(message):
            self.ledger.happen("removed", seat, **message.ref)
        self.history.remove(message)

    def dismiss(self, seat: str, ident: str) -> None:
        """Puts a private answer away."""
        message = self.message_for(seat, ident)
        if message.only_for != seat:
            raise Refused("not_allowed", "Only private answers can be put away.")
        self.history.remove(message)

    def react(self, seat: str, ident: str, emoji: str) -> None:
        message = self._reactable(seat, ident, emoji)
        by = message.reactions.setdefault(emoji, [])
        if seat not in by:
            by.append(seat)
            self._told_reaction("reacted", seat, message, emoji)

    def unreact(self, seat: str, ident: str, emoji: str) -> None:
        message = self._reactable(seat, ident, emoji)
        if seat in message.reactions.get(emoji, []):
            message.reactions[emoji].remove(seat)
            if not message.reactions[emoji]:
                del message.reactions[emoji]
            self._told_reaction("unreacted", seat, message, emoji)

    def _told_reaction(self, kind: str, seat: str, message: Message, emoji: str) -> None:
        self.history.changed(message)
        if self.heard(message):
            self.ledger.happen(kind, seat, **message.ref, emoji=emoji)

    def _reactable(self, seat: str, ident: str, emoji: str) -> Message:
        self.acting(seat)
        message = self.message_for(seat, ident)
        if message.only_for is not None or message.kind != "message":
            raise Refused("not_allowed", "There are no reactions to this kind of message.")
        if not is_emoji(emoji):
            raise Refused("bad_value", "A reaction is one emoji, like 👍.", field="emoji")
        if emoji not in message.reactions and len(message.reactions) >= _REACTIONS_MOST:
            raise Refused("bad_value", "This message has all the reactions it can hold.", field="emoji")
        return message

    # Names

    def name_of(self, sign: str, ident: str) -> str | None:
        if sign == "@":
            person = self.people.get(ident)
            return None if person is None else person.name
        place = self.places.get(ident)
        return None if place is None or place.pair else place.name


def is_emoji(text: str) -> bool:
    """One character as readers see it, and a picture rather than a letter."""
    return (
        0 < len(text) <= 32
        and graphemes.first(text, 1) == text
        and any(unicodedata.category(char) == "So" or char == "\u20e3" for char in text)
    )
