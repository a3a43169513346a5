"""From what a handler said to what leaves: silence, blocks, budget, the reason why, and the outbox rows.

Everything that keeps Kith from being a nuisance is decided here, once, for every cog.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from typing import Any, NamedTuple

from bot import attention, codec
from bot.actions import Sealer
from bot.attention import Attention
from bot.because import Because
from bot.ctx import Ctx, Effects, Said, Sorry
from bot.model.content import Card, Content, Form, Section
from bot.model.ids import Member
from bot.model.outgoing import Answer, Delete, Direct, Edit, InChannel, Post, React
from bot.model.text import Moment, T, Words, people
from bot.outbox import Draft, Priority
from bot.platforms.base import Platform
from bot.platforms.fit import fit, with_words_for_table
from storage.port import Row
from storage.repos import book, members
from storage.repos import outbox as rows

QUIET = "quiet"
"""The preference of somebody who wants nothing unprompted."""


PAUSE = "pause"
"""The log's topic for what a pause silenced."""


class Hush(NamedTuple):
    """Why a space hears nothing in public now."""

    topic: str
    words: Words


def hush(space: Row, now: int) -> Hush | None:
    """Whether the space is silent: lost, not opened yet, or paused by a moderator."""
    if space["lost_at"] is not None:
        return Hush("away", T("Kith is not here any more."))
    if space["live_since"] is None:
        return Hush("setup", T("Kith isn't open here yet. An admin can open it with `/kith-admin setup`."))
    until = space["paused_until"]
    if until is not None and until > now:
        if until >= FOREVER:
            return Hush(PAUSE, T("Kith is paused here. A moderator can wake it with `/kith-mod resume`."))
        return Hush(
            PAUSE, T("Kith is paused here until {until}. Please try again then.", until=Moment(until))
        )
    return None


FOREVER = 2**62
"""The end of a pause that nobody gave an end."""


def all_words(content: Content | None) -> tuple[Words | None, ...]:
    """Every text in a content, in reading order."""
    if not isinstance(content, Card):
        return (content,)
    sections = [words for part in content.sections for words in (part.heading, part.text)]
    cells = [words for row in content.table.rows for words in row] if content.table is not None else []
    return (content.title, content.body, *sections, *cells, content.footer)


