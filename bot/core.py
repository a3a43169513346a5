"""Kith without its way in from outside: storage, cogs, router, outbox and clock over the platforms given."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from zoneinfo import ZoneInfo

import structlog

from bot.actions import Sealer
from bot.census import Census
from bot.clock import Clock, system_ms
from bot.cog import Cog
from bot.config import Config
from bot.database import prepare
from bot.drafts import FormDrafts
from bot.host.about import About
from bot.host.me import Me
from bot.host.moderation import Moderation
from bot.host.setup import Setup
from bot.housekeeping import keep_house
from bot.lease import LeasedRole
from bot.metrics import Metrics
from bot.mishaps import Mishaps
from bot.model.content import Catalog, Form, Option
from bot.model.events import Completion, Event, SpaceSeen
from bot.model.ids import Space
from bot.model.outgoing import Receipt
from bot.outbox import Outbox, Timing
from bot.platforms.base import DeliveryError, Gone, NotConnected, Platform, RetryLater
from bot.registry import CogFault, Registry, load
from bot.router import NotStored, Router
from bot.schedule import Scheduler
from bot.settings import Sections, Wrong
from bot.staging import Stager
from bot.told import SpaceTold
from bot.unit import UnitRunner
from storage.errors import StorageError
from storage.ids import IdSource
from storage.migrate import Progress
from storage.port import Engine
from storage.repos import kept
from storage.repos.outbox import OutboxRow

_FIRST_PAUSE: Final = 5.0
_LONGEST_PAUSE: Final = 600.0
"""Seconds until a census that could not be taken is taken again."""
HOST_COGS = (About, Me, Moderation, Setup)

log = structlog.get_logger(__name__)


class BadSettings(Exception):
    """Defaults in the configuration that cogs can't use."""

    def __init__(self, wrong: Sequence[Wrong]) -> None:
        super().__init__("; ".join(f"[{item.section}] {item.name}: {item.problem}" for item in wrong))
        self.wrong = tuple(wrong)


@dataclass(slots=True)
class Core:
    """The parts, built and joined. Use :func:`build`, then ``async with``."""

    engine: Engine
    clock: Clock
    registry: Registry
    sections: Sections
    units: UnitRunner
    router: Router
    outbox: Outbox
    scheduler: Scheduler
    census: Census
    drafts: FormDrafts
    told: SpaceTold
    platforms: Mapping[str, Platform]
    metrics: Metrics
    new_id: Callable[[], int]
    zone: ZoneInfo
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _counting: dict[str, bool] = field(default_factory=dict)
    """The spaces whose census is being taken, and whether it is to be taken once more then."""
    _unsubscribe: Callable[[], None] = field(default=lambda: None)

    async def __aenter__(self) -> Core:
        await self.outbox.start()
        self._unsubscribe = self.clock.subscribe(self.outbox.look_now)
        self._start(self.scheduler.run(), "scheduler")
        self._start(keep_house(self.engine, self.clock), "housekeeping")
        for platform in self.platforms.values():
            self._start(self._run(platform), f"platform {platform.name}")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._unsubscribe()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.outbox.stop()

    def _start(self, work: Any, name: str) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        if isinstance(error, NotConnected):
            log.error("not_connected", part=task.get_name(), what=str(error))
        else:
            log.error("part_failed", part=task.get_name(), error=str(error), exc_info=error)

    async def _run(self, platform: Platform) -> None:
        await platform.run(self, self.registry.catalog)

    async def accept(self, event: Event) -> Form | None:
        """Take an event; see ``bot.platforms.base.Sink``. A space seen anew has its census taken."""
        form = await self.router.accept(event)
        self.metrics.event(event)
        if isinstance(event, SpaceSeen):
            self._start(self._census(event.space), f"census {event.space.key}")
        return form

    async def complete(self, request: Completion) -> Sequence[Option]:
        return await self.router.complete(request)

    async def _census(self, space: Space) -> None:
        platform = self.platforms.get(space.platform)
        if platform is None:
            return
        if space.key in self._counting:
            self._counting[space.key] = True
            return
        try:
            while self._counting.get(space.key, True):
                self._counting[space.key] = False
                await self._count(platform, space)
        finally:
            del self._counting[space.key]

    async def _count(self, platform: Platform, space: Space) -> None:
        """Take the census, and again later where it can't be taken now."""
        pause = _FIRST_PAUSE
        while True:
            try:
                await self.census.take(platform, space)
                return
            except Gone as error:
                log.warning("no_census", space=space.key, error=str(error))
                return
            except (StorageError, NotStored, DeliveryError) as error:
                wait = max(pause, error.after) if isinstance(error, RetryLater) else pause
                log.warning("no_census_yet", space=space.key, error=str(error), seconds=round(wait, 1))
            await _pause(wait)
            pause = min(pause * 2, _LONGEST_PAUSE)


