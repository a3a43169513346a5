"""The bench of a greeting: both sides leave the same rows, and it notices a greeting that did not come."""

from pathlib import Path

import pytest

from bench import greeting


async def test_it_compares_the_host_with_its_statements() -> None:
    results = await greeting.run(greetings=40, rounds=1)
    assert [row["what"] for row in results] == ["host", "its statements alone"]
    assert all(row["greetings_per_second"] > 0 and row["cpu_us"] > 0 for row in results)
    assert all(row["what"] in greeting.table(results) for row in results)


async def test_a_greeting_that_did_not_come_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(greeting, "SPACES", 3)
    with pytest.raises(AssertionError, match="3 came in and 0 were greeted"):
        await greeting.hosted(tmp_path / "closed.db", 0)
