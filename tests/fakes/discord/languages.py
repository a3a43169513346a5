"""What commands are called and how they are described in the languages that people choose in Discord."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .errors import FormErrors

Json = dict[str, Any]
Path = tuple[str | int, ...]

KEYS = ("name", "description")
LOCALES = frozenset(
    {
        *("ar", "bg", "cs", "da", "de", "el", "en-GB", "en-US", "es-419", "es-ES", "fi", "fr", "he", "hi"),
        *("hr", "hu", "id", "it", "ja", "ko", "lt", "nl", "no", "pl", "pt-BR", "ro", "ru", "sv-SE", "th"),
        *("tr", "uk", "vi", "zh-CN", "zh-TW"),
    }
)
"""The languages that a person can choose."""
INSTEAD = {"en-US": "en-GB", "en-GB": "en-US", "es-419": "es-ES"}
"""What is shown where a text is missing in a language; English as it is where that is missing too."""


def shown(thing: Json, key: str, locale: str) -> str:
    """A command's, option's or choice's name or description as somebody with this language reads it."""
    texts = thing.get(f"{key}_localizations") or {}
    return str(texts.get(locale) or texts.get(INSTEAD.get(locale)) or thing.get(key) or "")


def check_languages(thing: Json, path: Path, errors: FormErrors) -> None:
    """Note languages that Discord does not have, and blank texts."""
    for key in KEYS:
        for locale, text in (thing.get(f"{key}_localizations") or {}).items():
            where = (*path, f"{key}_localizations", locale)
            if locale not in LOCALES:
                errors.add(where, "ENUM_TYPE_COERCE", f'Value "{locale}" is not a valid enum value.')
            if not text.strip():
                errors.missing(where)


def check_unique(
    things: Iterable[tuple[int, Json]], path: Path, errors: FormErrors, code: str, message: str
) -> None:
    """Note things beside each other that somebody would read under one name."""
    numbered = list(things)
    used = {locale for _, thing in numbered for locale in thing.get("name_localizations") or ()}
    used |= {locale for locale, instead in INSTEAD.items() if instead in used}
    for locale in ("", *sorted(used)):
        names: set[str] = set()
        for index, thing in numbered:
            name = shown(thing, "name", locale)
            if name in names:
                where = (*path, index, "name_localizations", locale) if locale else (*path, index, "name")
                errors.add(where, code, message)
            names.add(name)


def longest(thing: Json, key: str) -> int:
    """The length of a text in the language in which it is longest."""
    texts = [thing.get(key) or "", *(thing.get(f"{key}_localizations") or {}).values()]
    return max(len(text) for text in texts)


def without_languages(thing: Json) -> Json:
    """A command as it is told to those who do not ask for its languages."""
    made = {key: value for key, value in thing.items() if not key.endswith("_localizations")}
    for key in ("options", "choices"):
        if made.get(key):
            made[key] = [without_languages(inner) for inner in made[key]]
    return made
