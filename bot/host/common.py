"""What the host's commands share: a look into every cog on behalf of one person."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeVar

from bot import faults
from bot.cog import Cog
from bot.ctx import Ctx
from bot.settings import Sections, SpaceSettings
from storage.errors import StorageError
from storage.repos import settings as setting_rows

Found = TypeVar("Found")


async def space_settings(ctx: Ctx[Any, Any], sections: Sections) -> SpaceSettings:
    """All settings of the space that a handler runs in."""
    return sections.load(ctx.space.key, await setting_rows.of(ctx.scope.tx, ctx.community, ctx.space.key))


def as_cog(ctx: Ctx[Any, Any], cog: Cog[Any, Any], settings: SpaceSettings) -> Ctx[Any, Any]:
    """The same run with another cog's settings and store; what it says is still said by this run."""
    return replace(ctx, cog=cog.name, settings=settings[cog.name], store=cog.store_type(ctx.scope))


async def ask_cog(
    ctx: Ctx[Any, Any],
    cog: Cog[Any, Any],
    settings: SpaceSettings,
    ask: Callable[[Ctx[Any, Any]], Awaitable[Found]],
) -> Found | None:
    """What a cog answers. None if it broke: then nothing of it is kept but the fault, and others go on."""
    said = len(ctx.effects.said)
    try:
        async with ctx.scope.tx.savepoint():
            return await ask(as_cog(ctx, cog, settings))
    except StorageError:
        raise
    except (Exception, SystemExit) as error:
        del ctx.effects.said[said:]
        await faults.keep(ctx.scope, cog=cog.name, handler=ctx.handler, event=ctx.event, error=error)
        return None
