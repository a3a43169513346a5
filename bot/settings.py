"""Settings: one typed description a cog, used for TOML defaults, for each space's values, and for forms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import structlog

from bot import codec, grammar, spec
from bot.model.content import Field, Kind
from bot.model.events import Raw
from bot.model.ids import Channel, Member, PlatformRole
from bot.model.nearest import nearest
from bot.model.rules import Rule
from bot.model.text import Moment
from bot.reading import Misread, Place, coerce
from bot.spec import Parameter
from storage.port import Row

_FIXED_NOW: Final = 1_767_571_200_000
"""Schedules written in the configuration are counted from here (Monday 2026-01-05), start after start."""
_REFERENCES: Final = MappingProxyType({Kind.CHANNEL: "<#{}>", Kind.MEMBER: "<@{}>", Kind.ROLE: "<@&{}>"})

_TYPES: Final[Mapping[Kind, type[Any]]] = MappingProxyType(
    {
        Kind.TEXT: str,
        Kind.LONG_TEXT: str,
        Kind.CHOICE: str,
        Kind.INTEGER: int,
        Kind.REF: int,
        Kind.YES_NO: bool,
        Kind.DATE: date,
        Kind.MOMENT: Moment,
        Kind.SCHEDULE: Rule,
        Kind.ZONE: ZoneInfo,
        Kind.MEMBER: Member,
        Kind.MEMBERS: tuple,
        Kind.CHANNEL: Channel,
        Kind.ROLE: PlatformRole,
        Kind.TEXTS: tuple,
    }
)

log = structlog.get_logger(__name__)


class Wrong(NamedTuple):
    """A default in the configuration that can't be used: where it stands and what would work."""

    section: str
    name: str
    problem: str


class Origin(NamedTuple):
    """Who set a value of a space, and when (UTC ms)."""

    by: str
    at: int


@dataclass(frozen=True, slots=True)
class SpaceSettings:
    """All settings of one space as typed values, by section."""

    sections: Mapping[str, Any]
    origins: Mapping[tuple[str, str], Origin]

    def __getitem__(self, section: str) -> Any:
        return self.sections[section]


class Sections:
    """The settings of the host and of every cog, with the defaults that the configuration gives."""

    def __init__(
        self, types: Mapping[str, type[Any]], defaults: Mapping[str, Mapping[str, Any]], zone: ZoneInfo
    ) -> None:
        self._types = dict(types)
        self._parameters = {name: spec.of_dataclass(cls) for name, cls in types.items()}
        self._defaults = {name: dict(defaults.get(name, {})) for name in types}
        self._zone = zone
        self._cache: dict[tuple[str, tuple[tuple[str, str, str], ...]], Mapping[str, Any]] = {}

    @property
    def names(self) -> Sequence[str]:
        return [name for name, parameters in self._parameters.items() if parameters]

    def parameters(self, section: str) -> tuple[Parameter, ...]:
        return self._parameters[section]

    def wrong(self) -> list[Wrong]:
        """Every default in the configuration that can't be used."""
        found = []
        for section, values in self._defaults.items():
            known = {item.name: item for item in self._parameters[section]}
            for name, raw in values.items():
                if name not in known:
                    close = nearest(name, known)
                    hint = f" Did you mean {close!r}?" if close else ""
                    found.append(Wrong(section, name, f"{section} has no setting {name!r}.{hint}"))
                    continue
                try:
                    self._configured(known[name], raw, "config:check")
                except Misread as slip:
                    found.append(Wrong(section, name, str(slip)))
        return found

    def load(self, space: str, rows: Sequence[Row]) -> SpaceSettings:
        """The values of a space: its own over the configuration's over the cog's."""
        stored = tuple(sorted((row["section"], row["name"], row["value"]) for row in rows))
        sections = self._cache.get((space, stored))
        if sections is None:
            if len(self._cache) > 2_000:
                self._cache.clear()
            sections = self._cache[(space, stored)] = self._build(space, stored)
        return SpaceSettings(
            sections,
            {(row["section"], row["name"]): Origin(row["set_by"], row["set_at"]) for row in rows},
        )

    def _build(self, space: str, stored: tuple[tuple[str, str, str], ...]) -> Mapping[str, Any]:
        values: dict[str, dict[str, Any]] = {name: {} for name in self._types}
        for section, known in self._parameters.items():
            for item in known:
                if item.name in self._defaults[section]:
                    values[section][item.name] = self._configured(
                        item, self._defaults[section][item.name], space
                    )
        for section, name, value in stored:
            item_ = next((item for item in self._parameters.get(section, ()) if item.name == name), None)
            if item_ is None:
                continue
            try:
                values[section][name] = _typed(item_, value)
            except (ValueError, TypeError, KeyError, LookupError) as error:
                # an update may have changed what the setting is; its default is better than silence
                log.warning("setting_unreadable", section=section, setting=name, error=str(error))
        return {name: cls(**values[name]) for name, cls in self._types.items()}

    def default(self, section: str, item: Parameter, space: str) -> Any:
        """What a setting is where a space has not set it."""
        if item.name in self._defaults[section]:
            return self._configured(item, self._defaults[section][item.name], space)
        return item.default

    def _configured(self, item: Parameter, raw: Any, space: str) -> Any:
        if isinstance(raw, list):
            raw = tuple(raw)
        if isinstance(raw, str) and item.field.kind in _REFERENCES:
            raw = _REFERENCES[item.field.kind].format(raw)
        if not isinstance(raw, str | int | tuple) or (
            isinstance(raw, bool) != (item.field.kind is Kind.YES_NO) and not isinstance(raw, str)
        ):
            raise Misread(f"{raw!r} is not of the right type here.")
        return coerce(item, raw, Place(space, self._zone, _FIXED_NOW))


def _typed(item: Parameter, stored: str) -> Any:
    """The value that a setting's row holds. Raises ValueError or TypeError where it is none of its kind."""
    value = codec.loads(stored)
    if value is None and item.default is None:
        return None
    if item.enum is not None:
        return item.enum(value)
    wanted = _TYPES[item.field.kind]
    if not isinstance(value, wanted) or (isinstance(value, bool) and item.field.kind is not Kind.YES_NO):
        raise TypeError(f"{type(value).__name__} where {item.field.kind} is wanted")
    return value


def stored(value: Any) -> str:
    """A typed value as a setting's row holds it."""
    return codec.dumps(value.value if isinstance(value, StrEnum) else value)


def filled(item: Parameter, value: Any) -> Field:
    """The field with a typed value in it, as people would write it."""
    return replace(item.field, required=False, value=spoken(value))


def spoken(value: Any) -> str | tuple[str, ...] | None:
    """A typed value as text for a field: a schedule in words, people and channels by id."""
    match value:
        case None:
            return None
        case bool():
            return "yes" if value else "no"
        case tuple():
            return tuple(str(spoken(item)) for item in value)
        case Channel() | Member() | PlatformRole():
            return value.id
        case Rule():
            return grammar.describe(value)
        case ZoneInfo():
            return value.key
        case date():
            return value.isoformat()
        case Moment():
            return str(value.ms)
        case _:
            return str(value)


def changed(item: Parameter, raw: Raw | None, before: Any, default: Any, place: Place) -> Any:
    """The new typed value of a setting from a form. Left empty, it is none if it may be, else its default.

    Raises Misread.
    """
    if raw is None or raw == () or (isinstance(raw, str) and not raw.strip()):
        return None if item.default is None else default
    if isinstance(raw, str) and raw == spoken(before):
        return before
    return coerce(item, raw, place)
