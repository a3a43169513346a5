"""Kith for many workspaces of a fake Slack, by its configuration, and people who let it in with a browser."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from bot import app
from bot import slack as configured
from bot.clock import system_ms
from bot.config import Config, Kith, Slack, Web
from bot.keyring import new_key
from bot.platforms.slack.adapter import SlackPlatform
from bot.platforms.slack.installs import Installation
from bot.platforms.slack.tenants import Tenants
from storage.port import Row, Tx
from tests.fakes.slack import FakeSlack, Message, Person, Workspace

NAME: Final = "kith.test"
"""The name by which people know Kith, as if a proxy stood before it."""


class _Names(AbstractResolver):
    """Leads the public name to where Kith listens."""

    port = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        assert host == NAME
        return [
            ResolveResult(
                hostname=host, host="127.0.0.1", port=self.port, family=socket.AF_INET, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        return


class Clock:
    """Real time, from which a test can run ahead."""

    def __init__(self) -> None:
        self.ahead = 0

    def __call__(self) -> int:
        return system_ms() + self.ahead


class Browser:
    """Somebody's browser, with cookies of its own."""

    def __init__(self, names: _Names) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=names, use_dns_cache=False)
        )

    async def get(self, url: str) -> tuple[int, str, str]:
        """Status, text, and where it leads to."""
        async with self._session.get(url, allow_redirects=False) as answer:
            return answer.status, await answer.text(), answer.headers.get("Location", "")

    async def post(self, url: str, form: dict[str, str]) -> tuple[int, str, str]:
        async with self._session.post(url, data=form, allow_redirects=False) as answer:
            return answer.status, await answer.text(), answer.headers.get("Location", "")

    async def start(self) -> str:
        """Go from the first page to Slack's; its address."""
        status, text, _ = await self.get(f"http://{NAME}/slack/install")
        assert status == 200
        found = re.search(r'<a [^>]*href="(.+?)">Add to Slack</a>', text)
        assert found is not None, text
        status, _, to_slack = await self.get(f"http://{NAME}{found[1]}")
        assert status == 302
        return to_slack

    async def allow(self, to_slack: str, person: Person) -> str:
        """Press Allow on Slack's page; where that leads back to."""
        status, text, _ = await self.get(to_slack)
        assert (status, "is requesting permission" in text) == (200, True), text
        status, text, back = await self.post(to_slack, {"user": person.id, "allow": ""})
        assert status == 302, text
        return back

    async def install(self, person: Person) -> str:
        """Let Kith in; the words of the last page."""
        status, text, _ = await self.get(await self.allow(await self.start(), person))
        assert status == 200, text
        return text

    async def close(self) -> None:
        await self._session.close()


class Place:
    """A workspace with somebody who leads it, Ada, and a channel."""

    def __init__(self, slack: FakeSlack, name: str) -> None:
        self.slack = slack
        self.workspace: Workspace = slack.workspace(name, install=False)
        self.lead = self.workspace.member(f"Lead of {name}", admin=True)
        self.ada = self.workspace.member("Ada")
        self.hall = self.workspace.channel("hall", self.lead, self.ada, bot=False)

    @property
    def space(self) -> str:
        return f"slack:{self.workspace.id}"

    async def open(self) -> None:
        """Choose the channel for greetings, and press Go."""
        form = await (await self.lead.command(self.hall, "/kith", "admin settings welcome")).view()
        await self.lead.submit(form, {"Greeting channel": self.hall})
        setup = await (await self.lead.command(self.hall, "/kith", "admin setup")).message()
        await self.lead.click(setup, "Go")
        await self.lead.sees("From now on I greet")

    async def greets(self, name: str) -> Message:
        """Somebody joins, and is greeted."""
        newcomer = self.workspace.join(name)
        return await self.lead.sees(f"<@{newcomer.id}>", self.hall)


