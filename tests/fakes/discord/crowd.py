"""A guild's members, of whom a hundred thousand may be made up only when someone looks."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .model import Guild, User
from .people import Person

if TYPE_CHECKING:
    from .world import World

_STEP = 1 << 12
_YEAR_MS = 365 * 86_400_000


class Members:
    """The members of one guild, ordered by id as the API lists them.

    A crowd is a range of ids; a member of it becomes an object only when looked up one by one.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._guild: Guild | None = None
        self._known: dict[int, Person] = {}
        self._order: list[int] = []
        self._crowds: list[range] = []
        self._gone: set[int] = set()

    def settle(self, guild: Guild) -> None:
        """Say whose members these are; a guild and its members need each other."""
        self._guild = guild

    def __len__(self) -> int:
        return len(self._order) + sum(len(crowd) for crowd in self._crowds) - len(self._gone)

    def __iter__(self) -> Iterator[Person]:
        """The members who are more than a number in a crowd."""
        return iter([self._known[user_id] for user_id in self._order])

    def __contains__(self, user_id: int) -> bool:
        return user_id in self._known or self._in_crowd(user_id)

    def add(self, member: Person) -> None:
        """Take a member in."""
        if member.id not in self._known:
            insort(self._order, member.id)
        self._known[member.id] = member

    def remove(self, user_id: int) -> None:
        """Let a member go."""
        if self._known.pop(user_id, None) is not None:
            del self._order[bisect_right(self._order, user_id) - 1]
        elif self._in_crowd(user_id):
            self._gone.add(user_id)

    def add_crowd(self, count: int) -> range:
        """`count` silent members; returns their ids."""
        start = self._world.snowflakes.aged(days=2000 - 100 * len(self._crowds))
        crowd = range(start, start + count * _STEP, _STEP)
        self._crowds.append(crowd)
        if self not in self._world.crowded:
            self._world.crowded.append(self)
        return crowd

    def get(self, user_id: int) -> Person | None:
        """The member with this id. One of a crowd is remembered from now on."""
        member = self._known.get(user_id)
        if member is None and self._in_crowd(user_id):
            member = self._made_up(user_id)
            self._gone.add(user_id)
            self.add(member)
        return member

    def page(self, after: int, limit: int) -> list[Person]:
        """Up to `limit` members with ids above `after`, in order."""
        start = bisect_right(self._order, after)
        ids = self._order[start : start + limit]
        for crowd in self._crowds:
            begin = 0 if after < crowd.start else (after - crowd.start) // _STEP + 1
            taken = 0
            for user_id in crowd[begin:]:
                if taken == limit:
                    break
                if user_id not in self._gone:
                    ids.append(user_id)
                    taken += 1
        ids.sort()
        return [self._known.get(user_id) or self._made_up(user_id) for user_id in ids[:limit]]

    def _in_crowd(self, user_id: int) -> bool:
        return user_id not in self._gone and any(user_id in crowd for crowd in self._crowds)

    def _made_up(self, user_id: int) -> Person:
        if self._guild is None:
            raise RuntimeError("settle() first")
        user = User(user_id, f"member{user_id >> 12 & 0xFFFFFFFF}")
        return Person(user, self._guild, joined_ms=self._world.clock.now_ms() - _YEAR_MS)
