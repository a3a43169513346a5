"""The scheduler wakes up by itself, and of several workers one fires at a time."""

from __future__ import annotations

import pytest

from bot.clock import SystemClock, system_ms
from bot.lease import LeasedRole
from bot.model.ticks import TimerDue
from storage.port import Engine
from tests.time.workbench import NOON, Bench, at, leap, running


async def test_it_wakes_up_by_itself_and_when_poked(host_engine: Engine) -> None:
    bench = Bench(host_engine, SystemClock())
    scheduler = bench.scheduler()
    await bench.set_timer("soon", system_ms() + 30)
    async with running(scheduler):
        await bench.until(lambda: len(bench.ticks) == 1)
        await bench.set_timer("now", system_ms())
        scheduler.poke()
        await bench.until(lambda: len(bench.ticks) == 2)
    assert [tick.key for tick in bench.ticks if isinstance(tick, TimerDue)] == ["soon", "now"]


async def test_it_wakes_up_when_the_clock_leaps(bench: Bench) -> None:
    await bench.set("noon", NOON)
    async with running(bench.scheduler()):
        leap(bench, at("2027-01-04T12:05"))
        await bench.until(lambda: len(bench.ticks) == 1)


@pytest.mark.parametrize("dialect", ["postgres"])
async def test_of_two_workers_one_fires_and_the_other_follows(bench: Bench) -> None:
    now = [1_000_000]
    roles = [LeasedRole(bench.engine, "scheduler", f"worker{n}", real_ms=lambda: now[0]) for n in (1, 2)]
    one, two = (bench.scheduler(role=role) for role in roles)
    await bench.set("noon", NOON)
    leap(bench, at("2027-01-04T12:00"))
    await one.look()
    await two.look()
    assert len(bench.ticks) == 1
    leap(bench, at("2027-01-05T12:00"))
    await two.look()
    assert len(bench.ticks) == 1
    await roles[0].release()
    await two.look()
    assert len(bench.ticks) == 2
    leap(bench, at("2027-01-06T12:00"))
    await one.look()
    assert len(bench.ticks) == 2
    now[0] += roles[0].term_ms + 1
    await one.look()
    assert len(bench.ticks) == 3
    assert not await roles[1].held()


@pytest.mark.parametrize("dialect", ["postgres"])
async def test_a_lease_is_renewed_and_survives_a_clock_set_back(bench: Bench) -> None:
    now = [1_000_000]
    one, two = (LeasedRole(bench.engine, "role", name, real_ms=lambda: now[0]) for name in ("one", "two"))
    assert await one.held()
    for _ in range(10):
        now[0] += one.term_ms // 2
        assert await one.held()
        assert not await two.held()
    now[0] -= 5 * one.term_ms
    assert await one.held()
    assert not await two.held()


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_one_process_alone_holds_a_file_and_its_roles(bench: Bench) -> None:
    role = LeasedRole(bench.engine, "scheduler", "worker")
    assert await role.held()
    await role.release()
    assert await bench.engine.read(lambda tx: tx.all("SELECT * FROM role")) == []
