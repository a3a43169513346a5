"""The smallest real platform: an HTTP server that keeps what it accepts and breaks by plan; its adapter."""

from tests.fakes.wire.faults import Fault, Plan
from tests.fakes.wire.platform import WirePlatform
from tests.fakes.wire.server import WireServer

__all__ = ["Fault", "Plan", "WirePlatform", "WireServer"]
