"""Translations of commands and menus: the catalogues ``locale/*.po`` beside the cogs.

Slash commands' and options' names are not translated: people tell each other what to write, in help, in
answers and across languages, and on other platforms they type it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from unicodedata import category

import structlog

from bot.cog import Cog, beside
from bot.model.content import Catalog, CommandSpec, Translations
from bot.spec import ABOUT_MOST

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog as Po

CHOICE_MOST: Final = 100
"""Discord's limit for the name of a choice."""
MENU_MOST: Final = 32
"""Discord's limit for the name of a menu action."""
SUFFIX: Final = ".po"
_BRACES: Final = re.compile(r"\{[^{}]*\}")
_LINE: Final = re.compile(
    r'#.*|((msgctxt|msgid|msgid_plural|msgstr|msgstr\[\d\]) )?"([^"\\]|\\.)*"',
)
_CONTROLS: Final = frozenset({"Cc", "Zl", "Zp"})
_PLURALS: Final = re.compile(r"nplurals\W*\d{2}", re.IGNORECASE)

log = structlog.get_logger(__name__)


class Phrase(NamedTuple):
    """English words, what they are for, and how many characters fit there."""

    words: str
    used_for: tuple[str, ...]
    most: int


class Problem(NamedTuple):
    """What is wrong in a catalogue. What it is about stays English; the rest is used."""

    file: str
    line: int
    problem: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.problem}"


class BrokenCatalogue(Exception):
    """A file that can't be read as a catalogue."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class Folder(NamedTuple):
    """Where the catalogues of some cogs are, if there are any, and what they translate."""

    path: Path
    cogs: tuple[str, ...]
    phrases: Mapping[str, Phrase]

    def files(self) -> list[Path]:
        """The catalogues, by name."""
        if not self.path.is_dir():
            return []
        found = [file for file in self.path.iterdir() if file.name.endswith(SUFFIX)]
        return sorted(found, key=lambda file: file.name)


def folders(cogs: Iterable[Cog[Any, Any]], catalog: Catalog) -> list[Folder]:
    """One folder for each package of cogs."""
    found: dict[str, tuple[Path, list[str]]] = {}
    for cog in cogs:
        path = beside(type(cog), "locale")
        if path is not None:
            found.setdefault(str(path), (path, []))[1].append(cog.name)
    return [Folder(path, tuple(names), _phrases(catalog, names)) for path, names in found.values()]


def _phrases(catalog: Catalog, cogs: Sequence[str]) -> dict[str, Phrase]:
    found: dict[str, Phrase] = {}
    for spec in catalog.commands:
        if spec.cog in cogs:
            for phrase in _of_command(spec):
                _add(found, phrase)
    for menu in catalog.menus:
        if menu.cog in cogs:
            _add(found, Phrase(menu.label, (f"In the menu of a {menu.target}",), MENU_MOST))
    return found


def _of_command(spec: CommandSpec) -> Iterable[Phrase]:
    command = f"/{spec.name}"
    yield Phrase(spec.about, (command,), ABOUT_MOST)
    for field in spec.fields:
        yield Phrase(field.told, (f"{command}, {field.name}",), ABOUT_MOST)
        for option in field.options:
            yield Phrase(option.label, (f"{command}, {field.name}, a choice",), CHOICE_MOST)


def _add(found: dict[str, Phrase], phrase: Phrase) -> None:
    known = found.setdefault(phrase.words, phrase)
    if known is not phrase:
        used_for = (*known.used_for, *phrase.used_for)
        found[phrase.words] = known._replace(used_for=used_for, most=min(known.most, phrase.most))


def use(cogs: Iterable[Cog[Any, Any]], catalog: Catalog) -> Translations:
    """All translations that can be used. What is wrong with the others is logged."""
    found, problems = read(cogs, catalog)
    for each in problems:
        log.error("translation_not_used", file=each.file, line=each.line, problem=each.problem)
    return found


def read(cogs: Iterable[Cog[Any, Any]], catalog: Catalog) -> tuple[Translations, list[Problem]]:
    """All translations that can be used, and what is wrong with the others."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    problems: list[Problem] = []
    for folder in folders(cogs, catalog):
        try:
            files = folder.files()
        except OSError as error:
            problems.append(Problem(str(folder.path), 1, f"can't be read: {error.strerror}."))
            continue
        for file in files:
            try:
                locale = locale_of(file)
                translated, mistakes = usable(folder, file)
            except BrokenCatalogue as broken:
                problems.append(broken.problem)
                continue
            problems += mistakes
            for cog in folder.cogs:
                for words, others in translated.items():
                    found.setdefault((cog, words), {})[locale] = others
    return found, problems


