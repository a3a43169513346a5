"""All of Kith at home in a fake Slack workspace: real storage, real cogs, real connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from bot.clock import SystemClock
from bot.core import Core
from bot.model.ids import Space
from bot.outbox import Timing
from bot.platforms.slack.adapter import SlackPlatform
from bot.testing import BUILT_IN
from bot.testing.serving import serving
from tests.fakes.slack import Answer, FakeSlack, Message, Person
from tests.slack.stage import options


class Home:
    """One workspace called Workshop with Robin, who leads it, Ada and Mina; Kith can be started again."""

    def __init__(self, slack: FakeSlack, path: Path, defaults: Mapping[str, Any], **more: Any) -> None:
        self.slack = slack
        self.workspace = slack.workspace("Workshop")
        self.robin: Person = self.workspace.member("Robin", admin=True)
        self.ada: Person = self.workspace.member("Ada")
        self.mina: Person = self.workspace.member("Mina")
        everybody = (self.robin, self.ada, self.mina)
        self.hall = self.workspace.channel("hall", *everybody)
        self.wall = self.workspace.channel("wall", *everybody)
        own = {"welcome": {"channel": self.hall.id}, "kindness": {"wall": self.wall.id}}
        self._defaults = {
            name: own.get(name, {}) | dict(defaults.get(name, {})) for name in {*own, *defaults}
        }
        self._path = path
        self._more = more
        self._stack = AsyncExitStack()
        self.core: Core | None = None
        self.platform: SlackPlatform | None = None

    async def start(self) -> None:
        """Start Kith and wait until it has looked around."""
        self.platform = SlackPlatform(options(self.slack, self.workspace, **self._more))
        kith = serving(
            self.platform,
            Space("slack", self.workspace.id),
            self._path,
            SystemClock(),
            cogs=BUILT_IN,
            settings=self._defaults,
            zone="Europe/Berlin",
            timing=Timing(backoff=5, backoff_most=40, poll=20, attempt=2_000),
        )
        self.core = await self._stack.enter_async_context(kith)
        async with asyncio.timeout(10):
            await self.platform.connected()

    async def stop(self) -> None:
        await self._stack.aclose()
        self._stack = AsyncExitStack()

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    async def open(self) -> None:
        """The admin presses Go."""
        setup = await self.kith(self.robin, "admin setup")
        await self.robin.click(await setup.message(), "Go")
        await self.robin.sees("From now on I greet")

    async def kith(self, who: Person, *words: Any) -> Answer:
        """Somebody types `/kith …` in the hall."""
        return await who.command(self.hall, "/kith", *words)

    async def settled(self) -> None:
        """Until all that was told is taken, and nothing waits to be sent."""
        assert self.core is not None
        await self.slack.quiet()
        assert self.platform is not None
        async with asyncio.timeout(10):
            await self.platform.caught_up()
            await self.core.outbox.idle()


@asynccontextmanager
async def home(
    path: Path, *, is_open: bool = True, defaults: Mapping[str, Any] | None = None, **more: Any
) -> AsyncIterator[Home]:
    fake = {name: more.pop(name) for name in ("manifest", "rate_limits") if name in more}
    async with FakeSlack(**fake) as slack:
        made = Home(slack, path, defaults or {}, **more)
        await made.start()
        try:
            if is_open:
                await made.open()
            yield made
        finally:
            await made.stop()
        assert slack.complaints == []


__all__ = ["Home", "Message", "home"]
