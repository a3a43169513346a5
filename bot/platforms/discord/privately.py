"""Whoever writes to the bot privately: Discord does not tell which server they come from."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from time import monotonic
from typing import Final

import structlog

from bot.model.events import Event
from bot.platforms.background import Background
from bot.platforms.base import DeliveryError
from bot.platforms.discord import parse
from bot.platforms.discord.api import Api
from bot.platforms.discord.errors import Refused
from bot.platforms.discord.guilds import Guilds
from bot.platforms.discord.ids import Json
from bot.platforms.discord.kept import Kept

_REMEMBERED: Final = 10_000
_SERVERS_MOST: Final = 25
"""Servers in which somebody is looked for, one request each."""
_SECONDS: Final = 600.0
"""How long nobody is looked for again."""

log = structlog.get_logger(__name__)


class Privately:
    """Finds the server that somebody shares with the bot, and hands on what they say."""

    def __init__(self, api: Api, guilds: Guilds) -> None:
        self._api = api
        self._guilds = guilds
        self._homes: Kept[str, str] = Kept(_REMEMBERED)
        self._looked: Kept[str, float] = Kept(_REMEMBERED)
        self._work = Background()

    def met(self, data: Json) -> None:
        """Somebody used the bot in a server, or named it there."""
        user = (data.get("member") or {}).get("user") or data.get("author")
        if user and data.get("guild_id") is not None:
            self._homes.put(str(user["id"]), str(data["guild_id"]))

    def left(self, data: Json) -> None:
        """Somebody left a server."""
        user = str(data["user"]["id"])
        if self._homes.get(user) == str(data["guild_id"]):
            self._homes.pop(user)

    def take(self, data: Json, me: str, hand: Callable[[Event], None]) -> None:
        """A private message came."""
        author = data.get("author") or {}
        if author.get("bot") or not parse.is_written(data, me):
            return
        self._work.start(self._take(data, str(author["id"]), me, hand))

    async def idle(self) -> None:
        """Return once all that came is handed on."""
        await self._work.idle()

    async def close(self) -> None:
        await self._work.close()

    async def _take(self, data: Json, user: str, me: str, hand: Callable[[Event], None]) -> None:
        try:
            home = self._homes.get(user) or await self._look_for(user)
        except (Refused, DeliveryError) as error:
            log.warning("private_message_not_answered", error=str(error))
            return
        if home is not None and (event := parse.spoken_to(self._guilds, data, me, home)) is not None:
            hand(event)

    async def _look_for(self, user: str) -> str | None:
        if monotonic() < (self._looked.get(user) or 0.0):
            return None
        self._looked.put(user, monotonic() + _SECONDS)
        for space in islice(self._guilds, _SERVERS_MOST):
            try:
                await self._api.ask("GET", "/guilds/{}/members/{}", (space.id, user), major=space.id)
            except Refused as refused:
                if refused.status != 404:
                    raise
            else:
                return self._homes.put(user, str(space.id))
        return None
