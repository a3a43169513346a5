"""The room's API over real HTTP and WebSocket, as docs/room-api.md tells it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.model.content import Button, Card, Image, Option, Section, Select
from bot.model.events import (
    CommandUsed,
    Completion,
    ControlUsed,
    FormSent,
    MemberJoined,
    MemberLeft,
    MenuUsed,
    MessagePosted,
    MessageRemoved,
    ReactionAdded,
    ReactionRemoved,
)
from bot.model.ids import Channel, Member, MessageRef
from bot.model.outgoing import Answer, Direct, InChannel, Post
from bot.model.text import CommandName, Link, Moment, T
from bot.web.clock_panel import Coming
from tests.web.house import FORM, PATIENCE, House, Json

MINA, JO, AMARA = "u3", "u2", "u1"


def channel(house: House, ident: str) -> Channel:
    return Channel(house.platform.space.key, ident)


def member(house: House, ident: str) -> Member:
    return house.platform.translator.member(ident)


async def said(house: House, seat: str, text: str, place: str = "c2", **more: Any) -> Json:
    answer = await house.post("/api/say", {"as": seat, "channel": place, "text": text, **more})
    assert answer.status == 201, answer.body
    message: Json = answer.body["message"]
    return message


async def card_with_controls(house: House) -> Json:
    """A card of the bot's in #general, as a seat sees it."""
    card = Card(
        T("{who} thanks {to}", who=member(house, MINA), to=member(house, JO)),
        T(
            "For **the** `bench`, see {link} at {at} or {command}.",
            link=Link("https://example.org/", "here"),
            at=Moment(1_000),
            command=CommandName(("kith", "help")),
        ),
        (Section("More", "Heading", Button("Beside", "beside")),),
        Image(b"\x89PNG", "image/png", "A bench"),
        (
            Button("Me too", "me-too"),
            Select("Day", "day", (Option("Fri", "fri"), Option("Sun", "sun")), 1, 2),
        ),
        "Footer",
    )
    receipt = await house.platform.deliver(Post("k1", InChannel(channel(house, "c2")), card))
    assert receipt.message is not None
    snapshot = (await house.get(f"/api/room?as={MINA}")).body
    return next(one for one in snapshot["messages"] if one["id"] == receipt.message.id)


async def test_the_room_looks_lived_in(house: House) -> None:
    snapshot = (await house.get(f"/api/room?as={MINA}")).body
    assert snapshot["room"]["name"] == "The Makers' Shed"
    assert [one["name"] for one in snapshot["channels"]] == ["hello", "general", "workshop", "garden", "wall"]
    assert len([one for one in snapshot["members"] if one["present"] and not one["bot"]]) == 7
    assert [one["name"] for one in snapshot["members"] if not one["present"]] == ["Robin"]
    assert len(snapshot["messages"]) > 20
    assert any(one["thread"] for one in snapshot["messages"])
    assert any(one["replies"] and one["last_reply_at"] for one in snapshot["messages"])
    assert any(one["reactions"] for one in snapshot["messages"])
    assert max(one["at"] for one in snapshot["messages"]) <= house.clock.now()
    spans = [span for one in snapshot["messages"] for span in one["text"]]
    assert {"t": "member", "id": "u7", "name": "Priya"} in spans
    assert {"t": "member", "id": "u4", "name": "田中 健"} in spans
    people = (await house.get("/api/people")).body["members"]
    assert people == snapshot["members"]
    assert next(one for one in people if one["id"] == "u4")["initials"] == "田健"


