"""Copies of a SQLite database: made while it is in use, checked, and put back."""

import asyncio
import errno
import os
import shlex
import shutil
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias
from urllib.parse import parse_qsl, urlencode, urlsplit

from storage.errors import DatabaseCorrupt, StorageError, StorageFull
from storage.lock import FileLock

Progress: TypeAlias = Callable[[int, int], None]
"""Called with how much is done and how much there is in all."""

FreeSpace: TypeAlias = Callable[[Path], int]
"""The free bytes on the disk that holds a path."""

_PAGES = 1_000  # copied at a time
_SPARE = 16 * 1024 * 1024


def free_space(path: Path) -> int:
    """The free bytes on the disk that holds `path`, which must exist."""
    return shutil.disk_usage(path).free


async def back_up(database: Path, target: Path, progress: Progress | None = None) -> Path:
    """Copy the database, in use or not, as of one moment to the new file `target`; returns `target`.

    The copy is checked and safely on the disk before it gets its name. `progress` counts pages, on the event
    loop. Errors: `StorageError` if `target` is there already or can't be written, `StorageFull`,
    `DatabaseCorrupt` if the copy fails its check.
    """
    return await asyncio.to_thread(_copy_to_new, database, target, _on_this_loop(progress))


async def restore(backup: Path, database: Path, at: int, progress: Progress | None = None) -> Path | None:
    """Put `backup` in the place of `database`, which nobody may be using.

    `at` (UTC milliseconds) names the replaced database, which is kept beside the new one: its path is
    returned, or None if there was none. Errors: `DatabaseInUse`, `DatabaseCorrupt` if the backup is damaged,
    `StorageError` if it is no backup of Kith, `StorageFull`; the database is untouched then.
    """
    return await asyncio.to_thread(_restore, backup, database, at, _on_this_loop(progress))


def postgres_commands(url: str) -> tuple[str, str]:
    """The command lines to back up and restore a Postgres database; they ask for the password themselves."""
    parts = urlsplit(url)
    login, at, host = parts.netloc.rpartition("@")
    options = [pair for pair in parse_qsl(parts.query) if "pass" not in pair[0].lower()]
    plain = f"postgresql://{login.partition(':')[0]}{at}{host}{parts.path}"
    if options:
        plain += f"?{urlencode(options, safe='/')}"
    return (
        f"pg_dump --format=custom --file=kith.dump {shlex.quote(plain)}",
        f"pg_restore --clean --if-exists --single-transaction --dbname={shlex.quote(plain)} kith.dump",
    )


def check_room(folder: Path, needed: int, free: FreeSpace = free_space) -> None:
    """Raise `StorageFull` unless `needed` bytes and some to spare are free in `folder`."""
    available = free(folder)
    if available < needed + _SPARE:
        raise StorageFull(
            f"This needs about {_megabytes(needed + _SPARE)} MB free in {folder}, but there are only "
            f"{_megabytes(available)} MB. Make room and try again; nothing was changed."
        )


def size(database: Path) -> int:
    """The bytes a database takes, its log included."""
    log = database.with_name(database.name + "-wal")
    return database.stat().st_size + (log.stat().st_size if log.exists() else 0)


def _restore(backup: Path, database: Path, at: int, progress: Progress) -> Path | None:
    if not backup.is_file():
        raise StorageError(f"There is no backup at {backup}.")
    if database.exists() and backup.samefile(database):
        raise StorageError(f"{backup} is the database itself, not a backup of it.")
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(database.parent, error) from error
    lock = FileLock(database)
    try:
        fresh = database.with_name(database.name + ".restored")
        _copy(backup, fresh, progress)
        try:
            kept = _set_aside(database, at) if database.exists() else None
            fresh.replace(database)
        except OSError as error:
            fresh.unlink(missing_ok=True)
            raise _unwritable(database, error) from error
        _sync_folder(database.parent)
        return kept
    finally:
        lock.release()


def _set_aside(database: Path, at: int) -> Path:
    """Rename the database; its log goes with it, for a log left behind would be played into the new one."""
    with suppress(sqlite3.Error), closing(_connect(database, "rw")) as old:
        old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    stamp = datetime.fromtimestamp(at / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
    kept = _unused(database.with_name(f"{database.stem}-replaced-{stamp}{database.suffix}"))
    for ending in ("-wal", "-shm", ""):
        part = database.with_name(database.name + ending)
        if part.exists():
            part.rename(kept.with_name(kept.name + ending))
    return kept


def _unused(path: Path) -> Path:
    candidate, number = path, 1
    while candidate.exists():
        number += 1
        candidate = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return candidate


def _copy_to_new(database: Path, target: Path, progress: Progress) -> Path:
    if not database.is_file():
        raise StorageError(f"There is no database at {database}.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # taking the name first keeps a second backup from being written over this one
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError as error:
        raise StorageError(f"{target} is there already. Give the backup another name.") from error
    except OSError as error:
        raise _unwritable(target, error) from error
    partial = target.with_name(target.name + ".partial")
    try:
        _copy(database, partial, progress)
        partial.replace(target)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)
    return target


def _copy(source: Path, target: Path, progress: Progress) -> None:
    """Copy, check and sync a database; `target` is removed when anything goes wrong."""
    target.unlink(missing_ok=True)
    try:
        check_room(target.parent, size(source))
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with closing(_connect(source, "ro")) as old, closing(_connect(target, "rw")) as new:
            # an open snapshot keeps writers from making the copy begin anew
            old.execute("BEGIN")
            old.execute("SELECT count(*) FROM sqlite_master").fetchone()
            old.backup(new, pages=_PAGES, progress=lambda _, left, pages: progress(pages - left, pages))
            new.execute("PRAGMA journal_mode = DELETE").fetchone()
            verdict = new.execute("PRAGMA integrity_check(1)").fetchone()[0]
            if verdict != "ok":
                raise DatabaseCorrupt(f"{source} is damaged ({verdict}); the copy was not kept.")
            if not new.execute("SELECT 1 FROM sqlite_master WHERE name = 'migration'").fetchone():
                raise StorageError(f"{source} is a database, but not one of Kith's.")
        with target.open("rb+") as written:
            os.fsync(written.fileno())
    except BaseException as error:
        for ending in ("", "-journal", "-wal", "-shm"):
            target.with_name(target.name + ending).unlink(missing_ok=True)
        if isinstance(error, sqlite3.Error):
            raise _plain(error, source) from error
        if isinstance(error, OSError):
            raise _unwritable(target, error) from error
        raise


def _plain(error: sqlite3.Error, source: Path) -> StorageError:
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_FULL:
            return StorageFull("The disk is full. Make room and try again; nothing was changed.")
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return DatabaseCorrupt(f"{source} is damaged or is no database ({error}); the copy was not kept.")
        case _:
            return StorageError(f"{source} can't be copied ({error}); nothing was changed.")


def _unwritable(path: Path, error: OSError) -> StorageError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFull("The disk is full. Make room and try again; nothing was changed.")
    return StorageError(f"{path} can't be written ({error.strerror}). Allow it, or choose another place.")


def _connect(file: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None)


def _sync_folder(folder: Path) -> None:
    """Make a new name last through a power cut, where the system knows how."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _megabytes(count: int) -> int:
    return -(-count // 1_000_000)


def _on_this_loop(progress: Progress | None) -> Progress:
    if progress is None:
        return lambda done, total: None
    loop = asyncio.get_running_loop()

    def tell(done: int, total: int) -> None:
        loop.call_soon_threadsafe(progress, done, total)

    return tell
