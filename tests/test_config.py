"""The configuration: layers, secrets, mistakes told with their line, and the example that documents it."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.config import BUILT_IN_COGS, secret_names, sections, variable
from bot.config_file import Loaded, load, own_secret
from bot.config_problems import ConfigError
from bot.toml_lines import KeyPath, locate
from bot.zones import known_zone, system_zone


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def read(file: Path, text: str, **environ: str) -> Loaded:
    file.write_text(text, encoding="utf-8")
    file.chmod(0o600)
    return load(file, environ=environ)


def mistakes(file: Path, text: str, **environ: str) -> list[str]:
    """The problems, with the file's folder left out."""
    with pytest.raises(ConfigError) as caught:
        read(file, text, **environ)
    return [str(problem).replace(f"{file.parent}/", "") for problem in caught.value.problems]


# --- what applies


def test_no_file_means_defaults(tmp_path: Path) -> None:
    loaded = load(environ={"KITH_HOME": str(tmp_path)})
    assert loaded.file is None
    assert loaded.config.kith.cogs == BUILT_IN_COGS
    assert loaded.config.web.port == 8137
    assert loaded.config.database_url == f"sqlite:///{tmp_path}/data/kith.db"
    assert loaded.config.has_room
    assert loaded.config.platforms == ()
    assert list(tmp_path.iterdir()) == []


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.toml: the file can't be read \(No such file"):
        load(tmp_path / "gone.toml", environ={})


def test_the_environment_wins_over_the_file_and_options_over_both(file: Path) -> None:
    text = '[kith]\nzone = "Europe/Paris"\ncogs = []\n[web]\nport = 1\nhost = "localhost"\n'
    file.write_text(text)
    environ = {"KITH_WEB_PORT": "2", "KITH_ZONE": "Asia/Tokyo", "KITH_COGS": "a.b, c", "KITH_WEB_HOST": ""}
    loaded = load(file, environ=environ, options={("web", "port"): 3, ("web", "host"): None})
    config = loaded.config
    assert (config.web.port, config.kith.zone, config.kith.cogs) == (3, "Asia/Tokyo", ("a.b", "c"))
    assert config.web.host == "localhost"
    assert loaded.where("web", "port") == "option --port"
    assert loaded.where("kith", "zone") == "environment variable KITH_ZONE"
    assert loaded.where("web", "host") == f"{file}:6"


