"""The one path in: which handler an event is for, what it must still be asked, and what refuses it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import structlog

from bot import books, codec, reading
from bot.actions import BadAction, Bound, Expired, NotYours, Sealer, bind
from bot.clock import Clock
from bot.cog import FormHandler, HandlerKind, MenuHandler
from bot.grammar import describe
from bot.jobs import Waker
from bot.model.content import ChosenMessage, Form, MenuTarget, Option
from bot.model.events import (
    CommandUsed,
    Completion,
    ControlUsed,
    Event,
    FormSent,
    Interaction,
    MemberCleared,
    MemberJoined,
    MemberLeft,
    MenuUsed,
    MessagePosted,
    Raw,
    SpaceLost,
    SpaceSeen,
    SpokenTo,
)
from bot.model.ids import Channel, Member, MessageRef, Space
from bot.model.nearest import nearest
from bot.model.text import CommandName, Moment, T, Words, clean, counted
from bot.model.ticks import ScheduleDue, ScheduleSkipped, Tick
from bot.occasion import SPOKEN_TO, Call, Occasion, Outcome
from bot.reading import Place, Read
from bot.registry import Entry, Registry
from bot.spec import Parameter
from bot.store import Scope
from bot.unit import UnitRunner, forbidden
from bot.usage import intro, title, usage
from storage.errors import ReadTimeout, StorageError
from storage.port import Engine, Tx
from storage.repos import members

COMPLETION_SECONDS: Final = 1.0
COMPLETIONS_MOST: Final = 25
SPOKEN_TO_MS: Final = 600_000
"""Who speaks to the bot is answered once in this time, openly and privately."""
STALE: Final = T("That button is from another time. Use the command again for a fresh one.")
FOREIGN: Final = T("That one belongs to someone else. Use the command yourself to get your own.")
FORGED: Final = T("That button isn't one of mine here. Nothing was done.")
GONE: Final = T("That form is too old now. Start again, please; nothing was lost but what you typed in it.")
OFF: Final = T("That part of Kith is switched off here.")

_BOOKKEEPING: Final = (SpaceSeen, SpaceLost, MemberJoined, MemberCleared, MemberLeft)

_CONTROLS: Final = frozenset({HandlerKind.BUTTON, HandlerKind.SELECT})
_FORMS: Final = frozenset({HandlerKind.FORM, HandlerKind.COMMAND, HandlerKind.BUTTON, HandlerKind.MENU})
_WORD: Final = re.compile(r"[\w-]{1,32}")
_OPTION: Final = re.compile(r"([a-z][a-z_-]{1,31}):(?=\s)", re.IGNORECASE)

log = structlog.get_logger(__name__)


class NotStored(Exception):
    """The storage failed, so the event is not done: do not acknowledge it; it may come again."""


class Router:
    """Takes every event; see ``bot.platforms.base.Sink``."""

    def __init__(
        self,
        *,
        units: UnitRunner,
        engine: Engine,
        registry: Registry,
        sealer: Sealer,
        clock: Clock,
        waker: Waker,
    ) -> None:
        self._units = units
        self._engine = engine
        self._registry = registry
        self._sealer = sealer
        self._clock = clock
        self._waker = waker

    async def accept(self, event: Event) -> Form | None:
        """Take an event; return once it is stored, or with a form that must be filled in first.

        Raises NotStored when the storage failed.
        """
        bound = structlog.contextvars.bind_contextvars(event=event.id, space=event.space.key)
        try:
            event = books.tidied(event)
            match event:
                case CommandUsed():
                    return await self._command(event)
                case ControlUsed():
                    return await self._control(event)
                case FormSent():
                    return await self._form_sent(event)
                case MenuUsed():
                    return await self._menu(event)
                case SpokenTo():
                    event = _once_in_a_while(event)
            await self._happening(event)
            return None
        except StorageError as error:
            log.error("not_stored", error=str(error))
            raise NotStored(str(error)) from error
        except Exception as error:
            # A fault of ours must not have the platform hand over the same event for ever.
            log.error("event_failed", kind=type(event).__name__, exc_info=error)
            await self._units.give_up(_occasion(event), error)
            return None
        finally:
            structlog.contextvars.reset_contextvars(**bound)

    async def due(self, tick: Tick) -> None:
        """Run the job or the timer whose time has come. Raises NotStored."""
        handler = tick.job if isinstance(tick, ScheduleDue) else tick.handler
        entry = self._registry.entry(f"{tick.cog}.{handler}")
        if entry is None:
            return
        event = Event(id=tick.id, space=Space.of(tick.space), at=tick.at)
        if isinstance(tick, ScheduleDue):
            occasion = Occasion(
                event, "schedule", rule=describe(tick.rule), set_by=tick.set_by, set_at=tick.set_at
            )
            call = Call(entry)
        else:
            occasion = Occasion(event, "timer")
            try:
                call = Call(entry, codec.loads(tick.args["args"]))
            except (KeyError, TypeError, ValueError) as error:
                log.error("timer_unreadable", handler=entry.name, error=str(error))
                return
        with structlog.contextvars.bound_contextvars(event=event.id, space=tick.space):
            try:
                await self._run(occasion, [call])
            except StorageError as error:
                raise NotStored(str(error)) from error
            except Exception as error:
                log.error("tick_failed", handler=entry.name, exc_info=error)
                await self._units.give_up(occasion, error)

    async def skipped(self, missed: ScheduleSkipped) -> None:
        """Write into the open log what was not made up for. Raises NotStored."""
        event = Event(id=missed.id, space=Space.of(missed.space), at=missed.occurrences[-1].at)
        entry = self._registry.entry(f"{missed.cog}.{missed.job}")
        words = counted(
            len(missed.occurrences),
            "Skipped while Kith was away: {what} It was due {when}.",
            "Skipped {count} times while Kith was away: {what} The last was due {when}.",
            what=entry.handler.about if entry else f"{missed.job} of {missed.cog}.",
            when=Moment(missed.occurrences[-1].at),
        )
        try:
            await self._units.note(Occasion(event, "schedule"), "schedule", words)
        except StorageError as error:
            raise NotStored(str(error)) from error

    async def complete(self, request: Completion) -> Sequence[Option]:
        """Choices for an option that a cog completes; empty when there are none in time."""
        entry = self._registry.command(request.path)
        if entry is None:
            return ()
        wanted = next((item for item in entry.parameters if item.name == request.option), None)
        if wanted is None or wanted.completer is None:
            return ()
        completer = getattr(entry.cog, wanted.completer)
        try:
            community = await self._units.community(request.space)

            async def work(tx: Tx) -> Sequence[Option]:
                scope = Scope(tx, community, request.space.key, self._clock.now(), _no_id)
                ctx = await self._units.reading_ctx(scope, request.space, request.actor, entry)
                if entry.handler.role not in ctx.roles:
                    return ()
                found: Sequence[Option] = await completer(ctx, clean(request.typed))
                return found

            found = await self._engine.read(work, deadline=COMPLETION_SECONDS)
        except (ReadTimeout, StorageError) as error:
            log.warning("no_completion", handler=entry.name, error=str(error))
            return ()
        except (Exception, SystemExit) as error:
            log.error("completer_failed", handler=entry.name, exc_info=error)
            return ()
        return list(found)[:COMPLETIONS_MOST]

    async def _happening(self, event: Event) -> None:
        if isinstance(event, MessagePosted) and self._registry.hears(MessagePosted):
            event = await self._named(event)
        if not isinstance(event, _BOOKKEEPING) and not self._registry.listeners(event):
            return
        await self._run(_occasion_of(event), None)

    async def _command(self, event: CommandUsed) -> Form | None:
        entry = self._registry.command(event.path)
        if entry is None:
            await self._unknown(event)
            return None
        fields = [item.field for item in entry.parameters]
        raw: dict[str, Raw] = dict(event.values)
        if event.text:
            typed, rest = reading.split(fields, clean(event.text))
            raw = {**typed, **raw}
            words = _misplaced(entry, typed, rest)
            if words is not None:
                await self._refuse(event, words)
                return None
        asking = bind(entry.name, only=event.actor.member)
        return await self._with_values(
            event, entry, (), entry.parameters, raw, asking, _interaction(event, "command")
        )

    async def _control(self, event: ControlUsed) -> Form | None:
        opened = await self._open(event, event.action, _CONTROLS)
        if opened is None:
            return None
        entry, what = opened
        if entry.handler.kind is HandlerKind.SELECT:
            chosen = tuple(clean(value) for value in event.chosen)
            outcome = await self._run(_interaction(event, "select"), [Call(entry, (*what.args, chosen))])
            return outcome.form
        asked = entry.parameters[len(what.args) :]
        asking = bind(entry.name, *what.args, only=event.actor.member, until=what.until)
        return await self._with_values(
            event, entry, what.args, asked, {}, asking, _interaction(event, "button")
        )

    async def _menu(self, event: MenuUsed) -> Form | None:
        entry = self._registry.entry(event.action)
        if entry is None or not isinstance(entry.handler, MenuHandler):
            await self._refuse(event, OFF)
            return None
        chosen: ChosenMessage | Member
        if entry.handler.target is MenuTarget.MEMBER:
            if event.member is None:
                await self._refuse(event, FORGED)
                return None
            chosen = event.member
        else:
            if event.message is None:
                await self._refuse(event, FORGED)
                return None
            names = await self._names(event.space, reading.mentioned_in(event.text))
            chosen = ChosenMessage(event.message, event.member, reading.called_in(clean(event.text), names))
        if not any(item.field.required for item in entry.parameters):
            outcome = await self._run(_interaction(event, "menu"), [Call(entry, (chosen,))])
            return outcome.form
        if entry.handler.role not in await self._units.roles(event.space, event.actor):
            await self._refuse(event, forbidden(entry))
            return None
        kept = await self._units.keep(event, codec.dumps(chosen))
        asking = bind(entry.name, kept, only=event.actor.member)
        return self._form(event, entry, entry.parameters, {}, Read({}), asking)

    async def _form_sent(self, event: FormSent) -> Form | None:
        opened = await self._open(event, event.action, _FORMS)
        if opened is None:
            return None
        entry, what = opened
        occasion = _interaction(event, "form")._replace(once=what.once)
        if isinstance(entry.handler, FormHandler):
            outcome = await self._run(occasion, [Call(entry, (*what.args, _cleaned(event.values)))])
            return outcome.form
        args: tuple[Any, ...] = what.args
        asked = (
            entry.parameters[len(args) :] if entry.handler.kind is HandlerKind.BUTTON else entry.parameters
        )
        if isinstance(entry.handler, MenuHandler):
            body = await self._units.kept(event, int(str(what.args[0])))
            if body is None:
                await self._refuse(event, GONE)
                return None
            args = (codec.loads(body),)
        asking = bind(entry.name, *what.args, only=event.actor.member, until=what.until)
        return await self._with_values(event, entry, args, asked, event.values, asking, occasion)

    async def _with_values(
        self,
        event: Interaction,
        entry: Entry,
        args: tuple[Any, ...],
        asked: Sequence[Parameter],
        raw: Mapping[str, Raw],
        asking: str,
        occasion: Occasion,
    ) -> Form | None:
        """Run the handler if all it needs is there, else the form that asks for it."""
        place = Place(event.space.key, self._units.zone(event.space), self._clock.now())
        raw = await self._called(event.space, asked, raw)
        read = reading.read(asked, raw, place)
        if not read.complete:
            if entry.handler.role not in await self._units.roles(event.space, event.actor):
                await self._refuse(event, forbidden(entry))
                return None
            return self._form(event, entry, asked, raw, read, asking)
        outcome = await self._run(occasion, [Call(entry, args, read.values)])
        return outcome.form

    async def _called(
        self, space: Space, asked: Sequence[Parameter], raw: Mapping[str, Raw]
    ) -> Mapping[str, Raw]:
        """The values with people who are mentioned in the midst of words by the names they go by."""
        mentioned = reading.mentioned(asked, raw)
        return reading.called(asked, raw, await self._names(space, mentioned)) if mentioned else raw

    async def _named(self, event: MessagePosted) -> MessagePosted:
        """The message with whom and what its words mention by name."""
        known = {person.id: person.name for person in event.mentions if person.name}
        names = known | await self._names(event.space, reading.mentioned_in(event.text) - known.keys())
        return replace(event, text=reading.called_in(event.text, names))

    async def _names(self, space: Space, mentioned: Collection[str]) -> dict[str, str]:
        """The names that these people go by, by id."""

        async def work(tx: Tx) -> dict[str, str]:
            rows = {ident: await members.get(tx, f"{space.key}:{ident}") for ident in mentioned}
            return {ident: row["name"] for ident, row in rows.items() if row is not None}

        return await self._engine.read(work) if mentioned else {}

    def _form(
        self,
        event: Interaction,
        entry: Entry,
        asked: Sequence[Parameter],
        raw: Mapping[str, Raw],
        read: Read,
        asking: str,
    ) -> Form:
        fields = tuple(
            replace(
                reading.shown(item.field, raw.get(item.name)),
                problem=read.problems.get(item.name),
            )
            for item in asked
        )
        action = self._sealer.seal(asking, event.space.key, once=self._units.new_id())
        return Form(title(entry.handler), action, fields, intro=intro(entry.handler))

    async def _open(
        self, event: Interaction, action: str, kinds: frozenset[HandlerKind]
    ) -> tuple[Entry, Bound] | None:
        """What a sealed action stands for; None after having told the person why it is refused."""
        try:
            what = self._sealer.open(action, event.space.key, event.actor.member, self._clock.now())
        except BadAction:
            await self._refuse(event, FORGED)
            return None
        except NotYours:
            await self._refuse(event, FOREIGN)
            return None
        except Expired:
            await self._refuse(event, STALE)
            return None
        entry = self._registry.entry(what.handler)
        if entry is None:
            await self._refuse(event, OFF)
            return None
        if entry.handler.kind not in kinds:
            await self._refuse(event, FORGED)
            return None
        if not _takes(entry, what.args):
            await self._refuse(event, STALE)
            return None
        return entry, what

    async def _unknown(self, event: CommandUsed) -> None:
        wanted: CommandName | str = CommandName(tuple(event.path))
        if not all(_WORD.fullmatch(part) for part in event.path):
            wanted = "/" + clean(" ".join(event.path))[:60]
        close = self._registry.nearest_command(event.path, await self._units.roles(event.space, event.actor))
        if close is None:
            words: Words = T(
                "I don't know {name}. {help} shows what there is.",
                name=wanted,
                help=CommandName(("kith", "help")),
            )
        else:
            words = T(
                "I don't know {name}. Did you mean {close}?",
                name=wanted,
                close=CommandName(tuple(close.split())),
            )
        await self._refuse(event, words)

    async def _run(self, occasion: Occasion, calls: Sequence[Call] | None) -> Outcome:
        outcome = await self._units.run(occasion, calls)
        if outcome.rescheduled:
            self._waker.poke()
        return outcome

    async def _refuse(self, event: Interaction, words: Words) -> None:
        await self._units.refuse(_interaction(event, "refusal"), words)


def _misplaced(entry: Entry, typed: Mapping[str, Raw], rest: str) -> Words | None:
    """What to say to somebody whose words found no place, or who misspelt an option; None if all is well."""
    names = [item.name for item in entry.parameters]
    for text in (rest, *typed.values()):
        match = _OPTION.match(text) if isinstance(text, str) else None
        if match is None:
            continue
        close = nearest(match.group(1), names)
        if close is not None and typed.get(close) in (None, text):
            return T(
                "There is no option {name}. Did you mean {close}? {usage}",
                name=match.group(1),
                close=close,
                usage=usage(entry),
            )
        if text is rest:
            return T("There is no option {name}. {usage}", name=match.group(1), usage=usage(entry))
    return T("I could not place {rest}. {usage}", rest=rest[:100], usage=usage(entry)) if rest else None


def _takes(entry: Entry, args: tuple[Any, ...]) -> bool:
    """Whether a handler still takes what a control made by an earlier version brings."""
    if isinstance(entry.handler, MenuHandler):
        return len(args) == 1
    last = (None,) if entry.handler.kind in (HandlerKind.SELECT, HandlerKind.FORM) else ()
    try:
        inspect.signature(entry.handler.method).bind_partial(entry.cog, None, *args, *last)
    except TypeError:
        return False
    return True


def _interaction(event: Interaction, how: str) -> Occasion:
    return Occasion(
        event,
        how,
        actor=event.actor,
        channel=event.channel,
        message=getattr(event, "message", None),
        token=event.token or None,
    )


def _occasion(event: Event) -> Occasion:
    """What an event is about, for telling whoever waits for an answer."""
    return _interaction(event, "refusal") if isinstance(event, Interaction) else _occasion_of(event)


def _once_in_a_while(event: SpokenTo) -> SpokenTo:
    """The same event for all that somebody says to the bot for some time."""
    how = "privately" if event.message is None else "openly"
    window = event.at // SPOKEN_TO_MS
    return replace(event, id=f"{SPOKEN_TO}{event.actor.member.key}:{how}:{window}")


def _occasion_of(event: Event) -> Occasion:
    if isinstance(event, SpokenTo):
        return _interaction(event, "event")
    subject: Member | None = getattr(event, "member", None)
    message: MessageRef | None = getattr(event, "message", None)
    channel: Channel | None = message.channel if message else None
    return Occasion(event, "event", subject=subject, channel=channel, message=message)


def _cleaned(values: Mapping[str, Raw]) -> dict[str, Raw]:
    return {name: clean(value) if isinstance(value, str) else value for name, value in values.items()}


def _no_id() -> int:
    raise LookupError("Completing writes nothing, so there are no new ids.")
