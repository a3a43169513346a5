"""A workspace that Kith is in: its client, and the little that is remembered of its people and channels."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.model.ids import Channel, Member, MessageRef, Space
from bot.model.roles import Actor, Role
from bot.platforms.base import DeliveryError
from bot.platforms.slack.client import Client, Refused
from bot.platforms.slack.groups import Groups
from bot.platforms.slack.text import called

PLATFORM: Final = "slack"
SLACKBOT: Final = "USLACKBOT"
"""Slack's own bot, which is not marked as one."""
PATIENCE: Final = 1.0
"""Seconds that somebody's name and rights are waited for: an interaction has only three in all."""
_REMEMBERED: Final = 10_000


class Recent(OrderedDict[str, Any]):
    """The last so many entries."""

    def __init__(self, most: int = _REMEMBERED) -> None:
        super().__init__()
        self._most = most

    def keep(self, key: str, value: Any) -> None:
        self[key] = value
        self.move_to_end(key)
        if len(self) > self._most:
            self.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Known:
    """A person as Slack last told of them. ``guest``: of a few channels only, or of another workspace.

    ``gone``: deactivated, or invited and not there yet.
    """

    name: str
    bot: bool = False
    guest: bool = False
    gone: bool = False
    admin: bool = False
    updated: int = 0

    @classmethod
    def of(cls, user: Mapping[str, Any], team: str) -> Known:
        profile = user.get("profile") or {}
        names = (profile.get("display_name"), profile.get("real_name"), user.get("real_name"))
        # in an organisation's workspaces, people may be at home in another one of them, or in none
        teams = (user.get("enterprise_user") or {}).get("teams") or user.get("teams") or ()
        elsewhere = (user.get("team_id") or team) != team and team not in teams
        stranger = bool(user.get("is_stranger")) or elsewhere
        return cls(
            name=called(*names, user.get("name")),
            bot=bool(user.get("is_bot")) or user.get("id") == SLACKBOT,
            guest=stranger or bool(user.get("is_restricted") or user.get("is_ultra_restricted")),
            gone=bool(user.get("deleted") or user.get("is_invited_user")),
            admin=bool(user.get("is_admin") or user.get("is_owner") or user.get("is_primary_owner")),
            updated=int(user.get("updated") or 0),
        )


class Workspace:
    """One workspace. ``bot_user`` is Kith's own user there."""

    def __init__(self, team: str, name: str, bot_user: str, client: Client, *, bot_id: str = "") -> None:
        self.team = team
        self.bot_user = bot_user
        self.bot_id = bot_id
        self.client = client
        self.space = Space(PLATFORM, team, name)
        self.groups = Groups(self.space.key)
        self.lost = False
        self.seen_at = 0
        """When this connection to it began, in UTC milliseconds."""
        self._people = Recent()
        self._admins: set[str] | None = None
        self._outside: set[str] = set()
        self._direct = Recent()

    def member(self, ident: str, name: str = "") -> Member:
        known: Known | None = self._people.get(ident)
        bot = ident == self.bot_user or (known is not None and known.bot)
        return Member(self.space.key, ident, (known.name if known else "") or name, bot)

    def channel(self, ident: str, name: str = "") -> Channel:
        return Channel(self.space.key, ident, name)

    def message(self, channel: str, ts: str, thread: str | None = None) -> MessageRef:
        return MessageRef(self.channel(channel), ts, thread)

    # -- people --------------------------------------------------------------------------------------------

    def name_of(self, ident: str) -> str:
        """The name of a person or a user group, or ""."""
        known: Known | None = self._people.get(ident)
        return known.name if known is not None else self.groups.name_of(ident)

    def learn(self, user: Mapping[str, Any]) -> Known:
        """Remember what Slack told of somebody."""
        known = Known.of(user, self.team)
        ident = str(user["id"])
        self._people.keep(ident, known)
        self.note(ident, known)
        return known

    def note(self, ident: str, known: Known) -> None:
        """Remember only whether somebody leads or doesn't belong, which is little even for a large place."""
        if self._admins is not None:
            (self._admins.add if known.admin and not known.gone else self._admins.discard)(ident)
        (self._outside.add if known.gone or known.guest else self._outside.discard)(ident)

    def listed(self, admins: set[str]) -> None:
        """Everybody was listed; these lead."""
        self._admins = admins

    def is_outside(self, ident: str) -> bool:
        """Whether somebody was gone or a guest when last told of."""
        return ident in self._outside

    def is_old(self, user: Mapping[str, Any]) -> bool:
        """Whether something newer is known of somebody already, or just this."""
        known: Known | None = self._people.get(str(user["id"]))
        told = Known.of(user, self.team)
        return known is not None and (told.updated < known.updated or told == known)

    async def person(self, ident: str) -> Known | None:
        """Somebody as Slack knows them; asked once. None where Slack can't say now."""
        known: Known | None = self._people.get(ident)
        if known is not None:
            return known
        try:
            async with asyncio.timeout(PATIENCE):
                answer = await self.client.call("users.info", user=ident)
        except (Refused, DeliveryError, TimeoutError):
            return None
        return self.learn(answer["user"])

    async def actor(self, ident: str) -> Actor:
        """Who did something, with the roles that follow from leading the workspace, and their groups."""
        if self._admins is None:
            # both at once, since each may take all the patience there is
            await asyncio.gather(self.person(ident), self.groups.freshen(self.client))
        else:
            await self.groups.freshen(self.client)
        return self.quick_actor(ident)

    def quick_actor(self, ident: str) -> Actor:
        """The same by what is known already."""
        known: Known | None = self._people.get(ident)
        leads = ident in (self._admins or ()) or (known is not None and known.admin)
        roles = frozenset({Role.ADMIN} if leads else ())
        return Actor(self.member(ident), roles, self.groups.of(ident))

    def an_admin(self) -> str | None:
        """Somebody who leads the workspace, the same one every time."""
        return min(self._admins) if self._admins else None

    # -- conversations -------------------------------------------------------------------------------------

    async def direct(self, user: str) -> str:
        """The id of the private conversation with somebody. Raises as Client.call does."""
        known = self._direct.get(user)
        if known is None:
            answer = await self.client.call("conversations.open", users=user)
            known = answer["channel"]["id"]
            self._direct.keep(user, known)
        return str(known)
