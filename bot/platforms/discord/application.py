"""The application behind a token: its name, its bot, its privileged intents."""

from __future__ import annotations

from typing import Final, NamedTuple

from bot.platforms.discord.api import Api
from bot.platforms.discord.ids import Json

_MEMBERS: Final = 1 << 14 | 1 << 15
_CONTENT: Final = 1 << 18 | 1 << 19
ABOUT: Final = "/applications/@me"
COMMANDS: Final = "/applications/{}/commands"
TRANSLATED: Final = {"with_localizations": "true"}
"""Asks for commands with all their translations."""


class Application(NamedTuple):
    """What Discord tells of an application."""

    id: str
    name: str
    bot: str
    """The id of its account."""
    sees_members: bool
    sees_content: bool
    is_public: bool = True
    servers: int = 0
    """How many servers it is in, about."""
    answers_elsewhere: bool = False
    """Whether its commands go to an address on the web instead of here."""
    wants_grant: bool = False
    """Whether it can only be invited by way of a page of its owner's."""

    @classmethod
    def of(cls, data: Json) -> Application:
        flags = int(data.get("flags") or 0)
        bot = data.get("bot") or {}
        return cls(
            id=str(data["id"]),
            name=str(data.get("name") or bot.get("username") or "the bot"),
            bot=str(bot.get("id") or data["id"]),
            sees_members=bool(flags & _MEMBERS),
            sees_content=bool(flags & _CONTENT),
            is_public=bool(data.get("bot_public", True)),
            servers=int(data.get("approximate_guild_count") or 0),
            answers_elsewhere=bool(data.get("interactions_endpoint_url")),
            wants_grant=bool(data.get("bot_require_code_grant")),
        )


async def fetch(api: Api) -> Application:
    """Raises Refused (401 for a token that isn't one), RetryLater or Unsure."""
    return Application.of(await api.ask("GET", ABOUT))