async def test_joining_leaving_and_coming_back(house: House) -> None:
    joined = await house.post("/api/people", {"name": "  Aiko  Ito "})
    assert joined.status == 201
    assert (joined.body["member"]["name"], joined.body["member"]["initials"]) == ("Aiko Ito", "AI")
    aiko = joined.body["member"]["id"]
    event = await house.sink.wait(MemberJoined)
    assert (event.member.id, event.member.name, event.count) == (aiko, "Aiko Ito", 8)
    assert event.joined_at == joined.body["member"]["joined_at"]
    assert not (await house.post("/api/leave", {"as": aiko})).body["member"]["present"]
    assert (await house.sink.wait(MemberLeft)).member.id == aiko
    refused = await house.post("/api/say", {"as": aiko, "channel": "c2", "text": "hi"})
    assert (refused.status, refused.body["error"]) == (403, "not_present")
    assert (await house.post("/api/leave", {"as": aiko})).body["error"] == "not_present"
    assert (await house.post("/api/return", {"as": aiko})).body["member"]["present"]
    assert (await house.post("/api/return", {"as": aiko})).body["error"] == "already_here"
    back = await house.sink.wait(MemberJoined, lambda one: one.id != event.id)
    assert back.member == event.member
    robin = await house.post("/api/return", {"as": "u8"})
    assert robin.body["member"]["joined_at"] is not None


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("", "empty"),
        ("  \u200b ", "empty"),
        ("x" * 33, "too_long"),
        ("a<b", "bad_value"),
        ("@Mina", "bad_value"),
        ("mina", "name_taken"),
        ("ＭＩＮＡ", "name_taken"),
        ("Everyone", "name_taken"),
        ("kith", "name_taken"),
    ],
)
async def test_names_that_can_not_be_taken(house: House, name: str, error: str) -> None:
    refused = await house.post("/api/people", {"name": name})
    assert refused.body["error"] == error
    assert refused.status in (409, 422)


async def test_talking_mentioning_and_threads(house: House) -> None:
    first = await said(house, MINA, "Hello @jo and @田中 健さん in #workshop, a@Jo https://example.org/x.")
    assert first["text"] == [
        {"t": "text", "text": "Hello "},
        {"t": "member", "id": "u2", "name": "Jo"},
        {"t": "text", "text": " and "},
        {"t": "member", "id": "u4", "name": "田中 健"},
        {"t": "text", "text": "さん in "},
        {"t": "channel", "id": "c3", "name": "workshop"},
        {"t": "text", "text": ", a@Jo "},
        {"t": "link", "url": "https://example.org/x", "label": "https://example.org/x"},
        {"t": "text", "text": "."},
    ]
    assert first["pings"] == ["u2", "u4"]
    event = await house.sink.wait(MessagePosted)
    assert event.text == "Hello <@u2|Jo> and <@u4|田中 健>さん in <#c3|workshop>, a@Jo https://example.org/x."
    assert [one.id for one in event.mentions] == ["u2", "u4"]
    assert (event.direct, event.mentions_bot, event.reply_to) == (False, False, None)
    reply = await said(house, JO, "Hello @Kith", thread=first["id"])
    nested = await said(house, MINA, "Yes", thread=reply["id"], reply_to=reply["id"])
    assert (reply["thread"], nested["thread"], nested["reply_to"]) == (first["id"], first["id"], reply["id"])
    event = await house.sink.wait(MessagePosted, lambda one: one.mentions_bot)
    assert (event.message.thread, event.reply_to) == (first["id"], first["id"])
    thread = (await house.get(f"/api/messages?as={AMARA}&thread={first['id']}")).body["messages"]
    assert [one["id"] for one in thread] == [first["id"], reply["id"], nested["id"]]
    assert thread[0]["replies"] == 2


