"""The benchmark of Slack runs, and Kith loses nothing in it."""

from __future__ import annotations

from bench import slack


async def test_kith_can_be_measured() -> None:
    rows = await slack.run(events=60, commands=5, seconds=1, each=2, contenders=("kith",))
    (row,) = rows
    assert (row["lost"], row["lost_at_1_per_s"]) == (0, 0)
    assert row["events_per_s"] > 0
    assert "kith" in slack.table(rows)
