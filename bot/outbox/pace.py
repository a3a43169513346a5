"""How fast things may leave, and which lane goes next. Times here are seconds of the monotonic clock."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field

from bot.model.limits import Limits
from bot.outbox.steps import Attempt, LookUp


class Pace:
    """The platform's speed limits: over all, and in each lane.

    Each limit is one number, the time at which it would be met exactly if nothing left from now on. Answers
    to interactions are exempt from the overall limit, as they are on the platforms.
    """

    _FORGET_AT = 4_096

    def __init__(self, limits: Limits) -> None:
        self._interval = limits.lane_interval / 1_000
        self._slack = self._interval * max(limits.lane_burst - 1, 0)
        self._every = 1 / limits.per_second if limits.per_second > 0 else 0.0
        # two requests at once at 48 a second keep any window of a second within 50
        self._leeway = self._every * (limits.per_second // 24)
        self._lanes: dict[str, float] = {}
        self._all = 0.0
        self._closed_until = 0.0

    def lane_ready_at(self, lane: str) -> float:
        """The earliest time at which this lane's own limit lets something leave."""
        return self._lanes.get(lane, 0.0) - self._slack

    def ready_at(self, *, exempt: bool) -> float:
        """The earliest time at which anything may leave."""
        return self._closed_until if exempt else max(self._closed_until, self._all - self._leeway)

    def room(self, now: float) -> float:
        """How many more may leave at this very moment, answers aside."""
        if now < self._closed_until:
            return 0
        return (self._leeway - max(self._all - now, 0.0)) / self._every + 1 if self._every else float("inf")

    def take(self, lane: str, now: float, *, exempt: bool) -> None:
        """Something leaves now."""
        if self._interval:
            if len(self._lanes) >= self._FORGET_AT:
                self._lanes = {name: due for name, due in self._lanes.items() if due > now}
            self._lanes[lane] = max(self._lanes.get(lane, 0.0), now) + self._interval
        if self._every and not exempt:
            self._all = max(self._all, now) + self._every

    def give_back(self, lane: str, *, exempt: bool) -> None:
        """What was taken did not leave after all."""
        if lane in self._lanes:
            self._lanes[lane] -= self._interval
        if not exempt:
            self._all -= self._every

    def close(self, until: float) -> None:
        """Nothing leaves before then."""
        self._closed_until = max(self._closed_until, until)


@dataclass(slots=True, eq=False)
class Lane:
    """A lane with something in it, as its sender remembers it."""

    key: str
    community: int
    priority: int
    answer: bool
    ready: bool = False
    ready_since: float = 0.0
    turn: int = 0
    """Which of its entries in queues counts; earlier ones are void."""
    busy: bool = False
    woken: bool = False
    """Something was added while it was busy."""
    claimed: Attempt | LookUp | None = None
    """What is to be attempted or looked up as soon as there is room."""
    has_more: bool = False
    """Whether something may stand in it behind what was claimed."""
    waited_until: int = 0
    """The latest time (real ms) that was waited for, by a clock that can't be set back."""


@dataclass(slots=True)
class Queue:
    """Lanes that are ready, and lanes that will be.

    A ready lane's place is when it became ready plus ``patience`` seconds for each step of its priority: the
    better priority goes first, yet whatever waits is overtaken for that long only.
    """

    patience: float
    ready: list[tuple[float, int, int, Lane]] = field(default_factory=list)
    later: list[tuple[float, int, int, Lane]] = field(default_factory=list)
    _entries: int = 0

    def put(self, lane: Lane, now: float, at: float = 0.0) -> None:
        """Let a lane be ready at a time, instead of whenever it was to be ready before."""
        lane.turn += 1
        if at > now:
            lane.ready = False
            self._entries += 1
            heapq.heappush(self.later, (at, self._entries, lane.turn, lane))
        else:
            lane.ready_since = now
            self._push(lane)

    def hasten(self, lane: Lane, priority: int) -> None:
        """Something more urgent stands in the lane now; a lane that has to wait still waits."""
        if priority >= lane.priority:
            return
        lane.priority = priority
        if lane.ready:
            lane.turn += 1
            self._push(lane)

    def remove(self, lane: Lane) -> None:
        """Forget when the lane was to be ready."""
        lane.turn += 1
        lane.ready = False

    def pop(self) -> Lane:
        """The lane that goes next, after `first` has told of one."""
        lane = heapq.heappop(self.ready)[3]
        lane.ready = False
        return lane

    def first(self, now: float) -> float | None:
        """The place of the lane that goes next, to compare with another queue's; None if none is ready."""
        while self.later and self.later[0][0] <= now:
            at, _, turn, lane = heapq.heappop(self.later)
            if turn == lane.turn:
                lane.ready_since = at
                self._push(lane)
        while self.ready and self.ready[0][2] != self.ready[0][3].turn:
            heapq.heappop(self.ready)
        return self.ready[0][0] if self.ready else None

    def next_at(self) -> float | None:
        """When the next lane will be ready; None if none waits for a time."""
        while self.later and self.later[0][2] != self.later[0][3].turn:
            heapq.heappop(self.later)
        return self.later[0][0] if self.later else None

    def _push(self, lane: Lane) -> None:
        lane.ready = True
        place = lane.ready_since + self.patience * lane.priority
        self._entries += 1
        heapq.heappush(self.ready, (place, self._entries, lane.turn, lane))


class Stage:
    """Lanes that wait for the same thing, answers apart from all others."""

    def __init__(self, patience: float) -> None:
        self._answers = Queue(patience)
        self._others = Queue(patience)

    def __bool__(self) -> bool:
        others, answers = self._others, self._answers
        return bool(others.ready or others.later or answers.ready or answers.later)

    def queue(self, lane: Lane) -> Queue:
        """Where this lane waits."""
        return self._answers if lane.answer else self._others

    def pop(self, now: float, *, answers: bool, others: bool) -> Lane | None:
        """The lane that goes next among those that may; None if none of them is ready."""
        answer = self._answers.first(now) if answers else None
        other = self._others.first(now) if others else None
        if answer is not None and (other is None or answer <= other):
            return self._answers.pop()
        return self._others.pop() if other is not None else None

    def moments(self, now: float, pace: Pace) -> Iterator[float]:
        """When a lane will be ready, or the pace lets a ready one go."""
        for queue, exempt in ((self._answers, True), (self._others, False)):
            if (at := queue.next_at()) is not None:
                yield at
            if queue.first(now) is not None and (free_at := pace.ready_at(exempt=exempt)) > now:
                yield free_at
