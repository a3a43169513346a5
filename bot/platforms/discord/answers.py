"""The answers to interactions: the first by callback, or in place of "is thinking", the others after it.

What was answered is remembered while the process lives. Afterwards Discord is asked what there is, so that an
answer still finds its way after a restart.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Final, NamedTuple

from bot.platforms.base import RetryLater, Unsure
from bot.platforms.discord.api import Api, told
from bot.platforms.discord.errors import (
    ANSWERED_ALREADY,
    BAD_TOKEN,
    UNKNOWN_INTERACTION,
    UNKNOWN_MESSAGE,
    UNKNOWN_WEBHOOK,
    Refused,
)
from bot.platforms.discord.ids import Json, snowflake_ms
from bot.platforms.discord.kept import Kept
from bot.platforms.discord.render import EPHEMERAL, LOADING, Body, marks

MESSAGE, THINK, ACKNOWLEDGE, CHOICES, MODAL = 4, 5, 6, 8, 9
FIRST_ANSWER_MS: Final = 3_000
_REMEMBERED: Final = 10_000
_CALLBACK: Final = "/interactions/{}/{}/callback"
_WEBHOOK: Final = "/webhooks/{}/{}"
_ORIGINAL: Final = "/webhooks/{}/{}/messages/@original"
_ONE: Final = "/webhooks/{}/{}/messages/{}"


class TooLate(Exception):
    """The interaction can't be answered any more."""


class Token(NamedTuple):
    """What it takes to answer an interaction, after a restart too."""

    application: str
    interaction: str
    secret: str

    def __str__(self) -> str:
        return f"{self.application}.{self.interaction}.{self.secret}"

    @classmethod
    def read(cls, text: str) -> Token | None:
        parts = text.split(".", 2)
        if len(parts) != 3 or not (parts[0].isdecimal() and parts[1].isdecimal() and parts[2]):
            return None
        return cls(*parts)


class Phase(Enum):
    FRESH = auto()
    """Nothing was answered."""
    THINKING = auto()
    """Acknowledged; the first answer takes the place of "is thinking"."""
    ACKNOWLEDGED = auto()
    """Acknowledged without a message of its own, so every answer is a further message."""
    ANSWERED = auto()
    """The first answer stands there."""
    UNKNOWN = auto()
    """Nobody remembers."""


