"""A cog's jobs follow the settings that hold their schedules."""

from __future__ import annotations

from typing import Protocol
from zoneinfo import ZoneInfo

from bot.cog import JobHandler
from bot.model.rules import Rule
from bot.registry import Registry
from bot.settings import Origin, SpaceSettings
from bot.store import Scope
from bot.timetable import clear_schedule, set_schedule


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
        if rule is None:
            changed |= await clear_schedule(scope, entry.cog.name, handler.name)
            continue
        origin = settings.origins.get((entry.cog.name, handler.setting), Origin("", 0))
        changed |= await set_schedule(
            scope,
            cog=entry.cog.name,
            job=handler.name,
            rule=rule,
            zone=zone,
            grace_ms=handler.grace_ms,
            set_by=origin.by,
            set_at=origin.at,
        )
    return changed
