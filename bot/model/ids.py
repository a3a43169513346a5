"""Who and where: spaces, members, channels, messages. All are values, made from a platform's own ids.

Each has a ``key``: one text that names it across every platform, as stored in database rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field


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
class Member:
    """A person (or a bot) in one space. Equal by space and id; the name is only for showing."""

    space: str
    id: str
    name: str = field(default="", compare=False)
    bot: bool = field(default=False, compare=False)

    @property
    def key(self) -> str:
        return f"{self.space}:{self.id}"

    @classmethod
    def of(cls, key: str, name: str = "", *, bot: bool = False) -> Member:
        space, _, ident = key.rpartition(":")
        return cls(space, ident, name, bot)


@dataclass(frozen=True, slots=True)
class Channel:
    """A place to talk in one space."""

    space: str
    id: str
    name: str = field(default="", compare=False)

    @property
    def key(self) -> str:
        return f"{self.space}:{self.id}"

    @classmethod
    def of(cls, key: str, name: str = "") -> Channel:
        space, _, ident = key.rpartition(":")
        return cls(space, ident, name)


@dataclass(frozen=True, slots=True)
class PlatformRole:
    """A role as the platform knows it (Discord role, Slack user group)."""

    space: str
    id: str
    name: str = field(default="", compare=False)

    @property
    def key(self) -> str:
        return f"{self.space}:{self.id}"

    @classmethod
    def of(cls, key: str, name: str = "") -> PlatformRole:
        space, _, ident = key.rpartition(":")
        return cls(space, ident, name)


@dataclass(frozen=True, slots=True)
class MessageRef:
    """One message on a platform. ``thread`` is the id of the thread it stands in, if any."""

    channel: Channel
    id: str
    thread: str | None = None

    @property
    def key(self) -> str:
        return f"{self.channel.key}:{self.id}"
