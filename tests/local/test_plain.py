"""The room as plain text: numbers choose, forms are asked, nothing is private but private conversations."""

from __future__ import annotations

from dataclasses import replace

from bot.model.content import Button, Card, Field, Form, Image, Kind, Option, Select
from bot.model.events import CommandUsed, ControlUsed, Event, FormSent, MessagePosted
from bot.model.ids import Channel
from bot.model.outgoing import Answer, Direct, Edit, InChannel, Post
from tests.local.conftest import Shed
from tests.local.talk import text_of

CARD = Card(
    "Friday?",
    image=Image(b"p", "image/png", "A bench"),
    buttons=(
        Button("Me too", "me-too"),
        Select("Day", "day", (Option("Friday", "fri"), Option("Sunday", "sun")), most=2),
    ),
)


async def posted(shed: Shed, content: Card | str = CARD) -> str:
    shed.room.set_look("plain")
    to = InChannel(Channel(shed.platform.space.key, "c2"))
    receipt = await shed.platform.deliver(Post("k1", to, content))
    assert receipt.message is not None
    return receipt.message.id


async def test_a_card_is_words_with_numbers(shed: Shed) -> None:
    message = shed.room.history.messages[await posted(shed)]
    assert (message.card, message.controls) == (None, {})
    assert text_of(message) == (
        "Friday?\n\nPicture: A bench\n\n1. Me too\n2. Friday\n3. Sunday\n"
        "Reply with the numbers you choose, like 1, 2."
    )


async def test_a_reply_with_the_number_presses(shed: Shed) -> None:
    ident = await posted(shed)
    await shed.platform.say("u3", "c2", "1", reply_to=ident)
    pressed = await shed.sink.wait(ControlUsed)
    assert (pressed.action, pressed.actor.member.id, pressed.chosen) == ("me-too", "u3", ())
    assert pressed.message is not None
    assert pressed.message.id == ident
    await shed.platform.say("u3", "c2", " 3, 2 ", thread=ident)
    chosen = await shed.sink.wait(ControlUsed, lambda event: event.action == "day")
    assert chosen.chosen == ("fri", "sun")
    assert not [event for event in shed.sink.events if isinstance(event, MessagePosted)]


async def test_other_numbers_are_just_words(shed: Shed) -> None:
    ident = await posted(shed)
    for text, reply_to in (("1", None), ("4", ident), ("1, 2", ident), ("0", ident), ("one", ident)):
        said = await shed.platform.say("u3", "c2", text, reply_to=reply_to)
        await shed.sink.wait(MessagePosted, lambda event, said=said: event.message.id == said.id)  # type: ignore[misc]
    assert not [event for event in shed.sink.events if isinstance(event, ControlUsed)]


async def test_in_private_the_number_alone_chooses(shed: Shed) -> None:
    shed.room.set_look("plain")
    mina = shed.platform.translator.member("u3")
    await shed.platform.deliver(Post("k1", Direct(mina), Card("Old", buttons=(Button("No", "old"),))))
    await shed.platform.deliver(Post("k2", Direct(mina), CARD))
    await shed.platform.say("u3", shed.direct("u3"), "1")
    assert (await shed.sink.wait(ControlUsed)).action == "me-too"


async def test_an_edit_changes_what_the_numbers_do(shed: Shed) -> None:
    ident = await posted(shed)
    to = InChannel(Channel(shed.platform.space.key, "c2"))
    await shed.platform.deliver(Edit("k2", "k1", to, "Done."))
    await shed.platform.say("u3", "c2", "1", reply_to=ident)
    await shed.sink.wait(MessagePosted)
    assert not [event for event in shed.sink.events if isinstance(event, ControlUsed)]


async def test_numbers_go_on_over_several_posts(shed: Shed) -> None:
    await posted(shed, replace(CARD, body="word " * 1_000))
    last = shed.room.history.in_place("c2")[-1]
    assert "1. Me too" in text_of(last)
    await shed.platform.say("u3", "c2", "1", reply_to=last.id)
    assert (await shed.sink.wait(ControlUsed)).action == "me-too"


async def test_a_private_answer_comes_as_a_private_message(shed: Shed) -> None:
    shed.room.set_look("plain")
    await shed.platform.command("u3", "c2", "/shoutout")
    used = await shed.sink.wait(CommandUsed)
    receipt = await shed.platform.deliver(Post("k1", Answer(used.token, used.actor.member), "Psst"))
    assert receipt.message is not None
    assert receipt.message.channel.id == shed.direct("u3")
    assert shed.heard("u3") == ["Psst"]


