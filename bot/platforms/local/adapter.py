"""The local platform: the bot's connection to the room, and what people do with the bot in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final

from bot.model.content import Catalog, CommandSpec, Form, MenuSpec, MenuTarget
from bot.model.ids import Member, Space
from bot.model.limits import Limits
from bot.model.outgoing import Outgoing, Receipt
from bot.model.roles import Role, expand
from bot.model.text import Span, clean
from bot.platforms.base import RetryLater, Sink, SpaceInfo, Unsure
from bot.platforms.local import command_line, forms, plain, views
from bot.platforms.local.courier import Courier
from bot.platforms.local.journal import NotSaved
from bot.platforms.local.limits import MEASURES
from bot.platforms.local.pump import Pump
from bot.platforms.local.refused import Refused, not_yours, too_long, unknown
from bot.platforms.local.room import BOT_ID, Room
from bot.platforms.local.state import Dialog, Happening, Interaction, Json, Message
from bot.platforms.local.translate import ROLE_NAMES, Translator
from bot.platforms.sizes import units

COMMAND_MOST: Final = 6_000
"""UTF-16 units of a typed command."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of using the bot. ``stored`` is False when it did not take it in time; it will yet."""

    interaction: str
    stored: bool
    dialog: Json | None


class LocalPlatform:
    """Implements ``bot.platforms.base.Platform`` over a Room.

    ``patience``: seconds that an interaction is waited for, as chat platforms do. ``first_retry``: seconds
    until an event is handed over again that could not be stored; twice as long each time, up to ten.
    """

    def __init__(self, room: Room, *, patience: float = 3.0, first_retry: float = 0.5) -> None:
        self.room = room
        self.catalog = Catalog()
        self.sink: Sink | None = None
        self.translator = Translator(room)
        self._courier = Courier(room, self.translator)
        self._pump = Pump(room, self.translator, self._show, first_retry)
        self._patience = patience
        self._listening = asyncio.Event()

    # The host's side

    @property
    def name(self) -> str:
        return "local"

    @property
    def limits(self) -> Limits:
        return self.room.limits

    @property
    def space(self) -> Space:
        return self.translator.space

    def measure(self, span: Span) -> int:
        return MEASURES[self.room.look](span)

    @property
    def ready(self) -> bool:
        """Whether the host listens."""
        return self.sink is not None

    async def listened_to(self) -> None:
        """Return once the host listens."""
        await self._listening.wait()

    async def caught_up(self) -> None:
        """Return once the host has stored all that happened so far."""
        for happening in list(self.room.ledger.waiting.values()):
            while not await self._pump.handed(happening, self._patience):
                pass

    async def run(self, sink: Sink, catalog: Catalog) -> None:
        """Hands over what happens until cancelled."""
        self.sink, self.catalog = sink, catalog
        self.room.live.publish("catalog")
        self._listening.set()
        try:
            await self._pump.run(sink)
        finally:
            self.sink = None
            self._listening.clear()

    async def deliver(self, out: Outgoing) -> Receipt:
        message = self._courier.carry(out)
        try:
            await self.room.saved()
        except NotSaved as error:
            raise RetryLater(f"room_not_saved: {error}", 1.0, everywhere=True) from error
        return Receipt(message)

    async def find(self, out: Outgoing, since: int) -> Receipt | None:
        delivered = self.room.ledger.receipt(out.key)
        try:
            await self.room.saved()
        except NotSaved as error:
            raise Unsure(f"room_not_saved: {error}") from error
        return None if delivered is None else Receipt(self._courier.ref(delivered))

    async def members(self, space: Space) -> AsyncIterator[Member]:
        if space == self.space:
            for person in self.room.present:
                yield self.translator.person(person)

    async def about(self, space: Space) -> SpaceInfo:
        hall = self.room.default_place
        return SpaceInfo(
            space=self.space,
            channels=tuple(self.translator.channel(place.id) for place in self.room.channels),
            roles=tuple(map(self.translator.role, ROLE_NAMES)),
            default_channel=None if hall is None else self.translator.channel(hall.id),
            people=self.room.count,
        )

    # People's side. A request that comes again under its ``key`` has no further effect.

    async def say(
        self,
        seat: str,
        place: str,
        text: str,
        thread: str | None = None,
        reply_to: str | None = None,
        *,
        key: str | None = None,
    ) -> Message:
        """A person's words: for everybody there, or the answer to a question that the bot asked."""
        if (said := self.room.ledger.done(seat, key)) is not None:
            await self.room.saved()
            return self.room.message_for(seat, said)
        message = self.room.say(seat, place, text, thread, reply_to)
        self.room.ledger.did(seat, key, message.id)
        if not self._answers(message):
            self.room.tell(message)
            if BOT_ID in (*message.pings, *self.room.places[message.place].pair):
                interaction = self._begin(seat, message.place, message.thread)
                self.room.ledger.happen("spoken_to", seat, token=interaction.id, **message.ref)
        await self.room.saved()
        return message

    def _answers(self, message: Message) -> bool:
        dialog = plain.expects(self.room, message)
        if dialog is not None:
            if plain.answer(self.room, dialog, message):
                self._send(dialog)
            return True
        choice = plain.chosen(self.room, message)
        if choice is None:
            return False
        asking, lines = choice
        values = [value for line in lines for value in line["chosen"]]
        interaction = self._begin(message.author, message.place, message.thread)
        self._control(interaction, asking, lines[0]["action"], values)
        return True

    async def command(
        self, seat: str, place: str, text: str, thread: str | None = None, *, key: str | None = None
    ) -> Outcome:
        """A typed command line, like ``/shoutout @Mina for the bench``."""
        if (again := await self._again(seat, key)) is not None:
            return again
        self.room.acting(seat)
        where = self.room.place_for(seat, place)
        root = self.room.root(seat, where, thread)
        if units(text) > COMMAND_MOST:
            raise too_long("The command", units(text), COMMAND_MOST)
        line = clean(text).strip()
        begun = command_line.find(self.catalog.commands, line)
        if begun is None:
            raise command_line.unknown(self.commands_for(seat), line)
        spec, rest = begun
        interaction = self._begin(seat, place, root, key)
        return await self._used(interaction, "command", path=list(spec.path), text=self._referring(rest))

    def _referring(self, text: str) -> str:
        return self.translator.words(self.room.names.resolve(text))

    async def press(self, seat: str, message: str, control: str, *, key: str | None = None) -> Outcome:
        """Presses a button."""
        if (again := await self._again(seat, key)) is not None:
            return again
        shown, held = self._held(seat, message, control, "button")
        interaction = self._begin(seat, shown.place, shown.thread, key)
        return await self._handed(interaction, self._control(interaction, shown, held["action"], []))

    async def select(
        self, seat: str, message: str, control: str, values: Sequence[str], *, key: str | None = None
    ) -> Outcome:
        """Chooses from a list."""
        if (again := await self._again(seat, key)) is not None:
            return again
        shown, held = self._held(seat, message, control, "select")
        picked = list(dict.fromkeys(values))
        if not set(picked) <= set(held["values"]):
            raise Refused("bad_value", "Choose some of those that are offered.", field="values")
        if not held["least"] <= len(picked) <= held["most"]:
            bounds = f"{held['least']} to {held['most']}" if held["least"] < held["most"] else held["most"]
            raise Refused("bad_value", f"Choose {bounds} of them.", field="values")
        interaction = self._begin(seat, shown.place, shown.thread, key)
        return await self._handed(interaction, self._control(interaction, shown, held["action"], picked))

    def _held(self, seat: str, message: str, control: str, kind: str) -> tuple[Message, Json]:
        self.room.acting(seat)
        shown = self.room.message_for(seat, message)
        held = shown.controls.get(control)
        if held is None or held["kind"] != kind:
            raise unknown("control", "The message may have changed meanwhile; look at it again.")
        return shown, held

    async def menu(
        self,
        seat: str,
        menu: str,
        *,
        message: str | None = None,
        member: str | None = None,
        place: str | None = None,
        key: str | None = None,
    ) -> Outcome:
        """Uses a menu action on a message or on a person."""
        if (again := await self._again(seat, key)) is not None:
            return again
        self.room.acting(seat)
        spec = dict(self.menus_for(seat)).get(menu)
        if spec is None:
            raise unknown("menu", "GET /api/catalog lists those there are.")
        if spec.target is MenuTarget.MESSAGE:
            if message is None:
                raise Refused("bad_value", "This is used on a message. Which one?", field="message")
            shown = self.room.message_for(seat, message)
            if not self.room.heard(shown):
                raise Refused("not_allowed", "The bot can't see this message.")
            interaction = self._begin(seat, shown.place, shown.thread, key)
            return await self._used(
                interaction,
                "menu",
                action=spec.action,
                member=shown.author,
                message=shown.id,
                thread=shown.thread,
                text=self._referring(views.words(shown)),
            )
        if member is None or member not in self.room.people:
            raise unknown("person", "GET /api/people lists those there are.")
        hall = self.room.default_place
        where = place or (hall.id if hall is not None else "")
        interaction = self._begin(seat, self.room.place_for(seat, where).id, None, key)
        return await self._used(interaction, "menu", action=spec.action, member=member, message=None, text="")

    async def submit(self, seat: str, ident: str, values: Json) -> Outcome:
        """Sends the page of a form that is shown; after the last one, the form."""
        dialog = self._dialog(seat, ident)
        if forms.take(self.room, dialog, values):
            if dialog.page == len(dialog.pages) - 1:
                interaction, happening = self._send(dialog)
                return await self._handed(interaction, happening)
            dialog.page += 1
        return await self._kept(dialog)

    async def back(self, seat: str, ident: str, values: Json) -> Outcome:
        """Shows the page before, keeping what was filled in."""
        dialog = self._dialog(seat, ident)
        forms.take(self.room, dialog, values)
        dialog.page = max(0, dialog.page - 1)
        return await self._kept(dialog)

    async def cancel(self, seat: str, ident: str) -> None:
        self._dialog(seat, ident)
        self.room.ledger.close_dialog(seat)
        await self.room.saved()

    def commands_for(self, seat: str) -> list[CommandSpec]:
        """The commands that this person may use."""
        held = self._roles(seat)
        return [spec for spec in self.catalog.commands if spec.role in held]

    def menus_for(self, seat: str) -> list[tuple[str, MenuSpec]]:
        """The menu actions that this person may use, with the ids that the room calls them by."""
        held = self._roles(seat)
        return [
            (f"n{number}", spec)
            for number, spec in enumerate(self.catalog.menus, 1)
            if spec.role in held and (spec.target is MenuTarget.MESSAGE or self.room.limits.person_menus)
        ]

    def _roles(self, seat: str) -> frozenset[Role]:
        return expand(frozenset(map(Role, self.room.seat(seat).roles)))

    async def _again(self, seat: str, key: str | None) -> Outcome | None:
        """What came of the same request, if it came before."""
        ledger = self.room.ledger
        made = ledger.done(seat, key)
        if made is None:
            return None
        await self.room.saved()
        asking = ledger.asking(made)
        stored = asking is None or await self._pump.handed(asking, self._patience)
        return Outcome(made, stored, views.dialog(ledger.dialog(seat)))

    def _begin(self, seat: str, place: str, thread: str | None, key: str | None = None) -> Interaction:
        interaction = self.room.ledger.begin(seat, place, thread, self.room.limits.answer_window)
        self.room.ledger.did(seat, key, interaction.id)
        return interaction

    def _control(self, it: Interaction, shown: Message, action: str, chosen: list[str]) -> Happening:
        return self.room.ledger.happen(
            "control", it.who, token=it.id, **shown.ref, action=action, chosen=chosen
        )

    async def _used(self, it: Interaction, kind: str, **more: object) -> Outcome:
        happening = self.room.ledger.happen(kind, it.who, token=it.id, place=it.place, **more)
        return await self._handed(it, happening)

    async def _handed(self, it: Interaction, happening: Happening) -> Outcome:
        await self.room.saved()
        stored = await self._pump.handed(happening, self._patience)
        return Outcome(it.id, stored, views.dialog(self.room.ledger.dialog(it.who)))

    def _dialog(self, seat: str, ident: str) -> Dialog:
        self.room.acting(seat)
        dialog = self.room.ledger.dialog_called(ident)
        if dialog is None:
            raise unknown("dialog", "It was sent, cancelled or replaced already.")
        if dialog.who != seat:
            raise not_yours("form")
        return dialog

    async def _kept(self, dialog: Dialog) -> Outcome:
        self.room.ledger.keep_dialog(dialog)
        await self.room.saved()
        return Outcome("", True, views.dialog(dialog))

    def _send(self, dialog: Dialog) -> tuple[Interaction, Happening]:
        ledger = self.room.ledger
        ledger.close_dialog(dialog.who)
        interaction = self._begin(dialog.who, dialog.place, dialog.thread)
        happening = ledger.happen(
            "form",
            dialog.who,
            token=interaction.id,
            place=dialog.place,
            action=dialog.action,
            values=forms.sent(dialog),
        )
        return interaction, happening

    def _show(self, happening: Happening, form: Form) -> None:
        """Shows the form with which the host answers an interaction."""
        ledger = self.room.ledger
        interaction = ledger.interaction(happening.more.get("token", ""))
        dialog = Dialog(
            id=f"f{self.room.next_number('dialog')}",
            who=happening.who,
            place=happening.more["place"],
            thread=None if interaction is None else interaction.thread,
            action=form.action,
            pages=forms.pages(self.room, form),
            asked=not self.room.limits.forms,
        )
        if dialog.asked:
            plain.begin(self.room, dialog, form.title)
        else:
            dialog.page = forms.first_problem(dialog)
            ledger.keep_dialog(dialog)
