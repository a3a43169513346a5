"""A progress bar for long work."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache


@contextmanager
def bar() -> Iterator[Callable[[int, int, str], None]]:
    """A bar on a terminal from the first call on, gone when the block ends; elsewhere nothing.

    Call it with done, total, what.
    """
    with ExitStack() as stack:

        @cache
        def shown() -> Callable[[int, int, str], None]:
            return stack.enter_context(_shown())

        def tell(done: int, total: int, what: str) -> None:
            # most starts have nothing to tell of, and rich takes its time to load
            if sys.stderr.isatty():
                shown()(done, total, what)

        yield tell


@contextmanager
def _shown() -> Iterator[Callable[[int, int, str], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=None)
        yield lambda done, total, what: progress.update(task, completed=done, total=total, description=what)
