"""What a visitor sees in the first minutes: come in, be welcomed, thank someone, skip to Friday."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Route, expect

from tests.browser.conftest import Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")

WHY = "You showed me where the good clamps live."


async def test_an_empty_chair_on_the_left_and_the_admin_on_the_right(visitor: Visitor) -> None:
    room = await visitor.open()
    await expect(room.left.element.get_by_role("heading", name="An empty chair")).to_be_visible()
    await expect(room.right.who).to_contain_text("Amara")
    await expect(room.right.who).to_contain_text("Admin")
    await expect(room.right.messages).not_to_have_count(0)
    await expect(room.page.get_by_role("region", name="Three things to try")).to_be_visible()


async def test_who_joins_is_welcomed_in_both_seats(visitor: Visitor) -> None:
    room = await visitor.open()
    await room.left.join("Aiko")
    for seat in (room.left, room.right):
        await expect(seat.message("came in").filter(has_text="Aiko")).to_have_count(1)
    # Kith greets a minute after someone came in.
    await room.clock.get_by_role("button", name="+1 h").click()
    for seat in (room.left, room.right):
        greeting = seat.messages.filter(has=room.page.get_by_text("Bot", exact=True)).filter(has_text="@Aiko")
        await expect(greeting).to_have_count(1)
    await expect(room.page.get_by_role("listitem").filter(has_text="Come in (done)")).to_be_visible()


async def test_a_name_that_is_taken_is_said_at_the_box(visitor: Visitor) -> None:
    visitor.expected.append("409")
    room = await visitor.open()
    box = room.left.element.get_by_role("textbox", name="Your name")
    await box.fill("Mina")
    await box.press("Enter")
    await expect(room.left.element.get_by_role("alert").filter(has_text="Mina")).to_be_visible()
    await expect(box).to_be_focused()
    await expect(box).to_have_attribute("aria-invalid", "true")


async def test_thanks_by_command_reach_the_wall_and_are_confirmed_privately(visitor: Visitor) -> None:
    room = await visitor.open()
    await room.left.sit("Priya")
    await room.left.go("wall")
    await room.right.say(f"/shoutout @Priya {WHY}")
    private = room.right.message("Only you can see this")
    await expect(private).to_have_count(1)
    await expect(room.left.message(WHY)).to_have_count(1)
    await expect(room.left.message(WHY)).to_contain_text("Amara")
    await room.left.go("hello")
    await expect(room.left.message("Only you can see this")).to_have_count(0)
    await private.get_by_role("button", name="Dismiss").click()
    await expect(private).to_have_count(0)


async def test_thanks_by_form_ask_for_what_is_missing(visitor: Visitor) -> None:
    room = await visitor.open()
    await room.right.say("/shoutout")
    await expect(room.dialog).to_be_visible()
    to = room.dialog.get_by_role("combobox", name=re.compile("^To"))
    await expect(to).to_be_focused()
    await to.fill("min")
    await room.dialog.get_by_role("option", name="Mina").click()
    why = room.dialog.get_by_role("textbox", name=re.compile("^What for"))
    await why.fill("Short.")
    await room.dialog.get_by_role("button", name="Send", exact=True).click()
    await expect(why).to_have_attribute("aria-invalid", "true")
    await expect(why).to_be_focused()
    await expect(to).to_have_value("Mina")
    await why.fill(WHY)
    await room.dialog.get_by_role("button", name="Send", exact=True).click()
    await expect(room.dialog).to_have_count(0)
    await expect(room.right.message("Only you can see this")).to_have_count(1)
    await room.right.go("wall")
    await expect(room.right.message(WHY)).to_have_count(1)


async def test_a_form_can_be_left_and_leaves_nothing(visitor: Visitor) -> None:
    room = await visitor.open()
    await room.right.say("/shoutout")
    await expect(room.dialog).to_be_visible()
    await room.page.keyboard.press("Escape")
    await expect(room.dialog).to_have_count(0)
    await expect(room.right.box).to_be_focused()
    await room.page.reload()
    await room.ready()
    await expect(room.dialog).to_have_count(0)


async def test_friday_can_be_seen_today(visitor: Visitor) -> None:
    room = await visitor.open()
    for giver, why in (
        ("Jo", "for the truing stand, put back where it was."),
        ("Mina", "for the tea in the tin."),
    ):
        await room.left.sit(giver)
        await room.left.say(f"/shoutout @Søren Thank you {why}")
        await expect(room.left.message("Only you can see this")).not_to_have_count(0)
    await room.right.say("/shoutout @Jo You asked a good question.")
    await room.right.go("wall")
    thanked = room.right.message("asked a good question")
    await expect(thanked).to_have_count(1)
    await room.page.get_by_role("button", name="Skip to the story").click()
    await expect(room.note).to_contain_text("Friday")
    await expect(room.clock.get_by_text(re.compile("^Friday"))).to_be_visible()
    story = room.right.message("This week's thanks")
    await expect(story).to_have_count(1)
    await expect(story).to_contain_text("asked a good question")


async def test_the_clock_tells_what_comes_and_moves_on(visitor: Visitor) -> None:
    room = await visitor.open()
    next_up = room.clock.get_by_text(re.compile(r"^(today|tomorrow|\w+day .*) at \d\d:\d\d, in "))
    await expect(next_up.first).to_be_visible()
    before = await room.clock.inner_text()
    await room.clock.get_by_role("button", name="+1 day").click()
    await expect(room.note).to_contain_text("It is now")
    await expect(room.clock).not_to_have_text(before, use_inner_text=True)
    await room.clock.get_by_text("All that is planned").click()
    planned = room.clock.get_by_role("listitem")
    await expect(planned).not_to_have_count(0)
    await room.page.keyboard.press("Escape")
    await expect(planned.first).to_be_hidden()


async def test_the_clock_follows_when_a_plan_is_changed(visitor: Visitor) -> None:
    room = await visitor.open()
    await expect(room.clock).not_to_contain_text("Tell the week's thanks again")
    await room.right.say("/kith-admin settings kindness")
    await room.dialog.get_by_role("combobox", name=re.compile("^Weekly story")).fill("every hour")
    await room.dialog.get_by_role("button", name="Save").click()
    await expect(room.right.message("every hour. Next:")).to_have_count(1)
    await expect(room.clock).to_contain_text("Tell the week's thanks again")
    shown = await room.clock.inner_text()
    await room.right.say("/kith-admin settings kith")
    await room.dialog.get_by_role("combobox", name=re.compile("^Time zone")).fill("Asia/Kathmandu")
    await room.dialog.get_by_role("button", name="Save").click()
    await expect(room.clock).not_to_have_text(shown, use_inner_text=True)


async def test_times_are_the_communitys_from_the_first_moment(visitor: Visitor) -> None:
    room = await visitor.open()
    await room.right.go("garden")
    await room.right.say("/kith log")
    told = room.right.message("opened Kith here").last
    await expect(told).to_contain_text("today at")
    await room.clock.get_by_role("button", name="+1 day").click()
    await room.clock.get_by_role("button", name="+1 day").click()
    await expect(told).not_to_contain_text(re.compile("today at|yesterday at"))
    shown = await told.inner_text()

    async def late(route: Route) -> None:
        await expect(room.clock).to_be_visible()
        await route.continue_()

    await room.page.route("**/api/clock", late)
    await room.page.reload()
    await room.ready()
    await expect(told).to_have_count(1)
    assert await told.inner_text() == shown
