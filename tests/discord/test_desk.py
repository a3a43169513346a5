"""Interactions and forms: in time, page by page, kept while they are filled in, mended where they must be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio

from bot.model.content import (
    Button,
    Card,
    Catalog,
    CommandSpec,
    Field,
    Form,
    Kind,
    MenuSpec,
    MenuTarget,
    Option,
)
from bot.model.events import CommandUsed, ControlUsed, Event, FormSent, MenuUsed
from bot.model.ids import Channel, PlatformRole
from bot.model.outgoing import Answer, InChannel, Post
from bot.model.roles import Role
from bot.platforms.discord.desk import Patience
from tests.discord.town import Town, town
from tests.fakes.discord import P

FIELDS = (
    Field("to", Kind.MEMBERS, "To", "Who?", required=False),
    Field("where", Kind.CHANNEL, "Where", required=False),
    Field("role", Kind.ROLE, "Role", required=False),
    Field("why", Kind.LONG_TEXT, "Why", "What for?", most=50),
    Field("loud", Kind.YES_NO, "Loud", required=False),
    Field(
        "card", Kind.CHOICE, "Card", required=False, options=(Option("Warm", "warm"), Option("Calm", "calm"))
    ),
    Field(
        "many", Kind.CHOICE, "Many", required=False, options=tuple(Option(f"N{n}", str(n)) for n in range(40))
    ),
    Field("count", Kind.INTEGER, "Count", required=False, least=1, most=9),
)
FORM = Form("A long form", "sealed|action", FIELDS, intro="Take your time.")
CATALOG = Catalog(
    commands=(
        CommandSpec(("ask",), "Ask.", FIELDS, Role.MEMBER, "t"),
        CommandSpec(
            ("snippet", "show"), "Show.", (Field("id", Kind.REF, "Id", completes=True),), Role.MEMBER, "t"
        ),
        CommandSpec(("boss",), "For admins.", (), Role.ADMIN, "t"),
    ),
    menus=(
        MenuSpec(MenuTarget.MESSAGE, "Thank for this", "thank", Role.MEMBER, "t"),
        MenuSpec(MenuTarget.MEMBER, "Give a shout-out", "shout", Role.MEMBER, "t"),
    ),
)


@pytest_asyncio.fixture
async def t() -> AsyncIterator[Town]:
    async with town(CATALOG) as made:
        yield made
        assert made.fake.crashes == []


def asks_once(t: Town, form: Form) -> None:
    """Whatever is used first is answered with this form, a form that comes back with nothing."""

    def answer(event: Event) -> Form | None:
        return form if isinstance(event, CommandUsed | ControlUsed) else None

    t.sink.answer = answer


async def test_typed_options_arrive_typed(t: Town) -> None:
    ada, mina = t.people["Ada"], t.people["Mina"]
    role = t.guild.role("Makers")
    await ada.slash(
        "ask",
        to=f"<@{mina.id}>",
        where=t.place,
        role=role,
        why="x",
        loud=True,
        card="warm",
        count=3,
        channel=t.place,
    )
    event = await t.sink.wait(CommandUsed)
    assert event.values == {
        "to": f"<@{mina.id}>",
        "where": t.channel,
        "role": PlatformRole(t.space.key, str(role.id)),
        "why": "x",
        "loud": True,
        "card": "warm",
        "count": 3,
    }
    assert event.locale == "en-US"
    assert event.actor.roles == frozenset()


async def test_permissions_become_roles(t: Town) -> None:
    boss = t.guild.join("Bo", roles=(t.guild.role("Bosses", P.MANAGE_GUILD),))
    await boss.slash("boss", channel=t.place)
    event = await t.sink.wait(CommandUsed)
    assert event.actor.roles == {Role.ADMIN}
    assert len(event.actor.platform_roles) == 1


async def test_a_long_form_goes_page_by_page_and_arrives_whole(t: Town) -> None:
    asks_once(t, FORM)
    ada, mina = t.people["Ada"], t.people["Mina"]
    used = await ada.slash("ask", channel=t.place)
    await used.answered()
    assert used.modal is not None
    assert used.modal.title == "A long form (1 of 2)"
    assert "Take your time." in used.modal.text
    sent = await ada.submit(used.modal, {"To": [mina, ada], "Where": t.place, "Why": "Because."})
    await sent.answered()
    assert sent.response is not None
    assert sent.response.ephemeral
    pressed = await ada.click(sent.response, "Next")
    await pressed.answered()
    assert pressed.modal is not None
    last = await ada.submit(pressed.modal, {"Loud": "yes", "Card": "calm", "Count": "7"})
    event = await t.sink.wait(FormSent)
    assert event.action == "sealed|action"
    assert event.values == {
        "to": (t.mina, t.ada),
        "where": Channel(t.space.key, str(t.place.id)),
        "why": "Because.",
        "loud": "yes",
        "card": "calm",
        "count": "7",
    }
    await t.platform.deliver(Post("k", Answer(event.token, t.ada, t.channel), "Thank you."))
    await last.answered()
    assert last.text == "Thank you."


async def test_going_back_to_a_page_shows_what_was_filled_in(t: Town) -> None:
    more = tuple(Field(f"n{number}", Kind.TEXT, f"N{number}", required=False) for number in range(12))
    asks_once(t, Form("Long", "sealed|action", more))
    ada = t.people["Ada"]
    used = await ada.slash("ask", channel=t.place)
    await used.answered()
    assert used.modal is not None
    sent = await ada.submit(used.modal, {"N1": "one"})
    await sent.answered()
    assert sent.response is not None
    second = await ada.click(sent.response, "Next")
    await second.answered()
    assert second.modal is not None
    await (await ada.submit(second.modal, {"N7": "seven"})).answered()
    again = await ada.click(sent.response, "Next")
    await again.answered()
    assert again.modal is not None
    assert again.modal.field("N7").component["value"] == "seven"
    assert "value" not in again.modal.field("N8").component


async def test_a_switch_that_is_set_is_a_box_to_tick(t: Town) -> None:
    on = Field("on", Kind.YES_NO, "Greet", "Say hello?", value="yes")
    off = Field("off", Kind.YES_NO, "Loud", value="no")
    untouched = Field("same", Kind.YES_NO, "Kind", value="yes")
    asks_once(t, Form("Switches", "sealed|action", (on, off, untouched, Field("open", Kind.YES_NO, "Open"))))
    ada = t.people["Ada"]
    used = await (await ada.slash("ask", channel=t.place)).answered()
    assert used.modal is not None
    assert [field.kind for field in used.modal.fields] == [23, 23, 23, 21]
    await ada.submit(used.modal, {"Greet": False, "Loud": True, "Open": "no"})
    event = await t.sink.wait(FormSent)
    assert event.values == {"on": False, "off": True, "same": True, "open": "no"}


async def test_going_back_to_a_page_shows_a_box_as_it_was_left(t: Town) -> None:
    switch = Field("on", Kind.YES_NO, "Greet", value="yes")
    more = tuple(Field(f"n{number}", Kind.TEXT, f"N{number}", required=False) for number in range(11))
    asks_once(t, Form("Long", "sealed|action", (*more[:6], switch, *more[6:])))
    ada = t.people["Ada"]
    used = await (await ada.slash("ask", channel=t.place)).answered()
    assert used.modal is not None
    sent = await (await ada.submit(used.modal)).answered()
    assert sent.response is not None
    second = await (await ada.click(sent.response, "Next")).answered()
    assert second.modal is not None
    await (await ada.submit(second.modal, {"Greet": False})).answered()
    again = await (await ada.click(sent.response, "Next")).answered()
    assert again.modal is not None
    assert again.modal.field("Greet").component["default"] is False


async def test_a_page_of_a_form_that_nobody_remembers_says_so(t: Town) -> None:
    asks_once(t, FORM)
    ada, mina = t.people["Ada"], t.people["Mina"]
    used = await ada.slash("ask", channel=t.place)
    await used.answered()
    assert used.modal is not None
    sent = await ada.submit(used.modal, {"Why": "Because."})
    await sent.answered()
    assert sent.response is not None
    foreign = await mina.forge_click(sent.response, sent.response.buttons[0]["custom_id"])
    await foreign.answered()
    assert "too old" in foreign.text or any("too old" in one.text for one in mina.sees(t.place))
    forged = await ada.forge_click(sent.response, "~form:open:nothing:0")
    await forged.answered()
    assert any("too old" in one.text for one in ada.sees(t.place))


async def test_what_could_not_be_stored_is_said_at_once(t: Town) -> None:
    t.sink.refusing = 1
    used = await t.people["Ada"].slash("ask", channel=t.place)
    await used.answered()
    assert "nothing was done" in used.text


async def test_completion_and_its_silence(t: Town) -> None:
    ada = t.people["Ada"]
    t.sink.options = [Option("One " + "x" * 200, "1", "about"), Option("Two", "2")] * 30
    choices = await ada.complete("snippet show", "id", "o", channel=t.place)
    assert len(choices) == 25
    assert all(len(choice["name"]) <= 100 for choice in choices)
    [asked] = t.sink.asked
    assert (asked.path, asked.option, asked.typed) == (("snippet", "show"), "id", "o")
    fixed = await ada.complete("ask", "many", "n3", channel=t.place)
    assert [choice["value"] for choice in fixed][:2] == ["3", "30"]

    async def breaks(request: object) -> list[Option]:
        raise RuntimeError("no storage")

    t.sink.complete = breaks  # type: ignore[method-assign, assignment]
    assert await ada.complete("snippet show", "id", "o", channel=t.place) == []


async def test_menus_tell_whom_and_what(t: Town) -> None:
    ada, mina = t.people["Ada"], t.people["Mina"]
    message = await mina.say(t.place, "The bench is done.")
    await ada.menu("Thank for this", message)
    on_message = await t.sink.wait(MenuUsed)
    assert (on_message.action, on_message.member, on_message.text) == ("thank", t.mina, "The bench is done.")
    assert on_message.message is not None
    assert on_message.message.id == str(message.id)
    await ada.menu("Give a shout-out", mina, channel=t.place)
    on_person = await t.sink.wait(MenuUsed, lambda event: event.action == "shout")
    assert on_person.member == t.mina


async def test_a_slow_host_is_covered_for_commands_and_quietly_for_buttons() -> None:
    async with town(CATALOG, patience=Patience(stored=0.01, answered=0.02)) as t:
        go = asyncio.Event()
        accept = t.sink.accept

        async def slow(event: Event) -> Form | None:
            await go.wait()
            return await accept(event)

        t.sink.accept = slow  # type: ignore[method-assign]
        ada = t.people["Ada"]
        used = await ada.slash("ask", channel=t.place)
        await used.deferred()
        assert used.thinking
        await t.platform.deliver(Post("k", InChannel(t.channel), Card("Hi", buttons=(Button("Yes", "a|b"),))))
        pressed = await ada.click(t.place.last, "Yes")
        await pressed.deferred()
        assert pressed.callback == 6
        go.set()
        event = await t.sink.wait(ControlUsed)
        await t.platform.deliver(Post("k2", Answer(event.token, t.ada, t.channel), "Done."))
        assert any("Done" in one.text for one in ada.sees(t.place))
