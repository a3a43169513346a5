"""Thanks and who joined in."""

from __future__ import annotations

from typing import Any

from bot import Channel, Member, Store
from storage.port import Row


class ThanksStore(Store):
    async def add(self, *, id: int, giver: Member, receiver: Member, why: str, channel: Channel) -> None:
        await self.run(
            "INSERT INTO kindness_thanks (id, community, space, giver, receiver, why, channel, at)"
            " VALUES (:id, :community, :space, :giver, :receiver, :why, :channel, :now)",
            id=id,
            giver=giver.key,
            receiver=receiver.key,
            why=why,
            channel=channel.key,
            now=self.scope.now,
        )

    async def given_since(self, giver: Member, since: int) -> int:
        """How many thanks a person gave after that time (UTC ms)."""
        row = await self.one(
            "SELECT COUNT(*) AS given FROM kindness_thanks"
            " WHERE community = :community AND giver = :giver AND at > :since",
            giver=giver.key,
            since=since,
        )
        assert row is not None
        return int(row["given"])

    async def last_between(self, giver: Member, receiver: Member) -> int | None:
        """When the one last thanked the other, UTC ms."""
        row = await self.one(
            "SELECT MAX(at) AS at FROM kindness_thanks"
            " WHERE community = :community AND giver = :giver AND receiver = :receiver",
            giver=giver.key,
            receiver=receiver.key,
        )
        return row["at"] if row else None

    async def get(self, id: int) -> Row | None:
        return await self.one(
            "SELECT id, giver, receiver, why, channel, at FROM kindness_thanks"
            " WHERE community = :community AND id = :id",
            id=id,
        )

    async def join_in(self, id: int, member: Member) -> bool:
        """Record that somebody agrees; False if they did before."""
        return bool(
            await self.run(
                "INSERT INTO kindness_me_too (community, space, thanks, member, at)"
                " VALUES (:community, :space, :thanks, :member, :now)"
                " ON CONFLICT (community, thanks, member) DO NOTHING",
                thanks=id,
                member=member.key,
                now=self.scope.now,
            )
        )

    async def joined_in(self, id: int) -> list[str]:
        """Keys of those who agree, first come first."""
        rows = await self.all(
            "SELECT member FROM kindness_me_too WHERE community = :community AND thanks = :thanks"
            " ORDER BY at, member",
            thanks=id,
        )
        return [row["member"] for row in rows]

    async def untold(self, since: int) -> list[Row]:
        """Thanks of this space that no story told yet, oldest first."""
        return await self.all(
            "SELECT id, giver, receiver, why, channel, at FROM kindness_thanks"
            " WHERE community = :community AND space = :space AND told_at IS NULL AND at > :since"
            " ORDER BY at, id",
            since=since,
        )

    async def tell(self, until: int) -> None:
        """The thanks of this space up to that time (UTC ms) are told."""
        await self.run(
            "UPDATE kindness_thanks SET told_at = :now"
            " WHERE community = :community AND space = :space AND told_at IS NULL AND at <= :until",
            until=until,
            now=self.scope.now,
        )

    async def received(self, member: Member, most: int) -> list[Row]:
        """The latest thanks to somebody that still have words, newest first."""
        return await self.all(
            "SELECT giver, why, at FROM kindness_thanks"
            " WHERE community = :community AND receiver = :member AND why <> ''"
            " ORDER BY at DESC, id DESC LIMIT :most",
            member=member.key,
            most=most,
        )

    async def about(self, member: Member) -> dict[str, list[dict[str, Any]]]:
        given = await self.all(
            "SELECT why, at FROM kindness_thanks WHERE community = :community AND giver = :member"
            " ORDER BY at",
            member=member.key,
        )
        received = await self.all(
            "SELECT why, at FROM kindness_thanks WHERE community = :community AND receiver = :member"
            " ORDER BY at",
            member=member.key,
        )
        agreed = await self.all(
            "SELECT at FROM kindness_me_too WHERE community = :community AND member = :member ORDER BY at",
            member=member.key,
        )
        return {
            "given": [{"why": row["why"], "at": row["at"]} for row in given],
            "received": [{"why": row["why"], "at": row["at"]} for row in received],
            "me_too": [{"at": row["at"]} for row in agreed],
        }

    async def forget(self, member: Member) -> None:
        """Words that a person gave go with their name; thanks they received stay with the giver's words."""
        await self.run(
            "UPDATE kindness_thanks SET giver = '', why = '', told_at = :now"
            " WHERE community = :community AND giver = :member",
            member=member.key,
            now=self.scope.now,
        )
        await self.run(
            "UPDATE kindness_thanks SET receiver = '' WHERE community = :community AND receiver = :member",
            member=member.key,
        )
        await self.run(
            "DELETE FROM kindness_me_too WHERE community = :community AND member = :member",
            member=member.key,
        )

    async def naming(self, member: Member) -> list[int]:
        """Ids of other people's thanks that name a person: to them, or with their "me too"."""
        rows = await self.all(
            "SELECT id FROM kindness_thanks"
            " WHERE community = :community AND receiver = :member AND giver <> :member AND why <> ''"
            " UNION SELECT thanks AS id FROM kindness_me_too"
            " WHERE community = :community AND member = :member",
            member=member.key,
        )
        return [row["id"] for row in rows]

    async def keys_given(self, member: Member) -> list[int]:
        """Ids of the thanks that a person gave."""
        rows = await self.all(
            "SELECT id FROM kindness_thanks WHERE community = :community AND giver = :member AND why <> ''",
            member=member.key,
        )
        return [row["id"] for row in rows]