async def test_direct_messages_are_between_two(house: House) -> None:
    place = (await house.post("/api/directs", {"as": MINA, "with": JO})).body["channel"]
    assert (place["kind"], place["with"], place["name"]) == ("direct", JO, None)
    assert (await house.post("/api/directs", {"as": JO, "with": MINA})).body["channel"]["id"] == place["id"]
    message = await said(house, MINA, "Between us", place["id"])
    await house.post("/api/react", {"as": JO, "message": message["id"], "emoji": "👍"})
    others = (await house.get(f"/api/room?as={AMARA}")).body
    assert all(one["id"] != place["id"] for one in others["channels"])
    assert all(one["channel"] != place["id"] for one in others["messages"])
    refused = await house.post("/api/say", {"as": AMARA, "channel": place["id"], "text": "hi"})
    assert (refused.status, refused.body["error"]) == (403, "not_yours")
    refused = await house.post("/api/react", {"as": AMARA, "message": message["id"], "emoji": "👍"})
    assert (refused.status, refused.body["error"]) == (403, "not_yours")
    with_bot = (await house.post("/api/directs", {"as": MINA, "with": "kith"})).body["channel"]["id"]
    await said(house, MINA, "Hello Kith", with_bot)
    event = await house.sink.wait(MessagePosted)
    assert (event.text, event.direct) == ("Hello Kith", True)
    assert not [one for one in house.sink.events if isinstance(one, ReactionAdded)]


async def test_reacting_and_taking_it_back(house: House) -> None:
    message = await said(house, MINA, "Look")
    for _ in range(2):
        await house.post("/api/react", {"as": JO, "message": message["id"], "emoji": "👍🏽"})
    added = await house.sink.wait(ReactionAdded)
    assert (added.emoji, added.member.id, added.message.id) == ("👍🏽", JO, message["id"])
    assert len([one for one in house.sink.events if isinstance(one, ReactionAdded)]) == 1
    await house.post("/api/unreact", {"as": JO, "message": message["id"], "emoji": "👍🏽"})
    assert (await house.sink.wait(ReactionRemoved)).message.id == message["id"]
    for emoji in ("", "a", "ab", "👍👍", "<b>", "^"):
        refused = await house.post("/api/react", {"as": JO, "message": message["id"], "emoji": emoji})
        assert (refused.status, refused.body["error"]) == (422, "bad_value"), emoji
    for emoji in ("❤️", "1️⃣", "🇩🇪", "👩‍🚀"):
        answer = await house.post("/api/react", {"as": JO, "message": message["id"], "emoji": emoji})
        assert answer.status == 200, emoji


async def test_deleting(house: House) -> None:
    message = await said(house, "u7", "Oops")
    refused = await house.post("/api/delete", {"as": MINA, "message": message["id"]})
    assert (refused.status, refused.body["error"]) == (403, "not_allowed")
    assert (await house.post("/api/delete", {"as": "u7", "message": message["id"]})).status == 200
    assert (await house.sink.wait(MessageRemoved)).message.id == message["id"]
    assert (await house.post("/api/delete", {"as": "u7", "message": message["id"]})).status == 404
    root = await said(house, "u7", "Root")
    await said(house, JO, "Reply", thread=root["id"])
    assert (await house.post("/api/delete", {"as": JO, "message": root["id"]})).status == 200
    thread = (await house.get(f"/api/messages?as={MINA}&thread={root['id']}")).body["messages"]
    assert [one["kind"] for one in thread] == ["deleted", "message"]
    assert thread[0]["text"] == []


async def test_older_messages_come_in_pages_and_history_is_bounded(house: House) -> None:
    for number in range(560):
        house.room.say(MINA, "c5", f"Number {number}")
    await house.room.saved()
    snapshot = (await house.get(f"/api/room?as={JO}")).body
    assert next(one for one in snapshot["channels"] if one["id"] == "c5")["more"]
    held = [one for one in snapshot["messages"] if one["channel"] == "c5"]
    assert len(held) == 100
    more = True
    while more:
        older = (await house.get(f"/api/messages?as={JO}&channel=c5&before={held[0]['id']}")).body
        held, more = older["messages"] + held, older["more"]
    assert [one["text"][0]["text"] for one in held] == [f"Number {number}" for number in range(60, 560)]


