"""What people and forgers may send: nothing pings, leaks, repeats or breaks; everybody gets a clear line."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
import pytest_asyncio

from bot.actions import Sealer, bind
from bot.housekeeping import tidy
from bot.model.content import Form
from bot.model.events import CommandUsed, ControlUsed, Event, FormSent, MemberJoined, MenuUsed, Raw
from bot.model.ids import Channel, Member, MessageRef, Space
from bot.testing import MONDAY, RoomPerson, RoomTown, Town
from tests.scenarios.harness import Towns
from tests.scenarios.hostile import HOSTILE

LONG = "x" * 100_000


class Sender:
    """Hands events to the host as a platform would, without the room's own checks before."""

    def __init__(self, shed: RoomTown, who: str) -> None:
        self.shed = shed
        self.person = shed.as_(who)
        self.number = 0

    def _common(self) -> dict[str, Any]:
        self.number += 1
        token = self.shed.room.ledger.begin(self.person.id, self.shed.place("#general"), None, 900_000).id
        return {
            "id": f"raw:{self.person.id}:{self.number}",
            "space": self.shed.space,
            "at": MONDAY,
            "actor": self.shed.platform.translator.actor(self.person.id),
            "token": token,
            "channel": self.shed.channel("#general"),
        }

    async def command(self, *path: str, text: str = "", **values: Raw) -> Form | None:
        return await self._send(CommandUsed(path=path, text=text, values=values, **self._common()))

    async def presses(self, action: str, *chosen: str) -> Form | None:
        return await self._send(ControlUsed(action=action, chosen=chosen, **self._common()))

    async def submits(self, action: str, **values: Raw) -> Form | None:
        return await self._send(FormSent(action=action, values=values, **self._common()))

    async def uses(self, action: str, **more: Any) -> Form | None:
        return await self._send(MenuUsed(action=action, **more, **self._common()))

    async def _send(self, event: Event) -> Form | None:
        form = await self.shed.core.accept(event)
        await self.shed.settled()
        return form


def problems(form: Form | None) -> Mapping[str, str]:
    assert form is not None
    return {field.name: field.problem for field in form.fields if field.problem}


def spans(shed: RoomTown, ident: str) -> list[dict[str, Any]]:
    """Everything in a message, as the page gets it."""
    one = shed.room.history.messages[ident]
    if one.card is None:
        return one.text or []
    card = one.card
    parts = [card["title"], card["body"], card["footer"]]
    parts += [part for section in card["sections"] for part in (section["heading"], section["text"])]
    return [span for part in parts for span in part or []]


def action_of(shed: RoomTown, person: RoomPerson, label: str) -> str:
    """What a button that somebody sees carries."""
    message, control = person.control("button", label, None)
    assert control is not None
    return str(message.controls[control["id"]]["action"])


# --- words


@pytest.mark.parametrize("words", HOSTILE)
async def test_thanks_are_shown_as_they_were_written_and_ping_nobody_else(room: RoomTown, words: str) -> None:
    await Sender(room, "Mina").command("shoutout", to=room.as_("Priya").member, why=words)
    card = await room.hears("#wall", "Mina thanks Priya")
    assert card.pings == ("Priya",)
    shown = spans(room, card.id)
    assert [span["id"] for span in shown if span["t"] == "member"] == ["u3", "u4"]
    assert {span["t"] for span in shown} == {"member", "text"}
    body = next(span for span in shown if span.get("text", "").startswith(words[:4]))
    assert body["text"].rstrip("\u202c\u2069") == words
    assert not body.get("bold")
    assert not body.get("code")


