"""From what a handler said to what leaves: folding, long posts and their changes, timers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.model.content import Button, Card, Section, Table
from bot.model.ids import Member
from bot.model.text import T, people, plain_text
from bot.staging import all_words, folded, hush
from bot.testing import RoomTown, town


@pytest_asyncio.fixture
async def shed(tmp_path: Path) -> AsyncIterator[RoomTown]:
    async with town(tmp_path, cogs=["tests.cogs.samples.herald"], settings={}) as made:
        yield made


async def says(shed: RoomTown, what: str) -> None:
    await shed.as_("Priya").types(f"say {what}")


def test_folding_keeps_every_word_and_button() -> None:
    press, other = Button("Press", "a"), Button("Other", "b")
    first = Card(T("First"), "one", buttons=(press,), footer="below")
    second = Card(T("Second"), None, sections=(Section("two"),), buttons=(other,))
    card = folded(folded("plain", first), folded(second, "last"))
    texts = [section.text for section in card.sections]
    assert card.body == "plain"
    assert texts[0] == "one"
    assert {"two", "last"} <= {text for text in texts if isinstance(text, str)}
    assert card.buttons == (press, other)


def test_a_table_is_folded_in_as_words_and_who_stands_in_it_is_named() -> None:
    who = Member("local:shed", "u1", "Mina")
    table = Card("Turns", table=Table(("Who", "When"), ((T("{who}", who=who), "Monday"),)))
    assert people(*all_words(table)) == (who,)
    first, second = folded(table, table).sections
    assert (first.heading, plain_text(second.text)) == ("Turns", "Mina · Monday")
    assert folded(table, table).table == table.table


@pytest.mark.parametrize(
    ("live", "until", "topic"),
    [
        (None, None, "setup"),
        (1, None, None),
        (1, 5, None),
        (1, 50, "pause"),
        (None, 50, "setup"),
        (1, 2**62, "pause"),
    ],
)
def test_when_a_space_is_silent(live: int | None, until: int | None, topic: str | None) -> None:
    found = hush({"live_since": live, "paused_until": until, "lost_at": None}, 10)  # type: ignore[arg-type]
    assert (found.topic if found else None) == topic


async def test_a_long_post_goes_on_and_is_changed_as_one(shed: RoomTown) -> None:
    await says(shed, "long: lorem")
    assert len(shed.said("#general")) > 1
    assert sum(one.text.count("lorem") for one in shed.said("#general")) == 900
    await says(shed, "edit: short")
    assert [one.text for one in shed.said("#general")] == ["short"]
    await says(shed, "delete: it")
    assert shed.said("#general") == []


async def test_a_long_post_is_taken_back_as_one(shed: RoomTown) -> None:
    await says(shed, "long: lorem")
    await says(shed, "delete: it")
    assert shed.said("#general") == []
    await says(shed, "edit: too late")
    assert shed.said("#general") == []


async def test_timers_come_once_and_can_be_moved_or_called_off(shed: RoomTown) -> None:
    await says(shed, "later: tea")
    await shed.passes(minutes=30)
    await says(shed, "later: tea")
    await says(shed, "later: cake")
    await says(shed, "never: cake")
    await says(shed, "never: anything")
    await shed.passes(minutes=31)
    await shed.silence("#general")
    await shed.passes(minutes=30)
    await shed.hears("#general", "tea")
    await shed.passes(days=3)
    await shed.silence("#general")


async def test_a_timer_lasts_over_a_restart(tmp_path: Path) -> None:
    cogs = ["tests.cogs.samples.herald"]
    async with town(tmp_path, cogs=cogs, settings={}) as shed:
        await says(shed, "later: tea")
    async with town(tmp_path, cogs=cogs, settings={}, clock=shed.clock) as again:
        await again.passes(hours=1)
        await again.hears("#general", "tea")


async def test_timers_of_cogs_that_are_gone_or_can_not_be_read_end_quietly(tmp_path: Path) -> None:
    async with town(tmp_path, cogs=["tests.cogs.samples.herald"], settings={}) as shed:
        await says(shed, "later: tea")
        await says(shed, "later: cake")
        await shed.core.engine.unit(
            0, lambda tx: tx.run("UPDATE timer SET args = '{\"args\":\"{\"}' WHERE key LIKE '%cake'")
        )
        await shed.passes(hours=1)
        await shed.hears("#general", "tea")
        await shed.silence("#general")
        assert await shed.rows("SELECT * FROM timer") == []
        await says(shed, "later: soup")
    async with town(tmp_path, cogs=[], settings={}, clock=shed.clock) as again:
        await again.passes(hours=1)
        assert await again.rows("SELECT * FROM timer") == []
