"""A cog whose migration is no SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot import Cog, Ctx, Held, Member, NoSettings, Store, command


class BadMigration(Cog[NoSettings, Store]):
    """Its table can't be made."""

    @command
    async def hopeless(self, ctx: Ctx[Any, Any]) -> None:
        """Never runs."""

    async def export(self, ctx: Ctx[Any, Any], member: Member) -> Sequence[Held]:
        return ()

    async def forget(self, ctx: Ctx[Any, Any], member: Member) -> None:
        """Nothing."""
