"""Ids: unique, positive, 64 bits, never going back whatever the clock does."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.ids import EPOCH_MS, IdSource, made_at

TIMES = st.integers(-(2**40), EPOCH_MS + 2**40)


@given(st.integers(0, 1023), st.lists(TIMES, min_size=1, max_size=50))
def test_ids_grow_whatever_the_clock_does(worker: int, times: list[int]) -> None:
    clock = iter(times)
    source = IdSource(worker, lambda: next(clock))
    made = [source.next() for _ in times]
    assert made == sorted(set(made))
    assert all(0 < each < 2**63 for each in made)
    assert all((each >> 12) & 1023 == worker for each in made)


@given(st.integers(EPOCH_MS, EPOCH_MS + 2**40), st.integers(1, 9_000))
def test_a_busy_millisecond_runs_over_into_the_next(now: int, count: int) -> None:
    source = IdSource(3, lambda: now)
    made = [source.next() for _ in range(count)]
    assert len(set(made)) == count
    assert made_at(made[0]) == now
    assert now <= made_at(made[-1]) <= now + count // 4096 + 1


@given(TIMES, st.integers(1, 2**62), st.integers(0, 1023))
def test_new_ids_exceed_the_highest_one_in_use(now: int, after: int, worker: int) -> None:
    assert IdSource(worker, lambda: now, after=after).next() > after


@given(st.integers(EPOCH_MS + 1, EPOCH_MS + 2**40))
def test_two_workers_never_make_the_same_id(now: int) -> None:
    one, two = IdSource(1, lambda: now), IdSource(2, lambda: now)
    assert {one.next() for _ in range(20)}.isdisjoint(two.next() for _ in range(20))


def test_threads_get_different_ids() -> None:
    source = IdSource(0, lambda: EPOCH_MS + 5)
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: source.next(), range(5_000)))
    assert len(set(made)) == 5_000


@pytest.mark.parametrize("worker", [-1, 1024])
def test_a_worker_has_ten_bits(worker: int) -> None:
    with pytest.raises(ValueError, match="1023"):
        IdSource(worker, lambda: 0)


def test_a_clock_past_the_end_is_said_so() -> None:
    with pytest.raises(OverflowError, match="2093"):
        IdSource(0, lambda: EPOCH_MS + 2**41).next()