def test_kith_home_is_where_relative_paths_start(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[kith]\ndata = "kept"\ndatabase = "sqlite:///some.db"\n')
    config = load(environ={"KITH_HOME": str(tmp_path)}).config
    assert config.data_folder == tmp_path / "kept"
    assert config.database_url == f"sqlite:///{tmp_path}/some.db"


def test_a_platform_closes_the_room_unless_it_is_on(file: Path) -> None:
    assert not read(file, "", KITH_DISCORD_TOKEN="t").config.has_room
    assert read(file, "[local]\nroom = true", KITH_DISCORD_TOKEN="t").config.has_room
    assert not read(file, '[local]\nroom = "off"').config.has_room


def test_tables_of_cogs_are_kept_with_their_places(file: Path) -> None:
    text = '[kith]\ncogs = ["cogs.welcome", "other.karma"]\n[karma]\nwords = [\n"a",\n"b"]\n'
    loaded = read(file, text)
    assert loaded.config.cog_defaults == {"karma": {"words": ["a", "b"]}}
    assert loaded.where("karma", "words", 1) == f"{file}:6"
    refused = loaded.refuse([(("karma", "words"), "too many words.")])
    assert str(refused) == f"{file}:4: too many words."


def test_a_cogs_table_that_does_nothing_is_a_warning(file: Path) -> None:
    loaded = read(file, "[kith]\ncogs = []\n[welcome]\n")
    assert "does nothing" in str(loaded.warnings[0])


# --- secrets


@pytest.mark.parametrize("given_in", ["file", "environment", "own file", "own file named in the environment"])
def test_a_secret_can_come_from_anywhere(file: Path, given_in: str) -> None:
    own = file.with_name("token")
    own.write_text(" shh-token\n")
    own.chmod(0o600)
    text = {"file": 'token = "shh-token"', "own file": 'token_file = "token"'}.get(
        given_in, 'token = "other"'
    )
    environ = {
        "environment": {"KITH_DISCORD_TOKEN": "shh-token"},
        "own file named in the environment": {"KITH_DISCORD_TOKEN_FILE": "token"},
    }.get(given_in, {})
    loaded = read(file, f"[discord]\n{text}\n", **environ)
    assert loaded.config.discord.token == SecretStr("shh-token")
    assert loaded.config.secrets() == ["shh-token"]
    assert "shh-token" not in repr(loaded)
    assert loaded.warnings == loaded.exposed == ()


def test_secrets_that_others_can_read_are_a_warning(file: Path) -> None:
    file.write_text('[discord]\ntoken = "t"\n')
    file.chmod(0o644)
    (warning,) = load(file, environ={}).exposed
    assert "others can read it" in warning.message
    assert warning.remedy.endswith(f"chmod 600 {file}")


def test_all_secrets_are_told_to_the_logs(file: Path) -> None:
    environ = {
        "KITH_DATABASE": "postgresql://kith:p%40ss@localhost/kith",
        "KITH_SECRET": "sixteen characters",
        "KITH_SLACK_BOT_TOKEN": "xoxb-1",
        "KITH_SLACK_SIGNING_SECRET": "sign",
    }
    config = read(file, "", **environ).config
    assert set(config.secrets()) == {"p%40ss", "p@ss", "sixteen characters", "xoxb-1", "sign"}


def test_an_own_secret_is_made_once_and_for_us_alone(tmp_path: Path) -> None:
    config = load(environ={"KITH_HOME": str(tmp_path)}).config
    made = own_secret(config)
    assert len(made.get_secret_value()) >= 40
    assert own_secret(config) == made
    assert (tmp_path / "data" / "secret").stat().st_mode & 0o777 == 0o600
    configured = load(environ={"KITH_HOME": str(tmp_path), "KITH_SECRET": "sixteen characters"}).config
    assert own_secret(configured) == SecretStr("sixteen characters")


@pytest.mark.parametrize(
    ("section", "key"), [(s, k) for s in sections() for k in secret_names(sections()[s])]
)
@pytest.mark.parametrize("value", ['"hush-hush"', '["hush-hush"]', "{ a = 'hush-hush' }", '"hush-hush'])
def test_no_mistake_shows_a_secret(file: Path, section: str, key: str, value: str) -> None:
    for text in (f"[{section}]\n{key} = {value}", f"[{section}]\n{key}x = {value}", f"{key} = {value}"):
        try:
            said = repr(read(file, text))
        except ConfigError as error:
            said = f"{error} {error.problems}"
        assert "hush" not in said


# --- mistakes


def test_all_mistakes_are_told_at_once_with_their_lines(file: Path) -> None:
    found = mistakes(
        file,
        """\
zone = "Europe/Berlin"
[kith]
zone = "Europe/Berln"
log_levl = "info"
cogs = [
  "cogs.welcome", # "a comment"
  "oh no",
  7]
[web]
port = "8137"
[local]
room = "of"
[wellcome]
greeting = "hi"
""",
        KITH_WEB_PORT="many",
    )
    assert found == [
        "config.toml:1: unknown key 'zone'. It goes below a line [kith].",
        "config.toml:3: kith.zone: there is no time zone 'Europe/Berln'; did you mean 'Europe/Berlin'?",
        "config.toml:4: unknown key 'log_levl' in [kith]. Did you mean 'log_level'?",
        'config.toml:7: kith.cogs: each cog is the dotted name of a Python package, like "cogs.welcome".',
        "config.toml:8: kith.cogs: must be text in quotes, but is a number.",
        "config.toml:12: local.room: must be one of 'auto', 'on' or 'off'; did you mean 'off'?",
        "config.toml:13: there is no table [wellcome]. Did you mean [welcome]?",
        "environment variable KITH_WEB_PORT: web.port: must be a whole number, without quotes, but is text.",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[web]\nport = 70000", "config.toml:2: web.port: must be 65535 or less."),
        ("[web]\nport = true", "config.toml:2: web.port: must be a whole number, without quotes, but is true or false."),
        ("[web]\nhost = ''", "config.toml:2: web.host: must not be empty."),
        ("[web]\nsecret = 'short'", "config.toml:2: web.secret: this is too short to be a secret"),
        ("[web]\npublic_url = 'kith'", "config.toml:2: web.public_url: must be an address like https://"),
        ("[kith]\ndatabase = 'mysql://x'", "config.toml:2: kith.database: must be like sqlite:///data/kith.db"),
        ("[kith]\ndata = 1979-05-27", "config.toml:2: kith.data: must be text in quotes, but is a date or time."),
        ("[kith]\ncogs = 'welcome'", "config.toml:2: kith.cogs: must be a list like"),
        ("[kith]\ncogs = ['a.welcome', 'b.welcome']", "config.toml:2: two cogs are called welcome"),
        ("web = 3", "config.toml:1: web is a table, so its keys go below a line [web]."),
        ("welcome = 3", "config.toml:1: welcome is a table, so its keys go below a line [welcome]."),
        ("[[welcome]]", "config.toml:1: welcome is a table, so its keys go below a line [welcome]."),
        ("[web.deep]\na = 1", "config.toml:1: unknown key 'deep' in [web]. Known are: host, port"),
        ("[discord]\ngateway = 'gateway'", "config.toml:2: discord.gateway: must be an address that begins with wss"),
        ("[discord]\ntoken = 'a'\ntoken_file = 'b'", "config.toml:2: discord.token is given twice"),
        ("[discord]\ntoken_file = 'b'", "config.toml:2: discord.token_file names a file that can't be read (No such"),
        ("[discord]\ntoken_file = 3", "config.toml:2: discord.token_file must be text in quotes"),
        ("[slack]\nbot_token = 'xoxb-1'", "config.toml:2: slack.bot_token alone receives nothing from Slack."),
        ("[slack]\napp_token = 'xapp-1'", "config.toml:1: without a bot_token there is no connection to Slack."),
        ("[slack]\nshoutout = 'kith'", "config.toml:2: /kith would be two commands."),
        ("[slack]\ncommand = 'shoutout'", "config.toml:1: /shoutout would be two commands."),
        ("[slack]\ncommand = '/kith'", "config.toml:2: slack.command: is written without the slash"),
        ("[slack]\nshoutout = 'Kudos!'", "config.toml:2: slack.shoutout: is written without the slash"),
        ("[slack]\nchannels = ['#hall']", "config.toml:2: slack.channels: each is a channel's id, like C0123ABCD"),
        ("[slack]\nbot_token = 'xapp-1'", "config.toml:2: slack.bot_token: this is not a bot token"),
        ("[web]\nport = 1\nport = 2\n", "config.toml:3: this is not valid TOML, column 9: Cannot overwrite a value."),
        ("[web]\nhost = \"\"\"", "config.toml:2: this is not valid TOML"),
        ("\n[web\n", "config.toml:2: this is not valid TOML"),
        ("[web]\nhost = '0.0.0.0'", "config.toml:2: listening on 0.0.0.0, beyond this machine, needs a secret"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line_and_what_to_do(file: Path, text: str, message: str) -> None:
    (found,) = mistakes(file, text)
    assert found.startswith(message)


def test_a_file_that_is_not_text_is_told(file: Path) -> None:
    file.write_bytes(b"[web]\n\xff\xfe")
    with pytest.raises(ConfigError, match=r"config\.toml:2: this is not UTF-8 text"):
        load(file, environ={})


def test_a_byte_order_mark_and_windows_line_ends_are_welcome(file: Path) -> None:
    file.write_bytes("\ufeff[web]\r\nport = 1\r\n".encode())
    assert load(file, environ={}).where("web", "port") == f"{file}:2"


def test_a_misspelt_variable_is_a_warning(file: Path) -> None:
    (warning,) = read(file, "", KITH_DISCORD_TOKN="shh").warnings
    assert str(warning) == (
        "environment variable KITH_DISCORD_TOKN: no setting has this name. Did you mean KITH_DISCORD_TOKEN?"
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "[::1]", "localhost", "LOCALHOST"])
def test_hosts_of_this_machine_need_no_secret(file: Path, host: str) -> None:
    assert read(file, f"[web]\nhost = '{host}'").config.web.is_loopback


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "192.168.1.2", "kith.example.org", "127.0.0.1.example.org"]
)
def test_hosts_beyond_this_machine_do(file: Path, host: str) -> None:
    (found,) = mistakes(file, f"[web]\nhost = '{host}'")
    assert "KITH_SECRET" in found
    assert read(file, f"[web]\nhost = '{host}'", KITH_SECRET="sixteen characters").config.web.host == host


