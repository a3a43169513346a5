"""Schedules and timers on real databases: in order, effectively once, whatever clocks and crashes do."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

import pytest

from bot.clock import SystemClock, TravelClock, system_ms
from bot.model.rules import Daily, Interval, Once, Rule, Weekday, Weekly, occurrences
from bot.model.ticks import ScheduleDue, Tick, TimerDue
from bot.store import Scope
from bot.timetable import cancel_timer, clear_schedule, rezone, set_schedule
from storage.port import Tx
from storage.repos import schedules
from tests.time.workbench import BERLIN, DAY, HOUR, NOON, START, Bench, at, leap, running


async def test_who_asks_is_told_when_something_else_comes_next(bench: Bench) -> None:
    assert isinstance(bench.clock, TravelClock)
    scheduler = bench.scheduler()
    told: list[int] = []
    scheduler.subscribe(lambda: told.append(bench.clock.now()))
    await bench.set("lunch", NOON)
    scheduler.poke()
    await scheduler.look()
    assert told == [START]
    bench.clock.move_to(noon := at("2027-01-04T12:00"))
    await scheduler.look()
    await scheduler.look()
    assert told == [START, noon]
    await scheduler.travel(noon + 3 * DAY)
    assert told == [START, noon, noon + 3 * DAY]


async def test_travel_fires_all_on_the_way_at_its_time_and_in_order(bench: Bench) -> None:
    await bench.set("noon", NOON)
    await bench.set("story", Weekly(times=(time(16),), days=frozenset({Weekday.FRIDAY})), community=2)
    await bench.set_timer("greet", START + 90_000, member="ada")
    await bench.scheduler().travel(at("2027-01-09T00:00"))
    assert bench.fired() == [
        f"greet {START + 90_000}",
        "noon 2027-01-04T12:00",
        "noon 2027-01-05T12:00",
        "noon 2027-01-06T12:00",
        "noon 2027-01-07T12:00",
        "noon 2027-01-08T12:00",
        "story 2027-01-08T16:00",
    ]
    assert bench.times == [tick.at for tick in bench.ticks]
    assert bench.clock.now() == at("2027-01-09T00:00")
    assert not bench.skips


async def test_a_tick_says_what_its_handler_needs(bench: Bench) -> None:
    await bench.set("noon", NOON, set_by="local:1:ada", set_at=7)
    await bench.set_timer("greet", START, member="ada", tries=2)
    await bench.scheduler().travel(at("2027-01-04T12:00"))
    timer, due = bench.ticks
    assert isinstance(timer, TimerDue)
    assert (timer.community, timer.space, timer.cog, timer.handler) == (1, "local:1", "cog", "ring")
    assert timer.args == {"member": "ada", "tries": 2}
    assert timer.id == f"timer:greet:{START}"
    assert isinstance(due, ScheduleDue)
    assert (due.community, due.space, due.cog, due.job) == (1, "local:1", "cog", "noon")
    assert (due.rule, due.set_by, due.set_at) == (NOON, "local:1:ada", 7)
    assert due.id == f"tick:{due.schedule}:2027-01-04T12:00"


@pytest.mark.parametrize("begin", ["2027-03-20T00:00", "2027-10-24T00:00"])
async def test_each_occurrence_fires_once_over_a_change_of_the_clock(bench: Bench, begin: str) -> None:
    rules: dict[str, Rule] = {
        "night": Daily(times=(time(2, 30), time(3))),
        "weekly": Weekly(times=(time(2, 15),), days=frozenset({Weekday.SUNDAY})),
        "hours": Interval(180),
    }
    first, last = at(begin), at(begin) + 16 * DAY
    leap(bench, first)
    for job, rule in rules.items():
        await bench.set(job, rule)
    scheduler = bench.scheduler()
    for days in (0, 1, 7.9, 8, 8.1, 8.3, 16):
        await scheduler.travel(first + round(days * DAY))
    for job, rule in rules.items():
        fired = [tick.local for tick in bench.ticks if isinstance(tick, ScheduleDue) and tick.job == job]
        expected = takewhile(lambda one: one.at <= last, occurrences(rule, BERLIN, first))
        assert fired == [one.key for one in expected]
    assert len({tick.id for tick in bench.ticks}) == len(bench.ticks)
    assert bench.times == [tick.at for tick in bench.ticks] == sorted(bench.times)


async def test_travel_only_goes_forward_and_only_with_a_clock_for_it(bench: Bench) -> None:
    with pytest.raises(ValueError, match="forward"):
        await bench.scheduler().travel(START - 1)
    bench.clock = SystemClock()
    with pytest.raises(ValueError, match="can't travel"):
        await bench.scheduler().travel(system_ms() + DAY)


async def test_after_a_crash_before_the_row_moved_the_same_tick_comes_again(bench: Bench) -> None:
    await bench.set("noon", NOON)
    await bench.set_timer("greet", at("2027-01-04T12:00"))
    bench.refusing = {"local:1"}
    await bench.scheduler().travel(at("2027-01-04T12:00"))
    assert len(bench.ticks) == 2
    bench.refusing = set()
    await bench.scheduler().look()
    assert len(bench.ticks) == 4
    assert len({tick.id for tick in bench.ticks}) == 2
    await bench.scheduler().look()
    assert len(bench.ticks) == 4


async def test_after_downtime_the_newest_missed_runs_and_older_ones_are_skipped(bench: Bench) -> None:
    await bench.set("noon", NOON)
    leap(bench, at("2027-01-07T13:00"))
    await bench.scheduler().look()
    assert bench.fired() == ["noon 2027-01-07T12:00"]
    (skipped,) = bench.skips
    assert [one.key for one in skipped.occurrences] == [
        "2027-01-04T12:00",
        "2027-01-05T12:00",
        "2027-01-06T12:00",
    ]
    assert (skipped.cog, skipped.job, skipped.id) == (
        "cog",
        "noon",
        f"skip:{skipped.schedule}:2027-01-06T12:00",
    )
    row = await bench.row("noon")
    assert row is not None
    assert (row["next_local"], row["last_local"]) == ("2027-01-08T12:00", "2027-01-07T12:00")


async def test_out_of_its_grace_nothing_runs(bench: Bench) -> None:
    await bench.set("noon", NOON, grace_ms=HOUR)
    await bench.set("once", Once(datetime.fromisoformat("2027-01-05T09:00")), grace_ms=HOUR)
    leap(bench, at("2027-01-05T13:00") + 1)
    await bench.scheduler().look()
    assert bench.ticks == []
    assert sorted(len(skipped.occurrences) for skipped in bench.skips) == [1, 2]
    once = await bench.row("once")
    assert once is not None
    assert once["next_at"] is None
    await bench.scheduler().look()
    assert len(bench.skips) == 2


async def test_a_long_absence_is_not_listed_for_ever(bench: Bench) -> None:
    await bench.set("often", Interval(15))
    leap(bench, START + 400 * DAY)
    await bench.scheduler().look()
    assert len(bench.ticks) == 1
    assert len(bench.skips[0].occurrences) <= 31 * 24 * 4 + 1


async def test_a_failing_tick_is_tried_again_and_holds_nobody_up(bench: Bench) -> None:
    await bench.set("noon", NOON)
    await bench.set("one", Daily(times=(time(13),)))
    await bench.set("noon", NOON, community=2)
    leap(bench, at("2027-01-04T13:30"))
    row = await bench.row("noon")
    assert row is not None
    failing = f"tick:{row['id']}:2027-01-04T12:00"
    bench.refusing.add(failing)
    async with running(bench.scheduler(retry_ms=1)):
        await bench.until(lambda: [tick.id for tick in bench.ticks].count(failing) >= 4)
        others = [tick.id for tick in bench.ticks if tick.id != failing]
        assert len(others) == len(set(others)) == 2
        bench.refusing.clear()
        tried = len(bench.ticks)
        await bench.until(lambda: len(bench.ticks) > tried)
    # cancelled in the midst of it: handed on, perhaps not settled
    await bench.scheduler().look()
    tried = len(bench.ticks)
    await bench.scheduler().look()
    assert len(bench.ticks) == tried


async def test_what_a_handler_sets_meanwhile_stands(bench: Bench) -> None:
    await bench.set("noon", NOON)
    await bench.set_timer("again", START + 1, n=1)

    async def then(tick: Tick) -> None:
        if isinstance(tick, TimerDue):
            if tick.args["n"] < 4:
                await bench.set_timer("again", tick.at + HOUR, n=tick.args["n"] + 1)
        elif tick.local == "2027-01-05T12:00":
            await bench.set("noon", Daily(times=(time(18),)))

    bench.then = then
    await bench.scheduler().travel(at("2027-01-06T17:00"))
    assert [tick.args["n"] for tick in bench.ticks if isinstance(tick, TimerDue)] == [1, 2, 3, 4]
    assert [tick.local for tick in bench.ticks if isinstance(tick, ScheduleDue)] == [
        "2027-01-04T12:00",
        "2027-01-05T12:00",
        "2027-01-05T18:00",
    ]


async def test_a_handler_may_clear_its_own_schedule(bench: Bench) -> None:
    await bench.set("noon", NOON)

    async def then(tick: Tick) -> None:
        assert await bench.unit(lambda scope: clear_schedule(scope, "cog", "noon"))

    bench.then = then
    await bench.scheduler().travel(START + 5 * DAY)
    assert bench.fired() == ["noon 2027-01-04T12:00"]
    assert not await bench.unit(lambda scope: clear_schedule(scope, "cog", "noon"))


async def test_timers_that_set_timers_at_once_do_not_hold_the_clock(bench: Bench) -> None:
    await bench.set_timer("loop", START, n=0)

    async def then(tick: Tick) -> None:
        assert isinstance(tick, TimerDue)
        n = tick.args["n"] + 1
        await bench.set_timer(f"loop{n}", START, n=n)

    bench.then = then
    await bench.scheduler().travel(START + 1)
    assert bench.clock.now() == START + 1
    assert len(bench.ticks) >= 100


async def test_timers_move_are_cancelled_and_found(bench: Bench) -> None:
    await bench.set_timer("a:1", START + 1)
    await bench.set_timer("a:1", START + 2)
    await bench.set_timer("a:2", START + 1)
    await bench.set_timer("b_1", START + 1)
    found = await bench.engine.read(lambda tx: schedules.timers_of(tx, 1, "a:"))
    assert [row["key"] for row in found] == ["a:2", "a:1"]
    assert await bench.engine.read(lambda tx: schedules.timers_of(tx, 1, "b%")) == []
    assert await bench.unit(lambda scope: cancel_timer(scope, "a:2"))
    assert not await bench.unit(lambda scope: cancel_timer(scope, "a:2"))
    await bench.scheduler().travel(START + 10)
    assert bench.fired() == [f"b_1 {START + 1}", f"a:1 {START + 2}"]


async def test_a_late_timer_still_rings(bench: Bench) -> None:
    await bench.set_timer("late", START + 1)
    leap(bench, START + 90 * DAY)
    await bench.scheduler().look()
    assert bench.fired() == [f"late {START + 1}"]


async def test_the_same_rule_set_again_keeps_what_was_missed(bench: Bench) -> None:
    assert await bench.set("noon", NOON)
    leap(bench, at("2027-01-04T12:30"))
    assert not await bench.set("noon", NOON)
    assert await bench.set("noon", NOON, set_by="local:1:ada")
    await bench.scheduler().look()
    assert bench.fired() == ["noon 2027-01-04T12:00"]


async def test_another_rule_begins_now_and_repeats_no_local_time(bench: Bench) -> None:
    await bench.set("noon", NOON)
    leap(bench, at("2027-01-04T12:30"))
    assert await bench.set("noon", Daily(times=(time(12), time(12, 45))))
    await bench.scheduler().travel(at("2027-01-05T12:00"))
    assert bench.fired() == ["noon 2027-01-04T12:45", "noon 2027-01-05T12:00"]


async def test_a_move_to_another_zone_repeats_no_local_time(bench: Bench) -> None:
    await bench.set("noon", NOON)
    scheduler = bench.scheduler()
    await scheduler.travel(at("2027-01-04T12:00"))
    assert await bench.unit(lambda scope: rezone(scope, ZoneInfo("America/New_York"))) == 1
    assert await bench.unit(lambda scope: rezone(scope, ZoneInfo("America/New_York"))) == 0
    await scheduler.travel(at("2027-01-05T23:00"))
    assert bench.fired() == ["noon 2027-01-04T12:00", "noon 2027-01-05T12:00"]
    assert bench.ticks[1].at == at("2027-01-05T12:00", ZoneInfo("America/New_York"))
    await bench.unit(lambda scope: rezone(scope, ZoneInfo("Asia/Tokyo")))
    assert (await scheduler.upcoming())[0].at == at("2027-01-06T12:00", ZoneInfo("Asia/Tokyo"))


async def test_a_clock_set_back_fires_nothing_twice(bench: Bench) -> None:
    await bench.set("hours", Interval(60))
    await bench.scheduler().travel(at("2027-01-04T14:00"))
    fired = bench.fired()
    bench.clock = TravelClock(base=lambda: at("2027-01-04T11:30"))
    await bench.scheduler().travel(at("2027-01-04T15:00"))
    assert bench.fired() == [*fired, "hours 2027-01-04T15:00"]


async def test_a_clock_that_was_years_ahead_does_not_silence_schedules(bench: Bench) -> None:
    leap(bench, at("2033-05-01T10:00"))
    await bench.set("noon", NOON)
    await bench.scheduler().travel(at("2033-05-02T13:00"))
    bench.ticks.clear()
    bench.clock = TravelClock(base=lambda: START)
    scheduler = bench.scheduler()
    await scheduler.look()
    await scheduler.travel(START + DAY)
    assert bench.fired() == ["noon 2027-01-04T12:00"]


async def test_a_changed_offset_is_mended_at_the_start_and_nothing_runs_early(bench: Bench) -> None:
    await bench.set("noon", NOON)
    await bench.set("evening", Daily(times=(time(20),)))
    # as if written when the zone's offset was another
    await bench.unit(lambda scope: scope.tx.run("UPDATE schedule SET next_at = next_at - :h", {"h": HOUR}))
    leap(bench, at("2027-01-04T11:30"))
    scheduler = bench.scheduler()
    await scheduler.look()
    assert bench.ticks == []
    assert [one.at for one in await scheduler.upcoming()] == [at("2027-01-04T12:00"), at("2027-01-04T20:00")]
    assert await scheduler.mend() == 0


async def test_rows_this_version_cannot_read_rest_and_harm_nobody(bench: Bench) -> None:
    for job in ("rule", "zone", "noon"):
        await bench.set(job, NOON)
    await bench.set_timer("args", START)
    await bench.unit(
        lambda s: s.tx.run("UPDATE schedule SET rule = '{\"kind\":\"lunar\"}' WHERE job = 'rule'")
    )
    await bench.unit(lambda s: s.tx.run("UPDATE schedule SET zone = 'Moon/Crater' WHERE job = 'zone'"))
    await bench.unit(lambda s: s.tx.run("UPDATE timer SET args = '[1'"))
    scheduler = bench.scheduler()
    assert len(await scheduler.upcoming()) == 4
    await scheduler.look()
    await scheduler.travel(START + DAY)
    assert bench.fired() == ["noon 2027-01-04T12:00"]
    assert [one.name for one in await scheduler.upcoming()] == ["noon"]
    assert await bench.set("rule", NOON)
    assert len(await scheduler.upcoming()) == 2


async def test_upcoming_lists_what_comes_next(bench: Bench) -> None:
    await bench.set("noon", NOON)
    await bench.set("story", Weekly(times=(time(16),), days=frozenset({Weekday.FRIDAY})), community=2)
    await bench.set_timer("greet", START + 60_000)
    scheduler = bench.scheduler()
    listed = await scheduler.upcoming()
    assert [(one.at, one.community, one.name, one.local) for one in listed] == [
        (START + 60_000, 1, "ring", None),
        (at("2027-01-04T12:00"), 1, "noon", "2027-01-04T12:00"),
        (at("2027-01-08T16:00"), 2, "story", "2027-01-08T16:00"),
    ]
    assert (listed[1].rule, listed[1].zone, listed[1].space) == (NOON, "Europe/Berlin", "local:1")
    assert [one.name for one in await scheduler.upcoming(community=2)] == ["story"]
    assert [one.name for one in await scheduler.upcoming(1)] == ["ring"]


async def test_many_due_at_once_each_fire_once_and_in_order(bench: Bench) -> None:
    quarter = timedelta(minutes=1)
    midnight = datetime(2027, 1, 5, tzinfo=UTC).replace(tzinfo=None)

    async def add(tx: Tx) -> None:
        for n in range(1, 1301):
            community = n % 5 + 1
            scope = Scope(tx, community, f"local:{community}", START, lambda n=n: 10_000 - n)
            rule = Once(midnight + quarter * (n % 90))
            await set_schedule(scope, cog="cog", job=f"job{n}", rule=rule, zone=BERLIN)

    await bench.engine.unit(1, add)
    leap(bench, at("2027-01-05T02:00"))
    bench.refusing.add("local:3")
    scheduler = bench.scheduler()
    await scheduler.look()
    fired = [tick for tick in bench.ticks if tick.space != "local:3"]
    assert len(fired) == len({tick.id for tick in fired}) == 1040
    for community in (1, 2, 4, 5):
        times = [tick.at for tick in fired if tick.community == community]
        assert times == sorted(times)
    bench.refusing.clear()
    await bench.scheduler().look()
    assert len({tick.id for tick in bench.ticks}) == 1300


async def test_forgetting_a_person_leaves_the_schedule(bench: Bench) -> None:
    await bench.set("noon", NOON, set_by="local:1:ada")
    assert await bench.unit(lambda scope: schedules.forget(scope.tx, 1, "local:1:ada")) == 1
    row = await bench.row("noon")
    assert row is not None
    assert row["set_by"] == ""
