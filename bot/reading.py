"""From what people typed or picked to a handler's typed arguments, with a kind word for each mistake."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from bot.model.content import Field, Kind
from bot.model.events import Raw
from bot.model.ids import Channel, Member, PlatformRole
from bot.model.nearest import nearest
from bot.model.rules import Rule
from bot.model.text import Moment, TemplateError, clean, placeholders
from bot.spec import REQUIRED, Parameter

YES: Final = frozenset({"yes", "y", "true", "on", "1", "ja", "oui", "sí", "si"})
NO: Final = frozenset({"no", "n", "false", "off", "0", "nein", "non"})

_MENTION = re.compile(r"<@!?([^>|\s]+)(?:\|([^>]*))?>")
_CALLED = re.compile(r"<@!?([^>|\s]+)\|([^>]*)>")
_CHANNEL = re.compile(r"<#([^>|\s]+)(?:\|([^>]*))?>")
_ROLE = re.compile(r"<(?:@&|!subteam\^)([^>|\s]+)(?:\|[^>]*)?>")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"|“([^”]*)”')
_BETWEEN_TEXTS = re.compile(r"\n\s*\n|\n-{3,}\n")
TEXTS_MOST: Final = 25
NAME_SHOWN: Final = 60
_REFERENCES: Final[Mapping[Kind, re.Pattern[str]]] = {
    Kind.MEMBER: _MENTION,
    Kind.CHANNEL: _CHANNEL,
    Kind.ROLE: _ROLE,
}

_UNKNOWN_NAMES: Final[Mapping[Kind, re.Pattern[str]]] = {
    Kind.MEMBER: re.compile(r"@[^\s<>]+"),
    Kind.CHANNEL: re.compile(r"#[^\s<>]*[^\s<>\d][^\s<>]*"),
}
"""A name that nobody or nothing here goes by, as a platform leaves it in the text."""

_TEXTS: Final = frozenset({Kind.TEXT, Kind.LONG_TEXT})

V = TypeVar("V")


class Misread(ValueError):
    """A value that can't be used; the message tells the person what would work."""


class Place(NamedTuple):
    """Where and when something is read: names belong to a space, dates to a zone."""

    space: str
    zone: ZoneInfo
    now: int


class Read(NamedTuple):
    """What came of reading: arguments by name, and the fields that are missing or were misunderstood."""

    values: Mapping[str, Any]
    missing: tuple[str, ...] = ()
    problems: Mapping[str, str] = MappingProxyType({})

    @property
    def complete(self) -> bool:
        return not self.missing and not self.problems


def read(parameters: Sequence[Parameter], raw: Mapping[str, Raw], where: Place) -> Read:
    """Arguments from raw values by name. What was left out takes its default or counts as missing."""
    values: dict[str, Any] = {}
    missing: list[str] = []
    problems: dict[str, str] = {}
    for parameter in parameters:
        given = raw.get(parameter.name)
        if given is None or (isinstance(given, str) and not given.strip()) or given == ():
            if parameter.default is REQUIRED:
                missing.append(parameter.name)
            else:
                values[parameter.name] = parameter.default
            continue
        try:
            values[parameter.name] = coerce(parameter, given, where)
        except Misread as slip:
            problems[parameter.name] = str(slip)
    return Read(values, tuple(missing), problems)


def mentioned(parameters: Sequence[Parameter], raw: Mapping[str, Raw]) -> frozenset[str]:
    """The ids of the people whom somebody mentioned in the midst of their words."""
    texts = [raw.get(parameter.name) for parameter in parameters if parameter.field.kind in _TEXTS]
    return frozenset().union(*(mentioned_in(text) for text in texts if isinstance(text, str)))


def mentioned_in(words: str) -> frozenset[str]:
    """The ids of the people whom these words mention."""
    return frozenset(ident for ident, _ in _CALLED.findall(words))


def called(
    parameters: Sequence[Parameter], raw: Mapping[str, Raw], names: Mapping[str, str]
) -> dict[str, Raw]:
    """The raw values with people in the midst of words by these names, by id; else as the platform has it."""
    texts = {parameter.name for parameter in parameters if parameter.field.kind in _TEXTS}
    return {
        key: called_in(value, names) if key in texts and isinstance(value, str) else value
        for key, value in raw.items()
    }


def called_in(words: str, names: Mapping[str, str]) -> str:
    """The words with people by these names, by id, and with channels by theirs."""
    named = _CALLED.sub(lambda match: f"@{names.get(match[1]) or match[2] or 'someone'}", words)
    return _named(named)