# --- zones


def test_the_machines_zone_is_one_of_those_known(monkeypatch: pytest.MonkeyPatch) -> None:
    assert known_zone(system_zone())
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    assert system_zone() == "Asia/Kathmandu"
    monkeypatch.setenv("TZ", "../../etc/passwd")
    assert known_zone(system_zone())


def test_variables_are_named_after_their_keys() -> None:
    assert variable("kith", "zone") == "KITH_ZONE"
    assert variable("slack", "bot_token") == "KITH_SLACK_BOT_TOKEN"
    assert variable("web", "secret") == "KITH_SECRET"


# --- lines of keys, against tomllib

TRICKY = st.text(alphabet="ab#[]{}=.,'\"\\\n\t é", max_size=8)
KEY = st.one_of(st.sampled_from(["a", "b", "c", "d-e", "1"]), TRICKY)
VALUE: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.integers(-9, 9), st.booleans(), TRICKY),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEY, inner, max_size=3)),
    max_leaves=6,
)
BLANK = st.sampled_from(["", "\n", "# a comment with 'quotes\" and [x]\n", "  \n# = [\n\n"])


class Writer:
    """Writes a document in ways that a person might choose, noting on which line each thing went."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw, self.text = draw, ""
        self.lines: dict[KeyPath, int] = {}

    def note(self, path: KeyPath) -> None:
        self.lines.setdefault(path, self.text.count("\n") + 1)

    def key(self, key: str) -> str:
        if re.fullmatch("[A-Za-z0-9_-]+", key) and self.draw(st.booleans()):
            return key
        return self.string(key, several_lines=False)

    def string(self, text: str, several_lines: bool = True) -> str:
        escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
        forms = ['"' + escaped.replace("\n", "\\n") + '"']
        if "'" not in text and "\n" not in text:
            forms.append(f"'{text}'")
        if several_lines:
            forms.append('"""\n' + escaped + '"""')
            if "'''" not in text and not text.endswith("'"):
                forms.append("'''\n" + text + "'''")
        return self.draw(st.sampled_from(forms))

    def value(self, path: KeyPath, value: Any) -> None:
        if isinstance(value, str):
            self.text += self.string(value)
        elif isinstance(value, list):
            self.text += "[" + self.draw(BLANK)
            for index, item in enumerate(value):
                self.note((*path, index))
                self.value((*path, index), item)
                self.text += "," + self.draw(BLANK)
            self.text += "]"
        elif isinstance(value, dict):
            self.text += "{"
            for index, (key, item) in enumerate(value.items()):
                self.text += ", " if index else " "
                self.note((*path, key))
                self.text += self.key(key) + " = "
                self.value((*path, key), item)
            self.text += "}"
        else:
            self.text += str(value).lower()

    def table(self, path: tuple[str, ...], table: dict[str, Any]) -> None:
        later: dict[str, Any] = {}
        for key, value in table.items():
            if isinstance(value, dict) and self.draw(st.booleans()):
                later[key] = value
            else:
                self.text += self.draw(BLANK)
                self.note((*path, key))
                self.text += self.key(key) + self.draw(st.sampled_from([" = ", "="]))
                self.value((*path, key), value)
                self.text += self.draw(st.sampled_from(["\n", " # comment\n"]))
        for key, value in later.items():
            self.note((*path, key))
            self.text += "[" + ".".join(self.key(part) for part in (*path, key)) + "]\n"
            self.table((*path, key), value)


@given(st.data(), st.dictionaries(KEY, VALUE, max_size=5))
def test_every_key_is_found_on_its_line(data: st.DataObject, document: dict[str, Any]) -> None:
    writer = data.draw(st.composite(lambda draw: _written(draw, document))())
    assert tomllib.loads(writer.text) == document
    assert locate(writer.text) == writer.lines


def _written(draw: st.DrawFn, document: dict[str, Any]) -> Writer:
    writer = Writer(draw)
    writer.table((), document)
    return writer


def test_lists_of_tables_and_dotted_keys_have_their_lines() -> None:
    text = """\
a.b.c = 1
a.b.d = 2
[[songs]]
title = "[[songs]]"
[songs.by]
name = '''
x = 1'''
[[songs]]
[[songs.verses]]
n = 1979-05-27 07:32:00
["quoted \\u00e9".x]
end = inf
"""
    assert locate(text) == {
        ("a",): 1,
        ("a", "b"): 1,
        ("a", "b", "c"): 1,
        ("a", "b", "d"): 2,
        ("songs",): 3,
        ("songs", 0): 3,
        ("songs", 0, "title"): 4,
        ("songs", 0, "by"): 5,
        ("songs", 0, "by", "name"): 6,
        ("songs", 1): 8,
        ("songs", 1, "verses"): 9,
        ("songs", 1, "verses", 0): 9,
        ("songs", 1, "verses", 0, "n"): 10,
        ("quoted é",): 11,
        ("quoted é", "x"): 11,
        ("quoted é", "x", "end"): 12,
    }
