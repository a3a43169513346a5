"""What a bot on Discord alone loads: no library that it doesn't need, since each costs time and memory."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from tests.fakes.discord import FakeDiscord

ROOT = Path(__file__).resolve().parents[2]
UNNEEDED = {"apscheduler", "asyncpg", "jinja2", "prometheus_client", "rich", "slack_bolt", "slack_sdk"}
NEEDED = {"aiohttp", "aiosqlite", "discord", "structlog"}


async def test_what_is_not_needed_is_not_loaded(tmp_path: Path) -> None:
    async with FakeDiscord(record=False, validate=False) as fake:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("KITH_")}
        (tmp_path / "config.toml").write_text(
            f'[web]\nport = 0\n[discord]\napi = "{fake.api_url}"\ngateway = "{fake.gateway_url}"\n'
        )
        imports = tmp_path / "imports"
        with imports.open("w") as errors:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-X", "importtime", "-m", "bot.cli", "run", "--no-browser"),
                cwd=ROOT,
                env={**kept, "KITH_HOME": str(tmp_path), "KITH_DISCORD_TOKEN": fake.token},
                stdout=asyncio.subprocess.DEVNULL,
                stderr=errors,
            )
        try:
            await fake.ready(within=60)
        finally:
            process.kill()
            await process.wait()
        lines = [line for line in imports.read_text().splitlines() if line.startswith("import time:")]
        modules = [line.rpartition("|")[2].strip() for line in lines]
        loaded = {module.partition(".")[0] for module in modules if "." in module}
        assert loaded >= NEEDED
        assert not loaded & UNNEEDED
