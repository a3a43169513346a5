"""A cog with one command that answers, to be measured beside a bare command."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot import Cog, Ctx, Held, Member, NoSettings, Store, T, command


class Hello(Cog[NoSettings, Store]):
    """Answers."""

    @command
    async def hello(self, ctx: Ctx[Any, Any]) -> None:
        """Answers."""
        ctx.reply(T("Hello."))

    async def export(self, ctx: Ctx[Any, Any], member: Member) -> Sequence[Held]:
        return ()

    async def forget(self, ctx: Ctx[Any, Any], member: Member) -> None:
        """Nothing is kept."""
