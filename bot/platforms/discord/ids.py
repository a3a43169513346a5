"""Ids: the space of a server, times in snowflakes and in words, and marks by which a post is known again."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final

from bot.model.ids import Space

PLATFORM: Final = "discord"
EPOCH_MS: Final = 1_420_070_400_000
_MARK: Final = 1 << 30
_PART: Final = 24
_PART_BITS: Final = 22

Json = dict[str, Any]


def space_of(guild: str, name: str = "") -> Space:
    return Space(PLATFORM, guild, name)


def snowflake_ms(snowflake: str | int) -> int:
    """When the id was made, in UTC milliseconds."""
    return (int(snowflake) >> 22) + EPOCH_MS


def time_ms(text: Any) -> int | None:
    """Discord's way to write a time, in UTC milliseconds."""
    if not isinstance(text, str):
        return None
    try:
        return int(datetime.fromisoformat(text).timestamp() * 1_000)
    except ValueError:
        return None


def snowflake_at(ms: int) -> int:
    """The least id that is made at this time (UTC ms)."""
    return max(ms - EPOCH_MS, 0) << 22


def marked(lane: str, key: str) -> tuple[int, str]:
    """An intent's marker and its nonce.

    The marker is the integer id of a component, by which a post is found in the history later. The nonce has
    24 characters: posted twice within minutes, it is one message.
    """
    digest = hashlib.sha256(f"{lane}\0{key}".encode()).digest()
    nonce = base64.urlsafe_b64encode(digest[:18]).decode()
    return _MARK | int.from_bytes(digest[18:22]) & (_MARK - 1), nonce


def marker(lane: str, key: str) -> int:
    return marked(lane, key)[0]


def guild_parts(guild: str) -> list[int]:
    """A server's id as three component ids: a private message tells by them where it came from."""
    ident = int(guild)
    mask = (1 << _PART_BITS) - 1
    return [(part + 1) << _PART | ident >> part * _PART_BITS & mask for part in range(3)]


def guild_from(components: Iterable[Json]) -> str | None:
    """The server whose id `guild_parts` put into a message's components."""
    found: dict[int, int] = {}
    for component in walk(components):
        ident = component.get("id")
        if isinstance(ident, int) and 1 << _PART <= ident < 4 << _PART:
            found[(ident >> _PART) - 1] = ident & ((1 << _PART_BITS) - 1)
    if found.keys() != {0, 1, 2}:
        return None
    return str(sum(bits << part * _PART_BITS for part, bits in found.items()))


def walk(components: Iterable[Json]) -> Iterator[Json]:
    """Each component at every depth, outermost first."""
    for component in components:
        yield component
        yield from walk(component.get("components") or ())
        for key in ("accessory", "component"):
            if inner := component.get(key):
                yield from walk((inner,))
