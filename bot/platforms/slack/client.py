"""One call of Slack's Web API over the one session, and what its failure means for what was asked."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Final

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.platforms.base import DeliveryError, RetryLater, Unsure

TIMEOUT: Final = 20
PAGE: Final = 200
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

    def __init__(self, token: str, api: str, session: aiohttp.ClientSession) -> None:
        self.api = api
        self.session = session
        self.sdk = AsyncWebClient(
            token=token,
            base_url=f"{api.rstrip('/')}/",
            timeout=TIMEOUT,
            session=session,
            retry_handlers=[],
            logger=quiet_logger(),
        )
        self.scopes: frozenset[str] = frozenset()
        """What the token was granted, as told with the latest auth.test."""
        self.skew = 0.0
        """Seconds by which this machine's clock is ahead of Slack's."""
        self.mend: Callable[[str, str], Awaitable[bool]] | None = None
        """Told of a token and of Slack's word against it: whether there is another now to repeat with."""

    def use(self, token: str) -> None:
        """Go on with another token."""
        self.sdk.token = token

    async def call(self, method: str, **arguments: Any) -> dict[str, Any]:
        """Call a method with what it takes; None is left out."""
        token = self.sdk.token or ""
        try:
            return await self._call(method, arguments)
        except Refused as refused:
            if self.mend is None or refused.error not in TOKEN or not await self.mend(token, refused.error):
                raise
        return await self._call(method, arguments)

    async def _call(self, method: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        given = {name: value for name, value in arguments.items() if value is not None}
        as_json = method in _JSON or method.partition(".")[0] in _JSON
        try:
            if as_json:
                response = await self.sdk.api_call(method, json=given)
            else:
                response = await self.sdk.api_call(method, data=given)
        except SlackApiError as error:
            raise failure(method, error) from None
        except aiohttp.ClientConnectorError as error:
            raise RetryLater(f"unreachable: {type(error).__name__}", 5.0, everywhere=True) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unsure(f"no-answer: {type(error).__name__}") from error
        if method == "auth.test":
            self._learn(response.headers)
        data = response.data
        if not isinstance(data, dict):
            raise Unsure("no-answer: not JSON")
        return data

    def _learn(self, headers: Mapping[str, str]) -> None:
        if granted := headers.get("X-OAuth-Scopes"):
            self.scopes = frozenset(scope.strip() for scope in granted.split(","))
        if told := headers.get("Date"):
            self.skew = time.time() - parsedate_to_datetime(told).timestamp()

    async def pages(self, method: str, key: str, **arguments: Any) -> AsyncIterator[dict[str, Any]]:
        """Every item of a list, page by page."""
        cursor: str | None = None
        while True:
            page = await self.call(method, cursor=cursor, limit=PAGE, **arguments)
            for item in page[key]:
                yield item
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or None
            if cursor is None:
                return

    async def post_to(self, url: str, body: Mapping[str, Any]) -> None:
        """Post to a response_url."""
        timeout = aiohttp.ClientTimeout(total=TIMEOUT)
        try:
            async with self.session.post(url, json=body, timeout=timeout, allow_redirects=False) as answer:
                status, text = answer.status, (await answer.text())[:200]
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
            raise Refused(_error_word(text) or "response_url_refused", f"http {status}")


def failure(method: str, error: SlackApiError) -> Refused | DeliveryError:
    """What Slack's refusal means."""
    response = error.response
    status: int = getattr(response, "status_code", 0) or getattr(response, "status", 0)
    data = getattr(response, "data", None)
    word = str(data.get("error", "")) if isinstance(data, Mapping) else ""
    if status == 429 or word in _RATE:
        headers: Mapping[str, str] = getattr(response, "headers", {})
        return RetryLater(f"rate-limited: {method}", _wait(headers.get("Retry-After", "")))
    if not word or status >= 500 or word in _NOBODY_KNOWS:
        return Unsure(f"http-{status}: {method} {word}".rstrip())
    if word in _LATER:
        return RetryLater(f"{word}: {method}", 30.0, everywhere=True)
    detail = ""
    if isinstance(data, Mapping):
        messages = (data.get("response_metadata") or {}).get("messages") or ()
        detail = str(data.get("needed") or "; ".join(map(str, messages[:3])))
    return Refused(word, detail)


def _error_word(text: str) -> str:
    try:
        return str(json.loads(text)["error"])
    except (ValueError, TypeError, KeyError):
        return ""


def _wait(text: str) -> float:
    try:
        return max(float(text), 1.0)
    except ValueError:
        return 1.0


def quiet_logger() -> logging.Logger:
    """A logger for slack_sdk that never writes what a request holds, as it does at DEBUG."""
    logger = logging.getLogger("bot.platforms.slack.sdk")
    logger.setLevel(logging.WARNING)
    return logger
