"""Slack's Web API at its address, and the connections to it that everything of Slack's shares."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from types import TracebackType
from typing import Final, Self

import aiohttp
from slack_sdk.proxy_env_variable_loader import load_http_proxy_from_env

from bot.platforms.base import RetryLater, Unsure
from bot.platforms.wire import PATIENCE, Answer, NoAnswer, NotSent, Wire

TIMEOUT: Final = aiohttp.ClientTimeout(total=PATIENCE)
_UNREACHABLE_FOR: Final = 5.0


class Api:
    """Slack's Web API at ``url``. To be entered, as it holds connections.

    Methods are called over a wire of ours, which knows no proxies. What else there is to ask of Slack, and
    all of it where the environment names a proxy, goes through ``session``.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.proxy = load_http_proxy_from_env(quiet_logger())
        """The proxy that the environment names, as slack_sdk understands it."""
        self._wire = Wire(self.url, {"User-Agent": "Kith"})

    async def __aenter__(self) -> Self:
        self.session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=32))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.session.close()
        await self._wire.close()

    async def post(self, method: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Slack's answer, whatever it is. Raises RetryLater (nothing has left) or Unsure (nobody knows)."""
        try:
            if self.proxy is None:
                return await self._wire.ask("POST", f"/{method}", headers, body)
            return await self._by_proxy(f"{self.url}/{method}", headers, body)
        except NotSent as error:
            raise RetryLater(f"unreachable: {error}", _UNREACHABLE_FOR, everywhere=True) from error
        except NoAnswer as error:
            raise Unsure(f"no-answer: {error}") from error

    async def _by_proxy(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        try:
            async with self.session.post(
                url, data=body, headers=headers, proxy=self.proxy, timeout=TIMEOUT, allow_redirects=False
            ) as answer:
                named = {name.lower(): value for name, value in answer.headers.items()}
                return Answer(answer.status, named, await answer.read())
        except aiohttp.ClientConnectorError as error:
            raise NotSent(type(error).__name__) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise NoAnswer(type(error).__name__) from error


def quiet_logger() -> logging.Logger:
    """A logger for slack-bolt and slack_sdk that never writes what a request holds, as they do at DEBUG."""
    logger = logging.getLogger("bot.platforms.slack.sdk")
    logger.setLevel(logging.WARNING)
    return logger
