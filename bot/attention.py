"""The attention budget: how often a person or a channel may be addressed without having asked.

One limiter for all cogs. What is over the budget is put off, folded into what waits already, or dropped with
a line in the log; it is never stacked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from storage.port import Tx
from storage.repos import attention as repo


class Attention(StrEnum):
    """Why a message comes without being asked for; the host's budget treats each kind differently."""

    GREETING = "greeting"
    """To a newcomer. In channels it is outside the budget."""
    DROP = "drop"
    """A piece of knowledge: waits up to 3 hours, then is skipped."""
    RITUAL = "ritual"
    """Something that recurs and people look forward to: waits up to a day."""
    NUDGE = "nudge"
    """A private reminder: dropped rather than late."""
    NEWS = "news"
    """What came of something: folded into the next message that waits for the same place."""


HOUR: Final = 3_600_000
DAY: Final = 24 * HOUR


class Budget(NamedTuple):
    """At most ``most`` messages in any ``window`` milliseconds."""

    most: int
    window: int


CHANNEL_BUDGET: Final = (Budget(3, DAY),)
PERSON_BUDGET: Final = (Budget(1, DAY), Budget(2, 7 * DAY))
LONGEST_WAIT: Final = {
    Attention.GREETING: 0,
    Attention.DROP: 3 * HOUR,
    Attention.RITUAL: DAY,
    Attention.NUDGE: 0,
    Attention.NEWS: 2 * DAY,
}
"""How late each kind may come, in milliseconds, before it is dropped instead."""


class Admitted(NamedTuple):
    """It may be said at ``at`` (UTC ms of community time), perhaps later than now."""

    at: int


class Folded(NamedTuple):
    """It belongs into the message with this intent, which waits already."""

    into: str


@dataclass(frozen=True, slots=True)
class Dropped:
    """It would come too late or too often."""


async def admit(
    tx: Tx, *, community: int, target: str, person: bool, kind: Attention, intent: str, now: int
) -> Admitted | Folded | Dropped:
    """Ask for a place in the target's budget, and take it if there is one.

    ``target`` is a destination's lane; ``person`` says whether it is one person's.
    """
    if kind is Attention.GREETING and not person:
        return Admitted(now)
    budgets = PERSON_BUDGET if person else CHANNEL_BUDGET
    at = await _first_place(tx, community, target, budgets, now)
    if at > now and kind is Attention.NEWS:
        waiting = await repo.waiting(tx, community, target, now)
        if waiting is not None:
            return Folded(waiting)
    if at - now > LONGEST_WAIT[kind]:
        return Dropped()
    await repo.add(tx, community=community, target=target, at=at, intent=intent, kind=kind.value)
    return Admitted(at)


async def has_room(tx: Tx, *, community: int, target: str, kind: Attention, now: int) -> bool:
    """Whether a channel's budget has a place for a message of this kind, without taking it."""
    if kind is Attention.GREETING:
        return True
    at = await _first_place(tx, community, target, CHANNEL_BUDGET, now)
    return at - now <= LONGEST_WAIT[kind]


async def _first_place(tx: Tx, community: int, target: str, budgets: Sequence[Budget], now: int) -> int:
    since = now - max(budget.window for budget in budgets)
    return earliest(await repo.times(tx, community, target, since), budgets, now)


def earliest(taken: Sequence[int], budgets: Sequence[Budget], now: int) -> int:
    """The first time from ``now`` on that no budget forbids, given the times taken, in order."""
    at = now
    for budget in budgets:
        if len(taken) >= budget.most:
            at = max(at, taken[-budget.most] + budget.window)
    return at
