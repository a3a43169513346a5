"""`kith doctor`: is everything that Kith stands on all right? Looks only; changes nothing."""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import sqlite3
import stat
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from inspect import isawaitable
from pathlib import Path
from typing import Any, Final, TypeAlias
from zoneinfo import ZoneInfo

from bot import core, registry, translations
from bot.clock import system_ms
from bot.config import Config
from bot.config_file import Loaded
from bot.config_problems import ConfigError, Problem
from bot.database import migrator
from bot.model.check import Check, State
from bot.redact import Redactor, visible
from bot.version import VERSION
from storage.backup import size
from storage.engines import open_engine
from storage.engines.sqlite import sqlite_file
from storage.errors import DatabaseInUse, StorageError
from storage.lock import FileLock
from storage.port import Engine
from storage.repos import book, outbox

Look: TypeAlias = Callable[[Config], Awaitable[Sequence[Check]]]
"""A look of somebody else's, such as a platform's at its token and intents."""

CODES: Final = (
    "python",
    "sqlite",
    "config",
    "secrets",
    "cogs",
    "translations",
    "folder",
    "privacy",
    "disk",
    "clock",
    "zone",
    "database",
    "schema",
    "in-use",
    "deliveries",
    "failures",
    "doctor",
)
"""All codes of the looks in this module. They never change their meaning."""

TESTED: Final = ((3, 11), (3, 14))
SQLITE_NEEDED: Final = (3, 35)
_LITTLE_SPACE: Final = 200 * 2**20
_TOO_LITTLE_SPACE: Final = 50 * 2**20
_SHOWN: Final = 5
_RELEASED: Final = datetime(2026, 11, 1, tzinfo=UTC)
_RECENT: Final = 7 * 24 * 3600 * 1000


async def examine(configuration: Loaded | ConfigError, looks: Sequence[Look] = ()) -> list[Check]:
    """All findings, with the secrets of the configuration left out. A look that fails is a finding itself."""
    checks = [python_version(), sqlite_library(), *configured(configuration)]
    if isinstance(configuration, ConfigError):
        return checks
    checks.append(exposed_secrets(configuration))
    checks += await _guarded(features, configuration)
    for own in (data_folder, privacy, disk_space, clock, zones, database, *looks):
        checks += await _guarded(own, configuration.config)
    redact = Redactor(configuration.config.secrets()).text
    return [
        replace(check, detail=visible(redact(check.detail)), remedy=visible(redact(check.remedy)))
        for check in checks
    ]


async def _guarded(look: Callable[[Any], Any], at: Config | Loaded) -> Sequence[Check]:
    try:
        found = look(at)
        found = await found if isawaitable(found) else found
        return [found] if isinstance(found, Check) else found
    except Exception as error:
        name = getattr(look, "__name__", "a look")
        detail = f"{name} could not be finished: {type(error).__name__}: {error}"
        return [
            Check.fail(
                "doctor", "Doctor", detail, "This is a fault in Kith; please report it with these words."
            )
        ]


def python_version() -> Check:
    version = f"{platform.python_implementation()} {platform.python_version()}, Kith {VERSION}"
    if not TESTED[0] <= sys.version_info[:2] <= TESTED[1]:
        return Check.warn(
            "python", "Python", version, "Kith is tested with Python 3.11 to 3.14; prefer one of them."
        )
    return Check.ok("python", "Python", version)


