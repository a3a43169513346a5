"""User groups, Slack's kind of roles: who is in which, as settings may map them to the host's own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import structlog

from bot.model.ids import PlatformRole
from bot.platforms.base import DeliveryError, RetryLater
from bot.platforms.slack.client import Client, Refused
from bot.platforms.slack.text import called

EVERY: Final = 3_600.0
"""Seconds after which the groups are read again, whatever events told."""
AGAIN: Final = 30.0
"""Seconds until they are read again after that failed."""
REFUSED: Final = 300.0
"""Seconds until they are read again after Slack refused to tell them, which somebody may mend."""
PATIENCE: Final = 1.0
"""Seconds that somebody's groups are waited for: an interaction has only three in all."""
WITHOUT: Final[Mapping[str, str]] = {
    "missing_scope": "Kith may not read user groups yet: its app needs usergroups:read and to be installed "
    "again.",
    "plan_upgrade_required": "User groups come with Slack's paid plans; without them, admins do all this.",
}
"""By Slack's word, why no group can be chosen."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Group:
    name: str
    users: frozenset[str]
    updated: int


class Groups:
    """The user groups of one workspace. ``problem`` is Slack's word for why they can't be read, or ""."""

    def __init__(self, space: str) -> None:
        self._space = space
        self._groups: dict[str, _Group] = {}
        self._due = 0.0
        self._changes = 0
        self._reading = asyncio.Lock()
        self.problem = ""

    def of(self, user: str) -> frozenset[str]:
        """The ids of the groups that somebody is in."""
        return frozenset(ident for ident, group in self._groups.items() if user in group.users)

    def name_of(self, ident: str) -> str:
        group = self._groups.get(ident)
        return group.name if group is not None else ""

    def roles(self, like: str = "") -> Sequence[PlatformRole]:
        """The groups by name, or those whose names hold these words."""
        wanted = like.strip().removeprefix("@").casefold()
        found = [(group.name, ident) for ident, group in self._groups.items()]
        return [
            PlatformRole(self._space, ident, name)
            for name, ident in sorted(found, key=lambda one: (one[0].casefold(), one[1]))
            if wanted in name.casefold()
        ]

    # -- keeping up ----------------------------------------------------------------------------------------

    async def freshen(self, client: Client) -> None:
        """Read the groups if that is due; what is known stays where Slack can't say in time."""
        if time.monotonic() < self._due:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE), self._reading:
                if time.monotonic() >= self._due:
                    self._due = time.monotonic() + AGAIN
                    await self._read(client)

    async def _read(self, client: Client) -> None:
        changes = self._changes
        try:
            told = await client.call("usergroups.list", include_users="true", include_count="true")
            groups = [(one, await _members(client, one)) for one in told["usergroups"]]
        except DeliveryError as error:
            log.warning("slack_groups_unread", error=str(error))
            if isinstance(error, RetryLater):
                self._due = time.monotonic() + error.after
            return
        except Refused as refused:
            if refused.error != self.problem:
                log.info("slack_no_groups", error=refused.error)
            self.problem, self._groups = refused.error, {}
            self._due = time.monotonic() + REFUSED
            return
        self.problem = ""
        self._groups = {str(one["id"]): _group(one, users) for one, users in groups}
        if changes == self._changes:
            self._due = time.monotonic() + EVERY

    def told(self, event: Mapping[str, Any]) -> None:
        """Take an event about groups; where it leaves something open, they are read anew when next needed."""
        self._changes += 1
        if event["type"] == "subteam_members_changed":
            sure = self._moved(event)
        else:
            sure = self._is_now(event["subteam"])
        if not sure:
            self.doubt()

    def doubt(self) -> None:
        """Have them read anew when next needed."""
        self._due = 0.0

    def _is_now(self, told: Mapping[str, Any]) -> bool:
        """A group as it is after a change; its list of members may be cut off.

        One that isn't known may be new, or gone since: events come in any order.
        """
        ident, users = str(told["id"]), frozenset(map(str, told.get("users") or ()))
        known, group = self._groups.get(ident), _group(told, users)
        if known is None:
            return False
        if group.updated < known.updated:
            return True
        if told.get("date_delete"):
            del self._groups[ident]
            return group.updated > known.updated
        if _is_cut(told, users):
            return False
        self._groups[ident] = group
        return group.updated > known.updated or group == known

    def _moved(self, event: Mapping[str, Any]) -> bool:
        """Members who came and went, counted from a time before."""
        ident = str(event["subteam_id"])
        known = self._groups.get(ident)
        if known is None:
            return False
        came = frozenset(map(str, event.get("added_users") or ()))
        went = frozenset(map(str, event.get("removed_users") or ()))
        before, now = int(event["date_previous_update"]), int(event["date_update"])
        after = (known.users | came) - went
        if now < known.updated or (now == known.updated and after == known.users):
            return True
        if before != known.updated or now == before:
            return False
        self._groups[ident] = _Group(known.name, after, now)
        return True


async def _members(client: Client, told: Mapping[str, Any]) -> Collection[str]:
    users = [str(user) for user in told.get("users") or ()]
    if not _is_cut(told, users):
        return users
    answer = await client.call("usergroups.users.list", usergroup=told["id"])
    return [str(user) for user in answer["users"]]


def _is_cut(told: Mapping[str, Any], users: Collection[str]) -> bool:
    return int(told.get("user_count") or 0) > len(users)


def _group(told: Mapping[str, Any], users: Collection[str]) -> _Group:
    name = called(told.get("name"), told.get("handle"))
    return _Group(name, frozenset(users), int(told.get("date_update") or told.get("date_create") or 0))
