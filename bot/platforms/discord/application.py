"""The application behind a token: its name, its bot, its privileged intents."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from bot.platforms.base import Unsure
from bot.platforms.discord import commands
from bot.platforms.discord.api import Api
from bot.platforms.discord.ids import Json

_NOT_DISCORD: Final = "no-answer: something else answers in Discord's place"
_MEMBERS: Final = 1 << 14 | 1 << 15
_CONTENT: Final = 1 << 18 | 1 << 19
ABOUT: Final = "/applications/@me"
_COMMANDS: Final = "/applications/{}/commands"
_TRANSLATED: Final = {"with_localizations": "true"}


def legible(name: Any) -> str:
    """A name as a terminal may show it: without what turns around or overwrites what stands beside it."""
    return "".join(filter(str.isprintable, str(name or "")))


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
            name=legible(data.get("name") or bot.get("username")) or "the bot",
            bot=str(bot.get("id") or data["id"]),
            sees_members=bool(flags & _MEMBERS),
            sees_content=bool(flags & _CONTENT),
            is_public=bool(data.get("bot_public", True)),
            servers=int(data.get("approximate_guild_count") or 0),
            answers_elsewhere=bool(data.get("interactions_endpoint_url")),
            wants_grant=bool(data.get("bot_require_code_grant")),
        )


async def registered(api: Api, ident: str) -> list[Json]:
    """The application's commands, with all their translations. Raises Refused, RetryLater or Unsure."""
    return _listed(await api.ask("GET", _COMMANDS, (ident,), query=_TRANSLATED))


async def register(api: Api, ident: str, found: list[Json], wanted: list[Json]) -> list[Json] | None:
    """Register what is wanted in place of what was ``found``; None where it is there already.

    Raises Refused, RetryLater or Unsure.
    """
    body = commands.replacing(found, wanted)
    return None if body is None else _listed(await api.ask("PUT", _COMMANDS, (ident,), body=body))


def _listed(told: Any) -> list[Json]:
    if not isinstance(told, list):
        raise Unsure(_NOT_DISCORD)
    return told


async def fetch(api: Api) -> Application:
    """Raises Refused (401 for a token that isn't one), RetryLater or Unsure."""
    told = await api.ask("GET", ABOUT)
    if not isinstance(told, dict) or not told.get("id"):
        raise Unsure(_NOT_DISCORD)
    return Application.of(told)