async def test_a_card_comes_as_structure_without_its_actions(house: House) -> None:
    message = await card_with_controls(house)
    card = message["card"]
    assert card["title"] == [
        {"t": "member", "id": "u3", "name": "Mina"},
        {"t": "text", "text": " thanks "},
        {"t": "member", "id": "u2", "name": "Jo"},
    ]
    assert {"t": "text", "text": "the", "bold": True} in card["body"]
    assert {"t": "text", "text": "bench", "code": True} in card["body"]
    assert {"t": "link", "url": "https://example.org/", "label": "here"} in card["body"]
    assert {"t": "command", "path": ["kith", "help"], "text": "/kith help"} in card["body"]
    assert {"t": "time", "ms": 1000, "style": "date_time", "text": "1970-01-01 00:00 UTC"} in card["body"]
    assert [one["kind"] for one in card["controls"]] == ["button", "select"]
    assert card["image"]["alt"] == "A bench"
    assert "me-too" not in str(message)
    async with house.client.get(house.base + card["image"]["url"]) as response:
        assert (response.content_type, await response.read()) == ("image/png", b"\x89PNG")


async def test_pressing_and_choosing(house: House) -> None:
    message = await card_with_controls(house)
    button, select = message["card"]["controls"]
    pressed = await house.post("/api/press", {"as": JO, "message": message["id"], "control": button["id"]})
    assert (pressed.body["status"], pressed.body["dialog"]) == ("done", None)
    event = await house.sink.wait(ControlUsed)
    assert (event.action, event.actor.member.id, event.chosen) == ("me-too", JO, ())
    assert event.message == MessageRef(channel(house, "c2"), message["id"])
    assert {role.value for role in event.actor.roles} == {"moderator"}
    await house.platform.deliver(Post("k2", Answer(event.token, event.actor.member), "Only you see this"))
    ask = {"as": JO, "message": message["id"], "control": select["id"]}
    await house.post("/api/select", {**ask, "values": ["sun", "fri"]})
    event = await house.sink.wait(ControlUsed, lambda one: one.action == "day")
    assert event.chosen == ("sun", "fri")
    for values in ([], ["mon"], ["fri", "sun", "mon"]):
        refused = await house.post("/api/select", {**ask, "values": values})
        assert (refused.status, refused.body["error"]) == (422, "bad_value")
    wrong = await house.post("/api/press", {"as": JO, "message": message["id"], "control": select["id"]})
    assert (wrong.status, wrong.body["error"]) == (404, "unknown_control")


async def test_a_private_answer_is_nobody_elses(house: House) -> None:
    used = await house.post("/api/command", {"as": JO, "channel": "c2", "text": "/shoutout"})
    assert used.body["status"] == "done"
    token = (await house.sink.wait(CommandUsed)).token
    card = Card("Undo?", buttons=(Button("Undo", "undo"),))
    receipt = await house.platform.deliver(Post("k1", Answer(token, member(house, JO)), card))
    assert receipt.message is not None
    ident = receipt.message.id
    own = (await house.get(f"/api/room?as={JO}")).body["messages"]
    (mine,) = [one for one in own if one["id"] == ident]
    assert (mine["only_for"], mine["channel"]) == (JO, "c2")
    control = mine["card"]["controls"][0]["id"]
    theirs = (await house.get(f"/api/room?as={MINA}")).body["messages"]
    assert all(one["id"] != ident for one in theirs)
    for path, more in (
        ("press", {"control": control}),
        ("react", {"emoji": "👍"}),
        ("dismiss", {}),
        ("delete", {}),
    ):
        refused = await house.post(f"/api/{path}", {"as": MINA, "message": ident, **more})
        assert (refused.status, refused.body["error"]) == (403, "not_yours"), path
    assert (await house.post("/api/press", {"as": JO, "message": ident, "control": control})).status == 200
    assert (await house.post("/api/dismiss", {"as": JO, "message": ident})).status == 200
    own = (await house.get(f"/api/room?as={JO}")).body["messages"]
    assert all(one["id"] != ident for one in own)


