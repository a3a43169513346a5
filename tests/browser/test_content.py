"""Cards with all their parts, and forms with every kind of question."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Locator, expect

from tests.browser.conftest import Visitor
from tests.browser.room import Room

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_card_shows_and_does_all_it_holds(visitor: Visitor) -> None:
    room = await visitor.open()
    await room.right.go("general")
    await room.right.say("/show card")
    card = room.right.message("A card from")
    await expect(card.get_by_role("heading", name="A card from @Amara")).to_be_visible()
    await expect(card.locator("strong")).to_have_text("Bold")
    await expect(card.locator("code")).to_have_text("code")
    await expect(card).to_contain_text("<b>words</b>")
    await expect(card.get_by_role("img", name="A red dot")).to_be_visible()
    await expect(card.get_by_role("heading", name="A part")).to_be_visible()
    await expect(card).to_contain_text("At the foot")
    for name, address in (("a link", "https://example.org/"), ("The rules", "https://example.org/rules")):
        link = card.get_by_role("link", name=name)
        await expect(link).to_have_attribute("href", address)
        await expect(link).to_have_attribute("rel", re.compile("noopener"))
    await card.get_by_role("button", name="Part").click()
    await expect(room.right.message("Pressed: part")).to_have_count(1)
    await card.get_by_role("button", name="Press me").click()
    await expect(room.right.message("Pressed: below")).to_have_count(1)
    await card.get_by_label("Which day?").select_option("fri")
    await card.get_by_role("button", name="Choose").click()
    await expect(room.right.message("Chosen: fri")).to_have_count(1)


async def _pick(room: Room, box: Locator, typed: str, option: str) -> None:
    await box.fill(typed)
    await room.dialog.get_by_role("option", name=option).click()


async def _next(room: Room, page: int) -> None:
    await room.dialog.get_by_role("button", name="Next").click()
    await expect(room.dialog.get_by_text(f"Page {page} of")).to_be_visible()


async def test_a_form_asks_every_kind_of_thing_page_by_page(visitor: Visitor) -> None:
    room = await visitor.open()
    await room.look("Discord")
    await room.right.say("/show form")
    form = room.dialog
    await form.get_by_role("textbox", name="Title").fill("A title")
    await form.get_by_role("textbox", name="Words").fill("Several\nwords")
    await form.get_by_role("spinbutton", name="Count").fill("12")
    await form.get_by_role("switch", name="Loud").check()
    await form.get_by_label("Day").fill("2027-05-14")
    await _next(room, 2)

    await form.get_by_role("textbox", name="When").fill("tomorrow 16:00")
    await _pick(room, form.get_by_role("combobox", name="Rule"), "friday", "every Friday at 16:00")
    await _pick(room, form.get_by_role("combobox", name="Zone"), "lisb", "Europe/Lisbon")
    await _pick(room, form.get_by_role("combobox", name="Who"), "min", "Mina")
    team = form.get_by_role("combobox", name="Team")
    await _pick(room, team, "jo", "Jo")
    await _pick(room, team, "pri", "Priya")
    await _pick(room, team, "sø", "Søren")
    await form.get_by_role("button", name="Take out Priya").click()
    await form.get_by_role("button", name="Back").click()
    await expect(form.get_by_text("Page 1 of")).to_be_visible()
    await expect(form.get_by_role("textbox", name="Words")).to_have_value("Several\nwords")
    await expect(form.get_by_label("Day")).to_have_value("2027-05-14")
    await _next(room, 2)
    await expect(form.get_by_role("combobox", name="Who")).to_have_value("Mina")
    await expect(form.get_by_role("list", name="Chosen").get_by_role("listitem")).to_have_count(2)
    await _next(room, 3)

    await _pick(room, form.get_by_role("combobox", name="Place"), "gar", "garden")
    await _pick(room, form.get_by_role("combobox", name="Role"), "cur", "Curator")
    await form.get_by_role("radio", name="Calm").check()
    await form.get_by_role("textbox", name="Which thing?").fill("7")
    await form.get_by_role("textbox", name="Lines").fill("One")
    await form.get_by_role("button", name="Add another").click()
    await form.get_by_role("textbox", name="Lines").last.fill("Two\nof them\n\nThree")
    await form.get_by_role("button", name="Send", exact=True).click()

    # What can't be is said where it stands, and everything else is still there.
    count = form.get_by_role("spinbutton", name="Count")
    await expect(count).to_have_attribute("aria-invalid", "true")
    await expect(count).to_be_focused()
    await expect(form.get_by_role("textbox", name="Title")).to_have_value("A title")
    await expect(form.get_by_role("switch", name="Loud")).to_be_checked()
    await count.fill("3")
    await _next(room, 2)
    await _next(room, 3)
    await expect(form.get_by_role("textbox", name="Lines")).to_have_count(3)
    await expect(form.get_by_role("textbox", name="Lines").last).to_have_value("Three")
    await form.get_by_role("button", name="Send", exact=True).click()
    await expect(form).to_have_count(0)
    answer = room.right.message("All there")
    for part in (
        "A title",
        "Several",
        "2027-05-14",
        "Europe/Lisbon",
        "Mina",
        "Jo, Søren",
        "garden",
        "calm",
        "One / Two of them / Three",
    ):
        await expect(answer).to_contain_text(part)
