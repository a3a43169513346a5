"""A cog's jobs follow the settings that hold their schedules."""

from __future__ import annotations

import json
from typing import Protocol
from zoneinfo import ZoneInfo

from bot.cog import JobHandler
from bot.model.rules import Rule, next_after
from bot.registry import Registry
from bot.settings import Origin, SpaceSettings
from bot.store import Scope
from storage.repos import schedules


class Waker(Protocol):
    """Whoever waits for the next schedule."""

    def poke(self) -> None:
        """Schedules changed: look again when the next one is due."""
        ...


async def sync_jobs(scope: Scope, registry: Registry, settings: SpaceSettings, zone: ZoneInfo) -> bool:
    """Bring a space's schedules in line with its settings and zone; whether anything changed.

    A schedule that stays as it is keeps its next occurrence, so nothing is skipped or repeated.
    """
    changed = False
    for entry in registry.jobs():
        handler = entry.handler
        assert isinstance(handler, JobHandler)
        rule: Rule | None = getattr(settings[entry.cog.name], handler.setting)
        kept = await schedules.get(scope.tx, scope.community, scope.space, entry.cog.name, handler.name)
        if rule is None:
            if kept is not None:
                changed |= await schedules.clear(
                    scope.tx, scope.community, scope.space, entry.cog.name, handler.name
                )
            continue
        written = json.dumps(rule.to_dict(), sort_keys=True)
        if kept is not None and kept["rule"] == written and kept["zone"] == zone.key:
            continue
        origin = settings.origins.get((entry.cog.name, handler.setting), Origin("", 0))
        upcoming = next_after(rule, zone, scope.now)
        await schedules.put(
            scope.tx,
            id=scope.new_id(),
            community=scope.community,
            space=scope.space,
            cog=entry.cog.name,
            job=handler.name,
            rule=written,
            zone=zone.key,
            next_at=upcoming.at if upcoming else None,
            next_local=upcoming.key if upcoming else None,
            grace_ms=handler.grace_ms,
            set_by=origin.by,
            set_at=origin.at,
        )
        changed = True
    return changed
