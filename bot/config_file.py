"""Reads the configuration: options over environment over config.toml, all mistakes told at once."""

from __future__ import annotations

import os
import re
import secrets
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, get_origin

from pydantic import SecretStr, ValidationError

from bot.config import BUILT_IN_COGS, Config, Section, keys, secret_names, sections, variable
from bot.config_problems import ConfigError, Problem, explain, reading_order, unreadable
from bot.model.nearest import nearest
from bot.toml_lines import KeyPath, locate

NOT_SETTINGS: Final = frozenset({"KITH_HOME", "KITH_CONFIG", "KITH_CHROMIUM"})
"""Variables of the environment with the prefix KITH_ that set no key; KITH_TEST_… are the tests' own."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration that can be used, and where each part of it stands."""

    config: Config
    file: Path | None
    warnings: tuple[Problem, ...]
    """What has no effect, such as a misspelt variable."""
    exposed: tuple[Problem, ...]
    """Files with secrets that others on this machine can read."""
    origins: Mapping[KeyPath, str]

    def where(self, *path: str | int) -> str:
        """Where the value at `path` was set, as in ``where("welcome", "texts", 0)``."""
        return _where(self.origins, path)

    def refuse(self, problems: list[tuple[KeyPath, str]]) -> ConfigError:
        """The error that tells of problems found later, as by a cog in its own table."""
        return ConfigError([Problem(self.where(*path), message) for path, message in problems])


def load(
    path: Path | None = None,
    *,
    environ: Mapping[str, str] = os.environ,
    options: Mapping[tuple[str, str], Any] = MappingProxyType({}),
) -> Loaded:
    """Read the configuration of `path`, or of config.toml in KITH_HOME or the working folder if there is one.

    `options` are keys given on the command line, like ``("web", "port")``; None means not given.
    Raises ConfigError with every problem at once.
    """
    home = Path(environ.get("KITH_HOME", "")).absolute()
    if path is None and "KITH_CONFIG" in environ:
        path = Path(environ["KITH_CONFIG"])
    if path is not None:
        file, home = path.absolute(), path.absolute().parent
    else:
        file = home / "config.toml"
    reader = _Reader(home)
    if path is not None or file.exists():
        reader.add_file(file)
    reader.add_environment(environ)
    reader.add_options(options)
    return reader.finish(file if path is not None or file.exists() else None)


def secret_file(config: Config) -> Path:
    """Where the secret is kept that was not configured."""
    return config.data_folder / "secret"


def own_secret(config: Config) -> SecretStr:
    """The secret that was configured, else one that is made once and kept in the data folder.

    Raises OSError if it can be neither read nor written.
    """
    if config.web.secret is not None:
        return config.web.secret
    path = secret_file(config)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return SecretStr(path.read_text(encoding="ascii").strip())
    with os.fdopen(handle, "w", encoding="ascii") as new:
        new.write(secrets.token_urlsafe(32) + "\n")
    return own_secret(config)


