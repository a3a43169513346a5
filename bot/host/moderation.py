"""Silence on a moderator's word: pause and resume."""

from __future__ import annotations

from collections.abc import Sequence

from bot.cog import Cog, Group, Held, NoSettings, timer
from bot.ctx import Ctx, Sorry
from bot.model.ids import Member
from bot.model.roles import Role
from bot.model.text import CommandName, Moment, T, counted
from bot.staging import FOREVER
from bot.store import Store
from storage.repos import outbox as outbox_rows
from storage.repos import spaces

ModerationCtx = Ctx[NoSettings, Store]

kith_mod = Group("kith-mod", role=Role.MODERATOR)


class Moderation(Cog[NoSettings, Store]):
    """Silence on a moderator's word."""

    @kith_mod.command
    async def pause(self, ctx: ModerationCtx, until: Moment | None = None) -> None:
        """Keep me silent: nothing but private answers.

        until: When to wake again, like "18:00" or "in 2 hours"; without it, until somebody resumes.
        """
        end = until.ms if until is not None else FOREVER
        await spaces.pause(ctx.scope.tx, ctx.space.key, end)
        await self.wake.cancel(ctx)
        skipped = await outbox_rows.skip(
            ctx.scope.tx,
            space=ctx.space.key,
            reason="paused",
            now=ctx.now,
            due_before=end if until is not None else None,
        )
        if until is not None:
            await self.wake.set(ctx, end)
            ctx.note("pause", T("{who} paused Kith until {until}.", who=ctx.user, until=until))
            words = T("Silent until {until}. {resume} wakes me sooner.", until=until, resume=_RESUME)
        else:
            ctx.note("pause", T("{who} paused Kith.", who=ctx.user))
            words = T("Silent from now on. {resume} wakes me.", resume=_RESUME)
        if skipped:
            words = counted(
                skipped,
                "{words} One waiting message was dropped.",
                "{words} {count} waiting messages were dropped.",
                words=words,
            )
        ctx.reply(words)

    @kith_mod.command
    async def resume(self, ctx: ModerationCtx) -> None:
        """Let me speak again. What was missed is not made up for."""
        row = await spaces.get(ctx.scope.tx, ctx.space.key)
        if row is None or row["paused_until"] is None or row["paused_until"] <= ctx.now:
            raise Sorry(T("I am awake already."))
        await spaces.pause(ctx.scope.tx, ctx.space.key, None)
        await self.wake.cancel(ctx)
        ctx.note("pause", T("{who} woke Kith.", who=ctx.user))
        ctx.reply(T("Awake again. What was missed stays unsaid."))

    @timer
    async def wake(self, ctx: ModerationCtx) -> None:
        """Note that a pause is over."""
        await spaces.pause(ctx.scope.tx, ctx.space.key, None)
        ctx.note("pause", T("The pause is over."))

    async def export(self, ctx: ModerationCtx, member: Member) -> Sequence[Held]:
        """Who paused stands in the open log, which the host's first cog answers for."""
        return ()

    async def forget(self, ctx: ModerationCtx, member: Member) -> None:
        """Nothing of its own."""


_RESUME = CommandName(("kith-mod", "resume"))
