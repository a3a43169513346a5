"""The composition root: builds everything from the configuration, starts it, and stops it in order."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from aiohttp import web

from bot.clock import Clock, SystemClock, TravelClock, system_ms
from bot.config import Config
from bot.config_file import own_secret
from bot.core import Core, build, load_cogs
from bot.host.settings import HOST
from bot.platforms.base import Platform
from bot.schedule import Upcoming
from bot.web import app as web_app
from bot.web import guard
from bot.web.clock_panel import ClockPanel, Coming
from bot.web.sessions import Sessions
from storage.engines import open_engine
from storage.migrate import Progress
from storage.port import Engine, Tx
from storage.repos import kept
from storage.repos import outbox as outbox_rows
from storage.repos import settings as setting_rows

if TYPE_CHECKING:
    from bot.platforms.local.adapter import LocalPlatform
    from bot.platforms.slack.adapter import SlackPlatform
    from bot.web.slack_install import SlackInstall

ROOM_FILE: Final = "room.db"
ADDRESS: Final = "address"
"""Under which name it is kept where people reach the one that was started last."""
_OFFSET: Final = "clock offset"
"""How far ahead of real time the room's clock was left, in milliseconds."""


class StartRefused(Exception):
    """What was asked for can't be started safely; the message says what to do instead."""


@dataclass(frozen=True, slots=True)
class Running:
    """Kith, up and listening. ``link`` signs an admin in once; it is a secret.

    ``address`` is what people open, ``listening`` where this machine listens, perhaps behind a proxy.
    """

    address: str
    listening: str
    link: str | None
    core: Core
    room: LocalPlatform | None


@asynccontextmanager
async def running(
    config: Config,
    *,
    fresh: bool = False,
    progress: Progress | None = None,
) -> AsyncIterator[Running]:
    """Everything that the configuration asks for, until the block ends.

    ``fresh`` begins the local room anew. Raises OSError where it can't listen, StorageError where it can't
    keep its data, BadSettings for cogs' defaults that can't be used, StartRefused for what isn't safe.
    """
    cogs, sections, faults = load_cogs(config.kith.cogs, config.cog_defaults, config.zone)
    config.data_folder.mkdir(parents=True, exist_ok=True)
    if fresh:
        await _set_aside(config)
    async with AsyncExitStack() as stack:
        engine = await open_engine(config.database_url)
        stack.push_async_callback(engine.close)
        clock = SystemClock() if config.platforms else TravelClock()
        platforms: dict[str, Platform] = {}
        room: LocalPlatform | None = None
        if config.has_room:
            room = await _room(stack, config, clock)
            platforms[room.name] = room
        if config.discord.token is not None:
            discord = _discord(stack, config)
            platforms[discord.name] = discord
        slack = _slack(config, engine)
        if slack is not None:
            platforms[slack.name] = slack
        core = await build(
            engine=engine,
            clock=clock,
            platforms=platforms,
            cogs=cogs,
            sections=sections,
            faults=faults,
            zone=config.zone,
            progress=progress,
        )
        await _resume_travel(core)
        new_room = False
        if room is not None:
            from bot import demo

            new_room = await demo.settle_in(core, room)
        if room is not None:
            core.scheduler.subscribe(partial(room.room.live.publish, "clock"))
        listening, sessions = await _serve(stack, config, core, room, slack)
        await stack.enter_async_context(core)
        if room is not None and new_room:
            await demo.chat(core, room)
        address = config.web.public_url or listening
        await core.engine.unit(0, lambda tx: kept.put(tx, ADDRESS, address))
        link = f"{address}/enter?code={sessions.link_code()}" if room is not None else None
        yield Running(address, listening, link, core, room)


async def _resume_travel(core: Core) -> None:
    """Begin where an earlier run left the room's clock."""
    offset = await core.engine.read(lambda tx: kept.get(tx, _OFFSET))
    if isinstance(core.clock, TravelClock) and offset is not None:
        core.clock.move_to(core.clock.now() + int(offset))


async def _room(stack: AsyncExitStack, config: Config, clock: Clock) -> LocalPlatform:
    from bot.platforms.local.adapter import LocalPlatform
    from bot.platforms.local.room import Room
    from bot.platforms.local.seed import plant

    room = await Room.open(config.data_folder / ROOM_FILE, clock.now, plant)
    stack.push_async_callback(room.close)
    return LocalPlatform(room)


def _discord(stack: AsyncExitStack, config: Config) -> Platform:
    from bot.platforms.discord.adapter import DiscordPlatform

    assert config.discord.token is not None
    platform = DiscordPlatform(
        config.discord.token.get_secret_value(),
        api=config.discord.api,
        gateway=config.discord.gateway,
        answer_mentions=config.discord.answer_mentions,
    )
    stack.push_async_callback(platform.close)
    return platform


def _slack(config: Config, engine: Engine) -> SlackPlatform | None:
    if "slack" not in config.platforms:
        return None
    from bot.slack import platform

    return platform(config, engine)


