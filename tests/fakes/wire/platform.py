"""The adapter to the wire server: a real `Platform` over HTTP, with windows scaled down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import aiohttp

from bot.model.content import Catalog, Content
from bot.model.ids import Channel, Member, MessageRef, Space
from bot.model.limits import Limits
from bot.model.outgoing import Answer, Delete, Direct, Edit, InChannel, Outgoing, Post, React, Receipt
from bot.model.text import Plain, Span, T, plain_text
from bot.platforms.base import Gone, RetryLater, Sink, SpaceInfo, Unsure

SIZES: dict[str, int] = {
    "text": 2_000,
    "card_text": 4_000,
    "title": 250,
    "block": 2_000,
    "sections": 10,
    "controls": 25,
    "row": 5,
    "button_label": 80,
    "action": 100,
    "options": 25,
    "option_label": 100,
    "form_fields": 5,
    "form_title": 45,
    "field_label": 45,
    "field_text": 4_000,
    "image_bytes": 1_000_000,
    "alt": 1_000,
}


def limits(**changed: Any) -> Limits:
    """The wire's limits, with windows of milliseconds where platforms have minutes."""
    return Limits(**{**SIZES, "find_delay": 30, **changed})


def text_of(content: Content) -> str:
    return plain_text(content if isinstance(content, str | T) else content.title)


class WirePlatform:
    """Speaks to a wire server. Closed by `close`."""

    name = "wire"

    def __init__(self, url: str, limits: Limits) -> None:
        self._url = url
        self._limits = limits
        self._session: aiohttp.ClientSession | None = None

    @property
    def limits(self) -> Limits:
        return self._limits

    def measure(self, span: Span) -> int:
        return len(span.text) if isinstance(span, Plain) else len(plain_text(T("{x}", x=span)))

    async def run(self, sink: Sink, catalog: Catalog) -> None:
        await asyncio.Event().wait()

    async def members(self, space: Space) -> AsyncIterator[Member]:
        for ident in range(3):
            yield Member(space.key, str(ident))

    async def about(self, space: Space) -> SpaceInfo:
        return SpaceInfo(space)

    async def deliver(self, out: Outgoing) -> Receipt:
        body = {"key": out.key, "lane": out.to.lane, **_act(out)}
        answer = await self._ask("POST", "/messages", json=body)
        if answer is None:
            if isinstance(out, Delete):
                return Receipt()
            raise Gone("unknown-message: it is not there any more")
        return _receipt(out, str(answer["id"]))

    async def find(self, out: Outgoing, since: int) -> Receipt | None:
        answer = await self._ask("GET", "/history", params={"lane": out.to.lane, "since": str(since)})
        found = [each["id"] for each in _messages(answer) if each["key"] == out.key]
        return _receipt(out, found[0]) if found else None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _ask(self, method: str, path: str, **more: Any) -> dict[str, Any] | None:
        if self._session is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        try:
            async with self._session.request(method, self._url + path, **more) as response:
                if response.status == 429:
                    scope = response.headers.get("X-Scope", "lane")
                    after = float(response.headers["Retry-After"])
                    raise RetryLater("rate-limited", after, everywhere=scope == "all")
                if response.status == 404:
                    return None
                if response.status >= 500:
                    raise Unsure(f"http-{response.status}")
                if response.status >= 400:
                    raise Gone(f"http-{response.status}")
                answer: dict[str, Any] = await response.json()
                return answer
        except aiohttp.ClientConnectorError as error:
            raise RetryLater("unreachable", 0.05) from error
        except aiohttp.ClientError as error:
            raise Unsure(f"connection: {type(error).__name__}") from error


def _messages(answer: dict[str, Any] | None) -> Sequence[dict[str, str]]:
    return answer["messages"] if answer is not None else ()


def _act(out: Outgoing) -> dict[str, str | None]:
    match out:
        case Post(content=content, to=Answer()) | Edit(content=content, to=Answer()):
            return {"verb": "answer", "text": text_of(content)}
        case Post(content=content):
            return {"verb": "post", "text": text_of(content)}
        case Edit(content=content, target=target):
            return {"verb": "edit", "text": text_of(content), "target": target.id if target else None}
        case Delete(target=target):
            return {"verb": "delete", "target": target.id if target else None}
        case React(emoji=emoji, target=target):
            return {"verb": "react", "text": emoji, "target": target.id}


def _receipt(out: Outgoing, ident: str) -> Receipt:
    match out.to:
        case InChannel(channel=channel, thread=thread):
            return Receipt(MessageRef(channel, ident, thread))
        case Direct(member=member):
            return Receipt(MessageRef(Channel(member.space, f"dm-{member.id}"), ident))
        case _:
            return Receipt()