class Stager:
    """Turns effects into outbox drafts inside the unit."""

    def __init__(self, platforms: Mapping[str, Platform], sealer: Sealer) -> None:
        self._platforms = platforms
        self._sealer = sealer

    async def stage(
        self, ctx: Ctx[Any, Any], effects: Effects, because: Because, *, silence: Hush | None, prompted: bool
    ) -> list[Draft]:
        """The drafts for what was said, and the log's new lines.

        Raises Sorry when somebody asked for something public in a space that is silent.
        """
        drafts: list[Draft] = []
        for said in effects.said:
            if silence is not None and not isinstance(said.to, Answer) and not _takes_back(said):
                if prompted and said.attention is None:
                    raise Sorry(silence.words)
                continue
            drafts += await self._drafts(ctx, said, because, prompted=prompted)
        for noted in effects.noted:
            await self.note(ctx, noted.topic, noted.words)
        return drafts

    def seal_form(self, ctx: Ctx[Any, Any], form: Form) -> Form:
        """The form with its action sealed, good for one use. Raises ActionTooLong."""
        return replace(form, action=self._sealer.seal(form.action, ctx.scope.space, once=ctx.new_id()))

    async def note(self, ctx: Ctx[Any, Any], topic: str, words: Words) -> None:
        """A line in the log that every member can read."""
        await book.note(
            ctx.scope.tx,
            id=ctx.new_id(),
            community=ctx.community,
            space=ctx.scope.space,
            at=ctx.now,
            topic=topic,
            words=codec.dumps(words),
        )

    async def _drafts(
        self, ctx: Ctx[Any, Any], said: Said, because: Because, *, prompted: bool
    ) -> Sequence[Draft]:
        if said.edits is not None:
            return await self._change(ctx, said, because)
        assert said.to is not None
        if said.react is not None:
            assert said.target is not None
            react = React(said.key, said.to, said.react, said.target)
            return [self._draft(ctx, react, because, Priority.NORMAL)]
        assert said.content is not None
        because = because.of(said.because, anonymous=said.anonymous)
        due_at = said.due_at
        named = people(*all_words(said.content))
        quiet = await self._quiet(ctx, said, named)
        if not isinstance(said.to, Answer):
            if said.attention is None and not _asked_for(ctx, said, prompted=prompted):
                raise TypeError(f"{ctx.handler} says something unprompted; it needs attention=Attention.…")
            if await self._unwelcome(ctx, said, named, quiet):
                return []
            if said.attention is not None:
                verdict = await self._admit(ctx, said, said.attention)
                if not isinstance(verdict, attention.Admitted):
                    return await self._held_back(ctx, said, because, verdict)
                if verdict.at > ctx.now:
                    due_at = max(verdict.at, due_at or 0)
        pings = await self._pings(ctx, said, named, quiet)
        content = self._sealer.seal_content(said.content, ctx.scope.space)
        post = Post(said.key, said.to, content, pings, said.reply_to)
        return [
            self._draft(ctx, part, because, _priority(said), due_at, said.attention)
            for part in self._fitted(ctx, post)
        ]

    async def _change(self, ctx: Ctx[Any, Any], said: Said, because: Because) -> Sequence[Draft]:
        assert said.edits is not None
        original = await rows.get(ctx.scope.tx, ctx.community, said.edits)
        if original is None:
            return []
        to = codec.loads(original.address)
        changes: list[Post | Edit | Delete] = []
        if said.content is None:
            changes.append(Delete(said.key, said.edits, to))
        else:
            content = self._sealer.seal_content(said.content, ctx.scope.space)
            changes += self._fitted(ctx, Edit(said.key, said.edits, to, content))
        number = 2
        while await rows.get(ctx.scope.tx, ctx.community, f"{said.edits}/{number}") is not None:
            changes.append(Delete(f"{said.key}/{number}", f"{said.edits}/{number}", to))
            number += 1
        return [self._draft(ctx, change, because, Priority.NORMAL) for change in changes]

    def _fitted(self, ctx: Ctx[Any, Any], out: Post | Edit) -> Sequence[Post | Edit]:
        platform = self._platforms.get(ctx.space.platform)
        return (out,) if platform is None else fit(out, platform.limits, platform.measure)

    def _draft(
        self,
        ctx: Ctx[Any, Any],
        out: Post | Edit | Delete | React,
        because: Because,
        priority: Priority,
        due_at: int | None = None,
        kind: Attention | None = None,
    ) -> Draft:
        return Draft(
            out=out,
            community=ctx.community,
            cog=ctx.cog,
            because=because.dumps(),
            priority=priority,
            due_at=due_at,
            kind=kind.value if kind else "",
        )

    async def _admit(
        self, ctx: Ctx[Any, Any], said: Said, kind: Attention
    ) -> attention.Admitted | attention.Folded | attention.Dropped:
        assert isinstance(said.to, InChannel | Direct)
        person = isinstance(said.to, Direct)
        if isinstance(said.to, Direct) and not await self._may_write_first(ctx, said.to.member):
            return attention.Dropped()
        return await attention.admit(
            ctx.scope.tx,
            community=ctx.community,
            target=said.to.lane,
            person=person,
            kind=kind,
            intent=said.key,
            now=ctx.now,
        )

    async def _may_write_first(self, ctx: Ctx[Any, Any], member: Member) -> bool:
        """Some platforms punish bots that write to people who never used them."""
        platform = self._platforms.get(ctx.space.platform)
        if platform is None or platform.limits.cold_messages:
            return True
        row = await members.get(ctx.scope.tx, member.key)
        return row is not None and row["used_at"] is not None

    async def _held_back(
        self,
        ctx: Ctx[Any, Any],
        said: Said,
        because: Because,
        verdict: attention.Folded | attention.Dropped,
    ) -> Sequence[Draft]:
        if isinstance(verdict, attention.Folded):
            folded = await self._fold(ctx, said, because, verdict.into)
            if folded is not None:
                return [folded]
        if isinstance(said.to, InChannel):
            await self.note(
                ctx,
                "attention",
                T(
                    "Held back a {kind} from {cog} in {channel}: that channel has heard enough for now.",
                    kind=said.attention.value if said.attention else "message",
                    cog=ctx.cog,
                    channel=said.to.channel,
                ),
            )
        else:
            await self.note(
                ctx,
                "attention",
                T("Held back a private message from {cog}: once a day is enough.", cog=ctx.cog),
            )
        return []

    async def _fold(self, ctx: Ctx[Any, Any], said: Said, because: Because, into: str) -> Draft | None:
        """Add what was said to a message that waits for the same place."""
        waiting = await rows.get(ctx.scope.tx, ctx.community, into)
        if waiting is None or waiting.state != "pending" or not waiting.body:
            return None
        post = codec.loads(waiting.body)
        assert said.content is not None
        content = self._sealer.seal_content(said.content, ctx.scope.space)
        edit = Edit(said.key, into, post.to, folded(post.content, content))
        return self._draft(ctx, edit, because, Priority.NORMAL)

    async def _quiet(self, ctx: Ctx[Any, Any], said: Said, named: Sequence[Member]) -> set[str]:
        """The keys of all whom it greets, names or is sent to, who want nothing unprompted."""
        if isinstance(said.to, Answer):
            return set()
        concerned = [said.to.member] if isinstance(said.to, Direct) else list(named)
        if said.attention is Attention.GREETING and ctx.asked_by is not None:
            concerned.append(ctx.asked_by)
        keys = list(dict.fromkeys(person.key for person in concerned))
        return await members.who_prefer(ctx.scope.tx, ctx.community, keys, QUIET)

    async def _unwelcome(
        self, ctx: Ctx[Any, Any], said: Said, named: Sequence[Member], quiet: Set[str]
    ) -> bool:
        """Whether the person whom it is for wants nothing like it."""
        tx = ctx.scope.tx
        if not isinstance(said.to, Direct):
            newcomer = ctx.asked_by if said.attention is Attention.GREETING else None
            return newcomer is not None and newcomer.key in quiet
        to = said.to.member
        if said.attention is not None and to.key in quiet:
            return True
        others = {person.key for person in named}
        if ctx.asked_by is not None:
            others.add(ctx.asked_by.key)
        others.discard(to.key)
        if not others:
            return False
        return not others.isdisjoint(await members.blocked(tx, ctx.community, to.key))

    async def _pings(
        self, ctx: Ctx[Any, Any], said: Said, named: Sequence[Member], quiet: Set[str]
    ) -> tuple[Member, ...]:
        """Who is notified by being named: not who asked for it, nor the quiet, nor who blocked the asker."""
        if not said.ping or not isinstance(said.to, InChannel):
            return ()
        tx, asker, pinged = ctx.scope.tx, ctx.asked_by, []
        greeted = said.attention is Attention.GREETING
        for person in named:
            if person.space != ctx.scope.space or (person == asker and not greeted) or person.key in quiet:
                continue
            if asker not in (None, person) and await members.blocks(tx, ctx.community, person.key, asker.key):
                continue
            pinged.append(person)
        return tuple(pinged)


def _asked_for(ctx: Ctx[Any, Any], said: Said, *, prompted: bool) -> bool:
    """Whether it goes where somebody just asked for it; a third person's private messages never did."""
    return prompted and (not isinstance(said.to, Direct) or said.to.member == ctx.asked_by)


def _takes_back(said: Said) -> bool:
    return said.edits is not None and said.content is None


def _priority(said: Said) -> Priority:
    if isinstance(said.to, Answer):
        return Priority.ANSWER
    if said.attention is Attention.GREETING:
        return Priority.GREETING
    return Priority.DROP if said.attention is Attention.DROP else Priority.NORMAL


def folded(first: Content, second: Content) -> Content:
    """Two contents as one card: the first as it is, the second as further sections of it."""
    card = first if isinstance(first, Card) else Card(T(""), first)
    if not isinstance(second, Card):
        return replace(card, sections=(*card.sections, Section(second)))
    second = with_words_for_table(second)
    body = second.body if second.body is not None else T("")
    more = (Section(body, second.title), *second.sections)
    return replace(card, sections=(*card.sections, *more), buttons=(*card.buttons, *second.buttons))
