"""The host's own settings of a space: its time zone, who may do what, where the hosts are reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from bot.model.ids import Channel, PlatformRole
from bot.spec import Label

HOST: Final = "kith"
"""The section's name, and the host cog's."""


@dataclass(frozen=True, slots=True)
class HostSettings:
    """What holds for every part of Kith in this space.

    zone: Times are read and shown in it, like Europe/Berlin.
    hosts_channel: A channel of the hosts alone, where feedback and notes arrive.
    moderators: Who may pause Kith, besides those the platform names.
    curators: Who looks after the shared knowledge.
    organisers: Who plans campaigns and rituals.
    """

    zone: Annotated[ZoneInfo | None, Label("Time zone")] = None
    hosts_channel: Annotated[Channel | None, Label("Hosts' channel")] = None
    moderators: Annotated[PlatformRole | None, Label("Moderators")] = None
    curators: Annotated[PlatformRole | None, Label("Curators")] = None
    organisers: Annotated[PlatformRole | None, Label("Organisers")] = None
