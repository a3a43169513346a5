"""The room page as a person uses it: by the names of its parts, never by how it is built."""

from __future__ import annotations

import re

from playwright.async_api import Locator, Page, expect


class Seat:
    """One of the two seats."""

    def __init__(self, page: Page, side: str) -> None:
        self.page = page
        self.side = side
        self.element = page.get_by_role("region", name=re.compile(f"^{side} seat", re.IGNORECASE))

    @property
    def box(self) -> Locator:
        """Where one writes in what is open."""
        return self.element.get_by_role("combobox", name=re.compile("^(Message|Reply)"))

    @property
    def log(self) -> Locator:
        return self.element.get_by_role("log")

    @property
    def messages(self) -> Locator:
        return self.log.get_by_role("article")

    def message(self, words: str | re.Pattern[str]) -> Locator:
        return self.messages.filter(has_text=words)

    @property
    def who(self) -> Locator:
        return self.element.get_by_role("button", name="Change who sits here")

    @property
    def suggestions(self) -> Locator:
        return self.element.get_by_role("listbox", name="Suggestions").get_by_role("option")

    def place(self, name: str) -> Locator:
        """A channel or a conversation in the list."""
        lists = self.element.get_by_role("list", name=re.compile("^(Channels|Direct messages)$"))
        return lists.get_by_role("button", name=re.compile(f"^{re.escape(name)}( |$)"))

    async def sit(self, name: str) -> None:
        """As somebody who is here, from an empty chair or in place of somebody else."""
        if await self.element.get_by_role("heading", name="An empty chair").is_visible():
            await self.element.get_by_role("button", name=name, exact=False).click()
        else:
            await self.who.click()
            await self.page.get_by_role("menuitemradio", name=name, exact=False).click()
        await expect(self.who).to_contain_text(name)
        await expect(self.box).to_be_visible()

    async def join(self, name: str) -> None:
        """As somebody new."""
        await self.element.get_by_role("textbox", name="Your name").fill(name)
        await self.element.get_by_role("button", name="Come in").click()
        await expect(self.who).to_contain_text(name)
        await expect(self.box).to_be_visible()

    async def go(self, channel: str) -> None:
        await self.place(channel).click()
        await expect(self.place(channel)).to_have_attribute("aria-current", "true")

    async def say(self, words: str) -> None:
        """Words or a command, sent with Enter."""
        await self.box.fill(words)
        await self.box.press("Enter")
        await expect(self.box).to_have_value("")

    async def menu(self, message: Locator, item: str) -> None:
        """An item of a message's menu."""
        await message.hover()
        await message.get_by_role("button", name="More").click()
        await self.page.get_by_role("menuitem", name=item).click()


class Room:
    """The page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.left = Seat(page, "left")
        self.right = Seat(page, "right")

    async def ready(self) -> None:
        """Whoever sits here sees the room."""
        shown = self.page.get_by_role("region", name=re.compile("seat", re.IGNORECASE))
        await expect(shown.first).to_be_visible()
        await expect(self.page.get_by_text("Coming in…")).to_have_count(0)
        await expect(self.clock.get_by_text(re.compile(r"\d\d:\d\d")).first).to_be_visible()

    @property
    def clock(self) -> Locator:
        return self.page.get_by_role("region", name="Community clock")

    @property
    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog")

    @property
    def note(self) -> Locator:
        """The short notes at the edge."""
        return self.page.get_by_role("status").filter(has=self.page.get_by_role("button", name="Dismiss"))

    async def look(self, name: str) -> None:
        await self.page.get_by_role("radio", name=name).click()
        await expect(self.page.get_by_role("radio", name=name)).to_be_checked()

    async def too_wide(self) -> bool:
        """Whether the page scrolls sideways."""
        return bool(await self.page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))
