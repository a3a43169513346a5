"""Numbered migrations: files ``0001_name.sql``, in order, each in one transaction with its version row.

Where the dialects must differ there are two files, ``0001_name.sqlite.sql`` and ``0001_name.postgres.sql``.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, Protocol, TypeAlias, cast

from storage import backup
from storage.errors import DatabaseNewer, MigrationChanged, MigrationFailed, UnitError
from storage.port import Dialect, Engine, Row, Tx, Value

Progress: TypeAlias = Callable[[int, int, str], None]
"""Called with how many steps are done, how many there are, and what the next one does."""

_FILE = re.compile(r"(?P<number>\d{4})_(?P<name>[a-z0-9_]+)(?:\.(?P<dialect>sqlite|postgres))?\.sql")

_TABLE = """
CREATE TABLE IF NOT EXISTS migration (
    collection TEXT NOT NULL,
    number BIGINT NOT NULL,
    name TEXT NOT NULL,
    checksum TEXT NOT NULL,
    version TEXT NOT NULL,
    backup TEXT,
    applied_at BIGINT NOT NULL,
    PRIMARY KEY (collection, number)
)
"""

_EXISTS = {
    "sqlite": "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'migration'",
    "postgres": "SELECT 1 WHERE to_regclass('migration') IS NOT NULL",
}


class MigrationSet(NamedTuple):
    """The migrations of one owner: the host, or a cog."""

    name: str
    directory: Path


@dataclass(frozen=True, slots=True)
class Migration:
    """One step, as it stands in its file for one dialect."""

    collection: str
    number: int
    name: str
    sql: str = field(repr=False)

    @property
    def checksum(self) -> str:
        """What tells whether the file has changed since; line endings don't count."""
        return hashlib.sha256(self.sql.replace("\r\n", "\n").encode()).hexdigest()

    def __str__(self) -> str:
        return f"{self.collection} {self.number:04} ({self.name})"


class Status(NamedTuple):
    """Where a database stands."""

    applied: int
    """How many of the known migrations are applied."""
    pending: Sequence[Migration]
    changed: Sequence[Migration]
    """Applied, but the file reads differently now, or an earlier number was slipped in."""
    newer: Sequence[str]
    """Applied by a newer version: unknown here."""
    newer_version: str | None
    """The version that applied the first of these."""
    newer_backup: str | None
    """The backup taken before these."""


class Upgraded(NamedTuple):
    """What an upgrade did."""

    applied: Sequence[Migration]
    backup: Path | None


class ScriptTx(Tx, Protocol):
    """The transactions of our engines, which can also run a script."""

    async def script(self, sql: str) -> None: ...


HOST = MigrationSet("kith", Path(__file__).parent / "migrations")
_STORAGE = MigrationSet("storage", Path(__file__).parent / "engines" / "migrations")