@pytest.mark.parametrize("words", HOSTILE)
async def test_snippets_and_feedback_too(room: RoomTown, words: str) -> None:
    mina = Sender(room, "Mina")
    form = await mina.command("curate", "add", text=f"{words}, they said", title=words[:90], source=words)
    assert form is None
    await room.as_("Mina").hears_privately("Kept as number 1")
    await mina.command("curate", "drop")
    drop = await room.hears("#workshop", words[:4])
    assert drop.pings == ()
    assert {span["t"] for span in spans(room, drop.id)} <= {"text", "member"}
    await Sender(room, "Priya").command("kith", "feedback", words=words)
    note = await room.hears("#hosts", words[:4])
    assert note.pings == ()
    assert {span["t"] for span in spans(room, note.id)} == {"text"}
    for command in (
        ("ask",),
        ("curate", "list"),
        ("kith", "help"),
        ("kith", "why"),
        ("kith-admin", "settings"),
    ):
        await Sender(room, "Amara").command(*command, text=words)
    await room.silence()
    assert await room.rows("SELECT * FROM failure") == []


@pytest.mark.parametrize(
    ("path", "values", "field"),
    [
        (("shoutout",), {"why": LONG}, "why"),
        (("ask",), {"question": LONG}, "question"),
        (("curate", "add"), {"text": LONG}, "text"),
        (("curate", "add"), {"text": "a tip worth keeping", "title": LONG}, "title"),
        (("curate", "add"), {"text": "a tip worth keeping", "source": LONG}, "source"),
        (("curate", "list"), {"search": LONG}, "search"),
        (("curate", "remove"), {"which": LONG}, "which"),
        (("kith", "help"), {"command": LONG}, "command"),
        (("kith", "why"), {"message": LONG}, "message"),
        (("kith", "feedback"), {"words": LONG}, "words"),
        (("kith", "quiet"), {"on": LONG}, "on"),
        (("kith-mod", "pause"), {"until": LONG}, "until"),
        (("kith-admin", "settings"), {"section": LONG}, "section"),
        (("shoutout",), {"to": LONG, "why": "for carrying the bench"}, "to"),
    ],
)
async def test_a_hundred_thousand_characters_are_asked_again(
    room: RoomTown, path: tuple[str, ...], values: dict[str, Raw], field: str
) -> None:
    form = await Sender(room, "Amara").command(*path, **values)
    assert problems(form)[field]
    assert len(problems(form)[field]) < 300


async def test_a_hundred_thousand_characters_on_the_command_line(room: RoomTown) -> None:
    amara = Sender(room, "Amara")
    form = await amara.command("shoutout", text=f"<@u2|Jo> {LONG}")
    assert "100,000 characters" in problems(form)["why"]
    assert await amara.command("kith", "me", text=LONG) is None
    refusal = await room.as_("Amara").hears_privately("I could not place xxx")
    assert len(refusal.text) < 300
    assert await amara.command("curate", "remove", text=f"{LONG}: 5") is None


async def test_a_hundred_thousand_characters_in_a_settings_form(room: RoomTown) -> None:
    amara = Sender(room, "Amara")
    for section in room.core.sections.names:
        form = await amara.command("kith-admin", "settings", section=section)
        assert form is not None
        for field in form.fields:
            again = await amara.submits(form.action, **{field.name: LONG})
            assert len(problems(again)[field.name]) < 300
    assert await room.rows("SELECT * FROM setting") == []
    assert await room.rows("SELECT * FROM failure") == []


async def test_words_that_cannot_be_seen_are_no_words(room: RoomTown) -> None:
    form = await Sender(room, "Mina").command("shoutout", to=room.as_("Jo").member, why="\u200b" * 40)
    assert "A little more" in problems(form)["why"]


async def test_control_characters_and_half_characters_are_dropped(room: RoomTown) -> None:
    why = "for\x00 carrying\x07 the \ud800bench\x1b[31m\r\nand the lamp"
    await Sender(room, "Mina").command("shoutout", to=room.as_("Jo").member, why=why)
    await room.hears("#wall", "for carrying the \ufffdbench[31m\nand the lamp")


@pytest.mark.parametrize("name", ["Ro\x00bin", "Ro\ud800bin", "\u202eRobin", "x" * 3_000, "🌻" * 30, ""])
async def test_names_as_platforms_hand_them_over(room: RoomTown, name: str) -> None:
    kim = Member(room.space.key, "k1", name)
    await room.core.accept(MemberJoined(id="j1", space=room.space, at=MONDAY, member=kim))
    await room.hears("#hello", "Good that you're here")
    (row,) = await room.rows("SELECT name FROM member WHERE key = 'local:shed:k1'")
    assert "\x00" not in row["name"]
    assert len(row["name"]) <= 100


