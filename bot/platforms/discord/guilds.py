"""What is remembered of the servers: by the gateway's word, and as long as the process lives."""

from __future__ import annotations

from typing import Any, Final

from bot.model.ids import Channel, Space
from bot.platforms.discord.ids import PLATFORM, Json, space_of, time_ms

THREADS: Final = frozenset({10, 11, 12})
_FORUMS: Final = frozenset({15, 16})
"""Kinds of channels that hold threads alone: there each thread is a channel to people, and to us."""
_WAITING_ROOMS: Final = frozenset({"MEMBER_VERIFICATION_GATE_ENABLED", "GUILD_ONBOARDING", "GUESTS_ENABLED"})
"""What a server has where somebody may be there who is not in yet."""


class Guilds:
    """What is remembered of the servers: names, head counts, channels' names, threads' parents."""

    def __init__(self) -> None:
        self._spaces: dict[str, Space] = {}
        self._counts: dict[str, int] = {}
        self._bots: dict[str, int] = {}
        self._places: dict[str, dict[str, str]] = {}
        self._homes: dict[str, str] = {}
        self._threads: dict[str, str] = {}
        self._forums: set[str] = set()
        self._came: dict[str, int] = {}
        self._roles: dict[str, dict[str, str]] = {}
        self._screening: set[str] = set()
        self._number = 0

    def __iter__(self) -> Any:
        return iter(list(self._spaces.values()))

    def next_number(self) -> int:
        """Tells apart what happens within a millisecond."""
        self._number += 1
        return self._number

    def space(self, guild: str) -> Space:
        return self._spaces.get(guild) or space_of(guild)

    def count(self, guild: str) -> int | None:
        """How many people are there; with the bots among them until all members were listed."""
        count = self._counts.get(guild)
        return None if count is None else count - self._bots.get(guild, 0)

    def listed(self, guild: str, bots: int) -> None:
        """All members were listed, and so many of them are bots."""
        self._bots[guild] = bots

    def came_at(self, guild: str) -> int | None:
        """When the bot came to the server (UTC ms)."""
        return self._came.get(guild)

    def role_of(self, guild: str, bot: str) -> str | None:
        """The role that Discord made for a bot, by which people may mean the bot itself."""
        return self._roles.get(guild, {}).get(bot)

    def lets_wait(self, guild: str) -> bool:
        """Whether somebody may be there who is not in yet."""
        return guild in self._screening

    def see(self, data: Json) -> None:
        """A server as the gateway tells it, or its changed settings."""
        guild = str(data["id"])
        self._spaces[guild] = space_of(guild, str(data.get("name") or ""))
        if isinstance(count := data.get("member_count"), int):
            self._counts[guild] = count
        if (came := time_ms(data.get("joined_at"))) is not None:
            self._came[guild] = came
        if (channels := data.get("channels")) is not None:
            self._places[guild] = {}
            for channel in channels:
                self.see_channel(channel, guild)
        if (features := data.get("features")) is not None:
            (self._screening.discard if _WAITING_ROOMS.isdisjoint(features) else self._screening.add)(guild)
        if (roles := data.get("roles")) is not None:
            self._roles[guild] = {}
            for role in roles:
                self.see_role({"guild_id": guild, "role": role})
        for thread in data.get("threads") or ():
            self.see_channel(thread, guild)

    def see_role(self, data: Json) -> None:
        told = data.get("role") or {}
        if bot := (told.get("tags") or {}).get("bot_id"):
            self._roles.setdefault(str(data["guild_id"]), {})[str(bot)] = str(told["id"])

    def see_channel(self, data: Json, guild: str | None = None) -> None:
        guild = guild or str(data.get("guild_id") or "")
        ident = str(data["id"])
        kind, parent = data.get("type"), str(data.get("parent_id") or ident)
        if kind in _FORUMS:
            self._forums.add(ident)
        if kind in THREADS and parent not in self._forums:
            self._threads[ident] = parent
        else:
            self._places.setdefault(guild, {})[ident] = str(data.get("name") or "")
            self._homes[ident] = guild

    def lose_channel(self, data: Json) -> None:
        self._threads.pop(str(data["id"]), None)
        self._forums.discard(str(data["id"]))
        self._places.get(str(data.get("guild_id") or ""), {}).pop(str(data["id"]), None)
        self._homes.pop(str(data["id"]), None)

    def lose(self, guild: str) -> None:
        for known in (self._spaces, self._counts, self._bots, self._came, self._roles):
            known.pop(guild, None)
        self._screening.discard(guild)
        for channel in self._places.pop(guild, {}):
            self._homes.pop(channel, None)
            self._forums.discard(channel)

    def is_foreign(self, channel: Channel) -> bool:
        """Whether the channel is known to be another server's than it says."""
        home = self._homes.get(channel.id)
        return home is not None and f"{PLATFORM}:{home}" != channel.space

    def joined(self, guild: str, by: int, *, bot: bool) -> None:
        """Somebody came (``by`` 1) or went (-1)."""
        if guild in self._counts:
            self._counts[guild] += by
        if bot and guild in self._bots:
            self._bots[guild] += by

    def channel(self, guild: str, ident: str) -> Channel:
        return Channel(self.space(guild).key, ident, self._places.get(guild, {}).get(ident, ""))

    def place(self, guild: str, ident: str, told: Json | None = None) -> tuple[Channel, str | None]:
        """The channel that stands behind an id, and the thread. ``told``: the channel as Discord told it."""
        parent = self._threads.get(ident)
        if told is not None and told.get("type") in THREADS and told.get("parent_id"):
            parent = str(told["parent_id"])
        if parent is None or parent in self._forums:
            return self.channel(guild, ident), None
        return self.channel(guild, parent), ident
