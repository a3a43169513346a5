"""Model values to JSON and back, for rows that outlive the process. Closed: only the model's own types."""

from __future__ import annotations

import base64
import dataclasses
import json
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any
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
_FIELDS: MappingProxyType[type[Any], tuple[str, ...]] = MappingProxyType(
    {cls: tuple(item.name for item in dataclasses.fields(cls)) for cls in _TYPES.values()}
)
_DEFAULTS: MappingProxyType[type[Any], dict[str, Any]] = MappingProxyType(
    {
        cls: {
            item.name: item.default
            for item in dataclasses.fields(cls)
            if item.default is not dataclasses.MISSING and item.compare
        }
        for cls in _TYPES.values()
    }
)


_BARE = frozenset({str, int, float, bool, type(None)})
_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def write(plain: Any) -> str:
    """Compact JSON text for a value of JSON's own kinds."""
    return _encoder.encode(plain)


def dumps(value: Any) -> str:
    """JSON text for a model value. Raises TypeError for anything that is not of the model."""
    return write(_plain(value))


def loads(text_: str) -> Any:
    """The model value back. Raises ValueError for JSON that no ``dumps`` wrote."""
    try:
        return _model(json.loads(text_))
    except (TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError(f"That is no model value: {type(error).__name__}.") from error


def _plain(value: Any) -> Any:
    kind = type(value)
    if kind in _BARE:
        return value
    names = _FIELDS.get(kind)
    if names is not None and kind is not text.T:
        defaults = _DEFAULTS[kind]
        out: dict[str, Any] = {"$": kind.__name__}
        for name in names:
            held = getattr(value, name)
            if name not in defaults or held != defaults[name]:
                out[name] = held if type(held) in _BARE else _plain(held)
        return out
    match value:
        case text.T():
            return {"$": "T", "is": value.template, "args": {name: _plain(arg) for name, arg in value.args}}
        case tuple() | list():
            return [_plain(item) for item in value]
        case StrEnum():
            return {"$": kind.__name__, "is": value.value}
        case str():
            return str(value)
        case bytes():
            return {"$": "bytes", "is": base64.b64encode(value).decode()}
        case rules.Rule():
            return {"$": "Rule", "is": value.to_dict()}
        case ZoneInfo():
            return {"$": "Zone", "is": value.key}
        case date():
            return {"$": "date", "is": value.isoformat()}
        case _:
            raise TypeError(f"{kind.__name__} is not a model value.")


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