def sqlite_library(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> Check:
    shown = ".".join(map(str, version))
    if version < SQLITE_NEEDED:
        remedy = "Use a Python that brings a newer one, for instance from python.org."
        return Check.fail("sqlite", "SQLite", f"{shown} is too old: 3.35 is needed", remedy)
    with closing(sqlite3.connect(":memory:")) as connection:
        options = {row[0] for row in connection.execute("PRAGMA compile_options")}
    if "ENABLE_FTS5" not in options:
        remedy = "Use a Python whose SQLite has FTS5, for instance from python.org."
        return Check.fail("sqlite", "SQLite", f"{shown} was built without full-text search", remedy)
    return Check.ok("sqlite", "SQLite", shown)


def configured(configuration: Loaded | ConfigError) -> list[Check]:
    """One finding for each mistake, so that all can be mended at once."""
    if isinstance(configuration, ConfigError):
        return [_problem(problem) for problem in configuration.problems]
    source = str(configuration.file) if configuration.file else "no config.toml, so the defaults"
    warnings = [
        Check.warn(
            "config", "Configuration", f"{warning.where}: {warning.message}", warning.remedy or "Correct it."
        )
        for warning in configuration.warnings
    ]
    return warnings or [Check.ok("config", "Configuration", source)]


def exposed_secrets(loaded: Loaded) -> Check:
    if not loaded.exposed:
        return Check.ok("secrets", "Secrets", "no secret lies where others can read it")
    detail = " ".join(f"{problem.where}: {problem.message}" for problem in loaded.exposed)
    return Check.warn("secrets", "Secrets", detail, " ".join(problem.remedy for problem in loaded.exposed))


def features(loaded: Loaded) -> list[Check]:
    """Whether the cogs can be loaded, and whether what the configuration says to them makes sense."""
    config = loaded.config
    cogs, faults = registry.load(config.kith.cogs)
    sections = core.sections_of(cogs, config.cog_defaults, config.zone)
    known = core.registry_of(cogs, sections, faults)
    checks = [
        Check.fail(
            "cogs", "Features", f"{fault.name}: {fault.problem}", "Mend it, or take it from kith.cogs."
        )
        for fault in known.faults
    ]
    checks += [
        _problem(Problem(loaded.where(wrong.section, wrong.name), wrong.problem))
        for wrong in sections.wrong()
    ]
    names = ", ".join(cog.name for cog in cogs)
    checks = checks or [Check.ok("cogs", "Features", names or "none but the host's own")]
    return [*checks, *translated(known)]


def translated(known: registry.Registry) -> list[Check]:
    """What is wrong in the catalogues of translations, if there is anything."""
    _, problems = translations.read(known.cogs.values(), known.catalog)
    remedy = "Mend it there, or tell whoever made that feature. Until then, those words are English."
    return [Check.warn("translations", "Translations", str(problem), remedy) for problem in problems]


def data_folder(config: Config) -> Check:
    folder = config.data_folder
    existing = _existing(folder)
    remedy = f"Give yourself the right to write in {existing}, or set kith.data to another folder."
    if not existing.is_dir():
        return Check.fail(
            "folder", "Data folder", f"{existing} is a file and no folder", "Set kith.data to a folder."
        )
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        return Check.fail(
            "folder", "Data folder", f"{existing} can't be written to ({error.strerror})", remedy
        )
    return Check.ok(
        "folder", "Data folder", str(folder) if existing == folder else f"{folder} (will be made)"
    )


def privacy(config: Config) -> list[Check]:
    """Whether others on this machine can read or change what Kith keeps of people."""
    if os.name != "posix":
        return []
    url = config.database_url
    elsewhere = [sqlite_file(url)] if url.lower().startswith("sqlite:") else []
    folder = config.data_folder
    kept = {file for file in folder.rglob("*") if file.is_file()} if folder.is_dir() else set()
    for database in elsewhere:
        kept.update(database.parent.glob(f"{database.name}*"))
    exposed = sorted(str(file) for file in kept if _opens(file) and _opens(file.parent))
    if not exposed:
        return [Check.ok("privacy", "Privacy", "nobody else on this machine can read what Kith keeps")]
    shown = exposed[:_SHOWN]
    more = f" and {len(exposed) - _SHOWN} more" if len(exposed) > _SHOWN else ""
    detail = f"other users of this machine can open {', '.join(shown)}{more}"
    return [Check.warn("privacy", "Privacy", detail, f"Keep it to Kith: chmod 600 {shlex.join(shown)}")]


def _opens(path: Path) -> bool:
    """Whether the file or folder lets anybody in but its owner."""
    try:
        return bool(stat.S_IMODE(path.stat().st_mode) & 0o077)
    except FileNotFoundError:  # SQLite makes and removes files of its own
        return False


def disk_space(config: Config) -> Check:
    free = shutil.disk_usage(_existing(config.data_folder)).free
    detail = f"{_megabytes(free)} free"
    if free < _TOO_LITTLE_SPACE:
        return Check.fail("disk", "Disk", detail, "Make room now: Kith stops writing when the disk is full.")
    if free < _LITTLE_SPACE:
        return Check.warn("disk", "Disk", detail, "Make room soon: a backup needs as much as the database.")
    return Check.ok("disk", "Disk", detail)


def clock(config: Config, now: float | None = None) -> Check:
    """A clock that is plainly wrong: before this release, or before something that was written already."""
    now = time.time() if now is None else now
    shown = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d %H:%M UTC")
    remedy = "Set this machine's clock, best by itself with NTP: schedules and links depend on it."
    if now < _RELEASED.timestamp():
        return Check.fail("clock", "Clock", f"{shown} is before this version of Kith was made", remedy)
    newest = max((file.stat().st_mtime for file in config.data_folder.glob("*")), default=0.0)
    if newest > now + 120:
        return Check.warn("clock", "Clock", f"{shown} is before the last change in the data folder", remedy)
    return Check.ok("clock", "Clock", shown)


def zones(config: Config) -> Check:
    """Whether the zone database is there and knows its rules, by one whose summer time is well known."""
    berlin = ZoneInfo("Europe/Berlin")
    offsets = [datetime(2026, month, 1, 12, tzinfo=berlin).utcoffset() for month in (1, 7)]
    if offsets != [timedelta(hours=1), timedelta(hours=2)]:
        remedy = "Install the tzdata package of your system, or run the set-up again: python3 start.py"
        return Check.fail(
            "zone", "Time zone", "the zone database of this machine is damaged or empty", remedy
        )
    there = datetime.now(config.zone).strftime("%H:%M")
    return Check.ok("zone", "Time zone", f"{config.zone}, where it is {there}")


async def database(config: Config) -> list[Check]:
    """Whether the database can be opened, is whole and fits this version; and what it says went wrong."""
    title, url = "Database", config.database_url
    file = sqlite_file(url) if url.lower().startswith("sqlite:") else None
    if file is not None and not file.exists():
        return [Check.ok("database", title, f"none yet; it will be made at {file}")]
    try:
        engine = await open_engine(url, exclusive=False, read_only=True)
    except (StorageError, ValueError) as error:
        return [_storage_problem(error)]
    try:
        faults = await engine.checkup()
        if faults:
            remedy = "Stop Kith and put a backup back: kith restore FILE"
            return [Check.fail("database", title, fault, remedy) for fault in faults]
        where = f"{file}, {_megabytes(size(file))}" if file else "on Postgres"
        checks = [Check.ok("database", title, f"whole; {where}"), *in_use(file)]
        found = await schema(engine, config)
        checks.append(found)
        if found.state is State.OK:
            checks += [await deliveries(engine), await failures(engine)]
        return checks
    except StorageError as error:
        return [_storage_problem(error)]
    finally:
        await engine.close()


def in_use(file: Path | None) -> list[Check]:
    if file is None or not file.with_name(f"{file.name}.lock").exists():
        return []
    try:
        FileLock(file).release()
    except DatabaseInUse:
        return [Check.ok("in-use", "In use", "Kith is running on this database, which is fine")]
    return [Check.ok("in-use", "In use", "nobody is using the database now")]


async def schema(engine: Engine, config: Config) -> Check:
    title = "Schema"
    cogs, _ = registry.load(config.kith.cogs)
    status = await migrator(engine, cogs).status()
    if status.newer:
        detail = f"written by Kith {status.newer_version}, which is newer than this one ({VERSION})"
        back = (
            f"kith restore {shlex.quote(status.newer_backup)}"
            if status.newer_backup
            else "a backup of before"
        )
        return Check.fail(
            "schema", title, detail, f"Install the newer version again, or go back with: {back}"
        )
    if status.changed:
        detail = f"the files of these steps were changed: {', '.join(map(str, status.changed))}"
        return Check.fail("schema", title, detail, "Put the original files back.")
    if status.pending:
        detail = f"{len(status.pending)} steps wait to be made, by the next start after a backup"
        return Check.warn("schema", title, detail, "Start Kith, or make them now: kith migrate")
    return Check.ok("schema", title, f"up to date ({status.applied} steps)")


async def deliveries(engine: Engine) -> Check:
    """What could not be delivered, or may not have been."""
    dead = await engine.read(outbox.dead_letters)
    unsure = await engine.read(outbox.uncertain)
    if not dead and not unsure:
        return Check.ok("deliveries", "Deliveries", "all arrived")
    reasons = Counter(f"{row.platform}: {row.reason}" for row in dead)
    parts = [f"{count} undelivered ({reason})" for reason, count in reasons.most_common(5)]
    if unsure:
        parts.append(f"{len(unsure)} that may have arrived or not, which Kith is looking into")
    remedy = "Undelivered ones are not tried again; mend what the reason says, often a right that Kith lacks."
    return Check.warn("deliveries", "Deliveries", "; ".join(parts), remedy)


async def failures(engine: Engine) -> Check:
    since = system_ms() - _RECENT
    rows = await engine.read(lambda tx: book.failures(tx, since=since))
    if not rows:
        return Check.ok("failures", "Failures", "no feature failed in the last seven days")
    causes = Counter(f"{row['cog']}.{row['handler']}: {row['error']}" for row in rows)
    detail = "; ".join(f"{count} x {cause}" for cause, count in causes.most_common(5))
    remedy = "Nothing else was stopped by it. Please report it with these words; the log says more."
    return Check.warn("failures", "Failures", detail, remedy)


def _problem(problem: Problem) -> Check:
    detail = f"{problem.where}: {problem.message}"
    return Check.fail("config", "Configuration", detail, problem.remedy or "Correct it there.")


def _storage_problem(error: Exception) -> Check:
    detail, _, remedy = str(error).partition(". ")
    return Check.fail("database", "Database", detail, remedy or "The log of Kith says more.")


def _megabytes(size: int) -> str:
    return f"{size / 2**20:,.1f} MB" if size < 2**30 else f"{size / 2**30:,.1f} GB"


def _existing(path: Path) -> Path:
    """The path, or its nearest parent that exists."""
    return next(parent for parent in (path, *path.parents) if parent.exists())
