"""How payloads reach the app: transport, deadlines, retries, and the mischief that tests order."""

import asyncio
import functools
import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from . import specs
from .events import InvalidEvent

if TYPE_CHECKING:
    from .server import FakeSlack

ACK_SECONDS = 3.0
RETRY_AFTER = (0.0, 60.0, 300.0)


@dataclass(frozen=True)
class Outcome:
    """What became of one attempt. `reason` is Slack's X-Slack-Retry-Reason where it failed."""

    ok: bool
    answer: Any = None
    reason: str = ""
    retry: bool = True


@dataclass(eq=False)
class Delivery:
    """One payload on its way to the app."""

    kind: str  # "events_api", "slash_commands" or "interactive"
    payload: dict[str, Any]
    attempts: list[Outcome] = field(default_factory=list)
    state: str = "sending"  # then "acked" or "lost"
    sent_at: float = 0.0
    acked_at: float | None = None

    @property
    def event(self) -> dict[str, Any]:
        return self.payload.get("event") or {}

    @property
    def event_id(self) -> str | None:
        return self.payload.get("event_id")


class Transport(Protocol):
    """Sockets or HTTP."""

    async def attempt(self, delivery: Delivery, number: int, reason: str) -> Outcome: ...


class Deliveries:
    """Everything on its way, and how the way is made worse.

    `hold` keeps events back; `release` lets them go in order, shuffled, several times, under new ids.
    """

    def __init__(self, slack: "FakeSlack") -> None:
        self._slack = slack
        self._tasks: set[asyncio.Task[None]] = set()
        self._holding = False
        self._held: list[dict[str, Any]] = []
        self.log: list[Delivery] = []
        self.in_flight = 0
        self.acked = 0
        self.lost = 0
        self.copies = 1
        self.new_ids = False
        self.lag = 0.0
        self.on_end: Callable[[Delivery], None] = lambda _: None
        """Told of each delivery that is acknowledged or given up."""

    @property
    def under_way(self) -> int:
        """Events neither acknowledged nor given up; `in_flight` leaves out those awaiting a retry."""
        return len(self._tasks)

    @property
    def held(self) -> int:
        return len(self._held)

    # -- mischief ------------------------------------------------------------------------------------------

    def hold(self) -> None:
        """Keep every event back from now on."""
        self._holding = True

    def release(
        self, *, shuffle: random.Random | None = None, copies: tuple[int, int] = (1, 1), new_ids: bool = False
    ) -> int:
        """Let the held events go, each `copies[0]` to `copies[1]` times, and hold no more.

        With `shuffle` in random order; with `new_ids` a copy comes as if it were another event.
        Returns how many were sent.
        """
        self._holding = False
        held, self._held = self._held, []
        rng = shuffle or random.Random(0)
        batch = [self._copy(one, n, new_ids) for one in held for n in range(rng.randint(*copies))]
        if shuffle is not None:
            shuffle.shuffle(batch)
        for payload in batch:
            self._start(payload)
        return len(batch)

    def duplicate(self, copies: int, *, new_ids: bool = False) -> None:
        """Send every event so many times from now on; 1 ends it."""
        self.copies = copies
        self.new_ids = new_ids

    def again(self, delivery: Delivery, *, new_id: bool = False) -> None:
        """Send an earlier event once more, as Slack sometimes does."""
        self._start(self._copy(delivery.payload, int(new_id), new_id))

    def _copy(self, payload: dict[str, Any], number: int, new_ids: bool) -> dict[str, Any]:
        if number and new_ids:
            return {**payload, "event_id": self._slack.new_id("Ev")}
        return payload

    # -- sending -------------------------------------------------------------------------------------------

    def event(self, payload: dict[str, Any]) -> None:
        """Send an event, with retries at once, after 1 and after 5 minutes."""
        if self._holding:
            self._held.append(payload)
            self._slack.changes.touch()
            return
        for number in range(self.copies):
            copy = self._copy(payload, number, self.new_ids)
            if self.lag:
                self._slack.clock.call_later(self.lag, functools.partial(self._start, copy))
            else:
                self._start(copy)

    def _start(self, payload: dict[str, Any]) -> None:
        self.in_flight += 1
        self._spawn(self._event(self._new("events_api", payload)))

    def _new(self, kind: str, payload: dict[str, Any]) -> Delivery:
        delivery = Delivery(kind, payload, sent_at=self._slack.clock.now())
        if not self._slack.bench:
            self.log.append(delivery)
        return delivery

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._slack.fail(error)
        self._slack.changes.touch()

    async def _event(self, delivery: Delivery) -> None:
        outcome = await self._attempt(delivery, 0, "")
        for number, pause in enumerate(RETRY_AFTER, start=1):
            if outcome.ok or not outcome.retry:
                break
            await self._pause(pause)
            outcome = await self._attempt(delivery, number, outcome.reason)
        self._settle(delivery, outcome)

    async def _pause(self, seconds: float) -> None:
        """Wait for the next attempt, which counts as in flight from the moment its time has come."""
        if not seconds:
            self.in_flight += 1
            return
        come: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def wake() -> None:
            self.in_flight += 1
            if not come.done():
                come.set_result(None)

        timer = self._slack.clock.call_later(seconds, wake)
        try:
            await come
        finally:
            timer.cancel()

    async def _attempt(self, delivery: Delivery, number: int, reason: str) -> Outcome:
        try:
            outcome = await self._slack.transport.attempt(delivery, number, reason)
        finally:
            self.in_flight -= 1
            self._slack.changes.touch()
        delivery.attempts.append(outcome)
        return outcome

    def _settle(self, delivery: Delivery, outcome: Outcome) -> None:
        delivery.state = "acked" if outcome.ok else "lost"
        delivery.acked_at = self._slack.clock.now()
        self.acked += outcome.ok
        self.lost += not outcome.ok
        self.on_end(delivery)

    async def interaction(self, kind: str, payload: dict[str, Any]) -> Outcome:
        """Send a command or an interaction: one attempt, no retry."""
        if self._slack.validates and (problems := specs.payload_problems(payload)):
            raise InvalidEvent(f"{payload.get('type') or kind}: {'; '.join(problems)}")
        delivery = self._new(kind, payload)
        self.in_flight += 1
        outcome = await self._attempt(delivery, 0, "")
        self._settle(delivery, outcome)
        self._slack.changes.touch()
        return outcome

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