def shown(field: Field, raw: Raw | None) -> Field:
    """The field with a raw value filled in, for a form that asks again.

    People and channels stand by their ids where they are asked for, and by their names among words.
    """
    if raw is None:
        return field
    if isinstance(raw, bool):
        return replace(field, value="yes" if raw else "no")
    if isinstance(raw, tuple):
        return replace(field, value=tuple(_as_text(item) for item in raw))
    if isinstance(raw, str) and field.kind is Kind.MEMBERS:
        return replace(field, value=tuple(match.group(1) for match in _MENTION.finditer(raw)) or None)
    if isinstance(raw, str) and field.kind in _REFERENCES:
        match = _REFERENCES[field.kind].search(raw)
        return replace(field, value=match.group(1) if match else None)
    return replace(field, value=_named(_as_text(raw)))


def _as_text(raw: Raw) -> str:
    return raw.id if isinstance(raw, Member | Channel | PlatformRole) else str(raw)


def coerce(parameter: Parameter, raw: Raw, where: Place) -> Any:
    """One raw value as the type that the handler takes. Raises Misread."""
    value = _READERS[parameter.field.kind](parameter.field, raw, where)
    if parameter.enum is not None:
        value = parameter.enum(value)
    if parameter.template is not None:
        for text in value if isinstance(value, tuple) else (value,):
            check_template(text, parameter.template)
    return value


def check_template(text: str, names: Sequence[str]) -> None:
    """Raises Misread for a placeholder that is not among ``names``, or a stray brace."""
    known = ", ".join("{" + name + "}" for name in names)
    try:
        used = placeholders(text)
    except TemplateError as slip:
        raise Misread(f"{slip} You can use {known}.") from None
    for name in used:
        if name not in names:
            close = nearest(name, names)
            hint = f" Did you mean {{{close}}}?" if close else ""
            raise Misread(f"There is no {{{name}}} to fill in.{hint} You can use {known}.")


def _text(field: Field, raw: Raw, where: Place) -> str:
    text = _named(clean(_as_text(raw)).strip())
    if field.kind is Kind.TEXT:
        text = " ".join(text.split())
    if field.most is not None and len(text) > field.most:
        raise Misread(f"That is {len(text):,} characters. Please keep it to {field.most:,}.")
    seen = sum(unicodedata.category(char) != "Cf" for char in text)
    if field.least is not None and seen < _least(field.least, text):
        raise Misread(f"A little more, please: at least {_least(field.least, text)} characters.")
    return text


def _named(text: str) -> str:
    """The text with people and channels by their names, where the platform gave them with it."""
    text = _MENTION.sub(lambda match: f"@{match.group(2)}" if match.group(2) else match.group(0), text)
    return _CHANNEL.sub(lambda match: f"#{match.group(2)}" if match.group(2) else match.group(0), text)


