"""Answers get lost; nothing is lost or repeated for that, and the tables say what is not known."""

from __future__ import annotations

import asyncio

import pytest

from bot.model.limits import Limits
from bot.model.outgoing import Outgoing, Receipt
from bot.outbox import Outbox, Timing
from storage.port import Tx
from storage.repos import outbox as rows
from tests.fakes.wire import Fault, WirePlatform, WireServer
from tests.fakes.wire.faults import LOSES_THE_ANSWER
from tests.outbox.world import (
    QUICK,
    SPACE,
    Make,
    World,
    answer,
    channel,
    delete,
    edit,
    post,
    wire_limits,
)

SHORT = Timing(lease=1_000, attempt=60, backoff=2, backoff_most=20, role=5_000, poll=20)
REPOSTS = wire_limits(repost_window=60_000, find_delay=3_600_000)
LOOKS = wire_limits(find_delay=10, find_looks=2)
LOST = [*LOSES_THE_ANSWER, Fault.DROP, Fault.FAIL_502, Fault.HANG]


@pytest.mark.parametrize("fault", LOST)
async def test_a_lost_answer_is_resolved_by_repeating_where_the_platform_knows_keys(
    make: Make, server: WireServer, fault: Fault
) -> None:
    server.dedupes = True
    server.plan.turns.extend([fault, fault])
    world = await make(limits=REPOSTS, timing=SHORT)
    await world.start()
    await world.say(post("k"), post("next"))
    await world.idle()
    assert world.texts() == ["k", "next"]
    assert server.looks == 0
    assert ("k", "uncertain") in world.settled
    assert await world.states("k", "next") == ["sent", "sent"]


@pytest.mark.parametrize("fault", LOST)
async def test_a_lost_answer_is_resolved_by_looking_where_it_does_not(
    make: Make, server: WireServer, fault: Fault
) -> None:
    server.plan.turns.extend([fault])
    world = await make(limits=LOOKS, timing=SHORT)
    await world.start()
    await world.say(post("k"), post("next"), post("other", channel("other")))
    await world.idle()
    assert world.texts() == ["k", "next"]
    assert world.texts(channel("other")) == ["other"]


async def test_once_the_window_is_over_it_looks_even_where_keys_were_known(
    make: Make, server: WireServer
) -> None:
    server.dedupes = True
    server.plan.turns.append(Fault.ACCEPT_DROP)
    world = await make(limits=wire_limits(repost_window=0, find_delay=5), timing=SHORT)
    await world.start()
    server.forget_keys()
    await world.say(post("k"))
    await world.idle()
    assert world.texts() == ["k"]
    assert server.looks >= 1


async def test_an_uncertain_row_holds_up_its_lane_and_no_other(make: Make, server: WireServer) -> None:
    server.plan.turns.append(Fault.ACCEPT_DROP)
    world = await make(limits=wire_limits(find_delay=3_600_000), timing=SHORT)
    await world.start()
    await world.say(post("k"))
    await world.until(lambda: ("k", "uncertain") in world.settled)
    await world.say(post("next"), post("other", channel("other")))
    await world.until(lambda: ("other", "sent") in world.settled)
    assert await world.states("k", "next") == ["uncertain", "pending"]
    shown = await world.engine.read(rows.uncertain)
    assert [(row.key, row.reason.partition(":")[0]) for row in shown] == [("k", "connection")]
    in_lane = await world.engine.read(lambda tx: rows.pending_in_lane(tx, channel().lane))
    assert [row.key for row in in_lane] == ["k", "next"]


async def test_a_look_that_fails_decides_nothing(make: Make, server: WireServer) -> None:
    server.plan.turns.append(Fault.ACCEPT_DROP)
    server.plan.look_turns.extend([Fault.FAIL_502, Fault.DROP, Fault.LATER, Fault.FAIL_502])
    world = await make(limits=LOOKS, timing=SHORT)
    await world.start()
    await world.say(post("k"), post("next"))
    await world.idle()
    assert world.texts() == ["k", "next"]
    assert server.looks >= 5


