"""Kith in several workspaces that let it in themselves: each its own, whatever happens to the others."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from pydantic import SecretStr

from bot import app
from bot.config import Slack
from bot.platforms.slack.adapter import SlackPlatform
from bot.platforms.slack.tenants import AT_ONCE
from storage.repos import everything
from tests.fakes.slack import RateLimit
from tests.slack.shared import Place, Shared, shared


@pytest_asyncio.fixture
async def s(tmp_path: Path) -> AsyncIterator[Shared]:
    async with shared(tmp_path) as made:
        yield made


async def test_two_workspaces_install_and_each_greets_its_own(s: Shared) -> None:
    one, two = await s.place("One"), await s.place("Two")
    await one.open()
    await two.open()
    first = await one.greets("Kim")
    second = await two.greets("Lou")
    assert (first.channel, second.channel) == (one.hall, two.hall)
    await s.settled()
    assert [message.author for message in two.hall.live if message.author.is_bot] == [two.workspace.bot]


async def test_what_one_workspace_stores_no_other_sees(s: Shared) -> None:
    one, two = await s.place("One"), await s.place("Two")
    await one.open()
    await two.open()
    form = await (await one.ada.command(one.hall, "/shoutout")).view()
    await one.ada.submit(form, {"To": one.lead, "What for?": "You stayed late to find the fault."})
    await one.lead.sees("You stayed late", one.hall)
    await s.settled()
    for place, other, thanked in ((one, two, True), (two, one, False)):
        wall = [message for message in place.hall.live if "You stayed late" in message.shown]
        assert bool(wall) is thanked
        log = await (await place.lead.command(place.hall, "/kith", "log")).message()
        assert f"Lead of {place.workspace.name}" in log.shown
        assert f"Lead of {other.workspace.name}" not in log.shown
    await one.lead.command(one.hall, "/kith", "curate add A blunt chisel slips, so sharpen it first.")
    await one.lead.sees("Kept as number 1")
    for place, found in ((one, True), (two, False)):
        answer = await (await place.ada.command(place.hall, "/kith", "ask chisel")).message()
        assert ("A blunt chisel slips" in answer.shown) is found
    await s.settled()
    assert s.running is not None
    engine = s.running.core.engine
    for place, other in ((one, two), (two, one)):
        (space,) = await s.rows("SELECT community FROM space WHERE key = :key", key=place.space)
        for table in await engine.read(everything.tables):
            held = await engine.read(
                lambda tx, table=table, space=space: everything.rows(tx, table, space["community"])
            )
            for row in held:
                assert other.workspace.id not in str(dict(row)), table


@pytest.mark.parametrize(
    "order", [("tokens_revoked", "app_uninstalled"), ("app_uninstalled", "tokens_revoked")], ids=str
)
async def test_a_workspace_goes_and_comes_back(s: Shared, order: tuple[str, ...]) -> None:
    one, two = await s.place("One"), await s.place("Two")
    await one.open()
    await two.open()
    await one.greets("Kim")
    s.slack.delivery.duplicate(3, new_ids=True)
    one.workspace.uninstall(order)
    await s.state(one, "uninstalled")
    await s.settled()
    s.slack.delivery.duplicate(1)
    row = await s.row(one)
    assert (row["access_token"], row["refresh_token"]) == (None, None)
    (space,) = await s.rows("SELECT * FROM space WHERE key = :key", key=one.space)
    assert space["lost_at"] is not None
    assert space["live_since"] is not None
    await two.greets("Lou")
    missed = one.workspace.join("Max")
    await s.install(one)
    await one.greets("Ned")
    await s.settled()
    assert [message for message in one.hall.live if missed.id in message.shown] == []
    assert (await s.row(one))["state"] == "installed"


async def test_an_end_told_of_late_ends_no_new_installation(s: Shared) -> None:
    one = await s.place("One")
    await one.open()
    s.slack.delivery.hold()
    one.workspace.uninstall()
    await s.install(one)
    s.slack.delivery.release()
    await s.settled()
    assert (await s.row(one))["state"] == "installed"
    await one.greets("Kim")


async def test_an_end_that_slack_never_told_of_is_noticed(s: Shared) -> None:
    one, two = await s.place("One"), await s.place("Two")
    await one.open()
    await two.open()
    s.slack.faults.add(RateLimit(1), "chat.postMessage", times=1)
    one.workspace.join("Kim")
    await s.slack.until(lambda: s.slack.calls("chat.postMessage"))
    one.workspace.uninstall(order=())
    await s.state(one, "uninstalled")
    await two.greets("Lou")


async def test_an_end_while_kith_was_down_is_noticed_at_the_start(s: Shared) -> None:
    one, two = await s.place("One"), await s.place("Two")
    await two.open()
    await s.stop()
    s.slack.app.request_url = None
    one.workspace.uninstall(order=())
    two.workspace.revoke()
    await s.start()
    await s.state(one, "uninstalled")
    await s.state(two, "revoked")
    (space,) = await s.rows("SELECT * FROM space WHERE key = :key", key=two.space)
    assert space["lost_at"] is not None
    await s.install(two)
    await two.greets("Lou")


async def test_what_waited_for_a_workspace_that_left_ends(s: Shared) -> None:
    one = await s.place("One")
    await one.open()
    s.slack.faults.add(RateLimit(1), "chat.postMessage", times=1)
    kim = one.workspace.join("Kim")
    await s.slack.until(lambda: s.slack.calls("chat.postMessage"))
    one.workspace.uninstall()
    await s.state(one, "uninstalled")
    (row,) = await s.sees(
        lambda rows: {row["state"] for row in rows} == {"dead"},
        "SELECT state, reason FROM outbox WHERE people LIKE :kim AND kind = 'greeting'",
        kim=f"%{kim.id}%",
    )
    assert row["reason"].startswith("app_uninstalled")


async def test_a_button_in_a_shared_channel_belongs_to_where_it_came_from(s: Shared) -> None:
    one, two = await s.place("One"), await s.place("Two")
    await one.open()
    await two.open()
    one.workspace.connect(one.hall, two.workspace)
    one.workspace.admit(one.hall, two.ada)
    form = await (await one.ada.command(one.hall, "/shoutout")).view()
    await one.ada.submit(form, {"To": one.lead, "What for?": "You stayed late to find the fault."})
    thanks = await one.lead.sees("You stayed late", one.hall)
    await two.ada.click(thanks, "Me too")
    await s.slack.until(lambda: two.ada.modals or two.ada.ephemerals or "2" in thanks.shown)
    await s.settled()
    pressed = await s.rows("SELECT space FROM member WHERE key LIKE :ada", ada=f"%:{two.ada.id}")
    assert one.space in {row["space"] for row in pressed}
    # what somebody asks of their own workspace's Kith there, that one answers
    asked = await two.ada.command(one.hall, "/kith", "me")
    assert "Your page" in (await asked.message()).shown


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_slack_tells_late_twice_and_in_any_order_the_truth_is_kept(
    s: Shared, seed: int
) -> None:
    rng = random.Random(seed)
    places = [await s.place(name) for name in ("One", "Two", "Three")]
    s.slack.delivery.hold()
    for _ in range(8):
        place = rng.choice(places)
        installed = place.workspace.installation.active
        acts = ["uninstall", "revoke", "install"] if installed else ["install"]
        match rng.choice(acts):
            case "uninstall":
                order = ["tokens_revoked", "app_uninstalled"]
                rng.shuffle(order)
                place.workspace.uninstall(tuple(order[: rng.randint(1, 2)]))
            case "revoke":
                place.workspace.revoke()
            case "install":
                await s.browser().install(place.lead)
    s.slack.delivery.release(shuffle=rng, copies=(1, 3), new_ids=True)
    await s.slack.quiet()
    for place in places:
        alive = any(token.kind == "bot" and not token.dead for token in place.workspace.installation.tokens)
        row = await s.row(place)
        assert (row["state"] == "installed") is alive, place.workspace
        assert (row["access_token"] is not None) is alive
        await s.sees(
            lambda rows, alive=alive: (rows[0]["lost_at"] is None) is alive,
            "SELECT lost_at FROM space WHERE key = :key",
            key=place.space,
        )


@pytest.mark.parametrize("place", ["first", "second", "none"])
async def test_an_event_is_for_the_workspace_that_it_is_authorised_for(s: Shared, place: str) -> None:
    one, two = await s.place("One"), await s.place("Two")
    await one.open()
    await two.open()
    kim = one.workspace.member("Kim")
    ours, strange = {"team_id": one.workspace.id}, {"team_id": "T0NOWHERE"}
    organisation = {"team_id": None, "enterprise_id": "E1", "is_enterprise_install": True}
    authorizations = {"first": [ours, strange], "second": [strange, ours], "none": [organisation]}[place]
    s.slack.delivery.event(
        {
            "type": "event_callback",
            "team_id": one.workspace.id if place == "none" else "T0NOWHERE",
            "authorizations": authorizations,
            "event": {"type": "team_join", "user": kim.as_json(), "event_ts": s.slack.new_ts()},
        }
    )
    await one.lead.sees(f"<@{kim.id}>", one.hall)
    assert not [message for message in two.hall.live if kim.id in message.shown]


async def test_a_persons_own_token_that_is_revoked_ends_nothing(s: Shared) -> None:
    one = await s.place("One")
    await one.open()
    s.slack.acts.revoke(one.workspace, bot=False)
    await s.settled()
    assert (await s.row(one))["state"] == "installed"
    await one.greets("Kim")


async def test_many_whose_tokens_ended_while_kith_was_down_are_all_met_again(s: Shared) -> None:
    places = [await s.place(f"Place {number}") for number in range(AT_ONCE + 2)]
    await s.stop()
    s.slack.clock.advance(12 * 3_600 + 1)
    await s.start()
    await s.sees(
        lambda rows: len(rows) == len(places),
        "SELECT team FROM slack_install WHERE version = 2 AND state = 'installed'",
    )
    await places[-1].open()
    await places[-1].greets("Kim")


async def test_a_workspace_that_was_connected_by_its_token_goes_on_where_it_was(s: Shared) -> None:
    place = Place(s.slack, "One")
    place.workspace.install()
    place.workspace.channel("hall", place.workspace.bot)
    await s.stop()
    shared_config = s.config()
    alone = shared_config.model_copy(
        update={
            "slack": Slack(
                bot_token=SecretStr(place.workspace.bot_token),
                signing_secret=shared_config.slack.signing_secret,
                api=shared_config.slack.api,
            )
        }
    )
    async with app.running(alone) as running:
        s.slack.app.request_url = f"{running.listening}/slack/events"
        platform = running.core.platforms["slack"]
        assert isinstance(platform, SlackPlatform)
        await platform.connected()
        await place.open()
        await place.greets("Kim")
    await s.start()
    await s.install(place)
    await place.greets("Lou")
