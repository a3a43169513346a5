"""Catalogues of translations: ours are whole, and a broken one is told with its line and stops nothing."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from fnmatch import fnmatch
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import translations
from bot.cli import main
from bot.config import BUILT_IN_COGS
from bot.core import load_cogs, registry_of
from bot.doctor import translated
from bot.registry import Registry, load
from bot.spec import ABOUT_MOST
from bot.translations import BrokenCatalogue, Folder, Phrase

ROOT = Path(__file__).resolve().parent.parent
NUMBERS = itertools.count()
LANGUAGES = ("de", "es", "fr", "pt_BR")
COG = '''
from typing import Any, Literal
from bot import Cog, MenuTarget, NoSettings, Store, command, menu

class {name}(Cog[NoSettings, Store]):
    """Tea."""

    @command
    async def tea(self, ctx: Any, kind: Literal["green", "black"], cups: int) -> None:
        """Ask for {{kind}} tea.

        cups: How many?
        """

    @menu("Offer tea", on=MenuTarget.MEMBER)
    async def offer(self, ctx: Any, chosen: Any) -> None:
        """Offer."""

    async def export(self, ctx, member): return ()
    async def forget(self, ctx, member): ...
'''
HEAD = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n'
WHOLE = (
    HEAD + 'msgid "Ask for {kind} tea."\nmsgstr "Bitte um {kind} Tee."\n'
    'msgid "Kind"\nmsgstr "Art"\n'
    'msgid "Green"\nmsgstr "Grün"\n'
    'msgid "Black"\nmsgstr "Schwarz"\n'
    'msgid "How many?"\nmsgstr "Wie viele?"\n'
    'msgid "Offer tea"\nmsgstr "Tee anbieten"\n'
)


def registry(names: Sequence[str]) -> Registry:
    zone = ZoneInfo("UTC")
    cogs, sections, faults = load_cogs(names, {}, zone)
    made = registry_of(cogs, sections, faults)
    assert made.faults == []
    return made


def whole(made: Registry) -> list[Folder]:
    return translations.folders(made.cogs.values(), made.catalog)


@pytest.fixture
def tea(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tea:
    """A cog from elsewhere, in a package of its own."""
    name = f"tea{next(NUMBERS)}"
    package = tmp_path / name
    (package / "locale").mkdir(parents=True)
    (package / "__init__.py").write_text(COG.format(name=name.capitalize()), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KITH_HOME", str(tmp_path))
    return Tea(name, package / "locale")


class Tea:
    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder

    def write(self, text: str | bytes, name: str = "de.po") -> None:
        data = text if isinstance(text, bytes) else text.encode()
        (self.folder / name).write_bytes(data)

    def read(self) -> tuple[dict[str, dict[str, str]], list[tuple[int, str]]]:
        """What is translated, and the lines of problems with their words."""
        made = Registry()
        made.add(load([self.name])[0])
        found, problems = translations.read(made.cogs.values(), made.catalog)
        assert all(Path(problem.file).parent == self.folder for problem in problems)
        return (
            {words: dict(others) for (_, words), others in found.items()},
            [(problem.line, problem.problem) for problem in problems],
        )


# --- ours


@pytest.fixture(scope="module")
def ours() -> list[Folder]:
    return [folder for folder in whole(registry(BUILT_IN_COGS)) if folder.phrases]


@pytest.mark.parametrize("language", LANGUAGES)
def test_our_catalogues_are_whole(ours: Sequence[Folder], language: str) -> None:
    for folder in ours:
        file = Path(str(folder.path)) / f"{language}.po"
        assert file.exists(), f"python3 start.py translations --add {language}"
        done, problems = translations.usable(folder, file)
        assert problems == []
        missing = sorted(folder.phrases.keys() - done.keys())
        assert missing == [], f"{file}: run `python3 start.py translations`, then translate these"
        there = translations.parse(file)
        assert there.obsolete == {}, f"{file}: take out what is no longer used"
        notes = {message.id: message.auto_comments for message in there}
        anew = translations.updated(folder, language, there)
        assert {message.id: message.auto_comments for message in anew} == notes, (
            f"{file}: run `python3 start.py translations`"
        )
        for words, others in done.items():
            assert 0 < len(others) <= folder.phrases[words].most
            assert others == " ".join(others.split())


def test_every_catalogue_of_ours_is_looked_at(ours: Sequence[Folder]) -> None:
    there = {file for part in ("bot", "cogs") for file in (ROOT / part).rglob("*.po")}
    assert there == {Path(str(folder.path)) / f"{name}.po" for folder in ours for name in LANGUAGES}


def test_the_wheel_takes_the_catalogues_along() -> None:
    # hatchling packs the whole packages, except for what git ignores
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    for file in (*ROOT.glob("bot/*/locale/*.po"), *ROOT.glob("cogs/*/locale/*.po")):
        parts = file.relative_to(ROOT).parts
        assert not [one for one in ignored for part in parts if fnmatch(part, one.strip("/"))]


# --- a cog from elsewhere


def test_a_cog_brings_its_own(tea: Tea) -> None:
    tea.write(WHOLE)
    tea.write(WHOLE.replace("Tee anbieten", "Tee aabiete"), "de-CH.po")
    found, problems = tea.read()
    assert problems == []
    assert found["How many?"] == {"de": "Wie viele?", "de_CH": "Wie viele?"}
    assert found["Offer tea"] == {"de": "Tee anbieten", "de_CH": "Tee aabiete"}
    assert sorted(found) == ["Ask for {kind} tea.", "Black", "Green", "How many?", "Kind", "Offer tea"]


def test_without_catalogues_all_is_english(tea: Tea) -> None:
    assert tea.read() == ({}, [])
    tea.folder.rmdir()
    assert tea.read() == ({}, [])


def test_a_cog_in_no_package_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "loosetea.py").write_text(COG.format(name="Loosetea"), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    made = registry(["loosetea"])
    assert {path.name for path in (Path(str(folder.path)).parent for folder in whole(made))} == {"host"}


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        (HEAD + "hello\n", 3, "can't be understood: 'hello'"),
        (HEAD + 'msgid "Green"\nmsgstr "Grün\n', 4, "can't be understood"),
        (HEAD + 'msgid "Green\nmsgstr "Grün"\n', 3, "can't be understood"),
        (HEAD + 'msgid "Green"\nmsgstr "Gr"ün"\n', 4, "can't be understood"),
        (HEAD + 'msgid "Green"\nmsgstr Grün\n', 4, "can't be understood"),
        (HEAD + 'msgid "Green"\nmsgid "Black"\nmsgstr "Schwarz"\n', 3, "missing msgstr"),
        ('"Content-Type"\n', 1, "not in msgid"),
        ("<html>\n", 1, "can't be understood"),
        (HEAD.encode() + 'msgid "Green"\nmsgstr "Grün"\n'.encode("latin-1"), 4, "is not UTF-8"),
        ('msgid ""\nmsgstr "Plural-Forms: nplurals=x; plural=n;\\n"\n', 1, "can't be understood"),
        (
            'msgid ""\nmsgstr "Plural-Forms: npl"\n"urals=999999999999; plural=n;\\n"\n\n'
            'msgid "cup"\nmsgid_plural "cups"\nmsgstr[0] "Tasse"\n',
            1,
            "so many plurals",
        ),
    ],
)
def test_a_broken_catalogue_is_told_with_its_line(
    tea: Tea, text: str | bytes, line: int, problem: str
) -> None:
    tea.write(WHOLE, "fr.po")
    tea.write(text)
    found, [(where, said)] = tea.read()
    assert (where, problem in said) == (line, True), said
    assert found["Green"] == {"fr": "Grün"}, "the others are read"


@pytest.mark.parametrize(
    ("words", "instead", "problem"),
    [
        ("Wie viele?", "w" * (ABOUT_MOST + 1), "has 101 characters, and 100 fit"),
        ("Tee anbieten", "Der Person eine Tasse Tee anbieten", "has 34 characters, and 32 fit"),
        ("Bitte um {kind} Tee.", "Bitte um {art} Tee.", "different names in braces"),
        ("Wie viele?", " ", "is blank"),
        ("Wie viele?", "Wie\\nviele?", "a line's end"),
        ("Wie viele?", "Wie\\tviele?", "control character"),
        ("Wie viele?", "Wie\0viele?", "control character"),
        ("Wie viele?", "Wie\u2028viele?", "control character"),
    ],
)
def test_what_can_not_stand_there_is_told_and_stays_english(
    tea: Tea, words: str, instead: str, problem: str
) -> None:
    tea.write(WHOLE.replace(words, instead))
    line = WHOLE[: WHOLE.index(words)].count("\n")
    found, [(where, said)] = tea.read()
    assert (where, problem in said) == (line, True), said
    assert len(found) == 5


def test_what_is_no_file_is_told_too(tea: Tea) -> None:
    tea.write(WHOLE)
    (tea.folder / "fr.po").mkdir()
    found, [(line, said)] = tea.read()
    assert (len(found), line, "can't be read" in said) == (6, 1, True)


def test_what_nobody_looked_at_is_not_used(tea: Tea) -> None:
    tea.write(WHOLE.replace('msgid "Green"', '#, fuzzy\nmsgid "Green"'))
    found, problems = tea.read()
    assert problems == []
    assert "Green" not in found


@pytest.mark.parametrize("name", ["deutsch.po", "xx_YY.po", ".po", "de_DE_x_y.po"])
def test_a_catalogue_is_named_for_a_language(tea: Tea, name: str) -> None:
    tea.write(WHOLE, name)
    found, [(line, said)] = tea.read()
    assert (found, line) == ({}, 1)
    assert "names no known language" in said


def test_the_doctor_and_the_log_tell(tea: Tea, capsys: pytest.CaptureFixture[str]) -> None:
    tea.write(HEAD + "hello\n")
    made = registry([tea.name])
    [check] = translated(made)
    assert (check.code, check.state.value) == ("translations", "warn")
    assert f"{tea.folder / 'de.po'}, line 3" in check.detail
    assert all(cog != tea.name for cog, _ in made.catalog.translations())
    told = "".join(capsys.readouterr())
    assert all(word in told for word in ("translation_not_used", str(tea.folder / "de.po"), "line=3"))


FUZZED = WHOLE.replace(
    'msgid "Kind"', '#, fuzzy\n#| msgid "Sort"\n#: tea.py:3\nmsgctxt "x"\nmsgid "Kind"'
) + (
    '#~ msgid "Milk"\n#~ msgstr "Milch"\nmsgid "cup"\nmsgid_plural "cups"\nmsgstr[0] "Tasse"\nmsgstr[1] "T"\n'
)
PIECES = [
    '"',
    "\\",
    "\n",
    "#",
    "#~ ",
    "#, ",
    "#: ",
    "msgid ",
    "msgstr ",
    "msgstr[1] ",
    "msgctxt ",
    "\x00",
    "é",
]


@settings(max_examples=150)
@given(st.randoms(use_true_random=False), st.integers(1, 6))
def test_nothing_in_a_file_is_more_than_a_problem(
    tmp_path_factory: pytest.TempPathFactory, chance: random.Random, changes: int
) -> None:
    text = FUZZED
    for _ in range(changes):
        at = chance.randrange(len(text))
        text = text[:at] + chance.choice([*PIECES, ""]) + text[at + chance.randrange(12) :]
    file = tmp_path_factory.getbasetemp() / "fuzzed.po"
    file.write_text(text, encoding="utf-8", newline="")
    folder = Folder(file.parent, ("tea",), {"Green": Phrase("Green", ("a",), 9)})
    with suppress(BrokenCatalogue):
        translations.usable(folder, file)


# --- the command


Kith = Callable[..., tuple[int, str]]


@pytest.fixture
def kith(capsys: pytest.CaptureFixture[str]) -> Kith:
    def run(*arguments: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            main(["translations", *arguments])
        return int(ended.value.code or 0), "".join(capsys.readouterr())

    return run


def test_a_catalogue_from_its_beginning_to_its_whole(tea: Tea, kith: Kith) -> None:
    file = tea.folder / "pt_BR.po"
    tea.folder.rmdir()
    code, said = kith(tea.name, "--add", "pt_BR")
    assert (code, said) == (1, f"{Path(tea.name) / 'locale' / 'pt_BR.po'}: 0 of 6 translated\n")
    begun = file.read_text(encoding="utf-8")
    assert '#. In the menu of a member (at most 32 characters)\nmsgid "Offer tea"\nmsgstr ""\n' in begun
    assert "#. /tea, kind, a choice (at most 100 characters)" in begun
    for words in ("Ask for {kind} tea.", "Kind", "Green", "Black", "How many?", "Offer tea"):
        begun = begun.replace(f'msgid "{words}"\nmsgstr ""', f'msgid "{words}"\nmsgstr "{words[::-1]}"')
    file.write_text(begun.replace("}dnik{", "{kind}"), encoding="utf-8")
    code, said = kith(tea.name)
    assert (code, said.strip().endswith("6 of 6 translated")) == (0, True), said
    assert tea.read()[0]["Green"] == {"pt_BR": "neerG"}
    before = file.stat().st_mtime_ns
    kith(tea.name)
    assert file.stat().st_mtime_ns == before, "what is as it should be is not written again"


def test_changed_words_keep_what_is_translated(tea: Tea, kith: Kith) -> None:
    tea.write(WHOLE.replace("How many?", "How many cups?") + 'msgid "Sugar"\nmsgstr "Zucker"\n')
    code, said = kith(tea.name)
    assert (code, "5 of 6 translated" in said) == (1, True), said
    text = (tea.folder / "de.po").read_text(encoding="utf-8")
    assert '#, fuzzy\nmsgid "How many?"\nmsgstr "Wie viele?"' in text
    assert '#~ msgid "Sugar"\n#~ msgstr "Zucker"' in text
    assert tea.read()[0]["Green"] == {"de": "Grün"}


def test_mistakes_are_told_and_broken_files_are_left_alone(tea: Tea, kith: Kith) -> None:
    tea.write(WHOLE.replace("Tee anbieten", "Der Person eine Tasse Tee anbieten"))
    tea.write(HEAD + "hello\n", "fr.po")
    code, said = kith(tea.name)
    assert code == 1
    assert f"{tea.folder / 'fr.po'}, line 3: can't be understood: 'hello'." in said
    assert "and 32 fit" in said
    assert (tea.folder / "fr.po").read_text(encoding="utf-8") == HEAD + "hello\n"


def test_bad_names_are_refused(tea: Tea, kith: Kith) -> None:
    code, said = kith("no.such.cog")
    assert (code, "no.such.cog" in said) == (2, True)
    code, said = kith(tea.name, "--add", "klingon")
    assert (code, "names no known language" in said) == (1, True)
    assert list(tea.folder.iterdir()) == []
    code, said = kith(tea.name)
    assert (code, "--add de" in said) == (0, True)


def test_ours_are_found_without_naming_them(
    kith: Kith, ours: Sequence[Folder], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KITH_HOME", str(tmp_path))
    code, said = kith()
    assert (code, said.count("translated\n")) == (0, len(ours) * len(LANGUAGES)), said
