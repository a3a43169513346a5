"""Edits and deletions by our own key, in every state that the message they change can be in."""

from __future__ import annotations

import pytest

from bot.model.content import Card
from bot.model.ids import MessageRef
from bot.model.outgoing import Delete, Edit, Post
from bot.model.text import T
from bot.outbox import Timing
from storage.repos import outbox as rows
from tests.fakes.wire import Fault, WireServer
from tests.outbox.world import (
    ADA,
    COMMUNITY,
    Make,
    World,
    answer,
    channel,
    delete,
    direct,
    draft,
    edit,
    post,
    wire_limits,
)

QUICK = Timing(lease=5_000, attempt=500, backoff=2, backoff_most=20, role=5_000, poll=20)


async def test_what_was_sent_is_edited_and_deleted(world: World) -> None:
    await world.say(post("p", text="one"), post("q", text="two"))
    await world.idle()
    await world.say(edit("e", "p", "changed"), delete("d", "q"))
    await world.idle()
    assert world.texts() == ["changed"]
    assert await world.states("p", "q", "e", "d") == ["sent"] * 4


async def test_what_waits_is_changed_where_it_waits(make: Make) -> None:
    world = await make()
    await world.say(post("p", text="one"), post("q", text="two"))
    await world.say(edit("e", "p", "changed"))
    await world.say(delete("d", "q"))
    assert await world.states("p", "q", "e", "d") == ["pending", "cancelled", "cancelled", "cancelled"]
    await world.start()
    await world.idle()
    assert world.texts() == ["changed"]
    assert [arrival.verb for arrival in world.server.arrivals] == ["post"]


async def test_what_is_not_due_yet_is_changed_too(world: World) -> None:
    due_at = world.clock.now() + 3_600_000
    await world.say(post("p", text="one", due_at=due_at), post("q", text="two", due_at=due_at))
    await world.say(edit("e", "p", "changed"), delete("d", "q"))
    world.clock.move_to(due_at)
    await world.idle()
    assert world.texts() == ["changed"]


async def test_the_rest_of_a_message_stays_when_its_words_change(make: Make) -> None:
    world = await make()
    await world.say(draft(Post("p", channel(), T("hello {x}", x="Bo"), pings=(ADA,), reply_to="99")))
    await world.say(edit("e", "p", "changed"))
    body = (await world.row("p")).body
    assert '"reply_to":"99"' in body
    assert "ada" in body
    assert "Bo" not in body


async def test_changes_of_what_is_on_the_wire_wait_for_it(world: World, server: WireServer) -> None:
    server.hold()
    await world.say(post("p", text="one"), post("q", channel("b"), text="two"))
    await server.requested(2)
    await world.say(edit("e", "p", "changed"), delete("d", "q"))
    assert await world.states("p", "e", "q", "d") == ["sending", "pending", "sending", "pending"]
    server.let_go()
    await world.idle()
    assert world.texts() == ["changed"]
    assert world.texts(channel("b")) == []


@pytest.mark.parametrize("fault", [Fault.ACCEPT_DROP, Fault.DROP])
async def test_changes_of_what_is_uncertain_wait_for_it(make: Make, server: WireServer, fault: Fault) -> None:
    server.plan.turns.append(fault)
    world = await make(limits=wire_limits(find_delay=20), timing=QUICK)
    await world.start()
    await world.say(post("p", text="one"))
    await world.until(lambda: ("p", "uncertain") in world.settled)
    await world.say(edit("e", "p", "changed"))
    await world.idle()
    assert world.texts() == ["changed"]


async def test_edits_that_wait_are_one_edit_with_the_newest_words(world: World, server: WireServer) -> None:
    await world.say(post("p", text="one"))
    await world.idle()
    server.hold()
    await world.say(post("blocks"))
    await server.requested(2)
    for number in range(5):
        await world.say(edit(f"e{number}", "p", f"version {number}"))
    server.let_go()
    await world.idle()
    assert world.texts() == ["version 4", "blocks"]
    assert [arrival.verb for arrival in server.arrivals].count("edit") == 1
    assert await world.states("e0", "e3", "e4") == ["cancelled", "cancelled", "sent"]
    assert (await world.row("e0")).reason == "superseded by e1"