async def test_being_told_to_wait_does_not_clear_a_doubt(make: Make, server: WireServer) -> None:
    server.plan.turns.extend([Fault.ACCEPT_DROP, Fault.LATER])
    server.dedupes = True
    world = await make(limits=REPOSTS, timing=SHORT)
    await world.start()
    server.retry_after = 3_600
    await world.say(post("k"))
    await server.requested(2)
    await world.stop()
    row = await world.row("k")
    assert (row.state, row.reason) == ("uncertain", "rate-limited")


async def test_a_refused_repetition_does_not_clear_a_doubt(make: Make, server: WireServer) -> None:
    server.plan.turns.append(Fault.GONE_LATER)
    server.dedupes = True
    world = await make(limits=wire_limits(repost_window=60_000, find_delay=5), timing=SHORT)
    await world.start()
    await world.say(post("k"))
    await world.idle()
    assert world.texts() == ["k"]
    assert server.looks >= 1
    assert await world.states("k") == ["sent"]


async def test_refused_and_known_to_be_absent_is_the_end(make: Make, server: WireServer) -> None:
    server.plan.turns.extend([Fault.DROP, Fault.REFUSE])
    server.dedupes = True
    world = await make(limits=wire_limits(repost_window=60_000, find_delay=5), timing=SHORT)
    await world.start()
    await world.say(post("k"), post("next"))
    await world.idle()
    assert world.texts() == ["next"]
    row = await world.row("k")
    assert (row.state, row.reason) == ("dead", "http-403")


async def test_answers_edits_and_deletions_are_simply_repeated(make: Make, server: WireServer) -> None:
    world = await make(limits=wire_limits(find_delay=3_600_000), timing=SHORT)
    await world.start()
    await world.say(post("p"), post("q"))
    await world.idle()
    server.plan.turns.extend([Fault.ACCEPT_DROP, Fault.DROP])
    await world.say(edit("e", "p", "changed"))
    await world.idle()
    server.plan.turns.extend([Fault.ACCEPT_502, Fault.FAIL_502])
    await world.say(delete("d", "q"))
    await world.idle()
    server.plan.turns.extend([Fault.ACCEPT_HANG, Fault.HANG])
    await world.say(post("a", answer(), text="done"))
    await world.idle()
    assert world.texts() == ["changed"]
    assert world.texts(answer()) == ["done"]
    assert await world.states("e", "d", "a") == ["sent", "sent", "sent"]
    assert server.looks == 0


async def test_an_answer_in_doubt_ends_with_its_window(make: Make, server: WireServer) -> None:
    server.plan.turns.append(Fault.ACCEPT_DROP)
    world = await make(limits=wire_limits(answer_window=0), timing=SHORT)
    await world.start()
    await world.say(post("a", answer()))
    await world.idle()
    row = await world.row("a")
    assert (row.state, row.reason.partition(":")[0]) == ("dead", "answer-expired")


async def test_what_can_never_be_looked_up_is_given_up_in_the_end(make: Make, server: WireServer) -> None:
    server.plan.turns.append(Fault.ACCEPT_DROP)
    server.plan.look_chances = {Fault.FAIL_502: 1.0}
    patient = Timing(lease=1_000, attempt=60, backoff=2, backoff_most=20, give_up=0, poll=20)
    world = await make(limits=wire_limits(find_delay=0), timing=patient)
    await world.start()
    await world.say(post("k"), post("next"))
    await world.idle()
    row = await world.row("k")
    assert (row.state, row.reason.partition(":")[0]) == ("dead", "unresolved")
    assert world.texts() == ["k", "next"]


@pytest.mark.parametrize("limits", [REPOSTS, LOOKS], ids=["reposts", "looks"])
async def test_rows_on_the_wire_at_the_start_are_looked_into(
    make: Make, server: WireServer, limits: Limits
) -> None:
    server.dedupes = limits.repost_window > 0
    world = await make(limits=limits, timing=SHORT)
    await world.start()
    await world.idle()
    staged = await world.store(post("never"), post("next"), post("other", channel("other")))
    assert len(staged.started) == 2
    await world.platform.deliver(staged.started[1].out)
    assert await world.states("never", "next", "other") == ["sending", "pending", "sending"]
    await world.restart()
    await world.idle()
    assert world.texts() == ["never", "next"]
    assert world.texts(channel("other")) == ["other"]


