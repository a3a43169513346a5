"""`start.py test`: what was left out is told in the last lines, and refused where nothing may be."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

TESTS = """
import os
import pytest

@pytest.mark.parametrize("n", [1, 2])
def test_browser(n):
    pytest.skip("there is no Chromium; get it with: sudo apt install chromium")

@pytest.mark.xfail(strict=True, reason="known")
def test_known():
    assert False

def test_environment():
    assert os.environ.get("KITH_TEST_FULL") == os.environ["EXPECTED_FULL"]
"""


@pytest.fixture
def tests(tmp_path: Path) -> Path:
    (tmp_path / "test_some.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    return tmp_path


def run(tests: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    kept = {
        name: value for name, value in os.environ.items() if name != "CI" and not name.startswith("KITH_")
    }
    argv = [sys.executable, "-P", str(ROOT / "tests" / "run.py"), "test", str(tests), *arguments]
    argv += ["-c", str(tests / "pytest.ini"), "-p", "no:cacheprovider"]
    environment = {**kept, "EXPECTED_FULL": "1", **environ}
    return subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=120)


def test_what_was_left_out_is_told_last(tests: Path) -> None:
    done = run(tests, "--full")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == (
        "Left out: 2 tests: there is no Chromium; get it with: sudo apt install chromium"
    )


def test_without_anything_left_out_the_last_line_is_that_of_pytest(tests: Path) -> None:
    done = run(tests, "--full", "-k", "environment")
    assert "1 passed" in done.stdout.splitlines()[-1]


def test_the_exit_code_is_that_of_pytest(tests: Path) -> None:
    assert run(tests, "-k", "environment").returncode == 1
    assert run(tests, "--nonsense").returncode == 4


def test_where_nothing_may_be_left_out_a_missing_browser_ends_it(tests: Path) -> None:
    for strict in ({"KITH_TEST_STRICT": "1"}, {"CI": "true"}):
        done = run(tests, PATH="", **strict)
        assert done.returncode == 1
        assert "Chromium could not be found" in done.stdout
        assert "passed" not in done.stdout