async def test_the_newest_edit_takes_the_place_of_the_older_one(world: World, server: WireServer) -> None:
    await world.say(post("p", text="one"))
    await world.idle()
    server.hold()
    await world.say(post("blocks"))
    await server.requested(2)
    await world.say(edit("e1", "p", "two"))
    await world.say(post("after"))
    await world.say(edit("e2", "p", "three"))
    server.let_go()
    await world.idle()
    assert [arrival.key for arrival in server.arrivals] == ["p", "blocks", "e2", "after"]


async def test_a_deletion_makes_waiting_edits_and_later_ones_void(world: World, server: WireServer) -> None:
    await world.say(post("p", text="one"))
    await world.idle()
    server.hold()
    await world.say(post("blocks"))
    await server.requested(2)
    await world.say(edit("e1", "p", "two"), delete("d", "p"), edit("e2", "p", "three"), delete("d2", "p"))
    server.let_go()
    await world.idle()
    await world.say(edit("e3", "p", "four"))
    assert world.texts() == ["blocks"]
    assert await world.states("e1", "d", "e2", "d2", "e3") == [
        "cancelled",
        "sent",
        "cancelled",
        "cancelled",
        "cancelled",
    ]


async def test_a_deletion_for_later_lets_edits_pass_until_then(world: World) -> None:
    await world.say(post("p", text="one"))
    await world.idle()
    await world.say(delete("d", "p", due_at=world.clock.now() + 3_600_000))
    await world.say(edit("e", "p", "two"))
    await world.idle()
    assert world.texts() == ["two"]
    world.clock.move_to(world.clock.now() + 3_600_000)
    await world.idle()
    assert world.texts() == []


async def test_changes_of_what_went_nowhere_go_nowhere(world: World, server: WireServer) -> None:
    server.plan.turns.append(Fault.REFUSE)
    await world.say(post("dead"))
    await world.idle()
    await world.say(edit("e1", "dead", "x"), delete("d1", "dead"), edit("e2", "nobody", "x"))
    assert await world.states("e1", "d1", "e2") == ["dead", "dead", "dead"]
    assert (await world.row("e2")).reason.startswith("unknown-message")
    await world.idle()
    assert server.arrivals == []


async def test_changes_that_wait_for_what_turns_out_dead(make: Make, server: WireServer) -> None:
    server.plan.turns.extend([Fault.DROP, Fault.REFUSE])
    world = await make(limits=wire_limits(find_delay=30), timing=QUICK)
    await world.start()
    await world.say(post("p"))
    await world.until(lambda: ("p", "uncertain") in world.settled)
    await world.say(edit("e", "p", "x"), post("next"))
    await world.idle()
    assert await world.states("p", "e", "next") == ["dead", "dead", "sent"]


async def test_private_answers_and_messages_are_edited(world: World) -> None:
    await world.say(post("a", answer()), post("m", direct()))
    await world.idle()
    await world.say(edit("ea", "a", "answered", answer()), edit("em", "m", "written", direct()))
    await world.idle()
    assert world.texts(answer()) == ["answered"]
    assert world.texts(direct()) == ["written"]


async def test_a_change_goes_where_the_message_is(world: World) -> None:
    await world.say(post("p", channel("there")))
    await world.idle()
    await world.say(edit("e", "p", "changed", channel("elsewhere")))
    await world.idle()
    assert world.texts(channel("there")) == ["changed"]
    assert (await world.row("e")).lane == channel("there").lane


async def test_a_message_that_is_not_ours_is_changed_by_its_address(world: World) -> None:
    await world.say(post("p"))
    await world.idle()
    target = MessageRef(channel().channel, "1")
    await world.say(draft(Edit("e", "unknown", channel(), Card(T("changed")), target=target)))
    await world.idle()
    assert world.texts() == ["changed"]
    await world.say(draft(Delete("d", "unknown", channel(), target=target)))
    await world.idle()
    assert world.texts() == []