class Shared:
    """Kith and its Slack; Kith can be started again."""

    def __init__(self, slack: FakeSlack, path: Path, **more: Any) -> None:
        self.slack = slack
        self.path = path
        self.key = new_key()
        self.database: str | None = None
        self.more = more
        self.names = _Names()
        self.browsers: list[Browser] = []
        self.clock = Clock()
        self.running: app.Running | None = None
        self._stack = AsyncExitStack()

    def config(self) -> Config:
        return Config.model_validate(
            {
                "kith": {"data": str(self.path)} | ({"database": self.database} if self.database else {}),
                "web": {"port": 0, "public_url": f"http://{NAME}"},
                "slack": {
                    "signing_secret": self.slack.app.signing_secret,
                    "client_id": self.slack.app.client_id,
                    "client_secret": self.slack.app.client_secret,
                    "encryption_keys": self.key,
                    "api": f"{self.slack.url}/api",
                    "authorize": self.slack.authorize_url,
                    **self.more,
                },
                "home": self.path,
            },
            strict=False,
        )

    async def start(self) -> None:
        self.running = await self._stack.enter_async_context(app.running(self.config()))
        self.names.port = urlsplit(self.running.listening).port or 0
        self.slack.app.request_url = f"{self.running.listening}/slack/events"
        async with asyncio.timeout(10):
            await self.platform.connected()

    async def stop(self) -> None:
        await self._stack.aclose()
        self._stack, self.running = AsyncExitStack(), None

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    @property
    def platform(self) -> SlackPlatform:
        assert self.running is not None
        platform = self.running.core.platforms["slack"]
        assert isinstance(platform, SlackPlatform)
        return platform

    @property
    def tenants(self) -> Tenants:
        assert self.platform.tenants is not None
        return self.platform.tenants

    def held(self, place: Place) -> Installation:
        held = self.tenants.held(place.workspace.id)
        assert held is not None
        return held

    def browser(self) -> Browser:
        browser = Browser(self.names)
        self.browsers.append(browser)
        return browser

    async def place(self, name: str) -> Place:
        """A workspace that has installed Kith."""
        place = Place(self.slack, name)
        await self.install(place)
        return place

    async def install(self, place: Place) -> None:
        text = await self.browser().install(place.lead)
        assert f"Kith is in {place.workspace.name}" in text
        place.workspace.channel("hall", place.workspace.bot)
        await self.known(place)

    async def known(self, place: Place) -> None:
        """Until the host has looked around there."""
        await self.sees(
            lambda rows: bool(rows),
            "SELECT key FROM space WHERE key = :key AND baseline_at IS NOT NULL AND lost_at IS NULL",
            key=place.space,
        )

    async def rows(self, sql: str, **given: Any) -> list[Row]:
        assert self.running is not None
        return await self.running.core.engine.read(lambda tx: _all(tx, sql, given))

    async def row(self, place: Place) -> Row:
        (row,) = await self.rows("SELECT * FROM slack_install WHERE team = :team", team=place.workspace.id)
        return row

    async def sees(self, enough: Callable[[list[Row]], bool], sql: str, **given: Any) -> list[Row]:
        """What is stored, once there is enough of it."""
        async with asyncio.timeout(10):
            while not enough(found := await self.rows(sql, **given)):
                with suppress(AssertionError):
                    await self.slack.until(lambda: False, within=0.02)
            return found

    async def state(self, place: Place, wanted: str) -> None:
        """Until the installation is in that state."""
        await self.sees(
            lambda rows: [row["state"] for row in rows] == [wanted],
            "SELECT state FROM slack_install WHERE team = :team",
            team=place.workspace.id,
        )

    async def settled(self) -> None:
        assert self.running is not None
        await self.slack.quiet()
        async with asyncio.timeout(10):
            await self.running.core.outbox.idle()


async def _all(tx: Tx, sql: str, given: dict[str, Any]) -> list[Row]:
    return await tx.all(sql, given)


@asynccontextmanager
async def shared(path: Path, *, database: str | None = None, **more: Any) -> AsyncIterator[Shared]:
    """Kith for many workspaces, running; ``more`` is configured for Slack."""
    config = Config(
        kith=Kith(data=str(path)),
        web=Web(public_url=f"http://{NAME}"),
        slack=Slack(pkce=bool(more.get("pkce"))),
    )
    with pytest.MonkeyPatch.context() as patch:
        async with FakeSlack(configured.manifest(config, shared=True)) as slack:
            made = Shared(slack, path, **more)
            patch.setattr(configured, "system_ms", made.clock)
            made.database = database
            await made.start()
            try:
                yield made
            finally:
                await made.stop()
                for browser in made.browsers:
                    await browser.close()
            assert slack.complaints == []
