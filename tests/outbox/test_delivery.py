"""What is said arrives once, in order, and the tables know."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from bot.clock import system_ms
from bot.model.ids import MessageRef
from bot.model.outgoing import Post, React
from bot.model.text import T
from storage.errors import UnitError
from storage.port import Tx
from storage.repos import outbox as rows
from tests.fakes.wire import Fault, WireServer
from tests.outbox.world import (
    ADA,
    COMMUNITY,
    QUICK,
    SPACE,
    Make,
    Priority,
    World,
    answer,
    channel,
    direct,
    draft,
    post,
    wire_limits,
)


async def test_what_is_said_arrives_and_is_settled(world: World) -> None:
    await world.say(post("k1", text="hello", because=json.dumps({"cog": "welcome"})))
    await world.idle()
    assert world.texts() == ["hello"]
    row = await world.row("k1")
    assert (row.state, row.body, row.position) == ("sent", "", None)
    assert row.message == f"{SPACE}:general:1"
    assert world.settled == [("k1", "sent")]
    found = await world.engine.read(lambda tx: rows.message(tx, COMMUNITY, f"{SPACE}:general:1"))
    assert found is not None
    assert json.loads(found.because) == {"cog": "welcome"}


async def test_an_idle_lane_starts_with_the_commit_itself(world: World) -> None:
    staged = await world.store(post("k1"), post("k2"), post("k3", channel("other")))
    assert [started.row.key for started in staged.started] == ["k1", "k3"]
    assert await world.states("k1", "k2", "k3") == ["sending", "pending", "sending"]
    world.outbox.committed(staged)
    await world.idle()
    assert world.texts() == ["k1", "k2"]


async def test_a_repeated_key_adds_nothing(world: World) -> None:
    await world.say(post("k1", text="first"), post("k1", text="second"))
    await world.say(post("k1", text="third"))
    await world.idle()
    await world.say(post("k1", text="fourth"))
    await world.idle()
    assert world.texts() == ["first"]


async def test_the_same_key_in_another_community_is_another_intent(world: World) -> None:
    await world.say(post("k1", text="ours"))
    await world.say(post("k1", text="theirs", community=8))
    await world.idle()
    assert world.texts() == ["ours", "theirs"]


async def test_order_holds_in_each_lane(world: World) -> None:
    for number in range(40):
        await world.say(*(post(f"{name}{number}", channel(name)) for name in "abc"))
    await world.idle()
    for name in "abc":
        assert world.texts(channel(name)) == [f"{name}{number}" for number in range(40)]


async def test_a_unit_that_fails_says_nothing(world: World) -> None:
    async def unit(tx: Tx) -> None:
        await world.outbox.add(tx, [post("k1")])
        raise UnitError("no")

    with pytest.raises(UnitError):
        await world.engine.unit(COMMUNITY, unit)
    await world.say(post("k2"))
    await world.idle()
    assert world.texts() == ["k2"]


async def test_what_was_stored_before_the_start_goes_then(make: Make) -> None:
    world = await make()
    staged = await world.store(*(post(f"k{number}", channel(str(number % 5))) for number in range(50)))
    assert not staged.started
    await world.start()
    await world.idle()
    assert len(world.server.posted()) == 50


async def test_every_kind_of_destination(world: World) -> None:
    await world.say(post("d", direct()), post("a", answer()), post("c"))
    await world.idle()
    message = MessageRef(channel().channel, "3")
    await world.say(draft(React("r", channel(), "👋", message)))
    await world.idle()
    assert {arrival.verb for arrival in world.server.arrivals} == {"post", "answer", "react"}
    assert (await world.row("d")).message == f"{SPACE}:dm-ada:1"
    assert (await world.row("a")).message is None


async def test_a_platform_that_is_not_there_keeps_its_rows(world: World, make: Make) -> None:
    elsewhere = post("k1", direct(type(ADA)("slack:T1", "U1")))
    await world.say(elsewhere)
    await world.idle()
    assert await world.states("k1") == ["pending"]


async def test_what_is_due_later_waits_for_community_time(world: World) -> None:
    now = world.clock.now()
    await world.say(post("later", due_at=now + 3_600_000), post("sooner", due_at=now + 1_800_000), post("k"))
    await world.idle()
    assert world.texts() == ["k"]
    world.clock.move_to(world.clock.now() + 1_800_000)
    await world.idle()
    assert world.texts() == ["k", "sooner"]
    world.clock.move_to(world.clock.now() + 1_800_000)
    await world.idle()
    assert world.texts() == ["k", "sooner", "later"]


async def test_what_is_due_soon_goes_without_being_asked(world: World) -> None:
    await world.say(*(post(f"k{number}", due_at=world.clock.now() + 30) for number in range(5)))
    await world.until(lambda: len(world.settled) == 5)
    assert world.texts() == [f"k{number}" for number in range(5)]


async def test_what_is_due_already_goes_at_once(world: World) -> None:
    await world.say(post("k", due_at=world.clock.now() - 5_000))
    await world.idle()
    assert world.texts() == ["k"]


async def test_something_due_later_holds_up_nobody(world: World) -> None:
    await world.say(post("later", due_at=world.clock.now() + 3_600_000))
    await world.say(post("now"))
    await world.idle()
    assert world.texts() == ["now"]


async def test_a_refusal_ends_the_row_and_lets_the_next_one_go(world: World, server: WireServer) -> None:
    server.plan.turns.append(Fault.REFUSE)
    await world.say(post("bad"), post("good"))
    await world.idle()
    assert await world.states("bad", "good") == ["dead", "sent"]
    assert (await world.row("bad")).reason == "http-403"
    assert [row.key for row in await world.engine.read(rows.dead_letters)] == ["bad"]
    assert ("bad", "dead") in world.settled


async def test_being_told_to_wait_changes_nothing_but_the_time(world: World, server: WireServer) -> None:
    server.plan.turns.extend([Fault.LATER, Fault.LATER, Fault.LATER_ALL])
    await world.say(*(post(f"k{number}", channel(str(number % 3))) for number in range(9)))
    await world.idle()
    assert len(server.posted()) == 9
    for lane in range(3):
        assert world.texts(channel(str(lane))) == [f"k{number}" for number in range(lane, 9, 3)]


async def test_being_told_to_wait_holds_up_one_lane_only(make: Make, server: WireServer) -> None:
    server.retry_after = 3_600
    server.plan.turns.append(Fault.LATER)
    world = await make()
    await world.start()
    await world.say(post("held"))
    await server.requested(1)
    await world.say(post("after", channel()), post("other", channel("other")))
    await world.until(lambda: ("other", "sent") in world.settled)
    assert await world.states("held", "after") == ["pending", "pending"]
    row = await world.row("held")
    assert row.reason == "rate-limited"
    assert row.not_before is not None


async def test_everybody_waits_when_the_platform_says_so(make: Make, server: WireServer) -> None:
    server.retry_after = 3_600
    server.plan.turns.append(Fault.LATER_ALL)
    world = await make()
    await world.start()
    await world.idle()
    await world.say(post("held"))
    await server.requested(1)
    await world.stop()
    world.renew()
    staged = await world.store(post("other", channel("other")))
    assert not staged.started
    assert server.requests == 1


async def test_no_more_are_on_the_wire_than_the_platform_takes(make: Make, server: WireServer) -> None:
    world = await make(limits=wire_limits(in_flight=4))
    await world.start()
    server.hold()
    await world.say(*(post(f"k{number}", channel(str(number))) for number in range(30)))
    await server.requested(4)
    server.let_go()
    await world.idle()
    assert server.most_at_once <= 4
    assert len(server.posted()) == 30


async def test_what_was_claimed_and_not_attempted_waits_again_after_a_stop(
    make: Make, server: WireServer
) -> None:
    world = await make(limits=wire_limits(in_flight=2))
    await world.start()
    await world.idle()
    server.hold()
    keys = [f"k{number}" for number in range(10)]
    for key in keys:
        await world.say(post(key, channel(key)))
    await server.requested(2)
    assert await world.states(*keys) == ["sending"] * 8 + ["pending"] * 2
    stopping = asyncio.create_task(world.stop())
    while "sending" in await world.states(*keys[2:]):
        await asyncio.wait((stopping,), timeout=0.005)
    server.let_go()
    await stopping
    assert await world.states(*keys) == ["sent"] * 2 + ["pending"] * 8
    await world.restart()
    await world.idle()
    assert sorted(arrival.key for arrival in server.arrivals) == sorted(keys)


async def test_what_was_claimed_too_long_ago_is_claimed_anew(make: Make, server: WireServer) -> None:
    world = await make(limits=wire_limits(in_flight=1), timing=replace(QUICK, lease=QUICK.attempt + 500))
    await world.start()
    await world.idle()
    server.hold()
    for number in range(3):
        await world.say(post(f"k{number}", channel(str(number))))
    await server.requested(1)
    assert await world.states("k1", "k2") == ["sending", "sending"]
    lease = (await world.row("k2")).lease_until or 0
    while system_ms() + QUICK.attempt <= lease:
        await world.look()
    server.let_go()
    await world.idle()
    assert len(server.arrivals) == 3
    assert ((await world.row("k2")).lease_until or 0) > lease


async def test_a_pause_gets_what_was_claimed_and_still_waits_for_room(make: Make, server: WireServer) -> None:
    timing = replace(QUICK, claim=50)
    world = await make(limits=wire_limits(in_flight=1), timing=timing)
    await world.start()
    await world.idle()
    server.hold()
    for number in range(4):
        await world.say(post(f"k{number}", channel(str(number))))
    await server.requested(1)
    assert await world.states("k0", "k1", "k2", "k3") == ["sending"] * 4
    await world.unit(lambda tx: rows.skip(tx, space=SPACE, reason="paused", now=1))
    lease = (await world.row("k3")).lease_until or 0
    while lease - system_ms() >= timing.lease - timing.claim:
        await world.look()
    server.let_go()
    await world.idle()
    assert await world.states("k0", "k1", "k2", "k3") == ["sent", "skipped", "skipped", "skipped"]
    assert [arrival.key for arrival in server.arrivals] == ["k0"]
    assert (await world.row("k1")).reason == "paused"


async def test_answers_find_room_when_the_wire_is_full(make: Make, server: WireServer) -> None:
    world = await make(limits=wire_limits(in_flight=8))
    await world.start()
    server.hold()
    await world.say(*(post(f"k{number}", channel(str(number))) for number in range(30)))
    await server.requested(7)
    await world.say(post("a", answer(), priority=Priority.ANSWER))
    await server.requested(8)
    server.let_go()
    await world.idle()
    assert server.arrivals[7].verb == "answer"


async def test_the_urgent_goes_first_but_nothing_starves(make: Make, server: WireServer) -> None:
    world = await make(limits=wire_limits(in_flight=1))
    order = [Priority.DROP, Priority.NORMAL, Priority.GREETING, Priority.ANSWER]
    for priority in order:
        await world.store(
            *(post(f"{priority.name}{n}", channel(f"{priority}{n}"), priority=priority) for n in range(3))
        )
    await world.start()
    await world.idle()
    got = [arrival.key.rstrip("012") for arrival in server.arrivals]
    assert got == [priority.name for priority in reversed(order) for _ in range(3)]


async def test_lanes_wait_for_their_own_pace(make: Make, server: WireServer) -> None:
    world = await make(limits=wire_limits(lane_interval=3_600_000, lane_burst=2))
    await world.start()
    await world.say(*(post(f"k{number}") for number in range(4)), post("other", channel("other")))
    await world.until(lambda: {("k1", "sent"), ("other", "sent")} <= set(world.settled))
    assert world.texts() == ["k0", "k1"]
    assert await world.states("k2", "k3") == ["pending", "pending"]


async def test_the_whole_bot_has_a_pace_that_answers_do_not_wait_for(make: Make, server: WireServer) -> None:
    world = await make(limits=wire_limits(per_second=0.001))
    await world.start()
    await world.say(*(post(f"k{number}", channel(str(number))) for number in range(4)))
    await world.until(lambda: len(world.settled) == 1)
    await world.say(post("a", answer(), priority=Priority.ANSWER))
    await world.until(lambda: ("a", "sent") in world.settled)
    assert len(server.posted()) == 1


async def test_stopping_lets_what_is_on_the_wire_arrive(world: World, server: WireServer) -> None:
    server.hold()
    await world.say(*(post(f"k{number}") for number in range(3)))
    await server.requested(1)
    world.outbox.committed(await world.store(post("other", channel("other"))))
    await server.requested(2)
    server.let_go()
    await world.stop()
    states = await world.states("k0", "k1", "k2", "other")
    assert states[0] == states[3] == "sent"
    assert set(states[1:3]) <= {"sent", "pending"}
    await world.restart()
    await world.idle()
    assert world.texts() == ["k0", "k1", "k2"]


async def test_stopping_does_not_wait_for_ever(make: Make, server: WireServer) -> None:
    server.plan.turns.append(Fault.ACCEPT_HANG)
    world = await make(limits=wire_limits(find_delay=5))
    await world.start()
    await world.say(post("k"), post("next"))
    await server.arrived(1)
    await world.stop(deadline=0.05)
    assert await world.states("k", "next") == ["sending", "pending"]
    await world.restart()
    await world.idle()
    assert world.texts() == ["k", "next"]


async def test_bodies_survive_the_tables(world: World) -> None:
    await world.store(post("first"))
    words = T("{who} says {it}", who=ADA, it="<@everyone> \N{SNOWMAN} '; DROP TABLE outbox; --")
    await world.store(draft(Post("k", channel("b"), words)))
    await world.restart(timing=QUICK)
    await world.idle()
    assert world.texts(channel("b")) == ["Ada says <@everyone> \N{SNOWMAN} '; DROP TABLE outbox; --"]


async def test_rows_are_read_by_the_order_of_the_tables_columns(world: World) -> None:
    await world.say(post("k"))
    row = await world.engine.read(lambda tx: tx.one("SELECT * FROM outbox"))
    assert row is not None
    assert tuple(row.keys()) == rows.OutboxRow._fields
    await world.idle()


async def test_nothing_runs_on_after_the_stop(make: Make) -> None:
    before = asyncio.all_tasks()
    world = await make()
    await world.start()
    await world.say(*(post(f"k{number}", channel(str(number))) for number in range(20)))
    await world.stop()
    assert {task.get_name() for task in asyncio.all_tasks() - before if "outbox" in task.get_name()} == set()
    world.outbox.committed(await world.store(post("late")))
    assert await world.states("late") == ["pending"]
