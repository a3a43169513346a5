"""Behind a proxy that the environment names, everything goes through it: calls, uploads and the sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from urllib.parse import urlsplit

import pytest

from bot.model.content import Card, Image
from bot.model.events import MessagePosted
from bot.model.outgoing import InChannel, Post
from bot.platforms.base import RetryLater, Unsure
from bot.platforms.slack.api import Api
from bot.platforms.slack.client import Client
from tests.fakes.slack import Drop, FakeSlack
from tests.slack.stage import SlackStage


class Proxy:
    """Passes on what it is sent to the one server behind it, and remembers what was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.behind = 0
        self.port = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self.behind)
        back = asyncio.create_task(self._pass(to_reader, writer))
        self._tasks.add(back)
        await self._pass(reader, to_writer, note=True)
        await back

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, note: bool = False
    ) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65_536):
                line = data.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
                if note and len(line) == 3 and line[2].startswith("HTTP/"):
                    self.asked.append(line[1])
                writer.write(data)
                await writer.drain()
        writer.close()


@pytest.fixture
async def proxy(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Proxy]:
    made = Proxy()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    for name in ("HTTPS_PROXY", "https_proxy", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{made.port}")
    yield made
    server.close()
    await server.wait_closed()


async def test_calls_uploads_and_sockets_go_through_it(proxy: Proxy) -> None:
    async with FakeSlack() as slack:
        proxy.behind = urlsplit(slack.url).port or 0
        stage = SlackStage(slack)
        await stage.start()
        try:
            await stage.say(stage.ada, "by the socket")
            await stage.sink.wait(MessagePosted)
            card = Card("A picture", image=Image(b"\x89PNG", "image/png", alt="Dots"))
            await stage.platform.deliver(Post("k1", InChannel(stage.channel), card))
        finally:
            await stage.stop()
    paths = {urlsplit(url).path.strip("/") for url in proxy.asked}
    assert {"api/auth.test", "api/apps.connections.open", "api/chat.postMessage", "link"} <= paths
    assert any(path.startswith("upload") for path in paths), paths
    assert all(url.startswith(("http://", "ws://")) for url in proxy.asked)


async def test_what_is_lost_behind_it_is_unsure_and_what_never_reached_it_is_not(proxy: Proxy) -> None:
    async with FakeSlack() as slack:
        proxy.behind = urlsplit(slack.url).port or 0
        async with Api(slack.base_url) as api:
            workspace = slack.workspace("Workshop")
            client = Client(workspace.bot_token, api)
            assert (await client.call("auth.test"))["team_id"] == workspace.id
            slack.faults.add(Drop(), "auth.test")
            with pytest.raises(Unsure):
                await client.call("auth.test")
            api.proxy = "http://127.0.0.1:1"
            with pytest.raises(RetryLater) as raised:
                await client.call("auth.test")
            assert raised.value.everywhere
