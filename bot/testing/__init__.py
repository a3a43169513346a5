"""A small town for tests: a whole bot over the built-in room, and scripts of what is said and heard.

``async with town(folder) as shed:`` then ``await shed.as_("Mina").types("/shoutout @Jo for the bench")`` and
``await shed.hears("#wall", "Mina thanks Jo")``. Nothing is mocked: the room, the database and the outbox are
the real ones, and only the clock stands still until it travels. Kith's own scripts are played on Discord and
Slack too, so `Town` and `Person` say what holds everywhere, `RoomTown` and `RoomPerson` what is the room's.
"""

from bot.testing.heard import Heard, NotHeard, Question
from bot.testing.room import SPACE, RoomTown, town
from bot.testing.room_person import RoomPerson
from bot.testing.town import BUILT_IN, MONDAY, USUAL, Person, Town

__all__ = [
    "BUILT_IN",
    "MONDAY",
    "SPACE",
    "USUAL",
    "Heard",
    "NotHeard",
    "Person",
    "Question",
    "RoomPerson",
    "RoomTown",
    "Town",
    "town",
]
