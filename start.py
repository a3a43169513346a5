#!/usr/bin/env python3
"""Set Kith up and run it: `python3 start.py`. Standard library only; `python3 start.py --help` explains."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - this file parses on 3.6, so that an old Python can say so
    sys.stderr.write(
        f"Kith needs Python 3.11 or newer, and this is Python {sys.version_info[0]}.{sys.version_info[1]}.\n"
        "Install a newer one (https://www.python.org/downloads/), then run it by name: python3.11 start.py\n"
    )
    sys.exit(10)

import contextlib
import errno
import hashlib
import importlib.util
import json
import os
import platform
import queue
import re
import shutil
import signal
import subprocess
import sysconfig
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
OLD_VENV, LOCK_FILE = ROOT / ".venv-old", ROOT / ".venv-lock"
STATE = VENV / "kith-setup.json"
RUNTIME_LOCK, DEV_LOCK = "requirements.lock", "requirements-dev.lock"
WINDOWS = os.name == "nt"
SPACE_NEEDED = {RUNTIME_LOCK: 260, DEV_LOCK: 970}  # MB; twice what they unpack to
INSTALLING = "Installing collected packages:"  # pip's line between fetching and changing anything

HELP = """\
usage: python3 start.py [command] [arguments]

Sets up what is missing (.venv beside this file, with the locked dependencies), then runs the command.

  (none), run          open Kith; options alone work too, as in: start.py --port 9000
  doctor, backup ...   any other command of kith; `start.py help` lists them
  test [--full] ...    run the tests; --full adds the long crash loops, the rest goes to pytest
  check                lint, formatting, types, import rules and docs
  bench ...            run the benchmarks

exit codes: those of the command that ran, or of the set-up itself:
  10 Python is too old          13 the disk is full            16 another set-up is running
  11 Python has no venv or pip  14 the folder is not writable  130 stopped with Ctrl-C
  12 no network                 15 the set-up failed for another reason
"""


class SetupError(Exception):
    """Set-up cannot go on: an exit code, what happened, what to do, and lines of output that show it."""

    def __init__(self, code, what, remedy, details=()):
        super().__init__(what)
        self.code, self.what, self.remedy, self.details = code, what, remedy, details


def main(arguments):
    """Run one command and return its exit code."""
    try:
        return run(arguments)
    except BrokenPipeError:  # whoever read our output has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped. Nothing is lost; the same command goes on from here.\n")
        return 130
    except (SetupError, OSError) as caught:
        error = caught if isinstance(caught, SetupError) else explain_os_error(caught)
        if error is None:
            raise
        for line in error.details:
            sys.stderr.write(f"  | {line}\n")
        sys.stderr.write(f"{error.what}\n{error.remedy}\n")
        return error.code


def run(arguments):
    command = arguments[0] if arguments else "run"
    if command in ("-h", "--help"):
        print(HELP, end="")
        return 0
    if command in ("test", "check"):
        prepare(DEV_LOCK)
        return become(["-P", str(ROOT / "tests" / "run.py"), *arguments], ROOT)
    if command == "bench":
        prepare(DEV_LOCK)
        return become(["-m", "bench", *arguments[1:]], ROOT)
    prepare(RUNTIME_LOCK)
    os.environ.setdefault("KITH_HOME", str(ROOT))  # where config.toml and the data folder are
    if command == "help":
        arguments = ["--help"]
    elif command.startswith("-") or not arguments:
        arguments = ["run", *arguments]
    return become(["-P", "-m", "bot.cli", *arguments])


# --- running things in the venv


def scripts():
    return Path(sysconfig.get_path("scripts", "venv", {"base": str(VENV)}))


def site_packages():
    return Path(sysconfig.get_path("purelib", "venv", {"base": str(VENV)}))


def python():
    return scripts() / ("python.exe" if WINDOWS else "python")


def become(arguments, folder=None):
    """Turn this process into the venv's Python; on Windows, where that would detach it, run it as a child."""
    argv = [str(python()), *arguments]
    if WINDOWS:
        return run_child(argv, folder)
    if folder is not None:
        os.chdir(folder)
    sys.stdout.flush()
    return os.execv(argv[0], argv)


def run_child(argv, folder=None):
    """Run to the end, whatever signals come: Ctrl-C reaches the child by itself, SIGTERM is passed on."""
    child = subprocess.Popen(argv, cwd=folder)
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    while True:
        with contextlib.suppress(KeyboardInterrupt):
            return child.wait()


# --- the virtual environment


def prepare(lock):
    """Make sure that .venv holds what `lock` pins. Costs a few milliseconds when it does already."""
    if is_ready(lock):
        return
    if Path(sys.prefix).resolve() == VENV.resolve():  # never saw off the branch that we sit on
        base = getattr(sys, "_base_executable", sys.executable)
        raise SystemExit(run_child([base, *sys.argv]))
    require_venv()
    with only_one_setup():
        if not is_ready(lock):
            build(lock)


def is_ready(lock):
    state, wanted = read_state(), fingerprint(lock)
    return is_whole(state) and state.get("locks", {}).get(lock) == wanted


