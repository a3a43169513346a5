"""Commands as people read them who use Discord in other languages than English."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import discord
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model.content import Catalog, CommandSpec, Field, Kind, MenuSpec, MenuTarget, Option, Translations
from bot.model.roles import Role
from bot.platforms.discord import commands
from bot.platforms.discord.locales import COMMAND_MOST, LOCALES, code, size
from bot.testing import BUILT_IN
from tests.discord.home import Home, home
from tests.fakes.discord import FakeDiscord, Heard, aimed_at, schema, specs_found
from tests.fakes.discord import languages as discords
from tests.fakes.discord.errors import FormErrors
from tests.fakes.discord.languages import shown

Json = dict[str, Any]
COG = '''
from typing import Any, Literal
from bot import Cog, MenuTarget, NoSettings, Store, T, command, menu

class {name}(Cog[NoSettings, Store]):
    """Tea."""

    @command
    async def tea(self, ctx: Any, kind: Literal["green", "black"]) -> None:
        """Ask for tea."""
        ctx.reply(T("{{kind}} tea", kind=kind))

    @menu("Offer tea", on=MenuTarget.MEMBER)
    async def offer(self, ctx: Any, chosen: Any) -> None:
        """Offer."""
        ctx.reply(T("Tea for {{who}}", who=chosen))

    async def export(self, ctx, member): return ()
    async def forget(self, ctx, member): ...
'''
PO = """
msgid "Ask for tea."
msgstr "Bitte um Tee."

msgid "Green"
msgstr "Grün"

