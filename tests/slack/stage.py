"""Slack for tests: the real adapter, slack-bolt and slack_sdk against the fake Slack on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from bot.model.content import Catalog, CommandSpec
from bot.model.events import CommandUsed, SpaceSeen
from bot.model.ids import Channel, Member
from bot.model.roles import Role
from bot.platforms.slack.adapter import SlackOptions, SlackPlatform
from bot.platforms.slack.limits import SLACK
from bot.platforms.slack.sockets import Pulse
from tests.contracts.platform_contract import Recorder, Shown
from tests.fakes.slack import FakeSlack, Message, Person, Workspace

CATALOG = Catalog((CommandSpec(("kith", "help"), "Answers.", (), Role.MEMBER, "test"),))
SOON = SLACK._replace(find_delay=10, lane_interval=0)
"""Slack's limits with times that a test can wait for."""
QUICK = Pulse(ping=0.2, stuck=0.6, look=0.02, handshake=2.0, wait=0.01, wait_most=0.1, crowded=0.1)


def options(slack: FakeSlack, workspace: Workspace, **more: Any) -> SlackOptions:
    """How the adapter connects to the fake by Socket Mode."""
    given = {"app_token": slack.app_token, "pulse": QUICK, "limits": SOON, **more}
    return SlackOptions(bot_token=workspace.bot_token, api=f"{slack.url}/api", **given)


class SlackStage:
    """A workspace with Ada and Mina in it, and the adapter."""

    def __init__(self, slack: FakeSlack, catalog: Catalog = CATALOG, **more: Any) -> None:
        self.slack = slack
        self.workspace = slack.workspace("Workshop")
        self.people: dict[str, Person] = {}
        for name in ("Ada", "Mina"):
            person = self.workspace.member(name, admin=name == "Ada")
            self.people[person.id] = person
        ada, mina = self.people.values()
        self.place = self.workspace.channel("workshop", ada, mina)
        self.platform = SlackPlatform(options(slack, self.workspace, **more))
        self.sink = Recorder()
        key = f"slack:{self.workspace.id}"
        self.ada = Member(key, ada.id, "Ada")
        self.mina = Member(key, mina.id, "Mina")
        self.channel = Channel(key, self.place.id, "workshop")
        self.catalog = catalog
        self._running: asyncio.Task[None] | None = None

    @property
    def space(self) -> Any:
        return self._space

    async def start(self) -> None:
        self._running = asyncio.create_task(self.platform.run(self.sink, self.catalog))
        seen = asyncio.create_task(self.sink.wait(SpaceSeen))
        await asyncio.wait({seen, self._running}, return_when=asyncio.FIRST_COMPLETED)
        if self._running.done():
            seen.cancel()
            self._running.result()
        self._space = (await seen).space

    async def stop(self) -> None:
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    def who(self, member: Member) -> Person:
        return self.people[member.id]

    async def seen_in(self, channel: Channel, by: Member) -> list[Shown]:
        person = self.who(by)
        return [_shown(one) for one in person.visible() if one.channel.id == channel.id and one.author.is_bot]

    async def seen_direct(self, by: Member) -> list[Shown]:
        person = self.who(by)
        return [_shown(one) for one in person.visible() if one.channel is person.dm_channel]

    async def say(self, who: Member, text: str) -> None:
        await self.who(who).say(self.place, text)

    async def join(self, name: str) -> None:
        person = self.workspace.join(name)
        self.people[person.id] = person

    async def token(self, who: Member) -> str:
        await self.who(who).command(self.place, "/kith", "help")
        return (await self.sink.wait(CommandUsed)).token


def _shown(message: Message) -> Shown:
    labels = tuple(
        element["text"]["text"]
        for block in message.blocks
        if block["type"] == "actions"
        for element in block["elements"]
        if element["type"] == "button"
    )
    return Shown(message.ts, message.shown.removesuffix("\n"), labels)


@asynccontextmanager
async def staged(catalog: Catalog = CATALOG, **more: Any) -> AsyncIterator[SlackStage]:
    """A stage that is started."""
    fake = {name: more.pop(name) for name in ("manifest", "rate_limits") if name in more}
    async with FakeSlack(**fake) as slack:
        stage = SlackStage(slack, catalog, **more)
        await stage.start()
        try:
            yield stage
        finally:
            await stage.stop()
        assert slack.complaints == []
