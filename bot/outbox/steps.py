"""The units in which a sender moves its rows: taking what goes next, and settling what came of it.

They run inside transactions and may be run anew, so they only read what they are given and return what is
to be done.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from bot.model.limits import Limits
from bot.model.outgoing import Delete, Edit, Outgoing, Receipt
from bot.outbox import resolve
from bot.outbox.resolve import MOST_ERRORS, Timing
from bot.outbox.staging import Ended, kept, target_of
from storage.port import Tx
from storage.repos import outbox_lanes as lanes
from storage.repos.outbox import SKIPPED, OutboxRow

_MOST_STEPS = 100
"""Rows that end without an attempt, passed over in one unit."""


class Attempt(NamedTuple):
    """The row is on the wire: deliver it."""

    row: OutboxRow
    out: Outgoing


class LookUp(NamedTuple):
    """The row may have arrived: ask the platform."""

    row: OutboxRow
    out: Outgoing


class Rest(NamedTuple):
    """Nothing to do in this lane before then (real ms)."""

    until: int


class More(NamedTuple):
    """Something stands in the lane; take it in another unit."""

    priority: int


@dataclass(frozen=True, slots=True)
class Lost:
    """Another sender has this platform by now."""


Next = Attempt | LookUp | Rest | More | Lost | None
"""What a lane needs; None: nothing stands in it."""


class Arrived(NamedTuple):
    """The platform has it."""

    receipt: Receipt


class Deferred(NamedTuple):
    """It was refused for now; ``after`` in milliseconds."""

    reason: str
    after: int


class Refused(NamedTuple):
    """It was refused for good."""

    reason: str


class Unknown(NamedTuple):
    """Nobody knows. ``error``: because the adapter broke."""

    reason: str
    error: bool = False


@dataclass(frozen=True, slots=True)
class Absent:
    """The platform looked and does not have it."""


Outcome = Arrived | Deferred | Refused | Unknown | Absent


class Moved(NamedTuple):
    """A row that came to a state others may want to know of."""

    row: OutboxRow
    state: str
    receipt: Receipt | None = None


class Turn(NamedTuple):
    """What one unit did, and what the lane needs next."""

    next: Next
    moved: tuple[Moved, ...] = ()


class Holder(NamedTuple):
    """Who moves rows, by which rules: a sender with its fence."""

    role: str
    fence: int
    limits: Limits
    timing: Timing


class Steps:
    """One unit's moves in one lane. ``now`` is community time, ``real`` real time, both UTC milliseconds.

    ``waited_until`` is up to when the sender has waited by a clock that can't be set back.
    """

    def __init__(
        self, tx: Tx, holder: Holder, *, lane: str, community: int, now: int, real: int, waited_until: int = 0
    ) -> None:
        self._tx = tx
        self._holder = holder
        self._lane = lane
        self._community = community
        self._now = now
        self._real = real
        self._waited_until = waited_until
        self._moved: list[Moved] = []

    async def take(self) -> Turn:
        """Put what goes next on the wire, or say what else is to be done."""
        row = await lanes.head(self._tx, self._lane, self._community)
        for _ in range(_MOST_STEPS):
            if row is None:
                return self._turn(None)
            found = await self._advance(row)
            if found is not None:
                return self._turn(found)
            row = await lanes.head(self._tx, self._lane, self._community)
        return self._turn(More(row.priority) if row is not None else None)

    async def settle(self, row: OutboxRow, outcome: Outcome, *, go_on: bool, last: bool = False) -> Turn:
        """Record what came of an attempt or a look; with ``go_on``, `take` the next row in the same unit.

        ``last``: once this row has ended, nothing stands in the lane as far as the sender knows.
        """
        if not await self._settle(row, outcome) and await self._is_others(row):
            return self._turn(Lost())
        if last and isinstance(outcome, Arrived):
            return self._turn(None)
        if go_on:
            return await self.take()
        priority = await lanes.next_priority(self._tx, self._lane, self._community)
        return self._turn(None if priority is None else More(priority))

    def _turn(self, found: Next) -> Turn:
        return Turn(found, tuple(self._moved))

    async def _is_others(self, row: OutboxRow) -> bool:
        """Whether another sender attempts it; if not, a unit that seemed to fail has settled it already."""
        now = await lanes.by_id(self._tx, row.id)
        return now is not None and now.state == "sending" and now.fence != row.fence

    async def _advance(self, row: OutboxRow) -> Next:
        """What the first row of the lane needs; None if it ended here and the next one is first now."""
        if row.state == "sending":
            lease = row.lease_until or 0
            if (
                row.fence == self._holder.fence
                and self._real <= lease <= self._real + self._holder.timing.lease
            ):
                return Rest(lease)
            await self.abandon(row)
            return More(row.priority)
        if row.state == "uncertain":
            return await self._resolve(row)
        if row.not_before is not None and max(self._real, self._waited_until) < row.not_before:
            return Rest(row.not_before)
        return await self._attempt(row)

    async def _attempt(self, row: OutboxRow) -> Next:
        try:
            out = kept(row.body)
            if isinstance(out, Edit | Delete) and out.target is None:
                out = await self._addressed(row, out)
        except Ended as end:
            await self._end(row, end.reason, end.state)
            return None
        taken = await lanes.put_on_wire(
            self._tx,
            row,
            platform_role=self._holder.role,
            fence=self._holder.fence,
            now=self._real,
            lease_until=self._real + self._holder.timing.lease,
        )
        return Lost() if taken is None else Attempt(taken, out)

    async def _addressed(self, row: OutboxRow, out: Edit | Delete) -> Edit | Delete:
        original = await lanes.by_id(self._tx, row.original) if row.original is not None else None
        if original is None:
            raise Ended("dead", f"unknown-message: nothing was posted as {out.of!r}")
        if original.state == "sent":
            return replace(out, target=target_of(original, out))
        raise Ended(original.state, f"the message it changes is {original.state}")

    async def _resolve(self, row: OutboxRow) -> Next:
        holder = self._holder
        if row.uncertain_since is not None and row.uncertain_since > self._real:
            # the clock was set back: the wait before a look begins anew
            await lanes.doubt(
                self._tx, row, reason=row.reason, since=self._real, not_before=row.not_before or self._real
            )
            return More(row.priority)
        if row.not_before is not None and row.not_before <= self._waited_until:
            row = row._replace(not_before=None)
        match resolve.next_step(row, holder.limits, holder.timing, self._real):
            case resolve.Repeat():
                return await self._attempt(row)
            case resolve.Look():
                try:
                    return LookUp(row, kept(row.body))
                except Ended as end:
                    await self._end(row, f"{end.reason}; it may have arrived")
                    return None
            case resolve.Wait(until):
                return Rest(until)
            case resolve.GiveUp(reason):
                await self._end(row, reason)
                return None

    async def abandon(self, row: OutboxRow) -> None:
        """Nobody waits for this attempt any more, so its outcome is unknown."""
        reason = "interrupted: the attempt was cut short"
        done = await lanes.doubt(self._tx, row, reason=reason, since=self._real, not_before=self._real)
        self._note(done, Moved(row._replace(reason=reason), "uncertain"))

    async def _settle(self, row: OutboxRow, outcome: Outcome) -> bool:
        tx, timing = self._tx, self._holder.timing
        match outcome:
            case Arrived(receipt):
                at = receipt.message
                done = await lanes.settle_sent(
                    tx,
                    row,
                    message=at.key if at is not None else None,
                    thread=at.thread if at is not None else None,
                    now=self._now,
                )
                return self._note(done, Moved(row, "sent", receipt))
            case Deferred(reason, after):
                return await lanes.put_off(
                    tx, row, reason=reason, not_before=self._real + after, now=self._now
                )
            case Refused(reason):
                return await self._refused(row, reason)
            case Unknown(reason, error):
                since = self._real if row.state == "sending" else row.uncertain_since or self._real
                done = await lanes.doubt(
                    tx,
                    row,
                    reason=reason,
                    since=since,
                    not_before=self._real + timing.wait(row.doubts + 1),
                    error=error,
                )
                return self._note(done, Moved(row._replace(reason=reason), "uncertain"))
            case Absent():
                return await self._absent(row)

    async def _refused(self, row: OutboxRow, reason: str) -> bool:
        if row.state == "uncertain":
            return await self._end(row, f"{reason}; it may have arrived")
        if row.uncertain_since is None:
            return await self._end(row, reason)
        if row.form == "delete":
            return await self._settle(row, Arrived(Receipt()))
        if row.form == "post" and not row.answer:
            return await lanes.refuse(self._tx, row, refusal=reason)
        return await self._end(row, reason)

    async def _absent(self, row: OutboxRow) -> bool:
        limits = self._holder.limits
        if row.looks + 1 < limits.find_looks:
            again = self._real + limits.find_delay // limits.find_looks
            return await lanes.not_seen(self._tx, row, not_before=again)
        if row.refusal is not None:
            return await self._end(row, row.refusal)
        if row.errors >= MOST_ERRORS:
            return await self._end(row, row.reason)
        return await lanes.absent(self._tx, row, now=self._now)

    async def _end(self, row: OutboxRow, reason: str, state: str = "dead") -> bool:
        if row.refusal is not None and row.refusal.startswith(SKIPPED):
            state, reason = "skipped", reason.removeprefix(SKIPPED)
        done = await lanes.settle_dead(self._tx, row, reason=reason, now=self._now, state=state)
        return self._note(done, Moved(row._replace(reason=reason), state))

    def _note(self, done: bool, moved: Moved) -> bool:
        if done:
            self._moved.append(moved)
        return done
