"""What is made of each thing that the gateway tells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from bot.model.content import Catalog
from bot.model.events import (
    Event,
    MemberJoined,
    MessagePosted,
    MessageRemoved,
    ReactionAdded,
    ReactionRemoved,
)
from bot.model.ids import Space
from bot.platforms.discord import parse
from bot.platforms.discord.guilds import Guilds
from bot.platforms.discord.ids import Json, time_ms
from bot.platforms.discord.kept import Kept
from bot.platforms.discord.parse import now_ms
from bot.platforms.discord.privately import Privately

_CLEARED_MOST: Final = 10_000
_NEW_DAYS: Final = 14
_DAY_MS: Final = 86_400_000
_REPEATED_MS: Final = 2_000
"""What Discord tells twice, it tells twice within this time; later it happened again."""
_KEPT: Final = ("id", "system_channel_id", "system_channel_flags")

Hand = Callable[[Event], None]


class Hearing:
    """Reads dispatches. ``hand`` takes the events; ``sees_joins`` is false without the members intent."""

    def __init__(
        self,
        guilds: Guilds,
        catalog: Catalog,
        hand: Hand,
        privately: Privately,
        *,
        me: str,
        sees_joins: bool,
    ) -> None:
        self._guilds = guilds
        self._wanted = catalog.events
        self._hand = hand
        self._privately = privately
        self._me = me
        self._sees_joins = sees_joins
        self._servers: dict[str, Json] = {}
        self._cleared: Kept[str, bool] = Kept(_CLEARED_MOST)
        self._met: Kept[str, bool] = Kept(_CLEARED_MOST)
        self._here: Kept[str, bool] = Kept(_CLEARED_MOST)
        self._turns: Kept[str, dict[bool, int]] = Kept(_CLEARED_MOST)

    def wants(self, kind: type[Event]) -> bool:
        return kind.__name__ in self._wanted

    @property
    def wants_messages(self) -> bool:
        return self.wants(MessagePosted) or self.wants(MessageRemoved) or not self._sees_joins

    @property
    def wants_reactions(self) -> bool:
        return self.wants(ReactionAdded) or self.wants(ReactionRemoved)

    def readers(self) -> Mapping[str, Callable[[Json], None]]:
        """What to do with each event of the gateway, by its name. Others are of no concern."""
        guilds = self._guilds
        found: dict[str, Callable[[Json], None]] = {
            "GUILD_CREATE": self._guild,
            "GUILD_UPDATE": self._guild_changed,
            "GUILD_DELETE": self._guild_lost,
            "GUILD_ROLE_CREATE": guilds.see_role,
            "CHANNEL_CREATE": guilds.see_channel,
            "CHANNEL_UPDATE": guilds.see_channel,
            "CHANNEL_DELETE": guilds.lose_channel,
            "THREAD_CREATE": guilds.see_channel,
            "THREAD_UPDATE": guilds.see_channel,
            "THREAD_DELETE": guilds.lose_channel,
            "THREAD_LIST_SYNC": self._threads,
            "GUILD_MEMBER_ADD": self._joined,
            "GUILD_MEMBER_UPDATE": self._updated,
            "GUILD_MEMBER_REMOVE": self._left,
            "MESSAGE_CREATE": self._message,
        }
        if self.wants(MessageRemoved):
            found["MESSAGE_DELETE"] = found["MESSAGE_DELETE_BULK"] = self._removed
        if self.wants(ReactionAdded):
            found["MESSAGE_REACTION_ADD"] = self._reacted
        if self.wants(ReactionRemoved):
            found["MESSAGE_REACTION_REMOVE"] = self._unreacted
        return found

    def met(self, data: Json) -> None:
        """Somebody spoke or used the bot. Where joins are not told, a newcomer is noticed by that."""
        told = data.get("member")
        guild = data.get("guild_id")
        user = (told or {}).get("user") or data.get("author")
        if self._sees_joins or not told or guild is None or not user or user.get("bot"):
            return
        joined_at = time_ms(told.get("joined_at"))
        came_at = self._guilds.came_at(str(guild))
        key = f"{guild}:{user['id']}:{joined_at}"
        if joined_at is None or key in self._met or parse.is_waiting(told):
            return
        self._met.put(key, True)
        if joined_at > max(came_at or 0, now_ms() - _NEW_DAYS * _DAY_MS):
            event: MemberJoined = parse.joined(self._guilds, {**told, "user": user, "guild_id": guild})
            self._hand(event)

    def again(self, space: Space) -> None:
        """Tell of a server once more, so that its members are compared."""
        if (data := self._servers.get(space.id)) is not None:
            self._hand(parse.seen(self._guilds, data, hears_joins=self._sees_joins))

    def _guild(self, data: Json) -> None:
        if data.get("unavailable"):
            return
        self._remember(data)
        self._hand(parse.seen(self._guilds, data, hears_joins=self._sees_joins))

    def _guild_changed(self, data: Json) -> None:
        """Told on only if where it greets changed: the host compares all members then."""
        if self._servers.get(str(data["id"])) != self._remember(data):
            self._hand(parse.seen(self._guilds, data, hears_joins=self._sees_joins))

    def _remember(self, data: Json) -> Json:
        self._guilds.see(data)
        kept = self._servers[str(data["id"])] = {key: data.get(key) for key in _KEPT}
        return kept

    def _guild_lost(self, data: Json) -> None:
        if data.get("unavailable"):
            return
        self._hand(parse.lost(self._guilds, data))
        self._guilds.lose(str(data["id"]))
        self._servers.pop(str(data["id"]), None)

    def _threads(self, data: Json) -> None:
        for thread in data.get("threads") or ():
            self._guilds.see_channel(thread, str(data["guild_id"]))

    def _joined(self, data: Json) -> None:
        key = f"{data['guild_id']}:{data['user']['id']}"
        if not self._here.get(key):
            self._guilds.joined(str(data["guild_id"]), 1, bot=bool(data["user"].get("bot")))
        self._here.put(key, True)
        if data.get("pending") and parse.cleared(self._guilds, data).id in self._cleared:
            data = {**data, "pending": False}  # that they passed the rules was told before
        self._hand(parse.joined(self._guilds, data))

    def _left(self, data: Json) -> None:
        key = f"{data['guild_id']}:{data['user']['id']}"
        if self._here.get(key) is not False:
            self._guilds.joined(str(data["guild_id"]), -1, bot=bool(data["user"].get("bot")))
        self._here.put(key, False)
        self._privately.left(data)
        self._hand(parse.left(self._guilds, data))

    def _updated(self, data: Json) -> None:
        """Roles and names change all the time; of interest is who passed the rules screen."""
        if data.get("pending") is not False or not data.get("user") or not parse.came_in_lately(data):
            return
        event = parse.cleared(self._guilds, data)
        if event.id not in self._cleared:
            self._cleared.put(event.id, True)
            self._hand(event)

    def _message(self, data: Json) -> None:
        if data.get("guild_id") is None:
            self._privately.take(data, self._me, self._hand)
            return
        self.met(data)
        if (spoken := parse.spoken_to(self._guilds, data, self._me)) is not None:
            self._privately.met(data)
            self._hand(spoken)
        if self.wants(MessagePosted):
            self._maybe(parse.posted(self._guilds, data, self._me))

    def _removed(self, data: Json) -> None:
        for event in parse.removed(self._guilds, data):
            self._hand(event)

    def _reacted(self, data: Json) -> None:
        self._turned(parse.reacted(self._guilds, data, self._me), is_there=True)

    def _unreacted(self, data: Json) -> None:
        self._turned(parse.unreacted(self._guilds, data, self._me), is_there=False)

    def _turned(self, event: ReactionAdded | ReactionRemoved | None, *, is_there: bool) -> None:
        """A reaction was put or taken back. Discord numbers neither: what went before tells a repetition."""
        if event is None:
            return
        key = f"{event.message.id}:{event.member.id}:{event.emoji}"
        turns = self._turns.get(key) or {}
        same, other = turns.get(is_there), turns.get(not is_there)
        if same is None or (other is not None and other >= same and event.at >= same + _REPEATED_MS):
            same = event.at
            self._turns.put(key, {**turns, is_there: same})
        self._hand(replace(event, id=f"{event.id}:{same}"))

    def _maybe(self, event: Event | None) -> None:
        if event is not None:
            self._hand(event)
