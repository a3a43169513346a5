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
    form: str = "alone"
    """``alone``; ``together`` with others; ``waits`` for that; ``gone`` where they left."""
    party: str | None = None
    """Which of the messages to several it was."""


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

    async def is_crowded(self, most: int, since: int) -> bool:
        """Whether more than ``most`` came since then (UTC ms), or some wait to be greeted together."""
        rows = await self.all(
            "SELECT form FROM welcome_greeting WHERE community = :community AND space = :space"
            " AND at > :since ORDER BY at DESC LIMIT :count",
            since=since,
            count=most + 1,
        )
        return len(rows) > most or any(row["form"] == "waits" for row in rows)

    async def wait(self, member: Member, epoch: int) -> bool:
        """Greet them with the others later; True for the first one who waits."""
        first = await self.one(
            "SELECT 1 AS found FROM welcome_greeting"
            " WHERE community = :community AND space = :space AND form = 'waits' LIMIT 1"
        )
        await self._note(member, epoch, "waits")
        return first is None

    async def dismiss(self, member: Member, epoch: int) -> None:
        """They left, so they are named no more among others."""
        await self._note(member, epoch, "gone")

    async def _note(self, member: Member, epoch: int, form: str) -> None:
        await self.run(
            "UPDATE welcome_greeting SET form = :form"
            " WHERE community = :community AND member = :member AND epoch = :epoch",
            member=member.key,
            epoch=epoch,
            form=form,
        )

    async def greet_waiting(self, party: str) -> bool:
        """All who wait are greeted now, as ``party``; False where nobody does."""
        return bool(
            await self.run(
                "UPDATE welcome_greeting SET form = 'together', party = :party"
                " WHERE community = :community AND space = :space AND form = 'waits'",
                party=party,
            )
        )

    async def party(self, party: str, named: int) -> tuple[list[str], int]:
        """Who was greeted together and is here: the keys of the first ``named``, and how many in all."""
        rows = await self.all(
            "SELECT member FROM welcome_greeting WHERE community = :community AND space = :space"
            " AND party = :party AND form = 'together' ORDER BY at, member LIMIT :named",
            party=party,
            named=named,
        )
        counted = await self.one(
            "SELECT COUNT(*) AS count FROM welcome_greeting WHERE community = :community AND space = :space"
            " AND party = :party AND form = 'together'",
            party=party,
        )
        return [row["member"] for row in rows], int(counted["count"]) if counted else 0

    async def turn(self) -> int:
        """The number of this greeting, counting from 0: says whose turn it is among the texts."""
        turn = await self.upcoming_turn()
        await self.run(
            "INSERT INTO welcome_turn (community, space, turn) VALUES (:community, :space, 1)"
            " ON CONFLICT (community, space) DO UPDATE SET turn = welcome_turn.turn + 1"
        )
        return turn

    async def upcoming_turn(self) -> int:
        """What ``turn`` would say next, without taking it."""
        row = await self.one("SELECT turn FROM welcome_turn WHERE community = :community AND space = :space")
        return int(row["turn"]) if row else 0

    async def latest(self, member: Member) -> Greeting | None:
        """The last greeting of this person."""
        row = await self.one(
            "SELECT epoch, at, form, party FROM welcome_greeting"
            " WHERE community = :community AND member = :member ORDER BY epoch DESC LIMIT 1",
            member=member.key,
        )
        return Greeting(row["epoch"], row["at"], row["form"], row["party"]) if row else None

    async def about(self, member: Member) -> list[dict[str, Any]]:
        rows = await self.all(
            "SELECT epoch, at FROM welcome_greeting"
            " WHERE community = :community AND member = :member ORDER BY epoch",
            member=member.key,
        )
        return [{"membership": row["epoch"], "at": row["at"]} for row in rows]
