"""Who was greeted in which membership, and which text comes next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot import Channel, Member, Store


@dataclass(frozen=True, slots=True)
class Greeting:
    """A greeting that was given: in which membership, and when (UTC ms)."""

    epoch: int
    at: int


class WelcomeStore(Store):
    async def claim(self, member: Member, epoch: int, channel: Channel) -> bool:
        """Take the greeting of this membership; False if it was given already."""
        return bool(
            await self.run(
                "INSERT INTO welcome_greeting (community, space, member, epoch, channel, at)"
                " VALUES (:community, :space, :member, :epoch, :channel, :now)"
                " ON CONFLICT (community, member, epoch) DO NOTHING",
                member=member.key,
                epoch=epoch,
                channel=channel.key,
                now=self.scope.now,
            )
        )

    async def turn(self) -> int:
        """The number of this greeting, counting from 0: says whose turn it is among the texts."""
        row = await self.one(
            "INSERT INTO welcome_turn (community, space, turn) VALUES (:community, :space, 1)"
            " ON CONFLICT (community, space) DO UPDATE SET turn = welcome_turn.turn + 1 RETURNING turn"
        )
        assert row is not None
        return int(row["turn"]) - 1

    async def upcoming_turn(self) -> int:
        """What ``turn`` would say next, without taking it."""
        row = await self.one("SELECT turn FROM welcome_turn WHERE community = :community AND space = :space")
        return int(row["turn"]) if row else 0

    async def latest(self, member: Member) -> Greeting | None:
        """The last greeting of this person."""
        row = await self.one(
            "SELECT epoch, at FROM welcome_greeting WHERE community = :community AND member = :member"
            " ORDER BY epoch DESC LIMIT 1",
            member=member.key,
        )
        return Greeting(row["epoch"], row["at"]) if row else None

    async def about(self, member: Member) -> list[dict[str, Any]]:
        rows = await self.all(
            "SELECT epoch, channel, at FROM welcome_greeting"
            " WHERE community = :community AND member = :member ORDER BY epoch",
            member=member.key,
        )
        return [{"membership": row["epoch"], "channel": row["channel"], "at": row["at"]} for row in rows]