@dataclass
class _Reader:
    """Collects values with their origins, layer over layer, and the problems met on the way."""

    home: Path
    values: dict[str, dict[str, Any]] = field(default_factory=lambda: {name: {} for name in sections()})
    others: dict[str, Any] = field(default_factory=dict)
    origins: dict[KeyPath, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    exposed: list[Problem] = field(default_factory=list)

    def add_file(self, file: Path) -> None:
        shown, text = _shown(file), ""
        try:
            text = file.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
            document = tomllib.loads(text)
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
            self.problems.append(unreadable(shown, text, error))
            return
        self.origins |= {path: f"{shown}:{line}" for path, line in locate(text).items()}
        for name, value in document.items():
            if name not in self.values:
                self.others[name] = value
            elif isinstance(value, dict):
                self.add_section(name, value)
            else:
                message = f"{name} is a table, so its keys go below a line [{name}]."
                self.problems.append(Problem(self.where(name), message))
        has_secret = any(
            self.values[name].keys() & secret_names(section) for name, section in sections().items()
        )
        if has_secret:
            self.note_readers(file, "holds a secret")

    def add_section(self, name: str, table: Mapping[str, Any]) -> None:
        """Lay a table over what is there. A secret and its file stand for each other."""
        for key in secret_names(sections()[name]):
            if key in table and f"{key}_file" in table:
                remedy = f"Keep {key} or {key}_file."
                message = f"{name}.{key} is given twice, also as {key}_file on another line."
                self.problems.append(Problem(self.where(name, key), message, remedy))
                table = {other: value for other, value in table.items() if other != f"{key}_file"}
            elif key in table or f"{key}_file" in table:
                self.values[name].pop(key, None)
                self.values[name].pop(f"{key}_file", None)
        self.values[name] |= table

    def add_environment(self, environ: Mapping[str, str]) -> None:
        known = {
            variable(name, key): (name, key) for name, section in sections().items() for key in keys(section)
        }
        tables: dict[str, dict[str, Any]] = {}
        for entry, text in environ.items():
            if (
                not entry.startswith("KITH_")
                or entry in NOT_SETTINGS
                or entry.startswith("KITH_TEST_")
                or not text
            ):
                continue
            if entry not in known:
                close = nearest(entry, known)
                hint = f"Did you mean {close}?" if close else ""
                self.warnings.append(
                    Problem(f"environment variable {entry}", "no setting has this name.", hint)
                )
                continue
            name, key = known[entry]
            self.origins[name, key] = f"environment variable {entry}"
            tables.setdefault(name, {})[key] = _from_text(sections()[name], key, text)
        for name, table in tables.items():
            self.add_section(name, table)

    def add_options(self, options: Mapping[tuple[str, str], Any]) -> None:
        for (name, key), value in options.items():
            if value is not None:
                self.origins[name, key] = f"option --{key.replace('_', '-')}"
                self.values[name][key] = value

    def finish(self, file: Path | None) -> Loaded:
        for name, section in sections().items():
            for key in secret_names(section):
                self.read_secret_file(name, key)
        try:
            config = Config(**self.values, home=self.home)  # type: ignore[arg-type]  # validated here
        except ValidationError as error:
            self.problems += [explain(one, self.where) for one in error.errors(include_url=False)]
            config = None
        cogs = config.kith.cogs if config else self.values["kith"].get("cogs", BUILT_IN_COGS)
        names = [str(cog).rpartition(".")[2] for cog in cogs] if not isinstance(cogs, str) else []
        defaults = self.cog_tables(names)
        if config is not None:
            self.check_together(config)
        if self.problems or config is None:
            raise ConfigError(sorted(self.problems, key=reading_order))
        config = config.model_copy(update={"cog_defaults": MappingProxyType(defaults)})
        return Loaded(config, file, tuple(self.warnings), tuple(self.exposed), MappingProxyType(self.origins))

    def read_secret_file(self, name: str, key: str) -> None:
        if (named := self.values[name].pop(f"{key}_file", None)) is None:
            return
        where = self.where(name, f"{key}_file")
        if not isinstance(named, str):
            self.problems.append(
                Problem(where, f"{name}.{key}_file must be text in quotes: the path of a file.")
            )
            return
        path = self.home / Path(named).expanduser()
        try:
            text = path.read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text"
            self.problems.append(
                Problem(where, f"{name}.{key}_file names a file that can't be read ({reason}).")
            )
            return
        if not text:
            self.problems.append(Problem(where, f"{name}.{key}_file names an empty file."))
            return
        self.note_readers(path, "is a secret")
        self.values[name][key] = text
        self.origins[name, key] = where

    def cog_tables(self, names: list[str]) -> dict[str, dict[str, Any]]:
        """The tables of the cogs; all else at the top is a mistake."""
        for name in names:
            if names.count(name) > 1:
                message = f"two cogs are called {name}, and their table and commands would be the same."
                self.problems.append(Problem(self.where("kith", "cogs"), message))
                break
        off = [cog.rpartition(".")[2] for cog in BUILT_IN_COGS]
        tables = {}
        for name, value in self.others.items():
            where = self.where(name)
            if name in names and isinstance(value, dict):
                tables[name] = value
            elif name in off and isinstance(value, dict):
                message = f"the cog {name} is not in the list kith.cogs, so its table does nothing."
                self.warnings.append(Problem(where, message))
            elif name in names or name in off:
                message = f"{name} is a table, so its keys go below a line [{name}]."
                self.problems.append(Problem(where, message))
            else:
                self.problems.append(self.unknown(name, value, names))
        return tables

    def unknown(self, name: str, value: Any, cogs: list[str]) -> Problem:
        """What is wrong with a name at the top that is neither one of our tables nor a cog's."""
        is_table = isinstance(value, dict)
        homes = [table for table, section in sections().items() if name in keys(section)]
        if homes and not is_table:
            remedy = f"It goes below a line [{homes[0]}]."
        elif close := nearest(name, [*self.values, *cogs]):
            remedy = f"Did you mean [{close}]?"
        else:
            remedy = "A cog's table needs the cog in kith.cogs." if is_table else ""
        no_such = (
            f"there is no table [{name}]."
            if is_table or isinstance(value, list)
            else f"unknown key {name!r}."
        )
        return Problem(self.where(name), no_such, remedy)

    def check_together(self, config: Config) -> None:
        """What no key is wrong about alone."""
        if not config.web.is_loopback and config.web.secret is None:
            message = f"listening on {config.web.host}, beyond this machine, needs a secret of your own."
            remedy = (
                "Set KITH_SECRET to a long random text, for instance from: "
                'python3 -c "import secrets; print(secrets.token_urlsafe(32))"'
            )
            self.problems.append(Problem(self.where("web", "host"), message, remedy))
        self.check_slack(config)

    def check_slack(self, config: Config) -> None:
        """Whether what is given for Slack is one of the ways to connect, and whole."""
        slack = config.slack
        if slack.command == slack.shoutout:
            message = f"/{slack.shoutout} would be two commands."
            remedy = "Give slack.command and slack.shoutout different names."
            self.problems.append(Problem(self.where("slack", "shoutout"), message, remedy))
        if slack.client_id or slack.client_secret or slack.encryption_keys or slack.workspaces:
            needed = {
                "slack.client_id": slack.client_id,
                "slack.client_secret": slack.client_secret,
                "slack.encryption_keys": slack.encryption_keys,
                "slack.signing_secret": slack.signing_secret,
                "web.public_url": config.web.public_url,
            }
            if missing := [name for name, value in needed.items() if value is None]:
                message = f"for several workspaces, Kith also needs {', '.join(missing)}."
                remedy = "`kith connect slack --oauth` asks for all of it."
                self.problems.append(Problem(self.where("slack"), message, remedy))
            for key in ("bot_token", "app_token", "channels"):
                if getattr(slack, key):
                    message = f"slack.{key} is for a single workspace, and slack.client_id for several."
                    self.problems.append(Problem(self.where("slack", key), message, "Keep one of them."))
            return
        if slack.bot_token is not None and slack.app_token is None and slack.signing_secret is None:
            message = "slack.bot_token alone receives nothing from Slack."
            remedy = "Add app_token (Socket Mode) or signing_secret (requests over HTTP)."
            self.problems.append(Problem(self.where("slack", "bot_token"), message, remedy))
        if slack.bot_token is None and (slack.app_token is not None or slack.signing_secret is not None):
            message = "without a bot_token there is no connection to Slack."
            remedy = "Add slack.bot_token, or slack.client_id for several workspaces."
            self.problems.append(Problem(self.where("slack"), message, remedy))

    def where(self, *path: str | int) -> str:
        return _where(self.origins, path)

    def note_readers(self, path: Path, what: str) -> None:
        if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
            remedy = f"Keep it to yourself: chmod 600 {_shown(path)}"
            self.exposed.append(Problem(_shown(path), f"this file {what}, and others can read it.", remedy))


def _where(origins: Mapping[KeyPath, str], path: KeyPath) -> str:
    while path and path not in origins:
        path = path[:-1]
    return origins.get(path, "configuration")


def _shown(path: Path) -> str:
    """The path as people see it: from the working folder, if it is below."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _from_text(section: type[Section], key: str, text: str) -> Any:
    """A variable's text as the type that the key has, if it is one; else as it is, to be refused."""
    annotation = section.model_fields[key].annotation if key in section.model_fields else str
    if annotation is bool and text.strip().lower() in ("true", "false"):
        return text.strip().lower() == "true"
    if annotation is int and re.fullmatch(r"\d{1,9}", text.strip()):
        return int(text)
    if get_origin(annotation) is tuple:
        return [part.strip() for part in text.split(",") if part.strip()]
    return text
