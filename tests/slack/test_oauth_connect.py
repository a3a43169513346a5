"""Setting Slack up for several workspaces, its manifest, what the doctor sees, and keys that rotate."""

from __future__ import annotations

import asyncio
import json
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot import slack as configured
from bot.cli import main
from bot.cli.connect_slack_oauth import SharedGuide
from bot.cli.failures import Refused
from bot.cli.terminal import tokens_folder
from bot.config import Config, Slack, Web, split_keys
from bot.config_file import load
from bot.config_problems import ConfigError
from bot.keyring import Keyring, WrongKey, new_key
from bot.model.check import State
from storage.engines import open_engine
from tests.fakes.slack import Drop, FakeSlack, Refuse, validate_manifest
from tests.slack.shared import Shared, shared

PUBLIC = "https://kith.example.org"


class Script:
    """Somebody who types this client id, and pastes these secrets."""

    def __init__(self, client_id: str = "", *secrets: str) -> None:
        self.client_id = client_id
        self.secrets = list(secrets)
        self.lines: list[str] = []

    def say(self, text: str = "") -> None:
        self.lines.append(text)

    def ask_secret(self, question: str) -> str:
        return self.secrets.pop(0)

    def ask(self, question: str, default: str) -> str:
        return self.client_id

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_CONFIG_HOME", "APPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "home"))


@pytest_asyncio.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as server:
        yield server


def guide(slack: FakeSlack, path: Path, script: Script, public: str = PUBLIC, **more: str) -> SharedGuide:
    file = path / "config.toml"
    lines = "".join(f'{key} = "{value}"\n' for key, value in more.items())
    file.write_text(f'# mine\n[web]\npublic_url = "{public}"\n[slack]\napi = "{slack.url}/api"\n{lines}')
    return SharedGuide(load(file, environ={}), file, script)


async def test_from_nothing_to_the_page_for_workspaces(slack: FakeSlack, tmp_path: Path) -> None:
    app = slack.app
    script = Script(app.client_id, app.client_secret, app.signing_secret)
    await guide(slack, tmp_path, script).lead()
    assert "chat:write           to post" in script.text
    assert "activate public distribution" in script.text
    assert f"{PUBLIC}/slack/install" in script.text
    kept = sorted(tokens_folder().iterdir())
    assert [file.name.removeprefix(f"slack-{app.client_id}-") for file in kept] == [
        "client-secret",
        "encryption-keys",
        "signing-secret",
    ]
    if sys.platform != "win32":
        assert {stat.S_IMODE(file.stat().st_mode) for file in kept} == {0o600}
    for file in kept:
        assert file.read_text().strip() not in script.text
    config = load(tmp_path / "config.toml", environ={}).config
    assert config.slack.client_id == app.client_id
    assert config.platforms == ("slack",)
    key = kept[1].read_text()
    again = Script()
    await SharedGuide(load(tmp_path / "config.toml", environ={}), None, again).lead()
    assert "configured already" in again.text
    # done once more from the beginning, the key stays: tokens may be encrypted with it
    await guide(slack, tmp_path, Script(app.client_id, app.client_secret, app.signing_secret)).lead()
    assert kept[1].read_text() == key
    assert (tmp_path / "config.toml").read_text().startswith("# mine")


@pytest.mark.parametrize(
    ("client_id", "secret", "signing", "says"),
    [
        ("A0123", "", "", "no client ID"),
        ("1.2", "nothing", "", "no client secret"),
        ("1.2", "0" * 32, "xoxb-1", "no signing secret"),
        ("1.2", "0" * 32, "0" * 32, "two different ones"),
        ("1.2", "0" * 32, "1" * 32, "Mend this first"),
    ],
)
async def test_what_is_mistaken_is_not_kept(
    client_id: str, secret: str, signing: str, says: str, slack: FakeSlack, tmp_path: Path
) -> None:
    with pytest.raises(Refused, match=says):
        await guide(slack, tmp_path, Script(client_id, secret, signing)).lead()
    assert not tokens_folder().exists()


