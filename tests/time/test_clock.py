"""Community time goes forward, whatever the system's clock does."""

from __future__ import annotations

import pytest

from bot.clock import JumpWatch, SystemClock, TravelClock, system_ms


class Hand:
    """A clock's hand that a test moves."""

    def __init__(self, at: int) -> None:
        self.at = at

    def __call__(self) -> int:
        return self.at


def test_the_system_clock_is_real_time() -> None:
    before = system_ms()
    assert before <= SystemClock().now() <= system_ms()
    SystemClock().subscribe(lambda: None)()


def test_travel_goes_forward_and_tells_its_subscribers() -> None:
    hand, moves = Hand(1_000), []
    clock = TravelClock(500, base=hand)
    unsubscribe = clock.subscribe(lambda: moves.append(clock.now()))
    assert clock.now() == 1_500
    clock.move_to(9_000)
    hand.at = 2_000
    assert (clock.now(), clock.offset_ms) == (10_000, 8_000)
    assert TravelClock(clock.offset_ms, base=hand).now() == 10_000
    with pytest.raises(ValueError, match="forward"):
        clock.move_to(9_999)
    assert moves == [9_000]
    unsubscribe()
    unsubscribe()
    clock.move_to(10_000)
    assert moves == [9_000]


def test_travel_never_goes_back_with_the_system_clock() -> None:
    hand = Hand(100_000)
    clock = TravelClock(base=hand)
    assert clock.now() == 100_000
    hand.at = 40_000
    assert clock.now() == 100_000
    clock.move_to(100_500)
    assert clock.now() == 100_500
    hand.at = 41_000
    assert clock.now() == 101_500


def test_a_clock_does_not_begin_in_the_past() -> None:
    with pytest.raises(ValueError, match="forward"):
        TravelClock(-1)


def test_a_jump_is_noticed_once_and_a_drift_is_not() -> None:
    wall, monotonic = Hand(1_000_000), Hand(0)
    watch = JumpWatch(wall=wall, monotonic=monotonic)
    wall.at, monotonic.at = 1_061_500, 60_000
    assert watch.jumped() == 0
    wall.at, monotonic.at = 1_120_000 - 3_600_000, 120_000
    assert watch.jumped() == -3_600_000
    assert watch.jumped() == 0
    wall.at += 7_200_000
    assert watch.jumped() == 7_200_000
