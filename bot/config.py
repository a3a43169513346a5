"""What can be configured: the tables of config.toml, their keys, types and defaults."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, get_args
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    Strict,
)

from bot.zones import known_zone, system_zone

BUILT_IN_COGS: Final = ("cogs.welcome", "cogs.kindness", "cogs.knowledge")
DATABASE_SCHEMES: Final = ("sqlite", "postgresql", "postgres")


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _on_or_off(value: Any) -> Any:
    return ("off", "on")[value] if isinstance(value, bool) else _lower(value)


def _prefixed(prefix: str, what: str) -> AfterValidator:
    def check(secret: SecretStr) -> SecretStr:
        if not secret.get_secret_value().startswith(prefix):
            raise ValueError(f"this is not {what}, which begins with {prefix}")
        return secret

    return AfterValidator(check)


def _long_enough(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value()) < 16:
        raise ValueError("this is too short to be a secret: use 16 characters or more")
    return secret


def _encryption_keys(secret: SecretStr) -> SecretStr:
    keys = split_keys(secret)
    if not keys:
        raise ValueError("there is no key in it; make one with: kith slack new-key")
    for number, key in enumerate(keys, start=1):
        try:
            fits = len(base64.b64decode(key, altchars=b"-_", validate=True)) == 32
        except (binascii.Error, ValueError):
            fits = False
        if not fits:
            raise ValueError(f"key {number} of {len(keys)} is none; make one with: kith slack new-key")
    return secret


def split_keys(secret: SecretStr) -> list[str]:
    """The single keys of a secret that holds several, with spaces, line ends or commas between them."""
    return re.findall(r"[^\s,]+", secret.get_secret_value())


def _database(url: SecretStr) -> SecretStr:
    scheme, separator, rest = url.get_secret_value().partition("://")
    try:
        understood = scheme.lower() in DATABASE_SCHEMES and separator and rest.strip("/")
        urlsplit(url.get_secret_value())
    except ValueError:
        understood = False
    if not understood:
        raise ValueError("must be like sqlite:///data/kith.db or postgresql://user@host/name")
    return url


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must be an address like https://kith.example.org")
    return value.rstrip("/")


Zone = Annotated[str, AfterValidator(known_zone)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
SlackCommand = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,31}$")]
SlackTeam = Annotated[str, Field(pattern=r"^T[A-Z0-9]{6,}$")]
SlackChannel = Annotated[str, Field(pattern=r"^[CG][A-Z0-9]{6,}$")]
DottedName = Annotated[str, Field(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$")]


class Section(BaseModel):
    """One table. Types are taken as they are written: "8137" is text and no number."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


class Kith(Section):
    """[kith]: where things are kept, and how the bot as a whole behaves."""

    data: str = Field(default="data", min_length=1)
    database: Annotated[SecretStr, AfterValidator(_database)] | None = None
    zone: Zone = Field(default_factory=system_zone)
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)] = "info"
    log_format: Annotated[Literal["auto", "text", "json"], BeforeValidator(_lower)] = "auto"
    cogs: Annotated[tuple[DottedName, ...], Strict(False)] = BUILT_IN_COGS


class Web(Section):
    """[web]: where the room, the dashboard and Slack's requests are served."""

    host: str = Field(default="127.0.0.1", min_length=1)
    port: int = Field(default=8137, ge=0, le=65535)
    public_url: WebAddress | None = None
    secret: Annotated[SecretStr, AfterValidator(_long_enough)] | None = None

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can connect."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Whether only this machine can connect to an address."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


class Local(Section):
    """[local]: the built-in room."""

    room: Annotated[Literal["auto", "on", "off"], BeforeValidator(_on_or_off)] = "auto"


class Discord(Section):
    """[discord]: the connection to Discord, made when there is a token."""

    token: SecretStr | None = None
    api: WebAddress = "https://discord.com/api/v10"
    gateway: str | None = Field(default=None, pattern=r"^wss?://\S+$")
    answer_mentions: bool = False