# --- controls


@pytest_asyncio.fixture
async def card(room: RoomTown) -> AsyncIterator[tuple[RoomTown, str]]:
    """A town with thanks on its wall, and what their button carries."""
    await room.as_("Mina").types("/shoutout @Jo for carrying the bench")
    await room.hears("#wall", "Mina thanks Jo")
    yield room, action_of(room, room.as_("Priya"), "Me too")


async def test_no_character_of_a_control_can_be_changed(card: tuple[RoomTown, str]) -> None:
    shed, action = card
    priya = Sender(shed, "Priya")
    for place in range(len(action)):
        other = "A" if action[place] != "A" else "B"
        await priya.presses(action[:place] + other + action[place + 1 :])
        await shed.as_("Priya").hears_privately("That button isn't one of mine here")
    assert await shed.rows("SELECT * FROM kindness_me_too") == []


@pytest.mark.parametrize(
    "action",
    ["", "|", "|||||", "kindness.me_too|i1||||AAAAAAAAAAAA", "x" * 100_000, "\x00|\ud800||||ü", "🌻" * 50],
)
async def test_made_up_controls(room: RoomTown, action: str) -> None:
    priya = Sender(room, "Priya")
    assert await priya.presses(action) is None
    await room.as_("Priya").hears_privately("isn't one of mine")
    assert await priya.submits(action) is None
    await room.as_("Priya").hears_privately("isn't one of mine")


async def test_a_control_from_another_space_or_another_kith(card: tuple[RoomTown, str]) -> None:
    shed, _ = card
    (row,) = await shed.rows("SELECT value FROM kept WHERE name = 'actions'")
    (thanks,) = await shed.rows("SELECT id FROM kindness_thanks")
    bound = bind("kindness.me_too", thanks["id"])
    priya = Sender(shed, "Priya")
    for forged in (
        Sealer(bytes.fromhex(row["value"])).seal(bound, "local:elsewhere"),
        Sealer(b"another key").seal(bound, "local:shed"),
    ):
        await priya.presses(forged)
        await shed.as_("Priya").hears_privately("isn't one of mine")
    await priya.presses(Sealer(bytes.fromhex(row["value"])).seal(bound, "local:shed"))
    await shed.hears("#wall", "Also says Priya")


async def test_somebody_elses_private_button(room: RoomTown) -> None:
    mina = room.as_("Mina")
    await mina.types("/kith me")
    await mina.presses("Forget me")
    action = action_of(room, mina, "Yes, forget me")
    await Sender(room, "Priya").presses(action)
    await room.as_("Priya").hears_privately("That one belongs to someone else")
    (row,) = await room.rows("SELECT name FROM member WHERE key = 'local:shed:u3'")
    assert row["name"] == "Mina"


async def test_a_role_is_checked_when_the_button_is_pressed(hall: Town) -> None:
    mina = hall.as_("Mina")
    await mina.types("/curate add Oil the hinge before you plane the door.")
    await mina.types("/curate remove 1")
    await mina.loses_roles()
    await mina.presses("Take it out")
    await mina.hears_privately("That is for curators here")
    assert await hall.rows("SELECT number FROM knowledge_snippet")


@pytest.mark.one_look
async def test_a_button_of_a_part_that_is_gone(towns: Towns) -> None:
    async with towns() as shed:
        await shed.as_("Mina").types("/shoutout @Jo for carrying the bench")
    async with towns(cogs=["cogs.welcome"], settings={}, clock=shed.clock) as again:
        await again.as_("Priya").presses("Me too")
        await again.as_("Priya").hears_privately("That part of Kith is switched off here")
        await again.as_("Priya").uses("Why this?", message="Mina thanks Jo")
        await again.as_("Priya").hears_privately("Mina asked for it")


