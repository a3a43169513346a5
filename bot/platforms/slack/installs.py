"""Workspaces that installed the app through OAuth: what is known of each, and what keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

AHEAD: Final = 2 * 3_600_000
"""Milliseconds before the end of a token at which it is replaced; Slack's last twelve hours."""


class State(StrEnum):
    """Whether the app is there. REVOKED: its tokens were; UNINSTALLED: it was removed as a whole."""

    INSTALLED = "installed"
    REVOKED = "revoked"
    UNINSTALLED = "uninstalled"


@dataclass(frozen=True, slots=True)
class Tokens:
    """What lets Kith into one workspace. Times are real time in UTC milliseconds.

    Without token rotation there is neither ``refresh`` nor an end.
    """

    access: str = field(repr=False)
    issued_at: int
    refresh: str | None = field(default=None, repr=False)
    expires_at: int | None = None

    @property
    def due_at(self) -> int | None:
        """When to ask for the next ones: well before the end, however short these live."""
        if self.refresh is None or self.expires_at is None:
            return None
        return self.expires_at - min(AHEAD, (self.expires_at - self.issued_at) // 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """The app in one workspace. ``refused``: why Slack gives no new tokens, until somebody installs it again.

    ``tokens`` are None once it ended, and where no key opens them.
    """

    team: str
    name: str
    bot_user: str
    bot_id: str
    app: str = ""
    enterprise: str | None = None
    scopes: frozenset[str] = frozenset()
    installed_by: str = ""
    installed_at: int = 0
    tokens: Tokens | None = None
    state: State = State.INSTALLED
    refused: str = ""
    version: int = 0

    @property
    def unreadable(self) -> bool:
        """Whether the app is there, but its tokens can't be decrypted."""
        return self.state is State.INSTALLED and self.tokens is None


class Installs(Protocol):
    """Keeps installations; several processes may. All of it raises when the storage fails."""

    async def versions(self) -> Mapping[str, int]:
        """The present version of each."""
        ...

    async def every(self) -> list[Installation]: ...

    async def get(self, team: str) -> Installation | None: ...

    async def keep(self, installation: Installation) -> Installation:
        """Installed, for the first time or again: as it is kept, with its new version."""
        ...

    async def renew(self, installation: Installation, tokens: Tokens) -> Installation | None:
        """New tokens for this version; None if it is not the present one any more."""
        ...

    async def refuse(self, installation: Installation, error: str) -> Installation | None:
        """There will be no new tokens for this version; None if it is not the present one any more."""
        ...

    async def end(self, installation: Installation, state: State) -> Installation | None:
        """The app is gone; None if this version is not the present one any more."""
        ...

    async def claim(self, team: str) -> bool:
        """Be the only one, over all processes, to ask for new tokens for a minute; False if another is."""
        ...

    async def release(self, team: str) -> None: ...
