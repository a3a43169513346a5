"""Setting Slack up from a terminal, the manifest that is made for it, and what the doctor sees afterwards."""

from __future__ import annotations

import json
import re
import stat
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio

from bot import slack as configured
from bot.cli.connect_slack import Guide
from bot.cli.failures import Refused
from bot.cli.terminal import tokens_folder
from bot.config import Config, Slack
from bot.config_file import load
from bot.core import catalog_of
from bot.doctor import examine
from bot.model.check import State
from bot.model.content import Catalog, MenuSpec, MenuTarget
from bot.model.roles import Role
from bot.platforms.slack import manifest as manifests
from bot.platforms.slack.adapter import SlackPlatform, SlackRefused
from bot.platforms.slack.manifest import creation_link, manifest, scopes
from bot.platforms.slack.names import Names
from tests.contracts.platform_contract import Recorder
from tests.fakes.slack import FakeSlack, RateLimit, Refuse, Workspace, specs, validate_manifest
from tests.slack.home import home
from tests.slack.stage import options


class Script:
    """Somebody who pastes these secrets and answers as written."""

    def __init__(self, *secrets: str, name: str = "") -> None:
        self.secrets = list(secrets)
        self.name = name
        self.lines: list[str] = []

    def say(self, text: str = "") -> None:
        self.lines.append(text)

    def ask_secret(self, question: str) -> str:
        return self.secrets.pop(0)

    def ask(self, question: str, default: str) -> str:
        return self.name or default

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


@pytest_asyncio.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack(configured.manifest(Config())) as server:
        yield server


def guide(slack: FakeSlack, path: Path, script: Script, monkeypatch: pytest.MonkeyPatch) -> Guide:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(path / "home"))
    monkeypatch.setenv("APPDATA", str(path / "home"))
    file = path / "config.toml"
    if not file.exists():
        file.write_text(f'# mine\n[slack]\napi = "{slack.url}/api"\n')
    return Guide(load(file, environ={}), file, script)


