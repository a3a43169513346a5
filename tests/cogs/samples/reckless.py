"""A cog of which every part breaks."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from typing import Annotated, Any

from bot import (
    Attention,
    Card,
    Cog,
    Ctx,
    Group,
    Held,
    Member,
    MemberJoined,
    NoSettings,
    Option,
    Preview,
    Ref,
    Store,
    T,
    button,
    on,
)

reckless = Group("reckless")


class Reckless(Cog[NoSettings, Store]):
    """Breaks whatever it touches."""

    @reckless.command
    async def raises(self, ctx: Ctx[Any, Any]) -> None:
        """Raise something."""
        ctx.post(ctx.default_channel, "half of it")  # type: ignore[arg-type]
        await ctx.store.run("UPDATE space SET name = 'Broken'")
        raise ValueError("secret words of a member")

    @reckless.command
    async def sleeps(self, ctx: Ctx[Any, Any]) -> None:
        """Wait for something outside."""
        await asyncio.sleep(0.01)

    @reckless.command
    async def leaves(self, ctx: Ctx[Any, Any]) -> None:
        """Try to end the program."""
        sys.exit(1)

    @reckless.command
    async def asks(self, ctx: Ctx[Any, Any]) -> None:
        """Ask the database for nonsense."""
        await ctx.store.all("SELEKT 1")

    @reckless.command
    async def digs(self, ctx: Ctx[Any, Any]) -> None:
        """Call itself for ever."""
        await self.digs(ctx)

    @reckless.command
    async def binds(self, ctx: Ctx[Any, Any]) -> None:
        """Bind more to a button than fits."""
        ctx.reply(Card(T("Look"), buttons=(self.pressed.bind("x" * 200),)))

    @reckless.command
    async def completes(self, ctx: Ctx[Any, Any], which: Annotated[int, Ref("complete")] = 0) -> None:
        """Be completed badly."""
        ctx.reply(T("{which}", which=which))

    @button("Press")
    async def pressed(self, ctx: Ctx[Any, Any], words: str) -> None:
        """Never pressed."""

    @on(MemberJoined)
    async def greet(self, ctx: Ctx[Any, Any], joined: MemberJoined) -> None:
        """Break over a newcomer."""
        ctx.post(ctx.default_channel, "hm", attention=Attention.GREETING)  # type: ignore[arg-type]
        raise KeyError(joined.member.name)

    async def complete(self, ctx: Ctx[Any, Any], typed: str) -> Sequence[Option]:
        raise RuntimeError("no choices")

    async def preview(self, ctx: Ctx[Any, Any]) -> Sequence[Preview]:
        raise RuntimeError("no preview")

    async def export(self, ctx: Ctx[Any, Any], member: Member) -> Sequence[Held]:
        raise RuntimeError("no export")

    async def forget(self, ctx: Ctx[Any, Any], member: Member) -> None:
        ctx.post(ctx.default_channel, "left over", key="left-over")  # type: ignore[arg-type]
        raise RuntimeError("never forgets")