def usable(folder: Folder, file: Path) -> tuple[dict[str, str], list[Problem]]:
    """What a catalogue translates, and mistakes in it. Raises BrokenCatalogue.

    What is marked as fuzzy is a guess of a tool that nobody has looked at, so it is not used.
    """
    found: dict[str, str] = {}
    problems: list[Problem] = []
    for message in parse(file):
        phrase = folder.phrases.get(str(message.id))
        if phrase is None or message.fuzzy or not message.string:
            continue
        words = str(message.string)
        mistake = mistake_in(phrase, words)
        if mistake is None:
            found[phrase.words] = words
        else:
            problems.append(Problem(str(file), message.lineno or 1, mistake))
    return found, problems


def mistake_in(phrase: Phrase, words: str) -> str | None:
    """Why these words can't stand for the phrase, if they can't."""
    if not words.strip():
        return f"the translation of {phrase.words!r} is blank."
    if any(category(character) in _CONTROLS for character in words):
        return f"{words!r} has a line's end or another control character in it."
    if len(words) > phrase.most:
        return f"{words!r} has {len(words)} characters, and {phrase.most} fit."
    if sorted(_BRACES.findall(words)) != sorted(_BRACES.findall(phrase.words)):
        return f"{words!r} and {phrase.words!r} have different names in braces."
    return None


def locale_of(file: Path) -> str:
    """The language that a catalogue is named for. Raises BrokenCatalogue."""
    from babel import Locale, UnknownLocaleError

    name = file.name.removesuffix(SUFFIX).replace("-", "_")
    try:
        Locale.parse(name)
    except (UnknownLocaleError, ValueError) as error:
        problem = f"{file.name} names no known language; de.po and pt_BR.po do, for example."
        raise BrokenCatalogue(Problem(str(file), 1, problem)) from error
    return name


def parse(file: Path) -> Po:
    """A catalogue as it is. Raises BrokenCatalogue."""
    from babel.messages.pofile import PoFileError, read_po

    try:
        data = file.read_bytes()
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise BrokenCatalogue(Problem(str(file), 1, f"can't be read: {error.strerror}.")) from error
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BrokenCatalogue(Problem(str(file), line, "is not UTF-8; save it as such.")) from error
    lines = [line.strip() for line in text.split("\n")]
    for number, found in enumerate(lines, 1):
        if found and not _LINE.fullmatch(found):
            raise BrokenCatalogue(Problem(str(file), number, f"can't be understood: {found!r}."))
    if _PLURALS.search("".join(lines).replace('""', "")):
        # Babel makes room for as many as the header says
        raise BrokenCatalogue(Problem(str(file), 1, "can't be understood: no language has so many plurals."))
    try:
        return read_po(lines, abort_invalid=True)
    except PoFileError as error:
        message = str(error).removesuffix(f" on {error.lineno}")
        raise BrokenCatalogue(Problem(str(file), error.lineno + 1, f"{message}.")) from error
    except Exception as error:  # whatever a header may do to Babel, it is only this file's problem
        raise BrokenCatalogue(Problem(str(file), 1, f"can't be understood: {error}.")) from error


def updated(folder: Folder, locale: str, now: Po | None) -> Po:
    """A catalogue with the phrases that there are now. What was translated is kept, for similar words too."""
    from babel.messages.catalog import Catalog as Po

    template = Po(fuzzy=False)
    for phrase in folder.phrases.values():
        template.add(
            phrase.words, auto_comments=[f"{'; '.join(phrase.used_for)} (at most {phrase.most} characters)"]
        )
    if now is None:
        comment = "# What people read of commands and menus."
        now = Po(locale, project="Kith", version="commands", header_comment=comment, fuzzy=False)
        now.revision_date = now.creation_date
        now.msgid_bugs_address = now.last_translator = now.language_team = ""
    now.update(template, update_creation_date=False)
    return now


def written(catalogue: Po) -> bytes:
    """A catalogue as the content of its file."""
    from babel.messages.pofile import write_po

    file = BytesIO()
    write_po(file, catalogue, width=110)
    return file.getvalue()
