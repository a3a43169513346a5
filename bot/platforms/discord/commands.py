"""The commands and menus that Discord offers, made from the catalog, and read back when they are used."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from bot.model.content import (
    Catalog,
    CommandSpec,
    Field,
    Kind,
    MenuSpec,
    MenuTarget,
    Option,
    Translations,
)
from bot.model.roles import Role
from bot.platforms.discord import locales
from bot.platforms.discord.ids import Json
from bot.platforms.discord.limits import DESCRIPTION, LIMITS, NAME
from bot.platforms.discord.permissions import ROLES
from bot.platforms.sizes import units

CHAT, USER, MESSAGE = 1, 2, 3
SUBCOMMAND, STRING, INTEGER, BOOLEAN, PERSON, CHANNEL, ROLE = 1, 3, 4, 5, 6, 7, 8
COMMANDS_MOST: Final = 100
MENUS_MOST: Final = 15
OPTIONS_MOST: Final = 25
_TEXT_MOST: Final = 6_000
_INTEGER_MOST: Final = 2**53
_TEXT_CHANNELS: Final = (0, 5)
_IN_SERVERS: Final = 0

_TYPES: Final[Mapping[Kind, int]] = {
    Kind.INTEGER: INTEGER,
    Kind.YES_NO: BOOLEAN,
    Kind.MEMBER: PERSON,
    Kind.CHANNEL: CHANNEL,
    Kind.ROLE: ROLE,
}
_COMPARED: Final = ("type", "name", "description", "default_member_permissions", "contexts", "options")
_LOCALIZED: Final = ("name_localizations", "description_localizations")
_SENT: Final = (
    *("id", "type", "name", "description", *_LOCALIZED, "handler"),
    *("default_member_permissions", "contexts", "integration_types"),
)
_ENGLISH_ALONE: Final[Translations] = MappingProxyType({})


class Tree:
    """Everything that is registered for one catalog, with these translations."""

    def __init__(self, catalog: Catalog, translations: Translations = _ENGLISH_ALONE) -> None:
        self._wording = locales.Wording(translations)
        self._fields: dict[tuple[str, ...], dict[str, Field]] = {}
        self._menus: dict[tuple[int, str], MenuSpec] = {}
        roots: dict[str, list[CommandSpec]] = {}
        for spec in catalog.commands:
            roots.setdefault(spec.path[0], []).append(spec)
        self.json: list[Json] = [
            self._root(name, specs) for name, specs in sorted(roots.items())[:COMMANDS_MOST]
        ]
        for kind, target in ((USER, MenuTarget.MEMBER), (MESSAGE, MenuTarget.MESSAGE)):
            menus = [spec for spec in catalog.menus if spec.target is target][:MENUS_MOST]
            self.json += _named([self._menu(kind, spec) for spec in menus], map(self._label, menus))

    def menu(self, kind: int, name: str) -> MenuSpec | None:
        return self._menus.get((kind, name))

    def field(self, path: Sequence[str], option: str) -> Field | None:
        """The field that an option of a command fills in."""
        return self._fields.get(tuple(path), {}).get(option)

    def choices(self, path: Sequence[str], option: str, typed: str) -> list[Option] | None:
        """Fixed choices that are too many to be registered; None where a cog completes."""
        field = self.field(path, option)
        if field is None or not field.options:
            return None
        wanted = typed.casefold()
        return [item for item in field.options if wanted in item.label.casefold()]

    def _root(self, name: str, specs: list[CommandSpec]) -> Json:
        first = specs[0]
        made: Json = {
            "type": CHAT,
            "name": _name(name),
            "default_member_permissions": _default(first.role),
            "contexts": [_IN_SERVERS],
            "integration_types": [0],
        }
        if len(first.path) == 1:
            made |= self._described(first.cog, first.about) | {"options": self._options(first)}
        else:
            summary = ", ".join(spec.path[1] for spec in specs)
            made |= {"description": _about(summary), "options": [*map(self._sub, specs[:OPTIONS_MOST])]}
        return made if locales.size(made) <= locales.COMMAND_MOST else locales.in_english(made)

    def _sub(self, spec: CommandSpec) -> Json:
        return {
            "type": SUBCOMMAND,
            "name": _name(spec.path[1]),
            **self._described(spec.cog, spec.about),
            "options": self._options(spec),
        }

    def _described(self, cog: str, words: str) -> Json:
        made: Json = {"description": _about(words)}
        translated = self._wording.of(cog, words, _about)
        return made | {"description_localizations": translated} if translated else made

    def _options(self, spec: CommandSpec) -> list[Json]:
        names: dict[str, Field] = {}
        for field in spec.fields[:OPTIONS_MOST]:
            name = _name(field.name)
            while name in names:
                name = f"{name[: NAME - 2]}_{len(names)}"
            names[name] = field
        self._fields[spec.path] = names
        return [self._option(spec.cog, name, field) for name, field in names.items()]

    def _option(self, cog: str, name: str, field: Field) -> Json:
        """Nothing is required: what is missing is asked for by a form."""
        kind = _TYPES.get(field.kind, STRING)
        made: Json = {"type": kind, "name": name, **self._described(cog, field.told), "required": False}
        if kind == CHANNEL:
            made["channel_types"] = list(_TEXT_CHANNELS)
        elif kind == INTEGER:
            made |= _bounds(field)
        elif kind == STRING:
            made |= self._string(cog, field)
        return made

    def _string(self, cog: str, field: Field) -> Json:
        if field.options and len(field.options) <= OPTIONS_MOST:
            options = _distinct(field.options)
            labels = (self._wording.of(cog, one.label, partial(_relabelled, one)) for one in options)
            return {"choices": _named([choice(one) for one in options], labels)}
        if field.completes or field.options:
            return {"autocomplete": True}
        if field.most is not None and field.kind in (Kind.TEXT, Kind.LONG_TEXT):
            return {"max_length": max(1, min(field.most, _TEXT_MOST))}
        return {}

    def _label(self, spec: MenuSpec) -> dict[str, str]:
        return self._wording.of(spec.cog, spec.label, _menu_name)

    def _menu(self, kind: int, spec: MenuSpec) -> Json:
        name = _menu_name(spec.label)
        self._menus[kind, name] = spec
        return {
            "type": kind,
            "name": name,
            "default_member_permissions": _default(spec.role),
            "contexts": [_IN_SERVERS],
            "integration_types": [0],
        }


def _default(role: Role) -> int | None:
    """Who is shown a command, until an admin says otherwise."""
    needed = ROLES.get(role)
    return None if needed is None else int(needed)


def _named(made: Sequence[Json], texts: Iterable[locales.Texts]) -> list[Json]:
    """Things that are beside each other, with their names in other languages."""
    translated = locales.distinct([(each["name"], words) for each, words in zip(made, texts, strict=True)])
    return [
        {**each, "name_localizations": words} if words else each
        for each, words in zip(made, translated, strict=True)
    ]


def _distinct(options: Sequence[Option]) -> list[Option]:
    """Discord refuses two choices with one name."""
    return list({cut(option.label.strip() or option.value, 100): option for option in options}.values())


def choice(option: Option) -> Json:
    """An option as a choice of a command, or as a completion."""
    label = option.label.strip() or option.value
    shown = f"{label}: {option.about}" if option.about else label
    return {"name": cut(shown, LIMITS.option_label), "value": cut(option.value, LIMITS.option_label)}


def _relabelled(option: Option, label: str) -> str:
    return str(choice(replace(option, label=label))["name"])


def _name(name: str) -> str:
    return cut(re.sub(r"[^-_\w]", "-", name.lower()), NAME, end="") or "x"


def _menu_name(label: str) -> str:
    return cut(label.strip(), NAME)


def _about(text: str) -> str:
    return cut(" ".join(text.split()), DESCRIPTION) or "…"


def _bounds(field: Field) -> Json:
    """What a number may be; nothing where no number fits, which the host tells whoever tries."""
    least = -_INTEGER_MOST if field.least is None else max(field.least, -_INTEGER_MOST)
    most = _INTEGER_MOST if field.most is None else min(field.most, _INTEGER_MOST)
    if least > most:
        return {}
    told = {} if field.least is None else {"min_value": least}
    return told if field.most is None else {**told, "max_value": most}


def cut(text: str, most: int, end: str = "…") -> str:
    """The text, or its beginning with an end mark, in so many UTF-16 units."""
    if units(text) <= most:
        return text
    while units(text) > most - len(end):
        text = text[:-1]
    return text + end


def wanted(catalog: Catalog) -> list[Json]:
    """What is to be registered, in all languages. Reads files."""
    return Tree(catalog, catalog.translations()).json


def replacing(registered: Sequence[Json], wanted: Sequence[Json]) -> list[Json] | None:
    """What to register in place of what is; None where what is wanted is there already.

    Kinds that are not ours stay: Discord refuses to lose the command that launches an activity.
    """
    ours = [command for command in registered if _kind(command) in (CHAT, USER, MESSAGE)]
    if _same(ours, wanted):
        return None
    return [*wanted, *(_as_sent(command) for command in registered if command not in ours)]


def _kind(command: Json) -> int:
    return int(command.get("type") or CHAT)


def _as_sent(command: Json) -> Json:
    """A command as Discord tells it, in the form in which it takes it."""
    made = {name: command[name] for name in _SENT if command.get(name) is not None}
    if (needed := made.get("default_member_permissions")) is not None:
        made["default_member_permissions"] = int(needed)
    return made


def _same(registered: Sequence[Json], wanted: Sequence[Json]) -> bool:
    def key(command: Json) -> tuple[int, str]:
        return _kind(command), str(command["name"])

    def canonical(commands: Sequence[Json]) -> list[Any]:
        return [_canonical(command) for command in sorted(commands, key=key)]

    return canonical(registered) == canonical(wanted)


def _canonical(command: Json) -> Json:
    made: Json = {name: command.get(name) for name in _COMPARED}
    needed = command.get("default_member_permissions")
    made["default_member_permissions"] = None if needed is None else int(needed)
    made["type"] = _kind(command)
    made["description"] = command.get("description") or ""
    made["options"] = [_canonical_option(option) for option in command.get("options") or ()]
    return made | _canonical_words(command)


def _canonical_option(option: Json) -> Json:
    kept = ("type", "name", "description", "channel_types", "min_value", "max_value", "max_length")
    made: Json = {name: option.get(name) for name in kept}
    made["required"] = bool(option.get("required"))
    made["autocomplete"] = bool(option.get("autocomplete"))
    made["choices"] = [
        (item["name"], item["value"], _canonical_words(item)) for item in option.get("choices") or ()
    ]
    made["options"] = [_canonical_option(inner) for inner in option.get("options") or ()]
    return made | _canonical_words(option)


def _canonical_words(thing: Json) -> Json:
    return {name: thing.get(name) or {} for name in _LOCALIZED}


def ids(registered: Sequence[Json]) -> dict[str, str]:
    """The ids of the slash commands by name, for mentions that can be clicked."""
    return {str(command["name"]): str(command["id"]) for command in registered if _kind(command) == CHAT}
