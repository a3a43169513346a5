"""Whatever Slack, or what stands before it, answers: it has one meaning, and nothing breaks Kith."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from email.utils import formatdate
from time import time

import pytest
from aiohttp import web

from bot.platforms.base import DeliveryError, RetryLater, Unsure
from bot.platforms.slack.api import Api
from bot.platforms.slack.client import LONGEST, Client, Refused

OK = b'{"ok": true, "team_id": "T1"}'


@asynccontextmanager
async def answering(
    body: bytes, status: int = 200, headers: Mapping[str, str] | None = None
) -> AsyncIterator[tuple[Client, str]]:
    """A client whose server always answers so, and the server's address."""

    async def answer(request: web.BaseRequest) -> web.Response:
        return web.Response(status=status, body=body, headers=headers)

    runner = web.ServerRunner(web.Server(answer), shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    try:
        async with Api(f"http://{host}:{port}/api") as api:
            yield Client("xoxb-1", api), f"http://{host}:{port}/actions/1"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("body", "status", "raises"),
    [
        (b"", 200, Unsure),
        (b"[]", 200, Unsure),
        (b"null", 200, Unsure),
        (b"\xff\xfe", 200, Unsure),
        (b"{}", 200, Unsure),
        (b'{"ok": "true"}', 200, Unsure),
        (b'{"ok": false}', 200, Unsure),
        (b'{"ok": false, "error": null}', 200, Unsure),
        (b'{"ok": false, "error": "unheard_of", "response_metadata": null}', 200, Refused),
        (b'{"ok": false, "error": "unheard_of", "warning": "x"}', 200, Refused),
        (b'{"ok": false, "error": "ratelimited"}', 200, RetryLater),
        (b'{"ok": false, "error": "fatal_error"}', 500, Unsure),
        (b'{"ok": true}', 500, Unsure),
        (b"<html>Service Unavailable</html>", 503, Unsure),
        (b"<html>Moved</html>", 302, Unsure),
        (b"<html>Forbidden</html>", 403, Unsure),
        (b"", 429, RetryLater),
    ],
)
async def test_what_an_odd_answer_means(body: bytes, status: int, raises: type[Exception]) -> None:
    async with answering(body, status) as (client, _):
        with pytest.raises(raises):
            await client.call("auth.test")


@pytest.mark.parametrize(
    ("told", "least", "most"),
    [
        ("30", 30, 30),
        ("0.5", 1, 1),
        ("-4", 1, 1),
        ("soon", 1, 1),
        ("", 1, 1),
        ("nan", 1, 1),
        ("inf", 1, 1),
        ("1e9", LONGEST, LONGEST),
    ],
)
async def test_how_long_to_wait_may_be_said_in_any_way(told: str, least: float, most: float) -> None:
    assert all(least <= wait <= most for wait in await waits(told))


async def test_how_long_to_wait_may_be_said_as_a_date() -> None:
    assert all(500 <= wait <= 1_000 for wait in await waits(formatdate(time() + 1_000, usegmt=True)))
    assert await waits(formatdate(time() - 1_000, usegmt=True)) == [1, 1]


async def waits(told: str) -> list[float]:
    """How long a method and a response_url wait after this answer."""
    found = []
    async with answering(b"", 429, {"Retry-After": told}) as (client, url):
        with pytest.raises(RetryLater) as raised:
            await client.call("chat.postMessage")
        found.append(raised.value.after)
        with pytest.raises(RetryLater) as raised:
            await client.post_to(url, {})
        found.append(raised.value.after)
    return found


@pytest.mark.parametrize("date", ["yesterday", "", "Thu, 99 Foo 2026 00:00:00 GMT"])
async def test_a_date_that_cannot_be_read_says_nothing_of_the_clock(date: str) -> None:
    async with answering(OK, headers={"Date": date}) as (client, _):
        assert (await client.call("auth.test"))["team_id"] == "T1"
        assert client.skew == 0.0


@pytest.mark.parametrize(
    ("headers", "scopes"),
    [
        ({}, None),
        ({"X-OAuth-Scopes": ""}, frozenset()),
        ({"X-OAuth-Scopes": "chat:write, commands,"}, frozenset({"chat:write", "commands"})),
    ],
)
async def test_scopes_that_are_not_told_are_not_missing(
    headers: Mapping[str, str], scopes: frozenset[str] | None
) -> None:
    async with answering(OK, headers=headers) as (client, _):
        await client.call("auth.test")
        assert client.scopes == scopes


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (b"\xff\xfe", 200, "text/plain; charset=utf-8"),
        (b"ok", 200, "text/plain; charset=unheard-of"),
        (b"", 204, "text/plain"),
    ],
)
async def test_what_a_response_url_says_is_no_matter_where_it_took_the_answer(
    body: bytes, status: int, kind: str
) -> None:
    async with answering(body, status, {"Content-Type": kind}) as (client, url):
        await client.post_to(url, {"text": "Hello"})


async def test_an_address_that_leads_nowhere_is_told() -> None:
    async with answering(b"", 302, {"Location": "http://127.0.0.1:1/"}) as (client, url):
        with pytest.raises(Refused):
            await client.post_to(url, {"text": "Hello"})
        for wrong in ("", "x", "//", "http://"):
            with pytest.raises((Refused, DeliveryError)):
                await client.post_to(wrong, {"text": "Hello"})
