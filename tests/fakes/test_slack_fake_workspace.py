"""What happens in the fake's workspaces, told in events that its own validation lets pass; its clock."""

import asyncio
from typing import Any

import pytest

from tests.fakes.slack import Clock, FakeSlack, NotOnScreen


def told(slack: FakeSlack) -> list[Any]:
    """(type, subtype) of every event sent so far; the list starts anew."""
    kinds = [(d.event["type"], d.event.get("subtype")) for d in slack.delivery.log]
    slack.delivery.log.clear()
    return [kind if subtype is None else (kind, subtype) for kind, subtype in kinds]


async def test_people_come_change_leave_and_return() -> None:
    async with FakeSlack() as slack:
        workspace = slack.workspace("Workshop")
        ana = workspace.member("Ana", admin=True)
        assert told(slack) == []
        bob = workspace.join("Bob", email="bob@example.com")
        joined = slack.delivery.log[0].event
        assert joined["user"]["profile"]["email"] == "bob@example.com"
        assert told(slack) == ["team_join", "member_joined_channel", ("message", "channel_join")]
        guest = workspace.join("Gil", guest="single")
        assert not workspace.general.holds(guest)
        assert slack.delivery.log[0].event["user"]["is_ultra_restricted"]
        workspace.join("Deploybot", bot=True)
        assert slack.delivery.log[1].event["user"]["is_bot"]
        told(slack)
        workspace.change(bob, display_name="Bobby")
        assert slack.delivery.log[0].event["user"]["profile"]["display_name"] == "Bobby"
        workspace.deactivate(bob)
        assert slack.delivery.log[1].event["user"]["deleted"]
        assert not workspace.general.holds(bob)
        workspace.reactivate(bob)
        back = ["member_joined_channel", ("message", "channel_join")]
        assert told(slack) == ["user_change", "user_change", "user_change", *back]
        assert workspace.general.holds(bob)
        with pytest.raises(TypeError, match="unknown traits"):
            workspace.member("Odd", nickname="x")
        with pytest.raises(AttributeError):
            workspace.change(ana, nickname="x")


async def test_a_new_channel_brings_joins_that_are_none() -> None:
    async with FakeSlack() as slack:
        workspace = slack.workspace("Workshop")
        ana, bob = workspace.member("Ana"), workspace.member("Bob")
        garden = await ana.create_channel("garden")
        joins = ["member_joined_channel", ("message", "channel_join")]
        assert told(slack) == ["channel_created", *joins, *joins]
        await ana.invite(garden, bob)
        assert slack.delivery.log[0].event["inviter"] == ana.id
        await bob.leave(garden)
        assert told(slack) == [*joins, "member_left_channel"]
        workspace.rename(garden, "allotment")
        workspace.archive(garden, by=ana)
        with pytest.raises(NotOnScreen, match="archived"):
            await ana.say(garden, "hello?")
        workspace.unarchive(garden, by=ana)
        await ana.kick(garden)
        assert told(slack) == ["channel_rename", "channel_archive", "channel_unarchive", "channel_left"]
        await ana.invite(garden)
        workspace.delete_channel(garden)
        assert told(slack) == [*joins, "channel_deleted"]
        with pytest.raises(NotOnScreen, match="not in"):
            await bob.say(garden, "hello?")