class Slack(Section):
    """[slack]: the connection to Slack, made with a bot token, or by a client id in many workspaces."""

    bot_token: Annotated[SecretStr, _prefixed("xoxb-", "a bot token")] | None = None
    app_token: Annotated[SecretStr, _prefixed("xapp-", "an app-level token")] | None = None
    signing_secret: SecretStr | None = None
    command: SlackCommand = "kith"
    shoutout: SlackCommand = "shoutout"
    channels: Annotated[tuple[SlackChannel, ...], Strict(False)] = ()
    api: WebAddress = "https://slack.com/api"
    client_id: str | None = Field(default=None, pattern=r"^\d+\.\d+$")
    client_secret: SecretStr | None = None
    encryption_keys: Annotated[SecretStr, AfterValidator(_encryption_keys)] | None = None
    workspaces: Annotated[tuple[SlackTeam, ...], Strict(False)] = ()
    pkce: bool = False
    authorize: WebAddress = "https://slack.com/oauth/v2/authorize"


class Config(Section):
    """Everything that is configured. Made by `bot.config_file.load`, which knows where each value stands."""

    kith: Kith = Field(default_factory=Kith)
    web: Web = Field(default_factory=Web)
    local: Local = Field(default_factory=Local)
    discord: Discord = Field(default_factory=Discord)
    slack: Slack = Field(default_factory=Slack)
    cog_defaults: Mapping[str, Mapping[str, Any]] = Field(default_factory=lambda: MappingProxyType({}))
    """What the tables named after cogs hold, for the cogs' own Settings to check."""
    home: Path = Field(default_factory=Path.cwd)
    """The folder that relative paths start from."""

    @property
    def data_folder(self) -> Path:
        return self.home / Path(self.kith.data).expanduser()

    @property
    def database_url(self) -> str:
        """The database with an absolute path; may hold a password, so never show it."""
        if self.kith.database is None:
            return f"sqlite:///{(self.data_folder / 'kith.db').as_posix()}"
        url = self.kith.database.get_secret_value()
        scheme, _, path = url.partition(":///")
        if scheme.lower() != "sqlite":
            return url
        return f"sqlite:///{(self.home / Path(path).expanduser()).as_posix()}"

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.kith.zone)

    @property
    def platforms(self) -> tuple[str, ...]:
        """The chat platforms that have a token."""
        slack = self.slack.bot_token or self.slack.client_id
        configured = {"discord": self.discord.token, "slack": slack}
        return tuple(name for name, token in configured.items() if token is not None)

    @property
    def has_room(self) -> bool:
        """Whether the local room is open: unless said otherwise, as long as no platform is configured."""
        return not self.platforms if self.local.room == "auto" else self.local.room == "on"

    def secrets(self) -> list[str]:
        """All secret values, the database's password among them, so that logs can leave them out."""
        found = [
            value.get_secret_value()
            for section in (self.web, self.discord, self.slack)
            for value in dict(section).values()
            if isinstance(value, SecretStr)
        ]
        if self.slack.encryption_keys is not None:
            found += split_keys(self.slack.encryption_keys)
        if password := urlsplit(self.database_url).password:
            found += {password, unquote(password)}
        return found


def secret_names(section: type[BaseModel]) -> set[str]:
    """The keys of a table whose values are secrets. Each may also be given as `<key>_file`."""
    return {name for name, info in section.model_fields.items() if _holds_secret(info.annotation)}


def _holds_secret(annotation: Any) -> bool:
    return annotation is SecretStr or any(map(_holds_secret, get_args(annotation)))


def sections() -> dict[str, type[Section]]:
    """The host's own tables by name."""
    return {
        name: info.annotation
        for name, info in Config.model_fields.items()
        if isinstance(info.annotation, type) and issubclass(info.annotation, Section)
    }


def keys(section: type[BaseModel]) -> list[str]:
    """All that may stand in a table."""
    return [*section.model_fields, *(f"{name}_file" for name in sorted(secret_names(section)))]


def variable(section: str, key: str) -> str:
    """The environment variable that sets a key: KITH_ZONE of [kith], KITH_WEB_PORT of [web], KITH_SECRET."""
    table = (
        "" if section == "kith" or (section, key) in (("web", "secret"), ("web", "secret_file")) else section
    )
    return "_".join(filter(None, ("kith", table, key))).upper()
