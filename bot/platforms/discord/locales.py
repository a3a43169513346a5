"""Words of commands in the languages that Discord shows: under its codes, within its limits, never alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from bot.model.content import Translations
from bot.platforms.discord.ids import Json
from bot.platforms.sizes import units

LOCALES: Final = frozenset(
    (
        *(
            "ar",
            "bg",
            "cs",
            "da",
            "de",
            "el",
            "en-GB",
            "en-US",
            "es-419",
            "es-ES",
            "fi",
            "fr",
            "he",
            "hi",
            "hr",
        ),
        *(
            "hu",
            "id",
            "it",
            "ja",
            "ko",
            "lt",
            "nl",
            "no",
            "pl",
            "pt-BR",
            "ro",
            "ru",
            "sv-SE",
            "th",
            "tr",
            "uk",
        ),
        *("vi", "zh-CN", "zh-TW"),
    )
)
"""The languages that a person can choose in Discord."""
ENGLISH: Final = "en-US"
_KNOWN_AS: Final[Mapping[str, str]] = {
    "es": "es-ES",
    "nb": "no",
    "pt": "pt-BR",
    "sv": "sv-SE",
    "zh": "zh-CN",
    "zh-Hans": "zh-CN",
    "zh-Hant": "zh-TW",
}
_INSTEAD: Final[Mapping[str, str]] = {"en-US": "en-GB", "en-GB": "en-US", "es-419": "es-ES"}
"""What Discord shows where words are missing in a language."""
COMMAND_MOST: Final = 8_000
"""Characters of a command with all that it contains, of each text its longest language."""

Texts = Mapping[str, str]
"""One text in some of Discord's languages."""


def code(locale: str) -> str | None:
    """Discord's code for one of gettext's names of languages; None where Discord does not have it."""
    written = locale.replace("_", "-")
    return written if written in LOCALES else _KNOWN_AS.get(written)


class Wording:
    """Looks words up."""

    def __init__(self, translations: Translations) -> None:
        self._translations = translations

    def of(self, cog: str, words: str, fit: Callable[[str], str]) -> dict[str, str]:
        """These words in each language that there is, made to fit."""
        found: dict[str, str] = {}
        for locale, translated in self._translations.get((cog, words), {}).items():
            known = code(locale)
            if known is not None and (known not in found or known == locale.replace("_", "-")):
                found[known] = fit(translated)
        if "en-GB" in found:
            found.setdefault(ENGLISH, fit(words))
        return dict(sorted(found.items()))


def shown(default: str, texts: Texts, locale: str) -> str:
    """What somebody reads who chose this language."""
    return texts.get(locale) or texts.get(_INSTEAD.get(locale, ""), default)


def distinct(named: Sequence[tuple[str, Texts]]) -> list[Texts]:
    """The names of things beside each other; in a language where some would read alike, those stay English.

    Discord refuses all commands where two have one name.
    """
    made = [dict(texts) for _, texts in named]
    defaults = [default for default, _ in named]
    while True:
        alike = [
            (texts, locale)
            for locale in sorted({locale for texts in made for locale in (*texts, *_followers(texts))})
            for texts in _alike(defaults, made, locale)
        ]
        if not alike:
            return list(made)
        for texts, locale in alike:
            if texts.pop(locale, None) is None:
                texts.pop(_INSTEAD.get(locale, ""), None)


def _followers(texts: Texts) -> list[str]:
    return [locale for locale, instead in _INSTEAD.items() if instead in texts]


def _alike(defaults: Sequence[str], made: Sequence[dict[str, str]], locale: str) -> list[dict[str, str]]:
    """The translated ones of those that read alike."""
    names = [shown(default, texts, locale) for default, texts in zip(defaults, made, strict=True)]
    count = Counter(names)
    return [
        texts
        for default, texts, name in zip(defaults, made, names, strict=True)
        if count[name] > 1 and name != default
    ]


def size(command: Json) -> int:
    """The characters that Discord counts."""
    total = (
        _longest(command, "name") + _longest(command, "description") + units(str(command.get("value", "")))
    )
    inner = (*command.get("options", ()), *command.get("choices", ()))
    return total + sum(size(each) for each in inner)


def _longest(command: Json, key: str) -> int:
    texts = (command.get(key) or "", *command.get(f"{key}_localizations", {}).values())
    return max(units(text) for text in texts)


def in_english(command: Json) -> Json:
    """A command without its translations."""
    made = {key: value for key, value in command.items() if not key.endswith("_localizations")}
    for key in ("options", "choices"):
        if key in made:
            made[key] = [in_english(each) for each in made[key]]
    return made
