"""What a unit is about, what it calls, what it finds and what it comes to."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from bot.host.settings import HostSettings
from bot.model.content import Form
from bot.model.events import Event, MessagePosted
from bot.model.ids import Channel, Member, MessageRef, Space
from bot.model.roles import Actor
from bot.outbox import Staged
from bot.registry import Entry
from bot.settings import SpaceSettings
from bot.staging import Hush
from storage.port import Row

SPOKEN_TO: Final = "spoken-to:"
"""Begins the ids of events in which somebody speaks to the bot itself, and the keys of its answers."""


class Call(NamedTuple):
    """A handler with what it will be called with: ``args`` by position, ``values`` by name."""

    entry: Entry
    args: tuple[Any, ...] = ()
    values: Mapping[str, Any] = MappingProxyType({})


class Occasion(NamedTuple):
    """What a unit is about: the event, who set it off, where an answer goes."""

    event: Event
    how: str
    actor: Actor | None = None
    subject: Member | None = None
    channel: Channel | None = None
    message: MessageRef | None = None
    token: str | None = None
    rule: str = ""
    set_by: str = ""
    set_at: int = 0
    once: int | None = None
    """The number of the form that was sent."""

    @property
    def member(self) -> Member | None:
        return self.actor.member if self.actor else self.subject

    @property
    def prompted(self) -> bool:
        """Whether somebody asked for what happens, so that it takes nothing of the attention budget."""
        spoken_to = isinstance(self.event, MessagePosted) and (self.event.direct or self.event.mentions_bot)
        return self.actor is not None or spoken_to


class Surroundings(NamedTuple):
    """A space as a unit finds it. ``values`` are those of its row, by which a change is noticed."""

    values: tuple[Any, ...]
    row: Row
    space: Space
    default_channel: Channel | None
    settings: SpaceSettings
    host: HostSettings
    zone: ZoneInfo
    silence: Hush | None


class Outcome(NamedTuple):
    """What a unit came to, once it is committed."""

    staged: Staged | None = None
    form: Form | None = None
    rescheduled: bool = False
