"""A cog that shows all that a message and a form can hold, for the browser tests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from bot import (
    Accent,
    Between,
    Card,
    Channel,
    Cog,
    Ctx,
    Group,
    Held,
    Image,
    Label,
    Link,
    LinkButton,
    LongText,
    Member,
    Moment,
    MomentStyle,
    NoSettings,
    Option,
    PlatformRole,
    Ref,
    Rule,
    Section,
    Store,
    T,
    Text,
    button,
    select,
)

show = Group("show")

# A red dot, 1 × 1.
_PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c49444154789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)

ShowCtx = Ctx[NoSettings, Store]


class Showcase(Cog[NoSettings, Store]):
    """All that a message and a form can hold."""

    @show.command
    async def card(self, ctx: ShowCtx) -> None:
        """A card with everything on it."""
        assert ctx.channel is not None
        ctx.post(
            ctx.channel,
            Card(
                T("A card from {who}", who=ctx.user),
                T(
                    "**Bold**, `code`, {place}, {when}, {link} and {words}.",
                    place=ctx.channel,
                    when=Moment(ctx.now, MomentStyle.DATE_TIME),
                    link=Link("https://example.org/", "a link"),
                    words="<b>words</b>",
                ),
                sections=(Section(T("Beside a button."), T("A part"), self.press.bind("part")),),
                image=Image(_PNG, "image/png", "A red dot"),
                buttons=(
                    self.press.bind("below", label=T("Press me")),
                    LinkButton(T("The rules"), "https://example.org/rules"),
                    self.choose.bind(
                        options=(Option("Friday", "fri", "from six"), Option("Saturday", "sat"))
                    ),
                ),
                footer=T("At the foot"),
                accent=Accent.CARE,
            ),
            key=f"showcase:{ctx.event}",
            because=T("{who} asked for it.", who=ctx.user),
        )

    @button("Part")
    async def press(self, ctx: ShowCtx, where: str) -> None:
        """Say which one was pressed."""
        ctx.reply(T("Pressed: {where}", where=where))

    @select("Which day?")
    async def choose(self, ctx: ShowCtx, chosen: tuple[str, ...]) -> None:
        """Say what was chosen."""
        ctx.reply(T("Chosen: {what}", what=", ".join(chosen)))

    @show.command
    async def form(
        self,
        ctx: ShowCtx,
        title: Annotated[str, Text(least=3, most=40)],
        words: LongText,
        count: Annotated[int, Between(1, 9)],
        loud: bool,
        day: date,
        when: Moment,
        rule: Rule,
        zone: ZoneInfo,
        who: Member,
        team: tuple[Member, ...],
        place: Channel,
        role: PlatformRole,
        mood: Literal["warm", "calm"],
        thing: Annotated[int, Ref("complete_thing"), Label("Which thing?")],
        lines: tuple[str, ...],
    ) -> None:
        """Ask for every kind of thing."""
        given = {
            "title": title,
            "words": words,
            "count": count,
            "loud": loud,
            "day": day,
            "zone": zone,
            "who": who.name,
            "team": ", ".join(one.name for one in team),
            "place": place.name,
            "mood": mood,
            "thing": thing,
            "lines": " / ".join(lines),
        }
        ctx.reply(Card(T("All there"), "\n".join(f"{name}: {value}" for name, value in given.items())))

    async def complete_thing(self, ctx: ShowCtx, typed: str) -> Sequence[Option]:
        """Things that can be chosen."""
        things = (Option("Clamp", "7", "red"), Option("Plane", "8", "blue"))
        return [one for one in things if typed.lower() in one.label.lower()]

    async def export(self, ctx: ShowCtx, member: Member) -> Sequence[Held]:
        return ()

    async def forget(self, ctx: ShowCtx, member: Member) -> None:
        return None
