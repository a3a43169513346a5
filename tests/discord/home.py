"""All of Kith at home on a fake Discord server: real storage, real cogs, real connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from bot.clock import Clock, SystemClock
from bot.core import Core
from bot.model.ids import Space
from bot.platforms.discord.adapter import DiscordPlatform
from bot.testing import BUILT_IN
from bot.testing.serving import serving
from storage.port import Tx
from storage.repos import members
from tests.fakes.discord import FakeDiscord, Guild, Message, P, Person


class Home:
    """One server called Workshop with an admin, Ada and Mina; Kith can be stopped and started again."""

    def __init__(
        self,
        fake: FakeDiscord,
        path: Path,
        *,
        cogs: Sequence[str] = BUILT_IN,
        clock: Clock | None = None,
        database: str | None = None,
        **options: Any,
    ) -> None:
        self.fake = fake
        self.guild: Guild = fake.guild("Workshop", system_channel="hall")
        self.hall = self.guild.channel("hall")
        self.wall = self.guild.channel("wall")
        admins = self.guild.role("Admins", P.MANAGE_GUILD)
        self.admin: Person = self.guild.join("Robin", roles=(admins,))
        self.ada: Person = self.guild.join("Ada")
        self.mina: Person = self.guild.join("Mina")
        self._path = path
        self._cogs = cogs
        self._clock = clock or SystemClock()
        self._database = database
        self._options = options
        self._stack = AsyncExitStack()
        self.core: Core | None = None
        self.platform: DiscordPlatform | None = None

    async def start(self, *, looks: bool = True) -> None:
        """Start Kith and wait until it has looked around, where it may."""
        fake = self.fake
        self.platform = DiscordPlatform(
            fake.token, api=fake.api_url, gateway=fake.gateway_url, **self._options
        )
        self._stack.push_async_callback(self.platform.close)
        kith = serving(
            self.platform,
            Space("discord", str(self.guild.id)),
            self._path,
            self._clock,
            cogs=self._cogs,
            settings={},
            looks=looks,
            database=self._database,
            zone="Europe/Berlin",
        )
        self.core = await self._stack.enter_async_context(kith)
        await fake.ready()

    async def stop(self) -> None:
        await self._stack.aclose()
        self._stack = AsyncExitStack()

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    async def open(self) -> None:
        """The admin presses Go."""
        setup = await self.admin.slash("kith-admin setup")
        await setup.answered()
        assert setup.response is not None
        await (await self.admin.click(setup.response, "Go")).answered()

    async def joined(self, person: Person) -> None:
        """Until Kith knows that this person is here."""
        core = self.core
        assert core is not None
        key = f"discord:{self.guild.id}:{person.id}"
        async with asyncio.timeout(10):
            while await core.engine.read(lambda tx: members.get(tx, key)) is None:
                await asyncio.to_thread(lambda: None)

    async def told(self, where: str) -> None:
        """Until Kith knows this of the server, as a condition on its row."""
        core = self.core
        assert core is not None

        async def found(tx: Tx) -> bool:
            return await tx.one(f"SELECT 1 AS found FROM space WHERE {where}") is not None

        async with asyncio.timeout(10):
            while not await core.engine.read(found):
                await asyncio.to_thread(lambda: None)

    async def settled(self) -> None:
        """Until all that was told is taken, and nothing waits to be sent."""
        assert self.core is not None
        assert self.platform is not None
        async with asyncio.timeout(10):
            await self.fake.gateway.caught_up()
            await self.platform.caught_up()
            await self.core.outbox.idle()

    async def hears(self, text: str, within: float = 10.0) -> Message:
        """The first message in any channel with these words, once it is there."""

        def found() -> Message | None:
            channels = self.guild.channels.values()
            return next(
                (message for channel in channels for message in channel.messages if text in message.text),
                None,
            )

        message = await self.fake.until(found, within, f"{text!r} to be said")
        assert message is not None
        return message


@asynccontextmanager
async def home(path: Path, *, is_open: bool = True, **options: Any) -> AsyncIterator[Home]:
    async with FakeDiscord() as fake:
        made = Home(fake, path, **options)
        await made.start()
        try:
            if is_open:
                await made.open()
            yield made
        finally:
            await made.stop()
