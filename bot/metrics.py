"""Figures for Prometheus: what happened, and how deliveries ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from bot.model.events import Event
from bot.model.outgoing import Receipt
from bot.version import VERSION
from storage.repos.outbox import OutboxRow

if TYPE_CHECKING:
    from prometheus_client import Metric

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
"""What `Metrics.page` is."""


class Metrics:
    """Counts what passes through; labels are class and platform names only, never anybody's id."""

    def __init__(self) -> None:
        self._events: Counter[tuple[str, str]] = Counter()
        self._settled: Counter[tuple[str, str]] = Counter()

    def event(self, event: Event) -> None:
        self._events[event.space.platform, type(event).__name__] += 1

    async def settled(self, row: OutboxRow, state: str, receipt: Receipt | None) -> None:
        self._settled[row.platform, state] += 1

    def page(self) -> bytes:
        """All figures as Prometheus reads them. Its library is loaded when the first asks for them."""
        from prometheus_client import CollectorRegistry, generate_latest

        registry = CollectorRegistry(auto_describe=False)
        registry.register(self)
        return generate_latest(registry)

    def collect(self) -> Iterator[Metric]:
        """What prometheus_client asks a collector for."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        for name, about, label, counted in (
            ("kith_events", "Events taken, by platform and kind.", "kind", self._events),
            ("kith_deliveries", "Deliveries, by how they ended.", "state", self._settled),
        ):
            family = CounterMetricFamily(name, about, labels=["platform", label])
            for labels, count in counted.items():
                family.add_metric(labels, count)
            yield family
        info = GaugeMetricFamily("kith_info", "Which Kith this is.", labels=["version"])
        info.add_metric([VERSION], 1)
        yield info
