"""The bench of units: it measures what it says, and its own check can fail."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bench import units


async def test_it_compares_three_ways_over_one_and_many_communities() -> None:
    results = await units.run(units=300, rounds=1)
    assert [(row["contender"], row["communities"]) for row in results] == [
        (contender.name, communities)
        for communities in (1, 100)
        for contender in (units.Kith, units.RawGroupCommit, units.StatementByStatement)
    ]
    assert all(row["units_per_second"] > 0 and row["cpu_us_per_unit"] > 0 for row in results)
    text = units.table(results)
    assert all(row["contender"] in text for row in results)


async def test_a_broken_bag_and_a_lost_unit_are_noticed(tmp_path: Path) -> None:
    file = tmp_path / "bench.db"
    contender = units.Kith()
    units.create(file)
    await contender.open(file)
    for event in range(units.SNIPPETS):
        await contender.unit(1, event)
    await contender.close()
    units.check(file, units.SNIPPETS)
    with pytest.raises(AssertionError, match="left 12 rows"):
        units.check(file, units.SNIPPETS + 1)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE post SET item = 0 WHERE id < 2")
        connection.commit()
    with pytest.raises(AssertionError, match="twice"):
        units.check(file, units.SNIPPETS)
