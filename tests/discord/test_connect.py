"""Setting Discord up from a terminal, and what the doctor sees afterwards."""

from __future__ import annotations

import asyncio
import re
import stat
import sys
import tomllib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from bot.cli.checkup import discord as doctor_looks
from bot.cli.checkup import show
from bot.cli.connect import Guide, tokens_folder, with_token_file
from bot.cli.failures import Refused
from bot.config_file import load
from bot.model.check import Check, State
from bot.platforms.discord import checkup
from bot.platforms.discord.errors import LATER, MEANINGS
from bot.platforms.discord.permissions import INVITED, NEEDS, invitation
from tests.fakes.discord import FakeDiscord, P
from tests.fakes.discord.permissions import Overwrite


class Script:
    """Somebody who answers as written, and lets things happen when they read certain words."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.lines: list[str] = []
        self.answers: list[str] = []
        self.when: dict[str, Callable[[], object]] = {}

    def say(self, text: str = "") -> None:
        self.lines.append(text)
        for words in [words for words in self.when if words in text]:
            self.when.pop(words)()

    def ask_secret(self, question: str) -> str:
        return self.token

    def ask(self, question: str, default: str) -> str:
        return self.answers.pop(0) if self.answers else default

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


@pytest_asyncio.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord() as server:
        yield server


def guide(fake: FakeDiscord, path: Path, script: Script, monkeypatch: pytest.MonkeyPatch) -> Guide:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(path / "home"))
    monkeypatch.setenv("APPDATA", str(path / "home"))
    file = path / "config.toml"
    if not file.exists():
        file.write_text(f'[discord]\napi = "{fake.api_url}"\n')
    return Guide(load(file, environ={}), file, script, look_every=0.01)


async def test_from_a_token_to_a_greeting(
    fake: FakeDiscord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = Script(fake.token)
    fake.switch("members", on=False)
    script.when["Switch on Server Members"] = lambda: fake.switch("members", on=True)
    script.when["Waiting until"] = lambda: fake.guild("Workshop", system_channel="hall", join_messages=True)
    await guide(fake, tmp_path, script, monkeypatch).lead()
    assert "It belongs to" in script.text
    assert f"permissions={int(INVITED)}" in script.text
    assert "#hall  all it needs; newcomers are greeted here" in script.text
    assert "join message of its own" in script.text
    assert "Send a random welcome message" in script.text
    assert "Sent to your direct messages" in script.text
    assert fake.token not in script.text
    assert "This is how I greet" in fake.dm(fake.world.owner).last.text
    assert len(fake.sent("PUT /applications/{application_id}/commands")) == 1
    assert all(
        "de" in menu.body["name_localizations"] for menu in fake.world.commands.all() if menu.kind != 1
    )
    [kept] = tokens_folder().iterdir()
    assert kept.read_text().strip() == fake.token
    if sys.platform != "win32":
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    again = load(tmp_path / "config.toml", environ={})
    assert again.config.discord.token is not None
    assert again.config.discord.token.get_secret_value() == fake.token
    assert again.exposed == ()
    assert (await seen(fake))["discord-commands"].detail in script.text

    second = Script("never asked")
    await guide(fake, tmp_path, second, monkeypatch).lead()
    assert "configured already" in second.text
    assert len(fake.sent("PUT /applications/{application_id}/commands")) == 1


async def test_a_missing_permission_is_looked_at_again_once_it_is_mended(
    fake: FakeDiscord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guild = fake.guild("Workshop", system_channel="hall")
    hall, secret = guild.channel("hall"), guild.channel("secret-things")
    fake.world.overwrite(secret, Overwrite(guild.id, 0, deny=P.VIEW_CHANNEL))
    fake.world.overwrite(hall, Overwrite(guild.id, 0, deny=P.SEND_MESSAGES))
    script = Script(fake.token)
    allowed = Overwrite(guild.bot.id, 1, allow=P.SEND_MESSAGES)
    script.when["allow it to Kith: Send Messages to greet"] = lambda: fake.world.overwrite(hall, allowed)
    await guide(fake, tmp_path, script, monkeypatch).lead()
    assert "#hall           lacks Send Messages; newcomers are greeted here" in script.text
    assert "#hall           all it needs; newcomers are greeted here" in script.text
    assert "#secret-things  lacks View Channels" in script.text
    assert "Add Reactions            to say thank you with a wave (not needed)" in script.text
    assert "Sent to your direct messages" in script.text


async def test_names_do_nothing_to_the_terminal(
    fake: FakeDiscord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guild = fake.guild("Work\u202eshop\x1b[2J", system_channel="hall")
    guild.channel("\u2066side\x07")
    guild.channel("a" * 100)
    script = Script(fake.token)
    await guide(fake, tmp_path, script, monkeypatch).lead()
    assert "It is in Workshop[2J." in script.text
    assert re.search("#side {20,40}all it needs", script.text)
    assert all(line.isprintable() for line in script.text.splitlines())


async def test_a_server_without_a_place_for_greetings_is_told(
    fake: FakeDiscord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.guild("Workshop").channel("talk")
    script = Script(fake.token)
    await guide(fake, tmp_path, script, monkeypatch).lead()
    assert "greeted nowhere yet" in script.text


@pytest.mark.parametrize(
    ("token", "words"),
    [("client-secret", "three parts"), ("MTA.wrong.token", "Reset Token"), ("", "three parts")],
)
async def test_a_wrong_token_is_named_and_kept_nowhere(
    token: str, words: str, fake: FakeDiscord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Refused, match=words):
        await guide(fake, tmp_path, Script(token), monkeypatch).lead()
    assert not tokens_folder().exists()


@pytest.mark.parametrize("form", ["  {}\r", '"{}"', "Bot {}", "'Bot {}' "])
async def test_a_token_is_taken_as_people_paste_it(
    form: str, fake: FakeDiscord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.guild("Workshop", system_channel="hall")
    await guide(fake, tmp_path, Script(form.format(fake.token)), monkeypatch).lead()
    [kept] = tokens_folder().iterdir()
    assert kept.read_text().strip() == fake.token


async def test_a_token_that_was_reset_is_asked_for_anew(
    fake: FakeDiscord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.guild("Workshop", system_channel="hall")
    await guide(fake, tmp_path, Script(fake.token), monkeypatch).lead()
    fake.revoke_token()
    script = Script(fake.token)
    await guide(fake, tmp_path, script, monkeypatch).lead()
    assert "it was reset" in script.text
    assert "Sent to your direct messages" in script.text
    [kept] = tokens_folder().iterdir()
    assert kept.read_text().strip() == fake.token
    quiet = Script("never asked")
    await guide(fake, tmp_path, quiet, monkeypatch).lead()
    assert "configured already" in quiet.text


async def test_a_refused_token_in_the_environment_is_named_as_such(
    fake: FakeDiscord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guide(fake, tmp_path, Script(""), monkeypatch)
    file = tmp_path / "config.toml"
    loaded = load(file, environ={"KITH_DISCORD_TOKEN": "MTA.wrong.token"})
    with pytest.raises(Refused, match=r"^environment variable KITH_DISCORD_TOKEN: Discord refuses"):
        await Guide(loaded, file, Script(fake.token)).lead()
    assert not tokens_folder().exists()


async def test_an_application_that_no_link_can_invite_is_told(
    fake: FakeDiscord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.requires_code_grant = True
    script = Script(fake.token)
    script.when["Waiting until"] = lambda: fake.guild("Workshop", system_channel="hall")
    await guide(fake, tmp_path, script, monkeypatch).lead()
    assert "Requires OAuth2 Code Grant" in script.text
    assert "Requires OAuth2 Code Grant" not in (await seen(fake))["discord-servers"].remedy


async def test_a_feature_that_reads_is_told_what_it_can_not_see(
    fake: FakeDiscord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.guild("Workshop", system_channel="hall")
    fake.switch("message_content", on=False)
    (tmp_path / "config.toml").write_text(
        f'[kith]\ncogs = ["tests.cogs.samples.herald"]\n[discord]\napi = "{fake.api_url}"\n'
    )
    script = Script(fake.token)
    await guide(fake, tmp_path, script, monkeypatch).lead()
    assert "see only what mentions Kith" in script.text
    config = load(tmp_path / "config.toml", environ={}).config
    found = {check.code: check for check in await doctor_looks(config)}["discord-content"]
    assert found.state is State.WARN
    assert "Message Content Intent" in found.remedy
    assert (await seen(fake))["discord-content"].state is State.OK


async def test_settings_that_can_not_be_used_keep_nobody_from_looking_at_discord(
    fake: FakeDiscord, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text(fake.token)
    (tmp_path / "config.toml").write_text(
        f'[discord]\napi = "{fake.api_url}"\ntoken_file = "token"\n[welcome]\ntogether = -5\n'
    )
    found = await doctor_looks(load(tmp_path / "config.toml", environ={}).config)
    assert found[0].state is State.OK


async def test_commands_that_go_elsewhere_are_told(
    fake: FakeDiscord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.guild("Workshop", system_channel="hall")
    fake.interactions_endpoint = "https://elsewhere.example/interactions"
    script = Script(fake.token)
    await guide(fake, tmp_path, script, monkeypatch).lead()
    assert "Empty Interactions Endpoint URL" in script.text
    assert (await seen(fake))["discord-commands"].state is State.FAIL


async def test_the_doctor_names_what_keeps_every_server_out(fake: FakeDiscord) -> None:
    assert "Invite it" in (await seen(fake))["discord-servers"].remedy
    fake.requires_code_grant = True
    assert "Requires OAuth2 Code Grant" in (await seen(fake))["discord-servers"].remedy


async def test_without_the_switch_and_with_closed_messages_it_goes_on(
    fake: FakeDiscord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.switch("members", on=False)
    guild = fake.guild("Workshop", system_channel="hall", bot_permissions=P.VIEW_CHANNEL)
    fake.world.owner.takes_dms = False
    script = Script(fake.token)
    script.answers = ["skip"]
    await guide(fake, tmp_path, script, monkeypatch).lead()
    assert "could not be sent" in script.text
    assert guild.name in script.text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[kith]\nzone = 'UTC'\n",
        '[discord]\n# note\ntoken = "x"\napi = "https://a.example"\n[web]\nport = 1\n',
    ],
)
def test_the_configuration_keeps_all_else(text: str, tmp_path: Path) -> None:
    before = tomllib.loads(text)
    after = tomllib.loads(with_token_file(text, Path("/home/me/t")))
    assert after["discord"].pop("token_file") == "/home/me/t"
    before.get("discord", {}).pop("token", None)
    assert {key: value for key, value in after.items() if value} == before
    assert with_token_file(with_token_file(text, Path("/a")), Path("/b")).count("token_file") == 1


async def seen(fake: FakeDiscord, token: str | None = None) -> dict[str, Check]:
    checks = await checkup.examine_token(token or fake.token, fake.api_url)
    assert {check.code for check in checks} <= set(checkup.CODES)
    return {check.code: check for check in checks}


async def test_the_doctor_finds_all_well(fake: FakeDiscord) -> None:
    fake.guild("Workshop", system_channel="hall")
    found = await seen(fake)
    assert found["discord-token"].state is State.OK
    assert found["discord-permissions"].state is State.OK
    assert found["discord-reach"].state is State.OK
    assert found["discord-greetings"].state is State.OK
    assert found["discord-commands"].state is State.WARN


async def test_the_doctor_names_what_is_wrong(fake: FakeDiscord) -> None:
    guild = fake.guild("Workshop", system_channel="hall", crowd=9_000)
    fake.world.overwrite(guild.channel("hall"), Overwrite(guild.bot.id, 0, deny=P.SEND_MESSAGES))
    fake.switch("members", on=False)
    found = await seen(fake)
    assert found["discord-members"].state is State.WARN
    assert "Server Members Intent" in found["discord-members"].remedy
    assert found["discord-permissions"].state is State.FAIL
    assert "#hall" in found["discord-permissions"].detail
    assert found["discord-reach"].state is State.WARN
    assert (await seen(fake, "MTA.wrong.token"))["discord-token"].state is State.FAIL


@pytest.mark.parametrize(("people", "state"), [(7_990, State.OK), (8_000, State.WARN), (12_000, State.WARN)])
async def test_the_doctor_warns_before_discord_reviews_and_drafts_the_application(
    fake: FakeDiscord, people: int, state: State
) -> None:
    fake.guild("Workshop", system_channel="hall", crowd=people // 2)
    fake.guild("Shed", system_channel="hall", crowd=people - people // 2)
    found = (await seen(fake))["discord-reach"]
    assert found.state is state
    if state is State.WARN:
        assert "10,000" in found.detail
        assert "A draft: “kith greets newcomers" in found.remedy


async def test_a_server_that_can_not_be_looked_at_hides_no_other(
    fake: FakeDiscord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = fake.guild("Odd", system_channel="hall")
    fake.guild("Workshop", system_channel="hall")
    fault = fake.faults.refuse(f"GET /guilds/{odd.id}", 403, 50001, times=None)
    checks = await checkup.examine_token(fake.token, fake.api_url)
    told = [check for check in checks if check.code == "discord-servers"]
    assert [check.state for check in told] == [State.OK, State.WARN]
    assert "Odd: Discord answers 403 50001" in told[1].detail
    assert "invite it again" in told[1].remedy
    assert {"discord-permissions", "discord-commands", "discord-reach"} <= {check.code for check in checks}
    script = Script(fake.token)
    script.when["Odd: Discord answers"] = fault.release
    await guide(fake, tmp_path, script, monkeypatch).lead()
    assert "It is in Odd, Workshop." in script.text
    assert "Sent to your direct messages" in script.text


async def test_the_doctor_notices_a_time_out(fake: FakeDiscord) -> None:
    guild = fake.guild("Workshop", system_channel="hall")
    guild.bot.timed_out_until_ms = fake.clock.now_ms() - 60_000
    assert (await seen(fake))["discord-permissions"].state is State.OK
    guild.bot.timed_out_until_ms = fake.clock.now_ms() + 60_000
    found = (await seen(fake))["discord-permissions"]
    assert (found.state, "time-out until" in found.detail) == (State.FAIL, True)
    assert "remove the time-out" in found.remedy


async def test_the_doctor_counts_how_often_kith_may_still_connect(fake: FakeDiscord) -> None:
    assert (await seen(fake))["discord-gateway"].state is State.OK
    fake.session_starts_left = 99
    few = (await seen(fake))["discord-gateway"]
    assert (few.state, few.detail) == (State.WARN, "only 99 of 1,000 are left for about 24 h")
    fake.session_starts_left = 0
    none = (await seen(fake))["discord-gateway"]
    assert none.state is State.FAIL
    assert "again and again" in none.remedy
    fake.faults.page("GET /gateway/bot", 200, '{"url": "wss://gateway.example"}', "application/json")
    assert (await seen(fake))["discord-gateway"].state is State.OK


@pytest.mark.parametrize(
    ("status", "text", "words"), [(429, "error code: 1015", "other bots"), (403, "<html>", "online")]
)
async def test_the_doctor_says_who_turned_it_away(
    status: int, text: str, words: str, fake: FakeDiscord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.faults.page("GET /applications/@me", status, text, times=2)
    assert words in (await seen(fake))["discord-token"].remedy
    with pytest.raises(Refused, match=words):
        await guide(fake, tmp_path, Script(fake.token), monkeypatch).lead()


async def test_addresses_stay_in_one_piece_on_a_narrow_terminal(
    fake: FakeDiscord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    (tmp_path / "token").write_text(fake.token)
    (tmp_path / "config.toml").write_text(f'[discord]\napi = "{fake.api_url}"\ntoken_file = "token"\n')
    await asyncio.to_thread(show, tmp_path / "config.toml", as_json=False)
    assert invitation(str(fake.world.application_id)) in capsys.readouterr().out


async def test_the_doctor_tells_of_two_greetings(fake: FakeDiscord) -> None:
    fake.guild("Workshop", system_channel="hall", join_messages=True)
    found = (await seen(fake))["discord-greetings"]
    assert found.state is State.WARN
    assert "switch off" in found.remedy


def test_every_code_permission_and_reason_is_explained() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "connect-discord.md").read_text(encoding="utf-8")
    assert re.findall(r"^### (discord-\w+)$", text, re.MULTILINE) == list(checkup.CODES)
    for need in NEEDS:
        assert f"| {need.name} | {need.why} | {'yes' if need.vital else 'better'} |" in text
    for code in (*MEANINGS, *LATER):
        assert f"`discord-{code}`" in text, code
