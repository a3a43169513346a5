"""start.py in copies of the checkout, with a real venv and pip, and a lock of one package of our own."""

import ast
import base64
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

fcntl = pytest.importorskip(
    "fcntl", reason="start.py is tested with the locks and terminals of Linux and macOS"
)
pty = pytest.importorskip("pty")

ROOT = Path(__file__).resolve().parent.parent
BASE_PYTHON = getattr(sys, "_base_executable", sys.executable)

CLI = """
import json, os, sys, kith_greeting
print(json.dumps([sys.argv[1:], os.getcwd(), os.environ["KITH_HOME"], kith_greeting.TEXT]))
sys.exit(int(os.environ.get("EXIT_WITH", 0)))
"""


def build_wheel(folder: Path, version: str) -> str:
    """Put a wheel of one module into `folder`; returns its requirement with its hash."""
    info = f"kith_greeting-{version}.dist-info"
    files = {
        "kith_greeting.py": f"TEXT = 'hello {version}'\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: kith-greeting\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    for name, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record += f"{name},sha256={digest},{len(text)}\n"
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n"
    path = folder / f"kith_greeting-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)
    return f"kith-greeting=={version} --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


class Checkout:
    """A copy of the project that holds just enough to be started."""

    def __init__(self, root: Path, wheels: Path) -> None:
        self.root, self.wheels = root, wheels
        (root / "bot").mkdir(parents=True)
        (root / "bot" / "__init__.py").write_text("")
        (root / "bot" / "cli.py").write_text(CLI)
        shutil.copy(ROOT / "start.py", root)
        self.pin("1.0")

    def pin(self, version: str) -> None:
        self.lock(build_wheel(self.wheels, version))

    def lock(self, text: str) -> None:
        (self.root / "requirements.lock").write_text(text)

    def argv(self, *arguments: str) -> list[str]:
        return [BASE_PYTHON, str(self.root / "start.py"), *arguments]

    def environment(self, **changes: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "KITH_"))}
        return {**kept, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": self.wheels.as_uri(), **changes}

    def start(self, *arguments: str, cwd: Path | None = None, **environment: str) -> "Ended":
        done = subprocess.run(
            self.argv(*arguments),
            cwd=cwd or self.root,
            env=self.environment(**environment),
            capture_output=True,
            text=True,
            timeout=120,
        )
        return Ended(done.returncode, done.stdout, done.stderr)


class Ended:
    """What a finished start left: its exit code, its output and what kith saw."""

    def __init__(self, code: int, output: str, errors: str) -> None:
        self.code, self.output, self.errors = code, output, errors

    @property
    def kith(self) -> list[object]:
        assert self.code == 0, self.output + self.errors
        seen: list[object] = json.loads(self.output.splitlines()[-1])
        return seen


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    folder.mkdir()
    return folder


@pytest.fixture
def checkout(tmp_path: Path, wheels: Path) -> Checkout:
    """Nothing is set up in it yet."""
    return Checkout(tmp_path / "a checkout with spaces", wheels)


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Set up once for the tests that leave it as it is."""
    wheels = tmp_path_factory.mktemp("wheels")
    checkout = Checkout(tmp_path_factory.mktemp("ready") / "kith", wheels)
    assert checkout.start("version").code == 0
    return checkout


def test_it_parses_on_old_pythons() -> None:
    ast.parse((ROOT / "start.py").read_text(encoding="utf-8"), feature_version=(3, 6))


def test_it_imports_the_standard_library_alone() -> None:
    tree = ast.parse((ROOT / "start.py").read_text(encoding="utf-8"))
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names


def test_an_old_python_is_told_which_one_to_get(tmp_path: Path) -> None:
    script = "import runpy, sys; sys.version_info = (3, 8, 2); runpy.run_path(sys.argv[1])"
    argv = [sys.executable, "-c", script, str(ROOT / "start.py")]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert done.returncode == 10
    assert "needs Python 3.11 or newer, and this is Python 3.8" in done.stderr
    assert len(done.stderr.splitlines()) == 2


def test_help_needs_no_setup(checkout: Checkout) -> None:
    ended = checkout.start("--help")
    assert ended.code == 0
    assert "usage: python3 start.py" in ended.output
    assert "exit codes" in ended.output
    assert not (checkout.root / ".venv").exists()


def test_the_dev_lock_holds_the_whole_runtime_lock() -> None:
    def pins(lock: str) -> set[str]:
        return set(re.findall(r"^[\w.-]+==\S+", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE))

    assert pins("requirements.lock") <= pins("requirements-dev.lock")


def test_a_first_start_sets_up_and_an_upgrade_follows_the_lock(checkout: Checkout, tmp_path: Path) -> None:
    first = checkout.start(cwd=tmp_path)
    assert first.kith == [["run"], str(tmp_path), str(checkout.root), "hello 1.0"]
    assert "Set up in" in first.output

    two = build_wheel(checkout.wheels, "2.0")
    checkout.lock(two)
    assert checkout.start("doctor").kith[3] == "hello 2.0"

    checkout.lock(re.sub("sha256:.{8}", "sha256:00000000", build_wheel(checkout.wheels, "3.0")))
    forged = checkout.start("doctor")
    assert forged.code == 15
    assert "not the one that Kith was made with" in forged.errors

    checkout.lock(two.replace("2.0", "9.9"))
    offline = checkout.start(PIP_NO_INDEX="0", PIP_FIND_LINKS="", PIP_INDEX_URL="http://127.0.0.1:9/simple")
    assert offline.code == 12
    what, remedy = offline.errors.splitlines()[-2:]
    assert "no connection to the package index" in what
    assert "Check the network" in remedy
    assert "Traceback" not in offline.errors

    checkout.lock(two)  # a failed upgrade leaves what was there, and ready
    back = checkout.start("doctor")
    assert back.kith[3] == "hello 2.0"
    assert "Set up" not in back.output


def test_a_second_start_calls_no_pip(ready: Checkout) -> None:
    ended = ready.start("backup", "to here.zip", PIP_FIND_LINKS="/nowhere")
    assert ended.kith[0] == ["backup", "to here.zip"]
    assert len(ended.output.splitlines()) == 1


def test_bare_options_belong_to_run(ready: Checkout) -> None:
    assert ready.start("--port", "0").kith[0] == ["run", "--port", "0"]
    assert ready.start("help").kith[0] == ["--help"]


def test_the_exit_code_is_that_of_the_command(ready: Checkout) -> None:
    assert ready.start("doctor", EXIT_WITH="3").code == 3


def test_it_works_from_within_its_own_venv(ready: Checkout) -> None:
    inside = str(ready.root / ".venv" / "bin" / "python")
    argv = [inside, *ready.argv("doctor")[1:]]
    done = subprocess.run(argv, env=ready.environment(), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_a_moved_checkout_is_set_up_where_it_is_now(ready: Checkout, checkout: Checkout) -> None:
    shutil.copytree(ready.root / ".venv", checkout.root / ".venv", symlinks=True)
    ended = checkout.start()
    assert ended.kith[2] == str(checkout.root)
    assert "making it anew" in ended.output
    assert not (checkout.root / ".venv-old").exists()


def test_ctrl_c_during_the_setup_ends_in_one_line_and_is_repaired(checkout: Checkout) -> None:
    leader, follower = pty.openpty()
    child = subprocess.Popen(
        checkout.argv(), env=checkout.environment(), stdout=follower, stderr=follower, start_new_session=True
    )
    os.close(follower)
    seen = b""
    with os.fdopen(leader, "rb", buffering=0) as terminal:
        while b"Making .venv" not in seen:
            seen += terminal.read(1024)
        os.killpg(child.pid, signal.SIGINT)
        assert child.wait(60) == 130
        try:
            while more := terminal.read(1024):
                seen += more
        except OSError:  # Linux tells the end of a terminal in this way
            pass
    assert b"Stopped. Nothing is lost" in seen
    assert b"Traceback" not in seen
    repaired = checkout.start()
    assert repaired.kith[3] == "hello 1.0"
    assert "making it anew" in repaired.output


def test_two_first_starts_at_once_share_one_setup(checkout: Checkout) -> None:
    with (checkout.root / ".venv-lock").open("a+b") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        both = [
            subprocess.Popen(
                checkout.argv("doctor"),
                env=checkout.environment(PYTHONUNBUFFERED="1"),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for _ in range(2)
        ]
        waiting = [child.stdout.readline() for child in both if child.stdout]
    outputs = [child.communicate(timeout=120)[0] for child in both]
    assert all("waiting" in line for line in waiting)
    assert [child.returncode for child in both] == [0, 0], outputs
    assert sum("Set up in" in output for output in outputs) == 1


def test_a_folder_that_is_not_ours_is_one_clear_line(checkout: Checkout) -> None:
    checkout.root.chmod(0o555)
    argv = checkout.argv()
    if os.geteuid() == 0:  # whom rights do not stop, unless this is taken away
        argv = ["setpriv", "--bounding-set", "-dac_override", *argv]
    done = subprocess.run(argv, env=checkout.environment(), capture_output=True, text=True, timeout=60)
    checkout.root.chmod(0o755)
    assert done.returncode == 14, done.stderr
    assert "cannot write to" in done.stderr
    assert len(done.stderr.splitlines()) == 2


def test_a_venv_of_someone_else_is_left_alone(checkout: Checkout) -> None:
    (checkout.root / ".venv").mkdir()
    (checkout.root / ".venv" / "precious").write_text("mine")
    ended = checkout.start()
    assert ended.code == 15
    assert "Rename or delete it" in ended.errors
    assert (checkout.root / ".venv" / "precious").exists()


def test_a_missing_lock_is_one_clear_line(checkout: Checkout) -> None:
    (checkout.root / "requirements.lock").unlink()
    ended = checkout.start()
    assert ended.code == 15
    assert "requirements.lock is missing" in ended.errors


@pytest.mark.parametrize(
    ("release", "command"),
    [
        ("ID=debian\n", "sudo apt install python3.{minor}-venv"),
        ("ID=linuxmint\nID_LIKE='ubuntu debian'\n", "sudo apt install python3.{minor}-venv"),
        ("ID=rocky\nID_LIKE='rhel centos fedora'\n", "sudo dnf install python3.{minor}-pip"),
        ("ID=alpine\n", "sudo apk add python3 py3-pip"),
        ("ID=arch\n", "sudo pacman -S python"),
        ("ID=unheard-of\n", "Install your system's venv package"),
    ],
)
def test_a_python_without_ensurepip_names_the_package(
    checkout: Checkout, tmp_path: Path, release: str, command: str
) -> None:
    file = tmp_path / "os-release"
    file.write_text(release)
    script = f"""
import importlib.util, platform, runpy, sys
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "ensurepip" else find(name, *rest)
platform._os_release_candidates = ({str(file)!r},)
sys.argv = [{str(checkout.root / "start.py")!r}]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
    argv = [BASE_PYTHON, "-c", script]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert done.returncode == 11, done.stderr
    assert command.format(minor=sys.version_info[1]) in done.stderr
    assert not (checkout.root / ".venv").exists()


@pytest.mark.parametrize(
    ("output", "code", "says"),
    [
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            13,
            "is full",
        ),
        ("ERROR: Could not install: [Errno 13] Permission denied: '/x/.venv/lib'", 14, "cannot write"),
        (
            "Could not fetch URL: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed",
            12,
            "certificate",
        ),
        (
            "NewConnectionError: Temporary failure in name resolution\nERROR: No matching distribution",
            12,
            "network",
        ),
        ("ERROR: No matching distribution found for thing==1.0", 15, "ready-made build"),
        ("Segmentation fault", 15, "could not"),
    ],
)
def test_what_pip_says_becomes_one_line_with_a_remedy(output: str, code: int, says: str) -> None:
    script = f"""
import sys; sys.path.insert(0, {str(ROOT)!r})
import start
error = start.explain_output({output.splitlines()!r}, "It could not.")
print(error.code, error.what, error.remedy)
"""
    done = subprocess.run([BASE_PYTHON, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.startswith(f"{code} ")
    assert says in done.stdout