def is_whole(state):
    return (
        state.get("finished") is True
        and state.get("python") == interpreter()
        and state.get("root") == str(ROOT)
        and python().exists()  # false as well when it links to a Python that was removed
    )


def read_state():
    try:
        state = json.loads(STATE.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


def write_state(state):
    """Say how far .venv is; written before the work and after it, so that an interruption shows."""
    state = {"python": interpreter(), "root": str(ROOT), **state}
    temporary = STATE.with_suffix(".new")
    temporary.write_text(json.dumps(state, indent=1), encoding="utf-8")
    temporary.replace(STATE)


def interpreter():
    return f"{sys.implementation.cache_tag} {sysconfig.get_platform()}"


def fingerprint(lock):
    try:
        return hashlib.sha256((ROOT / lock).read_bytes()).hexdigest()
    except FileNotFoundError:
        remedy = "Get a complete copy of Kith, for instance with git clone, and start that."
        raise SetupError(15, f"{lock} is missing beside start.py.", remedy) from None


def build(lock):
    before = read_state()
    if VENV.exists() and not is_whole(before):
        if not before and any(VENV.iterdir()):
            what = f"{VENV} is there already, and was not made by start.py."
            raise SetupError(15, what, "Rename or delete it, then try again.")
        print("The folder .venv is unfinished or was made by another Python; making it anew.")
        shutil.rmtree(OLD_VENV, ignore_errors=True)
        VENV.rename(OLD_VENV)  # at once, so that a half removed .venv is never met
        shutil.rmtree(OLD_VENV, ignore_errors=True)
    if shutil.disk_usage(ROOT).free < SPACE_NEEDED[lock] * 2**20:
        raise full_disk(f": the set-up needs {SPACE_NEEDED[lock]} MB")
    started = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that pip is stopped as well
    fresh = not VENV.exists()
    VENV.mkdir(exist_ok=True)
    write_state({"finished": False})
    with Progress() as progress:
        if fresh:
            progress.show("Making .venv")
            argv = [sys.executable, "-I", "-m", "venv", str(VENV)]
            made = subprocess.run(
                argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, close_fds=False
            )
            if made.returncode != 0:
                raise explain_output(made.stdout.splitlines(), "Python could not make the folder .venv.")
        (site_packages() / "kith.pth").write_text(f"{ROOT}\n", encoding="utf-8")  # run from source
        failed, output = install(lock, progress)
        if failed:
            if not fresh and not any(line.startswith(INSTALLING) for line in output):
                write_state(before)  # pip fetches everything before it changes anything
            raise explain_output(output, "pip could not install the dependencies.")
    locks = (RUNTIME_LOCK, DEV_LOCK) if lock == DEV_LOCK else (RUNTIME_LOCK,)  # one holds all of the other
    write_state({"finished": True, "locks": {lock: fingerprint(lock) for lock in locks}})
    print(f"Set up in {time.monotonic() - started:.0f} s.")


def install(lock, progress):
    """Run pip over the lock, showing how far it is. Returns whether it failed, and all that it said."""
    argv = [str(python()), "-I", "-m", "pip", "install"]
    argv += ["--require-hashes", "--requirement", str(ROOT / lock)]
    argv += ["--no-input", "--disable-pip-version-check", "--progress-bar", "off", "--retries", "2"]
    elsewhere = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT")
    environment = {name: value for name, value in os.environ.items() if name not in elsewhere}
    environment["PIP_USER"] = "0"
    pip = subprocess.Popen(
        argv,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        close_fds=False,
    )
    output = []
    try:
        follow(pip, output, progress, total=count_pins(lock))
        return pip.wait() != 0, output
    finally:
        if pip.poll() is None:
            pip.terminate()
            pip.wait()


def count_pins(lock):
    return len(re.findall(r"^[A-Za-z0-9][\w.-]*==", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE))


def follow(pip, output, progress, total):
    """Show how far pip is until its output ends: packages fetched by its lines, installed by the folder."""
    arrived = queue.Queue()
    threading.Thread(target=forward_lines, args=(pip.stdout, arrived), daemon=True).start()
    before = len(list(site_packages().glob("*.dist-info/RECORD")))
    message, done = "Asking for packages", 0
    while True:
        try:
            line = arrived.get(timeout=0.2)
        except queue.Empty:
            if message == "Installing":
                done = len(list(site_packages().glob("*.dist-info/RECORD"))) - before
            progress.show(message, done, total if done or message == "Installing" else 0)
            continue
        if line is None:
            return
        output.append(line.rstrip())
        package = re.match(r"(?:Collecting|Requirement already satisfied:) ([\w.-]+)", line)
        if line.startswith("Ignoring "):  # another system's
            total -= 1
        elif package:
            done += 1
            message = f"Fetching {package.group(1)}"
            progress.show(message, done, total)
        elif line.startswith(INSTALLING):
            message, done, total = "Installing", 0, line.count(",") + 1


def forward_lines(stream, to):
    for line in stream:
        to.put(line)
    to.put(None)


class Progress:
    """One living line on a terminal; elsewhere one line per stage."""

    def __init__(self):
        self.terminal = sys.stdout.isatty()
        self.stage = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.terminal:
            sys.stdout.write("\r" + " " * (shutil.get_terminal_size().columns - 1) + "\r")
            sys.stdout.flush()

    def show(self, message, done=0, total=0):
        stage = message.split()[0]
        if self.terminal:
            done = max(0, min(done, total))
            bar = f"[{'#' * (20 * done // total):.<20}] {done}/{total}  " if total else ""
            width = shutil.get_terminal_size().columns - 1
            sys.stdout.write("\r" + f"  {bar}{message}"[:width].ljust(width))
            sys.stdout.flush()
        elif stage != self.stage:
            print(f"{stage} {total} packages ..." if total else f"{message} ...", flush=True)
        self.stage = stage


@contextlib.contextmanager
def only_one_setup():
    """Hold a lock file, waiting up to ten minutes for another set-up. A holder that dies frees it."""
    with LOCK_FILE.open("a+b") as file:
        deadline, told = time.monotonic() + 600, False
        while not try_lock(file):
            if not told:
                print("Another start is setting Kith up; waiting for it ...", flush=True)
                told = True
            if time.monotonic() > deadline:
                raise SetupError(16, "Another set-up takes over ten minutes.", "Stop it, then try again.")
            time.sleep(0.1)
        if not WINDOWS:
            os.set_inheritable(file.fileno(), True)  # a pip that outlives a killed start.py keeps the lock
        yield


def try_lock(file):
    try:
        if WINDOWS:
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EAGAIN, errno.EDEADLK):
            return False
        raise
    return True


