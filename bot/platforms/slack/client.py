"""One call of Slack's Web API for one token, and what its failure means for what was asked."""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlencode

import aiohttp

from bot.platforms import quick_json
from bot.platforms.base import DeliveryError, RetryLater, Unsure
from bot.platforms.slack.api import TIMEOUT, Api
from bot.platforms.wire import Answer

PAGE: Final = 200
LONGEST: Final = 3_600.0
"""Seconds that are waited at most, whatever an answer asks for."""
_JSON: Final = frozenset({"chat", "views", "conversations.open", "conversations.join", "reactions"})
_RATE: Final = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
_NOBODY_KNOWS: Final = frozenset({"internal_error", "fatal_error", "request_timeout"})
_LATER: Final = frozenset({"service_unavailable", "team_added_to_org"})
DEAD: Final = frozenset(
    {"token_revoked", "account_inactive", "invalid_auth", "team_disabled", "user_removed_from_team"}
)
"""Refusals after which a token never works again."""
TOKEN: Final = DEAD | {"token_expired"}
"""Refusals of the token itself, whatever was asked for."""


class Refused(Exception):
    """Slack said no; nothing happened. ``error`` is its own word for why."""

    def __init__(self, error: str, detail: str = "") -> None:
        super().__init__(f"{error}{f' ({detail})' if detail else ''}")
        self.error = error
        self.detail = detail


class Client:
    """The Web API for one token. Nothing is tried twice here: the outbox decides about that.

    Every method raises Refused, RetryLater (nothing happened) or Unsure (nobody knows).
    """

    def __init__(self, token: str, api: Api, *, authorization: str = "") -> None:
        self.api = api
        self.scopes: frozenset[str] | None = None
        """What the token was granted, as told with the latest auth.test; None if it said nothing of it."""
        self.skew = 0.0
        """Seconds by which this machine's clock is ahead of Slack's."""
        self.mend: Callable[[str, str], Awaitable[bool]] | None = None
        """Told of a token and of Slack's word against it: whether there is another now to repeat with."""
        self._token = token
        self._authorization = authorization or f"Bearer {token}"

    def use(self, token: str) -> None:
        """Go on with another token."""
        self._token = token
        self._authorization = f"Bearer {token}"

    async def call(self, method: str, **arguments: Any) -> dict[str, Any]:
        """Call a method with what it takes; None is left out."""
        token = self._token
        try:
            return await self._call(method, arguments)
        except Refused as refused:
            if self.mend is None or refused.error not in TOKEN or not await self.mend(token, refused.error):
                raise
        return await self._call(method, arguments)

    async def _call(self, method: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        given = {name: value for name, value in arguments.items() if value is not None}
        if method in _JSON or method.partition(".")[0] in _JSON:
            kind, body = "application/json; charset=utf-8", quick_json.dumps(given)
        else:
            kind, body = "application/x-www-form-urlencoded", urlencode(given).encode()
        headers = {"Authorization": self._authorization, "Content-Type": kind}
        answer = await self.api.post(method, headers, body)
        told = _object(answer.body)
        if answer.status != 200 or told.get("ok") is not True:
            raise _failure(method, answer, told)
        if method == "auth.test":
            self._learn(answer.headers)
        return told

    def _learn(self, headers: Mapping[str, str]) -> None:
        granted = headers.get("x-oauth-scopes")
        if granted is not None:
            self.scopes = frozenset(filter(None, (scope.strip() for scope in granted.split(","))))
        with suppress(ValueError):  # a proxy may write dates in its own way
            self.skew = time.time() - parsedate_to_datetime(headers.get("date", "")).timestamp()

    async def post_to(self, url: str, body: Mapping[str, Any]) -> None:
        """Post to a response_url."""
        try:
            async with self.api.session.post(
                url, json=body, proxy=self.api.proxy, timeout=TIMEOUT, allow_redirects=False
            ) as answer:
                status, text = answer.status, (await answer.read())[:200].decode(errors="replace")
                wait = answer.headers.get("Retry-After", "")
        except aiohttp.ClientConnectorError as error:
            raise RetryLater(f"unreachable: {type(error).__name__}", 5.0) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unsure(f"no-answer: {type(error).__name__}") from error
        if status == 429:
            raise RetryLater("rate-limited: response_url", _wait(wait))
        if status >= 500:
            raise Unsure(f"http-{status}: response_url")
        if status >= 300 or '"ok":false' in text.replace(" ", ""):
            raise Refused(str(_object(text).get("error") or "response_url_refused"), f"http {status}")


def _failure(method: str, answer: Answer, told: Mapping[str, Any]) -> Refused | DeliveryError:
    """What Slack's refusal means. ``told``: its answer, empty where that was no JSON object."""
    status, word = answer.status, str(told.get("error") or "")
    if status == 429 or word in _RATE:
        return RetryLater(f"rate-limited: {method}", _wait(answer.headers.get("retry-after", "")))
    if not word or status >= 500 or word in _NOBODY_KNOWS:
        return Unsure(f"http-{status}: {method} {word}".rstrip())
    if word in _LATER:
        return RetryLater(f"{word}: {method}", 30.0, everywhere=True)
    messages = (told.get("response_metadata") or {}).get("messages") or ()
    return Refused(word, str(told.get("needed") or "; ".join(map(str, messages[:3]))))


def _object(text: str | bytes) -> dict[str, Any]:
    """A JSON object, or an empty one where the text is none."""
    try:
        told = quick_json.loads(text)
    except (RecursionError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def _wait(text: str) -> float:
    """Seconds by a Retry-After header, a number or a date; the least where it says nothing to go by."""
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(text).timestamp() - time.time()
        except ValueError:
            return 1.0
    return min(max(seconds, 1.0), LONGEST) if math.isfinite(seconds) else 1.0
