"""The town on Slack: Kith's real connection by slack-bolt in Socket Mode, against the fake workspace."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bot.clock import TravelClock
from bot.core import Core, load_cogs, registry_of
from bot.model.content import Catalog
from bot.model.ids import Space
from bot.model.roles import Role
from bot.outbox import Timing
from bot.platforms.slack.adapter import SlackPlatform
from bot.platforms.slack.manifest import manifest
from bot.platforms.slack.names import Names
from bot.testing.heard import Heard
from bot.testing.serving import placed, serving
from bot.testing.town import BUILT_IN, CHANNELS, LONGEST, MONDAY, NAME, PEOPLE, USUAL, Town
from tests.fakes.slack import FakeSlack, Message, forms, markup
from tests.fakes.slack import Person as Account
from tests.scenarios.slack_person import SlackPerson
from tests.slack.stage import options

SOON = Timing(backoff=5, backoff_most=40, poll=20, attempt=2_000)
_MEANT = re.compile(r"<@([UW]\w+)>|<#(C\w+)>")
_GROUPS = {Role.MODERATOR: "moderators", Role.CURATOR: "curators"}


class SlackTowns:
    """The workspace called The Shed. Kith is started in it, stopped and started again; it stays."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stack = AsyncExitStack()
        self.accounts: dict[str, Account] = {}
        self.slack: FakeSlack
        self.catalog = Catalog()

    async def _found(self, cogs: Sequence[str]) -> None:
        """Make the workspace, with an app that has just the manifest which these cogs need."""
        # Slack's own time stands, so that nothing expires on a slow machine
        fake = FakeSlack(manifest(_catalog(cogs), Names()), frozen=True)
        self.slack = await self._stack.enter_async_context(fake)
        self.workspace = self.slack.workspace(NAME)
        for name, roles in PEOPLE:
            self.accounts[name] = self.workspace.member(name, admin=Role.ADMIN in roles)
        everybody = tuple(self.accounts.values())
        self.channels = {name: self.workspace.channel(name, *everybody) for name in CHANNELS}
        self.groups = {
            setting: self.workspace.groups.add(
                setting.capitalize(), *(self.accounts[name] for name, roles in PEOPLE if role in roles)
            )
            for role, setting in _GROUPS.items()
        }

    async def close(self) -> None:
        await self._stack.aclose()

    @asynccontextmanager
    async def __call__(
        self,
        *,
        cogs: Sequence[str] = BUILT_IN,
        settings: Mapping[str, Mapping[str, Any]] = USUAL,
        is_open: bool = True,
        clock: TravelClock | None = None,
        database: str | None = None,
    ) -> AsyncIterator[SlackTown]:
        if not self.accounts:
            await self._found(cogs)
        clock = clock or TravelClock(base=lambda: MONDAY)
        platform = SlackPlatform(options(self.slack, self.workspace))
        space = Space(platform.name, self.workspace.id, NAME)
        here = placed(settings, lambda name: self.channels[name[1:]].id)
        # Slack has no roles of its own, so the hosts name user groups
        groups = {setting: group.id for setting, group in self.groups.items()}
        here["kith"] = {**groups, **here.get("kith", {})}
        async with serving(
            platform,
            space,
            self.folder,
            clock,
            cogs=cogs,
            settings=here,
            is_open=is_open,
            database=database,
            timing=SOON,
        ) as core:
            self.catalog = core.registry.catalog
            async with asyncio.timeout(LONGEST):
                await platform.connected()
            made = SlackTown(self, platform, core, clock, space)
            await made.settled()
            yield made
        assert self.slack.complaints == []

    async def arrives(self, name: str, *, bot: bool = False) -> None:
        """Somebody comes in, whether Kith runs or not, and looks into every channel."""
        self.accounts[name] = self.workspace.join(name, bot=bot)
        await self.look_around(self.accounts[name])

    async def look_around(self, account: Account) -> None:
        for channel in self.channels.values():
            if not channel.holds(account):
                await account.join(channel)

    def messages(self) -> list[Message]:
        """Everything that stands anywhere, oldest first."""
        found = [
            message
            for channel in self.slack.channels.values()
            for message in [*channel.live, *_private(channel)]
        ]
        return sorted(found, key=lambda one: one.ts)

    def is_ours(self, message: Message) -> bool:
        return message.author is self.workspace.bot

    def text(self, message: Message) -> str:
        """A message as its readers see it, with commands as Kith's scripts know them."""
        words = [block for block in message.blocks if block["type"] != "actions"]
        text = markup.seen(words) if message.blocks else markup.unescape(message.text)

        def mean(match: re.Match[str]) -> str:
            if match[1]:
                return self.slack.people[match[1]].display_name
            return f"#{self.slack.channels[match[2]].name}"

        text = _MEANT.sub(mean, text).removesuffix("\n")
        for path in sorted((spec.path for spec in self.catalog.commands), key=len, reverse=True):
            text = re.sub(rf"{re.escape(Names().slash(path))}(?!\w)", f"/{' '.join(path)}", text)
        return text

    def heard(self, message: Message) -> Heard:
        people = self.slack.people
        return Heard(
            id=message.ts,
            place=message.channel.id,
            text=self.text(message),
            labels=tuple(forms.label(*pair) for pair in forms.elements(message.blocks)),
            pings=tuple(people[who].display_name for who in message.pings if who in people),
            private=message.only_for is not None or message.channel.kind == "im",
            edited=bool(message.versions),
            thread=message.thread_ts or "",
        )


def _private(channel: Any) -> list[Message]:
    return [message for message in channel.ephemerals if not message.deleted]


def _catalog(cogs: Sequence[str]) -> Catalog:
    loaded, sections, faults = load_cogs(cogs, {}, ZoneInfo("UTC"))
    return registry_of(loaded, sections, faults).catalog


class SlackTown(Town):
    """A town on Slack."""

    def __init__(
        self, towns: SlackTowns, platform: SlackPlatform, core: Core, clock: TravelClock, space: Space
    ) -> None:
        super().__init__(core, clock, space)
        self.towns = towns
        self.platform = platform

    def as_(self, name: str) -> SlackPerson:
        account = self.towns.accounts.get(name)
        if account is None:
            raise LookupError(f"There is no {name} here.")
        return SlackPerson(account.id, name, self, account)

    async def newcomer(self, name: str, *, bot: bool = False) -> SlackPerson:
        await self.towns.arrives(name, bot=bot)
        await self.settled()
        return self.as_(name)

    @property
    def people(self) -> None:
        """Slack tells nothing but who came."""
        return None

    def place(self, name: str) -> str:
        return self.towns.channels[name.removeprefix("#")].id

    def said(self, place: str | None = None) -> list[Heard]:
        towns = self.towns
        found = [towns.heard(message) for message in towns.messages() if towns.is_ours(message)]
        return [one for one in found if place is None or one.place == self.place(place)]

    async def settled(self) -> None:
        async with asyncio.timeout(LONGEST):
            await self.towns.slack.quiet(LONGEST)
            await self.platform.caught_up()
            await self.core.outbox.idle()
            await self.towns.slack.quiet(LONGEST)


@asynccontextmanager
async def on_slack(folder: Path) -> AsyncIterator[SlackTowns]:
    """A workspace with the town's people in it, once Kith is first started there."""
    towns = SlackTowns(folder)
    try:
        yield towns
    finally:
        await towns.close()
