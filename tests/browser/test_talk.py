"""People talking: threads, reactions, direct messages, menus, leaving and coming back."""

from __future__ import annotations

import re

import pytest
from aiohttp import ClientSession
from playwright.async_api import expect

from tests.browser.conftest import Visitor
from tests.browser.kith import Kith

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_words_are_words_whatever_they_hold(visitor: Visitor) -> None:
    room = await visitor.open()
    await room.left.sit("Jo")
    await room.left.go("general")
    await room.right.go("general")
    said = '<img src=x onerror="alert(1)"> **not bold** @Mina #wall \u202eevil\u202c שלום'
    await room.left.say(said)
    for seat in (room.left, room.right):
        message = seat.message("not bold")
        await expect(message).to_contain_text('<img src=x onerror="alert(1)"> **not bold** @Mina #wall')
        await expect(message.locator("img[src=x], strong")).to_have_count(0)
        await expect(message.get_by_role("button", name="@Mina")).to_be_visible()
    await room.right.message("not bold").get_by_role("button", name="#wall").click()
    await expect(room.right.place("wall")).to_have_attribute("aria-current", "true")


async def test_lines_stay_apart_and_a_draft_waits(visitor: Visitor) -> None:
    room = await visitor.open()
    await room.right.go("general")
    await room.right.box.press_sequentially("One")
    await room.right.box.press("Shift+Enter")
    await room.right.box.press_sequentially("two")
    await room.right.go("garden")
    await expect(room.right.box).to_have_value("")
    await room.right.go("general")
    await expect(room.right.box).to_have_value("One\ntwo")
    await room.right.box.press("Enter")
    await expect(room.right.message(re.compile("One\\s+two"))).to_have_count(1)


async def test_a_reply_stands_in_its_thread(visitor: Visitor) -> None:
    room = await visitor.open()
    await room.left.sit("Jo")
    for seat in (room.left, room.right):
        await seat.go("garden")
    await room.left.say("Who waters on Sunday?")
    message = room.right.message("Who waters on Sunday?")
    await message.hover()
    await message.get_by_role("button", name="Reply in a thread").click()
    await expect(room.right.element.get_by_role("heading", name="Thread")).to_be_visible()
    await expect(room.right.box).to_be_focused()
    await room.right.say("I do")
    await expect(room.right.message("I do")).to_have_count(1)
    await expect(room.left.message("I do")).to_have_count(0)
    await (
        room.left.message("Who waters on Sunday?").get_by_role("button", name=re.compile("^1 reply")).click()
    )
    await expect(room.left.message("I do")).to_have_count(1)
    await room.left.say("Thank you")
    await expect(room.right.message("Thank you")).to_have_count(1)
    await room.page.keyboard.press("Escape")
    await expect(room.left.element.get_by_role("heading", name="garden", exact=True)).to_be_visible()


async def test_a_reaction_counts_for_both_and_can_be_taken_back(visitor: Visitor) -> None:
    room = await visitor.open()
    await room.left.sit("Jo")
    for seat in (room.left, room.right):
        await seat.go("garden")
    await room.left.say("First tomato!")
    message = room.right.message("First tomato!")
    await message.hover()
    await message.get_by_role("button", name="React", exact=True).click()
    await room.page.get_by_role("menuitem", name="Party popper").click()
    theirs = room.left.message("First tomato!").get_by_role("button", name=re.compile("🎉 1"))
    await theirs.click()
    mine = message.get_by_role("button", name=re.compile("🎉 2"))
    await expect(mine).to_have_attribute("aria-pressed", "true")
    await mine.click()
    await expect(message.get_by_role("button", name=re.compile("🎉 1"))).to_have_attribute(
        "aria-pressed", "false"
    )


async def test_private_words_stay_between_two(visitor: Visitor) -> None:
    room = await visitor.open()
    await room.left.sit("Jo")
    people = room.right.element.get_by_role("list", name=re.compile("^People"))
    await people.get_by_role("button", name=re.compile("^Jo")).click()
    await room.page.get_by_role("menuitem", name="Write privately").click()
    await expect(room.right.element.get_by_role("heading", name="Jo", exact=True)).to_be_visible()
    await room.right.say("Only for you, Jo")
    await expect(room.right.message("Only for you, Jo")).to_have_count(1)
    await expect(room.left.place("Amara")).to_contain_text("1 unread")
    await room.left.go("Amara")
    await expect(room.left.message("Only for you, Jo")).to_have_count(1)
    await room.left.sit("Mina")
    await expect(room.left.place("Amara")).to_have_count(0)


async def test_a_message_has_a_menu_that_thanks_for_it(visitor: Visitor) -> None:
    room = await visitor.open()
    await room.left.sit("Jo")
    for seat in (room.left, room.right):
        await seat.go("garden")
    await room.left.say("I watered all of it this morning")
    await room.right.menu(room.right.message("I watered all of it"), "Thank for this")
    why = room.dialog.get_by_role("textbox", name=re.compile("^What for"))
    await why.fill("Nobody had asked you to, and it was hot.")
    await why.press("Control+Enter")
    await expect(room.dialog).to_have_count(0)
    await expect(room.right.message("Only you can see this")).to_have_count(1)
    await room.left.go("wall")
    await expect(room.left.message("Nobody had asked you to")).to_contain_text("@Jo")


async def test_a_person_has_a_menu_that_thanks_them(visitor: Visitor) -> None:
    room = await visitor.open()
    people = room.right.element.get_by_role("list", name=re.compile("^People"))
    await people.get_by_role("button", name=re.compile("^Mina")).click()
    menu = room.page.get_by_role("menu", name="Mina")
    await expect(menu.get_by_role("menuitem", name="Sit here as Mina")).to_be_visible()
    await menu.get_by_role("menuitem", name="Give a shout-out").click()
    await expect(room.dialog).to_be_visible()


