"""Discord for the crash loop: how a life makes its adapter; the fake server's memory as a history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.model.content import Catalog
from bot.platforms.base import Sink
from bot.platforms.discord.adapter import DiscordPlatform
from bot.platforms.discord.limits import LIMITS
from tests.crash.checker import Seen
from tests.fakes.discord import FakeDiscord, Message


class ClosingPlatform(DiscordPlatform):
    """Lets go of its connections when its life ends well."""

    async def run(self, sink: Sink, catalog: Catalog) -> None:
        try:
            await super().run(sink, catalog)
        finally:
            await self.close()


def build(config: dict[str, Any]) -> ClosingPlatform:
    """Named in plans, called in lives."""
    return ClosingPlatform(
        config["token"],
        api=config["api"],
        gateway=config["gateway"],
        limits=LIMITS._replace(**config["limits"]),
    )


class DiscordHistory:
    """What the fake server remembers, what was deleted included."""

    def __init__(self, fake: FakeDiscord) -> None:
        self._fake = fake
        self._arrived: list[Seen] = []
        add = fake.world.posts.add

        def noting(*args: Any, **more: Any) -> Message:
            message = add(*args, **more)
            if message.author is fake.bot:
                self._arrived.append(_seen(message))
            return message

        fake.world.posts.add = noting  # type: ignore[method-assign]

    def arrived(self) -> Sequence[Seen]:
        return list(self._arrived)

    def standing(self) -> Sequence[Seen]:
        return [
            _seen(message)
            for channel in self._fake.world.channels.values()
            for message in channel.messages
            if message.author is self._fake.bot
        ]


def _seen(message: Message) -> Seen:
    guild = message.channel.guild
    assert guild is not None
    return Seen(f"channel:discord:{guild.id}:{message.channel.id}", message.text)
