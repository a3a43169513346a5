"""Says whatever it hears after "say", as the kind of message that it is told."""

from __future__ import annotations

from collections.abc import Sequence

from bot import Attention, Cog, Ctx, Held, Member, MessagePosted, NoSettings, Store, T, on


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
            case "nothing":
                ctx.post(ctx.channel, words)
            case _:
                ctx.post(ctx.channel, words, attention=Attention(kind))

    async def export(self, ctx: Ctx[NoSettings, Store], member: Member) -> Sequence[Held]:
        return ()

    async def forget(self, ctx: Ctx[NoSettings, Store], member: Member) -> None:
        """It remembers nobody."""
