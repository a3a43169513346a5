"""The REST endpoints, one module per area."""

from __future__ import annotations

from ..routing import Route
from . import applications, channels, guilds, interactions, members, messages, threads, users

ALL: list[Route] = [
    *applications.ROUTES,
    *channels.ROUTES,
    *guilds.ROUTES,
    *interactions.ROUTES,
    *members.ROUTES,
    *messages.ROUTES,
    *threads.ROUTES,
    *users.ROUTES,
]
