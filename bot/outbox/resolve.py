"""What to do about a row of which nobody knows whether it arrived. Pure: row, limits, time in; step out."""

from __future__ import annotations

from dataclasses import dataclass

from bot.model.limits import Limits
from storage.repos.outbox import OutboxRow


@dataclass(frozen=True, slots=True)
class Timing:
    """The outbox's own times, in milliseconds of real time."""

    lease: int = 60_000
    """How long a row may be on the wire before it counts as abandoned; more than ``attempt``."""
    claim: int = 5_000
    """How long a claimed row may wait for room on the wire: it knows of no pause that begins meanwhile."""
    attempt: int = 25_000
    """How long an attempt or a look may take until its outcome counts as unknown."""
    backoff: int = 500
    """The first wait after an outcome nobody knows; doubles each time."""
    backoff_most: int = 60_000
    give_up: int = 3 * 86_400_000
    """How long an uncertain row may hold up its lane when it can't be looked up."""
    role: int = 30_000
    """How long the sender's role lasts without being renewed."""
    poll: int = 1_000
    """How often the tables are looked at for what other processes added; 30 times as seldom without any."""
    patience: int = 2_000
    """How long a lane waits before lanes of the next better priority let it go first."""

    def __post_init__(self) -> None:
        if self.lease <= self.attempt:
            raise ValueError("A lease must be longer than the attempt that it covers.")

    def wait(self, doubts: int) -> int:
        """The back-off after so many outcomes nobody knew."""
        return min(self.backoff_most, self.backoff << min(max(doubts - 1, 0), 20))


MOST_ERRORS = 5
"""Unexpected exceptions of an adapter after which a row that is known not to have arrived is given up."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """Deliver it again under the same key: the platform makes it one, or it may be repeated."""


@dataclass(frozen=True, slots=True)
class Look:
    """Ask the platform whether it is there."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do before then (real ms)."""

    until: int


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Nobody will ever know."""

    reason: str


Step = Repeat | Look | Wait | GiveUp


def next_step(row: OutboxRow, limits: Limits, timing: Timing, now: int) -> Step:
    """The next step for an uncertain row at ``now`` (real UTC ms).

    A clock that was set back never shortens a wait into a second post: a time in the future counts as long
    ago where that means looking first, and as just now where it means waiting.
    """
    first = row.first_attempt if row.first_attempt is not None else row.added_at
    since = row.uncertain_since if row.uncertain_since is not None else now
    if row.not_before is not None and now < row.not_before:
        return Wait(row.not_before)
    if now - first > timing.give_up:
        return GiveUp("unresolved: it could not be looked up for too long; it may have arrived")
    if row.answer:
        if now - row.added_at < limits.answer_window:
            return Repeat()
        return GiveUp("answer-expired: the time to answer is over; it may have arrived")
    if row.form != "post":
        return Repeat() if row.refusal is None else GiveUp(f"{row.refusal}; it may have arrived")
    window = row.window_start if row.window_start is not None else first
    if row.refusal is None and 0 <= now - window < limits.repost_window:
        return Repeat()
    look_from = min(since, now) + limits.find_delay
    return Look() if now >= look_from else Wait(look_from)
