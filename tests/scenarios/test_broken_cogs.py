"""A cog that fails, a third party's too, never stops the others or the start."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot.model.events import Completion
from bot.model.roles import Actor
from bot.testing import BUILT_IN, Town
from tests.scenarios.harness import Towns

pytestmark = pytest.mark.one_look

SAMPLES = "tests.cogs.samples"
THANKS = "/shoutout @Jo for carrying the bench up all those stairs"


@pytest_asyncio.fixture
async def wild(towns: Towns) -> AsyncIterator[Town]:
    """A town with a cog of which every part breaks."""
    async with towns(cogs=[f"{SAMPLES}.reckless", *BUILT_IN]) as made:
        yield made


@pytest.mark.parametrize(
    ("module", "problem"),
    [
        (f"{SAMPLES}.fails_at_import", "ValueError: not today"),
        (f"{SAMPLES}.leaves_at_import", "SystemExit"),
        (f"{SAMPLES}.nowhere", "No module named"),
        (f"{SAMPLES}.empty", "should hold one Cog, it has 0"),
        (f"{SAMPLES}.unfinished", "Unfinished lacks export and forget"),
        (f"{SAMPLES}.bad_migration", "could not be applied"),
        ("cogs.kindness", "there is another cog called kindness"),
    ],
)
async def test_what_can_not_be_used_is_named_and_the_others_go_on(
    towns: Towns, module: str, problem: str
) -> None:
    async with towns(cogs=[*BUILT_IN, module]) as shed:
        (fault,) = shed.core.registry.faults
        assert problem in fault.problem
        await shed.as_("Mina").types(THANKS)
        await shed.hears("#wall", "Mina thanks Jo")
        await shed.newcomer("Robin")
        await shed.hears("#hello", "Hello Robin")


@pytest.mark.parametrize("command", ["raises", "sleeps", "leaves", "asks", "digs", "binds"])
async def test_a_handler_that_breaks_is_told_kindly_and_undone(wild: Town, command: str) -> None:
    priya = wild.as_("Priya")
    await priya.types(f"/reckless {command}")
    await priya.hears_privately("Something went wrong on my side, not yours")
    await wild.silence()
    (space,) = await wild.rows("SELECT name FROM space")
    assert space["name"] == "The Shed"
    (fault,) = await wild.rows("SELECT cog, handler, error FROM failure")
    assert (fault["cog"], fault["handler"]) == ("reckless", command)
    assert "secret words" not in fault["error"]
    await wild.as_("Mina").types(THANKS)
    await wild.hears("#wall", "Mina thanks Jo")


async def test_another_listener_of_the_same_event_is_not_disturbed(wild: Town) -> None:
    await wild.newcomer("Robin")
    await wild.hears("#hello", "Hello Robin")
    await wild.silence()


async def test_a_completer_that_breaks_offers_nothing(wild: Town) -> None:
    offered = await wild.core.complete(
        Completion(
            space=wild.space,
            actor=Actor(wild.as_("Priya").member),
            path=("reckless", "completes"),
            option="which",
            typed="x",
        )
    )
    assert list(offered) == []


async def test_previews_of_the_others_are_shown(wild: Town) -> None:
    await wild.as_("Amara").types("/kith-admin preview")
    await wild.as_("Amara").hears_privately("Hello Amara")


async def test_ones_page_names_what_could_not_tell(wild: Town) -> None:
    priya = wild.as_("Priya")
    await priya.types(THANKS)
    await priya.types("/kith me")
    await priya.presses("Show everything")
    await priya.hears_privately("Thanks you gave (1)", "reckless could not tell")


async def test_the_others_forget_though_one_does_not(wild: Town) -> None:
    priya = wild.as_("Priya")
    await priya.types(THANKS)
    await wild.hears("#wall", "Priya thanks Jo")
    await priya.types("/kith me")
    await priya.presses("Forget me")
    await priya.presses("Yes, forget me")
    await priya.hears_privately("Nearly done, but reckless could not forget you")
    assert await wild.rows("SELECT * FROM kindness_thanks WHERE giver = :key", key=priya.member.key) == []
    await wild.silence()