async def test_a_commit_nobody_heard_of_goes_once_its_lease_is_over(make: Make, server: WireServer) -> None:
    world = await make(
        limits=LOOKS, timing=Timing(lease=80, attempt=60, backoff=2, backoff_most=20, role=5_000, poll=1)
    )
    await world.start()
    await world.idle()
    await world.store(post("k"))
    world.outbox.look_now()
    await world.idle()
    assert world.texts() == ["k"]


class Broken(WirePlatform):
    """An adapter with a bug."""

    async def deliver(self, out: Outgoing) -> Receipt:
        if out.key == "bug":
            raise TypeError("unexpected")
        if out.key == "given up":
            raise asyncio.CancelledError  # as from something shared that another caller has cancelled
        return await super().deliver(out)


@pytest.mark.parametrize(("key", "error"), [("bug", "TypeError"), ("given up", "CancelledError")])
async def test_a_broken_adapter_loses_its_row_and_nothing_else(
    make: Make, server: WireServer, key: str, error: str
) -> None:
    world = await make(limits=wire_limits(find_delay=1), timing=SHORT)
    platform = Broken(server.url, world.limits)
    world.platform = platform
    world.outbox = Outbox(
        world.engine,
        {"wire": platform},
        world.clock,
        new_id=iter(range(1_000, 2_000)).__next__,
        timing=SHORT,
    )
    await world.start()
    await world.say(post(key), post("next"))
    await world.idle()
    assert world.texts() == ["next"]
    row = await world.row(key)
    assert (row.state, row.reason) == ("dead", f"error: {error}")


async def test_what_can_not_be_read_ends_alone(make: Make, server: WireServer) -> None:
    world = await make(timing=SHORT)
    await world.store(post("k1"), post("k2"), post("k3"), post("k4"), post("other", channel("other")))
    later = world.clock.now() + 1_000
    await world.store(post("due", due_at=later), post("due too", due_at=later))

    async def damage(tx: Tx) -> None:
        for key, body in (("due", "{"), ("k2", "{"), ("k4", '{"$":"Later"}'), ("other", '{"$":"Post"}')):
            await tx.run("UPDATE outbox SET body = :body WHERE key = :key", {"body": body, "key": key})

    await world.unit(damage)
    await world.start()
    await world.idle()
    assert world.texts() == ["k1", "k3"]
    assert await world.states("k1", "k2", "k3", "k4", "other") == ["sent", "dead", "sent", "dead", "dead"]
    assert (await world.row("k2")).reason.startswith("unreadable: ")
    world.clock.move_to(later)
    await world.idle()
    assert await world.states("due", "due too") == ["dead", "sent"]


async def test_what_may_have_arrived_and_can_not_be_read_ends_alone(make: Make, server: WireServer) -> None:
    world = await make(limits=LOOKS, timing=SHORT)
    await world.store(post("k1"), post("k2"))

    async def damage(tx: Tx) -> None:
        await tx.run(
            "UPDATE outbox SET body = :body, state = 'uncertain', uncertain_since = added_at,"
            " first_attempt = added_at, window_start = added_at WHERE key = 'k1'",
            {"body": "{"},
        )

    await world.unit(damage)
    await world.start()
    await world.idle()
    assert await world.states("k1", "k2") == ["dead", "sent"]
    assert (await world.row("k1")).reason.endswith("it may have arrived")


async def test_a_server_that_is_away_changes_nothing(make: Make, server: WireServer) -> None:
    world = await make(limits=wire_limits(find_delay=5), timing=SHORT)
    await world.start()
    await server.stop()
    await world.say(*(post(f"k{number}") for number in range(3)))
    await server.start()
    await world.idle()
    assert world.texts() == ["k0", "k1", "k2"]