async def test_it_needs_an_address_and_no_tokens(slack: FakeSlack, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(f'[slack]\napi = "{slack.url}/api"\n')
    with pytest.raises(Refused, match=r"web\.public_url"):
        await SharedGuide(load(file, environ={}), file, Script()).lead()
    with pytest.raises(Refused, match=r"slack\.bot_token is for a single workspace"):
        await guide(slack, tmp_path, Script(), bot_token="xoxb-1", app_token="xapp-1").lead()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (
            {"client_id": "1.2"},
            "also needs slack.client_secret, slack.encryption_keys, slack.signing_secret, web.",
        ),
        ({"client_secret": "x"}, "slack.client_id"),
        ({"client_id": "A1"}, "slack.client_id: is written like 1234567890.1234567890"),
        ({"encryption_keys": "short"}, "key 1 of 1 is none; make one with: kith slack new-key"),
        ({"encryption_keys": " , "}, "there is no key in it"),
        ({"client_id": "1.2", "bot_token": "xoxb-1"}, "slack.bot_token is for a single workspace"),
        ({"client_id": "1.2", "channels": ["C0123456"]}, "slack.channels is for a single workspace"),
        ({"pkce": "yes"}, "must be true or false"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_half_a_configuration_is_told(given: dict[str, Any], says: str, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[slack]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in given.items()))
    with pytest.raises(ConfigError) as refused:
        load(file, environ={})
    assert says in str(refused.value)


def test_keys_may_stand_in_a_file_or_the_environment(tmp_path: Path) -> None:
    one, two = new_key(), new_key()
    file = tmp_path / "keys"
    file.write_text(f"{one}\n{two}\n")
    environ = {
        "KITH_SLACK_CLIENT_ID": "1.2",
        "KITH_SLACK_CLIENT_SECRET": "a client secret",
        "KITH_SLACK_SIGNING_SECRET": "a signing secret",
        "KITH_SLACK_ENCRYPTION_KEYS_FILE": str(file),
        "KITH_SLACK_PKCE": "true",
        "KITH_WEB_PUBLIC_URL": PUBLIC,
        "KITH_HOME": str(tmp_path),
    }
    loaded = load(environ=environ)
    keys = loaded.config.slack.encryption_keys
    assert keys is not None
    assert split_keys(keys) == [one, two]
    assert loaded.config.slack.pkce
    assert {one, two} <= set(loaded.config.secrets())
    assert one not in repr(loaded.config)
    if sys.platform != "win32":
        assert any("others can read it" in problem.message for problem in loaded.exposed)


def test_the_first_key_seals_and_all_open() -> None:
    old, new = new_key(), new_key()
    sealed = Keyring([old]).seal("for this", "words\nand more")
    assert Keyring([new, old]).open("for this", sealed) == "words\nand more"
    with pytest.raises(WrongKey):
        Keyring([new]).open("for this", sealed)
    with pytest.raises(WrongKey):
        Keyring([old]).open("for that", sealed)
    with pytest.raises(WrongKey):
        Keyring([old]).open("for this", sealed[:-2])
    again = Keyring([new, old]).reseal(sealed)
    assert Keyring([new]).open("for this", again) == "words\nand more"


@pytest.mark.parametrize("pkce", [False, True])
def test_the_manifest_is_for_many(pkce: bool) -> None:
    config = Config(web=Web(public_url=PUBLIC), slack=Slack(pkce=pkce))
    made = configured.manifest(config, shared=True)
    assert validate_manifest(made) == []
    assert made["oauth_config"]["redirect_urls"] == [f"{PUBLIC}/slack/oauth"]
    assert made["oauth_config"].get("pkce_enabled", False) is pkce
    assert made["settings"]["token_rotation_enabled"] is True
    assert made["settings"]["event_subscriptions"]["request_url"] == f"{PUBLIC}/slack/events"
    assert {"app_uninstalled", "tokens_revoked"} <= set(made["settings"]["event_subscriptions"]["bot_events"])
    one = configured.manifest(Config())
    assert "redirect_urls" not in one["oauth_config"]
    assert one["settings"]["token_rotation_enabled"] is False


# -- the doctor


async def seen(s: Shared) -> dict[str, tuple[State, str]]:
    """What the doctor sees while Kith is stopped."""
    return {check.code: (check.state, check.detail) for check in await configured.look(s.config())}


async def test_the_doctor_sees_workspaces_keys_and_credentials(tmp_path: Path) -> None:
    async with shared(tmp_path) as s:
        one, two = await s.place("One"), await s.place("Two")
        await s.stop()
        fine = await seen(s)
        assert {code: state for code, (state, _) in fine.items()} == {
            "slack-oauth": State.WARN,  # no https on loopback's stand-in
            "slack-keys": State.OK,
            "slack-workspaces": State.OK,
            "slack-scopes": State.OK,
            "slack-manifest": State.OK,
        }
        assert "One" in fine["slack-workspaces"][1]
        s.slack.app.request_url = None
        one.workspace.uninstall(order=())
        two.workspace.set_scopes("chat:write")
        found = await seen(s)
        assert found["slack-workspaces"] == (
            State.FAIL,
            f"One ({one.workspace.id}): Slack refuses its token (account_inactive)",
        )
        assert "channels:history" in found["slack-scopes"][1]
        s.slack.clock.advance(13 * 3_600)
        assert "Two" not in (await seen(s))["slack-workspaces"][1]
        right, s.key = s.key, new_key()
        state, detail = (await seen(s))["slack-keys"]
        assert (state, "One" in detail) == (State.FAIL, True)
        s.key = right
        for fault, says in ((Refuse("bad_client_secret"), "bad_client_secret"), (Drop(), "can't be reached")):
            s.slack.faults.add(fault, "oauth.v2.access")
            state, detail = (await seen(s))["slack-oauth"]
            assert (state, says in detail) == (State.FAIL, True)
        await s.start()
        await s.state(one, "uninstalled")


async def test_the_doctor_goes_on_where_tables_are_still_to_be_made(slack: FakeSlack, tmp_path: Path) -> None:
    engine = await open_engine(f"sqlite:///{tmp_path.as_posix()}/kith.db", exclusive=False)
    await engine.close()
    script = Script(slack.app.client_id, slack.app.client_secret, slack.app.signing_secret)
    await guide(slack, tmp_path, script).lead()
    file = tmp_path / "config.toml"
    file.write_text(f'[kith]\ndata = "{tmp_path.as_posix()}"\n' + file.read_text())
    found = await configured.look(load(file, environ={}).config)
    assert {check.code: check.state for check in found} == {
        "slack-oauth": State.OK,
        "slack-manifest": State.OK,
    }


# -- from the command line


def kith(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return int(ended.value.code or 0)


class Line:
    """The command line of a Kith that many workspaces installed."""

    def __init__(self, s: Shared, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.s = s
        self.file = path / "config.toml"
        self._capsys = capsys
        self.configure(s.key)

    def configure(self, keys: str) -> None:
        app = self.s.slack.app
        self.file.write_text(
            f'[kith]\ndata = "{self.s.path.as_posix()}"\n[web]\npublic_url = "{PUBLIC}"\n'
            f'[slack]\nclient_id = "{app.client_id}"\nclient_secret = "{app.client_secret}"\n'
            f'signing_secret = "{app.signing_secret}"\nencryption_keys = "{keys}"\n'
            f'api = "{self.s.slack.url}/api"\n'
        )

    async def run(self, *arguments: str) -> tuple[int, str]:
        self._capsys.readouterr()
        code = await asyncio.to_thread(kith, "slack", *arguments, "-c", str(self.file))
        told = self._capsys.readouterr()
        return code, told.out + told.err


async def test_keys_rotate_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with shared(tmp_path) as s:
        place = await s.place("One")
        line, fresh = Line(s, tmp_path, capsys), new_key()
        line.configure(f"{fresh} {s.key}")
        code, said = await line.run("rotate-keys")
        assert code == 5, said  # Kith is running
        code, said = await line.run("workspaces")
        assert (code, "One" in said, "installed" in said) == (0, True, True)
        await s.stop()
        line.configure(new_key())
        code, said = await line.run("rotate-keys")
        assert (code, f"One ({place.workspace.id})" in said) == (1, True)
        line.configure(f"{fresh} {s.key}")
        code, said = await line.run("rotate-keys")
        assert (code, "of 1 workspace are" in said) == (0, True), said
        assert fresh not in said
        s.key = fresh
        await s.start()
        await place.open()
        await place.greets("Kim")


async def test_kith_is_taken_out_of_a_workspace_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with shared(tmp_path) as s:
        one, two = await s.place("One"), await s.place("Two")
        await s.stop()
        line = Line(s, tmp_path, capsys)
        s.slack.app.request_url = None
        code, said = await line.run("remove", "Three")
        assert (code, f"{two.workspace.id}  Two" in said) == (2, True)
        s.slack.faults.add(Refuse("bad_client_secret"), "apps.uninstall")
        code, said = await line.run("remove", "One")
        assert (code, "Slack refuses: bad_client_secret. Nothing was changed." in said) == (2, True)
        s.slack.faults.add(Drop(accept=False), "apps.uninstall")
        assert (await line.run("remove", "One"))[0] == 2
        code, said = await line.run("remove", "One")
        assert (code, said) == (0, f"Kith is in One ({one.workspace.id}) no more.\n")
        assert not one.workspace.installation.active
        s.slack.clock.advance(13 * 3_600)  # its token has to be renewed for that
        assert (await line.run("remove", two.workspace.id))[0] == 0
        assert not two.workspace.installation.active
        assert "Kith is in no workspace" in (await line.run("remove", "One"))[1]
        await s.start()
        assert {row["lost_at"] is None for row in await s.rows("SELECT lost_at FROM space")} == {False}
        await s.install(one)
        await one.open()


def test_a_new_key_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert kith("slack", "new-key") == 0
    key = capsys.readouterr().out.strip()
    assert Keyring([key]).open("x", Keyring([key]).seal("x", "y")) == "y"