async def _pause(seconds: float) -> None:
    """Apart, for tests to pass the time."""
    await asyncio.sleep(seconds)


def registry_of(cogs: Sequence[Cog[Any, Any]], sections: Sections, faults: Sequence[CogFault]) -> Registry:
    """The host's own cogs and the ones given, ready to be found, with the faults of all."""
    registry = Registry()
    registry.faults.extend(faults)
    registry.add([About(registry), Me(registry, sections), Moderation(), Setup(registry, sections), *cogs])
    return registry


def sections_of(
    cogs: Sequence[Cog[Any, Any]], defaults: Mapping[str, Mapping[str, Any]], zone: ZoneInfo
) -> Sections:
    """The settings of the host and of these cogs, with the configuration's defaults."""
    types = {cog.name: cog.settings_type for cog in HOST_COGS}
    types |= {cog.name: cog.settings_type for cog in cogs}
    return Sections(types, defaults, zone)


def load_cogs(
    names: Sequence[str], defaults: Mapping[str, Mapping[str, Any]], zone: ZoneInfo
) -> tuple[list[Cog[Any, Any]], Sections, list[CogFault]]:
    """The cogs of these modules and the settings of all, with the configuration's defaults.

    Raises BadSettings if a default can't be used.
    """
    cogs, faults = load(names, taken=[cog.name for cog in HOST_COGS])
    sections = sections_of(cogs, defaults, zone)
    wrong = sections.wrong()
    if wrong:
        raise BadSettings(wrong)
    return cogs, sections, faults


def catalog_of(config: Config) -> Catalog:
    """What the configured features let people start, and what they listen to. Raises BadSettings."""
    cogs, sections, faults = load_cogs(config.kith.cogs, config.cog_defaults, config.zone)
    return registry_of(cogs, sections, faults).catalog


async def build(
    *,
    engine: Engine,
    clock: Clock,
    platforms: Mapping[str, Platform],
    cogs: Sequence[Cog[Any, Any]],
    sections: Sections,
    faults: Sequence[CogFault] = (),
    zone: ZoneInfo,
    worker: int = 0,
    timing: Timing | None = None,
    progress: Progress | None = None,
    metrics: Metrics | None = None,
) -> Core:
    """Bring the database up to date and join the parts.

    Raises StorageError, DatabaseNewer among them, with what to do.
    """
    cogs, unprepared = await prepare(engine, cogs, progress)
    new_id = IdSource(worker, system_ms).next
    key = await engine.unit(0, lambda tx: kept.get_or_make(tx, "actions", secrets.token_hex(32)))
    sealer = Sealer(bytes.fromhex(key))
    registry = registry_of(cogs, sections, (*faults, *unprepared))
    for fault in registry.faults:
        log.error("cog_not_used", cog=fault.name, problem=fault.problem)
    holder = f"worker-{worker}"
    metrics = metrics or Metrics()
    mishaps = Mishaps(clock)

    async def settled(row: OutboxRow, state: str, receipt: Receipt | None) -> None:
        await metrics.settled(row, state, receipt)
        await mishaps.settled(row, state, receipt)

    outbox = Outbox(engine, platforms, clock, new_id=new_id, holder=holder, timing=timing, settled=settled)
    units = UnitRunner(
        engine=engine,
        registry=registry,
        sections=sections,
        stager=Stager(platforms, sealer),
        outbox=outbox,
        clock=clock,
        new_id=new_id,
        zone=zone,
    )
    mishaps.note = units.note
    waker = _Waker()
    router = Router(units=units, engine=engine, registry=registry, sealer=sealer, clock=clock, waker=waker)
    scheduler = Scheduler(
        engine=engine,
        clock=clock,
        accept=router.due,
        skipped=router.skipped,
        role=LeasedRole(engine, "scheduler", holder),
    )
    waker.wakes = scheduler
    return Core(
        engine=engine,
        clock=clock,
        registry=registry,
        sections=sections,
        units=units,
        router=router,
        outbox=outbox,
        scheduler=scheduler,
        census=Census(engine, clock, units.community, router.accept),
        drafts=FormDrafts(engine, clock, units.community, new_id),
        told=SpaceTold(engine, clock, units.community),
        platforms=platforms,
        metrics=metrics,
        new_id=new_id,
        zone=zone,
    )


class _Waker:
    """The router wakes the scheduler, which hands its ticks to the router: one of them comes first."""

    wakes: Scheduler | None = None

    def poke(self) -> None:
        if self.wakes is not None:
            self.wakes.poke()
