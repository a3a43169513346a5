"""One Web API call: its arguments as Slack understands them, and how it is refused."""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

from .app import Installation, Token
from .state import Channel

if TYPE_CHECKING:
    from .people import Person
    from .server import FakeSlack
    from .workspace import Workspace

SCOPE_FAMILY = {"channel": "channels", "group": "groups", "im": "im", "mpim": "mpim"}


class Refusal(Exception):
    """An answer with `ok: false`."""

    def __init__(self, error: str, **extra: Any) -> None:
        super().__init__(error)
        self.error = error
        self.extra = extra


def invalid_arguments(*messages: str) -> Refusal:
    return Refusal(
        "invalid_arguments", response_metadata={"messages": [f"[ERROR] {text}" for text in messages]}
    )


@dataclass(frozen=True)
class Method:
    """One Web API method. `args` names all it takes; `json` says whether it reads JSON bodies."""

    run: Callable[["Call"], dict[str, Any]]
    args: str = ""
    scopes: tuple[str, ...] = ()
    tier: int | None = 3
    tokens: tuple[str, ...] = ("bot", "user")
    json: bool = False


@dataclass(frozen=True)
class Record:
    """A call that was made, for tests to look at. `answer` is None where a fault left it unanswered."""

    method: str
    args: dict[str, Any]
    team: str | None
    at: float
    answer: dict[str, Any] | None
    fault: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return bool(self.answer and self.answer.get("ok"))


class Call:
    """What a method's handler works with."""

    def __init__(
        self,
        slack: "FakeSlack",
        name: str,
        args: dict[str, Any],
        token: Token | None,
        basic: tuple[str, str] | None,
    ) -> None:
        self.slack = slack
        self.name = name
        self.args = args
        self._token = token
        self.basic = basic

    @property
    def token(self) -> Token:
        if self._token is None:
            raise Refusal("not_authed")
        return self._token

    @property
    def install(self) -> Installation:
        assert self.token.install is not None
        return self.token.install

    @property
    def workspace(self) -> "Workspace":
        return self.install.workspace

    @property
    def user(self) -> "Person":
        """Who acts: the bot user, or the person of a user token."""
        return self.token.user or self.install.bot

    # -- arguments -----------------------------------------------------------------------------------------

    def text(self, name: str, default: str = "") -> str:
        value = self.args.get(name, default)
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise invalid_arguments(f"must be a string [json-pointer:/{name}]")
        return str(value)

    def need(self, name: str) -> str:
        value = self.text(name)
        if not value:
            raise invalid_arguments(f"missing required field: {name}")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.args.get(name, default)
        if isinstance(value, bool):
            return value
        if str(value).lower() in ("1", "true"):
            return True
        if str(value).lower() in ("0", "false", ""):
            return False
        raise invalid_arguments(f"must be a boolean [json-pointer:/{name}]")

    def number(self, name: str, default: int) -> int:
        try:
            return int(self.args.get(name, default) or default)
        except (TypeError, ValueError):
            raise invalid_arguments(f"must be an integer [json-pointer:/{name}]") from None

    def names(self, name: str) -> list[str]:
        """A comma-separated list."""
        value = self.args.get(name) or ""
        if isinstance(value, list):
            raise Refusal("invalid_array_arg")
        return [item.strip() for item in str(value).split(",") if item.strip()]

    def json(self, name: str, error: str) -> Any:
        """An argument that is JSON: an object in a JSON body, its text in a form. Bad text is refused."""
        value = self.args.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except ValueError:
            raise Refusal(error) from None

    # -- rights --------------------------------------------------------------------------------------------

    def allow(self, *scopes: str) -> None:
        """Refuse unless the token has all of these scopes."""
        missing = [scope for scope in scopes if scope not in self.token.scopes]
        if missing:
            raise Refusal("missing_scope", needed=",".join(missing), provided=",".join(self.token.scopes))

    def allow_for(self, channel: Channel, verb: str) -> None:
        """Refuse without the scope of this kind of conversation: channels:read, im:history…"""
        self.allow(f"{SCOPE_FAMILY[channel.kind]}:{verb}")

    def find_channel(self, value: str) -> Channel | None:
        """A conversation by id or #name, if this token can see it."""
        channel = self.slack.channels.get(value) or self.workspace.named(value.removeprefix("#"))
        if channel is None or channel.deleted:
            return None
        if channel.workspace is not self.workspace and self.workspace.id not in channel.connected:
            return None
        return channel if channel.kind == "channel" or channel.holds(self.user) else None

    def channel(self, name: str = "channel", error: str = "channel_not_found") -> Channel:
        channel = self.find_channel(self.need(name))
        if channel is None:
            raise Refusal(error)
        return channel

    def known_user(self, user_id: str, error: str = "user_not_found") -> "Person":
        """A user of this workspace, or a stranger from a shared channel."""
        person = self.slack.people.get(user_id)
        if person is None:
            raise Refusal(error)
        if person.workspace is not self.workspace and not self.workspace.knows(person):
            raise Refusal("user_not_visible" if error == "user_not_found" else error)
        return person

    # -- paging --------------------------------------------------------------------------------------------

    def page(self, items: Sequence[Any], default: int, most: int = 1000) -> tuple[list[Any], dict[str, Any]]:
        """A page of a list by cursor and limit, with its `response_metadata`."""
        limit = self.number("limit", default)
        if not 0 < limit <= most:
            raise Refusal("invalid_limit")
        start = self.start()
        found = list(items[start : start + limit])
        after = start + limit
        cursor = cursor_for(after) if after < len(items) else ""
        return found, {"response_metadata": {"next_cursor": cursor}}

    def start(self) -> int:
        cursor = self.text("cursor")
        if not cursor:
            return 0
        try:
            kind, _, at = base64.b64decode(cursor, validate=True).decode().partition(":")
            if kind != "next":
                self.bad_cursor()
            return int(at)
        except ValueError:
            self.bad_cursor()

    @staticmethod
    def bad_cursor() -> NoReturn:
        raise Refusal("invalid_cursor")


def cursor_for(position: int) -> str:
    return base64.b64encode(f"next:{position}".encode()).decode()
