"""What the bot did in the local room before anybody looked in: it is set up, and a little has been said."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from bot import codec
from bot.core import Core
from bot.grammar.schedule import parse
from bot.host.settings import HOST
from bot.model.text import T
from bot.platforms.local.adapter import LocalPlatform
from bot.settings import stored
from storage.port import Tx
from storage.repos import book, spaces
from storage.repos import settings as setting_rows

ADMIN: Final = "u1"
START_SECONDS: Final = 10
CURATOR: Final = "u3"
_SNIPPETS: Final = (
    "Oil the hinge before you plane the door. Half the time it was never the door.",
    "A blunt chisel slips, a sharp one cuts. Five strokes on the stone before you begin.",
    "Label your parts box with the date. In a year you will thank yourself, or throw it out.",
    "Soldering smoke is flux, not lead. Open the window all the same.",
    "A bicycle wheel is trued at the rim: look at the gap to the brake, not at the spokes.",
    "Measure the old screw before you drill the new hole. The drawer of odd ones knows most sizes.",
    "Water in the evening and the ground drinks all night. At noon the sky does.",
)
_THANKS: Final = (
    ("u7", "@Jo You trued my wheel and then showed me how, twice, without a sigh."),
    ("u4", "@Mina Your list of shops saved me a whole Saturday of looking for that bearing."),
    ("u6", "@Priya You wrote down how the kiln timer works. Nobody ever had."),
)


def wanted(core: Core, platform: LocalPlatform) -> dict[tuple[str, str], Any]:
    """Settings that somebody in the room once chose, for the cogs that are in use."""
    channels = {place.name: platform.translator.channel(place.id) for place in platform.room.channels}
    now = core.clock.now()

    def schedule(text: str) -> Any:
        return parse(text, now_ms=now, zone=core.zone)

    chosen: dict[tuple[str, str], Any] = {
        (HOST, "zone"): core.zone,
        ("welcome", "channel"): channels["hello"],
        ("kindness", "wall"): channels["wall"],
        ("kindness", "story"): schedule("every Friday at 16:00"),
        ("knowledge", "channel"): channels["workshop"],
        ("knowledge", "drop"): schedule("Tuesday and Thursday at 10:00"),
    }
    return {key: value for key, value in chosen.items() if key[0] in core.registry.cogs}


async def settle_in(core: Core, platform: LocalPlatform) -> bool:
    """Set the bot up in a new room, before it runs; False if it knows this room already."""
    space = platform.space
    community = await core.units.community(space)
    admin = platform.translator.member(ADMIN)
    chosen = wanted(core, platform)

    async def work(tx: Tx) -> bool:
        row = await spaces.get(tx, space.key)
        if row is None or row["live_since"] is not None:
            return False
        now = core.clock.now()
        for (section, name), value in chosen.items():
            await setting_rows.put(
                tx,
                community=community,
                space=space.key,
                section=section,
                name=name,
                value=stored(value),
                by=admin.key,
                now=now,
            )
        await spaces.go_live(tx, space.key, now)
        await book.note(
            tx,
            id=core.new_id(),
            community=community,
            space=space.key,
            at=now,
            topic="setup",
            words=codec.dumps(T("{who} opened Kith here.", who=admin)),
        )
        return True

    return await core.engine.unit(community, work)


async def chat(core: Core, platform: LocalPlatform) -> None:
    """Let the room's people use the bot a little, so that the wall and the shelf are not empty."""
    async with asyncio.timeout(START_SECONDS):
        await platform.listened_to()
    known = {spec.path for spec in core.registry.catalog.commands}
    place = platform.room.channels[1].id
    if ("curate", "add") in known:
        for words in _SNIPPETS:
            await platform.command(CURATOR, place, f"/curate add {words}")
    if ("shoutout",) in known:
        for seat, words in _THANKS:
            await platform.command(seat, place, f"/shoutout {words}")
    await core.outbox.idle()
    for message in list(platform.room.history.messages.values()):
        if message.only_for is not None:
            platform.room.dismiss(message.only_for, message.id)
    await platform.room.saved()
