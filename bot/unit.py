"""One unit: an event's bookkeeping and its handlers in one transaction, with the one error boundary.

A refusal or a bug undoes that handler's part and still marks the event as done; only a failure of the
storage leaves it unmarked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final
from zoneinfo import ZoneInfo

from bot import books, faults
from bot.attention import Attention
from bot.because import Because
from bot.clock import Clock
from bot.cog import ButtonHandler, JobHandler
from bot.ctx import Ctx, Effects, Said, Sorry
from bot.host.settings import HOST, HostSettings
from bot.jobs import sync_jobs
from bot.model.content import ChosenMessage, Form
from bot.model.events import Event, Interaction, SpaceSeen
from bot.model.ids import Channel, Member, Space
from bot.model.outgoing import Answer
from bot.model.roles import Actor, Role, expand
from bot.model.text import T, Words
from bot.occasion import Call, Occasion, Outcome, Surroundings
from bot.outbox import Draft, Outbox, Staged
from bot.registry import Entry, Registry
from bot.settings import Sections
from bot.staging import PAUSE, Stager, hush
from bot.store import Scope
from storage.errors import StorageError, UnitError
from storage.port import Engine, Row, Tx
from storage.repos import drafts, marks, members, spaces
from storage.repos import outbox as outbox_rows
from storage.repos import settings as setting_rows

BROKEN: Final = T("Something went wrong on my side, not yours. The hosts can see it. Please try again later.")
SPACES_MOST: Final = 2_000
"""Spaces that are remembered with their settings; others are read anew for each unit."""
ALREADY: Final = T("That form was sent already, so nothing was done this time.")
UNKNOWN_PERSON: Final = T("I can't find that person here. Pick them from the list that opens after the @.")


class UnitRunner:
    """Runs events through their handlers, one unit each."""

    def __init__(
        self,
        *,
        engine: Engine,
        registry: Registry,
        sections: Sections,
        stager: Stager,
        outbox: Outbox,
        clock: Clock,
        new_id: Callable[[], int],
        zone: ZoneInfo,
    ) -> None:
        self._engine = engine
        self._registry = registry
        self._sections = sections
        self._stager = stager
        self._outbox = outbox
        self._clock = clock
        self.new_id = new_id
        self._zone = zone
        self._communities: dict[str, int] = {}
        self._spaces: dict[str, Surroundings] = {}
        self._zones: dict[str, ZoneInfo] = {}

    def zone(self, space: Space) -> ZoneInfo:
        """The space's time zone as last seen, for reading what people typed."""
        return self._zones.get(space.key, self._zone)

    async def community(self, space: Space) -> int:
        """The community a space belongs to; an unknown space becomes one of its own.

        Raises StorageError.
        """
        known = self._communities.get(space.key)
        if known is not None:
            return known
        fresh, now = self.new_id(), self._clock.now()

        async def work(tx: Tx) -> int:
            await spaces.add(tx, key=space.key, community=fresh, name=space.name or space.id, now=now)
            row = await spaces.get(tx, space.key)
            assert row is not None
            return int(row["community"])

        self._communities[space.key] = community = await self._engine.unit(0, work)
        return community

    async def run(self, occasion: Occasion, calls: Sequence[Call] | None = None) -> Outcome:
        """Run the calls, or whoever listens to the event, and hand what they said to the outbox.

        Raises StorageError if nothing of it is stored.
        """
        community = await self.community(occasion.event.space)
        now = self._clock.now()

        async def work(tx: Tx) -> Outcome:
            return await self._work(tx, community, now, occasion, calls)

        outcome = await self._engine.unit(community, work)
        if outcome.staged is not None:
            self._outbox.committed(outcome.staged)
        return outcome

    async def refuse(self, occasion: Occasion, words: Words) -> None:
        """Answer privately that this can't be done."""
        community = await self.community(occasion.event.space)
        now = self._clock.now()

        async def work(tx: Tx) -> Staged | None:
            if not await marks.claim(tx, community, occasion.event.id, now):
                return None
            scope = Scope(tx, community, occasion.event.space.key, now, self.new_id)
            around = await self._around(scope)
            ctx = self._ctx(scope, occasion, around, HOST, "refusal")
            ctx.reply(words)
            drafts = await self._stage(ctx, occasion, around, ctx.effects)
            return await self._outbox.add(tx, drafts)

        staged = await self._engine.unit(community, work)
        if staged is not None:
            self._outbox.committed(staged)

    async def give_up(self, occasion: Occasion, error: Exception) -> None:
        """Keep a fault of the host for doctor, and tell whoever waits for an answer.

        Raises nothing: what can't be kept is in the log already.
        """
        with suppress(StorageError, UnitError):
            community = await self.community(occasion.event.space)
            now = self._clock.now()
            event = occasion.event

            async def work(tx: Tx) -> None:
                scope = Scope(tx, community, event.space.key, now, self.new_id)
                await faults.keep(scope, cog=HOST, handler=occasion.how, event=event.id, error=error)

            await self._engine.unit(community, work)
            if occasion.token is not None:
                await self.refuse(occasion, BROKEN)

    async def roles(self, space: Space, actor: Actor) -> frozenset[Role]:
        """What somebody may do in a space. Raises StorageError."""
        community = await self.community(space)

        async def work(tx: Tx) -> frozenset[Role]:
            scope = Scope(tx, community, space.key, self._clock.now(), self.new_id)
            return held_roles(actor, (await self._around(scope)).host)

        return await self._engine.read(work)

    async def reading_ctx(self, scope: Scope, space: Space, actor: Actor, entry: Entry) -> Ctx[Any, Any]:
        """A context for a completer, which only reads."""
        around = await self._around(scope)
        happening = Event(id="completion", space=space, at=scope.now)
        return self._ctx(
            scope, Occasion(happening, "command", actor=actor), around, entry.cog.name, entry.handler.name
        )

    async def keep(self, event: Interaction, body: str) -> int:
        """Keep what a form needs until it comes back: the draft's id. Raises StorageError."""
        community = await self.community(event.space)
        fresh, now = self.new_id(), self._clock.now()

        async def work(tx: Tx) -> int:
            await drafts.add(
                tx,
                id=fresh,
                community=community,
                space=event.space.key,
                member=event.actor.member.key,
                body=body,
                now=now,
            )
            return fresh

        return await self._engine.unit(community, work)

    async def kept(self, event: Interaction, draft: int) -> str | None:
        """A draft that this person's form needs, or None if it is gone. Raises StorageError."""
        community = await self.community(event.space)

        async def work(tx: Tx) -> str | None:
            return await drafts.get(tx, community, draft, event.actor.member.key)

        return await self._engine.read(work)

    async def note(self, occasion: Occasion, topic: str, words: Words, *, tells_hosts: bool = False) -> None:
        """Write a line into the open log, once for this event; ``tells_hosts`` in their channel too.

        Raises StorageError.
        """
        community = await self.community(occasion.event.space)
        now = self._clock.now()

        async def work(tx: Tx) -> Staged | None:
            if not await marks.claim(tx, community, occasion.event.id, now):
                return None
            scope = Scope(tx, community, occasion.event.space.key, now, self.new_id)
            around = await self._around(scope)
            ctx = self._ctx(scope, occasion, around, HOST, "note")
            await self._stager.note(ctx, topic, words)
            if not tells_hosts or around.host.hosts_channel is None:
                return None
            ctx.post(around.host.hosts_channel, words, attention=Attention.NEWS, ping=False)
            return await self._outbox.add(tx, await self._stage(ctx, occasion, around, ctx.effects))

        staged = await self._engine.unit(community, work)
        if staged is not None:
            self._outbox.committed(staged)

    async def _work(
        self, tx: Tx, community: int, now: int, occasion: Occasion, calls: Sequence[Call] | None
    ) -> Outcome:
        event = occasion.event
        scope = Scope(tx, community, event.space.key, now, self.new_id)
        if not await marks.claim(tx, community, event.id, now):
            return Outcome()
        handed = await books.keep(scope, event, occasion.subject)
        rescheduled = isinstance(event, SpaceSeen) and await self._follow_settings(scope)
        if calls is None:
            listeners = self._registry.listeners(handed) if handed is not None else ()
            calls = [Call(entry, (handed,)) for entry in listeners]
        if not calls:
            return Outcome(rescheduled=rescheduled)
        around = await self._around(scope)
        if occasion.member is not None and not occasion.member.name:
            occasion = await _named(tx, occasion, occasion.member)
        drafts: list[Draft] = []
        form: Form | None = None
        forgotten: list[Member] = []
        for call in calls:
            ctx = self._ctx(scope, occasion, around, call.entry.cog.name, call.entry.handler.name)
            said, asked = await self._call(ctx, call, occasion, around)
            drafts += said
            form = form or asked
            rescheduled = rescheduled or ctx.effects.rescheduled
            if ctx.effects.forgotten is not None:
                forgotten.append(ctx.effects.forgotten)
        staged = await self._outbox.add(tx, drafts) if drafts else None
        for member in forgotten:
            while await outbox_rows.forget(tx, community, member.key, now=now):
                pass
        return Outcome(staged, form, rescheduled)

    async def _follow_settings(self, scope: Scope) -> bool:
        """Bring the space's schedules in line with its settings; whether anything changed."""
        around = await self._around(scope)
        return await sync_jobs(scope, self._registry, around.settings, around.zone)

    async def _around(self, scope: Scope) -> Surroundings:
        row = await spaces.get(scope.tx, scope.space)
        assert row is not None
        values = tuple(row)
        known = self._spaces.get(scope.space)
        if known is None or known.values != values:
            known = await self._changed(scope, row, values, known)
        if row["paused_until"] is None:
            return known
        return known._replace(silence=hush(row, scope.now))

    async def _changed(
        self, scope: Scope, row: Row, values: tuple[Any, ...], known: Surroundings | None
    ) -> Surroundings:
        """The space anew: nobody knew it, or its row has changed."""
        if known is not None and known.row["settings"] == row["settings"]:
            settings = known.settings
        else:
            rows = await setting_rows.of(scope.tx, scope.community, scope.space)
            settings = self._sections.load(scope.space, rows)
        host: HostSettings = settings[HOST]
        zone = self._zones[scope.space] = host.zone or self._zone
        default = row["default_channel"]
        if len(self._spaces) >= SPACES_MOST:
            self._spaces.clear()
        around = self._spaces[scope.space] = Surroundings(
            values=values,
            row=row,
            space=Space.of(scope.space, row["name"]),
            default_channel=Channel.of(default) if default else None,
            settings=settings,
            host=host,
            zone=zone,
            silence=hush(row, scope.now),
        )
        return around

    def _ctx(
        self, scope: Scope, occasion: Occasion, around: Surroundings, cog: str, handler: str
    ) -> Ctx[Any, Any]:
        maker = self._registry.cogs.get(cog)
        return Ctx(
            cog=cog,
            handler=handler,
            event=occasion.event.id,
            scope=scope,
            space=around.space,
            zone=around.zone,
            settings=around.settings[cog] if maker is not None else None,
            store=maker.store_type(scope) if maker is not None else None,
            default_channel=around.default_channel,
            people=around.row["people"],
            silent=around.silence is not None,
            asked_by=occasion.member,
            roles=held_roles(occasion.actor, around.host),
            channel=occasion.channel,
            message=occasion.message,
            token=occasion.token,
        )

    async def _call(
        self, ctx: Ctx[Any, Any], call: Call, occasion: Occasion, around: Surroundings
    ) -> tuple[list[Draft], Form | None]:
        """One handler: its drafts and the form it wants shown; a refusal or a bug becomes an answer."""
        entry = call.entry
        if isinstance(entry.handler, JobHandler) and around.silence is not None:
            if around.silence.topic == PAUSE:
                words = T("Skipped while paused: {what}", what=entry.handler.about)
                await self._stager.note(ctx, PAUSE, words)
            return [], None
        try:
            async with ctx.scope.tx.savepoint():
                if entry.handler.role not in ctx.roles:
                    raise Sorry(forbidden(entry))
                if occasion.once is not None and await marks.has(
                    ctx.scope.tx, ctx.community, _form(occasion.once)
                ):
                    raise Sorry(ALREADY)
                if occasion.token is not None:
                    call = await self._introduced(ctx, call)
                await entry.handler.method(entry.cog, ctx, *call.args, **call.values)
                if occasion.token is not None and not _answered(ctx.effects):
                    ctx.reply(T("Done."))
                form = ctx.effects.form
                if form is not None:
                    form = self._stager.seal_form(ctx, form)
                elif occasion.once is not None:
                    await marks.claim(ctx.scope.tx, ctx.community, _form(occasion.once), ctx.now)
                return await self._stage(ctx, occasion, around, ctx.effects), form
        except Sorry as refusal:
            return await self._apologise(ctx, occasion, around, refusal.words), None
        except StorageError:
            raise
        except (Exception, SystemExit) as error:  # a cog may not end the host either
            await faults.keep(ctx.scope, cog=ctx.cog, handler=ctx.handler, event=ctx.event, error=error)
            return await self._apologise(ctx, occasion, around, BROKEN), None

    async def _introduced(self, ctx: Ctx[Any, Any], call: Call) -> Call:
        """The call with people by the names they go by; a refusal if they would rather not be named."""
        handler = call.entry.handler
        private = isinstance(handler, ButtonHandler) and handler.private
        values = {name: await self._known(ctx, value, private) for name, value in call.values.items()}
        args = tuple([await self._known(ctx, value, private) for value in call.args])
        return Call(call.entry, args, values)

    async def _known(self, ctx: Ctx[Any, Any], value: Any, private: bool) -> Any:
        if isinstance(value, tuple):
            return tuple([await self._known(ctx, item, private) for item in value])
        if isinstance(value, ChosenMessage):
            return replace(value, author=await self._known(ctx, value.author, private))
        if not isinstance(value, Member):
            return value
        row = await members.get(ctx.scope.tx, value.key)
        if row is not None:
            value = Member(value.space, value.id, row["name"] or value.name, bool(row["bot"]))
        elif not value.name:
            raise Sorry(UNKNOWN_PERSON)
        if not private:
            await ctx.respect_blocks(value)
        return value

    async def _apologise(
        self, ctx: Ctx[Any, Any], occasion: Occasion, around: Surroundings, words: Words
    ) -> list[Draft]:
        ctx.effects = Effects()
        if occasion.token is None:
            return []
        ctx.reply(words)
        return await self._stage(ctx, occasion, around, ctx.effects)

    async def _stage(
        self, ctx: Ctx[Any, Any], occasion: Occasion, around: Surroundings, effects: Effects
    ) -> list[Draft]:
        member = occasion.member
        because = Because(
            cog=ctx.cog,
            how=occasion.how,
            at=ctx.now,
            who=member.key if member else "",
            rule=occasion.rule,
            set_by=occasion.set_by,
            set_at=occasion.set_at,
        )
        return await self._stager.stage(
            ctx, effects, because, silence=around.silence, prompted=occasion.prompted
        )


