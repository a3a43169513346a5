"""Who joins, who does not, and who leads: in a whole workspace, or where some channels are the community."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest

from bot.model.check import State
from bot.model.events import MemberJoined, MemberLeft, MessagePosted, ReactionAdded, SpaceSeen
from bot.model.roles import Role
from bot.platforms.base import Gone
from bot.platforms.slack.adapter import SlackPlatform
from bot.platforms.slack.checks import look
from tests.fakes.slack import FakeSlack, RateLimits, Status
from tests.slack.home import home
from tests.slack.stage import CATALOG, SlackStage, options, staged


async def settled(stage: SlackStage) -> None:
    """Until all that happened so far was taken."""
    await stage.say(stage.ada, "the end")
    await stage.sink.wait(MessagePosted, lambda event: event.text == "the end")
    await stage.slack.quiet()


def joined(stage: SlackStage) -> list[str]:
    return [event.member.id for event in stage.sink.events if isinstance(event, MemberJoined)]


async def test_guests_bots_and_strangers_are_no_newcomers_of_the_workspace() -> None:
    async with staged() as stage:
        kim = stage.workspace.join("Kim")
        stage.workspace.join("Gus", guest="single")
        stage.workspace.join("Robot", bot=True)
        other = stage.slack.workspace("Elsewhere", install=False)
        stage.workspace.connect(stage.place, other)
        stage.workspace.admit(stage.place, other.member("Stranger"))
        await stage.who(stage.mina).create_channel("corner")
        await settled(stage)
        assert joined(stage) == [kim.id]
        found = [member async for member in stage.platform.members(stage.space)]
        assert {member.name for member in found if not member.bot} == {"Ada", "Mina", "Kim"}


async def test_profile_changes_are_no_comings_and_goings() -> None:
    async with staged() as stage:
        kim = stage.workspace.join("Kim")
        await stage.sink.wait(MemberJoined)
        stage.workspace.change(kim, display_name="Kimberley")
        stage.workspace.deactivate(kim)
        await stage.sink.wait(MemberLeft)
        stage.workspace.change(kim, display_name="Gone")
        stage.workspace.reactivate(kim)
        await settled(stage)
        assert joined(stage) == [kim.id, kim.id]
        again = [event for event in stage.sink.events if isinstance(event, MemberJoined)]
        assert len({event.id for event in again}) == 2


async def test_a_guest_who_becomes_a_member_comes_and_a_member_who_becomes_a_guest_goes() -> None:
    async with staged() as stage:
        gus = stage.workspace.member("Gus", guest="multi")
        async for _ in stage.platform.members(stage.space):
            pass
        stage.workspace.change(gus, display_name="Gustav")
        await settled(stage)
        assert not [event for event in stage.sink.events if isinstance(event, MemberJoined | MemberLeft)]
        stage.workspace.change(gus, guest=None)
        await stage.sink.wait(MemberJoined, lambda event: event.member.id == gus.id)
        stage.workspace.change(gus, guest="single")
        await stage.sink.wait(MemberLeft, lambda event: event.member.id == gus.id)
        stage.workspace.deactivate(gus)
        stage.workspace.reactivate(gus)
        await settled(stage)
        assert (
            len([event for event in stage.sink.events if isinstance(event, MemberJoined | MemberLeft)]) == 2
        )


async def test_who_is_invited_is_there_once_they_came() -> None:
    async with staged() as stage:
        ivy = stage.workspace.member("Ivy", invited=True)
        found = [member async for member in stage.platform.members(stage.space)]
        assert {member.name for member in found if not member.bot} == {"Ada", "Mina"}
        stage.workspace.change(ivy, invited=False)
        await stage.sink.wait(MemberJoined, lambda event: event.member.id == ivy.id)


async def test_people_of_an_organisation_are_at_home_in_each_of_their_workspaces() -> None:
    async with staged() as stage:
        here = stage.workspace.id
        ola = stage.workspace.join("Ola", teams=["T0HOME", here])
        org = stage.workspace.join("Org", teams=["E00000001", here])
        stage.workspace.join("Other", teams=["T0HOME", "T0OTHER"])
        await settled(stage)
        assert sorted(joined(stage)) == sorted([ola.id, org.id])
        found = [member async for member in stage.platform.members(stage.space)]
        assert {member.name for member in found if not member.bot} == {"Ada", "Mina", "Ola", "Org"}


async def test_where_a_channel_is_the_community_its_newcomers_count() -> None:
    async with staged() as first:
        channel = first.place.id
    async with staged(channels=(channel,)) as stage:
        assert stage.place.id == channel
        kim = stage.workspace.join("Kim")
        other = stage.slack.workspace("Elsewhere", install=False)
        stage.workspace.connect(stage.place, other)
        stranger = other.member("Stranger")
        stage.workspace.admit(stage.place, stranger)
        await kim.join(stage.place)
        await settled(stage)
        assert sorted(joined(stage)) == sorted([stranger.id, kim.id])
        await kim.leave(stage.place)
        left = await stage.sink.wait(MemberLeft)
        assert left.member.id == kim.id
        stage.workspace.member("Robin")
        found = {member.name async for member in stage.platform.members(stage.space) if not member.bot}
        assert found == {"Ada", "Mina", "Stranger"}


async def test_members_are_read_though_slack_gives_no_clear_answer_at_first() -> None:
    async with staged() as stage:
        stage.slack.faults.add(Status(503, accept=False), "users.list")
        found = {member.name async for member in stage.platform.members(stage.space) if not member.bot}
        assert found == {"Ada", "Mina"}


@pytest.mark.parametrize("http", [False, True])
async def test_now_and_then_it_is_looked_up_who_is_there(http: bool) -> None:
    async with FakeSlack() as slack:
        stage = SlackStage(slack, look_around=0.02)
        given = options(slack, stage.workspace, look_around=0.02, signing_secret=slack.app.signing_secret)
        stage.platform = SlackPlatform(replace(given, app_token=None) if http else given)
        await stage.start()
        try:
            await slack.until(lambda: sum(isinstance(one, SpaceSeen) for one in stage.sink.events) >= 3)
            assert len({one.id for one in stage.sink.events}) == len(stage.sink.events)
        finally:
            await stage.stop()


async def test_kith_goes_into_the_public_channels_that_are_the_community() -> None:
    async with staged() as first:
        club = first.workspace.channel("club", bot=False)
    async with staged(channels=(club.id,)) as stage:
        again = stage.workspace.channel("club", stage.who(stage.ada), bot=False)
        assert again.id == club.id
        async for _ in stage.platform.members(stage.space):
            pass
        assert again.holds(stage.workspace.bot)
        await stage.who(stage.mina).join(again)
        await settled(stage)
        assert stage.mina.id in joined(stage)


@pytest.mark.parametrize(
    ("trouble", "why"),
    [("private", "unknown, or private"), ("archived", "archived"), ("scope", "missing_scope")],
)
async def test_a_channel_of_the_community_that_is_closed_is_told(
    trouble: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with staged() as first:
        club = first.workspace.channel("club", bot=False)
    async with staged(channels=(club.id,)) as stage:
        again = stage.workspace.channel("club", stage.who(stage.ada), private=trouble == "private", bot=False)
        again.archived = trouble == "archived"
        if trouble == "scope":
            scopes = stage.workspace.installation.scopes
            stage.workspace.set_scopes(*[scope for scope in scopes if scope != "channels:join"])
        with suppress(Gone):
            async for _ in stage.platform.members(stage.space):
                pass
        told = capsys.readouterr().out
        assert "slack_channel_closed" in told
        assert why in told
        checks = await look(options(stage.slack, stage.workspace, channels=(club.id,)), CATALOG)
        (check,) = [one for one in checks if one.code == "slack-channels"]
        assert check.state is State.FAIL
        assert club.id in check.detail


async def test_whoever_makes_the_channel_did_not_join_it() -> None:
    async with staged() as first:
        made = await first.who(first.mina).create_channel("made")
    async with staged(channels=(made.id,)) as stage:
        again = await stage.who(stage.mina).create_channel("made")
        assert again.id == made.id
        await stage.who(stage.ada).join(again)
        await settled(stage)
        assert joined(stage) == [stage.ada.id]


async def test_who_leads_the_workspace_may_administer() -> None:
    from bot.model.events import CommandUsed

    async with staged() as stage:
        for person in stage.people.values():
            await person.command(stage.place, "/kith", "help")
        ada = await stage.sink.wait(CommandUsed, lambda event: event.actor.member == stage.ada)
        mina = await stage.sink.wait(CommandUsed, lambda event: event.actor.member == stage.mina)
        assert Role.ADMIN in ada.actor.roles
        assert Role.ADMIN not in mina.actor.roles


async def test_reactions_and_threads() -> None:
    async with staged() as stage:
        ada = stage.who(stage.ada)
        root = await ada.say(stage.place, "root")
        await stage.who(stage.mina).say(stage.place, "reply", thread=root)
        await ada.react(root, "wave")
        reply = await stage.sink.wait(MessagePosted, lambda event: event.text == "reply")
        assert (reply.message.thread, reply.reply_to) == (root.ts, root.ts)
        reaction = await stage.sink.wait(ReactionAdded)
        assert (reaction.emoji, reaction.message.id, reaction.member) == ("👋", root.ts, stage.ada)


async def test_with_slacks_own_pace_nothing_is_lost(tmp_path: object) -> None:
    from pathlib import Path

    from bot.platforms.slack.limits import SLACK

    assert isinstance(tmp_path, Path)
    limits = SLACK._replace(find_delay=10)
    async with home(tmp_path, rate_limits=RateLimits(), limits=limits) as h:
        people = [h.workspace.join(name) for name in ("Kim", "Lou")]
        for person in people:
            await h.slack.until(lambda person=person: any(person.id in one.pings for one in h.hall.live), 10)
        refused = [call for call in h.slack.calls("chat.postMessage") if not call.ok]
        assert refused == []
