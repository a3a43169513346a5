"""Forms of several pages with all of Kith behind them: kept over restarts, mended, nobody else's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.housekeeping import DAY, DRAFTS_DAYS, tidy
from bot.testing import BUILT_IN
from tests.discord.home import Home, home
from tests.fakes.discord import Interaction

WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
FIRST, SECOND, THIRD = WORDS[:2], WORDS[2:7], WORDS[7:]
TOLD = "aa, bb, cc, dd, ee, ff, gg, hh, ii, jj"
ANSWERS = dict(zip(WORDS, TOLD.split(", "), strict=True))


@pytest_asyncio.fixture
async def h(tmp_path: Path) -> AsyncIterator[Home]:
    async with home(tmp_path, cogs=(*BUILT_IN, "tests.cogs.samples.survey")) as made:
        yield made
        assert made.fake.crashes == []


def page(*names: str, **more: object) -> dict[str, object]:
    return {**{name.capitalize(): ANSWERS[name] for name in names}, **more}


async def first_page(h: Home) -> Interaction:
    """Ada fills in the first page; what she is answered."""
    used = await h.ada.slash("survey", channel=h.wall)
    await used.answered()
    assert used.modal is not None
    assert used.modal.title.endswith("(1 of 3)")
    sent = await h.ada.submit(used.modal, page(*FIRST, Whom=h.mina, Place=h.hall))
    return await sent.answered()


async def opened(h: Home, before: Interaction, label: str = "Next") -> Interaction:
    assert before.response is not None
    return await (await h.ada.click(before.response, label)).answered()


async def filled(h: Home, shown: Interaction, *names: str, **more: object) -> Interaction:
    assert shown.modal is not None
    return await (await h.ada.submit(shown.modal, page(*names, **more))).answered()


async def drafts(h: Home) -> int:
    async def count(tx: Any) -> int:
        row = await tx.one("SELECT COUNT(*) AS count FROM draft")
        return int(row["count"])

    assert h.core is not None
    return await h.core.engine.read(count)


async def test_pages_survive_restarts_and_leave_nothing_behind(h: Home) -> None:
    first = await first_page(h)
    await h.restart()
    second = await filled(h, await opened(h, first), *SECOND)
    await h.restart()
    third = await opened(h, second)
    await h.restart()
    done = await filled(h, third, *THIRD)
    assert f"<@{h.mina.id}> in <#{h.hall.id}>: {TOLD}" in done.text
    async with asyncio.timeout(10):
        while await drafts(h):
            await asyncio.to_thread(lambda: None)


async def test_going_back_after_a_restart_shows_what_was_filled_in(h: Home) -> None:
    first = await first_page(h)
    await filled(h, await opened(h, first), *SECOND)
    await h.restart()
    again = await opened(h, first)
    assert again.modal is not None
    assert again.modal.field("Four").component["value"] == "dd"


async def test_a_mistake_on_a_page_is_mended_after_a_restart(h: Home) -> None:
    first = await first_page(h)
    second = await filled(h, await opened(h, first), *SECOND, Seven="x")
    wrong = await filled(h, await opened(h, second), *THIRD)
    assert "Seven" in wrong.text
    await h.restart()
    mending = await opened(h, wrong, "Fix it")
    assert mending.modal is not None
    assert mending.modal.title.endswith("(2 of 3)")
    third = await filled(h, mending, Seven="gg")
    last = await opened(h, third)
    assert last.modal is not None
    done = await (await h.ada.submit(last.modal, {})).answered()
    assert TOLD in done.text


@pytest.mark.parametrize("body", ['[{"$":"Later"},[]]', "{", '[{"$":"Form"},[1]]'])
async def test_a_form_that_another_version_kept_is_begun_anew(h: Home, body: str) -> None:
    first = await first_page(h)
    assert h.core is not None
    await h.core.engine.unit(0, lambda tx: tx.run("UPDATE draft SET body = :body", {"body": body}))
    assert "too old" in (await opened(h, first)).text


async def test_a_page_is_nobody_elses(h: Home) -> None:
    first = await first_page(h)
    assert first.response is not None
    stolen = await h.mina.forge_click(first.response, first.response.buttons[0]["custom_id"])
    await stolen.answered()
    assert "too old" in stolen.text
    assert await drafts(h) == 1


@pytest.mark.parametrize(
    "custom_id",
    [
        "~form:",
        "~form:open",
        "~form:open:1:0",
        "~form:open:x:0",
        f"~form:open:{'9' * 60}:0",
        "~form:odd:1:-1",
    ],
)
async def test_a_forged_page_does_nothing(h: Home, custom_id: str) -> None:
    first = await first_page(h)
    assert first.response is not None
    forged = await (await h.ada.forge_click(first.response, custom_id)).answered()
    assert "too old" in forged.text


async def test_a_page_of_a_form_that_is_over_says_so(h: Home) -> None:
    first = await first_page(h)
    second = await opened(h, first)
    assert h.core is not None
    await tidy(h.core.engine, h.core.clock.now() + (DRAFTS_DAYS + 1) * DAY)
    assert second.modal is not None
    late = await (await h.ada.submit(second.modal, page(*SECOND))).answered()
    assert "too old" in late.text


async def test_a_form_sent_twice_counts_once(h: Home) -> None:
    first = await first_page(h)
    second = await filled(h, await opened(h, first), *SECOND)
    one, other = await opened(h, second), await opened(h, second)
    assert TOLD in (await filled(h, one, *THIRD)).text
    again = await filled(h, other, *THIRD)
    assert TOLD not in again.text
    assert "sent already" in again.text or "too old" in again.text


async def test_a_page_that_can_not_be_kept_is_said_at_once(h: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await first_page(h)
    shown = await opened(h, first)
    assert h.core is not None

    async def fails(*_: object) -> int:
        raise OSError("disk")

    with monkeypatch.context() as patch:
        patch.setattr(h.core.drafts, "keep", fails)
        failed = await filled(h, shown, *SECOND)
    assert "nothing was done" in failed.text
    second = await filled(h, await opened(h, first), *SECOND)
    assert "2 of 3" in second.text


async def test_a_page_that_comes_late_is_opened_by_a_button(h: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """A form must be the first answer; where the storage is slow, a button comes instead."""
    first = await first_page(h)
    assert h.core is not None
    assert first.response is not None
    go = asyncio.Event()
    get = h.core.drafts.get

    async def slow(*arguments: Any) -> object:
        await go.wait()
        return await get(*arguments)

    monkeypatch.setattr(h.core.drafts, "get", slow)
    pressed = await h.ada.click(first.response, "Next")
    await pressed.deferred()
    go.set()
    await h.fake.until(lambda: pressed.followups)
    shown = await (await h.ada.click(pressed.followups[0], "Open form")).answered()
    assert shown.modal is not None
    assert shown.modal.title.endswith("(2 of 3)")


async def test_what_was_begun_is_shown_to_its_person_and_forgotten_with_the_rest(h: Home) -> None:
    await first_page(h)
    page = await (await h.ada.slash("kith me", channel=h.wall)).answered()
    assert page.response is not None
    await (await h.ada.click(page.response, "Show everything")).answered()
    await h.settled()
    assert any("Forms you began" in message.text for message in h.ada.sees(h.wall))
    asked = await (await h.ada.click(page.response, "Forget me")).answered()
    assert asked.response is not None
    await (await h.ada.click(asked.response, "Yes, forget me")).answered()
    await h.settled()
    assert await drafts(h) == 0
