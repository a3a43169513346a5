"""From a handler's typed signature and docstring to the fields that every platform asks for.

One description serves as a command's options, a form's fields, a settings page, help and docs.
"""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import date
from enum import Enum, StrEnum
from typing import Annotated, Any, Final, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo

from bot.model.content import Field, Kind, Option
from bot.model.ids import Channel, Member, PlatformRole
from bot.model.rules import Rule
from bot.model.text import Moment

TEXT_MOST: Final = 200
LONG_TEXT_MOST: Final = 2_000
LABEL_MOST: Final = 45
"""Discord's limit for a label in a form, the strictest of the platforms."""
ABOUT_MOST: Final = 100
"""Discord's limit for the line that tells of a command or an option."""
OPTIONS_MOST: Final = 25
"""Discord's limit of options in a command, and of choices in an option."""


class SpecError(TypeError):
    """A handler's signature can't be a command or a form; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Text:
    """How long a text may be, in characters, and whether it is asked for in a large box."""

    least: int = 0
    most: int = TEXT_MOST
    long: bool = False


@dataclass(frozen=True, slots=True)
class Between:
    """The bounds of a number, or of how many are chosen; both included."""

    least: int | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Ref:
    """Completed by the cog's method of that name. An ``int`` is an id of one of the cog's own things."""

    completer: str


@dataclass(frozen=True, slots=True)
class Label:
    """What a field is called, and a line about it, where the name and the docstring do not say it well."""

    label: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class TemplateOf:
    """A text that is a template with these names in braces, checked when it is saved."""

    names: tuple[str, ...]

    def __init__(self, *names: str) -> None:
        object.__setattr__(self, "names", names)


class Required(Enum):
    """Stands for "no default" in a Parameter."""

    REQUIRED = "required"


REQUIRED: Final = Required.REQUIRED

LongText = Annotated[str, Text(most=LONG_TEXT_MOST, long=True)]


class Parameter(NamedTuple):
    """One thing a handler takes: how it is asked for, what it is when left out, how it is read."""

    field: Field
    default: Any = REQUIRED
    enum: type[StrEnum] | None = None
    completer: str | None = None
    template: tuple[str, ...] | None = None

    @property
    def name(self) -> str:
        return self.field.name


_KINDS: Final[Mapping[Any, Kind]] = types.MappingProxyType(
    {
        str: Kind.TEXT,
        int: Kind.INTEGER,
        bool: Kind.YES_NO,
        date: Kind.DATE,
        Moment: Kind.MOMENT,
        Rule: Kind.SCHEDULE,
        ZoneInfo: Kind.ZONE,
        Member: Kind.MEMBER,
        Channel: Kind.CHANNEL,
        PlatformRole: Kind.ROLE,
    }
)


def describe(docstring: str | None) -> tuple[str, str, dict[str, str]]:
    """A docstring's first line, the rest of its words, and its ``name: meaning`` lines."""
    text = inspect.cleandoc(docstring or "")
    first, _, rest = text.partition("\n")
    abouts: dict[str, str] = {}
    prose: list[str] = []
    for line in rest.strip().splitlines():
        match = re.fullmatch(r"([a-z_]+): (\S.*)", line)
        if match:
            abouts[match.group(1)] = match.group(2)
        else:
            prose.append(line)
    return first.strip(), "\n".join(prose).strip(), abouts


def of_function(function: Callable[..., Any], *, skip: int) -> tuple[Parameter, ...]:
    """The parameters of a handler, without its first ``skip`` (``self``, ``ctx``, an event).

    Raises SpecError for a type that is not on the closed list.
    """
    hints = get_type_hints(function, include_extras=True)
    _, _, abouts = describe(function.__doc__)
    found = []
    for position, item in enumerate(inspect.signature(function).parameters.values()):
        if position < skip:
            continue
        if item.kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD):
            raise SpecError(f"{function.__qualname__}: *{item.name} can't be asked for. Name each thing.")
        if item.name not in hints:
            raise SpecError(f"{function.__qualname__}: {item.name} needs a type.")
        default = REQUIRED if item.default is inspect.Parameter.empty else item.default
        found.append(
            _parameter(function.__qualname__, item.name, hints[item.name], default, abouts.get(item.name, ""))
        )
    return tuple(found)


