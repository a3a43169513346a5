"""Somebody in a town in the built-in room, and what they do there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.model.content import Kind, MenuTarget
from bot.model.ids import Member
from bot.platforms.local.adapter import LocalPlatform
from bot.platforms.local.complete import complete
from bot.platforms.local.room import BOT_ID
from bot.platforms.local.state import Dialog, Json, Message
from bot.testing.heard import Heard, NotHeard, Question, listed
from bot.testing.room_words import controls, plain, shown, words_of
from bot.testing.town import Person

if TYPE_CHECKING:
    from bot.testing.room import RoomTown


@dataclass(frozen=True, slots=True)
class RoomPerson(Person):
    """Somebody in the built-in room."""

    at: RoomTown

    @property
    def town(self) -> RoomTown:
        return self.at

    @property
    def member(self) -> Member:
        return self.town.platform.translator.member(self.id)

    @property
    def _platform(self) -> LocalPlatform:
        return self.town.platform

    async def types(self, text: str, place: str = "#general", *, under: str | None = None) -> None:
        where = self.town.place(place)
        thread = None if under is None else self._newest(under).id
        if text.startswith("/"):
            await self._platform.command(self.id, where, text, thread)
        else:
            await self._platform.say(self.id, where, text, thread)
        await self.town.settled()

    async def completes(self, command: str, option: str, typed: str = "") -> list[str]:
        found = await complete(self._platform, self.id, f"/{command} {option}: {typed}")
        return [str(one["label"]) for one in found["suggestions"]]

    async def writes_to_bot(self, text: str) -> None:
        await self._platform.say(self.id, self.town.room.direct(BOT_ID, self.id).id, text)
        await self.town.settled()

    async def leaves(self) -> None:
        self.town.room.leave(self.id)
        await self.town.settled()

    async def comes_back(self) -> None:
        self.town.room.come_back(self.id)
        await self.town.settled()

    async def loses_roles(self) -> None:
        person = self.town.room.people[self.id]
        person.roles = []
        self.town.room.keep_person(person)

    def sees(self) -> list[Heard]:
        room = self.town.room
        return [
            shown(room, one)
            for one in sorted(room.history.messages.values(), key=lambda one: one.number)
            if one.author == BOT_ID and one.kind == "message" and room.sees(self.id, one)
        ]

    # Buttons, lists, menus

    async def presses(self, label: str, *, on: Heard | None = None) -> None:
        message, control = self.control("button", label, on)
        if control is None:
            await self._chooses_line(message, [label])
        else:
            await self._platform.press(self.id, message.id, control["id"])
        await self.town.settled()

    async def chooses(self, *labels: str, on: Heard | None = None) -> None:
        message, control = self.control("select", labels[0], on)
        if control is None:
            await self._chooses_line(message, labels)
        else:
            values = {option["label"]: option["value"] for option in control["options"]}
            await self._platform.select(
                self.id, message.id, control["id"], [values[label] for label in labels]
            )
        await self.town.settled()

    async def uses(self, label: str, *, message: str | None = None, member: str | None = None) -> None:
        target = MenuTarget.MESSAGE if message is not None else MenuTarget.MEMBER
        menu = next(
            ident
            for ident, spec in self._platform.menus_for(self.id)
            if spec.label == label and spec.target is target
        )
        if message is not None:
            await self._platform.menu(self.id, menu, message=self._newest(message).id)
        else:
            await self._platform.menu(self.id, menu, member=self.town.as_(member or "").id)
        await self.town.settled()

    def _newest(self, words: str) -> Message:
        room = self.town.room
        seen = [one for one in room.history.messages.values() if room.sees(self.id, one)]
        return max((one for one in seen if words in words_of(one)), key=lambda one: one.number)

    def control(self, kind: str, label: str, on: Heard | None = None) -> tuple[Message, Json | None]:
        """The newest "button" or "select" of that name in sight; None for a line to be answered by number."""
        room = self.town.room
        seen = sorted(room.history.messages.values(), key=lambda one: -one.number)
        for message in seen:
            if message.author != BOT_ID or not room.sees(self.id, message):
                continue
            if on is not None and message.id != on.id:
                continue
            for control in controls(message.card):
                offers = [plain(control["label"])] + [one["label"] for one in control.get("options", ())]
                if control["kind"] == kind and label in offers:
                    return message, control
            lines = [line.partition(". ") for line in words_of(message).splitlines()]
            if any(number.isdecimal() and name.partition(": ")[0] == label for number, _, name in lines):
                return message, None
        raise NotHeard(f"{self.name} sees nothing called {label!r} to use. In sight:\n{listed(self.sees())}")

    async def _chooses_line(self, message: Message, labels: Sequence[str]) -> None:
        lines = [line.partition(". ") for line in words_of(message).splitlines()]
        numbers = {label.partition(": ")[0]: number for number, _, label in lines if number.isdecimal()}
        chosen = ", ".join(numbers[label] for label in labels)
        await self._platform.say(self.id, message.place, chosen, reply_to=message.id)

    # Forms

    @property
    def form(self) -> Dialog | None:
        """The form that this person is asked to fill in, as the room keeps it."""
        return self.town.room.ledger.dialog(self.id)

    def questions(self) -> list[Question]:
        held = self.form.values if self.form is not None else {}
        return [
            Question(
                one["name"], one["label"], held.get(one["name"], one["value"]), str(one["problem"] or "")
            )
            for one in self._fields()
        ]

    async def fills(self, **answers: Any) -> None:
        self.check_asked(answers)
        dialog = self.form
        assert dialog is not None
        if dialog.asked:
            await self._answers(dialog, answers)
        else:
            await self._submits(dialog, answers)
        await self.town.settled()

    async def _submits(self, dialog: Dialog, answers: Mapping[str, Any]) -> None:
        for number in range(dialog.page, len(dialog.pages)):
            fields = dialog.pages[number]["fields"]
            values = {
                one["name"]: self._typed(one, answers[one["name"]])
                if one["name"] in answers
                else dialog.values.get(one["name"], one["value"])
                for one in fields
            }
            await self._platform.submit(self.id, dialog.id, values)
            if self.form is dialog and self.problems():
                return

    async def _answers(self, dialog: Dialog, answers: Mapping[str, Any]) -> None:
        place = self.town.room.direct(BOT_ID, self.id).id
        answered: set[str] = set()
        while self.form is dialog:
            one = dialog.pages[dialog.page]["fields"][0]
            if one["name"] in answered:
                return
            answered.add(one["name"])
            if one["name"] in answers:
                given = answers[one["name"]]
                words = {True: "yes", False: "no"}.get(given, given) if isinstance(given, bool) else given
            else:
                words = "keep" if one["value"] is not None else "skip"
            await self._platform.say(self.id, place, str(words) or "skip")

    def _typed(self, one: Json, given: Any) -> Any:
        names = self.town.room.names
        match Kind(one["kind"]):
            case Kind.MEMBER:
                return names.resolve(given)[2:-1]
            case Kind.CHANNEL if given:
                return names.resolve(given)[2:-1]
            case Kind.ROLE if given:
                return given.casefold().removesuffix("s")
            case _:
                return given

    def _fields(self) -> list[Json]:
        return [one for page in (self.form.pages if self.form else []) for one in page["fields"]]
