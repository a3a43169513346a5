"""Who and where: spaces, members, channels, messages. All are values, made from a platform's own ids.

Each has a ``key``: one text that names it across every platform, as stored in database rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self


@dataclass(frozen=True, slots=True)
class Space:
    """One Discord server, one Slack workspace, one local room."""

    platform: str
    id: str
    name: str = field(default="", compare=False)

    @property
    def key(self) -> str:
        return f"{self.platform}:{self.id}"

    @classmethod
    def of(cls, key: str, name: str = "") -> Space:
        platform, _, ident = key.partition(":")
        return cls(platform, ident, name)


@dataclass(frozen=True, slots=True)
class _InSpace:
    """Something of one space. Equal by kind, space and id; the name is only for showing."""

    space: str
    id: str
    name: str = field(default="", compare=False)

    @property
    def key(self) -> str:
        return f"{self.space}:{self.id}"

    @classmethod
    def of(cls, key: str, name: str = "") -> Self:
        space, _, ident = key.rpartition(":")
        return cls(space, ident, name)


@dataclass(frozen=True, slots=True)
class Member(_InSpace):
    """A person (or a bot) in one space."""

    bot: bool = field(default=False, compare=False)

    @classmethod
    def of(cls, key: str, name: str = "", *, bot: bool = False) -> Self:
        space, _, ident = key.rpartition(":")
        return cls(space, ident, name, bot)


@dataclass(frozen=True, slots=True)
class Channel(_InSpace):
    """A place to talk in one space."""


@dataclass(frozen=True, slots=True)
class PlatformRole(_InSpace):
    """A role as the platform knows it (Discord role, Slack user group)."""


@dataclass(frozen=True, slots=True)
class MessageRef:
    """One message on a platform. ``thread`` is the id of the thread it stands in, if any."""

    channel: Channel
    id: str
    thread: str | None = None

    @property
    def key(self) -> str:
        return f"{self.channel.key}:{self.id}"
