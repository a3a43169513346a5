"""The channels that hosts chose in their settings, so that the doctor looks at them too."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from bot import codec
from bot.config import Config
from bot.model.ids import Channel, Space
from storage.engines import open_engine
from storage.engines.sqlite import sqlite_file
from storage.errors import StorageError, UnitError
from storage.repos import settings


async def chosen_channels(config: Config, platform: str) -> Mapping[str, frozenset[str]]:
    """The ids of channels by the id of their space; none where there is no database that can be read."""
    url = config.database_url
    file = sqlite_file(url) if url.lower().startswith("sqlite:") else None
    if file is not None and not file.exists():
        return {}
    try:
        engine = await open_engine(url, exclusive=False, read_only=True)
    except (StorageError, ValueError):
        return {}
    try:
        rows = await engine.read(lambda tx: settings.values(tx, platform))
    except (StorageError, UnitError):
        return {}
    finally:
        await engine.close()
    found: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        value = codec.loads(row["value"])
        if isinstance(value, Channel) and value.space == row["space"]:
            found[Space.of(value.space).id].add(value.id)
    return {space: frozenset(channels) for space, channels in found.items()}
