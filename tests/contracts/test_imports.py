"""The import rules of pyproject.toml hold, and would be seen broken."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
BREAKING = {
    "bot/model/ids.py": "import aiohttp",
    "storage/port.py": "import bot.ctx",
    "cogs/welcome/store.py": "import cogs.kindness.store",
    "cogs/knowledge/store.py": "import bot.unit",
    "bot/platforms/fit.py": "import bot.platforms.local.room",
    "bot/ctx.py": "import cogs.welcome",
    "bot/clock.py": "import apscheduler",
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    script = "from importlinter.cli import lint_imports_command as run; run()"
    argv = [sys.executable, "-c", script, "--no-cache"]
    return subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkout")
    for part in ("bot", "cogs", "storage"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__", "static"))
    (folder / "tests").mkdir()
    shutil.copy(ROOT / "tests" / "import_rules.py", folder / "tests")
    (folder / "tests" / "__init__.py").touch()
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_imports_point_one_way(copy: Path) -> None:
    done = lint(copy)
    assert done.returncode == 0, done.stdout


def test_each_forbidden_import_is_seen(copy: Path) -> None:
    for path, line in BREAKING.items():
        with (copy / path).open("a", encoding="utf-8") as file:
            file.write(f"\n{line}\n")
    done = lint(copy)
    assert done.returncode == 1
    for path, line in BREAKING.items():
        module = path.removesuffix(".py").replace("/", ".")
        imported = line.removeprefix("import ")
        assert any(module in said and imported in said for said in done.stdout.splitlines()), line
