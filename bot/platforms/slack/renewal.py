"""New tokens for old: asked for by one process at a time, and not lost between Slack and the storage."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import structlog

from bot.platforms.base import DeliveryError
from bot.platforms.slack.client import Refused
from bot.platforms.slack.installs import Installation, Installs, Tokens
from bot.platforms.slack.oauth import OAuth

OPERATOR: Final = frozenset(
    {"invalid_client_id", "bad_client_secret", "invalid_client", "not_allowed_token_type"}
)
"""Refusals that the configuration is to blame for, and no workspace."""
PAUSE: Final = 0.5
"""Seconds between two looks whether another process is done."""

_BACKOFF: Final = (30_000, 900_000)
_APP: Final = ""
"""Stands for every workspace, where the configuration is to blame."""
_FAREWELL: Final = 5.0
"""Seconds in which what is asked may still come to its end while Kith stops."""

log = structlog.get_logger(__name__)


class Renewal:
    """Renews tokens. ``use`` gets an installation with the tokens to go on with, stored or not.

    ``now`` is real time in UTC milliseconds.
    """

    def __init__(
        self,
        oauth: OAuth,
        installs: Installs,
        use: Callable[[Installation], None],
        now: Callable[[], int],
    ) -> None:
        self._oauth = oauth
        self._installs = installs
        self._use = use
        self._now = now
        self._failed: dict[str, tuple[int, int]] = {}
        """By workspace or for the whole app: when to ask again after that failed, and how long was waited."""
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._asking: set[asyncio.Task[Installation | None]] = set()

    async def close(self) -> None:
        """Let what is asked come to its end, but not for long."""
        if self._asking:
            await asyncio.wait(self._asking, timeout=_FAREWELL)
        for task in self._asking:
            task.cancel()
        await asyncio.gather(*self._asking, return_exceptions=True)

    def due_at(self, held: Installation) -> int | None:
        """When to ask for its next tokens; None for never."""
        if held.tokens is None or held.refused or held.tokens.due_at is None:
            return None
        return max(held.tokens.due_at, self._not_before(held.team), self._not_before(_APP))

    async def attempt(self, held: Installation) -> Installation | None:
        """The installation as it is after asking; None where that failed, which is logged and put off.

        What the operator must mend is asked for no workspace before its time, whoever needs the tokens.
        """
        if self._now() < self._not_before(_APP):
            return None
        try:
            present = await self.renew(held)
        except Exception as error:
            blamed = _APP if isinstance(error, Refused) and error.error in OPERATOR else held.team
            wait = min(max(self._failed.get(blamed, (0, 0))[1] * 2, _BACKOFF[0]), _BACKOFF[1])
            self._failed[blamed] = self._now() + wait, wait
            words = (
                str(error)
                if isinstance(error, Refused | DeliveryError)
                else f"{type(error).__name__}: {error}"
            )
            log.error("slack_tokens_not_renewed", workspace=held.team, error=words, again_in=wait / 1_000)
            return None
        self._failed.pop(held.team, None)
        self._failed.pop(_APP, None)
        return present

    def _not_before(self, key: str) -> int:
        return self._failed.get(key, (0, 0))[0]

    async def renew(self, held: Installation) -> Installation | None:
        """The installation as it is afterwards: renewed, ``refused``, or as somebody else has changed it.

        None if there is none any more. Raises DeliveryError where Slack gave no answer to go by, Refused for
        what the operator must mend, and as the storage does; all of these may be tried again.
        """
        # goes on when the caller gives up: Slack's answer is not to be had twice
        task = asyncio.create_task(self._renew(held), name=f"slack tokens {held.team}")
        self._asking.add(task)
        task.add_done_callback(self._asked)
        return await asyncio.shield(task)

    def _asked(self, task: asyncio.Task[Installation | None]) -> None:
        self._asking.discard(task)
        if not task.cancelled():
            task.exception()  # a caller who is still there gets it

    async def _renew(self, held: Installation) -> Installation | None:
        async with self._locks[held.team]:
            while not await self._installs.claim(held.team):
                present = await self._installs.get(held.team)
                if present is None or present.version != held.version:
                    return present
                await asyncio.sleep(PAUSE)
            try:
                present = await self._installs.get(held.team)
                if present is None or present.version != held.version or present.tokens is None:
                    return present
                return await self._ask(present, present.tokens)
            finally:
                await self._installs.release(held.team)

    async def _ask(self, present: Installation, tokens: Tokens) -> Installation | None:
        try:
            fresh = await self._oauth.refresh(tokens)
        except Refused as refused:
            if refused.error in OPERATOR:
                raise
            noted = await self._installs.refuse(present, refused.error)
        else:
            # Slack takes the former refresh token no more, so from here on only these will do
            self._use(replace(present, tokens=fresh))
            noted = await self._stored(present, fresh)
        return noted or await self._installs.get(present.team)

    async def _stored(self, present: Installation, fresh: Tokens) -> Installation | None:
        wait, replaced = 0.5, present.tokens
        while True:
            try:
                stored = await self._installs.renew(present, fresh)
                newer = stored or await self._installs.get(present.team)
                if stored is not None or newer is None or newer.tokens != replaced:
                    return newer
                present = newer  # only marked, by somebody who asked with the spent token
            except Exception as error:
                log.error(
                    "slack_tokens_not_stored",
                    workspace=present.team,
                    error=f"{type(error).__name__}: {error}",
                    again_in=wait,
                )
                await asyncio.sleep(wait)
                wait = min(wait * 2, 30.0)