async def test_what_came_of_it_is_kept_until_the_storage_takes_it(make: Make, server: WireServer) -> None:
    failing = 3

    def full(point: str) -> None:
        nonlocal failing
        if point == "before commit" and server.arrivals and failing:
            failing -= 1
            raise OSError("no room")

    world = await make(limits=wire_limits(find_delay=3_600_000), timing=SHORT, crash_point=full)
    await world.start()
    await world.say(post("k"), post("next"))
    await world.idle()
    assert failing == 0
    assert world.texts() == ["k", "next"]
    assert await world.states("k", "next") == ["sent", "sent"]
    assert ("k", "uncertain") not in world.settled


async def test_a_fault_of_the_listener_harms_nothing(make: Make, server: WireServer) -> None:
    world = await make()
    heard: list[str] = []

    async def settled(row: rows.OutboxRow, state: str, receipt: Receipt | None) -> None:
        heard.append(row.key)
        raise ValueError(row.key)

    world.outbox = Outbox(
        world.engine,
        {"wire": world.platform},
        world.clock,
        new_id=iter(range(1_000, 2_000)).__next__,
        timing=QUICK,
        settled=settled,
    )
    await world.start()
    await world.say(post("a"), post("b"))
    await world.idle()
    assert heard == ["a", "b"]
    assert world.texts() == ["a", "b"]


async def test_figures_for_doctor(make: Make, server: WireServer) -> None:
    server.plan.turns.extend([Fault.REFUSE, Fault.NONE])
    world = await make(limits=wire_limits(in_flight=1))
    await world.store(post("dead"), post("sent"), post("later", due_at=world.clock.now() + 9_000_000))
    await world.start()
    await world.idle()
    counted = await world.engine.read(rows.counts)
    assert {(each.platform, each.state, each.rows) for each in counted} == {
        ("wire", "dead", 1),
        ("wire", "pending", 1),
        ("wire", "sent", 1),
    }
    assert all(each.oldest > 0 for each in counted)


async def test_rows_of_another_sender_are_left_to_it(world: World) -> None:
    async def steal(tx: Tx) -> int:
        return await tx.run(
            "UPDATE role SET fence = fence + 1, holder = 'worker-1' WHERE name = 'sender:wire'"
        )

    assert await world.unit(steal) == 1
    await world.store(post("first"))
    await world.say(post("next"))
    await world.until(lambda: True)
    assert "next" not in world.texts()


@pytest.mark.parametrize("arrives", [True, False])
async def test_a_pause_does_not_repeat_what_is_uncertain(
    make: Make, server: WireServer, arrives: bool
) -> None:
    server.dedupes = True
    server.plan.turns.append(Fault.ACCEPT_DROP if arrives else Fault.DROP)
    server.plan.look_chances = {Fault.FAIL_502: 1.0}
    world = await make(limits=wire_limits(repost_window=0, find_delay=5), timing=SHORT)
    await world.start()
    await world.say(post("k"), post("next"))
    await world.until(lambda: ("k", "uncertain") in world.settled)
    await world.unit(lambda tx: rows.skip(tx, space=SPACE, reason="paused", now=1))
    server.plan.end()
    await world.idle()
    assert await world.states("k", "next") == ["sent" if arrives else "skipped", "skipped"]
    assert world.texts() == (["k"] if arrives else [])


async def test_a_pause_gets_what_was_told_to_wait(make: Make, server: WireServer) -> None:
    world = await make(timing=SHORT)
    await world.start()
    server.plan.turns.append(Fault.LATER)
    server.hold()
    await world.say(post("k"))
    await server.requested(1)
    await world.unit(lambda tx: rows.skip(tx, space=SPACE, reason="paused", now=1))
    server.let_go()
    await world.idle()
    row = await world.row("k")
    assert (row.state, row.reason, row.body) == ("skipped", "paused", "")
    assert server.arrivals == []


async def test_a_pause_ends_an_edit_in_doubt(make: Make, server: WireServer) -> None:
    world = await make(timing=SHORT)
    await world.start()
    await world.say(post("p"))
    await world.idle()
    server.plan.turns.append(Fault.DROP)
    server.hold()
    await world.say(edit("e", "p", "changed"))
    await server.requested(2)
    await world.unit(lambda tx: rows.skip(tx, space=SPACE, reason="paused", now=1))
    server.let_go()
    await world.idle()
    assert await world.states("e") == ["skipped"]
    assert world.texts() == ["p"]
