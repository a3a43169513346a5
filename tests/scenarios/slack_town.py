"""The town on Slack: Kith's real connection by slack-bolt in Socket Mode, against the fake workspace."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
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
from bot.testing.heard import Heard, NotHeard, Question, listed
from bot.testing.serving import placed, serving
from bot.testing.town import BUILT_IN, CHANNELS, LONGEST, MONDAY, NAME, PEOPLE, USUAL, Person, Town
from tests.fakes.slack import Answer, FakeSlack, Message, View, forms, markup
from tests.fakes.slack import Person as Account
from tests.scenarios.typed import Line
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


@dataclass(frozen=True, slots=True)
class SlackPerson(Person):
    """Somebody on Slack, with Slack's own client."""

    at: SlackTown
    account: Account

    @property
    def town(self) -> SlackTown:
        return self.at

    @property
    def _towns(self) -> SlackTowns:
        return self.at.towns

    async def types(self, text: str, place: str = "#general", *, under: str | None = None) -> None:
        towns = self._towns
        channel = towns.channels[place.removeprefix("#")]
        people = {**towns.accounts, "Kith": towns.workspace.bot}
        thread = None if under is None else self._newest(under)
        if not text.startswith("/"):
            await self.account.say(channel, *Line(text, people, towns.channels).parts(), thread=thread)
            await self.at.settled()
            return
        slash, words = self._slash(text)
        parts = Line(words, people, towns.channels).parts()
        await self._see(lambda: self.account.command(channel, slash, *parts, thread=thread))

    async def completes(self, command: str, option: str, typed: str = "") -> list[str]:
        """Slack completes in forms alone, so the command's form is opened for it."""
        await self.types(f"/{command}")
        view = self._form
        if view is None:
            return []
        block = next(block for block in view.blocks if block["type"] == "input" and _name(block) == option)
        offered = await self.account.options(view, block["block_id"], typed)
        return [str(one["text"]["text"]) for one in offered]

    def _slash(self, text: str) -> tuple[str, str]:
        """The slash command that is typed for a line of a script, and what follows it."""
        words = text.removeprefix("/").split()
        paths = {spec.path for spec in self._towns.catalog.commands}
        path = next((tuple(words[:count]) for count in (2, 1) if tuple(words[:count]) in paths), ())
        typed = Names().slash(path) if path else f"/{words[0]}"
        rest = text.removeprefix("/").split(maxsplit=len(path) or 1)[len(path) or 1 :]
        slash, _, sub = typed.partition(" ")
        return slash, " ".join(filter(None, (sub, *rest)))

    async def writes_to_bot(self, text: str) -> None:
        await self.account.dm(text)
        await self.at.settled()

    async def leaves(self) -> None:
        self._towns.slack.clock.advance(1)
        self._towns.workspace.deactivate(self.account)
        await self.at.settled()

    async def comes_back(self) -> None:
        self._towns.slack.clock.advance(1)
        self._towns.workspace.reactivate(self.account)
        await self._towns.look_around(self.account)
        await self.at.settled()

    # What they see

    def sees(self) -> list[Heard]:
        towns = self._towns
        return [towns.heard(message) for message in self.account.visible() if towns.is_ours(message)]

    def _newest(self, words: str) -> Message:
        return next(one for one in reversed(self.account.visible()) if words in self._towns.text(one))

    # What they press

    async def presses(self, label: str, *, on: Heard | None = None) -> None:
        message, ident = self._offering(
            label, on, lambda block, element: forms.label(block, element) == label
        )
        await self._see(lambda: self.account.click(message, ident))

    async def chooses(self, *labels: str, on: Heard | None = None) -> None:
        def offers(block: Mapping[str, Any], element: Mapping[str, Any]) -> bool:
            return {*labels} <= {option["text"]["text"] for option in element.get("options") or ()}

        message, ident = self._offering(labels[0], on, offers)
        _, element = forms.find(message.blocks, ident)
        picked = list(labels) if element["type"].startswith("multi_") else labels[0]
        await self._see(lambda: self.account.click(message, ident, picked))

    def _offering(
        self, label: str, on: Heard | None, fits: Callable[[Any, Any], bool]
    ) -> tuple[Message, str]:
        for message in reversed(self.account.visible()):
            if self._towns.is_ours(message) and (on is None or message.ts == on.id):
                for block, element in forms.elements(message.blocks):
                    if fits(block, element):
                        return message, str(element["action_id"])
        raise NotHeard(f"{self.name} sees nothing called {label!r} to use. In sight:\n{listed(self.sees())}")

    async def uses(self, label: str, *, message: str | None = None, member: str | None = None) -> None:
        if message is None:
            raise forms.NotOnScreen("Slack has no menu on people.")
        target = self._newest(message)
        await self._see(lambda: self.account.shortcut(label, target))

    async def _see(self, act: Callable[[], Any]) -> None:
        """Do something, with no form in the way, and wait for what comes of it."""
        if self.account.modals:
            await self.account.close(self.account.modals[-1], clear=True)
        answer: Answer = await act()
        assert answer, f"{self.name} was shown an error: {answer.error}"
        await self.at.settled()

    # Forms

    @property
    def _form(self) -> View | None:
        return self.account.modals[-1] if self.account.modals else None

    def questions(self) -> list[Question]:
        view = self._form
        if view is None:
            return []
        state = forms.state_of(view.blocks, view.values)
        return [
            Question(
                _name(block),
                forms.label({"label": block["label"]}, {}),
                _value(state[block["block_id"]][element["action_id"]]),
                view.errors.get(block["block_id"]) or _warning(block),
            )
            for block, element in forms.elements(view.blocks)
            if block["type"] == "input"
        ]

    async def fills(self, **answers: Any) -> None:
        self.check_asked(answers)
        view = self._form
        assert view is not None
        given: dict[str, Any] = {}
        for block, element in forms.elements(view.blocks):
            if block["type"] == "input" and _name(block) in answers:
                answer = answers[_name(block)]
                given[block["block_id"]] = await self._given(view, block, element, answer)
        await self.account.submit(view, given)
        await self.at.settled()

    async def _given(
        self, view: View, block: Mapping[str, Any], element: Mapping[str, Any], answer: Any
    ) -> Any:
        towns, kind = self._towns, element["type"]
        if answer in ("", ()):
            return None
        if kind == "radio_buttons" and isinstance(answer, bool):
            return "yes" if answer else "no"
        if kind in ("users_select", "multi_users_select"):
            people = [towns.accounts[name.lstrip("@")] for name in _several(answer)]
            return people if kind.startswith("multi") else people[0]
        if kind == "conversations_select":
            return towns.channels[answer.removeprefix("#")]
        if kind == "external_select":
            await self.account.options(view, block["block_id"], answer)
        return answer


def _several(answer: Any) -> Sequence[str]:
    return answer if isinstance(answer, tuple) else (answer,)


def _name(block: Mapping[str, Any]) -> str:
    return str(block["block_id"]).partition("|")[2]


def _warning(block: Mapping[str, Any]) -> str:
    hint = str((block.get("hint") or {}).get("text") or "")
    return hint.removeprefix("⚠ ") if hint.startswith("⚠ ") else ""


def _value(state: Mapping[str, Any]) -> str | tuple[str, ...] | None:
    held = next((value for key, value in state.items() if key != "type" and value), None)
    if isinstance(held, dict):
        return str(held["value"])
    if isinstance(held, list):
        return tuple(str(one["value"] if isinstance(one, dict) else one) for one in held)
    return None if held is None else str(held)


@asynccontextmanager
async def on_slack(folder: Path) -> AsyncIterator[SlackTowns]:
    """A workspace with the town's people in it, once Kith is first started there."""
    towns = SlackTowns(folder)
    try:
        yield towns
    finally:
        await towns.close()
