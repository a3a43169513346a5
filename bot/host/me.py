"""A person's own page: preferences, blocks, what is stored, taking it along, being forgotten."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, NamedTuple

from bot.cog import Cog, Group, Held, NoSettings, button, select
from bot.ctx import Ctx, Sorry
from bot.host.common import ask_cog, space_settings
from bot.model.content import Accent, ButtonStyle, Card, Option, Section
from bot.model.ids import Member
from bot.model.text import CommandName, Moment, T, Words, counted, people
from bot.registry import Registry
from bot.settings import Sections
from bot.staging import QUIET
from bot.store import Store
from storage.repos import members, schedules

MINUTES: Final = 60_000
SHOWN: Final = 3
COMING: Final = 5
FROM_COGS: Final = 12
"""Sections of cogs on somebody's page, which has room for twenty on every platform."""

MeCtx = Ctx[NoSettings, Store]

kith = Group("kith")


class Kept(NamedTuple):
    """What one cog stores about a person; ``held`` is None if it could not tell."""

    cog: str
    held: Sequence[Held] | None

    @property
    def filled(self) -> Sequence[Held]:
        """The kinds of which there is something."""
        return [item for item in self.held or () if item.rows]


class Me(Cog[NoSettings, Store]):
    """Your own page: what I keep about you, and what you want from me."""

    def __init__(self, registry: Registry, sections: Sections) -> None:
        self._registry = registry
        self._sections = sections

    @kith.command
    async def me(self, ctx: MeCtx) -> None:
        """See your own page: preferences, what is stored about you, and how to take it back."""
        quiet = await members.has(ctx.scope.tx, ctx.community, ctx.user.key, QUIET)
        blocked = await members.blocked(ctx.scope.tx, ctx.community, ctx.user.key)
        stored = sum(len(item.rows) for kept in await self._kept(ctx) for item in kept.filled)
        ctx.reply(
            Card(
                T("Your page"),
                T("Only you can see this."),
                sections=(
                    Section(await self._coming(ctx), T("What's next here")),
                    *await self._from_cogs(ctx, frozenset(blocked)),
                    Section(
                        T("On. I say nothing to you unless you ask, and nobody is pointed to you.")
                        if quiet
                        else T("Off. I may say something to you now and then, at most once a day."),
                        T("Quiet"),
                        self.be_loud.bind(only=ctx.user) if quiet else self.be_quiet.bind(only=ctx.user),
                    ),
                    Section(
                        counted(
                            len(blocked),
                            "One person. You hear neither from nor about them through me.",
                            "{count} people. You hear neither from nor about them through me.",
                        )
                        if blocked
                        else T("Nobody. You can ask me to keep somebody away from you; they are not told."),
                        T("People you want to hear nothing of"),
                        self.keep_away.bind(only=ctx.user),
                    ),
                    Section(
                        counted(
                            stored,
                            "One entry. You can read it, take it along or have it go.",
                            "{count} entries. You can read them, take them along or have them go.",
                        ),
                        T("What I keep about you"),
                        self.show_all.bind(only=ctx.user),
                    ),
                ),
                buttons=(
                    *((self.let_back.bind(only=ctx.user),) if blocked else ()),
                    self.forget_me.bind(only=ctx.user),
                ),
                accent=Accent.CALM,
            )
        )

    async def _coming(self, ctx: MeCtx) -> Words:
        """What is planned here, soonest first."""
        rows = [] if ctx.silent else await schedules.of_space(ctx.scope.tx, ctx.community, ctx.space.key)
        planned = [
            (row["next_at"], entry.handler.about.rstrip("."))
            for row in rows
            if row["next_at"] is not None
            and (entry := self._registry.entry(f"{row['cog']}.{row['job']}")) is not None
        ]
        words: Words = T("Nothing is planned at the moment.")
        for place, (at, about) in enumerate(sorted(planned)[:COMING]):
            line = T("{when}: {what}", when=Moment(at), what=about)
            words = T("{words}\n{line}", words=words, line=line) if place else line
        return words

    async def _from_cogs(self, ctx: MeCtx, blocked: frozenset[str]) -> Sequence[Section]:
        """What the cogs have for this person, without anybody they want to hear nothing of."""
        settings = await space_settings(ctx, self._sections)
        found = [
            section
            for cog in self._registry.cogs.values()
            for section in await ask_cog(ctx, cog, settings, cog.home) or ()
            if blocked.isdisjoint(person.key for person in people(section.heading, section.text))
        ]
        return found[:FROM_COGS]

    @kith.command
    async def quiet(self, ctx: MeCtx, on: bool = True) -> None:
        """Be left alone: no messages, mentions or invitations that you did not ask for.

        on: No to be found again.
        """
        await self._quiet(ctx, on=on)

    async def _quiet(self, ctx: MeCtx, *, on: bool) -> None:
        value = "yes" if on else None
        await members.prefer(ctx.scope.tx, ctx.community, ctx.user.key, QUIET, value, ctx.now)
        ctx.reply(
            T("Quiet it is. Your own commands still work. {quiet} brings me back.", quiet="/kith quiet no")
            if on
            else T("Good to have you back.")
        )

    @button("Be left alone")
    async def be_quiet(self, ctx: MeCtx) -> None:
        """Turn quiet on."""
        await self._quiet(ctx, on=True)

    @button("Be found again")
    async def be_loud(self, ctx: MeCtx) -> None:
        """Turn quiet off."""
        await self._quiet(ctx, on=False)

    @button("Keep someone away", private=True)
    async def keep_away(self, ctx: MeCtx, who: Member) -> None:
        """Hear neither from nor about somebody.

        who: They are not told.
        """
        if who == ctx.user:
            raise Sorry(T("You can't keep yourself away. {quiet} may be what you need.", quiet="/kith quiet"))
        await members.block(ctx.scope.tx, ctx.community, ctx.user.key, who.key, ctx.now)
        ctx.reply(
            T("You will hear neither from nor about {who} through me. They are not told.", who=who.name)
        )

    @button("Let someone back")
    async def let_back(self, ctx: MeCtx) -> None:
        """Choose whom to hear from again."""
        blocked = await members.blocked(ctx.scope.tx, ctx.community, ctx.user.key)
        if not blocked:
            raise Sorry(T("You keep nobody away."))
        people = [await ctx.member(key) for key in blocked[:25]]
        options = [Option(person.name or person.id, person.key) for person in people]
        ctx.reply(
            Card(
                T("Whom would you like to hear from again?"),
                buttons=(self.unblock.bind(options=options, most=len(options), only=ctx.user),),
            )
        )

    @select("Choose people")
    async def unblock(self, ctx: MeCtx, chosen: tuple[str, ...]) -> None:
        """Hear from these people again."""
        for key in chosen:
            await members.unblock(ctx.scope.tx, ctx.community, ctx.user.key, key)
        ctx.reply(T("Done. You can hear from each other again."))

    @button("Show everything")
    async def show_all(self, ctx: MeCtx) -> None:
        """Everything that is stored about you."""
        kept = await self._kept(ctx)
        ctx.reply(
            Card(
                T("What I keep about you"),
                sections=tuple(_section(item) for each in kept for item in each.filled),
                buttons=(self.export_me.bind(only=ctx.user), self.forget_me.bind(only=ctx.user)),
                footer=_untold(kept),
                accent=Accent.CALM,
            )
        )

    @button("Take it along")
    async def export_me(self, ctx: MeCtx) -> None:
        """Everything, as text that programs can read."""
        ctx.reply(json.dumps(as_json(await self._kept(ctx)), ensure_ascii=False, indent=1))

    @button("Forget me", style=ButtonStyle.CAREFUL)
    async def forget_me(self, ctx: MeCtx) -> None:
        """See what would go, before anything does."""
        kept = await self._kept(ctx)
        ctx.reply(
            Card(
                T("Forget you?"),
                T("This can't be undone. It would do this:"),
                sections=tuple(
                    Section(
                        T("{count}: {what}", count=len(item.rows), what=item.on_forget),
                        T("{name}", name=item.what),
                    )
                    for each in kept
                    for item in each.filled
                ),
                buttons=(self.really_forget.bind(only=ctx.user, until=ctx.now + 10 * MINUTES),),
                footer=T("You stay a member here; only what I know of you goes."),
                accent=Accent.CARE,
            )
        )

    @button("Yes, forget me", style=ButtonStyle.CAREFUL)
    async def really_forget(self, ctx: MeCtx) -> None:
        """Have every part of Kith forget you."""
        member, settings = ctx.user, await space_settings(ctx, self._sections)
        failed = [
            cog.name
            for cog in self._registry.cogs.values()
            if await ask_cog(ctx, cog, settings, partial(_forget, cog, member)) is None
        ]
        if failed:
            ctx.reply(
                T(
                    "Nearly done, but {parts} could not forget you: a fault of mine, which the hosts can see."
                    " Please try again in a while.",
                    parts=", ".join(failed),
                )
            )
            return
        ctx.reply(
            T(
                "Done. I know nothing of you any more but that you are here. {me} shows it.",
                me=CommandName(("kith", "me")),
            )
        )

    async def _kept(self, ctx: MeCtx) -> list[Kept]:
        member, settings = ctx.user, await space_settings(ctx, self._sections)
        return [
            Kept(cog.name, await ask_cog(ctx, cog, settings, partial(cog.export, member=member)))
            for cog in self._registry.cogs.values()
        ]

    async def export(self, ctx: MeCtx, member: Member) -> Sequence[Held]:
        """Preferences and blocks are told by the host's first cog."""
        return ()

    async def forget(self, ctx: MeCtx, member: Member) -> None:
        """Nothing of its own."""