async def test_messages_in_all_their_kinds() -> None:
    async with FakeSlack() as slack:
        workspace = slack.workspace("Workshop")
        ana, bob = workspace.member("Ana"), workspace.member("Bob")
        robot = workspace.member("Deploybot", bot=True)
        general = workspace.general
        root = await ana.say(general, "question")
        reply = await bob.say(general, "answer", thread=root)
        loud = await bob.say(general, "loud", thread=reply, broadcast=True)
        assert (reply.thread_ts, loud.thread_ts) == (root.ts, root.ts)
        await robot.say(general, "deployed")
        await ana.say(general, "see", files=(ana.upload("a.txt", b"abc"),))
        assert told(slack) == [
            "message",
            "message",
            ("message", "thread_broadcast"),
            ("message", "bot_message"),
            ("message", "file_share"),
            "file_shared",
        ]
        await ana.edit(root, "better question")
        await ana.react(root, ":tada:")
        await ana.unreact(root, "tada")
        await bob.delete(reply)
        await ana.delete(root)
        with pytest.raises(NotOnScreen):
            await bob.edit(root, "mine")
        assert told(slack) == [
            ("message", "message_changed"),
            "reaction_added",
            "reaction_removed",
            ("message", "message_deleted"),
            ("message", "message_changed"),
        ]
        await ana.dm("psst")
        group = slack.acts.open_group_im(workspace, [workspace.bot, ana, bob])
        await bob.say(group, "we three")
        private = workspace.channel("club", ana, private=True)
        await ana.say(private, "among us")
        kinds = [delivery.event["channel_type"] for delivery in slack.delivery.log]
        assert kinds == ["im", "mpim", "group"]
        await ana.open_home()
        assert slack.delivery.log[-1].event["tab"] == "home"


async def test_an_app_that_is_not_installed_hears_nothing_and_may_return() -> None:
    async with FakeSlack() as slack:
        workspace = slack.workspace("Workshop", install=False)
        ana = workspace.member("Ana")
        await ana.say(workspace.general, "alone")
        assert (await ana.command(workspace.general, "/kith")).error == "unknown_command"
        assert told(slack) == []
        first = workspace.install().bot_token
        await ana.say(workspace.general, "not alone")
        workspace.uninstall(order=("app_uninstalled", "tokens_revoked"))
        assert told(slack) == ["message", "app_uninstalled", "tokens_revoked"]
        await ana.say(workspace.general, "alone again")
        with pytest.raises(LookupError, match="no bot token in Workshop"):
            _ = workspace.bot_token
        workspace.install()
        assert workspace.bot_token != first
        await ana.say(workspace.general, "back")
        assert told(slack) == ["message"]


async def test_an_earlier_event_may_come_again_even_under_another_id() -> None:
    async with FakeSlack() as slack:
        workspace = slack.workspace("Workshop")
        await workspace.member("Ana").say(workspace.general, "hi")
        first = slack.delivery.log[0]
        slack.delivery.again(first)
        slack.delivery.again(first, new_id=True)
        ids = [delivery.event_id for delivery in slack.delivery.log]
        assert ids[0] == ids[1] != ids[2]
        assert [delivery.event for delivery in slack.delivery.log] == [first.event] * 3


async def test_the_clock_fires_in_order_and_each_timer_at_its_own_time() -> None:
    clock = Clock(frozen=True)
    start, fired = clock.now(), []
    clock.call_later(20, lambda: fired.append(("second", clock.now() - start)))
    clock.call_later(10, lambda: fired.append(("first", clock.now() - start)))
    clock.call_later(10, lambda: clock.call_later(5, lambda: fired.append(("between", clock.now() - start))))
    clock.call_later(15, lambda: fired.append(("never", 0))).cancel()
    clock.advance(9)
    assert fired == []
    clock.advance(11)
    assert [(name, round(at)) for name, at in fired] == [("first", 10), ("between", 15), ("second", 20)]
    with pytest.raises(ValueError, match="forward"):
        clock.advance(-1)
    clock.close()


async def test_the_clock_runs_by_itself_unless_frozen() -> None:
    clock = Clock()
    await asyncio.wait_for(clock.wait(0.01), 5)
    waiting = asyncio.ensure_future(clock.wait(3600))
    rang = asyncio.Event()
    clock.call_later(0.01, rang.set)
    await asyncio.wait_for(rang.wait(), 5)
    assert not waiting.done()
    clock.advance(3600)
    await asyncio.wait_for(waiting, 5)
    clock.close()
