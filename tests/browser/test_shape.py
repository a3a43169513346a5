"""How it looks: phone width, zoom, light and dark, three looks; measured, not only seen."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Visitor
from tests.browser.room import Room

pytestmark = pytest.mark.asyncio(loop_scope="session")

MEASURES = Path(__file__).with_name("measures.js").read_text(encoding="utf-8")


async def _faint(room: Room) -> list[str]:
    """Words whose contrast with what is behind them is under WCAG's AA."""
    await room.page.evaluate(
        "Promise.all(document.getAnimations().map(item => item.finished.catch(() => 0)))"
    )
    return list(await room.page.evaluate(f"{MEASURES}; faintWords()"))


async def _small(room: Room) -> list[str]:
    """What is pressed and smaller than 24 pixels either way."""
    return list(await room.page.evaluate(f"{MEASURES}; smallTargets()"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_words_can_be_read_in_every_look(visitor: Visitor, scheme: str) -> None:
    room = await visitor.open(scheme=scheme)
    assert await _faint(room) == []
    await room.left.sit("Jo")
    await room.left.go("wall")
    await room.right.go("general")
    await room.right.say("/show card")
    await expect(room.right.message("A card from")).to_have_count(1)
    await room.right.say("/shoutout @Mina You labelled every single drawer.")
    await expect(room.right.message("Only you can see this").last).to_contain_text("#wall")
    for look in ("Kith", "Discord", "Slack", "Plain text"):
        await room.look(look)
        assert await _faint(room) == []
        assert await _small(room) == []
    await room.look("Discord")
    await room.right.say("/show form")
    await room.dialog.get_by_role("button", name="Next").click()
    await expect(room.dialog.get_by_role("textbox", name="Title")).to_have_attribute("aria-invalid", "true")
    assert await _faint(room) == []


async def test_the_measures_find_what_is_wrong(visitor: Visitor) -> None:
    room = await visitor.open()
    await room.page.evaluate(
        "const sheet = document.styleSheets[1];"
        "sheet.insertRule('.room-name { color: #ddd !important }', sheet.cssRules.length);"
        "sheet.insertRule('#intro-toggle { height: 20px; min-height: 0 }', sheet.cssRules.length);"
    )
    assert any("Makers" in line for line in await _faint(room))
    assert any("Try this" in line for line in await _small(room))


async def test_the_theme_can_be_chosen_and_is_remembered(visitor: Visitor) -> None:
    room = await visitor.open(scheme="light")
    background = "getComputedStyle(document.body).backgroundColor"
    light = await room.page.evaluate(background)
    button = room.page.get_by_role("button", name="Colours")
    await button.click()
    await expect(button).to_have_accessible_name("Colours: light")
    await button.click()
    await expect(button).to_have_accessible_name("Colours: dark")
    assert await room.page.evaluate(background) != light
    await room.page.reload()
    await room.ready()
    await expect(button).to_have_accessible_name("Colours: dark")
    assert await room.page.evaluate(background) != light


async def test_a_phone_shows_one_seat_at_a_time(visitor: Visitor) -> None:
    room = await visitor.open(375, 812, touch=True)
    assert not await room.too_wide()
    await expect(room.left.element).to_be_visible()
    await expect(room.right.element).to_be_hidden()
    await room.left.join("Aiko")
    assert not await room.too_wide()
    await room.page.get_by_role("button", name="Amara", exact=True).click()
    await expect(room.right.element).to_be_visible()
    await expect(room.left.element).to_be_hidden()
    await room.right.element.get_by_role("button", name="Channels and people", exact=True).click()
    await room.right.place("garden").click()
    await expect(room.right.element.get_by_role("heading", name="garden", exact=True)).to_be_visible()
    await expect(room.right.element.get_by_role("navigation")).to_be_hidden()
    await room.right.say("From a small screen")
    await expect(room.right.message("From a small screen")).to_be_in_viewport()
    await room.right.say("/shoutout")
    await expect(room.dialog).to_be_visible()
    assert not await room.too_wide()
    assert await _small(room) == []
    await room.page.keyboard.press("Escape")
    await expect(room.page.get_by_role("region", name="Left seat")).to_be_hidden()
    await expect(room.page.get_by_role("group", name="Which seat is shown").get_by_text("1")).to_be_visible()


@pytest.mark.parametrize(("width", "height"), [(320, 640), (720, 450), (1024, 700), (1920, 1080)])
async def test_nothing_scrolls_sideways(visitor: Visitor, width: int, height: int) -> None:
    """720 × 450 is a laptop at 200 %, 320 × 640 a phone at 117 %."""
    room = await visitor.open(width, height)
    assert not await room.too_wide()
    if width < 800:
        await room.page.get_by_role("button", name="Amara", exact=True).click()
    await room.right.box.scroll_into_view_if_needed()
    await room.right.say("W" * 300)
    await expect(room.right.message("WWWW")).to_have_count(1)
    assert not await room.too_wide()
    await room.look("Plain text")
    assert not await room.too_wide()


@pytest.mark.parametrize(("width", "height"), [(375, 667), (320, 568), (844, 390)])
async def test_on_a_low_page_a_seat_is_as_high_as_what_one_sees(
    visitor: Visitor, width: int, height: int
) -> None:
    """Small phones, upright and lying."""
    room = await visitor.open(width, height, touch=True)
    if width < 800:
        await room.page.get_by_role("button", name="Amara", exact=True).click()
    for question in range(12):
        await room.right.say(f"Question {question}?")
    await expect(room.right.message("Question 11?")).to_be_in_viewport()
    await expect(room.right.box).to_be_in_viewport(ratio=1)
    seat = await room.right.element.bounding_box()
    assert seat is not None
    assert seat["height"] <= height
    assert not await room.too_wide()


@pytest.mark.parametrize("width", [320, 800, 900, 1000, 1280])
async def test_hints_keep_their_words_whole(visitor: Visitor, width: int) -> None:
    room = await visitor.open(width, 800)
    titles = room.page.get_by_role("region", name="Three things to try").get_by_role("paragraph")
    lines = await titles.evaluate_all(
        "titles => titles.filter(title => title.clientHeight > 0)"
        ".map(title => title.clientHeight / parseFloat(getComputedStyle(title).lineHeight))"
    )
    assert lines
    assert max(lines) < 2.5, lines
    first = await titles.first.evaluate(
        "title => title.clientHeight / parseFloat(getComputedStyle(title).lineHeight)"
    )
    assert first < 1.5


async def test_words_beside_a_button_have_room(visitor: Visitor) -> None:
    room = await visitor.open(375, 812, touch=True)
    await room.page.get_by_role("button", name="Amara", exact=True).click()
    await room.right.say("/kith-admin setup")
    words = room.right.messages.last.get_by_text("Weekly story: ")
    button = room.right.messages.last.get_by_role("button", name="Change kindness")
    await expect(button).to_have_count(1)
    above, below = await words.bounding_box(), await button.bounding_box()
    assert above is not None
    assert below is not None
    assert above["width"] > 200
    assert above["y"] + above["height"] <= below["y"]


async def test_each_look_is_another(visitor: Visitor) -> None:
    room = await visitor.open()
    await room.right.go("general")
    await room.right.say("/show card")
    card = room.right.message("A card from")
    await expect(card.get_by_role("button", name="Press me")).to_be_visible()
    seen = set()
    for look in ("Kith", "Discord", "Slack", "Plain text"):
        await room.look(look)
        seen.add(
            await room.right.element.evaluate(
                "seat => [getComputedStyle(seat.querySelector('header')).backgroundColor,"
                " getComputedStyle(seat.querySelector('[role=log]')).fontFamily].join()"
            )
        )
    assert len(seen) == 4
    # From now on only text comes: the same card has no button any more.
    await room.right.say("/show card")
    plain = room.right.messages.last
    await expect(plain).to_contain_text("A card from")
    await expect(plain.get_by_role("button", name="Press me")).to_have_count(0)


async def test_hints_can_be_put_away_and_called_back(visitor: Visitor) -> None:
    room = await visitor.open()
    hints = room.page.get_by_role("region", name="Three things to try")
    await hints.get_by_role("button", name="Put these hints away").click()
    await expect(hints).to_have_count(0)
    await room.page.reload()
    await room.ready()
    await expect(hints).to_have_count(0)
    await room.page.get_by_role("button", name="Try this").click()
    await expect(hints).to_be_visible()
