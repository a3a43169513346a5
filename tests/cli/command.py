"""Commands of Kith as real processes, with a home of their own."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Kith:
    """Runs commands with a home of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.database = home / "data" / "kith.db"

    def start(self, *arguments: str | Path, **environ: str) -> subprocess.Popen[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("KITH_")}
        return subprocess.Popen(
            [sys.executable, "-m", "bot.cli", *map(str, arguments)],
            cwd=ROOT,
            env={**kept, "KITH_HOME": str(self.home), "COLUMNS": "200", **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def __call__(self, *arguments: str | Path, **environ: str) -> subprocess.CompletedProcess[str]:
        with self.start(*arguments, **environ) as child:
            try:
                output, errors = child.communicate(timeout=120)
            except subprocess.TimeoutExpired:
                child.kill()
                raise
        return subprocess.CompletedProcess(arguments, child.returncode, output, errors)

    def says(self, *arguments: str | Path, **environ: str) -> str:
        done = self(*arguments, **environ)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def only_words(text: str, most: int = 3) -> bool:
    """Whether this is a few lines for people and no traceback."""
    return "Traceback" not in text and 0 < len(text.splitlines()) <= most


def count(database: Path, table: str = "community") -> int:
    """How many rows there are."""
    with sqlite3.connect(database) as connection:
        (found,) = connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()
    connection.close()
    return int(found)


def add_communities(database: Path, names: Iterable[str]) -> None:
    """As a Kith that ran would have left them; each name begins with another letter."""
    rows = [(1000 + ord(name[0]), name) for name in names]
    with sqlite3.connect(database) as connection:
        connection.executemany("INSERT INTO community (id, name, created_at) VALUES (?, ?, 1)", rows)
    connection.close()