@pytest.mark.parametrize("args", [("many", 2, 3), (1, 2)])
async def test_a_button_that_an_older_version_made(room: RoomTown, args: tuple[Any, ...]) -> None:
    (row,) = await room.rows("SELECT value FROM kept WHERE name = 'actions'")
    sealer = Sealer(bytes.fromhex(row["value"]))
    priya = Sender(room, "Priya")
    for handler in ("kindness.me_too", "me.be_quiet", "me.unblock"):
        await priya.presses(sealer.seal(bind(handler, *args), "local:shed"), "x")
        await room.as_("Priya").hears_privately("from another time")


@pytest.mark.parametrize("handler", ["kindness.shoutout", "welcome.greet", "knowledge.scheduled_drop"])
async def test_what_is_no_button_can_not_be_pressed(room: RoomTown, handler: str) -> None:
    (row,) = await room.rows("SELECT value FROM kept WHERE name = 'actions'")
    sealed = Sealer(bytes.fromhex(row["value"])).seal(bind(handler), "local:shed")
    await Sender(room, "Priya").presses(sealed)
    await room.as_("Priya").hears_privately("isn't one of mine")


async def test_a_menu_action_on_nothing_or_on_something_unknown(room: RoomTown) -> None:
    priya = Sender(room, "Priya")
    assert await priya.uses("kindness.thank_for") is None
    await room.as_("Priya").hears_privately("isn't one of mine")
    assert await priya.uses("kindness.nothing", member=room.as_("Jo").member) is None
    await room.as_("Priya").hears_privately("switched off")
    assert await priya.uses("kindness.me_too", member=room.as_("Jo").member) is None
    await room.as_("Priya").hears_privately("switched off")
    message = MessageRef(room.channel("#general"), "m999")
    form = await priya.uses("kindness.thank_for", message=message, text=LONG)
    assert form is not None
    await priya.submits(form.action, why="for nothing that anybody knows of")
    await room.as_("Priya").hears_privately("I can't tell who wrote that")


# --- forms


async def test_a_form_counts_once_however_often_it_is_sent(room: RoomTown) -> None:
    priya = Sender(room, "Priya")
    form = await priya.command("kith", "feedback")
    assert form is not None
    await priya.submits(form.action, words="the evenings are too loud")
    await room.hears("#hosts", "too loud")
    await priya.submits(form.action, words="the evenings are too loud")
    await room.as_("Priya").hears_privately("That form was sent already")
    assert len(await room.rows("SELECT * FROM feedback")) == 1
    await room.silence()


async def test_a_form_that_was_asked_again_can_still_be_sent(room: RoomTown) -> None:
    priya = Sender(room, "Priya")
    form = await priya.command("shoutout")
    assert form is not None
    again = await priya.submits(form.action, to=room.as_("Jo").member, why="short")
    assert problems(again)
    # a platform that shows the mistakes in the same form sends the same form again
    assert await priya.submits(form.action, to=room.as_("Jo").member, why="for carrying the bench") is None
    await room.hears("#wall", "Priya thanks Jo")


async def test_a_settings_form_that_was_asked_again_can_still_be_sent(room: RoomTown) -> None:
    amara = Sender(room, "Amara")
    form = await amara.command("kith-admin", "settings", section="kindness")
    assert form is not None
    assert problems(await amara.submits(form.action, story="when pigs fly"))
    await amara.submits(form.action, story="every Friday at 15:00")
    await room.as_("Amara").hears_privately("Kept", "every Friday at 15:00")
    await amara.submits(form.action, story="every Friday at 14:00")
    await room.as_("Amara").hears_privately("That form was sent already")


async def test_somebody_elses_form(room: RoomTown) -> None:
    form = await Sender(room, "Amara").command("kith-admin", "settings", section="kindness")
    assert form is not None
    await Sender(room, "Priya").submits(form.action, daily="50")
    await room.as_("Priya").hears_privately("belongs to someone else")
    assert await room.rows("SELECT * FROM setting") == []


async def test_a_form_of_a_menu_that_is_too_old(room: RoomTown) -> None:
    await room.as_("Jo").types("I fixed the lathe, it was the bolt.")
    mina = room.as_("Mina")
    await mina.uses("Thank for this", message="fixed the lathe")
    assert mina.form is not None
    action = mina.form.action
    await tidy(room.core.engine, room.clock.now() + 3 * 86_400_000)
    await Sender(room, "Mina").submits(action, why="for the quiet lathe since")
    await mina.hears_privately("That form is too old now")