async def test_a_command_line_names_people_for_the_host(house: House) -> None:
    line = "/Shoutout @mina for the #workshop bench"
    await house.post("/api/command", {"as": JO, "channel": "c3", "text": line})
    event = await house.sink.wait(CommandUsed)
    assert event.path == ("shoutout",)
    assert event.text == "<@u3|Mina> for the <#c3|workshop> bench"
    assert (event.channel, event.actor.member.id) == (channel(house, "c3"), JO)
    await house.post("/api/command", {"as": JO, "channel": "c3", "text": "/snippet  show  4 now"})
    assert (await house.sink.wait(CommandUsed, lambda one: len(one.path) == 2)).text == "4 now"
    refused = await house.post("/api/command", {"as": JO, "channel": "c3", "text": "/shoutuot @Mina"})
    assert (refused.status, refused.body["error"]) == (404, "unknown_command")
    assert refused.body["message"] == "I don't know /shoutuot. Did you mean /shoutout?"
    odd = await house.post("/api/command", {"as": JO, "channel": "c3", "text": "/snippet bogus"})
    assert odd.body["message"] == "I don't know /snippet bogus. Type / to see those there are."
    none = await house.post("/api/command", {"as": JO, "channel": "c3", "text": "/"})
    assert none.body["message"] == "Which command? Type / to see those there are."
    group = await house.post("/api/command", {"as": JO, "channel": "c3", "text": "/snippet"})
    assert (group.status, group.body["error"]) == (404, "unknown_command")
    assert "/snippet show" in group.body["message"]


async def test_a_form_in_two_pages(house: House) -> None:
    await house.post("/api/look", {"look": "discord"})
    house.sink.answer = lambda event: FORM if isinstance(event, CommandUsed) else None
    async with house.live(JO) as live:
        used = await house.post("/api/command", {"as": JO, "channel": "c3", "text": "/shoutout"})
        dialog = used.body["dialog"]
        assert (dialog["page"], dialog["pages"], dialog["submit"]) == (1, 2, "Next")
        assert [one["name"] for one in dialog["fields"]] == ["to", "why", "loud", "card", "count"]
        assert (await live.until("dialog"))["dialog"] == dialog
    path = f"/api/dialogs/{dialog['id']}"
    refused = await house.post(f"{path}/submit", {"as": MINA, "values": {}})
    assert (refused.status, refused.body["error"]) == (403, "not_yours")
    wrong = {"to": "u99", "why": "x" * 51, "loud": "perhaps", "card": "cold", "count": True}
    again = (await house.post(f"{path}/submit", {"as": JO, "values": wrong})).body["dialog"]
    assert again["page"] == 1
    assert all(one["problem"] for one in again["fields"])
    fine = {"to": "u3", "why": "the bench", "loud": True, "card": "warm", "count": 3}
    second = (await house.post(f"{path}/submit", {"as": JO, "values": fine})).body["dialog"]
    assert (second["page"], second["submit"], [one["name"] for one in second["fields"]]) == (
        2,
        "Send",
        ["where"],
    )
    first = (await house.post(f"{path}/back", {"as": JO, "values": {"where": "c2"}})).body["dialog"]
    assert [one["value"] for one in first["fields"]] == ["u3", "the bench", True, "warm", "3"]
    assert (await house.get(f"/api/room?as={JO}")).body["dialog"] == first
    await house.post(f"{path}/submit", {"as": JO, "values": fine})
    done = (await house.post(f"{path}/submit", {"as": JO, "values": {"where": "c2"}})).body
    assert (done["status"], done["dialog"]) == ("done", None)
    sent = await house.sink.wait(FormSent)
    assert sent.action == "form:thanks"
    assert dict(sent.values) == {
        "to": member(house, "u3"),
        "why": "the bench",
        "loud": True,
        "card": "warm",
        "count": "3",
        "where": channel(house, "c2"),
    }
    twice = await house.post(f"{path}/submit", {"as": JO, "values": {}})
    assert (twice.status, twice.body["error"]) == (404, "unknown_dialog")
    assert len([one for one in house.sink.events if isinstance(one, FormSent)]) == 1


