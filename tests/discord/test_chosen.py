"""The doctor and the guide look at the channels that hosts chose, while Kith runs and when it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.cli.checkup import discord as look
from bot.cli.chosen import chosen_channels
from bot.cli.connect import Guide
from bot.config import Config
from bot.config_file import load
from bot.model.check import Check, State
from bot.platforms.discord import checkup
from tests.discord.home import Home, home
from tests.discord.test_connect import Script
from tests.fakes.discord import FakeDiscord, P
from tests.fakes.discord.permissions import Overwrite


def config_of(fake: FakeDiscord, path: Path) -> Config:
    (path / "token").write_text(fake.token)
    file = path / "config.toml"
    file.write_text(f'[kith]\ndata = "."\n[discord]\napi = "{fake.api_url}"\ntoken_file = "token"\n')
    return load(file, environ={}).config


async def permissions(h: Home, path: Path) -> list[Check]:
    return [check for check in await look(config_of(h.fake, path)) if check.code == "discord-permissions"]


async def chosen(h: Home) -> None:
    used = await (await h.admin.slash("kith-admin settings", section="kindness")).answered()
    assert used.modal is not None
    kept = await (await h.admin.submit(used.modal, {"Wall of thanks": h.wall})).answered()
    assert f"<#{h.wall.id}>" in kept.text


async def test_a_chosen_channel_is_looked_at_like_the_greeting_channel(tmp_path: Path) -> None:
    async with home(tmp_path) as h:
        await chosen(h)
        assert [check.state for check in await permissions(h, tmp_path)] == [State.OK]
        h.fake.world.overwrite(h.wall, Overwrite(h.guild.bot.id, 1, deny=P.SEND_MESSAGES))
        h.fake.world.overwrite(h.guild.channel("other"), Overwrite(h.guild.bot.id, 1, deny=P.VIEW_CHANNEL))
        [found] = await permissions(h, tmp_path)
        assert found.state is State.FAIL
        assert found.detail == "Workshop: Kith lacks Send Messages in #wall"
        await h.stop()
        h.fake.world.delete_channel(h.wall)
        [gone] = await permissions(h, tmp_path)
        assert gone.state is State.FAIL
        assert "deleted" in gone.detail
        assert "/kith-admin settings" in gone.remedy


async def test_the_guide_shows_what_was_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with home(tmp_path) as h:
        await chosen(h)
        config_of(h.fake, tmp_path)
        script = Script("never asked")
        await Guide(load(tmp_path / "config.toml", environ={}), None, script).lead()
        assert "#wall  all it needs; chosen in the settings" in script.text


async def test_without_a_database_nothing_is_chosen(tmp_path: Path) -> None:
    async with FakeDiscord() as fake:
        fake.guild("Workshop", system_channel="hall")
        config = config_of(fake, tmp_path)
        assert await chosen_channels(config, "discord") == {}
        (tmp_path / "kith.db").write_bytes(b"not a database at all")
        assert await chosen_channels(config, "discord") == {}
        (tmp_path / "kith.db").write_bytes(b"")
        assert await chosen_channels(config, "discord") == {}
        assert {check.code for check in await look(config)} <= set(checkup.CODES)