@dataclass(slots=True)
class _State:
    """How far the answers to one interaction are."""

    phase: Phase
    first: str | None = None
    """The key of the first answer."""
    sent: dict[str, str] = field(default_factory=dict)
    """The message ids of further answers by key."""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Answers:
    """Answers interactions, each in the way that is left to it."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._states: Kept[str, _State] = Kept(_REMEMBERED)

    def opened(self, token: Token) -> bool:
        """Somebody did something and awaits an answer; False where that was told before."""
        if token.interaction in self._states:
            return False
        self._states.put(token.interaction, _State(Phase.FRESH))
        return True

    def is_open(self, token: Token) -> bool:
        """Whether the first answer is still to be given."""
        return self._state(token).phase is Phase.FRESH

    async def acknowledge(self, token: Token, *, quietly: bool) -> None:
        """Say that an answer is to come, unless there is one: ``quietly``, or as "is thinking"."""
        state = self._state(token)
        async with state.lock:
            if state.phase is not Phase.FRESH:
                return
            if quietly:
                await self._callback(token, {"type": ACKNOWLEDGE})
                state.phase = Phase.ACKNOWLEDGED
            else:
                await self._callback(token, {"type": THINK, "data": {"flags": EPHEMERAL}})
                state.phase = Phase.THINKING

    async def show(self, token: Token, modal: Json) -> bool:
        """Open a form as the first answer; False where it is too late for one."""
        state = self._state(token)
        async with state.lock:
            if state.phase is not Phase.FRESH:
                return False
            try:
                await self._callback(token, {"type": MODAL, "data": modal})
            except Refused as refused:
                if refused.code == ANSWERED_ALREADY:
                    state.phase = Phase.UNKNOWN
                    return False
                raise
            state.phase = Phase.ACKNOWLEDGED
            return True

    async def choices(self, token: Token, choices: list[Json]) -> None:
        """Answer somebody who is typing."""
        await self._callback(token, {"type": CHOICES, "data": {"choices": choices}})

    async def post(self, token: Token, key: str, body: Body, mark: int) -> str | None:
        """Answer; the id of the message where it is a further one. May be repeated under its key.

        Raises TooLate where nothing can be answered any more, or what `Api.send` raises.
        """
        state = self._state(token)
        async with state.lock:
            if state.phase is Phase.UNKNOWN and state.first != key:
                await self._find_out(token, state, key, mark)
            if state.phase is Phase.FRESH:
                if await self._first(token, state, key, body):
                    return None
                await self._find_out(token, state, key, mark)
            has_place = state.phase is Phase.THINKING or state.first == key
            if has_place and await self._replace(token, state, key, body):
                return None
            if (sent := state.sent.get(key)) is not None:
                await self.edit(token, sent, body)
                return sent
            return await self._further(token, state, key, body)

    async def edit(self, token: Token, message: str | None, body: Body) -> None:
        """Change an answer; the first one where no ``message`` is named. Raises TooLate."""
        ids = (token.application, token.secret)
        try:
            if message is None:
                await self._send("PATCH", _ORIGINAL, ids, token, body)
            else:
                await self._send("PATCH", _ONE, (*ids, message), token, body)
        except Refused as refused:
            raise _too_late(refused) from refused

    async def delete(self, token: Token, message: str | None) -> None:
        """Take an answer back. Raises TooLate."""
        ids = (token.application, token.secret)
        try:
            if message is None:
                await self._send("DELETE", _ORIGINAL, ids, token, None)
            else:
                await self._send("DELETE", _ONE, (*ids, message), token, None)
        except Refused as refused:
            if refused.code != UNKNOWN_MESSAGE:
                raise _too_late(refused) from refused

    def _state(self, token: Token) -> _State:
        known = self._states.get(token.interaction)
        if known is None:
            known = self._states.put(token.interaction, _State(Phase.UNKNOWN))
        return known

    async def _first(self, token: Token, state: _State, key: str, body: Body) -> bool:
        """Answer by callback; False where something was answered already."""
        try:
            await self._callback(token, {"type": MESSAGE, "data": body.json}, body)
        except Refused as refused:
            if refused.code == ANSWERED_ALREADY:
                return False
            raise _too_late(refused) from refused
        except Unsure:
            # it may stand there: replacing it does no harm
            state.phase, state.first = Phase.UNKNOWN, key
            raise
        state.phase, state.first = Phase.ANSWERED, key
        return True

    async def _replace(self, token: Token, state: _State, key: str, body: Body) -> bool:
        """Put the answer where the first one is; False where there is none."""
        try:
            await self._send("PATCH", _ORIGINAL, (token.application, token.secret), token, body)
        except Refused as refused:
            if refused.code == UNKNOWN_MESSAGE:
                state.phase = Phase.ACKNOWLEDGED
                state.first = None
                return False
            if refused.code == UNKNOWN_WEBHOOK and _is_young(token):
                # it was never acknowledged after all
                state.phase = Phase.FRESH
                return await self._first(token, state, key, body)
            raise _too_late(refused) from refused
        state.phase, state.first = Phase.ANSWERED, key
        return True

    async def _further(self, token: Token, state: _State, key: str, body: Body) -> str:
        try:
            made = await self._send("POST", _WEBHOOK, (token.application, token.secret), token, body)
        except Refused as refused:
            raise _too_late(refused) from refused
        ident = told(made, "id")
        state.sent[key] = ident
        return ident

    async def _find_out(self, token: Token, state: _State, key: str, mark: int) -> None:
        """What was answered, as Discord remembers it."""
        try:
            original = await self._send("GET", _ORIGINAL, (token.application, token.secret), token, None)
        except Refused as refused:
            if refused.code == UNKNOWN_MESSAGE:
                state.phase = Phase.ACKNOWLEDGED
                return
            if refused.code == UNKNOWN_WEBHOOK and _is_young(token):
                state.phase = Phase.FRESH
                return
            raise _too_late(refused) from refused
        told(original, "id")
        if int(original.get("flags") or 0) & LOADING:
            state.phase = Phase.THINKING
            return
        state.phase = Phase.ANSWERED
        state.first = key if mark in marks(original.get("components") or []) else ""

    async def _callback(self, token: Token, json: Json, body: Body | None = None) -> None:
        files = body.files if body is not None else ()
        ids = (token.interaction, token.secret)
        await self._send("POST", _CALLBACK, ids, token, Body(json, files))

    async def _send(
        self, method: str, route: str, ids: tuple[str, ...], token: Token, body: Body | None
    ) -> Any:
        return await self._api.send(method, route, ids, major=token.interaction, body=body, exempt=True)


def _is_young(token: Token) -> bool:
    """Whether the interaction may still be acknowledged; clocks differ, so Discord has the last word."""
    return time.time() * 1_000 - snowflake_ms(token.interaction) < 2 * FIRST_ANSWER_MS


def _too_late(refused: Refused) -> Exception:
    if refused.code in (UNKNOWN_INTERACTION, UNKNOWN_WEBHOOK, BAD_TOKEN):
        return TooLate(str(refused))
    return refused


ANSWER_ERRORS: Final = (Refused, RetryLater, Unsure, TooLate)
"""What can come of answering."""
