"""The Home tab: what is next, one's thanks, preferences, quiet, one's data, and answers in their order."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from bot.model.content import Card, Section
from bot.model.outgoing import Answer, Post
from bot.model.text import T
from bot.platforms.slack.answers import Token, Way
from bot.platforms.slack.home import MOST
from tests.fakes.slack import Person, Refuse
from tests.slack.home import Home, home
from tests.slack.stage import SlackStage, staged

WHY = "She stayed late to help me find the fault."


@pytest_asyncio.fixture
async def h(tmp_path: Path) -> AsyncIterator[Home]:
    settings = {"kindness": {"story": "every Friday at 16:00"}}
    async with home(tmp_path, defaults=settings) as made:
        yield made


@pytest_asyncio.fixture
async def stage() -> AsyncIterator[SlackStage]:
    async with staged() as made:
        yield made


async def page(h: Home, who: Person, words: str) -> str:
    """The Home tab of somebody once it holds these words."""
    await h.slack.until(lambda: who.home is not None and words in who.home.shown)
    assert who.home is not None
    return who.home.shown


async def test_the_page_tells_what_is_next_and_who_thanked_one(h: Home) -> None:
    await h.mina.open_home()
    first = await page(h, h.mina, "What's next here")
    assert "Tell the week's thanks again" in first
    assert "None yet. /shoutout thanks somebody" in first
    for words in ("Quiet", "People you want to hear nothing of", "What I keep about you"):
        assert words in first
    await h.ada.command(h.hall, "/shoutout", h.mina, f" {WHY}")
    await h.mina.sees(WHY)
    await h.mina.command(h.hall, "/shoutout", h.robin, " For the cake on Friday.")
    await h.robin.sees("the cake on Friday")
    await h.mina.open_home()
    second = await page(h, h.mina, WHY)
    assert "Ada thanks you" in second
    assert "You gave one shout-out" in second
    assert second.index("What's next here") < second.index("Your thanks") < second.index("Quiet")


async def test_nothing_of_those_one_wants_to_hear_nothing_of(h: Home) -> None:
    await h.ada.command(h.hall, "/shoutout", h.mina, f" {WHY}")
    await h.mina.sees(WHY)
    await h.mina.open_home()
    await page(h, h.mina, "Ada thanks you")
    assert h.mina.home is not None
    form = await (await h.mina.click(h.mina.home, "Keep someone away")).view()
    await h.mina.submit(form, {"Who": h.ada})
    await page(h, h.mina, "They are not told")
    await h.mina.click(h.mina.home, "My Kith")
    assert "Ada" not in await page(h, h.mina, "One person. You hear")


async def test_a_paused_kith_plans_nothing(h: Home) -> None:
    await h.kith(h.robin, "mod pause")
    await h.mina.open_home()
    assert "Nothing is planned at the moment." in await page(h, h.mina, "What's next here")


async def test_ones_data_is_shown_taken_along_and_gone_from_the_page(h: Home) -> None:
    for number in range(3):
        await h.ada.command(h.hall, "/kith", f"feedback Evening {number} was lovely. {'Truly. ' * 150}")
    await h.settled()
    await h.ada.open_home()
    await page(h, h.ada, "Your page")
    assert h.ada.home is not None
    await h.ada.click(h.ada.home, "Show everything")
    await page(h, h.ada, "Feedback you gave (3)")
    await h.ada.click(h.ada.home, "Take it along")
    whole = await page(h, h.ada, "Evening 2")
    assert "Evening 0" in whole
    await h.ada.click(h.ada.home, "My Kith")
    await page(h, h.ada, "Your page")
    await h.ada.click(h.ada.home, "Forget me")
    await page(h, h.ada, "This can't be undone")
    await h.ada.click(h.ada.home, "Yes, forget me")
    assert "Evening" not in await page(h, h.ada, "Done. I know nothing of you")


# -- answers on the tab -------------------------------------------------------------------------------------


def answer(stage: SlackStage, key: str, nonce: str, words: str) -> Post:
    to = Answer(str(Token(Way.HOME, nonce)), stage.mina, None)
    return Post(key, to, Card(T("{words}", words=words), sections=(Section("more"),)))


async def test_the_parts_of_an_answer_stand_together_and_an_older_one_takes_no_place(
    stage: SlackStage,
) -> None:
    mina = stage.who(stage.mina)
    await stage.platform.deliver(answer(stage, "k1", "1700000002.000100", "Part one"))
    await stage.platform.deliver(answer(stage, "k1/2", "1700000002.000100", "Part two"))
    assert mina.home is not None
    assert mina.home.shown.index("Part one") < mina.home.shown.index("Part two")
    await stage.platform.deliver(answer(stage, "k0", "1700000001.000100", "Late"))
    assert "Late" not in mina.home.shown
    assert "Late" in mina.dm_channel.last.shown
    await stage.platform.deliver(answer(stage, "k3", "1700000003.000100", "Next"))
    assert "Part" not in mina.home.shown


async def test_more_than_a_view_can_hold_goes_on_in_a_private_message(stage: SlackStage) -> None:
    mina = stage.who(stage.mina)
    count = MOST // 2
    for number in range(count + 1):
        await stage.platform.deliver(answer(stage, f"k{number}", "1700000002.000100", f"Part {number}"))
    assert mina.home is not None
    assert f"Part {count - 1}" in mina.home.shown
    assert [one.text for one in mina.dm_channel.live] == [f"Part {count}\nmore"]


async def test_without_a_home_tab_the_answer_is_a_private_message(stage: SlackStage) -> None:
    stage.slack.faults.add(Refuse("not_enabled"), "views.publish")
    await stage.platform.deliver(answer(stage, "k1", "1700000002.000100", "Hello"))
    assert "Hello" in stage.who(stage.mina).dm_channel.last.text
