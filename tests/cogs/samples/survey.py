"""Asks more than fits on one page, and says what it was told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from bot import Channel, Cog, Ctx, Held, Member, NoSettings, Store, T, Text, command

Short = Annotated[str, Text(least=2, most=40)]


class Survey(Cog[NoSettings, Store]):
    """Asks a lot."""

    @command
    async def survey(
        self,
        ctx: Ctx[NoSettings, Store],
        whom: Member,
        place: Channel,
        one: Short,
        two: Short,
        three: Short,
        four: Short,
        five: Short,
        six: Short,
        seven: Short,
        eight: Short,
        nine: Short,
        ten: Short,
    ) -> None:
        """Answer a dozen questions."""
        told = ", ".join((one, two, three, four, five, six, seven, eight, nine, ten))
        ctx.reply(T("{whom} in {place}: {told}", whom=whom, place=place, told=told))

    async def export(self, ctx: Ctx[NoSettings, Store], member: Member) -> Sequence[Held]:
        return ()

    async def forget(self, ctx: Ctx[NoSettings, Store], member: Member) -> None:
        """It remembers nobody."""
