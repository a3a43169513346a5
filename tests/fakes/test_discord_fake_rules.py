"""The fake's rules by themselves: components, forms, commands, permissions, crowds, compression, waiting."""

from __future__ import annotations

import json
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from tests.fakes.discord import NO_SPECS, FakeDiscord, P, schema, specs_found
from tests.fakes.discord.commands import check
from tests.fakes.discord.components import check_message, is_emoji, stored
from tests.fakes.discord.errors import ApiError, FormErrors
from tests.fakes.discord.languages import LOCALES, shown
from tests.fakes.discord.modals import check_modal
from tests.fakes.discord.permissions import ALL, Overwrite, in_channel, in_guild
from tests.fakes.discord.socket import zlib_stream

TEXT = {"type": 10, "content": "hello"}
BUTTON = {"type": 2, "style": 1, "label": "Yes", "custom_id": "yes"}
LINK = {"type": 2, "style": 5, "label": "Read", "url": "https://example.org"}
OPTION = {"label": "Tea", "value": "tea"}
SELECT = {"type": 3, "custom_id": "pick", "options": [OPTION]}
PEOPLE = {"type": 5, "custom_id": "people"}


def row(*items: dict[str, Any]) -> dict[str, Any]:
    return {"type": 1, "components": list(items)}


def picture(url: str) -> dict[str, Any]:
    return {"type": 12, "items": [{"media": {"url": url}}]}


def mistakes(components: list[dict[str, Any]], *, v2: bool = True) -> dict[str, Any]:
    """The tree of mistakes in a message's components, empty if there are none."""
    errors = FormErrors()
    check_message(components, v2=v2, filenames={"card.png"}, errors=errors)
    return errors.tree


@pytest.mark.parametrize(
    "components",
    [
        [TEXT] * 40,
        [{"type": 10, "content": "😀" * 4000}],
        [row(BUTTON, LINK)],
        [row(SELECT)],
        [row({"type": 2, "style": 2, "emoji": {"name": "👋"}, "custom_id": "wave"})],
        [{"type": 17, "components": [TEXT, row(PEOPLE), picture("attachment://card.png")]}],
        [
            {
                "type": 9,
                "components": [TEXT],
                "accessory": {"type": 11, "media": {"url": "https://x.org/a.png"}},
            }
        ],
        [row({**PEOPLE, "min_values": 0, "max_values": 25})],
    ],
)
def test_components_that_are_taken(components: list[dict[str, Any]]) -> None:
    assert not mistakes(components)


@pytest.mark.parametrize(
    "components",
    [
        [TEXT] * 41,
        [{"type": 17, "components": [TEXT] * 40}],
        [{"type": 10, "content": "x" * 2001}, {"type": 10, "content": "x" * 2000}],
        [{"type": 10, "content": " \n"}],
        [row(BUTTON, BUTTON)],
        [{**TEXT, "id": 7}, {**TEXT, "id": 7}],
        [row(SELECT, BUTTON)],
        [row({"type": 2, "style": 1, "label": "No id"})],
        [row({"type": 2, "style": 1, "custom_id": "silent"})],
        [row({**LINK, "custom_id": "both"})],
        [row({**BUTTON, "url": "https://example.org"})],
        [row({**LINK, "url": "javascript:alert(1)"})],
        [row({"type": 2, "style": 5, "label": "Nowhere"})],
        [row({**BUTTON, "emoji": {"name": "wave"}})],
        [row({**SELECT, "options": [OPTION, OPTION]})],
        [row({**SELECT, "max_values": 2})],
        [row({**PEOPLE, "min_values": 2})],
        [picture("attachment://missing.png")],
        [picture("ftp://example.org/a.png")],
    ],
)
def test_components_that_are_refused(components: list[dict[str, Any]]) -> None:
    assert mistakes(components)


def test_old_messages_hold_rows_alone() -> None:
    rows = [row({**BUTTON, "custom_id": str(number)}) for number in range(6)]
    assert not mistakes(rows[:5], v2=False)
    assert mistakes(rows, v2=False)
    assert mistakes([TEXT], v2=False)


def test_components_are_numbered_without_clashes() -> None:
    [first, second] = stored([{**TEXT, "id": None}, {"type": 17, "id": 1, "components": [TEXT]}], {})
    assert (first["id"], second["id"], second["components"][0]["id"]) == (2, 1, 3)


@pytest.mark.parametrize(
    ("text", "emoji"),
    [
        *(("👋", True), ("❤", True), ("👩\u200d👧", True), ("1\ufe0f\u20e3", True)),
        *(("wave", False), ("", False), ("1", False)),
    ],
)
def test_emoji(text: str, emoji: bool) -> None:
    assert is_emoji(text) is emoji


