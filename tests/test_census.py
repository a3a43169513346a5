"""Joins and departures that nobody told of are found, each once, whatever else arrives meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from bot.census import Count
from bot.model.events import MemberJoined, MemberLeft
from bot.model.ids import Member
from bot.testing import MONDAY, SPACE, RoomTown, town


@pytest_asyncio.fixture
async def shed(tmp_path: Path) -> AsyncIterator[RoomTown]:
    async with town(tmp_path) as made:
        yield made


async def count(shed: RoomTown) -> Count:
    found = await shed.core.census.take(shed.platform, shed.platform.space)
    await shed.settled()
    return found


def sneaks_in(shed: RoomTown, ident: str, name: str) -> Member:
    """Somebody is there whom no event told of."""
    person = shed.room.add_person(ident, name)
    person.joined_at = shed.room.now()
    shed.room.keep_person(person)
    return shed.platform.translator.person(person)


async def test_the_first_look_greets_nobody(shed: RoomTown) -> None:
    assert await count(shed) == Count(7, 0, 0)
    await shed.silence()
    assert len(await shed.rows("SELECT * FROM member WHERE epoch = 1 AND left_at IS NULL")) == 7


async def test_who_came_unseen_is_greeted_once(shed: RoomTown) -> None:
    noor = sneaks_in(shed, "u90", "Noor")
    assert await count(shed) == Count(8, 1, 0)
    await shed.hears("#hello", "Noor")
    assert await count(shed) == Count(8, 0, 0)
    for number, at in enumerate((MONDAY, MONDAY - 5_000_000, None)):
        late = MemberJoined(
            id=f"late:{number}", space=shed.platform.space, at=MONDAY, member=noor, joined_at=at
        )
        await shed.core.accept(late)
    await shed.silence()


async def test_who_was_told_of_just_before_is_not_greeted_again(shed: RoomTown) -> None:
    noor = sneaks_in(shed, "u90", "Noor")
    told = MemberJoined(
        id="t", space=shed.platform.space, at=MONDAY, member=noor, joined_at=MONDAY - 3_600_000
    )
    # the census has found them new, but their own event is handled first
    await shed.core.accept(told)
    await shed.hears("#hello", "Noor")
    found = MemberJoined(id=f"census:{noor.key}:1", space=shed.platform.space, at=MONDAY, member=noor)
    await shed.core.accept(found)
    await shed.silence()


async def test_who_left_unseen_has_left(shed: RoomTown) -> None:
    robin = await shed.newcomer("Robin")
    await shed.hears("#hello", "Hello Robin")
    shed.room.people[robin.id].left_at = shed.room.now()
    await shed.passes(minutes=1)
    assert await count(shed) == Count(7, 0, 1)
    assert shed.said("#hello") == []
    again = MemberLeft(id="l", space=shed.platform.space, at=MONDAY, member=robin.member)
    await shed.core.accept(again)
    (row,) = await shed.rows("SELECT left_at FROM member WHERE key = :key", key=f"{SPACE}:{robin.id}")
    assert row["left_at"] is not None
    shed.room.people[robin.id].left_at = None
    await shed.passes(minutes=1)
    assert await count(shed) == Count(8, 1, 0)
    await shed.hears("#hello", "Robin")


async def test_many_are_read_in_passing(shed: RoomTown) -> None:
    for number in range(900):
        sneaks_in(shed, f"x{number}", f"Guest {number}")
    assert await count(shed) == Count(907, 900, 0)
    assert len(await shed.rows("SELECT * FROM member")) == 907
    assert await count(shed) == Count(907, 0, 0)
