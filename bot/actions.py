"""What a button, a select, a form or a menu does when it is used, carried in its own id and signed.

A cog binds a handler's arguments with :func:`bind`. Before it leaves, the host seals the action for the
space it goes to: handler, arguments, expiry and a signature over them, the space and, if it is for one
person alone, that person. So a control survives restarts without a row, and a forged, foreign or borrowed
one is refused. A form also carries a number of its own, so that it can be sent once only.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import replace
from typing import Any, Final, NamedTuple
from urllib.parse import quote, unquote

from bot import codec
from bot.model.content import Button, Card, Content, Control, LinkButton, Section
from bot.model.ids import Channel, Member

ACTION_MOST: Final = 100
"""Discord's limit for a custom id, the strictest of the platforms."""
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_SIGNATURE: Final = 12

Argument = int | bool | str | Member | Channel


class ActionTooLong(ValueError):
    """The bound arguments do not fit into a control's id; bind a row's id instead of its words."""


class BadAction(Exception):
    """A control that was not made by this bot for this space: forged, cut, or from elsewhere."""


class NotYours(Exception):
    """A control that was made for somebody else alone."""


class Expired(Exception):
    """A control whose time is over."""


class Bound(NamedTuple):
    """A handler's name with the arguments it will be called with.

    ``only``: the one member that may use it. ``until``: UTC milliseconds of community time. ``once``: the
    number of a form, each of which is good for one use.
    """

    handler: str
    args: tuple[Argument, ...] = ()
    only: Member | None = None
    until: int | None = None
    once: int | None = None


def bind(handler: str, *args: Argument, only: Member | None = None, until: int | None = None) -> str:
    """The action of a control as a cog holds it, before it is sealed."""
    return codec.dumps((handler, args, only, until))


def bound(action: str) -> Bound:
    """What :func:`bind` made an action of."""
    handler, args, only, until = codec.loads(action)
    return Bound(handler, args, only, until)


class Sealer:
    """Seals actions for the way out and opens them on the way in, with one secret key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def seal(self, action: str, space: str, *, once: int | None = None) -> str:
        """The action as it travels, at most ACTION_MOST characters; ``once`` is a form's own number.

        Raises ActionTooLong.
        """
        what = bound(action)
        expiry = _base36(-(-what.until // 60_000)) if what.until is not None else ""
        number = _base36(once) if once is not None else ""
        args = "~".join(_pack(arg, space) for arg in what.args)
        body = "|".join((what.handler, args, expiry, "o" if what.only else "", number))
        sealed = f"{body}|{self._sign(body, space, what.only)}"
        if len(sealed) > ACTION_MOST:
            raise ActionTooLong(f"{what.handler}: {len(sealed)} characters, {ACTION_MOST} fit.")
        return sealed

    def open(self, sealed: str, space: str, actor: Member, now: int) -> Bound:
        """What a sealed action does. Raises BadAction, NotYours or Expired."""
        parts = sealed.split("|")
        if len(parts) != 6:
            raise BadAction
        handler, packed, expiry, flag, number, signature = parts
        body = sealed[: -len(signature) - 1]
        only = actor if flag else None
        if not hmac.compare_digest(self._sign(body, space, only).encode(), _bytes(signature)):
            raise NotYours if flag else BadAction
        until = int(expiry, 36) * 60_000 if expiry else None
        if until is not None and now > until:
            raise Expired
        args = tuple(_unpack(item, space) for item in packed.split("~")) if packed else ()
        return Bound(handler, args, only, until, int(number, 36) if number else None)

    def seal_content(self, content: Content, space: str) -> Content:
        """The content with every control in it sealed."""
        if not isinstance(content, Card) or not _controls(content):
            return content
        return replace(
            content,
            buttons=tuple(self._seal_control(control, space) for control in content.buttons),
            sections=tuple(self._seal_section(section, space) for section in content.sections),
        )

    def _seal_section(self, section: Section, space: str) -> Section:
        if section.control is None:
            return section
        return replace(section, control=self._seal_control(section.control, space))

    def _seal_control(self, control: Control, space: str) -> Control:
        if isinstance(control, LinkButton):
            return control
        if isinstance(control, Button):
            return replace(control, action=self.seal(control.action, space))
        return replace(control, action=self.seal(control.action, space))

    def _sign(self, body: str, space: str, only: Member | None) -> str:
        signed = "\0".join((body, space, only.key if only else ""))
        digest = hmac.new(self._key, _bytes(signed), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).decode()[:_SIGNATURE]


def _bytes(text: str) -> bytes:
    """What a forger sends may hold half a character."""
    return text.encode("utf-8", "surrogatepass")


def _controls(card: Card) -> bool:
    return bool(card.buttons) or any(section.control for section in card.sections)


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
    return digits or "0"


def _pack(arg: Argument, space: str) -> str:
    match arg:
        case bool():
            return f"b{int(arg)}"
        case int():
            return f"i{_base36(arg)}" if arg >= 0 else f"n{_base36(-arg)}"
        case Member():
            return f"m{_escape(arg.id)}" if arg.space == space else f"M{_escape(arg.key)}"
        case Channel():
            return f"c{_escape(arg.id)}" if arg.space == space else f"C{_escape(arg.key)}"
        case str():
            return f"s{_escape(arg)}"


def _unpack(packed: str, space: str) -> Argument:
    kind, value = packed[:1], unquote(packed[1:])
    unpackers: dict[str, Any] = {
        "b": lambda: value == "1",
        "i": lambda: int(value, 36),
        "n": lambda: -int(value, 36),
        "m": lambda: Member(space, value),
        "M": lambda: Member.of(value),
        "c": lambda: Channel(space, value),
        "C": lambda: Channel.of(value),
        "s": lambda: value,
    }
    argument: Argument = unpackers[kind]()
    return argument


def _escape(text: str) -> str:
    return quote(text, safe="").replace("~", "%7E")