class Migrator:
    """Brings a database to what this version needs."""

    def __init__(
        self,
        engine: Engine,
        sets: Sequence[MigrationSet],
        *,
        version: str,
        now_ms: Callable[[], int],
        backups: Path | None = None,
        free_space: backup.FreeSpace = backup.free_space,
    ) -> None:
        """`sets` in the order to apply them, after the engines' own; `version` is this program's.

        `backups` is the folder for copies made before an upgrade, ``backups`` beside the database if None.
        Raises ValueError for files that are wrongly named or numbered.
        """
        self._engine = engine
        self._migrations = [
            migration for each in (_STORAGE, *sets) for migration in load(each, engine.dialect)
        ]
        self._version = version
        self._now_ms = now_ms
        self._backups = backups
        self._free_space = free_space

    async def status(self) -> Status:
        """Compare the database with this version's files; writes nothing."""
        rows = await self._engine.read(_applied)
        applied = {(row["collection"], row["number"]): row for row in rows}
        known = {(each.collection, each.number) for each in self._migrations}
        owners = {each.collection for each in self._migrations}
        newer = [row for key, row in applied.items() if key not in known and row["collection"] in owners]
        last = {owner: max((n for o, n in applied if o == owner), default=0) for owner in owners}
        changed: list[Migration] = []
        pending: list[Migration] = []
        for each in self._migrations:
            row = applied.get((each.collection, each.number))
            if row is None:
                (pending if each.number > last[each.collection] else changed).append(each)
            elif row["checksum"] != each.checksum:
                changed.append(each)
        return Status(
            applied=len(known & applied.keys()),
            pending=pending,
            changed=changed,
            newer=[f"{row['collection']} {row['number']:04} ({row['name']})" for row in newer],
            newer_version=newer[0]["version"] if newer else None,
            newer_backup=next((row["backup"] for row in newer if row["backup"]), None),
        )

    async def upgrade(self, progress: Progress | None = None) -> Upgraded:
        """Apply what is pending, after a backup if a SQLite database holds anything yet.

        Safe to call from several workers at once. Errors: `DatabaseNewer`, `MigrationChanged`, `StorageFull`
        before anything is touched; `MigrationFailed` with the database as it was before the failing step.
        """
        status = await self.status()
        self._refuse(status)
        tell = progress or (lambda done, total, what: None)
        total = len(status.pending)
        kept = await self._back_up(status, tell)
        if total:
            await self._engine.unit(0, _prepare)
        done: list[Migration] = []
        for count, migration in enumerate(status.pending):
            tell(count, total, str(migration))
            if await self._apply(migration, kept):
                done.append(migration)
        if total:
            tell(total, total, "done")
        return Upgraded(done, kept)

    def _refuse(self, status: Status) -> None:
        if status.newer:
            raise DatabaseNewer(
                f"This database was written by Kith {status.newer_version}; this is Kith {self._version}, "
                f"which doesn't know {', '.join(status.newer)}. Install the newer version again, "
                f"or go back to the data from before it with: {self._way_back(status)}"
            )
        if status.changed:
            raise MigrationChanged(
                f"These migrations were applied already, but their files differ now: "
                f"{', '.join(map(str, status.changed))}. Put the original files back; "
                "a change needs a new number."
            )

    def _way_back(self, status: Status) -> str:
        if self._engine.file is None:
            return "pg_restore --clean --if-exists --single-transaction --dbname=DATABASE kith.dump"
        kept = status.newer_backup or "BACKUP"
        return f'kith restore "{kept}"' if " " in kept else f"kith restore {kept}"

    async def _back_up(self, status: Status, tell: Progress) -> Path | None:
        database = self._engine.file
        if database is None or not status.pending:
            return None
        needed = backup.size(database)
        backup.check_room(database.parent, 2 * needed, self._free_space)
        if not status.applied:
            return None
        now = self._now_ms()
        stamp = datetime.fromtimestamp(now / 1000, UTC).strftime("%Y%m%dT%H%M%S") + f"{now % 1000:03}Z"
        folder = self._backups or database.parent / "backups"
        target = folder / f"{database.stem}-before-{self._version}-{stamp}{database.suffix}"
        tell(0, len(status.pending), f"backup to {target}")
        return await backup.back_up(database, target)

    async def _apply(self, migration: Migration, kept: Path | None) -> bool:
        """Apply one step; False if another worker was faster."""

        async def work(tx: Tx) -> bool:
            key: dict[str, Value] = {"collection": migration.collection, "number": migration.number}
            if await tx.one(
                "SELECT 1 FROM migration WHERE collection = :collection AND number = :number", key
            ):
                return False
            await cast(ScriptTx, tx).script(migration.sql)
            await tx.run(
                "INSERT INTO migration (collection, number, name, checksum, version, backup, applied_at)"
                " VALUES (:collection, :number, :name, :checksum, :version, :backup, :now)",
                key
                | {
                    "name": migration.name,
                    "checksum": migration.checksum,
                    "version": self._version,
                    "backup": str(kept) if kept else None,
                    "now": self._now_ms(),
                },
            )
            return True

        try:
            return await self._engine.unit(0, work)
        except UnitError as error:
            raise MigrationFailed(
                f"Migration {migration} could not be applied: {error}. Nothing of it was kept; "
                "the steps before it were."
            ) from error


def load(owner: MigrationSet, dialect: Dialect) -> list[Migration]:
    """The migrations of `owner` for `dialect`, in order; ValueError for wrong names and doubles."""
    found: dict[int, Migration] = {}
    seen: set[int] = set()
    for file in sorted(owner.directory.iterdir(), key=lambda file: file.name):
        if not file.name.endswith(".sql"):
            continue
        match = _FILE.fullmatch(file.name)
        if match is None:
            raise ValueError(
                f"A migration is named like 0001_what_it_does.sql, not {file.name} ({owner.name})."
            )
        number = int(match["number"])
        seen.add(number)
        if match["dialect"] not in (None, dialect):
            continue
        if number in found:
            raise ValueError(f"There are two migrations {number:04} of {owner.name}.")
        found[number] = Migration(owner.name, number, match["name"], file.read_text(encoding="utf-8"))
    for number in sorted(seen - found.keys()):
        raise ValueError(f"Migration {number:04} of {owner.name} is missing for {dialect}.")
    return [found[number] for number in sorted(found)]


async def _applied(tx: Tx) -> list[Row]:
    if not await tx.one(_EXISTS[tx.dialect]):
        return []
    return await tx.all(
        "SELECT collection, number, name, checksum, version, backup FROM migration"
        " ORDER BY applied_at, collection, number"
    )


async def _prepare(tx: Tx) -> None:
    await tx.run(_TABLE)
