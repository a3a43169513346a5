"""What the host's commands share: a look into every cog on behalf of one person."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.cog import Cog
from bot.ctx import Ctx
from bot.settings import Sections, SpaceSettings
from storage.repos import settings as setting_rows


async def space_settings(ctx: Ctx[Any, Any], sections: Sections) -> SpaceSettings:
    """All settings of the space that a handler runs in."""
    return sections.load(ctx.space.key, await setting_rows.of(ctx.scope.tx, ctx.community, ctx.space.key))


def as_cog(ctx: Ctx[Any, Any], cog: Cog[Any, Any], settings: SpaceSettings) -> Ctx[Any, Any]:
    """The same run with another cog's settings and store; what it says is still said by this run."""
    return replace(ctx, cog=cog.name, settings=settings[cog.name], store=cog.store_type(ctx.scope))
