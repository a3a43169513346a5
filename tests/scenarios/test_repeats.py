"""Every event told 1 to 5 times, among older ones, all at once: nothing happens twice."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from bot.model.content import Form
from bot.model.events import Event
from bot.testing import Town
from tests.engines import PostgresServer
from tests.scenarios.harness import opened

TABLES = (
    "member",
    "preference",
    "block",
    "setting",
    "log",
    "attention",
    "failure",
    "feedback",
    "schedule",
    "timer",
    "outbox",
    "welcome_greeting",
    "kindness_thanks",
    "kindness_me_too",
    "knowledge_snippet",
)


class Storm:
    """Hands every event over several times, with older ones in between, all at the same time."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.told: list[Any] = []

    def around(self, take: Callable[[Any], Awaitable[Any]]) -> Callable[[Any], Awaitable[Any]]:
        async def accept(event: Any) -> Any:
            again = self.random.choices(self.told, k=3) if self.told else []
            copies = [event] * self.random.randint(1, 5) + [one for one in again if self._same(one, event)]
            self.random.shuffle(copies)
            self.told.append(event)
            answers = await asyncio.gather(*(take(one) for one in copies))
            forms = [form for one, form in zip(copies, answers, strict=True) if one is event and form]
            return forms[0] if forms else None

        return accept

    @staticmethod
    def _same(one: Any, other: Any) -> bool:
        return isinstance(one, Event) == isinstance(other, Event)

    async def again(self, takes: Mapping[bool, Callable[[Any], Awaitable[Any]]]) -> None:
        """Everything once more, shuffled."""
        copies = [one for one in self.told for _ in range(self.random.randint(1, 5))]
        self.random.shuffle(copies)
        await asyncio.gather(*(takes[isinstance(one, Event)](one) for one in copies))


async def a_week(shed: Town) -> None:
    """Something of everything that a community does."""
    mina, jo, priya = shed.as_("Mina"), shed.as_("Jo"), shed.as_("Priya")
    amara, soren = shed.as_("Amara"), shed.as_("Søren")
    robin = await shed.newcomer("Robin")
    kim = await shed.newcomer("Kim")
    await mina.types("/shoutout @Jo")
    await mina.fills(why="for carrying the bench")
    await priya.types("/shoutout @Mina for the list of shops that she wrote")
    await robin.types("/shoutout @Priya for the very warm welcome")
    await soren.presses("Me too")
    await kim.presses("Me too")
    await jo.types("I fixed the lathe, it was the bolt.")
    await kim.uses("Thank for this", message="fixed the lathe")
    await kim.fills(why="for the quiet lathe since")
    await mina.types("/curate add Oil the hinge before you plane the door.")
    await mina.types("/curate drop")
    await priya.types("/kith feedback the evenings are too loud")
    await amara.types("/kith-admin settings kindness")
    await amara.fills(daily="3")
    await kim.leaves()
    await kim.comes_back()
    await jo.types("/kith-mod pause in 1 hour")
    await shed.passes(hours=2)
    await soren.types("/kith me")
    await soren.presses("Keep someone away")
    await soren.fills(who="@Robin")
    await shed.travels_to("Friday 16:00")
    await mina.types("/curate remove 1")
    await mina.presses("Take it out")
    await robin.types("/kith me")
    await robin.presses("Forget me")
    await robin.presses("Yes, forget me")


async def outcome(shed: Town) -> tuple[Counter[str], Counter[str]]:
    """What stands in the room, and how many rows there are of each kind."""
    await shed.settled()
    said = Counter(one.text for one in shed.said())
    rows = Counter({name: (await shed.rows(f"SELECT COUNT(*) AS n FROM {name}"))[0]["n"] for name in TABLES})
    states: Sequence[dict[str, Any]] = await shed.rows("SELECT state FROM outbox")
    return said, rows + Counter(f"outbox {row['state']}" for row in states)


async def calm(where: str, folder: Path) -> tuple[Counter[str], Counter[str]]:
    folder.mkdir()
    async with opened(where, folder) as towns, towns() as shed:
        await a_week(shed)
        return await outcome(shed)


@pytest.mark.parametrize(
    ("where", "engine", "seed"),
    [
        ("room-discord", "sqlite", 1),
        ("room-slack", "sqlite", 2),
        ("room-plain", "sqlite", 3),
        ("room-discord", "postgres", 4),
        ("discord", "sqlite", 5),
        ("slack", "sqlite", 6),
    ],
)
async def test_nothing_happens_twice(
    tmp_path: Path, request: pytest.FixtureRequest, where: str, engine: str, seed: int
) -> None:
    expected = await calm(where, tmp_path / "calm")
    url: str | None = None
    if engine == "postgres":
        server: PostgresServer = request.getfixturevalue("postgres")
        url = await server.fresh(None)
    storm = Storm(seed)
    async with opened(where, tmp_path) as towns, towns(database=url) as shed:
        accept: Callable[[Event], Awaitable[Form | None]] = shed.core.router.accept
        due = shed.core.scheduler._accept
        shed.core.router.accept = storm.around(accept)  # type: ignore[method-assign]
        shed.core.scheduler._accept = storm.around(due)
        await a_week(shed)
        assert await outcome(shed) == expected
        await storm.again({True: accept, False: due})
        assert await outcome(shed) == expected
