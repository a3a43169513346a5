"""Reloading, losing the line and coming back: nothing is lost, nothing is there twice."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Page, Route, expect

from tests.browser.conftest import Visitor
from tests.browser.kith import Kith

pytestmark = pytest.mark.asyncio(loop_scope="session")

LOST = ("ERR_CONNECTION_REFUSED", "WebSocket connection", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE")


async def test_a_reload_keeps_seats_channel_and_messages(visitor: Visitor) -> None:
    room = await visitor.open()
    await room.left.sit("Jo")
    await room.left.go("garden")
    await room.left.say("Beans, once")
    await expect(room.left.message("Beans, once")).to_have_count(1)
    await room.page.reload()
    await room.ready()
    await expect(room.left.who).to_contain_text("Jo")
    await expect(room.left.place("garden")).to_have_attribute("aria-current", "true")
    await expect(room.left.message("Beans, once")).to_have_count(1)
    await expect(room.right.who).to_contain_text("Amara")


async def test_a_restart_is_noticed_survived_and_repeats_nothing(visitor: Visitor, kith: Kith) -> None:
    visitor.expected.extend(LOST)
    room = await visitor.open()
    await room.left.sit("Jo")
    await room.left.go("general")
    await room.right.go("general")
    await room.left.say("Before the line dropped")
    await expect(room.right.message("Before the line dropped")).to_have_count(1)
    await room.left.box.fill("Half a thought")

    await kith.stop()
    for seat in (room.left, room.right):
        await expect(seat.element.get_by_text("The line dropped. Coming back…")).to_be_visible()
    await room.right.box.fill("Nobody hears this")
    await room.right.box.press("Enter")
    await expect(room.page.get_by_role("alert").filter(has_text="can't be reached")).to_be_visible()
    await expect(room.right.box).to_have_value("Nobody hears this")

    await kith.start()
    for seat in (room.left, room.right):
        await expect(seat.element.get_by_text("The line dropped. Coming back…")).to_have_count(
            0, timeout=30_000
        )
    await room.right.box.press("Enter")
    await expect(room.left.message("Nobody hears this")).to_have_count(1)
    await expect(room.left.box).to_have_value("Half a thought")
    await room.left.box.press("Enter")
    for seat in (room.left, room.right):
        await expect(seat.message("Half a thought")).to_have_count(1)
        await expect(seat.message("Before the line dropped")).to_have_count(1)
        await expect(seat.message("Nobody hears this")).to_have_count(1)


async def test_what_was_missed_offline_comes_once(visitor: Visitor) -> None:
    visitor.expected.extend((*LOST, "ERR_INTERNET_DISCONNECTED"))
    here = await visitor.open()
    there = await visitor.open()
    await here.right.go("general")
    await there.right.go("general")
    await here.page.context.set_offline(True)
    for number in range(3):
        await there.right.say(f"While you were away {number}")
    await expect(there.right.message("While you were away 2")).to_have_count(1)
    await here.page.context.set_offline(False)
    for number in range(3):
        await expect(here.right.message(f"While you were away {number}")).to_have_count(1, timeout=30_000)


async def test_a_form_is_still_there_after_a_reload(visitor: Visitor) -> None:
    room = await visitor.open()
    await room.right.say("/shoutout")
    await expect(room.dialog).to_be_visible()
    await room.page.reload()
    await room.ready()
    await expect(room.dialog).to_be_visible()


async def losing_the_first_answer(page: Page, url: str) -> list[str]:
    """From now on the first request there arrives and its answer does not; the keys of all requests there."""
    keys: list[str] = []

    async def take(route: Route) -> None:
        keys.append(route.request.post_data_json["key"])
        if len(keys) > 1:
            await route.continue_()
            return
        await route.fetch()
        await route.abort()

    await page.route(url, take)
    return keys


async def test_a_lost_answer_does_not_lead_to_saying_it_twice(visitor: Visitor) -> None:
    visitor.expected.append("ERR_FAILED")
    room = await visitor.open()

    async def deliver_but_lose_the_answer(route: Route) -> None:
        await route.fetch()
        await route.abort()

    await room.page.route("**/api/say", deliver_but_lose_the_answer)
    await room.right.go("general")
    await room.right.box.fill("Said once")
    await room.right.box.press("Enter")
    await expect(room.right.message("Said once")).to_have_count(1)
    await expect(room.right.box).to_have_value("")


async def test_what_is_sent_while_an_answer_is_late_is_sent_after_it(visitor: Visitor) -> None:
    room = await visitor.open()
    go_on = asyncio.Event()

    async def answer_late(route: Route) -> None:
        answer = await route.fetch()
        await go_on.wait()
        await route.fulfill(response=answer)

    await room.page.route("**/api/say", answer_late, times=1)
    await room.right.go("general")
    await room.right.say("The first")
    await room.right.box.fill("The second")
    await room.right.box.press("Enter")
    await room.right.box.press("Enter")
    await expect(room.right.box).to_have_value("The second")
    go_on.set()
    await expect(room.right.box).to_have_value("")
    for words in ("The first", "The second"):
        await expect(room.right.message(words)).to_have_count(1)


async def test_a_lost_answer_does_not_lead_to_running_a_command_twice(visitor: Visitor) -> None:
    visitor.expected.append("ERR_FAILED")
    room = await visitor.open()
    keys = await losing_the_first_answer(room.page, "**/api/command")
    await room.right.go("general")
    before = await room.right.message("What you can do here").count()
    await room.right.box.fill("/kith help")
    await room.right.box.press("Enter")
    await expect(room.page.get_by_role("alert").filter(has_text="can't be reached")).to_be_visible()
    await expect(room.right.message("What you can do here")).to_have_count(before + 1)
    await room.right.box.press("Enter")
    await expect(room.right.box).to_have_value("")
    await room.right.say("/kith help")
    await expect(room.right.message("What you can do here")).to_have_count(before + 2)
    assert keys[0] == keys[1] != keys[2]


async def test_a_button_pressed_again_after_a_lost_answer_has_no_second_effect(visitor: Visitor) -> None:
    visitor.expected.append("ERR_FAILED")
    room = await visitor.open()
    await room.right.go("general")
    await room.right.say("/kith me")
    button = room.right.log.get_by_role("button", name="Be left alone").last
    before = await room.right.message("Quiet it is").count()
    keys = await losing_the_first_answer(room.page, "**/api/press")
    await button.click()
    await expect(room.right.message("Quiet it is")).to_have_count(before + 1)
    async with room.page.expect_response("**/api/press"):
        await button.click()
    await room.right.say("All in order")
    await expect(room.right.message("All in order")).to_have_count(1)
    await expect(room.right.message("Quiet it is")).to_have_count(before + 1)
    assert keys[0] == keys[1]


async def test_who_is_signed_out_is_told_the_way_back(visitor: Visitor) -> None:
    visitor.expected.extend(("401", "favicon.ico"))
    room = await visitor.open()
    await room.page.evaluate(
        "fetch('/api/sign-out', {method: 'POST', headers: {'Content-Type': 'application/json'}, body: '{}'})"
    )
    await expect(room.page.get_by_role("heading", name="You are signed out here")).to_be_visible()
    await room.page.get_by_role("button", name="Try again").click()
    await expect(room.page.get_by_role("heading", name="The door is closed")).to_be_visible()
