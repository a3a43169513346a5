"""Requests to Discord's REST API: one kept-alive session, in pace, each with a definite or an open end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any, Final

import aiohttp
import structlog

from bot.platforms.base import RetryLater, Unsure
from bot.platforms.discord.errors import Refused
from bot.platforms.discord.ids import Json
from bot.platforms.discord.pace import Pace
from bot.platforms.discord.render import Body, File

TIMEOUT: Final = 20.0
"""Seconds that an answer is waited for; less than the outbox waits."""
_CLOSED_FOR: Final = 60.0
_BANNED_FOR: Final = 600.0
_UNREACHABLE_FOR: Final = 2.0
_PATIENCE: Final = 30.0

log = structlog.get_logger(__name__)
_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


class Api:
    """Discord's API for one token. ``base`` is its address, version included."""

    def __init__(self, base: str, token: str, pace: Pace, *, timeout: float = TIMEOUT) -> None:
        self.pace = pace
        self._base = base.rstrip("/")
        self._authorization = {"Authorization": f"Bot {token}"}
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def send(
        self,
        method: str,
        route: str,
        ids: Sequence[str] = (),
        *,
        major: str = "",
        body: Body | Json | list[Json] | None = None,
        query: Mapping[str, str] | None = None,
        exempt: bool = False,
    ) -> Any:
        """One request; its answer's JSON, None where it has none.

        ``route`` holds a ``{}`` for each of ``ids``; ``exempt`` are interactions and webhooks, which count
        for no limit over all and need no token. Raises Refused, RetryLater or Unsure.
        """
        if wait := self.pace.invalid.wait():
            raise RetryLater("discord-invalid: too many requests were refused lately", wait, everywhere=True)
        name = f"{method} {route}"
        if wait := self.pace.buckets.wait(name, major):
            raise RetryLater("discord-pace: this channel has had its share for now", wait)
        self.pace.buckets.begin(name, major)
        headers: Mapping[str, str] = {}
        try:
            if not exempt and (wait := self.pace.budget.reserve()):
                await asyncio.sleep(wait)
            status, headers, answer = await self._exchange(
                method, self._base + route.format(*ids), body, query, exempt
            )
        finally:
            self.pace.buckets.end(name, major, headers)
        self.pace.note(status, headers)
        return _judged(status, headers, answer)

    async def ask(
        self,
        method: str,
        route: str,
        ids: Sequence[str] = (),
        *,
        major: str = "",
        body: Json | list[Json] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Any:
        """As `send`, for what may be repeated: waits where Discord asks to, and asks again when in doubt.

        Raises Refused, or RetryLater or Unsure after half a minute of them.
        """
        deadline = asyncio.get_running_loop().time() + _PATIENCE
        pause = 0.5
        while True:
            try:
                return await self.send(method, route, ids, major=major, body=body, query=query)
            except RetryLater as error:
                wait = error.after
                if asyncio.get_running_loop().time() + wait > deadline:
                    raise
            except Unsure:
                wait, pause = pause, pause * 2
                if asyncio.get_running_loop().time() + wait > deadline:
                    raise
            await asyncio.sleep(wait)

    async def _exchange(
        self, method: str, url: str, body: Any, query: Mapping[str, str] | None, exempt: bool
    ) -> tuple[int, Mapping[str, str], bytes]:
        data, headers = _payload(body)
        if not exempt:
            headers |= self._authorization
        try:
            async with self._open().request(
                method, url, data=data, headers=headers, params=query, allow_redirects=False
            ) as response:
                return response.status, response.headers, await response.read()
        except aiohttp.ClientConnectorError as error:
            # nothing was sent yet
            raise RetryLater(
                f"unreachable: {type(error).__name__}", _UNREACHABLE_FOR, everywhere=True
            ) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unsure(f"no-answer: {type(error).__name__}") from error

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=self._timeout,
                headers={"User-Agent": _user_agent()},
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=60),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


def _user_agent() -> str:
    """Discord wants every client's address and version: those of the library that Kith connects by."""
    return f"DiscordBot (https://github.com/Rapptz/discord.py, {version('discord.py')}) Kith"


def _payload(body: Any) -> tuple[Any, dict[str, str]]:
    files: tuple[File, ...] = ()
    if isinstance(body, Body):
        body, files = body.json, body.files
    if body is None:
        return None, {}
    text = _encode(body).encode("utf-8", "replace")
    if not files:
        return text, {"Content-Type": "application/json"}
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("payload_json", text.decode(), content_type="application/json")
    for number, file in enumerate(files):
        form.add_field(f"files[{number}]", file.data, filename=file.name, content_type=file.media_type)
    return form, {}


def _judged(status: int, headers: Mapping[str, str], raw: bytes) -> Any:
    answer = _decoded(raw)
    if status in (200, 201, 202, 204):
        if raw and answer is None:
            raise Unsure(f"no-answer: {status} without JSON")
        return answer
    told = answer if isinstance(answer, dict) else {}
    if status == 429:
        raise _too_many(headers, told)
    if status >= 500 or status < 400:
        raise Unsure(f"discord-{status}: no definite answer")
    if not told:
        raise RetryLater(f"discord-{status}: turned away at the door", _CLOSED_FOR, everywhere=True)
    raise Refused(status, int(told.get("code") or 0), str(told.get("message") or ""), told.get("errors"))


def _too_many(headers: Mapping[str, str], told: Json) -> RetryLater:
    scope = headers.get("X-RateLimit-Scope", "")
    after = told.get("retry_after", headers.get("Retry-After"))
    try:
        wait = float(after) if after is not None else _CLOSED_FOR
    except (TypeError, ValueError):
        wait = _CLOSED_FOR
    if not told:
        log.error("discord_turned_us_away", seconds=_BANNED_FOR)
        return RetryLater("discord-429: shut out for a while", max(wait, _BANNED_FOR), everywhere=True)
    everywhere = bool(told.get("global")) or scope == "global"
    return RetryLater(f"discord-429: too fast ({scope or 'user'})", wait, everywhere=everywhere)


def _decoded(raw: bytes) -> Any:
    if not raw:
        return None
    try:
        return json.loads(raw)
    except ValueError:
        return None
