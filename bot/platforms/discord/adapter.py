"""The Discord platform: the connection, what is heard and what is sent, joined."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import structlog

from bot.model.content import Catalog
from bot.model.events import MessagePosted
from bot.model.ids import Channel, Member, Space
from bot.model.limits import Limits
from bot.model.outgoing import Outgoing, Receipt
from bot.model.text import Span
from bot.platforms.base import DeliveryError, Gone, NotConnected, RetryLater, Sink, SpaceInfo, Unsure
from bot.platforms.discord import application, commands, markdown, parse
from bot.platforms.discord.answers import Answers
from bot.platforms.discord.api import Api
from bot.platforms.discord.application import Application
from bot.platforms.discord.courier import Courier
from bot.platforms.discord.desk import Desk, Patience
from bot.platforms.discord.errors import Refused
from bot.platforms.discord.guilds import Guilds
from bot.platforms.discord.hearing import Hearing
from bot.platforms.discord.ids import PLATFORM, Json
from bot.platforms.discord.limits import LIMITS
from bot.platforms.discord.pace import INVALID_MOST, Pace
from bot.platforms.discord.parse import TALK
from bot.platforms.discord.privately import Privately
from bot.platforms.discord.pump import Pump

if TYPE_CHECKING:
    import discord

DEFAULT_API: Final = "https://discord.com/api/v10"
_CLOSING: Final = 5.0
"""Seconds that closing the connection may take."""
_DAY: Final = 86_400.0
_LONGEST_PAUSE: Final = 60.0
_PAGE: Final = 1_000
_CENSUSES: Final = 2
"""Member lists that are read at once."""
_TOKEN_REFUSED: Final = 4004

log = structlog.get_logger(__name__)


class DiscordPlatform:
    """Implements ``bot.platforms.base.Platform``. ``api`` and ``gateway`` are other addresses than Discord's.

    ``first_retry``: seconds until an event is handed over again that could not be stored.
    ``invalid_most``: answers of 401, 403 and 429 within ten minutes after which nothing is sent.
    ``answer_mentions``: messages in servers are heard even where no feature wants them.
    """

    def __init__(
        self,
        token: str,
        *,
        api: str = DEFAULT_API,
        gateway: str | None = None,
        limits: Limits = LIMITS,
        patience: Patience | None = None,
        first_retry: float = 0.5,
        invalid_most: int = INVALID_MOST,
        answer_mentions: bool = False,
    ) -> None:
        self._token = token
        self._address = api
        self._gateway = gateway
        self._answer_mentions = answer_mentions
        self._limits = limits
        self._api = Api(api, token, Pace.at(limits.per_second, invalid_most))
        self._guilds = Guilds()
        self._answers = Answers(self._api)
        self._command_ids: Mapping[str, str] = {}
        self._courier = Courier(self._api, self._answers, self._guilds, limits, lambda: self._command_ids)
        self._desk = Desk(self._answers, self._guilds, lambda: self._command_ids, patience or Patience())
        self._privately = Privately(self._api, self._guilds)
        self._pump = Pump(first_retry)
        self._reading = asyncio.Semaphore(_CENSUSES)
        self._application: Application | None = None
        self._connected = asyncio.Event()
        self._sink: Sink | None = None

    # What the host uses.

    @property
    def name(self) -> str:
        return PLATFORM

    @property
    def limits(self) -> Limits:
        return self._limits

    @property
    def ready(self) -> bool:
        """Whether it is connected."""
        return self._connected.is_set()

    @property
    def invalid_requests(self) -> int:
        """How many requests Discord called invalid within ten minutes; at 10,000 it shuts the address out."""
        return self._api.pace.invalid.count

    def measure(self, span: Span) -> int:
        return markdown.measure(span)

    async def deliver(self, out: Outgoing) -> Receipt:
        return await self._courier.deliver(out)

    async def find(self, out: Outgoing, since: int) -> Receipt | None:
        return await self._courier.find(out, since)

    async def members(self, space: Space) -> AsyncIterator[Member]:
        """Everybody in a server, a thousand at a time. Raises Gone without the members intent."""
        if self._application is not None and not self._application.sees_members:
            raise Gone("no-members-intent: Discord lists no members until it is switched on")
        after, bots = "0", 0
        may_have_waited = self._guilds.lets_wait(space.id)
        while True:
            query = {"limit": str(_PAGE), "after": after}
            async with self._reading:
                page: list[Json] = await self._ask("/guilds/{}/members", space.id, query)
            for told in page:
                if parse.is_waiting(told) and self._sink is not None:
                    # a list of members can't say so, and nobody is greeted before the rules are accepted
                    waiting = parse.joined(self._guilds, {**told, "guild_id": space.id})
                    await self._sink.accept(waiting)
                elif may_have_waited and self._sink is not None and parse.came_in_lately(told):
                    # that they were let in may have been told while nobody listened
                    cleared = parse.cleared(self._guilds, {**told, "guild_id": space.id})
                    self._pump.hand(self._sink, cleared)
                one = parse.listed(space.key, told)
                bots += one.bot
                yield one
            if len(page) < _PAGE:
                self._guilds.listed(space.id, bots)
                return
            after = max((str(told["user"]["id"]) for told in page), key=int)

    async def about(self, space: Space) -> SpaceInfo:
        """What a server looks like now. Raises Gone, RetryLater or Unsure."""
        guild: Json = await self._ask("/guilds/{}", space.id, {"with_counts": "true"})
        channels: list[Json] = await self._ask("/guilds/{}/channels", space.id)
        named = Space(PLATFORM, space.id, str(guild.get("name") or ""))
        places = {
            str(told["id"]): Channel(space.key, str(told["id"]), str(told.get("name") or ""))
            for told in sorted(channels, key=lambda told: int(told.get("position") or 0))
            if told.get("type") in TALK
        }
        system = guild.get("system_channel_id")
        return SpaceInfo(
            space=named,
            channels=tuple(places.values()),
            roles=tuple(parse.role(space.key, told) for told in guild.get("roles") or ()),
            default_channel=None if system is None else places.get(str(system)),
            people=guild.get("approximate_member_count"),
            announces_joins=parse.announces_joins(guild),
        )

    async def _ask(self, route: str, guild: str, query: Mapping[str, str] | None = None) -> Any:
        try:
            return await self._api.ask("GET", route, (guild,), major=guild, query=query)
        except Refused as refused:
            raise refused.as_outcome() from refused

    async def caught_up(self) -> None:
        """Return once the host has stored all that was heard so far, and what answers it is under way."""
        await self._privately.idle()
        await self._pump.idle()
        await self._desk.idle()

    async def close(self) -> None:
        """Let go of the connections. What is delivered afterwards opens them again."""
        await self._api.close()

    # The connection.

    async def run(self, sink: Sink, catalog: Catalog) -> None:
        """Raises NotConnected where the token is refused."""
        self._desk.tree = commands.Tree(catalog)
        self._sink = sink
        pause = 1.0
        try:
            while True:
                began, wait = monotonic(), 0.0
                try:
                    self._application = found = await application.fetch(self._api)
                    await self._listen(sink, catalog, found)
                except Refused as refused:
                    raise _explained(refused) from refused
                except RetryLater as error:
                    wait = max(pause, error.after)
                    log.warning("discord_unreachable", error=str(error), seconds=round(wait, 1))
                except (DeliveryError, aiohttp.ClientError, OSError, TimeoutError) as error:
                    log.warning("discord_unreachable", error=str(error), seconds=pause)
                except NotConnected:
                    raise
                except Exception as error:
                    # discord.py trusts that Discord itself answers, in the form that it knows
                    log.error("discord_not_understood", seconds=pause, exc_info=error)
                if monotonic() - began > _LONGEST_PAUSE:
                    pause = 1.0
                await _pause(max(wait, pause))
                pause = min(pause * 2, _LONGEST_PAUSE)
        finally:
            await self._privately.close()
            await self._desk.close()
            await self._pump.close()

    async def _register(self, ident: str, catalog: Catalog) -> None:
        """Register the commands, if they are others than those that are registered."""
        pause = 1.0
        while True:
            try:
                return await self._register_once(ident, catalog)
            except DeliveryError as error:
                wait = max(pause, error.after if isinstance(error, RetryLater) else 0.0)
                log.warning("commands_not_registered_yet", error=str(error), seconds=round(wait, 1))
            except Refused as refused:
                log.error("commands_not_registered", error=str(refused), details=refused.details)
                return
            except Exception as error:
                log.error("commands_not_registered", exc_info=error)
                return
            await _pause(wait)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _register_once(self, ident: str, catalog: Catalog) -> None:
        found = await application.registered(self._api, ident)
        self._command_ids = commands.ids(found)
        await self._connected.wait()  # reading the translations would make connecting slower
        wanted = await asyncio.to_thread(commands.wanted, catalog)
        made = await application.register(self._api, ident, found, wanted)
        if made is not None:
            log.info("commands_registered", count=len(made))
            self._command_ids = commands.ids(made)

    async def _listen(self, sink: Sink, catalog: Catalog, found: Application) -> None:
        """One connection, until it ends."""
        import discord

        from bot.platforms.discord import gateway

        gateway.aim(self._address)
        hearing = Hearing(
            self._guilds,
            catalog,
            lambda event: self._pump.hand(sink, event),
            self._privately,
            me=found.bot,
            sees_joins=found.sees_members,
        )
        if not found.sees_members:
            log.warning("no_members_intent", remedy="newcomers are greeted when they first speak")
        if hearing.wants(MessagePosted) and not found.sees_content:
            log.warning("no_content_intent", remedy="features read only what mentions Kith")

        def used(payload: Json) -> None:
            hearing.met(payload)
            self._privately.met(payload)
            self._desk.take(sink, payload)

        readers = {
            **hearing.readers(),
            "INTERACTION_CREATE": used,
            "READY": lambda data: self._connected.set(),
        }
        intents = gateway.intents(
            members=found.sees_members,
            messages=hearing.wants_messages or self._answer_mentions,
            reactions=hearing.wants_reactions,
            content=found.sees_content and hearing.wants_messages,
        )
        client = gateway.Connection(intents, readers, self._api.pace, self._gateway)
        beside = [
            asyncio.create_task(self._register(found.id, catalog), name="discord commands"),
            asyncio.create_task(self._daily(hearing), name="discord daily"),
        ]
        try:
            await _connect(client, self._token)
        except gateway.StartsUsedUp as error:
            raise RetryLater("gateway-starts: Kith was started too often today", error.seconds) from error
        except discord.LoginFailure as error:
            raise NotConnected(_START_AGAIN) from error
        except discord.PrivilegedIntentsRequired as error:
            raise Unsure("intents-switched: an intent was switched off; connecting without it") from error
        except discord.ConnectionClosed as error:
            if error.code == _TOKEN_REFUSED:
                raise NotConnected(_START_AGAIN) from error
            raise Unsure(f"gateway-closed: {error.code}") from error
        except (discord.HTTPException, discord.GatewayNotFound) as error:
            raise Unsure(f"gateway-not-found: {error}") from error
        finally:
            self._connected.clear()
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)

    async def _daily(self, hearing: Hearing) -> None:
        while True:
            await asyncio.sleep(_DAY)
            for space in self._guilds:
                hearing.again(space)


async def _pause(seconds: float) -> None:
    """Apart, for tests to pass the time."""
    await asyncio.sleep(seconds)


async def _connect(client: discord.Client, token: str) -> None:
    """Stay connected. discord.py may overlook that it is cancelled while it connects; it is closed then."""
    connecting = asyncio.create_task(client.start(token))
    try:
        await asyncio.wait((connecting,))
        connecting.result()
    finally:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSING):
                await client.close()
        connecting.cancel()
        await asyncio.wait((connecting,), timeout=_CLOSING)


_START_AGAIN: Final = (
    "Discord refuses the token. Copy it anew (Developer Portal, your application, Bot, Reset Token) and run "
    "`kith connect discord`."
)


def _explained(refused: Refused) -> Exception:
    return (
        NotConnected(_START_AGAIN) if refused.status == 401 else NotConnected(f"Discord refuses: {refused}")
    )
