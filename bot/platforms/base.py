"""The contract between Kith and a platform, and the three ways in which a delivery can fail."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from bot.model.content import Catalog, Form, Option
from bot.model.events import Completion, Event, Raw
from bot.model.ids import Channel, Member, PlatformRole, Space
from bot.model.limits import Limits
from bot.model.outgoing import Outgoing, Receipt
from bot.model.text import Span


class DeliveryError(Exception):
    """A delivery that did not end in a receipt. ``reason`` is a short stable code, then words."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class RetryLater(DeliveryError):
    """Refused for now; nothing arrived. Wait ``after`` seconds: this lane, or all if ``everywhere``."""

    def __init__(self, reason: str, after: float, *, everywhere: bool = False) -> None:
        super().__init__(reason)
        self.after = after
        self.everywhere = everywhere


class Gone(DeliveryError):
    """The platform refused for good: no such channel, not allowed, closed messages."""


class Unsure(DeliveryError):
    """Nobody knows whether it arrived: the answer was lost. Resolved by ``Platform.find``."""


class NotConnected(Exception):
    """There is no connection until an operator mends what the message says."""


class SpaceInfo(NamedTuple):
    """What a space looks like now, for set-up, settings and doctor."""

    space: Space
    channels: tuple[Channel, ...] = ()
    roles: tuple[PlatformRole, ...] = ()
    default_channel: Channel | None = None
    people: int | None = None
    announces_joins: bool = False
    """The platform posts a join message of its own."""


class Drafts(Protocol):
    """Keeps forms that are filled in over several steps. Each is its person's own, and lasts for days.

    All of it raises when the storage fails.
    """

    async def keep(self, who: Member, form: Form, values: Mapping[str, Raw], draft: int | None = None) -> int:
        """Keep a form with what is filled in so far: anew, or in place of ``draft``. The draft's number."""
        ...

    async def get(self, who: Member, draft: int) -> tuple[Form, dict[str, Raw]] | None:
        """What was kept; None if it is not theirs or no longer there."""
        ...

    async def drop(self, who: Member, draft: int) -> None: ...


class Told(Protocol):
    """Remembers what whoever leads a space was told needs mending. It raises when the storage fails."""

    async def of(self, space: Space) -> frozenset[str]: ...

    async def keep(self, space: Space, what: str) -> None: ...

    async def drop(self, space: Space, what: str) -> None:
        """It is mended: when it happens again, it is told again."""
        ...


class Sink(Protocol):
    """Where a platform hands over what happens."""

    @property
    def drafts(self) -> Drafts: ...

    @property
    def told(self) -> Told: ...

    async def accept(self, event: Event) -> Form | None:
        """Take an event; return once it is stored, so an acknowledgement to the platform means *stored*.

        A form comes back when an interaction must ask before anything is done: show it at once; nothing
        was stored. Raises ``bot.router.NotStored`` when the storage failed: do not acknowledge.
        """
        ...

    async def complete(self, request: Completion) -> Sequence[Option]:
        """Choices for what is being typed; empty rather than late."""
        ...


class Platform(Protocol):
    """A chat platform. ``deliver`` is called for one lane at a time, in order; different lanes at once."""

    @property
    def name(self) -> str: ...

    @property
    def limits(self) -> Limits: ...

    def measure(self, span: Span) -> int:
        """How many characters of ``limits`` a span takes here once rendered, marks and escapes included.

        Never less than it really takes, never 0 for a span with words, and of a Plain it grows with its
        text.
        """
        ...

    async def run(self, sink: Sink, catalog: Catalog) -> None:
        """Connect and hand over events until cancelled. Raises only NotConnected, for an operator to mend."""
        ...

    async def deliver(self, out: Outgoing) -> Receipt:
        """Send one thing, already addressed and fitted to ``limits``. Raises RetryLater, Gone or Unsure."""
        ...

    async def find(self, out: Outgoing, since: int) -> Receipt | None:
        """Look whether an uncertain one arrived at or after ``since`` (UTC ms, real time).

        None means: looked, and it is not there. Raises Unsure when it could not look.
        """
        ...

    def members(self, space: Space) -> AsyncIterator[Member]:
        """Everybody in a space, bots marked, without holding them all."""
        ...

    async def about(self, space: Space) -> SpaceInfo: ...
