"""Says whatever it hears after "say", as the kind of message that it is told."""

from __future__ import annotations

from collections.abc import Sequence

from bot import (
    Attention,
    Channel,
    ChosenMessage,
    Cog,
    Ctx,
    Held,
    Member,
    MenuTarget,
    MessagePosted,
    NoSettings,
    Store,
    T,
    menu,
    on,
    timer,
)


class Herald(Cog[NoSettings, Store]):
    """Says what it is told to."""

    @on(MessagePosted, when=lambda said: "say " in said.text)
    async def say(self, ctx: Ctx[NoSettings, Store], said: MessagePosted) -> None:
        """Say it."""
        assert ctx.channel is not None
        kind, _, words = said.text.partition("say ")[2].partition(": ")
        match kind:
            case "answer":
                ctx.reply(words)
            case "dm":
                ctx.dm(ctx.user, words, attention=Attention.NUDGE)
            case "about":
                ctx.dm(ctx.user, T("about {who}", who=said.mentions[0]), attention=Attention.NUDGE)
            case "who":
                ctx.post(ctx.channel, ctx.user.name, attention=Attention.GREETING)
            case "nothing":
                ctx.post(ctx.channel, words)
            case "long":
                ctx.post(ctx.channel, f"{words} " * 900, key="long", attention=Attention.GREETING)
            case "edit":
                ctx.edit("long", words)
            case "delete":
                ctx.delete("long")
            case "later":
                await self.say_later.set(ctx, ctx.now + 3_600_000, ctx.channel, words, key=words)
            case "never":
                await self.say_later.cancel(ctx, key=words)
            case _:
                ctx.post(ctx.channel, words, attention=Attention(kind))

    @menu("Say it again", on=MenuTarget.MESSAGE)
    async def say_again(self, ctx: Ctx[NoSettings, Store], chosen: ChosenMessage) -> None:
        """Say what somebody said."""
        ctx.reply(chosen.text)

    @timer
    async def say_later(self, ctx: Ctx[NoSettings, Store], place: Channel, words: str) -> None:
        """Say it an hour later."""
        ctx.post(place, words, attention=Attention.NEWS)

    async def export(self, ctx: Ctx[NoSettings, Store], member: Member) -> Sequence[Held]:
        return ()

    async def forget(self, ctx: Ctx[NoSettings, Store], member: Member) -> None:
        """It remembers nobody."""