def _slack_install(config: Config, engine: Engine, slack: SlackPlatform) -> SlackInstall:
    from bot.slack import keyring
    from bot.slack_installs import States
    from bot.web.slack_install import SlackInstall

    return SlackInstall(
        slack,
        States(engine, keyring(config.slack), system_ms),
        command=config.slack.command,
        pkce=config.slack.pkce,
        secure=(config.web.public_url or "").startswith("https:"),
    )


async def _set_aside(config: Config) -> None:
    """Move the room and what the bot knows of it to the backups, so that both begin anew."""
    path = config.data_folder / "kith.db"
    if config.platforms or config.database_url != f"sqlite:///{path.as_posix()}":
        raise StartRefused(
            "--fresh empties the database of the local room, but this one serves more than the room. "
            "Use another data folder for a fresh room: --config with its own [kith] data."
        )
    engine = await open_engine(config.database_url)
    await engine.close()
    folder = config.data_folder / "backups" / f"fresh-{system_ms()}"
    folder.mkdir(parents=True)
    for name in ("kith.db", ROOM_FILE):
        for suffix in ("", "-wal", "-shm"):
            file = config.data_folder / f"{name}{suffix}"
            if file.exists():
                file.rename(folder / file.name)


async def _serve(
    stack: AsyncExitStack,
    config: Config,
    core: Core,
    room: LocalPlatform | None,
    slack: SlackPlatform | None,
) -> tuple[str, Sessions]:
    """Listen; the address, and what issues links to it. Raises OSError."""
    sessions = Sessions(core.engine, own_secret(config).get_secret_value(), system_ms)
    app = web_app.build(
        sessions=sessions,
        checks=_checks(core, room, slack),
        figures=core.metrics.page,
        room=room,
        clock=_clock_panel(core, room) if room is not None else None,
        hosts=_names(config),
        public_url=config.web.public_url,
        slack=slack.http if slack is not None and config.slack.app_token is None else None,
        slack_install=_slack_install(config, core.engine, slack)
        if slack is not None and config.slack.client_id is not None
        else None,
    )
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    site = web.TCPSite(runner, config.web.host.strip("[]"), config.web.port)
    await site.start()
    host, port = config.web.host.strip("[]"), runner.addresses[0][1]
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}", sessions


def _names(config: Config) -> Collection[str] | None:
    """The names by which browsers may call: this machine's, and the one people know it by; None for any."""
    if not config.web.is_loopback:
        return None
    public = urlsplit(config.web.public_url or "").hostname
    return guard.LOOPBACK_NAMES | ({public} if public else frozenset())


def _checks(
    core: Core, room: LocalPlatform | None, slack: SlackPlatform | None
) -> Mapping[str, Callable[[], Awaitable[bool]]]:
    async def storage() -> bool:
        return await core.engine.read(_answers, deadline=2.0)

    async def local() -> bool:
        return room is not None and room.ready

    async def connected() -> bool:
        return slack is not None and slack.ready

    discord = core.platforms.get("discord")

    async def on_discord() -> bool:
        return bool(getattr(discord, "ready", False))

    return (
        {"storage": storage}
        | ({"local": local} if room is not None else {})
        | ({"slack": connected} if slack is not None else {})
        | ({"discord": on_discord} if discord is not None else {})
    )


async def _answers(tx: Tx) -> bool:
    return await tx.one("SELECT 1 AS one") is not None


def _clock_panel(core: Core, room: LocalPlatform) -> ClockPanel:
    async def zone() -> str:
        community = await core.units.community(room.space)
        rows = await core.engine.read(lambda tx: setting_rows.of(tx, community, room.space.key))
        return (core.sections.load(room.space.key, rows)[HOST].zone or core.zone).key

    async def upcoming(most: int) -> Sequence[Coming]:
        community = await core.units.community(room.space)
        coming = [_coming(core, one) for one in await core.scheduler.upcoming(most, community)]
        parked = await core.engine.read(lambda tx: outbox_rows.parked(tx, community, core.clock.now(), most))
        coming += [Coming(row.due_at or 0, "A message that waits", row.cog) for row in parked]
        return sorted(coming, key=lambda one: one.at)[:most]

    async def travel(to: int) -> None:
        await core.scheduler.travel(to)
        await core.outbox.idle()
        clock = core.clock
        assert isinstance(clock, TravelClock)
        offset = str(clock.offset_ms)
        await core.engine.unit(0, lambda tx: kept.put(tx, _OFFSET, offset))

    can_travel = isinstance(core.clock, TravelClock)
    return ClockPanel(now=core.clock.now, zone=zone, upcoming=upcoming, travel=travel if can_travel else None)


def _coming(core: Core, one: Upcoming) -> Coming:
    entry = core.registry.entry(f"{one.cog}.{one.name}")
    return Coming(one.at, entry.handler.about.rstrip(".") if entry else one.name, one.cog)
