"""A lock on a file that the system lets go of when its process ends, however it ends."""

import os
import sys
from pathlib import Path

from storage.errors import DatabaseInUse, StorageError

if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 30  # Windows keeps others from reading what is locked, and the number stands at the start

    def _lock(handle: int) -> None:
        os.lseek(handle, _FAR, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


class FileLock:
    """The right to be the only instance on a database file; held until `release`."""

    def __init__(self, database: Path) -> None:
        """Take the lock beside `database`; raises `DatabaseInUse`, naming the process that holds it."""
        self._handle = -1
        path = database.with_name(database.name + ".lock")
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StorageError(
                f"{path} can't be written ({error.strerror}). Kith needs to write in that folder."
            ) from error
        try:
            _lock(handle)
        except OSError as error:
            os.lseek(handle, 0, os.SEEK_SET)
            holder = os.read(handle, 20).decode("ascii", "replace").strip()
            os.close(handle)
            who = f"Another Kith (process {holder})" if holder else "Another Kith"
            raise DatabaseInUse(
                f"{who} is running on {database}. Stop it first, or give this one a database of its own."
            ) from error
        self._handle = handle
        os.lseek(handle, 0, os.SEEK_SET)
        os.truncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Let others in; the file stays, since removing it would let two in at once."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
