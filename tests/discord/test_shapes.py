"""Whatever hypothesis makes a cog say, ask or offer, Discord takes: answers, pages, commands, menus."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model.content import Catalog, CommandSpec, Field, Form, Kind, MenuSpec, MenuTarget, Option
from bot.model.ids import Channel, Member
from bot.model.outgoing import Answer, Edit, Post
from bot.model.roles import Role
from bot.platforms.discord import commands, modals
from bot.platforms.discord.limits import LIMITS
from bot.platforms.discord.markdown import Markdown, measure
from bot.platforms.discord.render import Body, message
from bot.platforms.fit import fit
from tests.discord.test_render import fields, forms, judged
from tests.fakes.discord import FakeDiscord, Upload, schema, specs_found
from tests.fakes.discord.drafting import draft
from tests.fakes.discord.errors import ApiError, FormErrors
from tests.fakes.discord.model import Channel as Place
from tests.local.strategies import contents, short, texts

SPACE = "discord:1573861732852432896"
MINA = Member(SPACE, "1573861732852432898", "Mina")
TO = Answer("1.2.t", MINA, Channel(SPACE, "1573861732852432897", "wall"))
MARKDOWN = Markdown(SPACE, lambda: {"kith": "77"})
CALLBACK = "/interactions/{interaction_id}/{interaction_token}/callback"
ORIGINAL = "/webhooks/{webhook_id}/{webhook_token}/messages/@original"
FURTHER = "/webhooks/{webhook_id}/{webhook_token}"


@cache
def fake() -> tuple[FakeDiscord, Place]:
    server = FakeDiscord()
    return server, server.guild().channel("wall")


def check(method: str, route: str, json: Any) -> None:
    """Raises what Discord would answer to a body of this shape."""
    if specs_found():
        errors = FormErrors()
        schema.open_api().check_body(method, route, json, errors)
        errors.check()


def answered(body: Body, *, edited: bool) -> None:
    """Raises what Discord would answer to this as an answer, a further one, and a change of it."""
    server, place = fake()
    files = {n: Upload(file.name, file.data, file.media_type) for n, file in enumerate(body.files)}
    if not edited:
        check("POST", CALLBACK, {"type": 4, "data": body.json})
        check("POST", FURTHER, body.json)
    check("PATCH", ORIGINAL, body.json)
    permissions = server.world.bot_permissions(place)
    draft(server.world, place, body.json, files, permissions=permissions, interaction=True)


@settings(max_examples=60)
@given(contents)
def test_no_answer_is_refused(content: Any) -> None:
    for part in fit(Post("k", TO, content), LIMITS, measure):
        assert isinstance(part, Post)
        answered(message(part.content, MARKDOWN, mark=5, private=True), edited=False)
    (edit,) = fit(Edit("e", "k", TO, content), LIMITS, measure)
    assert isinstance(edit, Edit)
    answered(message(edit.content, MARKDOWN, mark=5, private=True), edited=True)


raws = st.one_of(
    texts,
    st.booleans(),
    st.integers(-(10**9), 10**9),
    st.just(MINA),
    st.lists(st.just(MINA), max_size=30).map(tuple),
)


@settings(max_examples=60)
@given(forms, st.data())
def test_no_page_is_refused_that_is_opened_again_with_what_was_filled_in(form: Form, data: Any) -> None:
    values = {item.name: data.draw(st.none() | raws) for item in form.fields}
    for page in modals.pages(form):
        shown = Form(
            page.title,
            page.action,
            tuple(modals.shown(item, values[item.name]) for item in page.fields),
            intro=page.intro,
        )
        judged(modals.modal(shown, "a" * 100, MARKDOWN))


specs = st.builds(
    CommandSpec,
    path=st.tuples(st.sampled_from(("one", "two", "Drei!", "四", "x" * 60))),
    about=texts | short,
    fields=st.lists(fields, max_size=30, unique_by=lambda field: field.name).map(tuple),
    role=st.sampled_from(Role),
    cog=st.just("t"),
)
menus = st.builds(
    MenuSpec,
    target=st.sampled_from(MenuTarget),
    label=short,
    action=st.just("t.x"),
    role=st.sampled_from(Role),
    cog=st.just("t"),
)
catalogs = st.builds(
    Catalog,
    commands=st.lists(specs, max_size=4, unique_by=lambda spec: spec.path).map(tuple),
    menus=st.lists(menus, max_size=4, unique_by=lambda spec: (spec.target, spec.label)).map(tuple),
)


@settings(max_examples=60)
@given(catalogs)
def test_no_command_and_no_menu_is_refused(catalog: Catalog) -> None:
    made = commands.Tree(catalog).json
    check("PUT", "/applications/{application_id}/commands", made)
    FakeDiscord().world.commands.replace(None, made)


@pytest.mark.parametrize(
    ("least", "most", "told"),
    [
        (1, 5, {"min_value": 1, "max_value": 5}),
        (None, 5, {"max_value": 5}),
        (2, None, {"min_value": 2}),
        (2, 1, {}),
        (1 << 60, 1 << 61, {}),
    ],
)
def test_bounds_of_a_number_that_discord_takes(
    least: int | None, most: int | None, told: dict[str, int]
) -> None:
    number = Field("n", Kind.INTEGER, "How many", least=least, most=most)
    (made,) = commands.Tree(Catalog((CommandSpec(("count",), "Counts", (number,), Role.MEMBER, "t"),))).json
    (option,) = made["options"]
    assert {name: value for name, value in option.items() if name.endswith("_value")} == told


@settings(max_examples=40)
@given(st.lists(st.builds(Option, label=short | texts, value=texts, about=texts), max_size=40))
def test_no_completion_is_refused(options: list[Option]) -> None:
    choices = [commands.choice(one) for one in options if one.value][: commands.OPTIONS_MOST]
    check("POST", CALLBACK, {"type": 8, "data": {"choices": choices}})


def test_these_judges_notice_what_discord_would_refuse() -> None:
    page = modals.modal(Form("Title", "a", (Field("f", Kind.TEXT, "Label"),)), "a", MARKDOWN)
    judged(page)
    with pytest.raises(ApiError, match="title"):
        judged(page | {"title": "t" * 46})
    with pytest.raises(ApiError, match="label"):
        judged(page | {"components": [page["components"][0] | {"label": "l" * 46}]})