async def test_the_bot_says_why(visitor: Visitor) -> None:
    room = await visitor.open()
    await room.right.go("wall")
    await room.right.say("/shoutout @Mina You labelled every single drawer.")
    thanks = room.right.message("You labelled every single drawer.")
    await room.right.menu(thanks, "Why this?")
    await expect(room.right.message("Only you can see this").filter(has_text="Amara")).not_to_have_count(0)


async def test_own_words_can_be_deleted_everywhere(visitor: Visitor) -> None:
    room = await visitor.open()
    await room.left.sit("Jo")
    for seat in (room.left, room.right):
        await seat.go("general")
    await room.left.say("Never mind this")
    await expect(room.right.message("Never mind this")).to_have_count(1)
    await room.left.menu(room.left.message("Never mind this"), "Delete")
    for seat in (room.left, room.right):
        await expect(seat.message("Never mind this")).to_have_count(0)


async def test_who_leaves_can_look_and_come_back(visitor: Visitor) -> None:
    room = await visitor.open()
    await room.left.join("Aiko")
    await room.left.who.click()
    await room.page.get_by_role("menuitem", name="Let Aiko leave the room").click()
    await expect(room.left.element.get_by_text("Aiko has left the room and can only look.")).to_be_visible()
    await expect(room.left.box).to_have_count(0)
    await room.left.element.get_by_role("button", name="Come back").click()
    await expect(room.left.box).to_be_visible()
    await room.left.say("Here again")
    await expect(room.left.message("Here again")).to_have_count(1)


async def test_an_unknown_command_is_refused_kindly_and_kept(visitor: Visitor) -> None:
    room = await visitor.open()
    await room.right.box.fill("/shoutotu @Mina hello")
    await room.right.box.press("Escape")
    await room.right.box.press("Enter")
    said = room.page.get_by_text("/shoutout", exact=False)
    await expect(said.first).to_be_visible()
    visitor.expected.append("40")


async def test_text_that_is_far_too_long_is_refused_and_kept(visitor: Visitor) -> None:
    visitor.expected.extend(("413", "422"))
    room = await visitor.open()
    await room.right.box.fill("x" * 100_000)
    await room.right.box.press("Enter")
    await expect(
        room.page.get_by_role("alert").filter(has=room.page.get_by_role("paragraph"))
    ).to_be_visible()
    await expect(room.right.box).to_have_value("x" * 100_000)


async def test_an_answer_shows_what_it_answers(visitor: Visitor) -> None:
    room = await visitor.open()
    await room.left.sit("Jo")
    for seat in (room.left, room.right):
        await seat.go("garden")
    await room.left.say("Shall we plant the beans?")
    await room.right.menu(room.right.message("Shall we plant the beans?"), "Answer")
    await expect(room.right.element.get_by_text("Answering Jo: Shall we plant the beans?")).to_be_visible()
    await expect(room.right.box).to_be_focused()
    await room.right.say("Not before the frost is over.")
    answer = room.left.message("Not before the frost is over.")
    await expect(answer).to_contain_text("Jo: Shall we plant the beans?")
    await expect(room.right.element.get_by_text("Answering Jo")).to_have_count(0)


async def test_earlier_messages_can_be_called_up(visitor: Visitor, kith: Kith) -> None:
    room = await visitor.open()
    # A session may make some sixty changes at once, so three of them fill a channel.
    request = room.page.request
    tokens = [
        await request.post(f"{kith.address}/api/tokens", data={"note": "a chatterbox"}) for _ in range(3)
    ]
    seen = await (await request.get(f"{kith.address}/api/room?as=u2")).json()
    garden = next(item["id"] for item in seen["channels"] if item["name"] == "garden")
    async with ClientSession(kith.address) as client:
        for batch, issued in enumerate(tokens):
            headers = {"Authorization": f"Bearer {(await issued.json())['token']}"}
            for number in range(50):
                said = {"as": "u2", "channel": garden, "text": f"Bean {batch * 50 + number}."}
                async with client.post("/api/say", json=said, headers=headers) as response:
                    assert response.status == 201
    await room.page.reload()
    await room.ready()
    await room.right.go("garden")
    await expect(room.right.message("Bean 149.")).to_be_in_viewport()
    await expect(room.right.message("Bean 0.")).to_have_count(0)
    await room.right.element.get_by_role("button", name="Show earlier messages").click()
    await expect(room.right.message("Bean 0.")).to_have_count(1)
    await expect(room.right.message("Bean 0.")).not_to_be_in_viewport()


async def test_in_plain_text_a_form_is_a_conversation(visitor: Visitor) -> None:
    room = await visitor.open()
    await room.look("Plain text")
    await room.right.say("/shoutout")
    await expect(room.note).to_contain_text("wrote to Amara privately")
    await room.right.go("Kith")
    await room.right.say("Mina")
    await expect(room.right.message("What for?")).to_have_count(1)
    await room.right.say("You labelled every single drawer.")
    await expect(room.right.message("Said out loud")).to_have_count(1)


async def test_the_next_answer_is_seen_below_a_long_one(visitor: Visitor) -> None:
    room = await visitor.open()
    await room.left.sit("Priya")
    await room.left.say("/kith help")
    await expect(room.left.log.get_by_role("heading", name="What you can do here")).to_be_in_viewport()
    await room.left.say("/kith quiet")
    await expect(room.left.message("Quiet it is.")).to_be_in_viewport()