async def test_a_form_that_comes_back_with_a_problem(house: House) -> None:
    from dataclasses import replace

    to, why = FORM.fields[:2]
    wrong = replace(
        FORM, fields=(replace(to, value="u3"), replace(why, value="hm", problem="A little more, please."))
    )
    house.sink.answer = lambda event: FORM if isinstance(event, CommandUsed) else wrong
    await house.post("/api/look", {"look": "discord"})
    used = await house.post("/api/command", {"as": JO, "channel": "c3", "text": "/shoutout"})
    path = f"/api/dialogs/{used.body['dialog']['id']}/submit"
    second = (await house.post(path, {"as": JO, "values": {"to": "u3", "why": "hm"}})).body["dialog"]
    assert second["page"] == 2
    back = (await house.post(path, {"as": JO, "values": {}})).body["dialog"]
    assert [(one["value"], one["problem"]) for one in back["fields"]] == [
        ("u3", None),
        ("hm", "A little more, please."),
    ]
    assert (await house.post(f"/api/dialogs/{back['id']}/cancel", {"as": JO})).status == 200
    assert (await house.get(f"/api/room?as={JO}")).body["dialog"] is None


async def test_menus_on_messages_and_people(house: House) -> None:
    menus = (await house.get(f"/api/catalog?as={JO}")).body["menus"]
    assert [one["label"] for one in menus] == ["Thank for this", "Give a shout-out"]
    message = await said(house, MINA, "I fixed it for @Jo")
    await house.post("/api/menu", {"as": JO, "menu": menus[0]["id"], "message": message["id"]})
    used = await house.sink.wait(MenuUsed)
    assert (used.action, used.text) == ("thank", "I fixed it for <@u2|Jo>")
    assert used.member is not None
    assert used.member.id == MINA
    assert used.message is not None
    assert used.message.id == message["id"]
    await house.post("/api/menu", {"as": JO, "menu": menus[1]["id"], "member": "u4", "channel": "c3"})
    used = await house.sink.wait(MenuUsed, lambda one: one.action == "shout")
    assert (used.member, used.message, used.channel) == (member(house, "u4"), None, channel(house, "c3"))
    await house.post("/api/look", {"look": "slack"})
    menus = (await house.get(f"/api/catalog?as={JO}")).body["menus"]
    assert [one["label"] for one in menus] == ["Thank for this"]


async def test_the_catalogue_is_what_a_person_may_use(house: House) -> None:
    for seat, names in (
        (JO, ["/shoutout", "/snippet show", "/kith-mod pause"]),
        ("u7", ["/shoutout", "/snippet show"]),
    ):
        commands = (await house.get(f"/api/catalog?as={seat}")).body["commands"]
        assert [one["text"] for one in commands] == names
    assert commands[0]["usage"] == "/shoutout to why [card]"


@pytest.mark.parametrize(
    ("text", "current", "first", "replaced"),
    [
        ("/", None, "/shoutout ", "/"),
        ("/sh", None, "/shoutout ", "/sh"),
        ("/SNIP", None, "/snippet show ", "/SNIP"),
        ("/snippet ", None, "/snippet show ", "/snippet "),
        ("/shoutout ", "to", "@Amara ", ""),
        ("/shoutout @mi", "to", "@Mina ", "@mi"),
        ("/shoutout mi", "to", "@Mina ", "mi"),
        ("/shoutout @Mina for", "why", None, "for"),
        ("/shoutout card:w", "card", "warm ", "w"),
        ("/shoutout @Mina card: ", "card", "warm ", ""),
        ("/shoutout @Mina wh", "why", "why: ", "wh"),
        ("Hello @田", None, "@田中 健 ", "@田"),
        ("👍 see #wo", None, "#workshop ", "#wo"),
        ("plain words", None, None, ""),
        ("a@mi", None, None, ""),
    ],
)
async def test_completion(
    house: House, text: str, current: str | None, first: str | None, replaced: str
) -> None:
    body = (await house.post("/api/complete", {"as": "u7", "channel": "c2", "text": text})).body
    inserts = [one["insert"] for one in body["suggestions"]]
    assert (inserts[0] if inserts else None) == first
    start, end = body["replace"]
    units = text.encode("utf-16-le")
    assert units[start * 2 : end * 2].decode("utf-16-le") == replaced
    assert (body["hint"] and body["hint"]["current"]) == current


