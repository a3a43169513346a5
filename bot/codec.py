"""Model values to JSON and back, for rows that outlive the process. Closed: only the model's own types."""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from json.encoder import encode_basestring as quoted
from types import MappingProxyType
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from bot.model import content, ids, outgoing, rules, text

_TYPES: MappingProxyType[str, type[Any]] = MappingProxyType(
    {
        cls.__name__: cls
        for module in (ids, text, content, outgoing)
        for cls in vars(module).values()
        if isinstance(cls, type) and cls.__module__ == module.__name__ and dataclasses.is_dataclass(cls)
    }
)
_ENUMS: MappingProxyType[str, type[StrEnum]] = MappingProxyType(
    {
        cls.__name__: cls
        for module in (text, content)
        for cls in vars(module).values()
        if isinstance(cls, type) and cls.__module__ == module.__name__ and issubclass(cls, StrEnum)
    }
)


class _Shape(NamedTuple):
    """How a class is written: what comes first; each field's name, that as JSON, and the value left out."""

    head: str
    fields: tuple[tuple[str, str, Any], ...]


def _shape(cls: type[Any]) -> _Shape:
    return _Shape(
        f'{{"$":{quoted(cls.__name__)}',
        tuple((item.name, f",{quoted(item.name)}:", item.default) for item in dataclasses.fields(cls)),
    )


_SHAPES: Final[Mapping[type[Any], _Shape]] = {
    cls: _shape(cls) for cls in _TYPES.values() if cls is not text.T
}


def dumps(value: Any) -> str:
    """JSON text for a model value. Raises TypeError for anything that is not of the model."""
    kind = type(value)
    if kind is str:
        return quoted(value)
    if kind is text.T:
        args = ",".join([f"{quoted(name)}:{dumps(arg)}" for name, arg in value.args])
        return f'{{"$":"T","is":{quoted(value.template)},"args":{{{args}}}}}'
    if kind is ids.Member or kind is ids.Channel:  # written out, since nearly every message names some
        written = f'{{"$":"{kind.__name__}","space":{quoted(value.space)},"id":{quoted(value.id)}'
        if value.name:
            written += f',"name":{quoted(value.name)}'
        return written + (',"bot":true}' if kind is ids.Member and value.bot else "}")
    shape = _SHAPES.get(kind)
    if shape is None:
        return _other(kind, value)
    written = shape.head
    for name, label, default in shape.fields:
        held = getattr(value, name)
        if type(held) is str:
            if held != default:
                written += label + quoted(held)
        elif held is not default and (type(held) is not tuple or held or default != ()):
            written += label + dumps(held)
    return written + "}"


def _other(kind: type[Any], value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case tuple() | list():
            return f"[{','.join(map(dumps, value))}]"
        case StrEnum():
            return f'{{"$":{quoted(kind.__name__)},"is":{quoted(value.value)}}}'
        case str():
            return quoted(str(value))
        case int() if kind is int:
            return str(value)
        case float() if kind is float:
            return json.dumps(value)
        case bytes():
            return f'{{"$":"bytes","is":"{base64.b64encode(value).decode()}"}}'
        case rules.Rule():
            return f'{{"$":"Rule","is":{json.dumps(value.to_dict(), ensure_ascii=False)}}}'
        case ZoneInfo():
            return f'{{"$":"Zone","is":{quoted(value.key)}}}'
        case date():
            return f'{{"$":"date","is":"{value.isoformat()}"}}'
        case _:
            raise TypeError(f"{kind.__name__} is not a model value.")


def loads(text_: str) -> Any:
    """The model value back. Raises ValueError for JSON that no ``dumps`` wrote."""
    try:
        return _model(json.loads(text_))
    except (TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError(f"That is no model value: {type(error).__name__}.") from error


def _model(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_model(item) for item in value)
    if not isinstance(value, dict):
        return value
    name = str(value.get("$"))
    if name == "T":
        return text.T(value["is"], **{key: _model(arg) for key, arg in value["args"].items()})
    if name == "bytes":
        return base64.b64decode(value["is"])
    if name == "Rule":
        return rules.from_dict(value["is"])
    if name == "Zone":
        return ZoneInfo(value["is"])
    if name == "date":
        return date.fromisoformat(value["is"])
    if name in _ENUMS:
        return _ENUMS[name](value["is"])
    if name not in _TYPES:
        raise ValueError(f"{name!r} is no model type.")
    return _TYPES[name](**{key: _model(item) for key, item in value.items() if key != "$"})
