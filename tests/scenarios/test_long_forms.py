"""A form of more questions than a platform shows at once is filled in all the same."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from bot.testing import Town
from tests.scenarios.harness import Towns

WORDS = {
    name: f"answer {name}"
    for name in ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
}
TOLD = "Jo in #wall: " + ", ".join(WORDS.values())


@pytest_asyncio.fixture
async def curious(towns: Towns) -> AsyncIterator[Town]:
    """A town with a cog that asks a dozen questions."""
    async with towns(cogs=["tests.cogs.samples.survey"], settings={}) as made:
        yield made


async def test_all_that_is_asked_is_told(curious: Town) -> None:
    priya = curious.as_("Priya")
    await priya.types("/survey")
    await priya.fills(whom="@Jo", place="#wall", **WORDS)
    await priya.hears_privately(TOLD)
    priya.is_asked_nothing()


async def test_what_was_given_is_not_asked_for_again(curious: Town) -> None:
    priya = curious.as_("Priya")
    await priya.types("/survey whom: @Jo place: #wall")
    assert priya.filled_in()["whom"] == curious.as_("Jo").id
    await priya.fills(**WORDS)
    await priya.hears_privately(TOLD)


async def test_a_mistake_is_mended_and_the_rest_kept(curious: Town) -> None:
    priya = curious.as_("Priya")
    await priya.types("/survey")
    await priya.fills(whom="@Jo", place="#wall", **WORDS | {"two": "x"})
    assert "at least 2" in priya.problems()["two"]
    await priya.fills(two="answer two")
    await priya.hears_privately(TOLD)
