"""Kith as it is started: a token in the configuration is all that Discord needs."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from pathlib import Path

import aiohttp
import pytest

from bot.app import running
from bot.config_file import load
from tests.discord.resident import ROOT
from tests.fakes.discord import FakeDiscord

LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d (debug|info|warning|error) +\S.* \[[\w.]+\]")


async def test_a_token_in_the_configuration_connects(tmp_path: Path) -> None:
    async with FakeDiscord() as fake:
        guild = fake.guild("Workshop", system_channel="hall")
        file = tmp_path / "config.toml"
        file.write_text(
            f'[web]\nport = 0\n[discord]\napi = "{fake.api_url}"\ngateway = "{fake.gateway_url}"\n'
            'token_file = "token"\n'
        )
        (tmp_path / "token").write_text(fake.token)
        (tmp_path / "token").chmod(0o600)
        async with running(load(file, environ={}).config) as kith:
            await fake.ready()
            assert kith.room is None
            helped = await guild.join("Ada").slash("kith help", channel=guild.channel("hall"))
            await helped.answered()
            assert "shoutout" in helped.text
            async with aiohttp.ClientSession() as session, session.get(f"{kith.address}/readyz") as answer:
                told = await answer.json()
            assert told["checks"]["discord"] is True
        assert fake.gateway.live == []


async def test_a_refused_token_is_told_in_a_line_and_ends_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with FakeDiscord() as fake:
        file = tmp_path / "config.toml"
        file.write_text(f'[web]\nport = 0\n[discord]\napi = "{fake.api_url}"\ntoken_file = "token"\n')
        (tmp_path / "token").write_text("MTA.wrong.token")
        (tmp_path / "token").chmod(0o600)
        async with running(load(file, environ={}).config) as kith:
            await fake.until(lambda: fake.refusals)
            async with aiohttp.ClientSession() as session, asyncio.timeout(10):
                while "not_connected" not in (told := capsys.readouterr().out):
                    async with session.get(f"{kith.address}/readyz") as answer:
                        assert (await answer.json())["checks"]["discord"] is False
    assert "Reset Token" in told
    assert "Traceback" not in told
    assert "MTA.wrong" not in told


@pytest.mark.skipif(sys.platform == "win32", reason="ends Kith by a signal, which Windows has not")
async def test_what_the_library_logs_stands_among_our_own_lines_once_and_without_the_token(
    tmp_path: Path,
) -> None:
    async with FakeDiscord() as fake:
        (tmp_path / "token").write_text(fake.token)
        (tmp_path / "token").chmod(0o600)
        config = tmp_path / "config.toml"
        config.write_text(
            '[kith]\nlog_level = "debug"\nlog_format = "text"\n[web]\nport = 0\n'
            f'[discord]\napi = "{fake.api_url}"\ngateway = "{fake.gateway_url}"\ntoken_file = "token"\n'
        )
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot.cli", "run", "--config", str(config)),
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if not name.startswith("KITH_")},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            await fake.ready(within=60)
            fake.gateway.disconnect()
            await fake.until(lambda: fake.gateway.resumes == 1, 30)
            await fake.gateway.caught_up()
        finally:
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(30):
                _, errors = await process.communicate()
    said = errors.decode()
    lines = said.splitlines()
    assert [line for line in lines if LINE.fullmatch(line) is None] == []
    for once in ("using static token", "connected to Gateway", "RESUMED"):
        assert said.count(once) == 1, said
    assert fake.token not in said
