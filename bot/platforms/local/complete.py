"""What could be typed next: commands, people, channels, options and their values, with a hint."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from bot.model.content import CommandSpec, Field, Kind
from bot.model.events import Completion
from bot.platforms.local import command_line
from bot.platforms.local.adapter import LocalPlatform
from bot.platforms.local.names import fold
from bot.platforms.local.state import Json
from bot.platforms.sizes import units

_MOST = 25
_MENTION = re.compile(r"(?<![\w<])([@#])([^@#<>]*)$")
_KEYED = re.compile(r"(?<!\S)([a-z_-]+):\s*(\S*)$", re.IGNORECASE)
_REFERENCE = {Kind.MEMBER: "@", Kind.MEMBERS: "@", Kind.CHANNEL: "#"}


@dataclass(frozen=True, slots=True)
class _Typing:
    """Where somebody is in a command line: its spec, the field being typed, what of it stands there."""

    spec: CommandSpec
    field: Field | None
    typed: str


async def complete(platform: LocalPlatform, seat: str, text: str, cursor: int | None = None) -> Json:
    """Suggestions for a composer's text. ``cursor`` counts UTF-16 units."""
    platform.room.acting(seat)
    before = text if cursor is None else _cut(text, cursor)
    line = before.lstrip()
    specs = platform.commands_for(seat)
    typing = _typing(specs, line) if line.startswith("/") else None
    hint = None if typing is None else _hint(typing)
    mention = _MENTION.search(before)
    if mention is not None:
        found = _names(platform, mention.group(1), mention.group(2))
        if found:
            return _answer(before, mention.start(), found, hint)
    if typing is not None:
        return _answer(before, len(before) - len(typing.typed), await _values(platform, seat, typing), hint)
    if line.startswith("/"):
        return _answer(before, len(before) - len(line), _commands(specs, line), None)
    return _answer(before, len(before), [], None)


def _cut(text: str, cursor: int) -> str:
    encoded = text.encode("utf-16-le", "surrogatepass")[: max(0, cursor) * 2]
    return encoded.decode("utf-16-le", "ignore")


def _answer(before: str, start: int, suggestions: list[Json], hint: Json | None) -> Json:
    return {
        "replace": [units(before[:start]), units(before)],
        "suggestions": suggestions[:_MOST],
        "hint": hint,
    }


def _suggestion(kind: str, label: str, insert: str, about: str = "") -> Json:
    return {"kind": kind, "label": label, "insert": insert, "about": about}


def _commands(specs: Iterable[CommandSpec], line: str) -> list[Json]:
    wanted = " ".join(line[1:].casefold().split())
    names = [(spec.name, spec) for spec in specs]
    starting = [(name, spec) for name, spec in names if name.startswith(wanted)]
    inside = [(name, spec) for name, spec in names if wanted in name and not name.startswith(wanted)]
    return [_suggestion("command", f"/{name}", f"/{name} ", spec.about) for name, spec in starting + inside]


def _names(platform: LocalPlatform, sign: str, typed: str) -> list[Json]:
    """People or channels whose name, or a word of it, begins as typed."""
    wanted = fold(typed)
    room = platform.room
    if sign == "#":
        return [
            _suggestion("channel", f"#{place.name}", f"#{place.name} ", place.about)
            for place in room.channels
            if _begins(place.name, wanted)
        ]
    return [
        _suggestion(
            "member", person.name, f"@{person.name} ", "bot" if person.bot else ", ".join(person.roles)
        )
        for person in sorted(room.present, key=lambda person: fold(person.name))
        if _begins(person.name, wanted)
    ]


def _begins(name: str, wanted: str) -> bool:
    folded = fold(name)
    return folded.startswith(wanted) or any(word.startswith(wanted) for word in folded.split())


def _typing(specs: Iterable[CommandSpec], line: str) -> _Typing | None:
    """None while the command's name is still being typed."""
    begun = command_line.find(specs, line)
    if begun is None or not (begun[1] or line[-1].isspace()):
        return None
    return _in_options(*begun)


def _in_options(spec: CommandSpec, rest: str) -> _Typing:
    keyed = _KEYED.search(rest)
    if keyed is not None:
        name = keyed.group(1).casefold().replace("-", "_")
        field = next((one for one in spec.fields if one.name == name), None)
        if field is not None:
            return _Typing(spec, field, keyed.group(2))
    used = {name.casefold().replace("-", "_") for name in re.findall(r"(?<!\S)([A-Za-z_-]+):", rest)}
    open_fields = [one for one in spec.fields if one.name not in used]
    words = rest.split()
    current = words.pop() if words and not rest[-1:].isspace() else ""
    for field in open_fields:
        if not words or field is open_fields[-1]:
            return _Typing(spec, field, current)
        words = _after(field, words)
    return _Typing(spec, None, current)


def _after(field: Field, words: list[str]) -> list[str]:
    """The words that are left once a field has taken its own."""
    sign = _REFERENCE.get(field.kind)
    if sign is None:
        return words[1:]
    taken = 0
    while taken < len(words) and (words[taken].startswith(sign) or (taken and field.kind is Kind.MEMBERS)):
        taken += 1
    return words[max(taken, 1) :] if taken else words


def _hint(typing: _Typing) -> Json:
    spec = typing.spec
    return {
        "path": list(spec.path),
        "usage": usage(spec),
        "about": spec.about,
        "current": None if typing.field is None else typing.field.name,
        "fields": [
            {
                "name": one.name,
                "label": one.label,
                "about": one.about,
                "required": one.required,
                "kind": one.kind.value,
            }
            for one in spec.fields
        ],
    }


def usage(spec: CommandSpec) -> str:
    """A command as it is typed; what may be left out stands in brackets."""
    names = (one.name if one.required else f"[{one.name}]" for one in spec.fields)
    return " ".join((f"/{spec.name}", *names))


async def _values(platform: LocalPlatform, seat: str, typing: _Typing) -> list[Json]:
    field, typed = typing.field, typing.typed
    if field is None:
        return []
    wanted = fold(typed.lstrip("@#"))
    found: list[Json] = []
    if field.kind in _REFERENCE:
        found = _names(platform, _REFERENCE[field.kind], wanted)
    elif field.kind is Kind.YES_NO:
        found = [_suggestion("value", word, f"{word} ") for word in ("yes", "no") if word.startswith(wanted)]
    elif field.options:
        found = [
            _suggestion("value", one.label, f"{_quoted(one.value)} ", one.about)
            for one in field.options
            if wanted in fold(one.label) or wanted in fold(one.value)
        ]
    elif field.completes and platform.sink is not None:
        asked = Completion(
            space=platform.space,
            actor=platform.translator.actor(seat),
            path=typing.spec.path,
            option=field.name,
            typed=typed,
        )
        options = await platform.sink.complete(asked)
        found = [_suggestion("value", one.label, f"{_quoted(one.value)} ", one.about) for one in options]
    if typed:
        found += [
            _suggestion("option", f"{one.name}:", f"{one.name}: ", one.told)
            for one in typing.spec.fields
            if one.name.startswith(typed.casefold())
        ]
    return found


def _quoted(value: str) -> str:
    return f'"{value}"' if " " in value else value
