"""A progress bar for long work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn


@contextmanager
def bar(first: str) -> Iterator[Callable[[int, int, str], None]]:
    """A bar on a terminal, gone when the block ends; elsewhere nothing. Call it with done, total, what."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(first, total=None)
        yield lambda done, total, what: progress.update(task, completed=done, total=total, description=what)
