"""The pure parts: what is done about a doubt, how fast things leave, which lane goes next."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.outbox import Priority, Timing
from bot.outbox.pace import Lane, Pace, Queue
from bot.outbox.resolve import GiveUp, Look, Repeat, Wait, next_step
from storage.repos.outbox import OutboxRow
from tests.outbox.world import wire_limits

NOW = 1_790_000_000_000
TIMING = Timing()


def uncertain(**changed: Any) -> OutboxRow:
    given: dict[str, Any] = {
        "id": 1,
        "community": 1,
        "space": "wire:1",
        "platform": "wire",
        "key": "k",
        "form": "post",
        "original": None,
        "answer": 0,
        "lane": "channel:wire:1:general",
        "position": 1,
        "state": "uncertain",
        "reason": "timeout",
        "priority": 2,
        "due_at": None,
        "address": "",
        "body": "",
        "cog": "test",
        "kind": "",
        "because": "{}",
        "people": "",
        "forgotten": 0,
        "created_at": NOW,
        "settled_at": None,
        "added_at": NOW,
        "first_attempt": NOW,
        "window_start": NOW,
        "uncertain_since": NOW,
        **changed,
    }
    return OutboxRow(**given)


DISCORD = wire_limits(repost_window=60_000, find_delay=5_000)
SLACK = wire_limits(repost_window=0, find_delay=60_000, find_looks=2)


@pytest.mark.parametrize(
    ("row", "limits", "after", "step"),
    [
        (uncertain(), DISCORD, 0, Repeat()),
        (uncertain(), DISCORD, 59_999, Repeat()),
        (uncertain(), DISCORD, 60_000, Look()),
        (uncertain(not_before=NOW + 500), DISCORD, 100, Wait(NOW + 500)),
        (uncertain(refusal="http-403"), DISCORD, 100, Wait(NOW + 5_000)),
        (uncertain(refusal="http-403"), DISCORD, 5_000, Look()),
        (uncertain(), SLACK, 0, Wait(NOW + 60_000)),
        (uncertain(), SLACK, 60_000, Look()),
        (uncertain(uncertain_since=NOW + 30_000), SLACK, 60_000, Wait(NOW + 90_000)),
        (uncertain(form="edit"), SLACK, 0, Repeat()),
        (uncertain(form="delete"), SLACK, 0, Repeat()),
        (uncertain(form="react"), SLACK, 0, Repeat()),
        (uncertain(answer=1), SLACK, 0, Repeat()),
        (uncertain(answer=1), SLACK, 14 * 60_000, Repeat()),
    ],
)
def test_steps(row: OutboxRow, limits: Any, after: int, step: object) -> None:
    assert next_step(row, limits, TIMING, NOW + after) == step


def test_what_is_given_up() -> None:
    assert isinstance(next_step(uncertain(answer=1), SLACK, TIMING, NOW + 15 * 60_000), GiveUp)
    assert isinstance(next_step(uncertain(), SLACK, TIMING, NOW + 4 * 86_400_000), GiveUp)


@given(back=st.integers(1, 10 * 86_400_000))
def test_a_clock_set_back_never_makes_it_post_again(back: int) -> None:
    assert not isinstance(next_step(uncertain(), DISCORD, TIMING, NOW - back), Repeat)


def test_back_off_doubles_up_to_its_bound() -> None:
    waits = [TIMING.wait(doubts) for doubts in range(1, 40)]
    assert waits[:4] == [500, 1_000, 2_000, 4_000]
    assert waits[-1] == TIMING.backoff_most
    assert waits == sorted(waits)


def test_a_lease_shorter_than_an_attempt_is_refused() -> None:
    with pytest.raises(ValueError, match="longer"):
        Timing(lease=10, attempt=10)


@given(
    interval=st.integers(0, 2_000),
    burst=st.integers(1, 10),
    waits=st.lists(st.floats(0, 3), min_size=1, max_size=60),
)
def test_a_lane_keeps_its_pace(interval: int, burst: int, waits: list[float]) -> None:
    pace, now, left = Pace(wire_limits(lane_interval=interval, lane_burst=burst)), 100.0, []
    for wait in waits:
        now += wait
        if pace.lane_ready_at("a") <= now:
            pace.take("a", now, exempt=False)
            left.append(now)
    for first, moment in enumerate(left):
        for last in range(first, len(left)):
            allowed = burst + (left[last] - moment) * 1_000 / interval if interval else len(left)
            assert last - first + 1 <= allowed + 1e-3
    assert pace.lane_ready_at("b") <= now


@given(per_second=st.sampled_from([1.0, 20.0, 48.0]), waits=st.lists(st.floats(0, 0.1), max_size=300))
@settings(max_examples=50)
def test_the_bot_keeps_its_pace(per_second: float, waits: list[float]) -> None:
    pace, now, left = Pace(wire_limits(per_second=per_second)), 100.0, []
    for number, wait in enumerate(waits):
        now += wait
        assert pace.ready_at(exempt=True) <= now
        assert (pace.room(now) >= 1) == (pace.ready_at(exempt=False) <= now)
        assert pace.room(now) <= per_second // 24 + 1
        if pace.ready_at(exempt=False) <= now:
            pace.take(f"lane {number}", now, exempt=False)
            left.append(now)
    for moment in left:
        within = [other for other in left if moment <= other < moment + 1]
        assert len(within) <= per_second + per_second // 24 + 1


def test_a_closed_platform_lets_nothing_leave() -> None:
    pace = Pace(wire_limits())
    pace.close(110.0)
    pace.close(105.0)
    assert pace.ready_at(exempt=True) == pace.ready_at(exempt=False) == 110.0
    assert pace.room(100.0) == 0
    assert pace.room(110.0) >= 1


def test_what_did_not_leave_is_given_back() -> None:
    pace = Pace(wire_limits(lane_interval=1_000, per_second=1))
    pace.take("a", 100.0, exempt=False)
    assert pace.lane_ready_at("a") > 100.0
    pace.give_back("a", exempt=False)
    assert pace.lane_ready_at("a") <= 100.0
    assert pace.ready_at(exempt=False) <= 100.0


def test_pace_remembers_no_more_lanes_than_it_must() -> None:
    pace = Pace(wire_limits(lane_interval=10))
    for number in range(50_000):
        pace.take(str(number), 100.0 + number, exempt=False)
    assert len(pace._lanes) <= Pace._FORGET_AT


def lane(key: str, priority: Priority = Priority.NORMAL) -> Lane:
    return Lane(key, 1, int(priority), answer=False)


def drain(queue: Queue, now: float) -> list[str]:
    found = []
    while queue.first(now) is not None:
        found.append(queue.pop().key)
    return found


def test_the_better_priority_goes_first_and_waiting_outdoes_it() -> None:
    queue = Queue(patience=2.0)
    queue.put(lane("drop", Priority.DROP), 100.0)
    queue.put(lane("normal"), 100.5)
    queue.put(lane("greeting", Priority.GREETING), 101.0)
    assert drain(queue, 101.0) == ["greeting", "normal", "drop"]
    queue.put(lane("drop", Priority.DROP), 100.0)
    for second in range(10):
        queue.put(lane(f"normal {second}"), 100.0 + second)
    assert drain(queue, 110.0).index("drop") == 2


def test_lanes_ripen_at_their_time() -> None:
    queue = Queue(patience=2.0)
    late, soon = lane("late"), lane("soon")
    queue.put(late, 100.0, 130.0)
    queue.put(soon, 100.0, 110.0)
    assert queue.first(100.0) is None
    assert queue.next_at() == 110.0
    assert drain(queue, 110.0) == ["soon"]
    queue.put(late, 110.0)
    assert drain(queue, 110.0) == ["late"]
    assert queue.next_at() is None


def test_a_lane_is_hastened_but_not_out_of_its_wait() -> None:
    queue = Queue(patience=2.0)
    waiting, ready, other = lane("waiting", Priority.DROP), lane("ready", Priority.DROP), lane("other")
    queue.put(waiting, 100.0, 200.0)
    queue.put(other, 100.0)
    queue.put(ready, 100.0)
    queue.hasten(waiting, Priority.ANSWER)
    queue.hasten(ready, Priority.ANSWER)
    queue.hasten(other, Priority.DROP)
    assert drain(queue, 100.0) == ["ready", "other"]
    assert drain(queue, 200.0) == ["waiting"]


def test_a_removed_lane_never_comes() -> None:
    queue = Queue(patience=2.0)
    gone, stays = lane("gone"), lane("stays")
    queue.put(gone, 100.0)
    queue.put(stays, 100.0)
    queue.put(gone, 100.0, 105.0)
    queue.remove(gone)
    assert drain(queue, 200.0) == ["stays"]
