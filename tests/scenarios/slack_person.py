"""Somebody on Slack, with all that Slack's own client lets people do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.platforms.slack.names import Names
from bot.testing.heard import Heard, NotHeard, Question, listed
from bot.testing.town import Person
from tests.fakes.slack import Answer, Message, View, forms
from tests.fakes.slack import Person as Account
from tests.scenarios.typed import Line

if TYPE_CHECKING:
    from tests.scenarios.slack_town import SlackTown, SlackTowns


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

    async def loses_roles(self) -> None:
        towns = self._towns
        for group in towns.groups.values():
            left = (account for account in towns.accounts.values() if account is not self.account)
            towns.workspace.groups.set(group, *(one for one in left if one.id in group.users))
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