def label(component: dict[str, Any], text: str = "Why") -> dict[str, Any]:
    return {"type": 18, "label": text, "component": component}


INPUT = {"type": 4, "style": 1, "custom_id": "why"}


@pytest.mark.parametrize(
    ("parts", "taken"),
    [
        ([label(INPUT)], True),
        ([TEXT, label(INPUT), label({**SELECT, "required": False, "min_values": 0})], True),
        ([row({**INPUT, "label": "Why"})], True),
        ([label({"type": 23, "custom_id": "yes"})], True),
        ([label({**INPUT, "custom_id": str(number)}) for number in range(6)], False),
        ([label(INPUT), label(INPUT)], False),
        ([label(INPUT, " ")], False),
        ([row(INPUT)], False),
        ([label({**INPUT, "label": "twice"})], False),
        ([label({**INPUT, "min_length": 5, "max_length": 4})], False),
        ([label({**INPUT, "max_length": 4, "value": "too long"})], False),
        ([label({**SELECT, "min_values": 0})], False),
        ([label({"type": 21, "custom_id": "r", "options": [OPTION, OPTION]})], False),
        ([label({"type": 22, "custom_id": "c", "options": [OPTION], "max_values": 2})], False),
    ],
)
def test_forms(parts: list[dict[str, Any]], taken: bool) -> None:
    errors = FormErrors()
    check_modal({"custom_id": "form", "title": "Form", "components": parts}, errors)
    assert bool(errors.tree) is not taken


TEA, COFFEE = {"name": "Tea", "value": "t"}, {"name": "Coffee", "value": "c"}
BIG = [{"name": f"{n:02}" + "n" * 50, "value": f"{n:02}" + "v" * 50} for n in range(9)]


def option(name: str, kind: int = 3, **more: Any) -> dict[str, Any]:
    return {"type": kind, "name": name, "description": "d", **more}


@pytest.mark.parametrize(
    ("body", "taken"),
    [
        ({"options": [option("to", 6, required=True), option("why")]}, True),
        ({"options": [option("share", 1, options=[option("topic")]), option("more", 2)]}, True),
        ({"name": "größe-1"}, True),
        ({"name": "नमस्ते"}, True),
        ({"name_localizations": {"de": "danke"}, "description_localizations": {"de": "Danke sagen"}}, True),
        ({"options": [option("x", choices=[{**TEA, "name_localizations": {"de": "Tee"}}, COFFEE])]}, True),
        ({"type": 2, "name": "Thank", "description": "", "name_localizations": {"de": "Danke sagen"}}, True),
        ({"type": 2, "name": "Give a shout-out", "description": ""}, True),
        ({"name": "Shout"}, False),
        ({"name": "two words"}, False),
        ({"description": " "}, False),
        ({"name_localizations": {"xx": "danke"}}, False),
        ({"name_localizations": {"de": "Danke"}}, False),
        ({"name_localizations": {"de": "danke sagen"}}, False),
        ({"description_localizations": {"de": " "}}, False),
        ({"description_localizations": {"es": "Dar las gracias"}}, False),
        ({"options": [option("why", name_localizations={"fr": "to"}), option("to")]}, False),
        ({"options": [option("why", name_localizations={"es-ES": "a", "es-419": "b"}), option("a")]}, False),
        (
            {"options": [option("x", choices=[{**TEA, "name_localizations": {"de": "Coffee"}}, COFFEE])]},
            False,
        ),
        ({"options": [option("x", choices=[{**TEA, "name_localizations": {"xx": "Tee"}}])]}, False),
        ({"type": 2, "name": "Thank", "description": "", "name_localizations": {"de": " Danke"}}, False),
        (
            {"type": 2, "name": "Thank", "description": "", "description_localizations": {"de": "Danke"}},
            False,
        ),
        ({"options": [option("why"), option("to", 6, required=True)]}, False),
        ({"options": [option("why"), option("why")]}, False),
        ({"options": [option("share", 1), option("why")]}, False),
        ({"options": [option("a", 2, options=[option("b", 2)])]}, False),
        ({"options": [option("n", 4, min_value=5, max_value=1)]}, False),
        ({"options": [option("x", autocomplete=True, choices=[{"name": "a", "value": "a"}])]}, False),
        ({"options": [option(f"o{n}", description="d" * 100, choices=BIG) for n in range(9)]}, False),
        ({"type": 3, "name": "Why this?", "description": "no"}, False),
    ],
)
def test_commands(body: dict[str, Any], taken: bool) -> None:
    errors = FormErrors()
    check({"name": "shout", "description": "Thank someone", **body}, (), errors)
    assert bool(errors.tree) is not taken


