"""Somebody on Discord, with all that Discord's own client lets people do."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.testing.heard import Heard, NotHeard, Question, listed
from bot.testing.town import Person
from tests.fakes.discord import Interaction, Message, Modal
from tests.fakes.discord import Person as Account
from tests.fakes.discord.commands import SLASH, Command
from tests.fakes.discord.model import DM
from tests.scenarios.typed import CanNotBeTyped, Line

if TYPE_CHECKING:
    from tests.scenarios.discord_town import DiscordTown, DiscordTowns

TEXT_INPUT, USERS, ROLES, CHANNELS, RADIO = 4, 5, 6, 8, 21


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

    async def loses_roles(self) -> None:
        self.account.take(*self._towns.roles.values())
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

    def _offering(self, offers: Callable[[Message], bool], label: str, on: Heard | None) -> Message:
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
        if component["type"] in (USERS, CHANNELS, ROLES):
            if not given:
                return []
            shown: Mapping[int, Mapping[str, Any]] = {
                USERS: towns.accounts,
                CHANNELS: towns.channels,
                ROLES: towns.roles,
            }
            known = shown[component["type"]]
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
