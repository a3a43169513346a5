"""User groups as roles: known at the start, followed as they change, chosen in a form."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot import slack as configured
from bot.config import Config
from bot.model.content import Catalog, CommandSpec, Field, Kind
from bot.model.events import CommandUsed
from bot.model.ids import Member
from bot.model.roles import Role
from bot.platforms.slack import groups
from tests.fakes.slack import Hang, NotOnScreen, RateLimit, Refuse, usergroups
from tests.fakes.slack.usergroups import UserGroup
from tests.slack.home import Home, home
from tests.slack.stage import SlackStage, staged


@pytest_asyncio.fixture
async def stage() -> AsyncIterator[SlackStage]:
    async with staged() as made:
        yield made


async def census(stage: SlackStage) -> None:
    """Read who is here, as the host does at the start."""
    async for _ in stage.platform.members(stage.space):
        pass


async def held(stage: SlackStage, who: Member) -> frozenset[str]:
    """The groups that a command of somebody's comes with."""
    before = len(stage.sink.events)
    await stage.who(who).command(stage.place, "/kith", "help")
    used = [event for event in stage.sink.events[before:] if isinstance(event, CommandUsed)]
    return used[-1].actor.platform_roles


def listings(stage: SlackStage) -> int:
    return len(stage.slack.calls("usergroups.list"))


async def test_groups_are_known_from_the_start_and_read_once(stage: SlackStage) -> None:
    hosts = stage.workspace.groups.add("Hosts", stage.who(stage.mina))
    await census(stage)
    assert await held(stage, stage.mina) == {hosts.id}
    assert await held(stage, stage.ada) == frozenset()
    assert listings(stage) == 1
    assert [role.name for role in (await stage.platform.about(stage.space)).roles] == ["Hosts"]


async def test_events_tell_who_comes_goes_and_what_ends(stage: SlackStage) -> None:
    workspace, mina, ada = stage.workspace, stage.who(stage.mina), stage.who(stage.ada)
    await census(stage)
    stage.slack.clock.advance(5)
    hosts = workspace.groups.add("Hosts", mina, quiet=False)
    await stage.slack.quiet()
    assert await held(stage, stage.mina) == {hosts.id}
    stage.slack.clock.advance(5)
    workspace.groups.set(hosts, ada)
    await stage.slack.quiet()
    assert await held(stage, stage.mina) == frozenset()
    assert await held(stage, stage.ada) == {hosts.id}
    stage.slack.clock.advance(5)
    workspace.groups.rename(hosts, "The hosts")
    await stage.slack.quiet()
    assert [role.name for role in (await stage.platform.about(stage.space)).roles] == ["The hosts"]
    stage.slack.clock.advance(5)
    workspace.groups.disable(hosts)
    await stage.slack.quiet()
    assert await held(stage, stage.ada) == frozenset()
    assert listings(stage) == 2  # at the start, and when a group was met that was new


@pytest.mark.parametrize("seed", range(12))
async def test_in_whatever_order_changes_are_told_the_truth_holds(stage: SlackStage, seed: int) -> None:
    rng, made = random.Random(seed), stage.workspace.groups
    people = [stage.who(stage.mina), stage.who(stage.ada)]
    found = [made.add(f"Group {number}", *rng.sample(people, rng.randint(0, 2))) for number in range(2)]
    await census(stage)
    for _ in range(3):
        stage.slack.delivery.hold()
        for _ in range(rng.randint(1, 6)):
            stage.slack.clock.advance(rng.choice([0, 0, 1, 3]))
            group = rng.choice(found)
            match rng.choice(["set", "set", "set", "rename", "add", "disable"]):
                case "set":
                    made.set(group, *rng.sample(people, rng.randint(0, 2)))
                case "rename":
                    made.rename(group, f"Called {rng.random()}")
                case "add":
                    found.append(made.add("New", *rng.sample(people, rng.randint(0, 2)), quiet=False))
                case "disable":
                    made.disable(group)
        stage.slack.delivery.release(shuffle=rng, copies=(1, 3), new_ids=True)
        await stage.slack.quiet()
        for who in (stage.ada, stage.mina):
            true = {one.id for one in found if who.id in one.users and not one.disabled_at}
            assert await held(stage, who) == true


async def test_a_long_list_that_slack_cuts_off_is_asked_for(
    stage: SlackStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usergroups, "EVENT_USERS_MAX", 3)
    workspace = stage.workspace
    crowd = [workspace.member(f"Person {number}") for number in range(4)]
    hosts = workspace.groups.add("Hosts", *crowd, stage.who(stage.mina))
    workspace.groups.list_users_max = 3
    await census(stage)
    assert await held(stage, stage.mina) == {hosts.id}
    assert len(stage.slack.calls("usergroups.users.list")) == 1
    stage.slack.clock.advance(5)
    workspace.groups.set(hosts, *crowd, stage.who(stage.ada))
    await stage.slack.quiet()
    assert await held(stage, stage.ada) == {hosts.id}
    assert await held(stage, stage.mina) == frozenset()


