"""Figures for Prometheus: what happened, what was delivered, what waits."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge

from bot.model.events import Event
from bot.model.outgoing import Receipt
from bot.version import VERSION
from storage.repos.outbox import OutboxRow


class Metrics:
    """Counts what passes through; labels are class and platform names only, never anybody's id."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._events = Counter(
            "kith_events", "Events taken, by platform and kind.", ["platform", "kind"], registry=self.registry
        )
        self._settled = Counter(
            "kith_deliveries", "Deliveries, by how they ended.", ["platform", "state"], registry=self.registry
        )
        info = Gauge("kith_info", "Which Kith this is.", ["version"], registry=self.registry)
        info.labels(VERSION).set(1)

    def event(self, event: Event) -> None:
        self._events.labels(event.space.platform, type(event).__name__).inc()

    async def settled(self, row: OutboxRow, state: str, receipt: Receipt | None) -> None:
        self._settled.labels(row.platform, state).inc()