msgid "Offer tea"
msgstr "Tee anbieten"
"""
NUMBERS = itertools.count()


class Tea:
    """A cog from elsewhere, with a German catalogue."""

    def __init__(self, folder: Path) -> None:
        self.name = f"oolong{next(NUMBERS)}"
        self.catalogue = folder / self.name / "locale" / "de.po"
        self.catalogue.parent.mkdir(parents=True)
        code = COG.format(name=self.name.capitalize())
        (folder / self.name / "__init__.py").write_text(code, encoding="utf-8")
        self.write(PO)

    def write(self, text: str) -> None:
        self.catalogue.write_text(text, encoding="utf-8")


@pytest.fixture
def tea(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tea:
    monkeypatch.syspath_prepend(tmp_path)
    return Tea(tmp_path)


@pytest.fixture
async def h(tmp_path: Path, tea: Tea) -> AsyncIterator[Home]:
    async with home(tmp_path, is_open=False, cogs=(*BUILT_IN, tea.name)) as made:
        await compared()
        yield made
        assert made.fake.crashes == []


async def compared() -> None:
    """Until the commands were compared with what is registered, and registered if need be."""
    tasks = [task for task in asyncio.all_tasks() if task.get_name() == "discord commands"]
    if tasks:
        _, late = await asyncio.wait(tasks, timeout=10)
        assert not late


def found(fake: FakeDiscord, *path: str) -> Json:
    """What is registered at a path of names: a command or a menu, then options and choices in it."""
    things = [command.body for command in fake.world.commands.all()]
    for name in path:
        thing = next(each for each in things if each["name"] == name)
        things = [*(thing.get("options") or ()), *(thing.get("choices") or ())]
    return thing


async def test_everybody_reads_the_commands_in_their_language(h: Home) -> None:
    shoutout, to = found(h.fake, "shoutout"), found(h.fake, "shoutout", "to")
    why = found(h.fake, "Why this?")
    assert {
        locale: (
            shown(shoutout, "description", locale),
            shown(to, "description", locale),
            shown(why, "name", locale),
        )
        for locale in ("de", "fr", "es-ES", "es-419", "pt-BR", "en-US", "ja")
    } == {
        "de": ("Danke jemandem so, dass alle es sehen.", "Wer hat dir geholfen?", "Warum das?"),
        "fr": (
            "Remercie quelqu’un là où tout le monde le voit.",
            "Qui t’a donné un coup de main ?",
            "Pourquoi ça ?",
        ),
        "es-ES": (
            "Da las gracias a alguien donde todo el mundo lo vea.",
            "¿Quién te ayudó?",
            "¿Por qué esto?",
        ),
        "es-419": (
            "Da las gracias a alguien donde todo el mundo lo vea.",
            "¿Quién te ayudó?",
            "¿Por qué esto?",
        ),
        "pt-BR": ("Agradeça a alguém onde todo mundo possa ver.", "Quem ajudou você?", "Por que isto?"),
        "en-US": ("Thank someone where everybody can see it.", "Who helped you?", "Why this?"),
        "ja": ("Thank someone where everybody can see it.", "Who helped you?", "Why this?"),
    }
    about_help = found(h.fake, "kith", "help")
    assert shown(about_help, "description", "de") == "Sieh nach, was du hier machen kannst."
    assert h.fake.refusals == []


async def test_what_people_write_is_the_same_in_all_languages(h: Home, tea: Tea) -> None:
    await (await h.ada.slash("tea", kind="green", locale="de")).answered()
    await (await h.ada.menu("Offer tea", on=h.mina)).answered()
    for command in h.fake.world.commands.all():
        if command.kind == 1:
            assert "name_localizations" not in command.body
            parts = [
                *command.options,
                *(inner for one in command.options for inner in one.get("options", ())),
            ]
            assert not [part for part in parts if "name_localizations" in part]


async def test_discord_py_reads_them(h: Home) -> None:
    ids = {command.name: command.id for command in h.fake.world.commands.all()}
    await h.stop()
    client = Heard()
    with aimed_at(h.fake):
        async with client:
            await client.login(h.fake.token)
            tree = discord.app_commands.CommandTree(client)
            tea = await tree.fetch_command(ids["tea"])
            menu = await tree.fetch_command(ids["Thank for this"])
            kith = await tree.fetch_command(ids["kith"])
    german, brazilian = discord.Locale.german, discord.Locale.brazil_portuguese
    assert tea.description_localizations == {german: "Bitte um Tee."}
    [kind] = tea.options
    assert isinstance(kind, discord.app_commands.Argument)
    assert [choice.name for choice in kind.choices] == ["Green", "Black"]
    assert [choice.name_localizations for choice in kind.choices] == [{german: "Grün"}, {}]
    assert menu.name_localizations[german] == "Hierfür danken"
    assert set(menu.name_localizations) == {
        german,
        brazilian,
        discord.Locale.french,
        discord.Locale.spain_spanish,
    }
    about = next(option for option in kith.options if option.name == "why")
    assert about.description_localizations[brazilian] == "Saiba por que eu disse alguma coisa."


async def test_they_are_registered_again_only_when_a_catalogue_changed(h: Home, tea: Tea) -> None:
    registered = h.fake.world.commands
    assert registered.overwrites == 1
    ident = next(command.id for command in registered.all() if command.name == "tea")
    await h.restart()
    await compared()
    assert registered.overwrites == 1
    for number, (before, after) in enumerate(
        [("Bitte um Tee", "Hol dir Tee"), ("Grün", "Grüner"), ("Tee anbieten", "Tee?")], 2
    ):
        tea.write(tea.catalogue.read_text(encoding="utf-8").replace(before, after))
        await h.restart()
        await compared()
        assert registered.overwrites == number, before
    assert shown(found(h.fake, "tea", "kind", "Green"), "name", "de") == "Grüner"
    assert ident == next(command.id for command in registered.all() if command.name == "tea")
    tea.catalogue.unlink()
    await h.restart()
    await compared()
    assert "description_localizations" not in found(h.fake, "tea")


async def test_a_broken_catalogue_keeps_nothing_from_working(
    h: Home, tea: Tea, capsys: pytest.CaptureFixture[str]
) -> None:
    tea.write(PO + "oops\n")
    await h.restart()
    await compared()
    said = "".join(capsys.readouterr())
    assert "translation_not_used" in said
    assert str(tea.catalogue) in said
    assert f"line={PO.count(chr(10)) + 1}" in said
    assert shown(found(h.fake, "tea"), "description", "de") == "Ask for tea."
    assert shown(found(h.fake, "Thank for this"), "name", "de") == "Hierfür danken"
    await (await h.ada.slash("tea", kind="black")).answered()


# --- the tree by itself


def test_the_languages_are_discords() -> None:
    assert LOCALES == discords.LOCALES
    assert {locale.value for locale in discord.Locale} <= LOCALES


@pytest.mark.parametrize(
    ("locale", "known"),
    [
        *(("de", "de"), ("pt_BR", "pt-BR"), ("es", "es-ES"), ("es_ES", "es-ES"), ("es_419", "es-419")),
        *(("en_GB", "en-GB"), ("en_US", "en-US"), ("zh_TW", "zh-TW"), ("zh_Hans", "zh-CN"), ("sv", "sv-SE")),
        *(("nb", "no"), ("pt", "pt-BR"), ("eo", None), ("de_AT", None), ("pt_PT", None)),
    ],
)
def test_gettexts_names_become_discords(locale: str, known: str | None) -> None:
    assert code(locale) == known


def catalog(menus: Sequence[str] = (), choices: Sequence[str] = (), about: str = "Tea.") -> Catalog:
    options = tuple(Option(label, label) for label in choices)
    fields = (Field("kind", Kind.CHOICE, "Kind", options=options),) if options else ()
    return Catalog(
        (CommandSpec(("tea",), about, fields, Role.MEMBER, "t"),),
        tuple(MenuSpec(MenuTarget.MESSAGE, label, label, Role.MEMBER, "t") for label in menus),
    )


def tree(of: Catalog, translations: Mapping[str, Mapping[str, str]]) -> list[Json]:
    """What is registered; neither Discord's rules nor its schema have anything against it."""
    known: Translations = {("t", words): others for words, others in translations.items()}
    made = commands.Tree(of, known).json
    if specs_found():
        errors = FormErrors()
        schema.open_api().check_body("PUT", "/applications/{application_id}/commands", made, errors)
        assert errors.tree == {}
    registry = FakeDiscord().world.commands
    told = [registry.json(command, localizations=True) for command in registry.replace(None, made)]
    assert commands.replacing(told, made) is None
    return made


