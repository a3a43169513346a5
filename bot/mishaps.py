"""What became of a message that found no place: told the hosts once, kindly, with what to do."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Final, Protocol

import structlog

from bot import codec
from bot.clock import Clock
from bot.model.events import Event
from bot.model.ids import Space
from bot.model.outgoing import InChannel, Receipt
from bot.model.text import CommandName, T, Words
from bot.occasion import SPOKEN_TO, Occasion
from storage.errors import StorageError
from storage.repos.outbox import OutboxRow

GONE: Final = frozenset({"discord-10003", "channel_not_found", "is_archived", "unknown_channel"})
CLOSED: Final = frozenset({"discord-50001", "discord-50013", "not_in_channel", "restricted_action"})
"""The first words of the reasons with which platforms refuse a channel for good."""

_SETTINGS: Final = CommandName(("kith-admin", "settings"))

log = structlog.get_logger(__name__)


class Note(Protocol):
    """Writes into the open log, and tells the hosts; see ``bot.unit.UnitRunner.note``."""

    def __call__(
        self, occasion: Occasion, topic: str, words: Words, *, tells_hosts: bool
    ) -> Awaitable[None]: ...


class Mishaps:
    """Notes each channel that can't be posted to, once as long as that is remembered."""

    note: Note | None = None
    """Writes into the open log; set once there is one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._told: set[tuple[str, str]] = set()

    async def settled(self, row: OutboxRow, state: str, receipt: Receipt | None) -> None:
        """A row was sent or ended; see ``bot.outbox.Outbox``."""
        code = row.reason.partition(":")[0]
        if state != "dead" or code not in GONE | CLOSED or (row.lane, code) in self._told:
            return
        if row.key.startswith(SPOKEN_TO):
            return  # anybody can speak to it anywhere; the hosts did not want it to post there
        to = codec.loads(row.address)
        if not isinstance(to, InChannel) or self.note is None:
            return
        self._told.add((row.lane, code))
        words = (
            T(
                "I wanted to post in a channel that isn't there any more. {settings} chooses another one.",
                settings=_SETTINGS,
            )
            if code in GONE
            else T(
                "I may not post in {channel} at the moment. An admin can allow it in that channel's"
                " permissions, or choose another one with {settings}.",
                channel=to.channel,
                settings=_SETTINGS,
            )
        )
        event = Event(id=f"mishap:{row.lane}:{code}", space=Space.of(row.space), at=self._clock.now())
        try:
            await self.note(Occasion(event, "event"), "delivery", words, tells_hosts=True)
        except StorageError as error:
            self._told.discard((row.lane, code))
            log.warning("mishap_not_noted", lane=row.lane, error=str(error))
