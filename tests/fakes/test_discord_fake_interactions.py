"""Interactions with real discord.py: commands, completion, menus, buttons, selects, forms, and expiry."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Literal

import aiohttp
import discord
import pytest
from discord import app_commands, ui

from tests.fakes.discord import (
    ClientRefused,
    FakeDiscord,
    Guild,
    Heard,
    Interaction,
    P,
    Person,
    Upload,
    running,
)

Asked = discord.Interaction[discord.Client]


class Form(ui.Modal, title="Thank someone"):
    """Every kind of question that a modal can ask."""

    intro: ui.TextDisplay[Any] = ui.TextDisplay("Two lines are plenty.")
    why: ui.Label[Any] = ui.Label(
        text="Why", description="What did they do?", component=ui.TextInput(min_length=3, max_length=200)
    )
    who: ui.Label[Any] = ui.Label(text="Who", component=ui.UserSelect(max_values=3, required=True))
    mood: ui.Label[Any] = ui.Label(
        text="Mood",
        component=ui.RadioGroup(options=[discord.RadioGroupOption(label=x) for x in ("Calm", "Loud")]),
    )
    where: ui.Label[Any] = ui.Label(
        text="Where",
        component=ui.CheckboxGroup(
            options=[discord.CheckboxGroupOption(label=x) for x in ("Wall", "Here")], max_values=2
        ),
    )

    async def on_submit(self, interaction: Asked, /) -> None:
        why, who, mood, where = (label.component for label in (self.why, self.who, self.mood, self.where))
        assert isinstance(why, ui.TextInput)
        assert isinstance(who, ui.UserSelect)
        assert isinstance(mood, ui.RadioGroup)
        assert isinstance(where, ui.CheckboxGroup)
        names = ", ".join(member.display_name for member in who.values)
        await interaction.response.send_message(f"{why.value}|{names}|{mood.value}|{','.join(where.values)}")


class Buttons(ui.View):
    """Buttons and menus that work after a restart."""

    def __init__(self) -> None:
        super().__init__(timeout=None)

    @ui.button(label="Me too", custom_id="me-too")
    async def me_too(self, interaction: Asked, _: ui.Button[Any]) -> None:
        await interaction.response.edit_message(content=f"{interaction.user.display_name} too")

    @ui.button(label="Form", custom_id="form")
    async def form(self, interaction: Asked, _: ui.Button[Any]) -> None:
        await interaction.response.send_modal(Form())

    @ui.button(label="Later", custom_id="later")
    async def later(self, interaction: Asked, _: ui.Button[Any]) -> None:
        await interaction.response.defer()
        await interaction.edit_original_response(content="later")
        await interaction.followup.send("and more", ephemeral=True)

    @ui.select(cls=ui.UserSelect, custom_id="people", placeholder="Whom?", max_values=2)
    async def people(self, interaction: Asked, select: ui.UserSelect[Any]) -> None:
        names = ", ".join(person.display_name for person in select.values)
        await interaction.response.send_message(names, ephemeral=True)

    @ui.select(
        custom_id="topic",
        placeholder="What?",
        options=[discord.SelectOption(label=x) for x in ("Tea", "Rust")],
    )
    async def topic(self, interaction: Asked, select: ui.Select[Any]) -> None:
        await interaction.response.send_message(select.values[0])


class Bot(Heard):
    """A bot with a command of every sort."""

    def __init__(self) -> None:
        super().__init__()
        self.tree = app_commands.CommandTree(self)
        self.held: asyncio.Queue[Asked] = asyncio.Queue()
        tree = self.tree

        @tree.command()
        async def shout(
            interaction: Asked,
            to: discord.Member,
            why: app_commands.Range[str, 3, 20],
            times: app_commands.Range[int, 1, 5] = 1,
            mood: Literal["calm", "loud"] = "calm",
            place: discord.TextChannel | None = None,
            file: discord.Attachment | None = None,
        ) -> None:
            """Thank someone."""
            size = len(await file.read()) if file else 0
            where = place.name if place else "nowhere"
            said = f"{to.display_name} {why} x{times} {mood} {where} {size}"
            await interaction.response.send_message(said, allowed_mentions=discord.AllowedMentions.none())

        snippet = app_commands.Group(name="snippet", description="Small knowledge")

        @snippet.command()
        async def share(interaction: Asked, topic: str) -> None:
            """Share a snippet."""
            await interaction.response.defer(ephemeral=True, thinking=True)
            await interaction.edit_original_response(content=f"about {topic}")

        @share.autocomplete("topic")
        async def topics(interaction: Asked, typed: str) -> list[app_commands.Choice[str]]:
            names = [name for name in ("tea", "rust", "teapots") if name.startswith(typed)]
            return [app_commands.Choice(name=name.title(), value=name) for name in names]

        @tree.command()
        @app_commands.default_permissions(manage_guild=True)
        async def admin(interaction: Asked) -> None:
            """Only for admins."""
            await interaction.response.send_message(str(interaction.permissions.manage_guild), ephemeral=True)

        @tree.command()
        async def hold(interaction: Asked) -> None:
            """Keep the interaction for the test."""
            self.held.put_nowait(interaction)

        @tree.context_menu(name="Why this?")
        async def why(interaction: Asked, message: discord.Message) -> None:
            await interaction.response.send_message(f"because {message.content}", ephemeral=True)

        @tree.context_menu(name="Greet")
        async def greet(interaction: Asked, member: discord.Member) -> None:
            await interaction.response.send_message(f"greeted {member.display_name}", ephemeral=True)

        tree.add_command(snippet)

    async def setup_hook(self) -> None:
        self.add_view(Buttons())
        await self.tree.sync()


@pytest.fixture
def guild(d: FakeDiscord) -> Guild:
    guild = d.guild()
    guild.channel("hello")
    return guild


@pytest.fixture
async def bot(d: FakeDiscord, guild: Guild) -> AsyncIterator[Bot]:
    client = Bot()
    async with running(client, d):
        yield client


async def test_a_slash_command_with_every_kind_of_option(d: FakeDiscord, guild: Guild, bot: Bot) -> None:
    ana, mina = guild.join("Ana"), guild.join("Mina")
    place = guild.channel("wall")
    answered = await ana.slash(
        "shout", to=mina, why="kindness", times=2, mood="loud", place=place, file=Upload("a.txt", b"four")
    )
    await answered.answered()
    assert answered.text == "Mina kindness x2 loud wall 4"
    assert answered.response is not None
    assert answered.response.pinged == set()
    assert guild.channel("hello").last is answered.response
    assert (await bot.hears("message"))[0].content == answered.text
    assert d.refusals == []


async def test_the_client_does_not_send_what_it_can_not(guild: Guild, bot: Bot) -> None:
    ana, mina = guild.join("Ana"), guild.join("Mina")
    for wrong in (
        {"to": mina},
        {"to": mina, "why": "no"},
        {"to": mina, "why": "x" * 21},
        {"to": "Mina", "why": "kindness"},
        {"to": mina, "why": "kindness", "times": 9},
        {"to": mina, "why": "kindness", "mood": "sad"},
        {"to": mina, "why": "kindness", "colour": "red"},
    ):
        with pytest.raises(ClientRefused):
            await ana.slash("shout", wrong)
    with pytest.raises(ClientRefused):
        await ana.slash("snippet")
    with pytest.raises(AssertionError, match="'nothing' to be registered"):
        await ana.slash("nothing", within=0.01)


async def test_a_deferred_private_answer(guild: Guild, bot: Bot) -> None:
    ana, mina = guild.join("Ana"), guild.join("Mina")
    channel = guild.channel("hello")
    answer = await (await ana.slash("snippet share", topic="tea")).answered()
    assert (answer.callback, answer.text) == (5, "about tea")
    assert answer.response is not None
    assert answer.response.ephemeral
    assert channel.messages == mina.sees(channel) == []
    assert ana.sees(channel) == [answer.response]


async def test_completion(guild: Guild, bot: Bot) -> None:
    ana = guild.join("Ana")
    offered = await ana.complete("snippet share", "topic", "te")
    assert offered == [{"name": "Tea", "value": "tea"}, {"name": "Teapots", "value": "teapots"}]
    with pytest.raises(ClientRefused):
        await ana.complete("shout", "why", "x")


async def test_menus_of_messages_and_people(guild: Guild, bot: Bot) -> None:
    ana, mina = guild.join("Ana"), guild.join("Mina")
    said = await mina.say(guild.channel("hello"), "tea")
    assert (await (await ana.menu("Why this?", said)).answered()).text == "because tea"
    assert (await (await ana.menu("Greet", mina)).answered()).text == "greeted Mina"


async def test_default_permissions_and_admins_exceptions(guild: Guild, bot: Bot) -> None:
    ana = guild.join("Ana")
    with pytest.raises(ClientRefused):
        await ana.slash("admin")
    guild.allow_command("admin", ana)
    assert (await (await ana.slash("admin")).answered()).text == "False"
    boss = guild.join("Bo", roles=(guild.role("boss", P.MANAGE_GUILD),))
    assert (await (await boss.slash("admin")).answered()).text == "True"
    guild.allow_command("admin", boss, allowed=False)
    with pytest.raises(ClientRefused):
        await boss.slash("admin")


async def test_buttons_menus_and_forms(d: FakeDiscord, guild: Guild, bot: Bot) -> None:
    channel = guild.channel("hello")
    ana, mina = guild.join("Ana"), guild.join("Mina")
    await bot.get_partial_messageable(channel.id).send("hi", view=Buttons())
    message = channel.last
    assert message.labels == ["Me too", "Form", "Later"]
    pressed = await (await ana.click(message, "Me too")).answered()
    assert (pressed.callback, message.text) == (7, "Ana too")

    chosen = await (await ana.select(message, mina, ana, placeholder="Whom?")).answered()
    assert chosen.text == "Mina, Ana"
    assert (await (await ana.select(message, "Rust", custom_id="topic")).answered()).text == "Rust"

    opened = await (await ana.click(message, "Form")).answered()
    form = opened.modal
    assert form is not None
    assert form.labels == ["Why", "Who", "Mood", "Where"]
    assert "Two lines are plenty." in form.text
    filled = {"Why": "kindness", "Who": [mina], "Mood": "Calm", "Where": ["Wall", "Here"]}
    for name, wrong in (("Why", "no"), ("Who", []), ("Mood", "Sad"), ("Where", [])):
        with pytest.raises(ClientRefused, match=name):
            await ana.submit(form, filled | {name: wrong})
    with pytest.raises(ClientRefused):
        await mina.submit(form, filled)
    sent = await (await ana.submit(form, filled)).answered()
    assert sent.text == "kindness|Mina|Calm|Wall,Here"
    with pytest.raises(ClientRefused):
        await ana.submit(form, filled)

    later = await ana.click(message, "Later")
    await d.until(lambda: later.followups)
    assert (later.callback, message.text) == (6, "later")
    assert later.followups[0].ephemeral
    assert d.refusals == []


async def test_what_can_not_be_pressed(guild: Guild, bot: Bot) -> None:
    channel = guild.channel("hello")
    ana, mina = guild.join("Ana"), guild.join("Mina")
    await bot.get_partial_messageable(channel.id).send("hi", view=Buttons())
    message = channel.last
    private = (await (await ana.select(message, mina, placeholder="Whom?")).answered()).response
    assert private is not None
    for person, target, label in ((ana, message, "Nothing"), (mina, private, None)):
        with pytest.raises(ClientRefused):
            await person.click(target, label)
    await ana.delete(message)
    with pytest.raises(ClientRefused):
        await ana.click(message, "Me too")


async def test_a_forged_button_reaches_the_bot(guild: Guild, bot: Bot) -> None:
    ana = guild.join("Ana")
    await bot.get_partial_messageable(guild.channel("hello").id).send("hi", view=Buttons())
    forged = await ana.forge_click(guild.channel("hello").last, "somebody-elses")
    seen = await bot.hears("interaction")
    assert seen[-1].data["custom_id"] == "somebody-elses"
    assert not forged.acknowledged


async def _held(person: Person, bot: Bot) -> tuple[Interaction, Asked]:
    sent = await person.slash("hold")
    async with asyncio.timeout(5):
        return sent, await bot.held.get()


async def _code(call: Any) -> int:
    with pytest.raises(discord.HTTPException) as refused:
        await call
    return refused.value.code


async def test_the_first_answer_has_three_seconds(d: FakeDiscord, guild: Guild, bot: Bot) -> None:
    ana = guild.join("Ana")
    sent, seen = await _held(ana, bot)
    d.clock.skip(3.1)
    assert sent.failed
    assert await _code(seen.response.send_message("too late")) == 10062
    assert guild.channel("hello").messages == []


async def test_the_token_has_fifteen_minutes(d: FakeDiscord, guild: Guild, bot: Bot) -> None:
    ana = guild.join("Ana")
    sent, seen = await _held(ana, bot)
    await seen.response.defer(thinking=True)
    assert sent.thinking
    d.clock.skip(14 * 60)
    await seen.edit_original_response(content="in time")
    assert sent.text == "in time"
    d.clock.skip(2 * 60)
    assert await _code(seen.edit_original_response(content="too late")) == 50027
    assert await _code(seen.followup.send("too late")) == 50027


async def test_wrong_and_repeated_answers_are_refused(d: FakeDiscord, guild: Guild, bot: Bot) -> None:
    ana = guild.join("Ana")
    sent, _ = await _held(ana, bot)
    callback = f"{d.api_url}/interactions/{sent.id}/{sent.token}/callback"
    webhook = f"{d.api_url}/webhooks/{d.bot.id}/{sent.token}"
    async with aiohttp.ClientSession() as session:

        async def code(method: str, url: str, body: Any = None) -> int:
            async with session.request(method, url, json=body) as answer:
                return (await answer.json())["code"] if answer.status >= 400 else answer.status

        assert await code("POST", webhook, {"content": "early"}) == 10015
        assert await code("GET", f"{webhook}/messages/@original") == 10015
        for kind in (6, 7, 8):
            assert await code("POST", callback, {"type": kind, "data": {"choices": []}}) == 50035
        assert await code("POST", callback, {"type": 4, "data": {}}) == 50006
        assert await code("POST", callback, {"type": 4, "data": {"content": "x" * 2001}}) == 50035
        assert await code("POST", callback.replace(sent.token, "forged"), {"type": 5}) == 10062
        wrong = callback.replace(str(sent.id), str(sent.id + 1))
        assert await code("POST", wrong, {"type": 5}) == 10062
        assert await code("POST", callback, {"type": 4, "data": {"content": "hi", "flags": 64}}) == 204
        assert await code("POST", callback, {"type": 4, "data": {"content": "again"}}) == 40060
        assert await code("DELETE", f"{webhook}/messages/@original") == 204
        assert await code("PATCH", f"{webhook}/messages/@original", {"content": "gone"}) == 10008
        assert await code("POST", f"{webhook}?wait=true", {"content": "more"}) == 200
        assert [message.text for message in sent.followups] == ["more"]
    assert guild.channel("hello").texts == ["more"]


async def test_after_a_deferral_the_first_follow_up_takes_its_place(
    d: FakeDiscord, guild: Guild, bot: Bot
) -> None:
    ana = guild.join("Ana")
    sent, seen = await _held(ana, bot)
    await seen.response.defer(ephemeral=True, thinking=True)
    await seen.followup.send("here it is")
    assert sent.text == "here it is"
    assert sent.response is not None
    assert sent.response.ephemeral
    assert sent.followups == []


async def test_a_form_can_not_answer_a_form(d: FakeDiscord, guild: Guild, bot: Bot) -> None:
    ana = guild.join("Ana")
    opened, seen = await _held(ana, bot)
    await seen.response.send_modal(ui.Modal(title="First").add_item(ui.TextInput(label="x", custom_id="x")))
    assert opened.modal is not None
    sent = await ana.submit(opened.modal, {"x": "y"})
    async with aiohttp.ClientSession() as session:
        body = {"type": 9, "data": {"custom_id": "a", "title": "b", "components": opened.modal.components}}
        async with session.post(
            f"{d.api_url}/interactions/{sent.id}/{sent.token}/callback", json=body
        ) as answer:
            assert (answer.status, (await answer.json())["errors"].keys()) == (400, {"type"})


async def test_commands_in_direct_messages(d: FakeDiscord, guild: Guild, bot: Bot) -> None:
    ana = guild.join("Ana")
    answer = await (await ana.slash("snippet share", topic="tea", channel=ana.dm)).answered()
    assert answer.text == "about tea"
    assert answer.member is None