async def test_they_are_read_again_now_and_then(stage: SlackStage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "EVERY", 0.0)
    await census(stage)
    hosts = stage.workspace.groups.add("Hosts", stage.who(stage.mina))  # of which no event came
    assert await held(stage, stage.mina) == {hosts.id}


@pytest.mark.parametrize("fault", [RateLimit(30), Refuse("internal_error"), Hang()])
async def test_where_slack_cannot_say_nobody_waits_and_what_was_known_holds(
    stage: SlackStage, monkeypatch: pytest.MonkeyPatch, fault: object
) -> None:
    monkeypatch.setattr(groups, "EVERY", 0.0)
    hosts = stage.workspace.groups.add("Hosts", stage.who(stage.mina))
    await census(stage)
    monkeypatch.setattr(groups, "PATIENCE", 0.1)
    stage.slack.faults.add(fault, "usergroups.list", times=None)
    before = listings(stage)
    assert await held(stage, stage.mina) == {hosts.id}
    assert await held(stage, stage.mina) == {hosts.id}
    assert listings(stage) <= before + 1


async def test_a_right_to_read_groups_that_is_taken_away_ends_what_it_gave(
    stage: SlackStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups, "EVERY", 0.0)
    stage.workspace.groups.add("Hosts", stage.who(stage.mina))
    await census(stage)
    assert await held(stage, stage.mina)
    stage.workspace.groups.paid = False
    assert await held(stage, stage.mina) == frozenset()
    before = listings(stage)
    assert await held(stage, stage.mina) == frozenset()
    assert listings(stage) == before
    stage.workspace.groups.paid = True
    stage.platform._workspaces[stage.space.id].groups._due = 0.0
    assert await held(stage, stage.mina)


# -- in the app ---------------------------------------------------------------------------------------------


@pytest_asyncio.fixture
async def h(tmp_path: Path) -> AsyncIterator[Home]:
    async with home(tmp_path, manifest=configured.manifest(Config())) as made:
        yield made


async def choose(h: Home, group: UserGroup | None) -> None:
    """Robin gives the moderators' role to a group."""
    form = await (await h.kith(h.robin, "admin settings basics")).view()
    if group is not None:
        offered = await h.robin.options(form, form.blocks[2]["block_id"], group.name[:2].lower())
        assert [one["text"]["text"] for one in offered] == [group.name]
    await h.robin.submit(form, {"Moderators": group.id if group is not None else None})
    await h.robin.sees("Kept")


async def may_pause(h: Home) -> bool:
    answer = await h.kith(h.mina, "mod pause")
    text = (await answer.message()).shown
    return "That is for moderators" not in text


async def test_an_admin_gives_a_group_a_role_which_its_members_hold(h: Home) -> None:
    h.workspace.groups.add("Everybody", h.ada, h.mina, h.robin)
    hosts = h.workspace.groups.add("Hosts of the hall", h.mina, quiet=False)
    await h.slack.quiet()
    assert not await may_pause(h)
    await choose(h, hosts)
    kept = await h.robin.sees("Kept")
    assert "@Hosts of the hall" in kept.shown
    assert kept.pings == set()
    assert await may_pause(h)
    await h.restart()
    assert await may_pause(h)
    form = await (await h.kith(h.robin, "admin settings basics")).view()
    assert form.blocks[2]["element"]["initial_option"]["text"]["text"] == "Hosts of the hall"
    h.slack.clock.advance(5)
    h.workspace.groups.set(hosts, h.ada)
    await h.slack.quiet()
    assert not await may_pause(h)
    await h.robin.close(form)
    await choose(h, None)


@pytest.mark.parametrize("why", ["scope", "plan"])
async def test_without_groups_the_form_says_why(h: Home, why: str) -> None:
    await h.stop()
    if why == "plan":
        h.workspace.groups.paid = False
    else:
        scopes = [one for one in h.workspace.installation.scopes if one != "usergroups:read"]
        h.workspace.set_scopes(*scopes)
    await h.start()
    form = await (await h.kith(h.robin, "admin settings basics")).view()
    hint = form.blocks[2]["hint"]["text"]
    assert ("installed again" if why == "scope" else "paid plans") in hint
    assert await h.robin.options(form, form.blocks[2]["block_id"], "") == []
    with pytest.raises(NotOnScreen):
        await h.robin.submit(form, {"Moderators": "S0000001"})
    assert await h.robin.submit(form, {"Time zone": "Europe/Berlin"})


async def test_a_group_is_named_where_it_is_typed() -> None:
    asks = Field("who", Kind.ROLE, "Who"), Field("words", Kind.LONG_TEXT, "Words")
    specs = [
        CommandSpec((name,), "Answers.", (asks[at],), Role.MEMBER, "test")
        for at, name in enumerate(("give", "say"))
    ]
    async with staged(Catalog(tuple(specs))) as stage:
        hosts = stage.workspace.groups.add("Hosts", handle="the-hosts")
        ada = stage.who(stage.ada)
        await ada.command(stage.place, "/kith", "give ", hosts)
        await ada.command(stage.place, "/kith", "say hello ", hosts)
        used = [event.text for event in stage.sink.events if isinstance(event, CommandUsed)]
        assert used == [f"<!subteam^{hosts.id}|@the-hosts>", "hello @the-hosts"]
