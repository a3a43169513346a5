"""The first people of a new room: a small community that has been going on for a while."""

from __future__ import annotations

from bot.model.roles import Role
from bot.platforms.local import wire
from bot.platforms.local.room import BOT_ID, Room

_MINUTE = 60_000
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR

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

_TALK: tuple[tuple[str, int, str, str, str | None, tuple[tuple[str, tuple[str, ...]], ...]], ...] = (
    # channel, minutes ago, who, words, the words' name in a thread ("name" begins, ">name" replies), reactions
    (
        "hello",
        3 * 1440 + 130,
        "u7",
        "Hi all. I found this place because of a broken bicycle.",
        None,
        (("👋", ("u2", "u3", "u6")),),
    ),
    (
        "hello",
        3 * 1440 + 121,
        "u2",
        "The best reason. Welcome @Priya! The truing stand is the blue one.",
        None,
        (),
    ),
    (
        "hello",
        3 * 1440 + 90,
        "u4",
        "ようこそ！ Tea is in the tin that says “screws”.",
        None,
        (("😄", ("u7", "u1")),),
    ),
    (
        "general",
        2 * 1440 + 340,
        "u1",
        "The shed is open on Saturday from ten. Bring something that rattles.",
        "sat",
        (("🔧", ("u2", "u6")), ("👍", ("u3", "u4", "u5"))),
    ),
    ("general", 2 * 1440 + 332, "u6", "Does a rattling radiator count?", ">sat", (("😄", ("u1",)),)),
    ("general", 2 * 1440 + 330, "u1", "If you can carry it, it counts.", ">sat", (("💪", ("u6", "u7")),)),
    (
        "general",
        2 * 1440 + 301,
        "u5",
        "سأحضر القهوة — I'll bring the coffee.",
        ">sat",
        (("☕", ("u1", "u2", "u4")),),
    ),
    (
        "general",
        1440 + 260,
        "u3",
        "The library got us a proper copy of “Repair Is Possible”. It lives on the shelf by the window now.",
        None,
        (("📚", ("u4", "u7")),),
    ),
    (
        "workshop",
        2 * 1440 + 55,
        "u6",
        "The lathe hums at about 900 rpm and nowhere else. Any idea what to look at first?",
        "lathe",
        (),
    ),
    (
        "workshop",
        2 * 1440 + 41,
        "u2",
        "Belt tension, before anything else. Press it with a thumb: a centimetre, no more.",
        ">lathe",
        (("🙏", ("u6",)),),
    ),
    (
        "workshop",
        2 * 1440 + 20,
        "u4",
        "And look at the motor mount. Mine had one loose bolt of four.",
        ">lathe",
        (),
    ),
    (
        "workshop",
        1440 + 505,
        "u6",
        "It was the bolt. It was always the bolt.",
        ">lathe",
        (("🔩", ("u2", "u4", "u1")), ("🎉", ("u3",))),
    ),
    (
        "workshop",
        1440 + 130,
        "u7",
        "I sanded the bench top before oiling it, and it drinks oil like mad. Is that fine?",
        "bench",
        (),
    ),
    (
        "workshop",
        1440 + 104,
        "u3",
        "Quite fine. Let it rest a day, then a second thin coat. There's a note about it in the "
        "blue folder, I'll dig it out.",
        ">bench",
        (("💚", ("u7",)),),
    ),
    (
        "workshop",
        190,
        "u7",
        "Second coat is on. It looks like a different bench.",
        ">bench",
        (("✨", ("u3", "u5")),),
    ),
    (
        "garden",
        1440 + 700,
        "u5",
        "First beans are up! Eleven of twelve. The twelfth is thinking about it.",
        None,
        (("🌱", ("u1", "u3", "u4", "u6")),),
    ),
    (
        "garden",
        600,
        "u4",
        "The rain barrel is full again, please take from it first.",
        None,
        (("💧", ("u5",)),),
    ),
    (
        "garden",
        95,
        "u5",
        "The twelfth bean has decided in favour.",
        None,
        (("🌱", ("u1", "u2")), ("🥳", ("u7",))),
    ),
    (
        "wall",
        2 * 1440 + 15,
        "u2",
        "Thank you @Søren for staying late to sweep up. Nobody asked you to.",
        None,
        (("💛", ("u1", "u3", "u5")),),
    ),
    (
        "wall",
        1440 + 480,
        "u6",
        "@田中 健 saw in ten minutes what I hadn't in three evenings. ありがとう!",
        None,
        (("💛", ("u2", "u4", "u7")),),
    ),
    (
        "general",
        50,
        "u1",
        "Saturday: eight of us so far. Who can open at ten? See #workshop for the list.",
        "open",
        (),
    ),
    ("general", 38, "u3", "I have the key, I'll be there.", ">open", (("🗝️", ("u1",)),)),
    (
        "hello",
        22,
        "u3",
        "Robin from the repair café wants to drop by this week. Let's make room on the sofa.",
        None,
        (("🛋️", ("u2", "u5", "u7")),),
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
    for channel, minutes, who, words, thread, reactions in sorted(_TALK, key=lambda talk: -talk[1]):
        raw = room.names.resolve(words)
        text = wire.own_words(raw, room.name_of)
        replies = thread is not None and thread.startswith(">")
        message = room.history.add(
            places[channel],
            who,
            text=text,
            raw=raw,
            thread=threads[thread[1:]] if thread is not None and replies else None,
            pings=[span["id"] for span in text if span["t"] == "member"],
            at=now - minutes * _MINUTE,
        )
        if thread is not None and not replies:
            threads[thread] = message.id
        message.reactions = {emoji: list(by) for emoji, by in reactions}
        room.history.changed(message)
