"""What the router promises platforms: stored or refused, never half, never for ever."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from bot.model.events import CommandUsed, Completion, MemberJoined, MessagePosted
from bot.model.ids import Member, MessageRef, Space
from bot.model.roles import Actor, Role
from bot.model.rules import Daily, upcoming
from bot.model.ticks import ScheduleDue, ScheduleSkipped
from bot.router import NotStored
from bot.testing import MONDAY, RoomTown, town

MORNINGS = Daily(times=(time(9),))


@pytest_asyncio.fixture
async def shed(tmp_path: Path) -> AsyncIterator[RoomTown]:
    async with town(tmp_path) as made:
        yield made


def used(shed: RoomTown, **more: Any) -> CommandUsed:
    given: dict[str, Any] = {
        "id": "e1",
        "space": shed.platform.space,
        "at": MONDAY,
        "actor": shed.platform.translator.actor("u4"),
        "token": shed.room.ledger.begin("u4", shed.place("#general"), None, 900_000).id,
        "channel": shed.channel("#general"),
        "path": ("kith", "me"),
    }
    return CommandUsed(**{**given, **more})


async def test_when_the_storage_fails_the_event_is_not_done(shed: RoomTown) -> None:
    await shed.core.engine.close()
    with pytest.raises(NotStored):
        await shed.core.router.accept(used(shed))
    joined = MemberJoined(
        id="j", space=shed.platform.space, at=MONDAY, member=Member("local:shed", "k1", "Kim")
    )
    with pytest.raises(NotStored):
        await shed.core.router.accept(joined)


async def test_an_answer_comes_once_and_a_repetition_is_taken_silently(shed: RoomTown) -> None:
    event = used(shed)
    for _ in range(3):
        assert await shed.core.accept(event) is None
    await shed.settled()
    assert len([one for one in shed.as_("Priya").sees() if "Your page" in one.text]) == 1


async def test_a_refusal_stays_one_though_the_role_came_meanwhile(shed: RoomTown) -> None:
    refused = used(shed, path=("kith-mod", "pause"))
    await shed.core.accept(refused)
    await shed.as_("Priya").hears_privately("That is for moderators here")
    promoted = Actor(refused.actor.member, frozenset({Role.MODERATOR}))
    await shed.core.accept(used(shed, path=("kith-mod", "pause"), actor=promoted))
    await shed.newcomer("Robin")
    await shed.hears("#hello", "Robin")


async def test_an_interaction_without_a_channel_is_answered(shed: RoomTown) -> None:
    await shed.core.accept(used(shed, channel=None))
    await shed.as_("Priya").hears_privately("Your page")


async def test_what_nobody_listens_to_is_not_stored(shed: RoomTown) -> None:
    ada = Member("local:shed", "k9", "Ada")
    message = MessageRef(shed.channel("#general"), "m1")
    event = MessagePosted(
        id="m", space=shed.platform.space, at=MONDAY, member=ada, message=message, text="hi"
    )
    await shed.core.accept(event)
    assert await shed.rows("SELECT * FROM member WHERE key = 'local:shed:k9'") == []
    assert await shed.rows("SELECT * FROM mark WHERE event = 'm'") == []


async def test_a_space_never_seen_becomes_a_community_of_its_own(shed: RoomTown) -> None:
    other = Space("local", "other", "Other\x00 place")
    kim = Member(other.key, "k1", "Kim")
    await shed.core.accept(MemberJoined(id="j", space=other, at=MONDAY, member=kim))
    spaces = await shed.rows("SELECT key, community FROM space ORDER BY key")
    assert len({row["community"] for row in spaces}) == 2
    await shed.silence()


async def test_what_was_missed_is_one_line_in_the_log(shed: RoomTown) -> None:
    community = await shed.core.units.community(shed.platform.space)
    missed = ScheduleSkipped(
        schedule=1,
        community=community,
        space="local:shed",
        cog="knowledge",
        job="scheduled_drop",
        occurrences=tuple(upcoming(MORNINGS, ZoneInfo("UTC"), MONDAY, 3)),
    )
    for _ in range(3):
        await shed.core.router.skipped(missed)
    await shed.as_("Priya").types("/kith log")
    page = await shed.as_("Priya").hears_privately(
        "Skipped 3 times while Kith was away: Share the next snippet."
    )
    assert page.text.count("Skipped") == 1


async def test_a_tick_for_a_job_that_is_gone_is_let_go(shed: RoomTown) -> None:
    community = await shed.core.units.community(shed.platform.space)
    await shed.core.router.due(
        ScheduleDue(
            schedule=1,
            community=community,
            space="local:shed",
            cog="gone",
            job="digest",
            at=MONDAY,
            local="2026-09-28T09:00:00",
            rule=MORNINGS,
            set_by="",
            set_at=0,
        )
    )
    await shed.silence()


@pytest.mark.parametrize(
    ("path", "option"), [(("nothing",), "x"), (("kith", "help"), "nothing"), (("shoutout",), "to")]
)
async def test_completing_what_can_not_be_completed(
    shed: RoomTown, path: tuple[str, ...], option: str
) -> None:
    request = Completion(
        space=shed.platform.space,
        actor=shed.platform.translator.actor("u4"),
        path=path,
        option=option,
        typed="",
    )
    assert list(await shed.core.complete(request)) == []


@pytest.mark.parametrize(
    ("who", "offered"), [("u4", set()), ("u1", {"kith-admin settings", "kith-admin setup"})]
)
async def test_help_is_completed_with_what_one_may_use(shed: RoomTown, who: str, offered: set[str]) -> None:
    request = Completion(
        space=shed.platform.space,
        actor=shed.platform.translator.actor(who),
        path=("kith", "help"),
        option="command",
        typed="/kith-admin set",
    )
    assert {option.value for option in await shed.core.complete(request)} == offered
