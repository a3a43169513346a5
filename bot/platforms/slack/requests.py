"""What Slack asks over HTTP: read within bounds, checked by Bolt, answered."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.signature import SignatureVerifier

from bot.platforms import quick_json
from bot.platforms.slack.skew import Skew, is_readable

BODY_MOST: Final = 2**20
"""Bytes of a request; a view alone may have 250 kB."""


class Requests:
    """Answers requests for one app. ``is_echo`` tells of an event's payload whether it means nothing."""

    def __init__(
        self, bolt: AsyncApp, signing_secret: str, is_echo: Callable[[Mapping[str, Any]], bool]
    ) -> None:
        self._bolt = bolt
        self._is_echo = is_echo
        self._verifier = SignatureVerifier(signing_secret)
        self._skew = Skew(signing_secret)

    async def answer(self, request: web.Request) -> web.Response:
        """Bolt checks the signature, over the raw body, and its age."""
        body = bytearray()
        try:
            while chunk := await request.content.readany():
                body += chunk
                if len(body) > BODY_MOST:
                    return web.Response(status=413, text="That is larger than anything that Slack sends.")
        except (ConnectionError, web.RequestPayloadError):
            request.content.feed_eof()  # or aiohttp would read on, and tell the same at length
            broken = web.Response(status=400, text="This ended before it was whole, or can't be unpacked.")
            broken.force_close()
            return broken
        try:
            text = body.decode()
        except UnicodeDecodeError:
            return web.Response(status=400, text="This is not UTF-8.")
        if not is_readable(request.headers):
            return web.Response(status=401, text="Slack did not sign this.")
        answer = web.Response() if self._is_idle(text, request.headers) else await self._asked(text, request)
        self._skew.answered(answer.status, text, request.headers, time.time())
        return answer

    async def _asked(self, text: str, request: web.Request) -> web.Response:
        try:
            asked = AsyncBoltRequest(body=text, query=request.query_string, headers=dict(request.headers))
        except Exception:  # Bolt reads a body before it looks who signed it, and breaks on much
            return web.Response(status=400, text="That is nothing that Slack sends.")
        answer = await self._bolt.async_dispatch(asked)
        return await to_aiohttp_response(answer) if answer.body else web.Response(status=answer.status)

    def _is_idle(self, text: str, headers: Mapping[str, str]) -> bool:
        """Whether it needs only to be acknowledged: half of all events tell of what Kith itself has said."""
        stamp, signature = headers.get("X-Slack-Request-Timestamp"), headers.get("X-Slack-Signature")
        if '"bot_id"' not in text or not self._verifier.is_valid(text, stamp, signature):
            return False
        try:
            body = quick_json.loads(text)
        except (RecursionError, ValueError):
            return False
        return isinstance(body, dict) and self._is_echo(body)
