"""Requests to Discord's REST API: in pace, each with a definite or an open end."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

import structlog

from bot.platforms.base import RetryLater, Unsure
from bot.platforms.discord.errors import Refused
from bot.platforms.discord.ids import Json
from bot.platforms.discord.pace import Pace
from bot.platforms.discord.render import Body, File
from bot.platforms.wire import PATIENCE, Answer, NoAnswer, NotSent, Wire

_CLOSED_FOR: Final = 60.0
_BANNED_FOR: Final = 600.0
_LONGEST: Final = 86_400.0
"""Seconds that Discord ever asks anybody to wait; what is longer is a mistake."""
_UNREACHABLE_FOR: Final = 2.0
_PATIENCE: Final = 30.0

log = structlog.get_logger(__name__)
_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, check_circular=False).encode


class Api:
    """Discord's API for one token. ``base`` is its address, version included."""

    def __init__(self, base: str, token: str, pace: Pace, *, timeout: float = PATIENCE) -> None:
        self.pace = pace
        self._wire = Wire(base, {"User-Agent": _user_agent()}, patience=timeout)
        self._authorization = {"Authorization": f"Bot {token}"}

    async def close(self) -> None:
        """Let go of the connections. What is sent afterwards opens them again."""
        await self._wire.close()

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
        turn = self.pace.buckets.enter(name, major)
        if turn.wait:
            raise RetryLater("discord-pace: this channel has had its share for now", turn.wait)
        headers: Mapping[str, str] = {}
        place = None
        try:
            if not exempt:
                place = await self.pace.budget.enter(name)
            answer = await self._exchange(method, route.format(*ids), body, query, exempt)
            headers = answer.headers
        finally:
            if place is not None:
                self.pace.budget.leave(place)
            self.pace.buckets.leave(turn, name, major, headers)
        self.pace.note(answer.status, headers)
        return _judged(answer)

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
        self, method: str, target: str, body: Any, query: Mapping[str, str] | None, exempt: bool
    ) -> Answer:
        data, kind = _payload(body)
        headers = {} if exempt else {**self._authorization}
        if kind:
            headers["Content-Type"] = kind
        if query:
            target = f"{target}?{urlencode(query)}"
        try:
            return await self._wire.ask(method, target, headers, data)
        except NotSent as error:
            raise RetryLater(f"unreachable: {error}", _UNREACHABLE_FOR, everywhere=True) from error
        except NoAnswer as error:
            raise Unsure(f"no-answer: {error}") from error


def told(answer: Any, name: str) -> str:
    """An id in an answer. Raises Unsure where it holds none: then it is not Discord's."""
    ident = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(ident, str) or not ident.isdecimal():
        raise Unsure(f"no-answer: an answer without {name}")
    return ident


def _user_agent() -> str:
    """Discord wants every client's address and version: those of the library that Kith connects by."""
    from discord import __version__  # it takes its time to load, so only whoever connects loads it

    return f"DiscordBot (https://github.com/Rapptz/discord.py, {__version__}) Kith"


def _payload(body: Any) -> tuple[bytes, str]:
    """The bytes of a body, and their media type."""
    files: tuple[File, ...] = ()
    if isinstance(body, Body):
        body, files = body.json, body.files
    if body is None:
        return b"", ""
    text = _encode(body).encode("utf-8", "replace")
    return _multipart(text, files) if files else (text, "application/json")


def _multipart(text: bytes, files: Sequence[File]) -> tuple[bytes, str]:
    boundary = secrets.token_hex(16)
    parts = [('name="payload_json"', "application/json", text)]
    parts += [
        (f'name="files[{number}]"; filename="{file.name}"', file.media_type, file.data)
        for number, file in enumerate(files)
    ]
    data = b"".join(
        f"--{boundary}\r\nContent-Disposition: form-data; {about}\r\nContent-Type: {kind}\r\n\r\n".encode()
        + content
        + b"\r\n"
        for about, kind, content in parts
    )
    return data + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def _judged(given: Answer) -> Any:
    status, answer = given.status, _decoded(given.body)
    if status in (200, 201, 202, 204):
        if given.body and answer is None:
            raise Unsure(f"no-answer: {status} without JSON")
        return answer
    about = answer if isinstance(answer, dict) else {}
    if status == 429:
        raise _too_many(given.headers, about)
    if status >= 500 or status < 400:
        raise Unsure(f"discord-{status}: no definite answer")
    if not about:
        raise RetryLater(f"discord-{status}: turned away at the door", _CLOSED_FOR, everywhere=True)
    code = about.get("code")
    words = str(about.get("message") or "")
    raise Refused(status, code if isinstance(code, int) else 0, words, about.get("errors"))


def _too_many(headers: Mapping[str, str], about: Json) -> RetryLater:
    scope = headers.get("x-ratelimit-scope", "")
    after = about.get("retry_after", headers.get("retry-after"))
    try:
        wait = float(after) if after is not None else _CLOSED_FOR
    except (TypeError, ValueError):
        wait = _CLOSED_FOR
    if not 0 <= wait <= _LONGEST:
        wait = _CLOSED_FOR
    if not about:
        log.error("discord_turned_us_away", seconds=_BANNED_FOR)
        return RetryLater("discord-429: shut out for a while", max(wait, _BANNED_FOR), everywhere=True)
    everywhere = bool(about.get("global")) or scope == "global"
    return RetryLater(f"discord-429: too fast ({scope or 'user'})", wait, everywhere=everywhere)


def _decoded(raw: bytes) -> Any:
    if not raw:
        return None
    try:
        return json.loads(raw.decode())
    except ValueError:
        return None
