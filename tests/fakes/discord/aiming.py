"""Pointing discord.py at a fake: its addresses are class attributes, so there is one fake per process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .server import FakeDiscord


@contextmanager
def aimed_at(fake: FakeDiscord) -> Iterator[None]:
    """Inside the block every discord.py client of this process talks to `fake`."""
    import yarl
    from discord.asset import Asset
    from discord.gateway import DiscordWebSocket
    from discord.http import Route

    aims: list[tuple[Any, str, Any]] = [
        (Route, "BASE", fake.api_url),
        (DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(fake.gateway_url)),
        (Asset, "BASE", fake.cdn_url),
    ]
    before = [getattr(owner, name) for owner, name, _ in aims]
    for owner, name, value in aims:
        setattr(owner, name, value)
    try:
        yield
    finally:
        for (owner, name, _), value in zip(aims, before, strict=True):
            setattr(owner, name, value)
