"""Delivers one platform's rows for as long as it holds the sender's role: lane by lane, in order, in pace."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import monotonic

import structlog

from bot.clock import Clock, system_ms
from bot.model.outgoing import Receipt
from bot.outbox.courier import Courier
from bot.outbox.crash import CrashPoint
from bot.outbox.draft import Priority
from bot.outbox.pace import Lane, Pace, Queue, Stage
from bot.outbox.resolve import Timing
from bot.outbox.role import Role
from bot.outbox.scout import Scout
from bot.outbox.staging import Grant, Started, Woken
from bot.outbox.steps import (
    Attempt,
    Deferred,
    Holder,
    LookUp,
    Lost,
    More,
    Moved,
    Next,
    Outcome,
    Rest,
    Steps,
    Turn,
)
from bot.platforms.base import Platform
from storage.errors import StorageError
from storage.port import Engine, Tx
from storage.repos.outbox import OutboxRow

log = structlog.get_logger(__name__)

MOST_LANES = 4_096
"""Lanes remembered at once; the others stay in the tables until there is room. Answers always find room."""

AHEAD = 4
"""Rows claimed at most, as a multiple of the room on the wire. A crash leaves them to be looked into."""

Settled = Callable[[OutboxRow, str, Receipt | None], Awaitable[None]]


class Sender:
    """One platform's sender. Made, started and stopped by `Outbox`.

    ``settled`` is told of each row that was sent, ended otherwise, or became uncertain, after that was
    committed. ``crash_point`` is called with the name of each point at which a crash must lose nothing.
    """

    def __init__(
        self,
        engine: Engine,
        platform: Platform,
        clock: Clock,
        role: Role,
        *,
        new_id: Callable[[], int],
        timing: Timing,
        settled: Settled,
        crash_point: CrashPoint,
    ) -> None:
        self.platform = platform.name
        self._engine = engine
        self._clock = clock
        self._role = role
        self._timing = timing
        self._settled = settled
        self._crash_point = crash_point
        self._limits = platform.limits
        self._courier = Courier(platform, timing.attempt / 1_000)
        self._pace = Pace(platform.limits)
        self._reserve = platform.limits.in_flight // 8
        self._lanes: dict[tuple[str, int], Lane] = {}
        self._claiming = 0
        self._claims = 0
        self._on_wire = 0
        self._waiting = Stage(timing.patience / 1_000)
        self._claimed = Stage(timing.patience / 1_000)
        self._running: set[asyncio.Task[None]] = set()
        self._alarm: asyncio.TimerHandle | None = None
        self._quiet = asyncio.Event()
        self._stopping = False
        self._closed = False
        self._scout = Scout(
            engine, platform.name, clock, self, new_id=new_id, poll=timing.poll, crash_point=crash_point
        )

    # -- what is added -------------------------------------------------------------------------------------

    def grant(self, lane: str, answer: bool) -> Grant | None:
        """Leave to claim a row for the wire in the unit that adds it. Called on the storage's thread."""
        now = monotonic()
        fence = self._role.fence
        if fence is None or self._stopping or self._pace.lane_ready_at(lane) > now:
            return None
        most = self._limits.in_flight * AHEAD
        room = most if answer else min(most - self._reserve, self._pace.room(now))
        if self._pace.ready_at(exempt=answer) > now or room < 1:
            return None
        return Grant(fence, system_ms() + self._timing.lease, int(room))

    def begin(self, started: Started) -> None:
        """Attempt a row that was added as being on the wire, as soon as there is room."""
        row = started.row
        if self._closed or self._role.fence != row.fence:
            return  # it is found again and looked into
        lane = self._lane(row.lane, row.community, row.priority)
        self._claim(lane, Attempt(row, started.out))
        if not lane.busy:
            self._queue(lane).put(lane, monotonic())
            self._go_ahead()

    def wake(self, woken: Woken) -> None:
        """Something was added to a lane."""
        lane = self._lanes.get((woken.lane, woken.community))
        if lane is None:
            if self.is_full and woken.priority != Priority.ANSWER:
                self._scout.fall_behind()
                return
            lane = self._lane(woken.lane, woken.community, woken.priority)
            self._queue(lane).put(lane, monotonic())
        elif lane.busy:
            lane.woken = True
        else:
            self._queue(lane).hasten(lane, woken.priority)
        lane.has_more = True
        if not lane.busy:
            self._go_ahead()

    def park(self, due_at: int) -> None:
        """Something will be due (community time)."""
        self._scout.expect(due_at)

    def look_now(self) -> None:
        """Look at the tables at once: the clock may have travelled, or others may have added something."""
        self._scout.look_now()

    @property
    def is_full(self) -> bool:
        """Whether no further lane is remembered, but for answers."""
        return len(self._lanes) >= MOST_LANES

    # -- life ----------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Deliver whenever the role is held, until cancelled."""
        while True:
            await self._role.acquire()
            log.debug("sender_begins", platform=self.platform, fence=self._role.fence)
            self._scout.fall_behind()
            self._go_ahead()
            work = [
                asyncio.create_task(part, name=f"outbox {self.platform} {name}")
                for name, part in (
                    ("role", self._role.keep()),
                    ("tables", self._scout.watch()),
                )
            ]
            try:
                done, _ = await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    if (error := task.exception()) is not None:
                        log.error("sender_broke", platform=self.platform, exc_info=error)
                        await asyncio.sleep(self._timing.backoff / 1_000)
            finally:
                for task in work:
                    task.cancel()
                await asyncio.gather(*work, return_exceptions=True)
            self._role.drop()
            # what is on the wire ends first, or it would be taken for abandoned
            while self._running:
                await asyncio.wait(self._running)
            self._stay()
            self._forget_lanes()
            log.warning("sender_ends", platform=self.platform)

    async def drain(self, deadline: float) -> None:
        """Take nothing new and let what is on the wire end, within ``deadline`` seconds; then let go."""
        self._stopping = True
        self._stay()
        with suppress(TimeoutError):
            async with asyncio.timeout(deadline):
                await self._give_back()
                while self._running:
                    await asyncio.wait(self._running)
                await self._give_back()
        self._closed = True
        left = list(self._running)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _give_back(self) -> None:
        """Let what was claimed and not attempted wait in the tables again."""
        for lane in list(self._lanes.values()):
            claimed = self._let_go(lane)
            if isinstance(claimed, Attempt) and self._role.is_held:
                await self._settle(lane, claimed.row, Deferred("stopped", 0), go_on=False)

    async def idle(self) -> None:
        """Return once nothing that is due waits or is on the wire."""
        await self._role.held()
        while True:
            await self._scout.look()
            if not self._lanes and not self._scout.is_behind:
                return
            await self._quiet.wait()

    # -- lanes ---------------------------------------------------------------------------------------------

    def _lane(self, key: str, community: int, priority: int) -> Lane:
        lane = self._lanes.get((key, community))
        if lane is None:
            lane = Lane(key, community, priority, answer=priority == Priority.ANSWER)
            self._lanes[key, community] = lane
            self._quiet.clear()
        return lane

    def _queue(self, lane: Lane) -> Queue:
        return (self._waiting if lane.claimed is None else self._claimed).queue(lane)

    def _drop(self, lane: Lane) -> None:
        self._lanes.pop((lane.key, lane.community), None)
        self._let_go(lane)
        if not self._lanes:
            self._quiet.set()
        if self._scout.is_behind and len(self._lanes) <= MOST_LANES // 2:
            self._scout.look_now()

    def _forget_lanes(self) -> None:
        for lane in list(self._lanes.values()):
            self._queue(lane).remove(lane)
            self._drop(lane)

    def _go_ahead(self) -> None:
        """Start what is ready, and come back when something else will be."""
        self._stay()
        if self._stopping or not (self._claimed or self._waiting) or not self._role.is_held:
            return
        now = monotonic()
        self._attempt_what_is_claimed(now)
        self._claim_what_is_ready(now)
        # whatever ends makes room and calls this itself, so only times are waited for
        moments = [*self._claimed.moments(now, self._pace), *self._waiting.moments(now, self._pace)]
        if moments:
            delay = max(min(moments) - now, 0.0)
            self._alarm = asyncio.get_running_loop().call_later(delay, self._go_ahead)

    def _stay(self) -> None:
        """Start nothing by itself any more."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _attempt_what_is_claimed(self, now: float) -> None:
        while True:
            free = self._limits.in_flight - self._on_wire
            lane = self._claimed.pop(
                now,
                answers=free > 0 and self._pace.ready_at(exempt=True) <= now,
                others=free > self._reserve and self._pace.ready_at(exempt=False) <= now,
            )
            if lane is None:
                return
            ready_at = self._pace.lane_ready_at(lane.key)
            if ready_at > now:
                self._claimed.queue(lane).put(lane, now, ready_at)
                continue
            self._pace.take(lane.key, now, exempt=lane.answer)
            self._on_wire += 1
            self._start(lane, self._attempt)

    def _claim_what_is_ready(self, now: float) -> None:
        while True:
            claims = self._claims + self._claiming
            free = self._limits.in_flight * AHEAD - self._on_wire - claims
            lane = self._waiting.pop(
                now,
                answers=free > 0 and self._pace.ready_at(exempt=True) <= now,
                others=free > self._reserve
                and self._pace.ready_at(exempt=False) <= now
                and claims < self._pace.room(now),
            )
            if lane is None:
                return
            ready_at = self._pace.lane_ready_at(lane.key)
            if ready_at > now:
                self._waiting.queue(lane).put(lane, now, ready_at)
                continue
            self._claiming += 1
            self._start(lane, self._take)

    def _start(self, lane: Lane, work: Callable[[Lane], Awaitable[Next]]) -> None:
        lane.busy = True
        lane.woken = False
        task = asyncio.create_task(self._serve(lane, work), name=f"outbox {lane.key}")
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _serve(self, lane: Lane, work: Callable[[Lane], Awaitable[Next]]) -> None:
        found: Next
        try:
            found = await work(lane)
        except Exception as error:
            if isinstance(error, StorageError):
                log.warning("lane_waits_for_storage", lane=lane.key, error=str(error))
            else:
                log.exception("lane_broke", lane=lane.key)
            found = Rest(system_ms() + self._timing.backoff)
        self._finish(lane, found)
        self._go_ahead()

    async def _attempt(self, lane: Lane) -> Next:
        """One attempt or one look, for which the pace has made room, and what came of it stored."""
        claimed = self._let_go(lane)
        outcome: Outcome
        try:
            match claimed:
                case None:
                    self._pace.give_back(lane.key, exempt=lane.answer)
                    return None
                case Attempt(row, out) if not self._role.is_held:
                    return Lost()
                case Attempt(row, out) if self._is_stale(row):
                    self._pace.give_back(lane.key, exempt=lane.answer)
                    outcome, closed = Deferred("claimed too early", 0), 0.0
                case Attempt(row, out):
                    self._crash_point("claimed")
                    outcome, closed = await self._courier.deliver(out)
                    self._crash_point("delivered")
                case LookUp(row, out):
                    self._pace.give_back(lane.key, exempt=lane.answer)
                    outcome, closed = await self._courier.look(out, row.first_attempt or row.added_at)
                    self._crash_point("looked up")
        finally:
            self._on_wire -= 1
        if closed:
            self._pace.close(monotonic() + closed)
        self._go_ahead()
        turn = await self._settle(lane, row, outcome, go_on=self._may_claim(lane))
        self._crash_point("settled")
        await self._announce(turn.moved)
        return turn.next

    def _is_stale(self, row: OutboxRow) -> bool:
        """Whether it was claimed so long ago that it must be claimed anew: a pause skips it then."""
        timing = self._timing
        left = (row.lease_until or 0) - system_ms()
        return left < max(timing.attempt, timing.lease - timing.claim)

    def _may_claim(self, lane: Lane) -> bool:
        """Whether the lane may claim its next row in the unit that settles this one."""
        now = monotonic()
        return (
            self._role.is_held
            and not self._stopping
            and self._claims + self._claiming < self._limits.in_flight * AHEAD
            and self._pace.ready_at(exempt=lane.answer) <= now
            and self._pace.lane_ready_at(lane.key) <= now
        )

    def _claim(self, lane: Lane, found: Attempt | LookUp) -> None:
        lane.claimed = found
        self._claims += 1

    def _let_go(self, lane: Lane) -> Attempt | LookUp | None:
        claimed, lane.claimed = lane.claimed, None
        if claimed is not None:
            self._claims -= 1
        return claimed

    async def _settle(self, lane: Lane, row: OutboxRow, outcome: Outcome, *, go_on: bool) -> Turn:
        """Commit what came of it, however long that takes: what is known must not be forgotten."""
        failures = 0
        last = not lane.has_more  # what another process adds is found when the tables are looked at
        while True:
            try:
                fence = self._role.fence or row.fence or 0
                return await self._unit(
                    lane, fence, lambda steps: steps.settle(row, outcome, go_on=go_on, last=last)
                )
            except Exception as error:
                failures += 1
                log.error("outcome_not_stored", intent=row.key, error=str(error))
                await asyncio.sleep(self._timing.wait(failures) / 1_000)

    async def _take(self, lane: Lane) -> Next:
        """Claim what goes next in the lane, or find out what else it needs."""
        try:
            fence = self._role.fence
            if fence is None:
                return Lost()
            turn = await self._unit(lane, fence, lambda steps: steps.take())
        finally:
            self._claiming -= 1
        await self._announce(turn.moved)
        return turn.next

    async def _unit(self, lane: Lane, fence: int, work: Callable[[Steps], Awaitable[Turn]]) -> Turn:
        holder = Holder(self._role.name, fence, self._limits, self._timing)

        async def unit(tx: Tx) -> Turn:
            turn = await work(
                Steps(
                    tx,
                    holder,
                    lane=lane.key,
                    community=lane.community,
                    now=self._clock.now(),
                    real=system_ms(),
                    waited_until=lane.waited_until,
                )
            )
            self._crash_point("before commit")
            return turn

        return await self._engine.unit(lane.community, unit)

    def _finish(self, lane: Lane, found: Next) -> None:
        lane.busy = False
        now = monotonic()
        if lane.claimed is not None:
            self._queue(lane).put(lane, now)
            return
        match found:
            case Attempt() | LookUp():
                self._claim(lane, found)
                self._queue(lane).put(lane, now)
            case Rest(until):
                lane.waited_until = until
                self._queue(lane).put(lane, now, now + max(until - system_ms(), 1) / 1_000)
            case More(priority):
                lane.priority = priority
                self._queue(lane).put(lane, now)
            case None if lane.woken:
                self._queue(lane).put(lane, now)
            case _:
                self._drop(lane)
        if isinstance(found, Lost):
            self._role.lose()

    async def _announce(self, moved: tuple[Moved, ...]) -> None:
        for each in moved:
            if each.state == "dead":
                log.warning("not_delivered", intent=each.row.key, reason=each.row.reason)
            try:
                await self._settled(each.row, each.state, each.receipt)
            except Exception:
                log.exception("listener_broke", intent=each.row.key)