async def test_completion_asks_the_host_for_its_own_things(house: House) -> None:
    house.sink.options = (Option("Glue the clamp", "12", "a snippet"),)
    text = "/snippet show cla and more"
    body = (await house.post("/api/complete", {"as": "u7", "channel": "c2", "text": text, "cursor": 17})).body
    assert body["suggestions"][0] == {
        "kind": "value",
        "label": "Glue the clamp",
        "insert": "12 ",
        "about": "a snippet",
    }
    asked: Completion = house.sink.asked[-1]
    assert (asked.path, asked.option, asked.typed) == (("snippet", "show"), "id", "cla")


async def test_live_shows_what_changes_to_whom_it_concerns(house: House) -> None:
    async with house.live(MINA) as mina, house.live(JO) as jo:
        first = await mina.next()
        assert first["type"] == "snapshot"
        assert first["you"] == MINA
        assert (await jo.next())["type"] == "snapshot"
        place = (await house.post("/api/directs", {"as": MINA, "with": AMARA})).body["channel"]["id"]
        await said(house, MINA, "secret", place)
        message = await said(house, MINA, "public")
        assert (await mina.next())["channel"]["with"] == AMARA
        assert (await mina.next())["message"]["text"][0]["text"] == "secret"
        assert (await mina.next())["message"]["id"] == message["id"]
        told = await jo.next()
        assert (told["type"], told["message"]["id"]) == ("message", message["id"])
        assert (told["message"]["deletable"], told["message"]["author"]) == (True, MINA)
        await house.post("/api/delete", {"as": MINA, "message": message["id"]})
        gone = await jo.next()
        assert (gone["type"], gone["id"], gone["channel"]) == ("message_gone", message["id"], "c2")
        await house.post("/api/look", {"look": "plain"})
        assert (await jo.next())["room"]["look"] == "plain"
        house.planned.append(Coming(house.clock.now() + 60_000, "Weekly story", "kindness"))
        await house.post("/api/clock", {"skip": "next"})
        assert (await jo.until("clock"))["clock"]["offset_ms"] >= 59_000


async def test_a_lost_connection_is_resumed_without_a_gap(house: House) -> None:
    async with house.live(JO) as live:
        await live.next()
        await said(house, MINA, "one")
        cursor = (await live.next())["cursor"]
    for text in ("two", "three"):
        await said(house, MINA, text)
    async with house.live(JO, cursor) as live:
        assert (await live.next())["type"] == "resumed"
        told = [(await live.next())["message"]["text"][0]["text"] for _ in range(2)]
        assert told == ["two", "three"]
    async with house.live(JO, "other.3") as live:
        assert (await live.next())["type"] == "snapshot"
    for number in range(2_100):
        house.room.live.publish("room", str(number))
    async with house.live(JO, cursor) as live:
        assert (await live.next())["type"] == "snapshot"


async def test_the_clock_shows_what_comes_and_goes_there(house: House) -> None:
    now = house.clock.now()
    house.planned += [
        Coming(now + 3_600_000, "Drop in #general", "knowledge"),
        Coming(now + 90_000_000, "Story", "k"),
    ]
    shown = (await house.get("/api/clock")).body
    assert shown["zone"] == "Europe/London"
    assert shown["can_travel"]
    assert [one["what"] for one in shown["upcoming"]] == ["Drop in #general", "Story"]
    moved = (await house.post("/api/clock", {"skip": "next"})).body
    assert moved["now"] >= now + 3_600_000
    moved = (await house.post("/api/clock", {"advance_ms": 86_400_000})).body
    assert moved["now"] >= now + 90_000_000
    assert moved["offset_ms"] >= 89_000_000
    nothing = await house.post("/api/clock", {"skip": "next"})
    assert (nothing.status, nothing.body["error"]) == (409, "nothing_next")
    body: Json
    for body in ({"advance_ms": -1}, {"advance_ms": 10**12}, {"skip": "all"}):
        assert (await house.post("/api/clock", body)).status == 422
    for body in ({}, {"advance_ms": "1"}, {"advance_ms": True}):
        assert (await house.post("/api/clock", body)).status == 400


