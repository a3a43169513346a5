"""The measurement of schedules runs and counts what it fires."""

from __future__ import annotations

import pytest

from bench import schedules


async def test_the_measurement_runs() -> None:
    said: list[str] = []
    results = await schedules.run(few=5, many=40, rounds=2, say=said.append)
    assert [(row["what"], row["stored"], row["due"]) for row in results] == [
        (what, stored, due)
        for stored in (5, 40)
        for what, due in (("first look", 0), *(("wake-up", due) for due in schedules.DUE))
    ]
    assert len(said) == 2 * (2 + len(schedules.DUE))
    assert len(schedules.table(results).splitlines()) == 1 + len(results)


async def test_it_fails_when_something_did_not_fire(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing(self: schedules.Bench) -> tuple[float, float]:
        return 0.0, 0.0

    monkeypatch.setattr(schedules.Bench, "look", nothing)
    with pytest.raises(AssertionError, match="0 ticks instead of 2"):
        await schedules.run(few=1, many=2, rounds=2)