async def test_from_nothing_to_a_greeting(
    slack: FakeSlack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace: Workspace = slack.workspace("Workshop")
    ada = workspace.member("Ada")
    script = Script(workspace.bot_token, slack.app_token, name="@ada")
    await guide(slack, tmp_path, script, monkeypatch).lead()
    assert "chat:write           to post" in script.text
    assert "Socket Mode works" in script.text
    assert "in 1: #general" in script.text
    greeting = ada.dm_channel.last
    assert "This is how I greet" in greeting.shown
    assert "/kith admin setup" in greeting.shown
    for token in (workspace.bot_token, slack.app_token):
        assert token not in script.text
    kept = sorted(tokens_folder().iterdir())
    who = f"{workspace.id}-{workspace.bot.id}"
    assert [file.name for file in kept] == [f"slack-{who}-app-token", f"slack-{who}-bot-token"]
    if sys.platform != "win32":
        assert {stat.S_IMODE(file.stat().st_mode) for file in kept} == {0o600}
    again = load(tmp_path / "config.toml", environ={})
    assert again.config.slack.bot_token is not None
    assert again.config.slack.bot_token.get_secret_value() == workspace.bot_token
    assert (tmp_path / "config.toml").read_text().startswith("# mine")
    repeated = Script()
    await Guide(again, tmp_path / "config.toml", repeated).lead()
    assert "configured already" in repeated.text
    checks = await examine(again, (configured.look,))
    found = {check.code: check.state for check in checks if check.code.startswith("slack")}
    assert found == dict.fromkeys(
        ("slack-token", "slack-clock", "slack-scopes", "slack-socket", "slack-channels", "slack-manifest"),
        State.OK,
    )


@pytest.mark.parametrize(
    ("bot", "app", "says"),
    [
        ("app", "app", "not the bot token, which begins with xoxb-: it is the other one"),
        ("bot", "bot", "not the app token, which begins with xapp-: it is the other one"),
        ("xoxp-1", "app", "it is a person's token"),
        ("hello", "app", "Nothing was kept"),
        ("", "app", "Nothing was given"),
        ("xoxb-unknown", "app", "Mend this first"),
        ("bot", "xapp-unknown", "Mend this first"),
    ],
)
async def test_the_wrong_token_is_not_kept(
    bot: str, app: str, says: str, slack: FakeSlack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = slack.workspace("Workshop")
    real = {"bot": workspace.bot_token, "app": slack.app_token}
    script = Script(real.get(bot, bot), real.get(app, app))
    with pytest.raises(Refused, match=says):
        await guide(slack, tmp_path, script, monkeypatch).lead()
    assert not tokens_folder().exists()


async def test_what_was_pasted_with_quotes_is_taken(
    slack: FakeSlack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = slack.workspace("Workshop")
    monkeypatch.setenv("KITH_SLACK_APP_TOKEN", "xapp-old")
    script = Script(f' "{workspace.bot_token}"\n', f"`{slack.app_token}` ")
    await guide(slack, tmp_path, script, monkeypatch).lead()
    assert "KITH_SLACK_APP_TOKEN in the environment comes before it" in script.text
    assert "KITH_SLACK_BOT_TOKEN" not in script.text


async def test_tokens_that_slack_takes_no_more_are_replaced(
    slack: FakeSlack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = slack.workspace("Workshop")
    await guide(slack, tmp_path, Script(workspace.bot_token, slack.app_token), monkeypatch).lead()
    workspace.uninstall()
    for script in (Script(""), Script(slack.app_token), Script("xoxb-unknown")):
        with pytest.raises(Refused, match=r"nothing was kept|Nothing was kept"):
            await guide(slack, tmp_path, script, monkeypatch).lead()
        assert "removed from this workspace" in script.text
    workspace.install()
    script = Script(workspace.bot_token)
    await guide(slack, tmp_path, script, monkeypatch).lead()
    assert "All done" in script.text
    again = load(tmp_path / "config.toml", environ={}).config.slack
    assert again.bot_token is not None
    assert again.app_token is not None
    assert again.bot_token.get_secret_value() == workspace.bot_token
    slack.faults.add(Refuse("invalid_auth"), "apps.connections.open")
    script = Script(slack.app_token)
    await guide(slack, tmp_path, script, monkeypatch).lead()
    assert "All done" in script.text


async def test_a_renamed_command_is_named_so(
    slack: FakeSlack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = slack.workspace("Workshop")
    guide(slack, tmp_path, Script("", ""), monkeypatch)
    file = tmp_path / "config.toml"
    file.write_text(file.read_text() + 'command = "neighbour"\n')
    script = Script(workspace.bot_token, slack.app_token, name="@nobody")
    await guide(slack, tmp_path, script, monkeypatch).lead()
    assert "type /neighbour admin setup" in script.text
    assert "/kith " not in script.text


async def test_over_http_the_address_and_the_signing_secret_come_first(
    slack: FakeSlack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = slack.workspace("Workshop")
    guide(slack, tmp_path, Script("", ""), monkeypatch)
    file = tmp_path / "config.toml"

    async def lead(script: Script) -> None:
        await Guide(load(file, environ={}), file, script, http=True).lead()

    with pytest.raises(Refused, match=r"web\.public_url"):
        await lead(Script(workspace.bot_token, slack.app.signing_secret))
    file.write_text('[web]\npublic_url = "https://kith.example.org"\n' + file.read_text())
    with pytest.raises(Refused, match="That is not the signing secret"):
        await lead(Script(workspace.bot_token, slack.app_token))
    assert not tokens_folder().exists()
    script = Script(workspace.bot_token, slack.app.signing_secret)
    await lead(script)
    assert "kith connect slack --http --manifest" in script.text
    assert len([*tokens_folder().iterdir()]) == 2


async def test_missing_and_needless_scopes_are_named_with_their_why(
    slack: FakeSlack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = slack.workspace("Workshop")
    granted = [scope for scope in workspace.installation.scopes if scope != "im:write"]
    workspace.set_scopes(*granted)
    script = Script(workspace.bot_token, slack.app_token)
    with pytest.raises(Refused):
        await guide(slack, tmp_path, script, monkeypatch).lead()
    assert "missing: im:write (to write private messages)" in script.text
    workspace.set_scopes(*granted, "im:write", "emoji:read")
    script = Script(workspace.bot_token, slack.app_token)
    await guide(slack, tmp_path, script, monkeypatch).lead()
    assert "more than Kith needs: emoji:read" in script.text


async def test_the_doctor_says_what_is_wrong_with_the_connection(slack: FakeSlack) -> None:
    workspace = slack.workspace("Workshop")
    config = Config(
        slack=Slack(bot_token=workspace.bot_token, app_token=slack.app_token, api=f"{slack.url}/api")
    )

    async def found() -> dict[str, State]:
        return {check.code: check.state for check in await configured.look(config)}

    slack.faults.add(Refuse("no"), "socket", times=1)
    assert (await found())["slack-socket"] is State.FAIL
    slack.faults.add(Refuse("missing_scope"), "users.conversations")
    assert (await found())["slack-channels"] is State.WARN
    slack.faults.add(Refuse("internal_error"), "users.conversations")
    slack.faults.add(RateLimit(), "apps.connections.open")
    assert {code for code, state in (await found()).items() if state is not State.OK} == {
        "slack-socket",
        "slack-channels",
    }
    workspace.revoke()
    assert await found() == {"slack-token": State.FAIL, "slack-manifest": State.OK}
    away = config.model_copy(update={"slack": config.slack.model_copy(update={"api": "http://127.0.0.1:1"})})
    check, _ = await configured.look(away)
    assert (check.code, check.state) == ("slack-token", State.FAIL)
    assert "can't be reached" in check.detail


async def test_tokens_of_two_apps_are_told_apart(
    slack: FakeSlack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = slack.workspace("Workshop")
    workspace.bot.app_id = "A0OTHER00"
    script = Script(workspace.bot_token, slack.app_token)
    with pytest.raises(Refused, match="nothing was kept"):
        await guide(slack, tmp_path, script, monkeypatch).lead()
    assert f"app-level token is of the app {slack.app.id}, the bot token of A0OTHER00" in script.text
    assert not tokens_folder().exists()


async def test_a_token_of_a_whole_organisation_is_refused_kindly(
    slack: FakeSlack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = slack.workspace("Workshop")
    slack.app.org_wide = True
    script = Script(workspace.bot_token, slack.app_token)
    with pytest.raises(Refused, match="Mend this first"):
        await guide(slack, tmp_path, script, monkeypatch).lead()
    assert "The bot token is for a whole organisation" in script.text
    platform = SlackPlatform(options(slack, workspace))
    with pytest.raises(SlackRefused, match="Install the app in one"):
        await platform.run(Recorder(), Catalog())


# -- the manifest -------------------------------------------------------------------------------------------


@pytest.mark.skipif(not specs.available(), reason=specs.MISSING)
@pytest.mark.parametrize("http", [False, True])
@pytest.mark.parametrize("channels", [(), ("C0000001",)])
def test_slack_finds_nothing_wrong_with_the_manifest(http: bool, channels: tuple[str, ...]) -> None:
    config = Config(slack=Slack(channels=channels))
    made = configured.manifest(config, http=http)
    assert validate_manifest(made) == []
    assert made["settings"]["socket_mode_enabled"] is not http
    assert ("member_joined_channel" in made["settings"]["event_subscriptions"]["bot_events"]) is bool(
        channels
    )


def test_the_manifest_follows_what_the_features_need() -> None:
    made = configured.manifest(Config(slack=Slack(command="neighbour", shoutout="kudos")))
    features = made["features"]
    assert [one["command"] for one in features["slash_commands"]] == ["/neighbour", "/kudos"]
    assert all(one["should_escape"] for one in features["slash_commands"])
    assert [one["name"] for one in features["shortcuts"]] == [
        "Give a shout-out",
        "Ask",
        "My Kith",
        "Why this?",
        "Thank for this",
    ]
    listening = Catalog(events=frozenset({"MessagePosted", "ReactionAdded"}))
    assert "reactions:read" in scopes(listening)
    assert "message.channels" in manifests.events(listening)
    assert "message.channels" not in manifests.events(Catalog())
    assert all(scopes(listening).values())


def test_the_document_tells_every_scope_with_its_why() -> None:
    text = (Path(__file__).parents[2] / "docs" / "connect-slack.md").read_text(encoding="utf-8")
    table = text[text.index("## Permissions") : text.index("## Over HTTP")]
    told = dict(re.findall(r"^\| `([a-z_.:]+)` \| (.+) \|$", table, re.MULTILINE))
    wanted = scopes(catalog_of(Config()))
    assert {scope: why.replace("`", "") for scope, why in told.items()} == wanted


def test_there_are_never_more_than_ten_shortcuts() -> None:
    menus = tuple(
        MenuSpec(MenuTarget.MESSAGE, f"Menu {n}" * 9, f"c.m{n}", Role.MEMBER, "c") for n in range(20)
    )
    catalog = replace(catalog_of(Config()), menus=menus)
    made = manifest(catalog, Names())
    assert len(made["features"]["shortcuts"]) <= 10
    assert not specs.available() or validate_manifest(made) == []


def test_the_link_holds_the_manifest() -> None:
    made = configured.manifest(Config())
    link = urlsplit(creation_link(made))
    assert (link.hostname, link.path) == ("api.slack.com", "/apps")
    assert json.loads(parse_qs(link.query)["manifest_json"][0]) == made


async def test_everything_works_with_no_more_than_the_manifest_grants(tmp_path: Path) -> None:
    async with home(tmp_path, manifest=configured.manifest(Config())) as h:
        kim = h.workspace.join("Kim")
        await h.robin.sees(f"<@{kim.id}>", h.hall)
        form = await (await h.ada.shortcut("Give a shout-out")).view()
        await h.ada.submit(form, {"To": h.mina, "What for?": "She found the fault in the belt."})
        said = await h.mina.sees("the fault in the belt", h.wall)
        await (await h.ada.shortcut("Why this?", said)).message()
        await h.ada.open_home()
        await h.slack.until(lambda: h.ada.home is not None)
        await h.ada.dm("hello")
        await h.ada.sees("/kith me", h.ada.dm_channel)
        await h.ada.say(h.hall, h.workspace.bot, " hi")
        await h.slack.until(lambda: any("/kith me" in one.shown for one in h.ada.ephemerals))
        corner = h.workspace.channel("corner", h.robin, bot=False)
        settings = await (await h.kith(h.robin, "admin settings kindness")).view()
        await h.robin.submit(settings, {"Wall of thanks": corner})
        await h.robin.sees("Kept")
        await h.mina.command(h.hall, "/shoutout", h.ada, " For the cake on Friday.")
        await h.robin.sees("the cake on Friday", corner)
        assert not [
            call for call in h.slack.calls() if call.answer and call.answer.get("error") == "missing_scope"
        ]
