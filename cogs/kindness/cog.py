"""Thanks with their story: shout-outs that others can join, and a weekly story of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from bot import (
    Accent,
    Attention,
    Between,
    ButtonStyle,
    Card,
    Channel,
    ChosenMessage,
    Cog,
    CommandName,
    Ctx,
    Held,
    Label,
    Member,
    MenuTarget,
    Moment,
    Preview,
    Rule,
    Section,
    Sorry,
    T,
    Text,
    Words,
    button,
    command,
    counted,
    job,
    menu,
)
from cogs.kindness.store import ThanksStore
from storage.port import Row

DAY: Final = 86_400_000
UNTOLD: Final = 15 * DAY
"""How long thanks wait for a week with enough givers."""
STORIES_MOST: Final = 8
STORY_GIVERS: Final = 3
NAMED_MOST: Final = 5
SHOWN: Final = 3
"""Thanks shown to somebody on their own page."""

Reason = Annotated[str, Text(least=12, most=600, long=True), Label("What for?")]


@dataclass(frozen=True, slots=True)
class Settings:
    """How thanks are shown.

    wall: Where thanks gather. Left empty, they appear where they were given.
    story: When the week's thanks are told again as one story, like "every Friday at 16:00".
    daily: How many shout-outs one person can give in a day.
    """

    wall: Annotated[Channel | None, Label("Wall of thanks")] = None
    story: Annotated[Rule | None, Label("Weekly story")] = None
    daily: Annotated[int, Label("Shout-outs a day"), Between(1, 50)] = 5


KindnessCtx = Ctx[Settings, ThanksStore]


class Kindness(Cog[Settings, ThanksStore]):
    """Thanks with their story: shout-outs that others can join, and a weekly story of them."""

    tables = ("kindness_thanks", "kindness_me_too")

    @command
    async def shoutout(self, ctx: KindnessCtx, to: Member, why: Reason) -> None:
        """Thank someone where everybody can see it.

        to: Who helped you?
        why: What they did, in a line or two.
        """
        await self._thank(ctx, to, why)

    @menu("Thank for this", on=MenuTarget.MESSAGE)
    async def thank_for(self, ctx: KindnessCtx, chosen: ChosenMessage, why: Reason) -> None:
        """Thank whoever wrote this.

        why: What it did for you, in a line or two.
        """
        if chosen.author is None:
            raise Sorry(T("I can't tell who wrote that. Try {command}.", command="/shoutout"))
        await self._thank(ctx, chosen.author, why)

    @menu("Give a shout-out", on=MenuTarget.MEMBER)
    async def thank_person(self, ctx: KindnessCtx, chosen: Member, why: Reason) -> None:
        """Thank this person where everybody can see it.

        why: What they did, in a line or two.
        """
        await self._thank(ctx, chosen, why)

    async def _thank(self, ctx: KindnessCtx, to: Member, why: str) -> None:
        channel = ctx.settings.wall or ctx.channel
        if to == ctx.user:
            raise Sorry(T("Well earned, but Kith only carries thanks to others. Who helped you get there?"))
        if to.bot:
            raise Sorry(
                T("That is kind of you. {bot} is a bot, though; is there a person behind it?", bot=to)
            )
        if channel is None:
            raise Sorry(T("There is no place for thanks yet. Ask a host to choose a wall."))
        if await ctx.store.given_since(ctx.user, ctx.now - DAY) >= ctx.settings.daily:
            raise Sorry(
                counted(
                    ctx.settings.daily,
                    "You have given a shout-out today, which is lovely. Keep this one for tomorrow?",
                    "You have given {count} shout-outs today, which is lovely. Keep this one for tomorrow?",
                )
            )
        last = await ctx.store.last_between(ctx.user, to)
        if last is not None and last > ctx.now - DAY:
            raise Sorry(
                T(
                    "You thanked {to} not long ago, so they know. You can again {when}.",
                    to=to,
                    when=Moment(last + DAY),
                )
            )
        thanks = ctx.new_id()
        await ctx.store.add(id=thanks, giver=ctx.user, receiver=to, why=why, channel=channel)
        ctx.post(
            channel,
            self._card(thanks, ctx.user, to, why, ()),
            key=f"thanks:{thanks}",
            because=T("{giver} wanted to thank {to}.", giver=ctx.user, to=to),
        )
        if ctx.settings.wall is not None and ctx.settings.wall != ctx.channel:
            ctx.reply(T("Said out loud in {wall}. Thank you!", wall=ctx.settings.wall))
        else:
            ctx.reply(T("Said out loud. Thank you!"))

    def _card(
        self, thanks: int, giver: Member | None, to: Member | None, why: str, joined: Sequence[Member]
    ) -> Card:
        return Card(
            _headline(giver, to),
            why,
            buttons=(self.me_too.bind(thanks),),
            footer=_joined(joined) if joined else None,
            accent=Accent.WARM,
        )

    async def _card_of(self, ctx: KindnessCtx, row: Row) -> Card:
        giver, receiver = await _person(ctx, row["giver"]), await _person(ctx, row["receiver"])
        joined = [await ctx.member(key) for key in await ctx.store.joined_in(row["id"])]
        return self._card(row["id"], giver, receiver, row["why"], joined)

    @button("Me too", style=ButtonStyle.MAIN)
    async def me_too(self, ctx: KindnessCtx, thanks: int) -> None:
        """Agree with a thank-you."""
        row = await ctx.store.get(thanks)
        if row is None or not row["why"]:
            raise Sorry(T("That thank-you was taken back, so there is nothing to add to."))
        if row["receiver"] == ctx.user.key:
            raise Sorry(T("This one is for you. Enjoy it!"))
        if row["giver"] == ctx.user.key:
            raise Sorry(T("You said it first. It counts already."))
        giver, receiver = await _person(ctx, row["giver"]), await _person(ctx, row["receiver"])
        await ctx.respect_blocks(giver, receiver)
        if not await ctx.store.join_in(thanks, ctx.user):
            raise Sorry(T("You are in already. Kind of you to ask twice."))
        ctx.edit(f"thanks:{thanks}", await self._card_of(ctx, row))
        ctx.reply(T("Added. Good to hear."))

    @job("story")
    async def weekly_story(self, ctx: KindnessCtx) -> None:
        """Tell the week's thanks again, as a story."""
        rows = await ctx.store.untold(ctx.now - UNTOLD)
        wall = ctx.settings.wall
        if wall is None or len({row["giver"] for row in rows}) < STORY_GIVERS:
            return
        if not await ctx.may_post(wall, Attention.RITUAL):
            ctx.note(
                "attention", T("The week's thanks wait for next week: {wall} has heard enough.", wall=wall)
            )
            return
        told = rows[-STORIES_MOST:]
        await ctx.store.tell(rows[-1]["at"])
        ctx.post(
            wall,
            await self._story(ctx, told, len(rows) - len(told)),
            key=f"story:{ctx.event}",
            attention=Attention.RITUAL,
            because=T("Kith tells the week's thanks again in {wall}.", wall=wall),
            ping=False,
        )

    async def _story(self, ctx: KindnessCtx, rows: Sequence[Row], more: int) -> Card:
        sections = []
        for row in rows:
            giver, receiver = await _person(ctx, row["giver"]), await _person(ctx, row["receiver"])
            sections.append(Section(row["why"], _headline(giver, receiver)))
        return Card(
            T("This week's thanks"),
            T("Somebody noticed. Here is what they said."),
            sections=tuple(sections),
            footer=T("And {more} more on this wall.", more=more) if more else None,
            accent=Accent.WARM,
        )

    async def home(self, ctx: KindnessCtx) -> Sequence[Section]:
        received = await ctx.store.received(ctx.user, SHOWN)
        given = await ctx.store.given_since(ctx.user, 0)
        if not received and not given:
            words = T("None yet. {command} thanks somebody where all can see it.", command=_SHOUTOUT)
        elif not given:
            words = T("You gave none yet. {command} gives one.", command=_SHOUTOUT)
        else:
            words = counted(
                given,
                "You gave one shout-out. {command} gives another.",
                "You gave {count} shout-outs. {command} gives another.",
                command=_SHOUTOUT,
            )
        return [
            Section(words, T("Your thanks")),
            *[
                Section(
                    row["why"],
                    T("{giver} thanks you", giver=await _person(ctx, row["giver"]) or T("Someone")),
                )
                for row in received
            ],
        ]

    async def preview(self, ctx: KindnessCtx) -> Sequence[Preview]:
        wall = ctx.settings.wall or ctx.channel
        found = []
        example = "You stayed late to help me find the fault. I would have given up."
        if wall is not None:
            found.append(
                Preview(
                    T("When someone gives a shout-out, in {wall}", wall=wall),
                    Card(_headline(ctx.user, None), example, accent=Accent.WARM),
                )
            )
        if ctx.settings.story is not None and ctx.settings.wall is not None:
            rows = (await ctx.store.untold(ctx.now - UNTOLD))[-STORIES_MOST:]
            story = (
                await self._story(ctx, rows, 0)
                if rows
                else Card(T("This week's thanks"), example, accent=Accent.WARM)
            )
            found.append(Preview(T("The weekly story, in {wall}", wall=ctx.settings.wall), story))
        return found

    async def export(self, ctx: KindnessCtx, member: Member) -> Sequence[Held]:
        held = await ctx.store.about(member)
        return [
            Held("Thanks you gave", held["given"]),
            Held("Thanks you received", held["received"], "kept for who gave them, without your name"),
            Held("Thanks you agreed with", held["me_too"]),
        ]

    async def forget(self, ctx: KindnessCtx, member: Member) -> None:
        for thanks in await ctx.store.keys_given(member):
            ctx.delete(f"thanks:{thanks}")
        about_others = await ctx.store.naming(member)
        await ctx.store.forget(member)
        for thanks in about_others:
            row = await ctx.store.get(thanks)
            assert row is not None
            ctx.edit(f"thanks:{thanks}", await self._card_of(ctx, row))


_SHOUTOUT: Final = CommandName(("shoutout",))


def _headline(giver: Member | None, to: Member | None) -> T:
    return T("{giver} thanks {to}", giver=giver or T("Someone"), to=to or T("someone"))


def _joined(joined: Sequence[Member]) -> Words:
    named = joined[:NAMED_MOST]
    words: Words = T("{first}", first=named[0])
    for member in named[1:]:
        words = T("{words}, {member}", words=words, member=member)
    more = len(joined) - len(named)
    return (
        T("Also says {who}", who=words)
        if not more and len(joined) == 1
        else T("Also say {who}", who=words)
        if not more
        else T("Also say {who} and {more} more", who=words, more=more)
    )


async def _person(ctx: KindnessCtx, key: str) -> Member | None:
    return await ctx.member(key) if key else None
