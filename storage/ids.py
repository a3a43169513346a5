"""Ids that never go back: 64-bit integers of time, worker and sequence."""

from collections.abc import Callable
from threading import Lock

EPOCH_MS = 1_704_067_200_000
"""2024-01-01T00:00:00Z, where the ids' time begins; it lasts until 2093."""

_WORKER_BITS = 10
_SEQUENCE_BITS = 12
_TIME_BITS = 41


class IdSource:
    """Makes unique, positive, ever larger ids, whatever the clock does; safe from several threads."""

    def __init__(self, worker: int, now_ms: Callable[[], int], *, after: int = 0) -> None:
        """`worker` is 0 to 1023, one per process. `after` is an id that all new ones exceed.

        Give the highest id in use as `after` if the clock may have been set back while Kith was not running.
        """
        if not 0 <= worker < 1 << _WORKER_BITS:
            raise ValueError(f"A worker's number is from 0 to {(1 << _WORKER_BITS) - 1}, not {worker}.")
        self._worker = worker
        self._now_ms = now_ms
        # one count of time and sequence together: a full millisecond runs over into the next
        self._last = (after >> (_WORKER_BITS + _SEQUENCE_BITS) << _SEQUENCE_BITS) + (
            (1 << _SEQUENCE_BITS) - 1 if after else 0
        )
        self._lock = Lock()

    def next(self) -> int:
        """The next id; OverflowError once the time no longer fits."""
        with self._lock:
            earliest = max(self._now_ms() - EPOCH_MS, 0) << _SEQUENCE_BITS
            self._last = count = max(earliest, self._last + 1)
        time, sequence = count >> _SEQUENCE_BITS, count & ((1 << _SEQUENCE_BITS) - 1)
        if time >> _TIME_BITS:
            raise OverflowError("The clock is past the year 2093, which ids can't express. Set it right.")
        return (time << _WORKER_BITS | self._worker) << _SEQUENCE_BITS | sequence


def made_at(id_: int) -> int:
    """When an id was made, in UTC milliseconds."""
    return (id_ >> (_WORKER_BITS + _SEQUENCE_BITS)) + EPOCH_MS
