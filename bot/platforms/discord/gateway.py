"""The gateway through discord.py: it connects, resumes and shards; what it hears, we read ourselves.

discord.py drops joins of people it remembers and tells of passed screening only from its cache. So it keeps
nothing here but its sessions; what it hears goes to readers of ours.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any, Final

import aiohttp
import discord
import structlog
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.platforms.discord.ids import Json
from bot.platforms.discord.pace import Pace

SESSIONS: Final = frozenset({"READY", "RESUMED"})
"""What discord.py itself must hear: its sessions."""
SILENCE: Final = 60.0
"""Seconds without an answer to a heartbeat after which a connection counts as lost."""
_REPEATED: Final = 120.0
"""Seconds within which two sessions of one shard are begun too soon after each other."""
_FIRST_PAUSE: Final = 5.0
_LONGEST_PAUSE: Final = 30.0
"""Seconds before a session is begun anew; discord.py allows a minute for all of it."""
_EXEMPT: Final = ("/interactions/", "/webhooks/")

log = structlog.get_logger(__name__)
Reader = Callable[[Json], None]


def aim(api: str) -> None:
    """Where discord.py asks. Its addresses belong to its classes: one for the whole process."""
    Route.BASE = api


class StartsUsedUp(Exception):
    """Discord lets nobody begin more than so many sessions a day, and resets the token of who tries to.

    ``seconds`` until there may be more.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no session may be begun for {seconds:.0f} seconds")
        self.seconds = seconds


class Starts:
    """How many sessions may still be begun, and how soon after each other."""

    def __init__(self, limit: Mapping[str, Any], now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._left = int(limit.get("remaining", 1))
        self._resets_at = now() + float(limit.get("reset_after", 0)) / 1_000
        self._last: dict[int | None, tuple[float, float]] = {}

    def check(self, wanted: int = 1) -> None:
        """Raises StartsUsedUp unless so many may be begun."""
        if self._left < wanted and (seconds := self._resets_at - self._now()) > 0:
            raise StartsUsedUp(seconds)

    def begin(self, shard: int | None) -> float:
        """Count one; the seconds to wait before it, more each time where they follow each other closely."""
        self.check()
        self._left -= 1
        last, pause = self._last.get(shard, (-_REPEATED, 0.0))
        soon = self._now() - last < _REPEATED
        pause = min(pause * 2, _LONGEST_PAUSE) if soon else _FIRST_PAUSE / 2
        self._last[shard] = self._now(), pause
        return max(pause, _FIRST_PAUSE)


def intents(*, members: bool, messages: bool, content: bool, reactions: bool) -> discord.Intents:
    """The least that is needed; members and content are privileged. ``messages`` are those in servers."""
    return discord.Intents(
        guilds=True,
        members=members,
        guild_messages=messages,
        dm_messages=True,
        guild_reactions=reactions,
        message_content=content,
    )


class Connection(discord.AutoShardedClient):
    """A client that hands what it hears to readers by the name of the event, and never fails over it."""

    def __init__(
        self, wanted: discord.Intents, readers: Mapping[str, Reader], pace: Pace, gateway: str | None
    ) -> None:
        # Kith has no voice, so nobody need be told that it can't be heard
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
        super().__init__(
            intents=wanted,
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            guild_ready_timeout=0.5,
            heartbeat_timeout=SILENCE,
            http_trace=_trace(pace),
        )
        self._own_gateway = gateway
        self._starts = Starts({})
        # what no reader wants is dropped before discord.py builds anything of it
        parsers = self._connection.parsers
        for name, parser in list(parsers.items()):
            parsers[name] = _guarded(name, readers.get(name), parser if name in SESSIONS else None)
        for name, reader in readers.items():
            if name not in parsers:
                parsers[name] = _guarded(name, reader, None)

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        """Nobody listens to discord.py's own events, of which there is one for all that is heard."""

    async def launch_shards(self) -> None:
        """Connect, to the configured gateway where there is one instead of the one that Discord names.

        Raises StartsUsedUp. discord.py would go on, and Discord would reset the token.
        """
        told = await self.http.request(Route("GET", "/gateway/bot"))
        if not isinstance(told, dict):
            raise discord.GatewayNotFound
        self.shard_count, named = int(told.get("shards") or 1), told.get("url")
        self._starts = Starts(told.get("session_start_limit") or {})
        self._starts.check(self.shard_count)
        # it connects there anew, too, after a session has ended
        if address := self._own_gateway or named:
            DiscordWebSocket.DEFAULT_GATEWAY = type(DiscordWebSocket.DEFAULT_GATEWAY)(address)
        await super().launch_shards()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Wait before a session is begun. Raises StartsUsedUp."""
        pause = self._starts.begin(shard_id)
        if not initial:
            await asyncio.sleep(pause)


def _guarded(name: str, reader: Reader | None, parser: Callable[[Any], None] | None) -> Callable[[Any], None]:
    def hear(data: Any) -> None:
        try:
            if parser is not None:
                parser(data)
            if reader is not None:
                reader(data)
        except Exception as error:
            # one odd event must not end the connection
            log.error("event_not_understood", name=name, exc_info=error)

    def ignore(data: Any) -> None:
        return

    return ignore if reader is None and parser is None else hear


def _trace(pace: Pace) -> aiohttp.TraceConfig:
    """discord.py's own requests share our pace and count."""

    async def begins(session: Any, context: Any, about: aiohttp.TraceRequestStartParams) -> None:
        if wait := pace.invalid.wait():
            await asyncio.sleep(wait)
        path = about.url.path
        context.place = None
        if not any(part in path for part in _EXEMPT):
            context.place = await pace.budget.enter(f"{about.method} {path}")

    async def ended(
        session: Any, context: Any, about: aiohttp.TraceRequestEndParams | aiohttp.TraceRequestExceptionParams
    ) -> None:
        if context.place is not None:
            pace.budget.leave(context.place)
        if isinstance(about, aiohttp.TraceRequestEndParams):
            pace.note(about.response.status, about.response.headers)

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(begins)
    trace.on_request_end.append(ended)
    trace.on_request_exception.append(ended)
    return trace