async def test_the_bot_in_a_private_conversation(house: House) -> None:
    await house.platform.deliver(Post("k1", Direct(member(house, MINA)), "Hello Mina"))
    snapshot = (await house.get(f"/api/room?as={MINA}")).body
    (place,) = [one for one in snapshot["channels"] if one["with"] == "kith"]
    assert [one["text"] for one in snapshot["messages"] if one["channel"] == place["id"]] == [
        [{"t": "text", "text": "Hello Mina"}]
    ]


async def test_the_bot_that_does_not_store_is_told_again(house: House) -> None:
    house.sink.refusing = 1
    async with house.live(JO) as live:
        await live.next()
        used = await house.post("/api/command", {"as": JO, "channel": "c2", "text": "/shoutout"})
        assert used.body["status"] == "done"
        assert (await live.until("notice"))["code"] == "not_answered"
    commands = [one for one in house.sink.attempts if isinstance(one, CommandUsed)]
    assert len(commands) == 2
    assert len({one.id for one in commands}) == 1


async def test_a_request_sent_again_under_its_key_has_no_second_effect(house: House) -> None:
    button = await house.platform.deliver(
        Post(
            "k1",
            InChannel(channel(house, "c2")),
            Card(
                "Choose",
                buttons=(Button("Me too", "me-too"), Select("Day", "day", (Option("Friday", "fri"),))),
            ),
        )
    )
    assert button.message is not None
    pressed, chosen = house.room.history.messages[button.message.id].controls
    menu = (await house.get(f"/api/catalog?as={JO}")).body["menus"][0]["id"]
    where = {"as": JO, "channel": "c2"}
    shown = {"as": JO, "message": button.message.id}
    for path, body in (
        ("/api/say", {**where, "text": "Once"}),
        ("/api/command", {**where, "text": "/shoutout"}),
        ("/api/press", {**shown, "control": pressed}),
        ("/api/select", {**shown, "control": chosen, "values": ["fri"]}),
        ("/api/menu", {**shown, "menu": menu}),
    ):
        key = {"key": f"once {path}"}
        first, again = await asyncio.gather(*(house.post(path, {**body, **key}) for _ in range(2)))
        assert first.status < 300
        assert (first.status, first.body) == (again.status, again.body)
        another = await house.post(path, {**body, "key": f"twice {path}"})
        assert another.body != first.body
        theirs = await house.post("/api/say", {"as": MINA, "channel": "c2", "text": "Mine", **key})
        assert theirs.body["message"]["author"] == MINA
    kinds = (CommandUsed, ControlUsed, MenuUsed)
    assert sum(isinstance(event, kinds) for event in house.sink.events) == 8
    said = [one.raw for one in house.room.history.in_place("c2") if one.author == JO]
    assert said.count("Once") == 2
    for odd in ("", "k" * 65, 5):
        refused = await house.post("/api/say", {**where, "text": "Odd", "key": odd})
        assert (refused.status, refused.body["field"]) == (400, "key")


async def test_many_at_once_lose_nothing(house: House) -> None:
    async def talk(seat: str) -> None:
        for number in range(20):
            house.room.tell(house.room.say(seat, "c2", f"{seat} {number}"))
            await house.room.saved()

    await asyncio.wait_for(asyncio.gather(*(talk(seat) for seat in (AMARA, JO, MINA, "u4", "u5"))), PATIENCE)
    await house.sink.wait_attempts(101)
    heard = [one.text for one in house.sink.events if isinstance(one, MessagePosted)]
    assert sorted(heard) == sorted(
        f"{seat} {number}" for seat in (AMARA, JO, MINA, "u4", "u5") for number in range(20)
    )
    assert [text for text in heard if text.startswith(MINA)] == [f"{MINA} {number}" for number in range(20)]