async def _forget(cog: Cog[Any, Any], member: Member, ctx: Ctx[Any, Any]) -> bool:
    await cog.forget(ctx, member)
    return True


def as_json(kept: Sequence[Kept]) -> Mapping[str, Any]:
    """What is kept about a person, by cog and kind, as JSON values; times as ISO 8601, in UTC."""
    return {
        each.cog: {item.what: [_readable(row) for row in item.rows] for item in each.held}
        for each in kept
        if each.held
    }


def _readable(row: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        name: datetime.fromtimestamp(value / 1000, UTC).isoformat(timespec="seconds")
        if _is_time(name, value)
        else value
        for name, value in row.items()
    }


def _section(item: Held) -> Section:
    words: Words = T("")
    for index, row in enumerate(item.rows[:SHOWN]):
        words = T("{words}\n{row}", words=words, row=_row(row)) if index else _row(row)
    more = len(item.rows) - SHOWN
    return Section(
        T("{words}\n… and {more} more; take it along to have all.", words=words, more=more)
        if more > 0
        else words,
        T("{what} ({count})", what=item.what, count=len(item.rows)),
    )


def _row(row: Mapping[str, Any]) -> Words:
    """A row in words: when it was, then its one text as it is, or each value with its name."""
    shown = {name: value for name, value in row.items() if name != "at" and value not in (None, "")}
    if len(shown) == 1 and isinstance(text := next(iter(shown.values())), str):
        return T("{when}: {text}", when=Moment(row["at"]), text=text) if "at" in row else text
    words: Words = T("{when}", when=Moment(row["at"])) if "at" in row else T("")
    for index, (name, value) in enumerate(shown.items(), "at" in row):
        label = name.removesuffix("_at").replace("_", " ")
        part = T(
            "{label}: {value}", label=label, value=Moment(value) if _is_time(name, value) else str(value)
        )
        words = T("{words}, {part}", words=words, part=part) if index else part
    return words


def _is_time(name: str, value: Any) -> bool:
    """What is called ``at`` or ends so is a time in UTC milliseconds."""
    return (name == "at" or name.endswith("_at")) and isinstance(value, int)


def _untold(kept: Sequence[Kept]) -> Words:
    broken = [each.cog for each in kept if each.held is None]
    if broken:
        return T("{parts} could not tell because of a fault; the hosts can see it.", parts=", ".join(broken))
    return counted(
        sum(not each.filled for each in kept),
        "One part of Kith keeps nothing about you.",
        "{count} parts of Kith keep nothing about you.",
    )
