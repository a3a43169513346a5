"""What can go wrong with the storage, in two families that callers treat differently.

A `StorageError` is nobody's request going wrong but the storage itself: the event stays unmarked and is tried
again later. A `UnitError` is a fault of the unit's own statements: only that unit is undone.
"""


class StorageError(Exception):
    """The storage failed; nothing of the unit is half done, and the event stays unmarked."""


class StorageFull(StorageError):
    """There is no room left to write."""


class StorageBusy(StorageError):
    """Somebody else holds the database for too long."""


class StorageClosed(StorageError):
    """The engine was closed already."""


class DatabaseCorrupt(StorageError):
    """The file is no database, or a damaged one."""


class DatabaseNewer(StorageError):
    """The database was written by a newer version, which this one must not touch."""


class DatabaseInUse(StorageError):
    """Another instance runs on this database."""


class MigrationChanged(StorageError):
    """A migration that was applied already reads differently now."""


class MigrationFailed(StorageError):
    """A migration could not be applied; the database is as it was before that migration."""


class UnitError(Exception):
    """A fault in what the unit asked for; only this unit is undone."""


class ForeignAwait(UnitError):
    """A handler awaited something other than its store."""


class StatementError(UnitError):
    """The engine can't run this statement or take this value."""


class ReadOnly(StatementError):
    """A write was tried where only reading is possible."""


class ConstraintViolation(UnitError):
    """The statement would break a rule of the table."""


class UniqueViolation(ConstraintViolation):
    """A row with this key is there already."""


class ForeignKeyViolation(ConstraintViolation):
    """The row refers to one that is not there, or is still referred to."""


class NotNullViolation(ConstraintViolation):
    """A value is missing that every row must have."""


class CheckViolation(ConstraintViolation):
    """A value lies outside what the table allows."""


class ReadTimeout(TimeoutError):
    """A read took longer than its deadline and was stopped."""