async def test_unknown_and_strange_values_in_a_form(room: RoomTown) -> None:
    amara = Sender(room, "Amara")
    form = await amara.command("kith-admin", "settings", section="kindness")
    assert form is not None
    assert problems(await amara.submits(form.action, daily=True, wall=7, story=("a", "b")))
    form = await amara.command("shoutout")
    assert form is not None
    foreign = Member("discord:1", "5", "Stranger")
    again = await amara.submits(form.action, to=foreign, why="for carrying the bench", x="y")
    assert "not in this community" in problems(again)["to"]
    again = await amara.submits(form.action, to=(foreign, foreign), why=5)
    assert set(problems(again)) == {"to", "why"}


async def test_ids_of_another_space(room: RoomTown) -> None:
    amara = Sender(room, "Amara")
    foreign = Channel("discord:1", "5", "elsewhere")
    form = await amara.command("kith-admin", "settings", section="kindness")
    assert form is not None
    assert "not in this community" in problems(await amara.submits(form.action, wall=foreign))["wall"]
    form = await amara.command("shoutout", to=Member("local:other", "u2", "Jo"), why="for the bench")
    assert "not in this community" in problems(form)["to"]


async def test_another_space_sees_nothing_of_this_one(room: RoomTown) -> None:
    await room.as_("Mina").types("/shoutout @Jo for carrying the bench")
    await room.hears("#wall", "Mina thanks Jo")
    action = action_of(room, room.as_("Priya"), "Me too")
    other = Space("local", "other", "Elsewhere")
    for number, event in enumerate(
        (
            ControlUsed(action=action, **_from(room, other, 1)),
            CommandUsed(path=("kith", "log"), **_from(room, other, 2)),
            CommandUsed(path=("kith", "why"), text="m1", **_from(room, other, 3)),
        )
    ):
        assert await room.core.accept(event) is None, number
    rows = await room.rows("SELECT body, because FROM outbox WHERE space = 'local:other'")
    assert len(rows) == 3
    assert not any("Jo" in str(row) for row in rows)
    assert await room.rows("SELECT * FROM kindness_me_too") == []


def _from(shed: RoomTown, space: Space, number: int) -> dict[str, Any]:
    actor = shed.platform.translator.actor("u4")
    return {
        "id": f"elsewhere:{number}",
        "space": space,
        "at": MONDAY,
        "actor": type(actor)(Member(space.key, "u4", "Priya")),
        "token": f"t{number}",
        "channel": Channel(space.key, "c3"),
    }


async def test_a_person_nobody_knows(room: RoomTown) -> None:
    mina = Sender(room, "Mina")
    await mina.command("shoutout", text="<@u99> for carrying the bench upstairs")
    await room.as_("Mina").hears_privately("I can't find that person here")
    await room.silence()


@pytest.mark.one_look
async def test_a_broken_setting_in_the_database_is_no_end(towns: Towns) -> None:
    async with towns() as shed:
        amara = shed.as_("Amara")
        await amara.types("/kith-admin settings kindness")
        await amara.fills(daily="7", story="every Friday at 15:00")

        async def spoil(tx: Any) -> None:
            for name, value in (("daily", '"seven"'), ("story", "no json"), ("wall", '{"$":"Gone","x":1}')):
                await tx.run(
                    "INSERT INTO setting (community, space, section, name, value, set_by, set_at)"
                    " SELECT community, key, 'kindness', :name, :value, '', 1 FROM space WHERE true"
                    " ON CONFLICT (community, space, section, name) DO UPDATE SET value = excluded.value",
                    {"name": name, "value": value},
                )

        await shed.core.engine.unit(0, spoil)
        await shed.as_("Mina").types("/shoutout @Jo for carrying the bench")
        await shed.hears("#wall", "Mina thanks Jo")
        await amara.types("/kith-admin settings kindness")
        assert amara.filled_in()["daily"] == "5"
