"""The budget is never exceeded, whatever is asked of it, and nothing waits longer than its kind may."""

from __future__ import annotations

import random
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.attention import (
    CHANNEL_BUDGET,
    DAY,
    LONGEST_WAIT,
    PERSON_BUDGET,
    Admitted,
    Attention,
    Budget,
    Dropped,
    Folded,
    admit,
    earliest,
    has_room,
)
from storage.port import Engine, Tx
from storage.repos import attention as repo


def within(taken: Sequence[int], budgets: Sequence[Budget]) -> bool:
    return all(
        sum(at - budget.window < other <= at for other in taken) <= budget.most
        for budget in budgets
        for at in taken
    )


@given(st.lists(st.integers(0, 3 * DAY), max_size=30), st.sampled_from((CHANNEL_BUDGET, PERSON_BUDGET)))
@settings(max_examples=200)
def test_the_first_free_place_keeps_every_budget(gaps: list[int], budgets: tuple[Budget, ...]) -> None:
    now, taken = 0, list[int]()
    for gap in gaps:
        now += gap
        taken.append(earliest(taken, budgets, now))
        assert taken[-1] >= now
        assert within(taken, budgets)


async def test_random_weeks_of_messages(host_engine: Engine) -> None:
    rng = random.Random(7)
    for community in range(1, 5):
        person = community % 2 == 0

        async def week(tx: Tx, community: int = community, person: bool = person) -> None:
            now, waiting = 0, dict[str, int]()
            for number in range(60):
                now += rng.randrange(DAY // 2)
                kind = rng.choice(list(Attention))
                room = await has_room(tx, community=community, target="t", kind=kind, now=now)
                verdict = await admit(
                    tx,
                    community=community,
                    target="t",
                    person=person,
                    kind=kind,
                    intent=f"k{number}",
                    now=now,
                )
                if not person:
                    assert room == isinstance(verdict, Admitted | Folded)
                match verdict:
                    case Admitted(at=at):
                        assert now <= at <= now + LONGEST_WAIT[kind]
                        waiting[f"k{number}"] = at
                    case Folded(into=into):
                        assert kind is Attention.NEWS
                        assert waiting[into] > now
                    case Dropped():
                        assert person or kind is not Attention.GREETING
            taken = await repo.times(tx, community, "t", -1)
            assert within(taken, PERSON_BUDGET if person else CHANNEL_BUDGET)

        await host_engine.unit(community, week)


async def test_each_target_and_each_community_has_its_own(host_engine: Engine) -> None:
    async def work(tx: Tx) -> list[object]:
        return [
            await admit(
                tx, community=community, target=target, person=True, kind=Attention.NUDGE, intent="k", now=0
            )
            for community in (1, 2)
            for target in ("a", "b")
        ]

    assert await host_engine.unit(1, work) == [Admitted(0)] * 4


async def test_what_was_long_ago_is_pruned(host_engine: Engine) -> None:
    async def work(tx: Tx) -> list[int]:
        for at in (1, 5, 9):
            await repo.add(tx, community=1, target="t", at=at, intent=f"k{at}", kind="news")
        await repo.prune(tx, 5)
        return await repo.times(tx, 1, "t", 0)

    assert await host_engine.unit(1, work) == [5, 9]
