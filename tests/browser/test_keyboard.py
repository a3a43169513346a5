"""Everything without a mouse, and what a screen reader finds."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_whole_visit_by_keyboard(visitor: Visitor) -> None:
    room = await visitor.open()
    keys = room.page.keyboard
    await keys.press("Tab")
    await expect(room.page.get_by_role("link", name="To the left seat")).to_be_focused()
    await keys.press("Enter")
    await keys.press("Tab")
    await keys.press("Tab")
    await expect(room.left.element.get_by_role("textbox", name="Your name")).to_be_focused()
    await keys.type("Aiko")
    await keys.press("Enter")
    await expect(room.left.box).to_be_focused()

    # The first letters of a command, taken from the list; then a name; then the words.
    await keys.type("/shou")
    await expect(room.left.suggestions.filter(has_text="/shoutout")).to_have_attribute(
        "aria-selected", "true"
    )
    await keys.press("Tab")
    await expect(room.left.box).to_have_value("/shoutout ")
    await keys.type("@Min")
    mina = room.left.suggestions.filter(has_text="Mina")
    await expect(mina).to_have_attribute("aria-selected", "true")
    await expect(room.left.box).to_have_attribute(
        "aria-activedescendant", await mina.get_attribute("id") or "none"
    )
    await keys.press("Enter")
    await expect(room.left.box).to_have_value("/shoutout @Mina ")
    await keys.type("You made room on the sofa for me.")
    await keys.press("Escape")
    await keys.press("Enter")
    await expect(room.left.box).to_have_value("")
    await expect(room.left.message("Only you can see this")).to_have_count(1)

    # Into the messages, up to an earlier one, and a reaction from its tools.
    await keys.press("Shift+Tab")
    await keys.press("Shift+Tab")
    await expect(
        room.left.messages.last.or_(room.left.messages.last.get_by_role("button").last)
    ).not_to_have_count(0)
    await room.left.messages.last.focus()
    await keys.press("Home")
    await expect(room.left.messages.first).to_be_focused()
    await keys.press("ArrowDown")
    await expect(room.left.messages.nth(1)).to_be_focused()
    await keys.press("ArrowUp")
    first = room.left.messages.first
    await first.get_by_role("button", name="React", exact=True).focus()
    await keys.press("Enter")
    await keys.press("ArrowRight")
    await keys.press("Enter")
    await expect(first.get_by_role("button", name=re.compile("❤️ 1"))).to_have_attribute(
        "aria-pressed", "true"
    )

    # Channels with the arrow keys.
    await room.left.place("hello").focus()
    await keys.press("ArrowDown")
    await expect(room.left.place("general")).to_be_focused()
    await keys.press("Enter")
    await expect(room.left.place("general")).to_have_attribute("aria-current", "true")
    await expect(room.left.box).to_be_focused()


async def test_completion_closes_moves_and_wraps(visitor: Visitor) -> None:
    room = await visitor.open()
    box = room.right.box
    await box.press_sequentially("/")
    await expect(room.right.suggestions).not_to_have_count(0)
    await expect(box).to_have_attribute("aria-expanded", "true")
    await box.press("ArrowUp")
    await expect(room.right.suggestions.last).to_have_attribute("aria-selected", "true")
    await box.press("ArrowDown")
    await expect(room.right.suggestions.first).to_have_attribute("aria-selected", "true")
    await box.press("Escape")
    await expect(box).to_have_attribute("aria-expanded", "false")
    await expect(box).to_have_value("/")
    await expect(box).to_be_focused()
    await box.press_sequentially("shoutout ")
    await expect(room.right.element.get_by_text("Who helped you?")).to_be_visible()


async def test_suggestions_that_lag_behind_are_not_taken(visitor: Visitor) -> None:
    room = await visitor.open()
    box = room.right.box
    await room.right.go("wall")
    await box.press_sequentially("/shoutout @Mi")
    await expect(room.right.suggestions.filter(has_text="Mina")).to_have_attribute("aria-selected", "true")
    await room.page.route("**/api/complete", lambda route: route.abort())
    visitor.expected.append("ERR_FAILED")
    await box.evaluate(
        "box => { box.value = '/shoutout @Mina You labelled every drawer.';"
        " for (const key of ['Tab', 'Enter'])"
        " box.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true })); }"
    )
    await expect(room.right.message("You labelled every drawer.")).to_have_count(1)
    await expect(box).to_have_value("")


async def test_enter_takes_who_is_meant_by_the_first_letters(visitor: Visitor) -> None:
    room = await visitor.open()
    await room.right.say("/kith-admin settings kith")
    zone = room.dialog.get_by_role("combobox", name=re.compile("^Time zone"))
    await zone.fill("berl")
    await expect(room.dialog.get_by_role("option", name="Europe/Berlin")).to_have_attribute(
        "aria-selected", "true"
    )
    await zone.press("Enter")
    await expect(zone).to_have_value("Europe/Berlin")
    # A whole name stands for itself, however many others begin like it.
    await zone.fill("utc")
    await expect(room.dialog.get_by_role("option", name="UTC", exact=True)).to_have_attribute(
        "aria-selected", "true"
    )
    await room.dialog.get_by_role("button", name="Cancel").click()
    await expect(room.dialog).to_have_count(0)


async def test_a_menu_is_steered_by_arrows_and_letters(visitor: Visitor) -> None:
    room = await visitor.open()
    keys = room.page.keyboard
    await room.right.who.focus()
    await keys.press("Enter")
    menu = room.page.get_by_role("menu", name="Who sits here")
    await expect(menu.get_by_role("menuitemradio", name="Amara")).to_be_focused()
    await keys.press("ArrowDown")
    await expect(menu.get_by_role("menuitemradio", name="Amara")).not_to_be_focused()
    await keys.press("m")
    await expect(menu.get_by_role("menuitemradio", name="Mina")).to_be_focused()
    await keys.press("Escape")
    await expect(menu).to_have_count(0)
    await expect(room.right.who).to_be_focused()


async def test_a_dialog_keeps_the_focus_and_gives_it_back(visitor: Visitor) -> None:
    room = await visitor.open()
    await room.right.say("/shoutout")
    for _ in range(12):
        await room.page.keyboard.press("Tab")
        outside = await room.page.evaluate(
            "document.activeElement !== document.body && !document.activeElement.closest('dialog')"
        )
        assert not outside
    # Escape closes what is open on top, one at a time.
    to = room.dialog.get_by_role("combobox", name=re.compile("^To"))
    await to.press("ArrowDown")
    await expect(room.dialog.get_by_role("option")).not_to_have_count(0)
    await to.press("Escape")
    await expect(room.dialog.get_by_role("option")).to_have_count(0)
    await expect(room.dialog).to_be_visible()
    await room.dialog.get_by_role("button", name="Cancel").press("Enter")
    await expect(room.right.box).to_be_focused()


async def test_escape_does_not_take_what_was_written_at_once(visitor: Visitor) -> None:
    room = await visitor.open()
    await room.right.say("/shoutout")
    why = room.dialog.get_by_role("textbox", name=re.compile("^What for"))
    await why.fill("You labelled every single drawer.")
    await why.press("Escape")
    await expect(room.dialog.get_by_role("alert")).to_contain_text("Press Escape again")
    await expect(why).to_have_value("You labelled every single drawer.")
    await expect(why).to_be_focused()
    await why.press("Escape")
    await expect(room.dialog).to_have_count(0)
    await expect(room.right.box).to_be_focused()


async def test_the_landmarks_and_live_regions_are_there(visitor: Visitor) -> None:
    room = await visitor.open()
    await room.left.sit("Jo")
    page = room.page
    await expect(page.get_by_role("banner")).to_have_count(1)
    await expect(page.get_by_role("main")).to_have_count(1)
    await expect(page.get_by_role("heading", level=1)).to_have_count(1)
    for name in ("Left seat: Jo", "Right seat: Amara", "Community clock", "Three things to try"):
        await expect(page.get_by_role("region", name=name)).to_have_count(1)
    for side in ("left", "right"):
        await expect(page.get_by_role("navigation", name=f"Channels and people, {side} seat")).to_have_count(
            1
        )
    await expect(page.get_by_role("log")).to_have_count(2)
    names = await page.get_by_role("log").evaluate_all(
        "logs => logs.map(log => log.getAttribute('aria-label'))"
    )
    assert names == ["Messages in #hello", "Messages in #hello"]
    # Only the seat that was used last is read out, so that nothing is heard twice.
    await room.right.box.focus()
    await expect(room.right.log).to_have_attribute("aria-live", "polite")
    await expect(room.left.log).to_have_attribute("aria-live", "off")
    await room.left.box.focus()
    await expect(room.left.log).to_have_attribute("aria-live", "polite")
    await expect(room.right.log).to_have_attribute("aria-live", "off")


async def test_everything_that_can_be_pressed_has_a_name(visitor: Visitor) -> None:
    room = await visitor.open()
    await room.left.sit("Jo")
    for role in ("button", "link", "textbox", "combobox", "radio"):
        for item in await room.page.get_by_role(role).all():
            await expect(item).to_have_accessible_name(re.compile(r"\S"))
