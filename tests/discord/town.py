"""A Discord server with Ada and Mina in it, and the platform connected to it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from bot.model.content import Catalog, CommandSpec
from bot.model.events import CommandUsed, SpaceSeen
from bot.model.ids import Channel, Member, Space
from bot.model.roles import Role
from bot.platforms.discord.adapter import DiscordPlatform
from tests.contracts.platform_contract import Recorder, Shown
from tests.fakes.discord import FakeDiscord, Message, Person

CATALOG = Catalog(
    (CommandSpec(("ping",), "Answers.", (), Role.MEMBER, "test"),),
    events=frozenset({"MessagePosted", "MessageRemoved", "ReactionAdded", "ReactionRemoved"}),
)


def read(markdown: str) -> str:
    """Discord's Markdown as it is shown: escapes and marks taken away."""
    return re.sub(r"\\([^A-Za-z0-9\s])|\*\*|^### |^-# ", lambda found: found[1] or "", markdown, flags=re.M)


def shown(message: Message) -> Shown:
    return Shown(str(message.id), read(message.text), tuple(message.labels))


class Town:
    """The platform contract's stage, with the fake's own things beside it."""

    def __init__(self, fake: FakeDiscord, catalog: Catalog = CATALOG, **options: Any) -> None:
        self.fake = fake
        self.guild = fake.guild("Workshop", system_channel="hall")
        self.place = self.guild.channel("other")
        self.people: dict[str, Person] = {name: self.guild.join(name) for name in ("Ada", "Mina")}
        self._before: list[DiscordPlatform] = []
        self.platform = self._platform(**options)
        self.catalog = catalog
        self.sink = Recorder()
        self.space = Space("discord", str(self.guild.id))
        self.channel = Channel(self.space.key, str(self.place.id), "other")
        self.ada = self.member(self.people["Ada"])
        self.mina = self.member(self.people["Mina"])
        self.running: asyncio.Task[None] | None = None

    def _platform(self, *, own_gateway: bool = True, **options: Any) -> DiscordPlatform:
        fake = self.fake
        gateway = fake.gateway_url if own_gateway else None
        return DiscordPlatform(fake.token, api=fake.api_url, gateway=gateway, first_retry=0.01, **options)

    def forget(self, **options: Any) -> None:
        """Go on with a platform that remembers nothing, as after a restart."""
        self._before.append(self.platform)
        self.platform = self._platform(**options)

    def member(self, person: Person) -> Member:
        return Member(self.space.key, str(person.id), person.name)

    async def start(self) -> None:
        self.running = asyncio.create_task(self.platform.run(self.sink, self.catalog))
        seen = asyncio.create_task(self.sink.wait(SpaceSeen))
        await asyncio.wait((self.running, seen), return_when=asyncio.FIRST_COMPLETED)
        if self.running.done():
            seen.cancel()
            self.running.result()
        await seen

    async def stop(self) -> None:
        if self.running is not None:
            self.running.cancel()
            await asyncio.gather(self.running, return_exceptions=True)
            self.running = None
        for platform in (*self._before, self.platform):
            await platform.close()

    async def seen_in(self, channel: Channel, by: Member) -> list[Shown]:
        place = self.guild.channels.get(int(channel.id))
        if place is None:
            return []
        person = self._person(by)
        threads = [thread for thread in self.guild.threads.values() if thread.parent is place]
        return [shown(message) for where in (place, *threads) for message in person.sees(where)]

    async def seen_direct(self, by: Member) -> list[Shown]:
        return [shown(message) for message in self._person(by).dm.messages]

    async def say(self, who: Member, text: str) -> None:
        await self._person(who).say(self.place, text)

    async def join(self, name: str) -> None:
        self.guild.join(name)

    async def token(self, who: Member) -> str:
        await self._person(who).slash("ping", channel=self.place)
        return (await self.sink.wait(CommandUsed)).token

    def _person(self, member: Member) -> Person:
        return next(person for person in self.people.values() if str(person.id) == member.id)


@asynccontextmanager
async def town(catalog: Catalog = CATALOG, **options: Any) -> AsyncIterator[Town]:
    """A town whose bot is connected."""
    async with FakeDiscord() as fake:
        made = Town(fake, catalog, **options)
        await made.start()
        try:
            yield made
        finally:
            await made.stop()
