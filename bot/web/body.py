"""What came with a request, read with care: JSON of the right types, or a line that says what is wrong."""

from __future__ import annotations

import json
from typing import Any, Final

from aiohttp import web

from bot.platforms.local.refused import Refused

Json = dict[str, Any]
KEY_MOST: Final = 64


class Body:
    """The JSON object of a request."""

    def __init__(self, held: Json) -> None:
        self.held = held

    @classmethod
    async def of(cls, request: web.Request) -> Body:
        """Raises Refused for anything but a JSON object."""
        if request.content_type != "application/json":
            raise Refused("not_json", "Send it with Content-Type: application/json.")
        data = await request.read()
        try:
            held = json.loads(data, parse_constant=_no_number)
        except (ValueError, RecursionError):
            raise Refused("bad_json", "That is no JSON. Send one object, like {}.") from None
        if not isinstance(held, dict):
            raise Refused("bad_request", "Send one JSON object, with names and values.")
        return cls(held)

    def text(self, name: str) -> str:
        """A text that must be there."""
        value = self.held.get(name)
        if not isinstance(value, str):
            raise _wrong(name, "a text")
        return value

    def maybe(self, name: str) -> str | None:
        """A text, or None where it is left out."""
        return None if self.held.get(name) is None else self.text(name)

    def key(self) -> str | None:
        """By what a request is known again whose answer was lost, if it is given."""
        key = self.maybe("key")
        if key is not None and not 0 < len(key) <= KEY_MOST:
            raise _wrong("key", f"a text of 1 to {KEY_MOST} characters")
        return key

    def texts(self, name: str) -> list[str]:
        value = self.held.get(name)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise _wrong(name, "a list of texts")
        return value

    def object(self, name: str) -> Json:
        """An object, empty where it is left out."""
        value = self.held.get(name, {})
        if not isinstance(value, dict):
            raise _wrong(name, "an object")
        return value

    def number(self, name: str) -> int:
        value = self.held.get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise _wrong(name, "a whole number")
        return value

    def maybe_number(self, name: str) -> int | None:
        return None if self.held.get(name) is None else self.number(name)


def query(request: web.Request, name: str) -> str:
    """A value of the address that must be there."""
    value = request.query.get(name)
    if not value:
        raise Refused("bad_request", f"The address needs ?{name}=…", field=name)
    return value


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no JSON")


def _wrong(name: str, what: str) -> Refused:
    return Refused("bad_request", f"“{name}” must be {what}.", field=name)
