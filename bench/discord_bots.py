"""The bots of the bench, each in a process of its own: bare discord.py, the same held back, and Kith.

Each imports what it needs itself, so that its start costs what it costs. It says when it is open for joins.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Coroutine
from typing import Any

Json = dict[str, Any]
IN_FLIGHT = 16


async def bare(about: Json, *, held: bool) -> None:
    """discord.py as its documentation shows it, greeting with a fixed text; ``held`` to 16 sends at once."""
    import discord
    import yarl
    from discord.gateway import DiscordWebSocket
    from discord.http import Route

    Route.BASE = about["api"]
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(about["gateway"])
    room = asyncio.Semaphore(IN_FLIGHT if held else 1_000_000)

    class Bot(discord.Client):
        async def setup_hook(self) -> None:
            tree = discord.app_commands.CommandTree(self)

            @tree.command(name="hello", description="Answers.")
            async def hello(interaction: discord.Interaction[Any]) -> None:
                await interaction.response.send_message("Hello.", ephemeral=True)

            await tree.sync()
            opened()

        async def on_member_join(self, member: discord.Member) -> None:
            channel = member.guild.system_channel
            assert channel is not None
            async with room:
                await channel.send(f"Hello {member.mention}. Good that you're here.")

    intents = discord.Intents(guilds=True, members=True, guild_messages=about["talk"])
    bot = Bot(intents=intents, chunk_guilds_at_startup=False)
    await bot.start(about["token"])


async def kith(about: Json) -> None:
    """Kith with a database file and its greeting, each greeted singly, and a command that answers."""
    from bot import runtime

    runtime.starting()

    from contextlib import AsyncExitStack
    from pathlib import Path
    from zoneinfo import ZoneInfo

    import structlog

    from bot.clock import SystemClock
    from bot.core import build, load_cogs
    from bot.model.ids import Space
    from bot.platforms.discord.adapter import DiscordPlatform
    from bot.platforms.discord.limits import LIMITS
    from storage.engines import open_engine
    from storage.repos import spaces

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    zone = ZoneInfo("UTC")
    async with AsyncExitStack() as stack:
        cogs, sections, faults = load_cogs(
            ["cogs.welcome", "bench.hello"], {"welcome": {"together": 0}}, zone
        )
        engine = await open_engine(f"sqlite:///{Path(about['home']).as_posix()}/kith.db")
        stack.push_async_callback(engine.close)
        limits = LIMITS if about["limited"] else LIMITS._replace(per_second=0)
        platform = DiscordPlatform(about["token"], api=about["api"], gateway=about["gateway"], limits=limits)
        stack.push_async_callback(platform.close)
        core = await build(
            engine=engine,
            clock=SystemClock(),
            platforms={"discord": platform},
            cogs=cogs,
            sections=sections,
            faults=faults,
            zone=zone,
        )
        await stack.enter_async_context(core)
        runtime.started()
        for number in about["guilds"]:
            space = Space("discord", number)
            await core.census.taken(space)
            await engine.unit(0, lambda tx, key=space.key: spaces.go_live(tx, key, 1))
        opened()
        await asyncio.Event().wait()


def opened() -> None:
    """Tell the bench that joins may come."""
    print("open", flush=True)


def run(work: Coroutine[Any, Any, None], loop: str) -> None:
    """Run it on the loop that all sides have."""
    if loop == "uvloop":
        import uvloop

        uvloop.run(work)
    else:
        asyncio.run(work)


def main() -> None:
    logging.disable(logging.CRITICAL)
    which, about = sys.argv[1], json.loads(sys.argv[2])
    run(kith(about) if which == "kith" else bare(about, held=which == "held"), about["loop"])


if __name__ == "__main__":
    main()