FORM = Form(
    "Say thanks",
    "form:1",
    (
        Field("to", Kind.MEMBER, "To", "Who helped?"),
        Field("others", Kind.MEMBERS, "Others", required=False, most=2),
        Field("card", Kind.CHOICE, "Card", options=(Option("Warm one", "warm"), Option("Calm one", "calm"))),
        Field("days", Kind.CHOICE, "Days", options=(Option("Fri", "fri"), Option("Sun", "sun")), most=2),
        Field("loud", Kind.YES_NO, "Loud?"),
        Field("where", Kind.CHANNEL, "Where", value="c5"),
        Field("role", Kind.ROLE, "Role"),
        Field("why", Kind.LONG_TEXT, "What for?", "A line.", most=20),
    ),
    intro="A line or two.",
)


def asks(form: Form) -> object:
    def answer(event: Event) -> Form | None:
        return form if isinstance(event, CommandUsed) else None

    return answer


async def test_a_form_is_asked_question_by_question(shed: Shed) -> None:
    shed.room.set_look("plain")
    shed.sink.answer = asks(FORM)  # type: ignore[assignment]
    outcome = await shed.platform.command("u3", "c2", "/shoutout")
    assert outcome.dialog is None
    first, intro, question = shed.heard("u3")
    assert (first, intro) == ("Say thanks", "A line or two.")
    assert question == "To: Who helped?\n(“cancel” stops)"
    place = shed.direct("u3")
    for words, then in (
        ("somebody", "Choose one of those that are offered.\nTo: Who helped?"),
        ("@Jo", "Others\n(“skip” leaves it out"),
        ("@Jo, @Priya and @Søren", "Choose at most 2."),
        ("skip", "Card\n1. Warm one\n2. Calm one\n"),
        ("3", "Choose one of those that are offered."),
        ("calm ONE", "Days\n1. Fri\n2. Sun"),
        ("1, sun", "Loud?\nYes or no?"),
        ("maybe", "Yes or no?\nLoud?"),
        ("yes", "Where\nNow: #wall\n(“keep” leaves it as it is"),
        ("keep", "Role\n"),
        ("nobody", "Choose one"),
        ("Moderators", "What for? A line.\n"),
        ("x" * 21, "That is 21 characters. Please keep it to 20."),
    ):
        await shed.platform.say("u3", place, words)
        assert shed.heard("u3")[-1].startswith(then), words
    await shed.platform.say("u3", place, "For the bench")
    sent = await shed.sink.wait(FormSent)
    speak = shed.platform.translator
    assert dict(sent.values) == {
        "to": speak.member("u2"),
        "card": "calm",
        "days": ("fri", "sun"),
        "loud": True,
        "where": speak.channel("c5"),
        "role": speak.raw(Kind.ROLE, "moderator"),
        "why": "For the bench",
    }
    assert not [event for event in shed.sink.events if isinstance(event, MessagePosted)]
    await shed.platform.say("u3", place, "Thanks")
    assert (await shed.sink.wait(MessagePosted)).text == "Thanks"


async def test_several_texts_are_shown_as_they_can_be_written(shed: Shed) -> None:
    shed.room.set_look("plain")
    greetings = Field("texts", Kind.TEXTS, "Greetings", value=("Hello, you.", "Come in."))
    shed.sink.answer = asks(replace(FORM, fields=(greetings,)))  # type: ignore[assignment]
    await shed.platform.command("u3", "c2", "/shoutout")
    assert "Now: Hello, you.\n\nCome in.\n" in shed.heard("u3")[-1]


async def test_cancel_stops_the_questions(shed: Shed) -> None:
    shed.room.set_look("plain")
    shed.sink.answer = asks(FORM)  # type: ignore[assignment]
    await shed.platform.command("u3", "c2", "/shoutout")
    await shed.platform.say("u3", shed.direct("u3"), "Cancel")
    assert shed.heard("u3")[-1] == "All right, nothing was sent."
    await shed.platform.say("u3", shed.direct("u3"), "@Jo")
    await shed.sink.wait(MessagePosted)


async def test_only_what_needs_correcting_is_asked_again(shed: Shed) -> None:
    shed.room.set_look("plain")
    to, why = (
        replace(FORM.fields[0], value="u2"),
        replace(FORM.fields[-1], value="hm", problem="A little more."),
    )
    shed.sink.answer = asks(replace(FORM, fields=(to, why)))  # type: ignore[assignment]
    await shed.platform.command("u3", "c2", "/shoutout")
    assert [words.split("\n")[0] for words in shed.heard("u3")] == ["A little more."]
    await shed.platform.say("u3", shed.direct("u3"), "For the bench")
    sent = await shed.sink.wait(FormSent)
    assert dict(sent.values) == {"to": shed.platform.translator.member("u2"), "why": "For the bench"}