# --- what can go wrong


def require_venv():
    if importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip"):
        return
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        release = {}
    commands = {
        "debian": f"sudo apt install python{version}-venv",
        "ubuntu": f"sudo apt install python{version}-venv",
        "rhel": f"sudo dnf install python{version}-pip",
        "fedora": "sudo dnf install python3-pip",
        "suse": f"sudo zypper install python{version.replace('.', '')}-pip",
        "alpine": "sudo apk add python3 py3-pip",
        "arch": "sudo pacman -S python python-pip",
    }
    names = [release.get("ID", ""), *release.get("ID_LIKE", "").split()]
    command = next((commands[name] for name in names if name in commands), None)
    raise SetupError(
        11,
        f"This Python ({sys.executable}) comes without venv and ensurepip, which the set-up needs.",
        f"Install them with: {command}"
        if command
        else f"Install your system's venv package for Python {version}.",
    )


def full_disk(need="", details=()):
    return SetupError(13, f"The disk of {ROOT} is full{need}.", "Free some space, then try again.", details)


def not_writable(path, details=()):
    remedy = "Give yourself the right to write there, or copy Kith to a folder of yours, then try again."
    return SetupError(14, f"Kith cannot write to {path}.", remedy, details)


def explain_os_error(error):
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return full_disk()
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return not_writable(error.filename or ROOT)
    return None


CAUSES = {
    "disk": "No space left on device|Errno 28|Disk quota exceeded",
    "rights": "Permission denied|Errno 13|Read-only file system",
    "hashes": "DO NOT MATCH THE HASHES",
    "certificate": "CERTIFICATE_VERIFY_FAILED",
    "network": "establish a new connection|Max retries exceeded|NewConnectionError|ProxyError|timed out"
    "|name resolution|Name or service not known|Network is unreachable|Connection reset|NameResolutionError",
    "build": "No matching distribution|Failed building wheel|error: command",
}


def explain_output(output, otherwise):
    """Turn what pip or venv printed into one clear line, keeping the useful end of it."""
    first = next((i for i, line in enumerate(output) if line.lower().startswith("error")), len(output) - 12)
    details = [line for line in output[max(0, first) :] if line.strip()][:12]
    text = "\n".join(output)
    cause = next((cause for cause, pattern in CAUSES.items() if re.search(pattern, text)), None)
    if cause == "disk":
        return full_disk(details=details)
    if cause == "rights":
        return not_writable(VENV, details)
    code, what, remedy = {
        "hashes": (
            15,
            "A downloaded package is not the one that Kith was made with, so nothing was installed.",
            "Try again; if it stays so, the package index or a proxy in between is changing files.",
        ),
        "certificate": (
            12,
            "The package index could not be trusted: its certificate was not accepted.",
            "Check this machine's clock; behind a company proxy, let PIP_CERT name its certificate.",
        ),
        "network": (
            12,
            "The packages could not be fetched: no connection to the package index.",
            "Check the network (behind a proxy, set HTTPS_PROXY), then try again.",
        ),
        "build": (
            15,
            f"A package named above has no ready-made build for this system ({interpreter()}).",
            "Use CPython 3.11 or newer on 64-bit Linux, macOS or Windows.",
        ),
    }.get(cause, (15, otherwise, "What it said last is above. Trying again is safe."))
    return SetupError(code, what, remedy, details)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