def test_menus_that_read_alike_in_a_language_are_refused() -> None:
    def menu(name: str, **translated: str) -> dict[str, Any]:
        return {"type": 3, "name": name, "name_localizations": translated}

    commands = FakeDiscord().world.commands
    commands.replace(None, [menu("Thank", de="Danke"), menu("Why?", de="Warum?")])
    commands.replace(None, [menu("Thank", de="Danke"), {**menu("Say thanks", de="Danke"), "type": 2}])
    for alike in (
        [menu("Thank", de="Danke"), menu("Say thanks", de="Danke")],
        [menu("Thank", fr="Report"), menu("Report", de="Melden")],
        [menu("Thank", **{"en-GB": "Ta"}), menu("Ta")],
        [menu("A", **{"es-ES": "x", "es-419": "y"}), menu("B", **{"es-ES": "y"})],
    ):
        with pytest.raises(ApiError):
            commands.replace(None, alike)


def test_what_people_read_of_a_command() -> None:
    thing = {
        "name": "color",
        "description": "d",
        "name_localizations": {"en-GB": "colour", "es-ES": "color-es", "de": "farbe"},
    }
    read = {locale: shown(thing, "name", locale) for locale in ("de", "en-US", "en-GB", "es-419", "fr")}
    assert read == {"de": "farbe", "en-US": "colour", "en-GB": "colour", "es-419": "color-es", "fr": "color"}
    assert shown(thing, "description", "de") == "d"


async def test_translations_are_told_to_those_who_ask() -> None:
    async with FakeDiscord() as d:
        words = {"description_localizations": {"de": "Danke"}}
        inner = option("x", choices=[{**TEA, "name_localizations": {"de": "Tee"}}], **words)
        body = {"name": "shout", "description": "Thank", "options": [inner], **words}
        registry = d.world.commands
        [command] = registry.replace(None, [body])
        full, short = (registry.json(command, localizations=asked) for asked in (True, False))
        assert full["options"] == [inner]
        assert full["description_localizations"] == {"de": "Danke"}
        assert "localizations" not in json.dumps(short)
        assert short["options"][0]["choices"] == [TEA]


async def test_command_ids_survive_and_creations_are_counted() -> None:
    async with FakeDiscord() as d:
        commands = d.world.commands
        shout = {"name": "shout", "description": "Thank"}
        [first] = commands.replace(None, [shout])
        [same] = commands.replace(None, [dict(shout)])
        assert (same.id, same.version, commands.creations[None]) == (first.id, first.version, 1)
        [changed] = commands.replace(None, [shout | {"description": "Thanks"}])
        assert (changed.id, changed.version > first.version) == (first.id, True)
        for number in range(199):
            commands.replace(None, [{"name": f"c{number}", "description": "d"}])
        with pytest.raises(ApiError) as too_many:
            commands.replace(None, [{"name": "one-more", "description": "d"}])
        assert too_many.value.code == 30034
        with pytest.raises(ApiError):
            commands.replace(None, [{"name": f"c{n}", "description": "d"} for n in range(101)])


def test_permissions_are_computed_as_discord_does() -> None:
    everyone, role, other, me = 1, 2, 3, 9
    base = int(P.VIEW_CHANNEL | P.SEND_MESSAGES | P.ATTACH_FILES)

    def bits(*overwrites: Overwrite, base: int = base, **more: Any) -> int:
        by_id = {item.id: item for item in overwrites}
        return in_channel(base, by_id, everyone_id=everyone, role_ids=[role, other], user_id=me, **more)

    send = int(P.SEND_MESSAGES)
    assert bits() == base
    assert bits(Overwrite(everyone, 0, deny=send)) == int(P.VIEW_CHANNEL)
    assert bits(Overwrite(everyone, 0, deny=send), Overwrite(role, 0, allow=send)) == base
    assert bits(Overwrite(role, 0, deny=send), Overwrite(other, 0, allow=send)) == base
    assert bits(Overwrite(other, 0, allow=send), Overwrite(me, 1, deny=send)) == int(P.VIEW_CHANNEL)
    assert bits(Overwrite(everyone, 0, deny=int(P.VIEW_CHANNEL))) == 0
    assert bits(Overwrite(me, 1, deny=send), base=int(P.ADMINISTRATOR)) == ALL
    assert bits(timed_out=True) == int(P.VIEW_CHANNEL)
    assert in_guild(0, [int(P.ADMINISTRATOR)], owner=False) == ALL
    assert in_guild(0, [], owner=True) == ALL


