"""A whole Kith in a child process, as a person starts it: real cogs, real database, real room."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 30.0
_LINK = re.compile(r"https?://\S+/enter\?code=\S+")

CONFIG = """
[kith]
zone = "Europe/London"
cogs = ["cogs.welcome", "cogs.kindness", "cogs.knowledge", "tests.browser.showcase"]
"""


class Kith:
    """Started in a folder of its own; stopped and started again there, at the same address."""

    command = (sys.executable, "-m", "bot.cli", "run", "--no-browser")

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = 0
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._lines: list[str] = []
        self.link = ""
        (folder / "config.toml").write_text(CONFIG)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def output(self) -> str:
        return "".join(self._lines)

    async def start(self) -> None:
        """Returns once the address is printed. Raises RuntimeError with the output if it never is."""
        self._process = await asyncio.create_subprocess_exec(
            *self.command,
            *("--port", str(self._port)),
            cwd=self._folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "400", "NO_COLOR": "1"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        listening: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._reader = asyncio.create_task(self._read(self._process, listening))
        try:
            self.link = await asyncio.wait_for(listening, PATIENCE)
        except BaseException as error:
            await self.stop()
            raise RuntimeError(f"Kith printed no link:\n{self.output}") from error
        self._port = urlsplit(self.link).port or 0

    async def stop(self) -> None:
        """Ctrl-C, as a person would. Raises RuntimeError if that is not enough."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        try:
            await asyncio.wait_for(process.wait(), PATIENCE)
        except TimeoutError:
            process.kill()
            await process.wait()
            raise RuntimeError(f"Kith did not stop:\n{self.output}") from None
        finally:
            if self._reader is not None:
                await self._reader

    async def _read(self, process: asyncio.subprocess.Process, listening: asyncio.Future[str]) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            text = line.decode("utf-8", "replace")
            self._lines.append(text)
            found = _LINK.search(text)
            if found and not listening.done():
                listening.set_result(found.group(0))
        if not listening.done():
            listening.set_exception(RuntimeError(f"Kith ended before it listened:\n{self.output}"))