def test_british_words_leave_american_ones_alone() -> None:
    [tea] = tree(catalog(about="Color."), {"Color.": {"en_GB": "Colour."}})
    assert tea["description_localizations"] == {"en-GB": "Colour.", "en-US": "Color."}


def test_the_exact_language_is_taken_before_the_near_one() -> None:
    words = {"es_ES": "Té de España.", "es": "Té.", "es_419": "Té de México.", "eo": "Teo."}
    for order in itertools.permutations(words):
        [tea] = tree(catalog(), {"Tea.": {locale: words[locale] for locale in order}})
        assert tea["description_localizations"] == {"es-419": "Té de México.", "es-ES": "Té de España."}


def test_what_would_read_alike_stays_english() -> None:
    made = tree(
        catalog(["Thank", "Say thanks", "Report"]),
        {"Thank": {"de": "Danke", "fr": "Report"}, "Say thanks": {"de": "Danke", "es": "Gracias"}},
    )
    names = {each["name"]: each.get("name_localizations") for each in made}
    assert names == {"tea": None, "Thank": None, "Say thanks": {"es-ES": "Gracias"}, "Report": None}


def test_what_would_read_alike_by_discords_own_fallback_stays_english() -> None:
    made = tree(catalog(["Thank", "Report"]), {"Thank": {"es": "Gracias"}, "Report": {"es_419": "Gracias"}})
    assert [each.get("name_localizations") for each in made] == [None, None, None]


def test_a_command_too_large_for_discord_in_all_languages_is_registered_in_english() -> None:
    fields = tuple(
        Field(f"f{n}", Kind.CHOICE, "x", options=tuple(Option(f"{n} {k} x", f"{k}") for k in range(25)))
        for n in range(25)
    )
    labels = {option.label for field in fields for option in field.options}
    of = Catalog((CommandSpec(("big",), "Big.", fields, Role.MEMBER, "t"),))
    [big] = tree(of, {label: {"de": label * 10} for label in labels})
    assert size(big) <= COMMAND_MOST
    assert "localizations" not in repr(big)


LABELS = st.lists(st.sampled_from(["A", "B", "C", "D", "E"]), min_size=1, max_size=4, unique=True)
TEXTS = st.one_of(
    st.sampled_from(["A", "B", "C", "x", "y"]),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=130).filter(str.strip),
)
OTHERS = st.dictionaries(
    st.sampled_from(["de", "es", "es_419", "es_ES", "en_GB", "en_US", "pt_BR", "zh_Hant", "eo"]), TEXTS
)


@settings(max_examples=60)
@given(LABELS, LABELS, st.dictionaries(st.sampled_from(["A", "B", "C", "D", "Tea.", "Kind"]), OTHERS))
def test_no_translation_is_ever_refused(
    menus: Sequence[str], choices: Sequence[str], translations: Mapping[str, Mapping[str, str]]
) -> None:
    made = tree(catalog(menus, choices), translations)
    assert [each["name"] for each in made] == ["tea", *menus]
