"""The page that Prometheus reads, as its own parser understands it."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from bot.metrics import Metrics
from bot.model.events import MemberJoined
from bot.model.ids import Member, Space
from bot.version import VERSION

SPACE = Space("local", "1")


def samples(metrics: Metrics) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(metrics.page().decode())
        for sample in family.samples
    }


def joined(number: int) -> MemberJoined:
    return MemberJoined(id=f"join:{number}", space=SPACE, at=1, member=Member(SPACE.key, str(number)))


def test_each_event_counts_by_platform_and_kind() -> None:
    metrics = Metrics()
    for number in range(3):
        metrics.event(joined(number))
    assert samples(metrics) == {
        ("kith_events_total", "MemberJoined", "local"): 3,
        ("kith_info", VERSION): 1,
    }


def test_the_page_tells_what_came_since_the_last_time() -> None:
    metrics = Metrics()
    metrics.page()
    metrics.event(joined(1))
    assert samples(metrics)["kith_events_total", "MemberJoined", "local"] == 1
