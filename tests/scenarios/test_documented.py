"""The cog that docs/write-a-cog.md shows, and its script, word for word, are good on every platform."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.cogs.page import write_files
from tests.scenarios.harness import Towns

pytestmark = pytest.mark.one_look


@pytest.fixture
def script(tmp_path: Path, towns: Towns, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The page's test, in whose place of a town any is found."""

    def town(folder: Path, *, look: str = "", **options: Any) -> Any:
        return towns(**options)

    write_files(tmp_path / "page")
    monkeypatch.syspath_prepend(tmp_path / "page")
    _forget()
    found = import_module("test_toolshed")
    monkeypatch.setattr(found, "town", town)
    yield found
    _forget()


def _forget() -> None:
    for name in ("toolshed", "test_toolshed"):
        sys.modules.pop(name, None)


async def test_a_tool_goes_out_and_comes_back(script: ModuleType, tmp_path: Path) -> None:
    await script.test_a_tool_goes_out_and_comes_back(tmp_path, "discord")


async def test_what_is_missing_is_asked_for(script: ModuleType, tmp_path: Path) -> None:
    await script.test_what_is_missing_is_asked_for(tmp_path)


async def test_forgetting_takes_it_all_back(script: ModuleType, tmp_path: Path) -> None:
    await script.test_forgetting_takes_it_all_back(tmp_path)