async def test_an_edit_of_what_was_removed_by_hand_says_so(world: World, server: WireServer) -> None:
    await world.say(post("p"))
    await world.idle()
    server.messages.clear()
    await world.say(edit("e", "p", "x"), delete("d", "p"))
    await world.idle()
    assert await world.states("e", "d") == ["dead", "sent"]


async def test_a_pause_skips_what_waits_but_answers_and_deletions(make: Make) -> None:
    world = await make()
    now = world.clock.now()
    await world.say(
        post("p"),
        post("a", answer()),
        post("soon", due_at=now + 1_000),
        post("late", due_at=now + 3_600_000),
        post("elsewhere", direct(type(ADA)("wire:2", "bo"))),
    )
    await world.start()
    await world.idle()
    await world.say(delete("d", "p", due_at=now + 3_600_000), edit("e", "p", "x", due_at=now + 1_000))
    skipped = await world.unit(
        lambda tx: rows.skip(tx, space="wire:1", reason="paused", now=now, due_before=now + 60_000)
    )
    assert skipped == 2
    world.clock.move_to(now + 7_200_000)
    await world.idle()
    assert await world.states("soon", "e", "late", "d") == ["skipped", "skipped", "sent", "sent"]
    assert [arrival.key for arrival in world.server.posted()] == ["p", "elsewhere", "late"]


async def test_nothing_goes_out_once_a_pause_is_committed(world: World, server: WireServer) -> None:
    server.hold()
    await world.say(*(post(f"k{number}") for number in range(20)), post("a", answer()))
    await server.requested(2)
    skipped = await world.unit(lambda tx: rows.skip(tx, space="wire:1", reason="paused", now=0))
    assert skipped == 19
    server.let_go()
    await world.idle()
    assert world.texts() == ["k0"]
    assert world.texts(answer()) == ["a"]


async def test_a_person_is_found_and_forgotten(world: World) -> None:
    named = T("{who} thanks you", who=ADA)
    other = type(ADA)("wire:1", "ada2", "Ada Two")
    await world.say(
        draft(Post("p", channel(), named)),
        draft(Post("w", channel(), named), due_at=world.clock.now() + 3_600_000),
        post("m", direct()),
        post("by", because='{"who":"wire:1:ada"}'),
        draft(Post("not", channel(), T("{who}", who=other))),
    )
    await world.idle()
    await world.say(delete("d", "p", due_at=world.clock.now() + 7_200_000))
    about = await world.engine.read(lambda tx: rows.rows_about(tx, COMMUNITY, ADA.key))
    assert {row.key for row in about} == {"p", "w", "m", "by", "d"}
    more = await world.engine.read(lambda tx: rows.rows_about(tx, COMMUNITY, ADA.key, after=about[2].id))
    assert len(more) == 2
    assert await world.unit(lambda tx: rows.forget(tx, COMMUNITY, ADA.key, now=5)) == 5
    assert await world.unit(lambda tx: rows.forget(tx, COMMUNITY, ADA.key, now=5)) == 0
    kept = await world.engine.read(lambda tx: tx.all("SELECT * FROM outbox ORDER BY id"))
    words = " ".join(
        str(row[name])
        for row in kept
        for name in ("key", "people", "because", "address", "lane", "body")
        if row["form"] != "delete"
    )
    assert "wire:1:ada" not in words.replace("wire:1:ada2", "")
    assert sorted(row["state"] for row in kept) == ["cancelled", "pending", "sent", "sent", "sent", "sent"]
    world.clock.move_to(world.clock.now() + 7_200_000)
    await world.idle()
    assert "Ada thanks you" not in world.texts()
    again = [row["state"] for row in await world.engine.read(lambda tx: tx.all("SELECT * FROM outbox"))]
    assert again.count("sent") == 5


async def test_what_was_settled_long_ago_is_pruned(world: World) -> None:
    await world.say(*(post(f"k{number}", channel(str(number % 7))) for number in range(20)))
    await world.idle()
    await world.say(post("later", due_at=world.clock.now() + 3_600_000))
    assert await world.unit(lambda tx: rows.prune(tx, 0)) == 0
    assert await world.unit(lambda tx: rows.prune(tx, world.clock.now() + 1)) == 20
    assert await world.states("later") == ["pending"]
