"""A workbench at ten on a Monday."""

from __future__ import annotations

import pytest

from bot.clock import TravelClock
from storage.port import Engine
from tests.time.workbench import START, Bench


@pytest.fixture
def bench(host_engine: Engine) -> Bench:
    return Bench(host_engine, TravelClock(base=lambda: START))