@settings(max_examples=30, deadline=None)
@given(
    crowds=st.lists(st.integers(0, 60), max_size=3),
    joins=st.integers(0, 8),
    size=st.integers(1, 25),
    leaving=st.lists(st.integers(0, 200), max_size=8),
)
def test_pages_show_every_member_once(crowds: list[int], joins: int, size: int, leaving: list[int]) -> None:
    guild = FakeDiscord(validate=False).guild()
    ids = {member.id for member in guild.members}
    for count in crowds:
        ids.update(guild.crowd(count))
    ids.update(guild.join(f"m{number}").id for number in range(joins))
    for number in leaving:
        gone = sorted(ids)[number % len(ids)]
        if gone != guild.bot.id:
            guild.person(gone).leave()
            ids.discard(gone)
    seen: list[int] = []
    while page := guild.members.page(seen[-1] if seen else 0, size):
        seen += [member.id for member in page]
    assert seen == sorted(ids)
    assert len(guild.members) == len(ids)


@given(st.lists(st.text(), max_size=20))
def test_the_compressed_stream_reads_back(payloads: list[str]) -> None:
    compress, reader = zlib_stream(), zlib.decompressobj()
    for payload in payloads:
        frame = compress(payload)
        assert frame.endswith(b"\x00\x00\xff\xff")
        assert reader.decompress(frame).decode() == payload


@pytest.mark.skipif(not specs_found(), reason=NO_SPECS)
def test_the_fake_can_not_send_nonsense() -> None:
    schema.gateway().check("GUILD_DELETE", {"id": "1"})
    for wrong in ({"id": 1}, {"id": "1", "surprise": True}, {}):
        with pytest.raises(ValueError, match="GUILD_DELETE"):
            schema.gateway().check("GUILD_DELETE", wrong)


@pytest.mark.skipif(not specs_found(), reason=NO_SPECS)
def test_the_languages_are_discords() -> None:
    document = json.loads((schema.SPECS / "openapi.json").read_text(encoding="utf-8"))
    known = document["components"]["schemas"]["AvailableLocalesEnum"]["oneOf"]
    assert {one["const"] for one in known} == LOCALES


SAMPLES: list[dict[str, Any]] = [
    {"content": "x"},
    {"content": 5},
    {"content": "x" * 4001},
    {"flags": 1 << 15, "components": [TEXT, row(BUTTON, LINK), row(SELECT)]},
    {"components": [row({**BUTTON, "custom_id": "c" * 101})]},
    {"components": [row({**BUTTON, "style": 99})]},
    {"components": [row(TEXT)]},
    {"components": [{"type": 17, "components": [{"type": 17, "components": [TEXT]}]}]},
    {"components": [{"type": 10}]},
    {"components": [{"content": "no type"}]},
    {"components": [None]},
    {"components": None, "allowed_mentions": None, "nonce": None},
    {"nonce": 2**70},
    {"allowed_mentions": {"parse": ["users", "users"]}},
    {"allowed_mentions": {"parse": ["everybody"]}},
    {"embeds": [{"color": -1}]},
    {"embeds": [{"fields": [{"name": "n", "value": "v"}]}] * 10},
]


@pytest.mark.skipif(not specs_found(), reason=NO_SPECS)
@pytest.mark.parametrize("sample", SAMPLES)
def test_the_quick_judge_says_what_a_plain_one_says(sample: dict[str, Any]) -> None:
    document = json.loads((schema.SPECS / "openapi.json").read_text(encoding="utf-8"))
    reference = "#/components/schemas/MessageCreateRequest"
    resource = Resource(contents=document, specification=DRAFT202012)
    plain = Draft202012Validator(
        {"$ref": f"urn:api{reference}"}, registry=Registry().with_resource("urn:api", resource)
    )
    quick = schema.Document(document, Draft202012Validator)
    assert (list(quick.errors({"$ref": reference}, sample)) == []) is plain.is_valid(sample)


@pytest.mark.skipif(not specs_found(), reason=NO_SPECS)
def test_the_fake_can_not_answer_nonsense() -> None:
    judge, path = schema.open_api(), "/channels/{channel_id}/messages"
    judge.check_answer("GET", path, 200, [])
    for status, answer in ((200, [{}]), (200, {}), (204, None)):
        with pytest.raises(ValueError, match="messages"):
            judge.check_answer("GET", path, status, answer)


async def test_a_failure_of_the_fake_itself_ends_the_wait() -> None:
    async with FakeDiscord() as d:
        d.crashes.append(ValueError("broken"))
        with pytest.raises(ValueError, match="broken"):
            await d.until(lambda: False)
        d.crashes.clear()


async def test_waiting_tells_what_was_seen() -> None:
    async with FakeDiscord() as d:
        guild = d.guild()
        with pytest.raises(AssertionError, match="for a miracle"):
            await d.until(lambda: False, 0.01, "a miracle")
        guild.join("Ana")
        assert await d.until(lambda: len(guild.members)) == 3