def _form(once: int) -> str:
    """The mark of a form that was sent, by its number."""
    return f"form:{once}"


async def _named(tx: Tx, occasion: Occasion, member: Member) -> Occasion:
    """The occasion with whoever is behind it by the name they go by; the platform did not say it."""
    row = await members.get(tx, member.key)
    if row is None or not row["name"]:
        return occasion
    known = Member(member.space, member.id, row["name"], member.bot)
    if occasion.actor is None:
        return occasion._replace(subject=known)
    return occasion._replace(actor=replace(occasion.actor, member=known))


def held_roles(actor: Actor | None, host: HostSettings) -> frozenset[Role]:
    """What somebody may do: by the platform's permissions and by the roles that the hosts named."""
    if actor is None:
        return expand(frozenset())
    named = {
        Role.MODERATOR: host.moderators,
        Role.CURATOR: host.curators,
        Role.ORGANISER: host.organisers,
    }
    mapped = {
        role for role, chosen in named.items() if chosen is not None and chosen.id in actor.platform_roles
    }
    return expand(actor.roles | mapped)


def forbidden(entry: Entry) -> Words:
    """What somebody hears who may not use this."""
    return T("That is for {role}s here. Ask one of the hosts.", role=entry.handler.role.value)


def _answered(effects: Effects) -> bool:
    return effects.form is not None or any(_is_answer(said) for said in effects.said)


def _is_answer(said: Said) -> bool:
    return isinstance(said.to, Answer)
