"""Greets newcomers where everybody can say hello too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from bot import (
    Attention,
    Between,
    Channel,
    Cog,
    Ctx,
    Held,
    Label,
    Member,
    MemberJoined,
    MemberLeft,
    Preview,
    T,
    TemplateOf,
    Text,
    on,
    timer,
)
from bot.model.text import placeholders
from cogs.welcome.store import WelcomeStore

MINUTE: Final = 60_000
DAY: Final = 86_400_000
NAMED_MOST: Final = 20
EXAMPLE_COUNT: Final = 12
NAMES: Final = ("member", "community", "count")


@dataclass(frozen=True, slots=True)
class Settings:
    """How newcomers are greeted.

    channel: Where newcomers are greeted. Left empty, it is where the platform greets them.
    texts: One of these in turn, a blank line between two. {member}, {community} and {count} are filled in.
    together: If more than this many come in a minute, one message greets them all. 0 greets each alone.
    """

    channel: Annotated[Channel | None, Label("Greeting channel")] = None
    texts: Annotated[tuple[str, ...], Label("Greetings"), Text(most=500), TemplateOf(*NAMES)] = (
        "Hello {member}. Good that you're here. Nothing to fill in; ask, or just read along.",
        "Welcome to {community}, {member}. Pull up a chair. What brought you here?",
        "{member} has come in. That makes {count} of us. Say hello if you like!",
    )
    together: Annotated[int, Label("Joins a minute greeted singly"), Between(0, 100)] = 3


WelcomeCtx = Ctx[Settings, WelcomeStore]


class Welcome(Cog[Settings, WelcomeStore]):
    """Greets newcomers where everybody can say hello too."""

    tables = ("welcome_greeting", "welcome_turn")

    @on(MemberJoined)
    async def greet(self, ctx: WelcomeCtx, joined: MemberJoined) -> None:
        """Greet each newcomer, once a membership."""
        channel = ctx.settings.channel or ctx.default_channel
        if channel is None or joined.member.bot:
            return
        if not await ctx.store.claim(joined.member, joined.epoch, channel):
            return
        most = ctx.settings.together
        if most and await ctx.store.is_crowded(most, ctx.now - MINUTE):
            if await ctx.store.wait(joined.member, joined.epoch):
                await self.greet_together.set(ctx, ctx.now + MINUTE, channel)
            return
        ctx.post(
            channel,
            self._text(ctx, await ctx.store.turn(), joined.member, joined.count),
            key=_key(joined.member, joined.epoch),
            attention=Attention.GREETING,
            because=T("Kith greets each newcomer in {channel}.", channel=channel),
        )

    @timer
    async def greet_together(self, ctx: WelcomeCtx, channel: Channel) -> None:
        """Greet those who came in a crowd with one message."""
        party = ctx.event
        if not await ctx.store.greet_waiting(party):
            return
        keys, count = await ctx.store.party(party, NAMED_MOST)
        ctx.post(
            channel,
            await self._greeting_of(ctx, keys, count),
            key=f"together:{party}",
            attention=Attention.GREETING,
            because=T("Many came at once, so Kith greets them together in {channel}.", channel=channel),
        )

    @on(MemberLeft)
    async def take_back(self, ctx: WelcomeCtx, left: MemberLeft) -> None:
        """Take the greeting back if they go again within a day, so that nobody greets an empty chair."""
        greeting = await ctx.store.latest(left.member)
        if greeting is None:
            return
        if greeting.form == "waits":
            await ctx.store.dismiss(left.member, greeting.epoch)
        elif greeting.at <= ctx.now - DAY:
            return
        elif greeting.form == "alone":
            ctx.delete(_key(left.member, greeting.epoch))
        elif greeting.form == "together" and greeting.party is not None:
            await self._without(ctx, left.member, greeting.epoch, greeting.party)

    async def _without(self, ctx: WelcomeCtx, member: Member, epoch: int, party: str) -> None:
        """Greet the others without this one; nobody if there are no others."""
        named, _ = await ctx.store.party(party, NAMED_MOST)
        await ctx.store.dismiss(member, epoch)
        keys, count = await ctx.store.party(party, NAMED_MOST)
        if not keys:
            ctx.delete(f"together:{party}")
        elif member.key in named:
            ctx.edit(f"together:{party}", await self._greeting_of(ctx, keys, count))

    async def _greeting_of(self, ctx: WelcomeCtx, keys: Sequence[str], count: int) -> T:
        return _together([await ctx.member(key) for key in keys], count)

    async def preview(self, ctx: WelcomeCtx) -> Sequence[Preview]:
        channel = ctx.settings.channel or ctx.default_channel
        if channel is None:
            return ()
        turn = await ctx.store.upcoming_turn()
        found = [
            Preview(
                T("When someone joins, in {channel}", channel=channel),
                self._text(ctx, turn + step, ctx.user, ctx.people or EXAMPLE_COUNT),
            )
            for step in range(len(ctx.settings.texts or Settings().texts))
        ]
        if ctx.settings.together:
            crowd = _together([ctx.user], EXAMPLE_COUNT)
            found.append(Preview(T("When many join at once, in {channel}", channel=channel), crowd))
        return found

    def _text(self, ctx: WelcomeCtx, turn: int, member: Member, count: int | None) -> T:
        texts = ctx.settings.texts or Settings().texts
        if count is None:
            texts = tuple(text for text in texts if "count" not in placeholders(text)) or Settings().texts[:1]
        return T(
            texts[turn % len(texts)],
            member=member,
            community=ctx.space.name,
            count=count if count is not None else "",
        )

    async def export(self, ctx: WelcomeCtx, member: Member) -> Sequence[Held]:
        return [
            Held("Greetings you were given", await ctx.store.about(member), "kept, so you are greeted once")
        ]

    async def forget(self, ctx: WelcomeCtx, member: Member) -> None:
        """Which membership was greeted is kept without a name, so that nobody is greeted twice."""


def _together(people: Sequence[Member], count: int) -> T:
    """All by name where they are few, else the first of them."""
    names = T("{who}", who=people[0])
    more = count - len(people)
    for place, person in enumerate(people[1:], 2):
        last = place == len(people) and not more
        names = T("{names} and {who}" if last else "{names}, {who}", names=names, who=person)
    if more:
        names = T("{names} and {more} more", names=names, more=more)
    return T("Hello {names}. Good that you're all here; ask, or just read along.", names=names)


def _key(member: Member, epoch: int) -> str:
    return f"{member.key}:{epoch}"
