"""The towns that scenarios are played in, and how a scenario says where it can't be."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog

from tests.scenarios.harness import hall, places, room, shed, towns

__all__ = ["hall", "room", "shed", "towns"]


@pytest.fixture(scope="session", autouse=True)
def plain_logs() -> Iterator[None]:
    """Without the tracebacks that structlog draws by default: one takes longer than Slack waits."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer(colors=False),
        ]
    )
    yield
    structlog.reset_defaults()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "not_on(place, why): it can't be played there, and why")
    config.addinivalue_line("markers", "one_look: it does not depend on how the room looks")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "towns" in metafunc.fixturenames:
        metafunc.parametrize("towns", places(metafunc), indirect=True)
