"""The benchmarks of Slack run; in them Kith loses nothing, doubles nothing and acknowledges everything."""

from __future__ import annotations

from bench import slack, slack_burst


async def test_kith_can_be_measured() -> None:
    rows = await slack.run(events=60, commands=5, rounds=1, each=2, contenders=("kith",))
    (row,) = rows
    assert (row["lost"], row["doubled"], row["lost_at_1_per_s"]) == (0, 0, 0)
    assert row["events_per_s"] > 0
    assert "kith" in slack.table(rows)


async def test_of_a_burst_over_ten_workspaces_nothing_is_lost_doubled_or_unacknowledged() -> None:
    rows = await slack_burst.run(events=400, workspaces=10, seconds=1, contenders=("kith over http",))
    (row,) = rows
    assert (row["lost"], row["doubled"], row["not_acked"]) == (0, 0, 0)
    assert "kith over http" in slack_burst.table(rows)


def test_a_burst_is_one_hour_whose_events_come_in_clumps() -> None:
    times = slack_burst.moments(3_000, 100)
    assert times == slack_burst.moments(3_000, 100)
    assert 0 <= times[0] <= times[-1] <= 100
    densest = max(sum(start <= at < start + 1 for at in times) for start in range(100))
    assert 30 < densest < 100
