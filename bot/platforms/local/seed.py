"""The first people of a new room: a small community that has been going on for a while."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.model.roles import Role
from bot.platforms.local import wire
from bot.platforms.local.room import BOT_ID, Room

_MINUTE = 60_000
_DAY = 24 * 60 * _MINUTE

_PEOPLE: tuple[tuple[str, str, tuple[Role, ...], int], ...] = (
    ("u1", "Amara", (Role.ADMIN,), 400),
    ("u2", "Jo", (Role.MODERATOR,), 380),
    ("u3", "Mina", (Role.CURATOR,), 300),
    ("u4", "田中 健", (), 210),
    ("u5", "ليلى", (Role.ORGANISER,), 120),
    ("u6", "Søren", (), 60),
    ("u7", "Priya", (), 9),
)
"""Id, name, roles, and how many days ago they came."""

_NEWCOMER = ("u8", "Robin")

_CHANNELS = (
    ("hello", "Come in, say hello. Nobody has to introduce themselves."),
    ("general", "Anything goes, kindly."),
    ("workshop", "What we are making, mending and stuck on."),
    ("garden", "The strip behind the shed, and what grows in it."),
    ("wall", "Thanks gather here."),
)


@dataclass(frozen=True, slots=True)
class _Said:
    """``ago`` in days and minutes; ``reactions`` by whom; a thread is begun, and answered, under a name."""

    channel: str
    ago: tuple[int, int]
    who: str
    words: str
    begins: str | None = None
    answers: str | None = None
    reactions: Mapping[str, str] = field(default_factory=dict)


_TALK = (
    _Said(
        "hello",
        (3, 130),
        "u7",
        "Hi all. I found this place because of a broken bicycle.",
        reactions={"👋": "u2 u3 u6"},
    ),
    _Said("hello", (3, 121), "u2", "The best reason. Welcome @Priya! The truing stand is the blue one."),
    _Said(
        "hello", (3, 90), "u4", "ようこそ！ Tea is in the tin that says “screws”.", reactions={"😄": "u7 u1"}
    ),
    _Said(
        "general",
        (2, 340),
        "u1",
        "The shed is open on Saturday from ten. Bring something that rattles.",
        begins="sat",
        reactions={"🔧": "u2 u6", "👍": "u3 u4 u5"},
    ),
    _Said(
        "general", (2, 332), "u6", "Does a rattling radiator count?", answers="sat", reactions={"😄": "u1"}
    ),
    _Said(
        "general", (2, 330), "u1", "If you can carry it, it counts.", answers="sat", reactions={"💪": "u6 u7"}
    ),
    _Said(
        "general",
        (2, 301),
        "u5",
        "سأحضر القهوة — I'll bring the coffee.",
        answers="sat",
        reactions={"☕": "u1 u2 u4"},
    ),
    _Said(
        "general",
        (1, 260),
        "u3",
        "The library got us a proper copy of “Repair Is Possible”. It lives on the shelf by the window now.",
        reactions={"📚": "u4 u7"},
    ),
    _Said(
        "workshop",
        (2, 55),
        "u6",
        "The lathe hums at about 900 rpm and nowhere else. Any idea what to look at first?",
        begins="lathe",
    ),
    _Said(
        "workshop",
        (2, 41),
        "u2",
        "Belt tension, before anything else. Press it with a thumb: a centimetre, no more.",
        answers="lathe",
        reactions={"🙏": "u6"},
    ),
    _Said(
        "workshop",
        (2, 20),
        "u4",
        "And look at the motor mount. Mine had one loose bolt of four.",
        answers="lathe",
    ),
    _Said(
        "workshop",
        (1, 505),
        "u6",
        "It was the bolt. It was always the bolt.",
        answers="lathe",
        reactions={"🔩": "u2 u4 u1", "🎉": "u3"},
    ),
    _Said(
        "workshop",
        (1, 130),
        "u7",
        "I sanded the bench top before oiling it, and it drinks oil like mad. Is that fine?",
        begins="bench",
    ),
    _Said(
        "workshop",
        (1, 104),
        "u3",
        "Quite fine. Let it rest a day, then a second thin coat. There's a note in the blue folder.",
        answers="bench",
        reactions={"💚": "u7"},
    ),
    _Said(
        "workshop",
        (0, 190),
        "u7",
        "Second coat is on. It looks like a different bench.",
        answers="bench",
        reactions={"✨": "u3 u5"},
    ),
    _Said(
        "garden",
        (1, 700),
        "u5",
        "First beans are up! Eleven of twelve. The twelfth is thinking about it.",
        reactions={"🌱": "u1 u3 u4 u6"},
    ),
    _Said(
        "garden",
        (0, 600),
        "u4",
        "The rain barrel is full again, please take from it first.",
        reactions={"💧": "u5"},
    ),
    _Said(
        "garden",
        (0, 95),
        "u5",
        "The twelfth bean has decided in favour.",
        reactions={"🌱": "u1 u2", "🥳": "u7"},
    ),
    _Said(
        "wall",
        (2, 15),
        "u2",
        "Thank you @Søren for staying late to sweep up. Nobody asked you to.",
        reactions={"💛": "u1 u3 u5"},
    ),
    _Said(
        "wall",
        (1, 480),
        "u6",
        "@田中 健 saw in ten minutes what I hadn't in three evenings. ありがとう!",
        reactions={"💛": "u2 u4 u7"},
    ),
    _Said(
        "general",
        (0, 50),
        "u1",
        "Saturday: eight of us so far. Who can open at ten? See #workshop for the list.",
        begins="open",
    ),
    _Said("general", (0, 38), "u3", "I have the key, I'll be there.", answers="open", reactions={"🗝️": "u1"}),
    _Said(
        "hello",
        (0, 22),
        "u3",
        "Robin from the repair café wants to drop by this week. Let's make room on the sofa.",
        reactions={"🛋️": "u2 u5 u7"},
    ),
)


def plant(room: Room) -> None:
    """Fills an empty room. Times are as long ago as they are told, by community time."""
    now = room.now()
    room.describe("The Makers' Shed", "A neighbourhood workshop: we mend and make things together.")
    bot = room.add_person(BOT_ID, "Kith", bot=True)
    bot.joined_at = now
    room.keep_person(bot)
    for ident, name, roles, days in _PEOPLE:
        person = room.add_person(ident, name, roles)
        person.joined_at = now - days * _DAY
        room.keep_person(person)
    room.add_person(*_NEWCOMER)
    for _ in (*_PEOPLE, _NEWCOMER):
        room.next_number("person")
    places = {name: room.add_place(name, about).id for name, about in _CHANNELS}
    threads: dict[str, str] = {}
    for said in sorted(_TALK, key=lambda said: said.ago, reverse=True):
        raw = room.names.resolve(said.words)
        text = wire.own_words(raw, room.name_of)
        days, minutes = said.ago
        message = room.history.add(
            places[said.channel],
            said.who,
            text=text,
            raw=raw,
            thread=None if said.answers is None else threads[said.answers],
            pings=[span["id"] for span in text if span["t"] == "member"],
            at=now - days * _DAY - minutes * _MINUTE,
        )
        if said.begins is not None:
            threads[said.begins] = message.id
        message.reactions = {emoji: by.split() for emoji, by in said.reactions.items()}
        room.history.changed(message)
