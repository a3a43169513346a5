"""A small town for tests: a whole bot over the built-in room, and scripts of what is said and heard.

``async with town(folder) as shed:`` then ``await shed.as_("Mina").types("/shoutout @Jo for the bench")`` and
``await shed.hears("#wall", "Mina thanks Jo")``. Nothing is mocked: the room, the database and the outbox are
the real ones, and only the clock stands still until it travels.
"""

from bot.testing.heard import Heard, NotHeard
from bot.testing.person import Person
from bot.testing.town import BUILT_IN, MONDAY, SPACE, USUAL, Town, town

__all__ = ["BUILT_IN", "MONDAY", "SPACE", "USUAL", "Heard", "NotHeard", "Person", "Town", "town"]
