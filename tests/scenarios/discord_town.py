"""The town on Discord: Kith's real connection by discord.py, against the fake server."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.clock import TravelClock
from bot.core import Core
from bot.model.ids import Space
from bot.model.roles import Role
from bot.platforms.discord.adapter import DiscordPlatform
from bot.platforms.discord.limits import LIMITS
from bot.platforms.discord.permissions import ROLES
from bot.testing.heard import Heard
from bot.testing.serving import placed, serving
from bot.testing.town import BUILT_IN, CHANNELS, LONGEST, MONDAY, NAME, PEOPLE, USUAL, Town
from tests.discord.town import read
from tests.fakes.discord import FakeDiscord, Message
from tests.fakes.discord import Person as Account
from tests.fakes.discord.commands import SLASH, Command
from tests.fakes.discord.model import DM, LOADING
from tests.scenarios.discord_person import DiscordPerson, OpenForm

FAST = LIMITS._replace(per_second=2_000)
"""Discord's limits without its pace, which has tests of its own."""
_MEANT = re.compile(
    r"(?<!\\)(?:<(?:@(\d+)|@&(\d+)|#(\d+)|t:(\d+):\w|/([\w -]+):\d+)>|\[([^]\n]+)]\(<[^>]+>\)|`)"
)


class DiscordTowns:
    """The server called The Shed. Kith is started in it, stopped and started again; the server stays."""

    def __init__(self, fake: FakeDiscord, folder: Path) -> None:
        self.fake = fake
        self.folder = folder
        fake.bot.display_name = "Kith"
        fake.world.owner.display_name = PEOPLE[0][0]
        self.guild = fake.guild(NAME, system_channel=CHANNELS[0])
        self.channels = {name: self.guild.channel(name) for name in CHANNELS}
        self.roles = {
            f"{role.capitalize()}s": self.guild.role(f"{role.capitalize()}s", int(ROLES[role]))
            for role in (Role.MODERATOR, Role.CURATOR)
        }
        self.accounts: dict[str, Account] = {PEOPLE[0][0]: self.guild.person(self.guild.owner_id)}
        for name, roles in PEOPLE[1:]:
            held = tuple(self.roles[f"{role.capitalize()}s"] for role in roles)
            self.accounts[name] = self.guild.join(name, roles=held)
        self.forms: dict[int, OpenForm] = {}

    @asynccontextmanager
    async def __call__(
        self,
        *,
        cogs: Sequence[str] = BUILT_IN,
        settings: Mapping[str, Mapping[str, Any]] = USUAL,
        is_open: bool = True,
        clock: TravelClock | None = None,
        database: str | None = None,
    ) -> AsyncIterator[DiscordTown]:
        clock = clock or TravelClock(base=lambda: MONDAY)
        fake = self.fake
        platform = DiscordPlatform(
            fake.token, api=fake.api_url, gateway=fake.gateway_url, limits=FAST, first_retry=0.01
        )
        space = Space(platform.name, str(self.guild.id), NAME)
        here = placed(settings, lambda name: str(self.channels[name[1:]].id))
        try:
            async with serving(
                platform,
                space,
                self.folder,
                clock,
                cogs=cogs,
                settings=here,
                is_open=is_open,
                database=database,
            ) as core:
                wanted = {spec.path[0] for spec in core.registry.catalog.commands}
                await fake.until(lambda: wanted == {one.name for one in self._commands()})
                made = DiscordTown(self, platform, core, clock, space)
                await made.settled()
                yield made
        finally:
            await platform.close()

    async def arrives(self, name: str, *, bot: bool = False) -> None:
        """Somebody comes in, whether Kith runs or not."""
        self.accounts[name] = self.guild.join(name, bot=bot)

    def _commands(self) -> list[Command]:
        return [command for command in self.fake.world.commands.all() if command.kind == SLASH]

    def allow_everything(self, command: Command) -> None:
        """An admin opened the command to everybody, so that it is Kith who has to refuse."""
        self.guild.command_access[command.name, self.guild.id] = True

    def name_of(self, ident: int) -> str:
        found = self.guild.members.get(ident) or next(
            (one for one in self.accounts.values() if one.id == ident), None
        )
        account = self.fake.world.account(ident)
        if found is not None:
            return found.name
        return (account.display_name or account.name) if account is not None else str(ident)

    def messages(self) -> list[Message]:
        """Everything that stands anywhere, oldest first."""
        world = self.fake.world
        standing = [message for channel in world.channels.values() for message in channel.messages]
        return sorted([*standing, *world.posts.private.values()], key=lambda one: one.id)

    def text(self, message: Message) -> str:
        """A message as its readers see it."""

        def mean(match: re.Match[str]) -> str:
            who, role, where, when, command, label = match.groups()
            if who:
                return self.name_of(int(who))
            if role:
                return self.guild.roles[int(role)].name
            if where:
                return f"#{self.fake.world.channels[int(where)].name}"
            if when:
                return datetime.fromtimestamp(int(when), UTC).strftime("%Y-%m-%d %H:%M UTC")
            return f"/{command}" if command else label or ""

        return read(_MEANT.sub(mean, message.text.replace("\u200b", "")))

    def heard(self, message: Message) -> Heard:
        placeholders = [str(menu.get("placeholder") or "") for menu in message.selects]
        return Heard(
            id=str(message.id),
            place=str((message.channel.parent or message.channel).id),
            text=self.text(message),
            labels=(*message.labels, *placeholders),
            pings=tuple(self.name_of(who) for who in message.pinged if isinstance(who, int)),
            private=message.visible_to is not None or message.channel.kind == DM,
            edited=bool(message.edits),
            thread=str(message.channel.id) if message.channel.thread else "",
        )


class DiscordTown(Town):
    """A town on Discord."""

    def __init__(
        self, towns: DiscordTowns, platform: DiscordPlatform, core: Core, clock: TravelClock, space: Space
    ) -> None:
        super().__init__(core, clock, space)
        self.towns = towns
        self.platform = platform

    def as_(self, name: str) -> DiscordPerson:
        account = self.towns.accounts.get(name)
        if account is None:
            raise LookupError(f"There is no {name} here.")
        return DiscordPerson(str(account.id), name, self, account)

    async def newcomer(self, name: str, *, bot: bool = False) -> DiscordPerson:
        await self.towns.arrives(name, bot=bot)
        await self.settled()
        return self.as_(name)

    @property
    def people(self) -> int:
        return sum(not member.user.bot for member in self.towns.guild.members)

    def place(self, name: str) -> str:
        return str(self.towns.channels[name.removeprefix("#")].id)

    def said(self, place: str | None = None) -> list[Heard]:
        found = [self.towns.heard(message) for message in self.messages() if self.is_ours(message)]
        return [one for one in found if place is None or one.place == self.place(place)]

    def messages(self) -> list[Message]:
        return self.towns.messages()

    def is_ours(self, message: Message) -> bool:
        return message.author is self.towns.fake.bot and not message.flags & LOADING

    async def settled(self) -> None:
        async with asyncio.timeout(LONGEST):
            await self.towns.fake.gateway.caught_up()
            await self.platform.caught_up()
            await self.core.outbox.idle()


@asynccontextmanager
async def on_discord(folder: Path) -> AsyncIterator[DiscordTowns]:
    """A server with the town's people in it."""
    async with FakeDiscord() as fake:
        yield DiscordTowns(fake, folder)
        assert fake.crashes == []
