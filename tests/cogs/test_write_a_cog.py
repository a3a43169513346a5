"""The cog in docs/write-a-cog.md is whole: its files are written to a folder, checked and run."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from bot import translations
from bot.config_file import load
from bot.registry import Registry
from bot.registry import load as load_cogs
from tests.cogs.page import PAGE, write_files

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page's files."""
    made = tmp_path_factory.mktemp("toolshed")
    write_files(made)
    return made


def test_every_block_is_a_file(folder: Path) -> None:
    blocks = PAGE.read_text(encoding="utf-8").count("```") // 2
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert len(files) == blocks == 7


def test_its_test_passes(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", "."],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(folder), str(ROOT)))},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "5 passed" in done.stdout


def test_its_configuration_loads(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(folder)
    loaded = load(folder / "config.toml", environ={})
    assert loaded.config.kith.cogs[-1] == "toolshed"
    assert loaded.config.cog_defaults["toolshed"] == {"round_up": "every Saturday at 10:00"}
    cogs, faults = load_cogs(["toolshed"])
    assert (faults, [cog.name for cog in cogs]) == ([], ["toolshed"])
    assert tomllib.loads((folder / "pyproject.toml").read_text())["tool"]["pytest"]


def test_its_translations_are_whole(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(folder)
    cogs, _ = load_cogs(["toolshed"])
    registry = Registry()
    registry.add(cogs)
    [there] = translations.folders(cogs, registry.catalog)
    found, problems = translations.read(cogs, registry.catalog)
    assert problems == []
    assert sorted(found) == sorted(("toolshed", words) for words in there.phrases)
    assert found["toolshed", "Take a tool home."] == {"de": "Nimm ein Werkzeug mit nach Hause."}


def test_a_cog_and_its_module_share_one_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = folder / "shelf"
    package.mkdir()
    (package / "__init__.py").write_text(
        "from toolshed import Toolshed\n\n\nclass Rack(Toolshed):\n    '''X.'''\n"
    )
    monkeypatch.syspath_prepend(folder)
    cogs, (fault,) = load_cogs(["shelf"])
    assert cogs == []
    assert "the cog is called rack, its module shelf" in fault.problem
