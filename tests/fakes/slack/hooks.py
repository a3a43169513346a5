"""Signed HTTP delivery to the app's request URLs, and what forgers send."""

import asyncio
import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from bot.platforms.wire import NoAnswer, NotSent, Wire

from .delivery import ACK_SECONDS, Delivery, Outcome

if TYPE_CHECKING:
    from .server import FakeSlack

_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Reply:
    """What the app answered over HTTP."""

    status: int
    text: str
    headers: dict[str, str]

    def payload(self) -> Any:
        """The acknowledgement's payload: JSON, plain text as a command's answer, or None."""
        if not self.text:
            return None
        try:
            return json.loads(self.text)
        except ValueError:
            return {"text": self.text}


class Hooks:
    """Posts payloads over HTTP, as Slack does without Socket Mode.

    By the wire: what a general client takes would be counted as the time that a bot takes to acknowledge.
    """

    def __init__(self, slack: "FakeSlack") -> None:
        self._slack = slack
        self._wires: dict[str, Wire] = {}

    def signature(self, body: bytes, timestamp: str, secret: str | None = None) -> str:
        key = (secret or self._slack.app.signing_secret).encode()
        return "v0=" + hmac.new(key, b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256).hexdigest()

    def signed(
        self, body: bytes, content_type: str = _JSON, *, secret: str | None = None, age: float = 0
    ) -> dict[str, str]:
        """The headers that Slack sends with a body."""
        timestamp = str(int(time.time() - age))
        return {
            "Content-Type": content_type,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": self.signature(body, timestamp, secret),
        }

    async def post(
        self,
        url: str,
        body: bytes,
        content_type: str = _JSON,
        *,
        secret: str | None = None,
        age: float = 0,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """One signed request at the real time; `secret` forges, `age` (seconds) back-dates it."""
        signed = {**self.signed(body, content_type, secret=secret, age=age), **(headers or {})}
        parts = urlsplit(url)
        server = f"{parts.scheme}://{parts.netloc}"
        wire = self._wires.setdefault(server, Wire(server))
        answer = await wire.ask("POST", url.removeprefix(server), signed, body)
        return Reply(answer.status, answer.body.decode(), dict(answer.headers))

    @staticmethod
    def encode(kind: str, payload: dict[str, Any]) -> tuple[bytes, str]:
        """A payload as Slack puts it on the wire: JSON, or form fields for commands and interactions."""
        if kind == "events_api":
            return json.dumps(payload).encode(), _JSON
        if kind == "slash_commands":
            return urlencode(payload).encode(), _FORM
        return urlencode({"payload": json.dumps(payload)}).encode(), _FORM

    async def verify(self) -> Reply:
        """Do what saving a request URL does: url_verification. AssertionError if the challenge is not met."""
        challenge = hashlib.sha256(self._slack.app.id.encode()).hexdigest()
        payload = {
            "token": self._slack.app.verification_token,
            "challenge": challenge,
            "type": "url_verification",
        }
        url = self._slack.app.url_for("events_api")
        assert url is not None, "the app has no request URL"
        reply = await self.post(url, json.dumps(payload).encode())
        answer = reply.payload()
        found = answer.get("challenge", answer.get("text")) if isinstance(answer, dict) else None
        assert reply.status == 200, f"url_verification met {reply.status} {reply.text[:100]}"
        assert found == challenge, f"url_verification met {reply.text[:100]}"
        return reply

    async def attempt(self, delivery: Delivery, number: int, reason: str) -> Outcome:
        """Post once and wait for the answer, 3 s at most."""
        name = str(delivery.payload.get("command") or delivery.payload.get("type"))
        url = self._slack.app.url_for(delivery.kind, name)
        if url is None:
            return Outcome(False, reason="no_request_url", retry=False)
        headers = {"X-Slack-Retry-Num": str(number), "X-Slack-Retry-Reason": reason} if number else None
        body, content_type = self.encode(delivery.kind, delivery.payload)
        request = asyncio.ensure_future(self.post(url, body, content_type, headers=headers))
        late = self._slack.clock.call_later(ACK_SECONDS, request.cancel)
        try:
            await asyncio.wait({request})
            if request.cancelled():
                return Outcome(False, reason="http_timeout")
            return self._judge(request.result())
        except (NotSent, NoAnswer):
            return Outcome(False, reason="connection_failed")
        finally:
            request.cancel()
            late.cancel()

    @staticmethod
    def _judge(reply: Reply) -> Outcome:
        retry = reply.headers.get("x-slack-no-retry") != "1"
        if 200 <= reply.status < 300:
            return Outcome(True, reply.payload())
        if reply.status in (301, 302):
            return Outcome(False, reply, "too_many_redirects", retry)
        return Outcome(False, reply, "http_error", retry)

    async def close(self) -> None:
        for wire in self._wires.values():
            await wire.close()
