"""The hook by which tests end the process at the points where a crash must lose nothing."""

from collections.abc import Callable

CrashPoint = Callable[[str], None]
"""Called with the name of the point that was reached; one of `POINTS`."""

POINTS = (
    "adding",  # drafts are written, their unit is not committed
    "added",  # it is committed, nothing is begun
    "due",  # what waited for its time stands in its lane, nothing is begun
    "before commit",  # a row was moved, its unit is not committed
    "claimed",  # a row is committed as being on the wire, the attempt is not begun
    "delivered",  # the attempt has ended, its outcome is stored nowhere
    "looked up",  # the platform has said whether it has it, that is stored nowhere
    "settled",  # the outcome is committed, nobody knows yet
)


def pass_by(point: str) -> None:
    """Let every point pass."""
