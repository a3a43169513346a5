"""The town on Discord: Kith's real connection by discord.py, against the fake server."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
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
from bot.testing.heard import Heard, NotHeard, Question, listed
from bot.testing.serving import placed, serving
from bot.testing.town import BUILT_IN, CHANNELS, LONGEST, MONDAY, NAME, PEOPLE, USUAL, Person, Town
from tests.discord.town import read
from tests.fakes.discord import FakeDiscord, Interaction, Message, Modal
from tests.fakes.discord import Person as Account
from tests.fakes.discord.commands import SLASH, Command
from tests.fakes.discord.model import DM, LOADING
from tests.scenarios.typed import CanNotBeTyped, Line

FAST = replace(LIMITS, per_second=2_000)
"""Discord's limits without its pace, which has tests of its own."""
TEXT_INPUT, USERS, ROLE_SELECT, CHANNELS_SELECT, RADIO = 4, 5, 6, 8, 21
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
        """Bots count, as Discord counts them."""
        return len(self.towns.guild.members)

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


@dataclass(slots=True)
class OpenForm:
    """A form on somebody's screen, and what they were told is wrong with it, by label."""

    modal: Modal
    wrong: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DiscordPerson(Person):
    """Somebody on Discord, with Discord's own client."""

    at: DiscordTown
    account: Account

    @property
    def town(self) -> DiscordTown:
        return self.at

    @property
    def _towns(self) -> DiscordTowns:
        return self.at.towns

    def _line(self, text: str) -> Line:
        towns = self._towns
        return Line(text, {**towns.accounts, "Kith": towns.guild.bot}, towns.channels)

    async def types(self, text: str, place: str = "#general", *, under: str | None = None) -> None:
        channel = self._towns.channels[place.removeprefix("#")]
        if under is not None:
            root = self._newest(under)
            begun = root.channel if root.channel.thread else root.thread
            channel = begun or self.account.thread(root, "Talk")
        if not text.startswith("/"):
            said = "".join(getattr(part, "mention", part) for part in self._line(text).parts())
            await self.account.say(channel, said)
            await self.at.settled()
            return
        command, path, rest = self._command(text)
        self._towns.allow_everything(command)
        given = self._line(rest).options(command.find(list(path))[0])
        await self._see(await self.account.slash(" ".join((command.name, *path)), given, channel=channel))

    def _command(self, text: str) -> tuple[Command, tuple[str, ...], str]:
        """The registered command that a line begins with, its subcommand, and what is left of the line."""
        name, _, rest = text.removeprefix("/").partition(" ")
        command = self._towns.fake.world.commands.named(name, SLASH, self._towns.guild)
        if command is None:
            raise CanNotBeTyped(f"Discord offers no command /{name}.")
        if not any(option["type"] in (1, 2) for option in command.options):
            return command, (), rest
        sub, _, rest = rest.partition(" ")
        return command, (sub,), rest

    async def completes(self, command: str, option: str, typed: str = "") -> list[str]:
        registered, _, _ = self._command(f"/{command}")
        self._towns.allow_everything(registered)
        return [str(choice["name"]) for choice in await self.account.complete(command, option, typed)]

    async def writes_to_bot(self, text: str) -> None:
        await self.account.say(self.account.dm, text)
        await self.at.settled()

    async def leaves(self) -> None:
        self.account.leave()
        await self.at.settled()

    async def comes_back(self) -> None:
        self.account.rejoin()
        await self.at.settled()

    # What they see

    def sees(self) -> list[Heard]:
        return [self._towns.heard(message) for message in self._in_sight() if self.at.is_ours(message)]

    def _in_sight(self) -> list[Message]:
        return [
            message
            for message in self.at.messages()
            if message.visible_to in (None, self.account.id)
            and (message.channel.kind != DM or message.channel.recipient is self.account.user)
        ]

    def _newest(self, words: str) -> Message:
        return next(one for one in reversed(self._in_sight()) if words in self._towns.text(one))

    # What they press

    async def presses(self, label: str, *, on: Heard | None = None) -> None:
        message = self._offering(lambda one: label in one.labels, label, on)
        await self._see(await self.account.click(message, label))

    async def chooses(self, *labels: str, on: Heard | None = None) -> None:
        def offers(message: Message) -> list[str]:
            return [
                str(menu["custom_id"])
                for menu in message.selects
                if {*labels} <= {option["label"] for option in menu.get("options") or ()}
            ]

        message = self._offering(lambda one: bool(offers(one)), labels[0], on)
        await self._see(await self.account.select(message, *labels, custom_id=offers(message)[0]))

    def _offering(self, offers: Any, label: str, on: Heard | None) -> Message:
        for message in reversed(self._in_sight()):
            if self.at.is_ours(message) and (on is None or str(message.id) == on.id) and offers(message):
                return message
        raise NotHeard(f"{self.name} sees nothing called {label!r} to use. In sight:\n{listed(self.sees())}")

    async def uses(self, label: str, *, message: str | None = None, member: str | None = None) -> None:
        if message is None:
            target: Message | Account = self._towns.accounts[member or ""]
        else:
            target = self._newest(message)
        await self._see(await self.account.menu(label, target))

    async def _see(self, used: Interaction) -> None:
        """Wait for what comes of it. A form that Discord can't open at once stands behind a button."""
        wrong: dict[str, str] = {}
        self._towns.forms.pop(self.account.id, None)
        await self.at.settled()
        while (step := self._step(used)) is not None:
            message, label = step
            if label == "Fix it":
                lines = (line.partition(": ") for line in self._towns.text(message).splitlines())
                wrong = {about: problem for about, _, problem in lines if problem}
            self.at.take([self._towns.heard(message)], (), "there")
            used = await self.account.click(message, label)
            await self.at.settled()
        if used.modal is not None:
            self._towns.forms[self.account.id] = OpenForm(used.modal, wrong)

    def _step(self, used: Interaction) -> tuple[Message, str] | None:
        for message in (used.response, *used.followups):
            for label in ("Fix it", "Open form", "Next"):
                if message is not None and message is not used.message and label in message.labels:
                    return message, label
        return None

    # Forms

    def questions(self) -> list[Question]:
        form = self._towns.forms.get(self.account.id)
        if form is None:
            return []
        return [
            Question(field.custom_id, field.label, _value(field.component), self._problem(form, field))
            for field in form.modal.fields
        ]

    @staticmethod
    def _problem(form: OpenForm, field: Any) -> str:
        about = field.description or ""
        return form.wrong.get(field.label) or (about.removeprefix("⚠ ") if about.startswith("⚠ ") else "")

    async def fills(self, **answers: Any) -> None:
        form = self._towns.forms.get(self.account.id)
        if form is None or _is_last_page(form.modal):
            self.check_asked(answers)
        left = dict(answers)
        while form is not None:
            is_last = _is_last_page(form.modal)
            given = {
                field.custom_id: self._given(field.component, left.pop(field.custom_id))
                for field in form.modal.fields
                if field.custom_id in left
            }
            await self._see(await self.account.submit(form.modal, given))
            form = None if is_last else self._towns.forms.get(self.account.id)
        if left:
            raise LookupError(f"The form does not ask for {', '.join(sorted(left))}.")

    def _given(self, component: Mapping[str, Any], given: Any) -> Any:
        towns = self._towns
        if component["type"] == RADIO and isinstance(given, bool):
            return "yes" if given else "no"
        if component["type"] in (USERS, CHANNELS_SELECT, ROLE_SELECT):
            if not given:
                return []
            known: Mapping[str, Any] = {
                USERS: towns.accounts,
                CHANNELS_SELECT: towns.channels,
                ROLE_SELECT: towns.roles,
            }[component["type"]]
            several = given if isinstance(given, tuple) else (given,)
            return [known[name.lstrip("@#")] for name in several]
        return given


def _is_last_page(modal: Modal) -> bool:
    page = re.search(r"\((\d+) of (\d+)\)$", modal.title)
    return page is None or page[1] == page[2]


def _value(component: Mapping[str, Any]) -> str | tuple[str, ...] | None:
    if component["type"] == TEXT_INPUT:
        return component.get("value") or None
    chosen = [str(item["id"]) for item in component.get("default_values") or ()]
    chosen += [str(item["value"]) for item in component.get("options") or () if item.get("default")]
    return tuple(chosen) if len(chosen) > 1 else chosen[0] if chosen else None


@asynccontextmanager
async def on_discord(folder: Path) -> AsyncIterator[DiscordTowns]:
    """A server with the town's people in it."""
    async with FakeDiscord() as fake:
        yield DiscordTowns(fake, folder)
        assert fake.crashes == []