def _least(least: int, text: str) -> int:
    """Scripts without spaces say more in fewer characters, so they need fewer."""
    dense = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return max(1, least * 5 // 12) if dense * 2 > len(text) else least


def _integer(field: Field, raw: Raw, where: Place) -> int:
    try:
        number = int(str(raw).strip().lstrip("#"))
    except ValueError:
        raise Misread("A whole number, please, like 3.") from None
    if (field.least is not None and number < field.least) or (field.most is not None and number > field.most):
        raise Misread(f"A number {_range(field)}, please.")
    if abs(number) >= 2**63:
        raise Misread("That number is too large.")
    return number


def _range(field: Field) -> str:
    if field.least is not None and field.most is not None:
        return f"from {field.least} to {field.most}"
    return f"of at least {field.least}" if field.least is not None else f"of at most {field.most}"


def _yes_no(field: Field, raw: Raw, where: Place) -> bool:
    if isinstance(raw, bool):
        return raw
    word = str(raw).strip().casefold()
    if word in YES or word in NO:
        return word in YES
    raise Misread("Yes or no?")


def _date(field: Field, raw: Raw, where: Place) -> date:
    from bot.grammar.moment import parse_date

    return _spoken(parse_date, raw, where)


def _moment(field: Field, raw: Raw, where: Place) -> Moment:
    from bot.grammar.moment import parse_moment

    return Moment(_spoken(parse_moment, raw, where))


def _schedule(field: Field, raw: Raw, where: Place) -> Rule:
    from bot.grammar.schedule import parse

    return _spoken(parse, raw, where)


def _spoken(parse: Callable[[str, int, ZoneInfo], V], raw: Raw, where: Place) -> V:
    from bot.grammar.reading import ScheduleError

    try:
        return parse(str(raw), where.now, where.zone)
    except ScheduleError as slip:
        raise Misread(str(slip)) from None


def _zone(field: Field, raw: Raw, where: Place) -> ZoneInfo:
    wanted = str(raw).strip().replace(" ", "_")
    names = {name.casefold(): name for name in available_timezones()}
    cities = {name.rsplit("/", 1)[-1]: name for name in names}
    found = names.get(wanted.casefold()) or names.get(cities.get(wanted.casefold(), ""))
    if found is None:
        close = nearest(wanted.casefold(), [*names, *cities])
        hint = f" Did you mean {names.get(close) or names[cities[close]]}?" if close else ""
        raise Misread(f"That time zone isn't known.{hint} Write it like Europe/Berlin.")
    return ZoneInfo(found)


def _member(field: Field, raw: Raw, where: Place) -> Member:
    if isinstance(raw, Member):
        if raw.space != where.space:
            raise Misread("That person is not in this community.")
        return replace(raw, name=clean(raw.name))
    match = _MENTION.fullmatch(str(raw).strip())
    if match is None:
        raise Misread(_nobody(str(raw).strip()) or "Who? Write @ and their name.")
    return Member(where.space, match.group(1), clean(match.group(2) or ""))


def _members(field: Field, raw: Raw, where: Place) -> tuple[Member, ...]:
    if isinstance(raw, tuple):
        found = [_member(field, item, where) for item in raw]
    elif isinstance(raw, Member):
        found = [_member(field, raw, where)]
    else:
        text = str(raw)
        found = [
            Member(where.space, match.group(1), clean(match.group(2) or ""))
            for match in _MENTION.finditer(text)
        ]
        rest = _MENTION.sub("", text).replace(",", " ").replace(" and ", " ").strip()
        if rest or not found:
            raise Misread("Who? Write @ and a name for each.")
    different = tuple(dict.fromkeys(found))
    if field.most is not None and len(different) > field.most:
        raise Misread(f"Please name at most {field.most} people.")
    if field.least is not None and len(different) < field.least:
        raise Misread(f"Please name at least {field.least} people.")
    return different


def _channel(field: Field, raw: Raw, where: Place) -> Channel:
    if isinstance(raw, Channel):
        if raw.space != where.space:
            raise Misread("That channel is not in this community.")
        return raw
    match = _CHANNEL.fullmatch(str(raw).strip())
    if match is None:
        raise Misread(_no_channel(str(raw).strip()) or "Which channel? Write # and its name.")
    return Channel(where.space, match.group(1), clean(match.group(2) or ""))


def _nobody(name: str) -> str:
    return f"I don't know anybody called {clean(name)[:NAME_SHOWN]} here." if name.startswith("@") else ""


def _no_channel(name: str) -> str:
    return f"I don't know a channel called {clean(name)[:NAME_SHOWN]} here." if name.startswith("#") else ""


def _role(field: Field, raw: Raw, where: Place) -> PlatformRole:
    if isinstance(raw, PlatformRole):
        if raw.space != where.space:
            raise Misread("That role is not in this community.")
        return raw
    match = _ROLE.fullmatch(str(raw).strip())
    if match is None:
        raise Misread("Which role? Pick one from the list.")
    return PlatformRole(where.space, match.group(1))


def _choice(field: Field, raw: Raw, where: Place) -> str:
    wanted = str(raw).strip().casefold()
    for option in field.options:
        if wanted in (option.value.casefold(), option.label.casefold()):
            return option.value
    names = [option.label for option in field.options]
    close = nearest(wanted, names)
    raise Misread((f"Did you mean {close}? " if close else "") + f"Choose one of: {', '.join(names)}.")


def _ref(field: Field, raw: Raw, where: Place) -> int:
    text = str(raw).strip().lstrip("#")
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise Misread("Pick one from the list, or give its number.")
    return int(text)


def _texts(field: Field, raw: Raw, where: Place) -> tuple[str, ...]:
    if isinstance(raw, tuple):
        found = [_BETWEEN_TEXTS.sub("\n", clean(_as_text(item)).strip()) for item in raw]
    else:
        found = [part.strip() for part in _BETWEEN_TEXTS.split(clean(_as_text(raw)))]
    kept = tuple(text for text in found if text)
    if len(kept) > TEXTS_MOST:
        raise Misread(f"Those are {len(kept)} texts. {TEXTS_MOST} are plenty.")
    longest = max((len(text) for text in kept), default=0)
    if field.most is not None and longest > field.most:
        raise Misread(f"One of them is {longest:,} characters. Please keep each to {field.most:,}.")
    return kept


_READERS: Final[Mapping[Kind, Callable[[Field, Raw, Place], Any]]] = {
    Kind.TEXT: _text,
    Kind.LONG_TEXT: _text,
    Kind.INTEGER: _integer,
    Kind.YES_NO: _yes_no,
    Kind.DATE: _date,
    Kind.MOMENT: _moment,
    Kind.SCHEDULE: _schedule,
    Kind.ZONE: _zone,
    Kind.MEMBER: _member,
    Kind.MEMBERS: _members,
    Kind.CHANNEL: _channel,
    Kind.ROLE: _role,
    Kind.CHOICE: _choice,
    Kind.REF: _ref,
    Kind.TEXTS: _texts,
}


def split(fields: Sequence[Field], text: str) -> tuple[dict[str, Raw], str]:
    """A typed command line as raw values by field, and the words that found no place.

    Values stand by position and type, or as ``name: value``. The last text that is needed takes the rest of
    the line, a text that may be left out only stands by its name. Words in double quotes stay together.
    """
    head, keyed = _keyed(fields, text.strip())
    values: dict[str, Raw] = dict(keyed)
    open_fields = [item for item in fields if item.name not in values]
    rest = head
    words = [item for item in open_fields if item.kind in _WORDS]
    last_words = next((item for item in reversed(words) if item.required), words[-1] if words else None)
    for wanted in open_fields:
        if wanted in words and wanted is not last_words and not wanted.required:
            continue
        found, rest = _take(wanted, rest, takes_rest=wanted is last_words)
        if found is not None:
            values[wanted.name] = found
    return values, rest.strip()


_WORDS: Final = frozenset({Kind.TEXT, Kind.LONG_TEXT, Kind.SCHEDULE, Kind.MOMENT, Kind.DATE, Kind.TEXTS})


def _keyed(fields: Sequence[Field], text: str) -> tuple[str, dict[str, str]]:
    """The line up to its first ``name:``, and the value behind each name."""
    names = {item.name: item.name for item in fields} | {
        item.name.replace("_", "-"): item.name for item in fields
    }
    if not names:
        return text, {}
    pattern = re.compile(
        r"(?<!\S)(" + "|".join(re.escape(name) for name in names) + r"):(?=\s|\S)", re.IGNORECASE
    )
    quoted = [match.span() for match in _QUOTED.finditer(text)]
    marks: list[re.Match[str]] = []
    seen: set[str] = set()
    for match in pattern.finditer(text):
        name = names[match.group(1).lower()]
        if name not in seen and not any(start <= match.start() < end for start, end in quoted):
            seen.add(name)
            marks.append(match)
    values: dict[str, str] = {}
    for index, mark in enumerate(marks):
        end = marks[index + 1].start() if index + 1 < len(marks) else len(text)
        values[names[mark.group(1).lower()]] = _unquoted(text[mark.end() : end])
    return (text[: marks[0].start()] if marks else text), values


def _unquoted(text: str) -> str:
    text = text.strip()
    match = _QUOTED.fullmatch(text)
    if match is None:
        return text
    return re.sub(r"\\(.)", r"\1", match.group(1)) if match.group(1) is not None else match.group(2)


def _take(field: Field, rest: str, *, takes_rest: bool) -> tuple[str | None, str]:
    rest = rest.lstrip()
    if not rest:
        return None, rest
    if field.kind in _REFERENCES:
        match = _REFERENCES[field.kind].search(rest)
        if match is None and field.kind in _UNKNOWN_NAMES:
            match = _UNKNOWN_NAMES[field.kind].match(rest)
        if match is None:
            return None, rest
        return match.group(0), rest[: match.start()] + rest[match.end() :]
    if field.kind is Kind.MEMBERS:
        match = re.match(r"(?:<@!?[^>\s]+(?:\|[^>]*)?>[\s,]*(?:and\s+)?)+", rest) or _MENTION.search(rest)
        if match is None:
            return None, rest
        return match.group(0), rest[: match.start()] + rest[match.end() :]
    if takes_rest:
        return _unquoted(rest), ""
    quoted = _QUOTED.match(rest)
    word = quoted.group(0) if quoted else rest.split(maxsplit=1)[0]
    if field.kind in (Kind.INTEGER, Kind.REF) and not re.fullmatch(r"#?-?\d+", word):
        return None, rest
    if field.kind is Kind.CHOICE:
        known = {option.value.casefold() for option in field.options}
        known |= {option.label.casefold() for option in field.options}
        if word.casefold() not in known and not field.required:
            return None, rest
    if field.kind is Kind.YES_NO and word.casefold() not in YES | NO and not field.required:
        return None, rest
    return _unquoted(word), rest[len(word) :]
