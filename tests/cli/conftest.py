"""A Kith that nobody has started yet."""

from pathlib import Path

import pytest

from tests.cli.command import Kith


@pytest.fixture
def kith(tmp_path: Path) -> Kith:
    home = tmp_path / "home of kith"
    home.mkdir()
    return Kith(home)