def of_dataclass(cls: type[Any]) -> tuple[Parameter, ...]:
    """The settings of a frozen dataclass, each with its default."""
    if not is_dataclass(cls):
        raise SpecError(f"{cls.__qualname__} must be a frozen dataclass.")
    hints = get_type_hints(cls, include_extras=True)
    _, _, abouts = describe(cls.__doc__)
    found = []
    for item in fields(cls):
        if item.default is MISSING and item.default_factory is MISSING:
            raise SpecError(f"{cls.__qualname__}.{item.name} needs a default.")
        default = item.default_factory() if item.default_factory is not MISSING else item.default
        found.append(
            _parameter(cls.__qualname__, item.name, hints[item.name], default, abouts.get(item.name, ""))
        )
    return tuple(found)


def _parameter(owner: str, name: str, hint: Any, default: Any, about: str) -> Parameter:
    inner, extras, optional = _unwrap(hint)
    kind, options, enum = _kind(owner, name, inner)
    least: int | None = None
    most = TEXT_MOST if kind is Kind.TEXT else None
    label = name.replace("_", " ").capitalize()
    completer: str | None = None
    template: tuple[str, ...] | None = None
    for extra in extras:
        match extra:
            case Text(least=low, most=high, long=is_long):
                least, most = low or None, high
                if is_long and kind is Kind.TEXT:
                    kind = Kind.LONG_TEXT
            case Between(least=low_, most=high_):
                least, most = low_, high_
            case Ref(completer=completes):
                completer = completes
                kind = Kind.REF if kind is Kind.INTEGER else kind
            case Label(label=words, about=line):
                label, about = words, line or about
            case TemplateOf(names=names):
                template = names
    field = Field(
        name=name,
        kind=kind,
        label=label,
        about=about,
        required=default is REQUIRED and not optional,
        least=least,
        most=most,
        options=options,
        completes=completer is not None,
    )
    if problem := _problem(field):
        raise SpecError(f"{owner}.{name}: {problem}")
    if optional and default is REQUIRED:
        default = None
    return Parameter(field, default, enum, completer, template)


def _problem(field: Field) -> str | None:
    """What a platform would trip over."""
    if len(field.label) > LABEL_MOST:
        return f"the label is over {LABEL_MOST} characters."
    if len(field.about) > ABOUT_MOST:
        return f"the line about it is over {ABOUT_MOST} characters."
    if len(field.options) > OPTIONS_MOST:
        return f"there are more than {OPTIONS_MOST} choices."
    if field.completes and field.kind not in (Kind.REF, Kind.TEXT):
        return "only a number or a text can be completed."
    return None


def _unwrap(hint: Any) -> tuple[Any, tuple[Any, ...], bool]:
    extras: tuple[Any, ...] = ()
    optional = False
    while True:
        origin = get_origin(hint)
        if origin is Annotated:
            hint, *more = get_args(hint)
            extras = (*extras, *more)
        elif origin in (Union, types.UnionType):
            inner = [item for item in get_args(hint) if item is not type(None)]
            if len(inner) != 1:
                return hint, extras, optional
            optional, hint = True, inner[0]
        else:
            return hint, extras, optional


def _kind(owner: str, name: str, hint: Any) -> tuple[Kind, tuple[Option, ...], type[StrEnum] | None]:
    if hint in _KINDS:
        return _KINDS[hint], (), None
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Literal:
        return Kind.CHOICE, tuple(Option(str(item).capitalize(), str(item)) for item in inner), None
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        options = tuple(Option(item.name.replace("_", " ").capitalize(), item.value) for item in hint)
        return Kind.CHOICE, options, hint
    if origin is tuple and inner == (Member, ...):
        return Kind.MEMBERS, (), None
    if origin is tuple and inner and inner[-1] is ... and _unwrap(inner[0])[0] is str:
        return Kind.TEXTS, (), None
    raise SpecError(
        f"{owner}.{name}: {hint!r} is not something people can be asked for. Use text, a number, yes or no, "
        "a date, a Moment, a Rule, a ZoneInfo, a Member, a tuple of Members or of texts, a Channel, "
        "a PlatformRole, a Literal or a StrEnum."
    )
