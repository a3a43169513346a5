"""Red-DiscordBot with a cog of its own that greets, for the bench: run by an interpreter that has it.

It needs nothing of Kith's. Red keeps its settings in files of a folder that is thrown away; its cog stores
nothing about those whom it greets.
"""

from __future__ import annotations

import io
import json
import logging
import sys
import tempfile
from typing import Any

from bench.discord_bots import run

Json = dict[str, Any]


async def red(about: Json) -> None:
    """Red as `redbot` starts it, with nothing loaded but its core and the cog."""
    sys.modules["zstandard"] = None  # type: ignore[assignment]  # the server knows zlib, as all sides here

    import discord
    import yarl
    from discord.gateway import DiscordWebSocket
    from discord.http import Route
    from redbot.core import _drivers, commands, data_manager
    from redbot.core._cli import parse_cli_flags
    from redbot.core.bot import Red

    said, sys.stdout = sys.stdout, io.StringIO()  # Red prints a banner
    Route.BASE = about["api"]
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(about["gateway"])

    class Greeter(commands.Cog):
        """Greets."""

        @commands.Cog.listener()
        async def on_member_join(self, member: discord.Member) -> None:
            channel = member.guild.system_channel
            if channel is not None:
                await channel.send(f"Hello {member.mention}. Good that you're here.")

        @discord.app_commands.command()
        async def hello(self, interaction: discord.Interaction[Any]) -> None:
            """Answers."""
            await interaction.response.send_message("Hello.", ephemeral=True)

        @commands.Cog.listener()
        async def on_ready(self) -> None:
            said.write("open\n")
            said.flush()

    with tempfile.TemporaryDirectory() as folder:
        data_manager.basic_config = data_manager.basic_config_default | {
            "DATA_PATH": folder,
            "STORAGE_TYPE": "JSON",
            "STORAGE_DETAILS": {},
        }
        data_manager._instance_name = "bench"
        (data_manager.cog_data_path(raw_name="Downloader") / "lib").mkdir(parents=True, exist_ok=True)
        await _drivers.get_driver_class().initialize(**data_manager.storage_details())
        flags = parse_cli_flags(["bench", "--no-prompt", "--no-cogs", "--prefix", "!", "--owner", "1"])
        intents = discord.Intents(guilds=True, members=True, guild_messages=about["talk"])
        bot = Red(
            cli_flags=flags,
            description="Red",
            dm_help=None,
            intents=intents,
            chunk_guilds_at_startup=False,  # as the others; it would take Red two minutes to be ready
        )
        prepared = bot.setup_hook

        async def setup_hook() -> None:
            await prepared()
            await bot.enable_app_command("hello")
            await bot.add_cog(Greeter())
            await bot.tree.red_check_enabled()
            await bot.tree.sync()

        bot.setup_hook = setup_hook
        await bot.start(about["token"])


def main() -> None:
    logging.disable(logging.CRITICAL)
    about = json.loads(sys.argv[2])
    run(red(about), about["loop"])


if __name__ == "__main__":
    main()
