"""A real Chromium over a real Kith. Where there is no Chromium the tests are skipped, unless strict."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Error, async_playwright

from tests.browser.kith import Kith
from tests.browser.room import Room

ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        reason = "There is no Chromium here. On Debian or Ubuntu: apt-get install chromium"
        if os.environ.get("KITH_TEST_STRICT") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=list(ARGS))
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def kith(chromium: Browser, tmp_path: Path) -> AsyncIterator[Kith]:
    running = Kith(tmp_path)
    await running.start()
    yield running
    await running.stop()


class Visitor:
    """Opens the room, signed in, in windows of any size; nothing may go wrong in any of them unseen."""

    def __init__(self, browser: Browser, kith: Kith) -> None:
        self._browser = browser
        self._kith = kith
        self._signed_in: str | None = None
        self.troubles: list[str] = []
        self.expected: list[str] = []
        """Parts of console lines that a test brings about on purpose."""

    async def open(
        self, width: int = 1440, height: int = 900, *, scheme: str = "light", touch: bool = False
    ) -> Room:
        """The room in a window of its own, with nothing remembered but who is signed in."""
        context = await self._browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if scheme == "dark" else "light",
            has_touch=touch,
            reduced_motion="reduce",
        )
        page = await context.new_page()
        page.on("console", self._listen)
        page.on("pageerror", lambda error: self.troubles.append(f"page error: {error}"))
        if self._signed_in is None:
            await page.goto(self._kith.link)
            cookies = await context.cookies()
            self._signed_in = next(item["value"] for item in cookies if item["name"] == "kith_session")
        else:
            await context.add_cookies(
                [{"name": "kith_session", "value": self._signed_in, "url": self._kith.address}]
            )
            await page.goto(self._kith.address)
        room = Room(page)
        await room.ready()
        return room

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.troubles.append(f"{message.type}: {message.text} ({message.location['url']})")

    @property
    def unexpected(self) -> list[str]:
        return [line for line in self.troubles if not any(part in line for part in self.expected)]

    async def close(self) -> None:
        for context in self._browser.contexts:
            try:
                await context.close()
            except Error:
                continue


@pytest_asyncio.fixture(loop_scope="session")
async def visitor(chromium: Browser, kith: Kith) -> AsyncIterator[Visitor]:
    """Ends by asserting that no window saw an error, a refused request or a CSP violation."""
    held = Visitor(chromium, kith)
    yield held
    await held.close()
    assert held.unexpected == []
