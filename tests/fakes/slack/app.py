"""The app under test as Slack knows it: credentials, manifest, installations and tokens."""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

if TYPE_CHECKING:
    from .people import Person
    from .workspace import Workspace

ALL_SCOPES = [
    "app_mentions:read",
    "bookmarks:read",
    "bookmarks:write",
    "channels:history",
    "channels:join",
    "channels:read",
    "chat:write",
    "chat:write.customize",
    "chat:write.public",
    "commands",
    "emoji:read",
    "files:read",
    "files:write",
    "groups:history",
    "groups:read",
    "im:history",
    "im:read",
    "im:write",
    "mpim:history",
    "mpim:read",
    "mpim:write",
    "pins:read",
    "pins:write",
    "reactions:read",
    "reactions:write",
    "team:read",
    "usergroups:read",
    "users:read",
    "users:read.email",
    "users.profile:read",
]
TOKEN_LIFE = 12 * 3600
CODE_LIFE = 600
PKCE_REFRESH_LIFE = 30 * 24 * 3600


@dataclass(eq=False)
class Token:
    """An issued token. `dead` is the error that calls with it meet, once it is no longer good."""

    value: str
    kind: str  # "bot", "user" or "app"
    scopes: list[str]
    install: "Installation | None" = None
    user: "Person | None" = None
    expires_at: float | None = None
    dead: str | None = None


@dataclass(eq=False)
class Installation:
    """The app in one workspace."""

    workspace: "Workspace"
    bot: "Person"
    scopes: list[str]
    installer: "Person | None" = None
    tokens: list[Token] = field(default_factory=list)
    refresh_tokens: dict[str, str] = field(default_factory=dict)  # refresh token → "bot" or a user's id
    active: bool = True

    @property
    def bot_token(self) -> str:
        """The newest bot token that is still good. LookupError if there is none."""
        for token in reversed(self.tokens):
            if token.kind == "bot" and token.dead is None:
                return token.value
        raise LookupError(f"the app has no bot token in {self.workspace.name}")


@dataclass(eq=False)
class Grant:
    """A code from the authorize page, waiting to be exchanged."""

    workspace: "Workspace"
    person: "Person"
    scopes: list[str]
    user_scopes: list[str]
    redirect_uri: str | None
    challenge: str | None
    expires_at: float
    used: bool = False


class OAuthPageError(Exception):
    """What Slack shows in the browser instead of the authorize page."""


class App:
    """One Slack app, installed in any number of workspaces.

    Without a manifest everything is on: all scopes, all events, any command and shortcut, over Socket Mode.
    """

    def __init__(self, app_id: str, manifest: dict[str, Any] | None, now: Any) -> None:
        self.id = app_id
        self.client_id = "1111111111.2222222222"
        self.client_secret = secrets.token_hex(16)
        self.signing_secret = secrets.token_hex(16)
        self.verification_token = secrets.token_hex(12)
        self.request_url: str | None = None
        self.distributed = False
        self.token_life = TOKEN_LIFE
        """Seconds that rotating tokens live."""
        self.refresh_leeway = 0.0
        """Seconds in which a refresh token that was used is taken once more; Slack promises none."""
        self.org_wide = False
        """Whether who allows the app does so for a whole organisation."""
        self.installations: dict[str, Installation] = {}
        self.tokens: dict[str, Token] = {}
        self.grants: dict[str, Grant] = {}
        self._refresh_ends: dict[str, float] = {}
        self._refreshed: dict[str, tuple[Installation, str, float]] = {}
        self._now = now
        self.manifest = manifest
        self.app_token = self.issue("app", ["connections:write"]).value

    # -- manifest ------------------------------------------------------------------------------------------

    def _part(self, *path: str, default: Any) -> Any:
        part: Any = self.manifest or {}
        for step in path:
            part = part.get(step, {}) if isinstance(part, dict) else {}
        return part or default

    @property
    def name(self) -> str:
        return str(self._part("display_information", "name", default="Kith"))

    @property
    def socket_mode(self) -> bool:
        """Whether payloads go over sockets rather than to `request_url`."""
        if self.manifest is not None:
            return bool(self._part("settings", "socket_mode_enabled", default=False))
        return self.request_url is None

    @property
    def rotates(self) -> bool:
        return bool(self._part("settings", "token_rotation_enabled", default=False))

    @property
    def takes_pkce(self) -> bool:
        """Whether PKCE was switched on, without which its arguments are refused."""
        return self.manifest is None or bool(self._part("oauth_config", "pkce_enabled", default=False))

    @property
    def wanted_scopes(self) -> list[str]:
        return list(
            self._part("oauth_config", "scopes", "bot", default=ALL_SCOPES if not self.manifest else [])
        )

    def hears(self, event: str) -> bool:
        """Whether the app subscribes to a bot event ("team_join", "message.channels")."""
        if self.manifest is None:
            return True
        return event in self._part("settings", "event_subscriptions", "bot_events", default=[])

    def url_for(self, kind: str, name: str = "") -> str | None:
        """Where a payload goes over HTTP: `request_url`, or without one the manifest's own addresses."""
        if self.request_url is not None:
            return self.request_url
        url: Any = None
        if kind == "slash_commands":
            url = (self.command(name) or {}).get("url")
        elif kind == "events_api":
            url = self._part("settings", "event_subscriptions", "request_url", default=None)
        elif name == "block_suggestion":
            url = self._part("settings", "interactivity", "message_menu_options_url", default=None)
        if kind == "interactive":
            url = url or self._part("settings", "interactivity", "request_url", default=None)
        return str(url) if url else None

    def command(self, name: str) -> dict[str, Any] | None:
        """The manifest's entry for a slash command; without a manifest any name is one."""
        if self.manifest is None:
            return {"command": name, "should_escape": True}
        commands: list[dict[str, Any]] = self._part("features", "slash_commands", default=[])
        return next((command for command in commands if command["command"] == name), None)

    def shortcut(self, name: str, kind: str) -> str | None:
        """The callback id of a shortcut by its name or callback id; kind is "global" or "message"."""
        if self.manifest is None:
            return name
        for shortcut in self._part("features", "shortcuts", default=[]):
            if shortcut["type"] == kind and name in (shortcut["name"], shortcut["callback_id"]):
                return str(shortcut["callback_id"])
        return None

    @property
    def interactive(self) -> bool:
        return self.manifest is None or bool(
            self._part("settings", "interactivity", "is_enabled", default=False)
        )

    @property
    def home_tab(self) -> bool:
        return self.manifest is None or bool(
            self._part("features", "app_home", "home_tab_enabled", default=False)
        )

    @property
    def messages_tab(self) -> bool:
        """Whether people can write to the bot in its messages tab."""
        home = self._part("features", "app_home", default={})
        read_only = home.get("messages_tab_read_only_enabled", True)
        return self.manifest is None or (bool(home.get("messages_tab_enabled")) and not read_only)

    # -- tokens --------------------------------------------------------------------------------------------

    def issue(
        self,
        kind: str,
        scopes: list[str],
        install: Installation | None = None,
        user: "Person | None" = None,
        *,
        rotating: bool = False,
    ) -> Token:
        prefix = {"bot": "xoxb", "user": "xoxp", "app": "xapp-1"}[kind]
        if rotating:
            prefix = f"xoxe.{prefix}-1"
        token = Token(f"{prefix}-{len(self.tokens) + 1}-{secrets.token_hex(8)}", kind, scopes, install, user)
        if rotating:
            token.expires_at = self._now() + self.token_life
        self.tokens[token.value] = token
        if install is not None:
            install.tokens.append(token)
        return token

    def refresh_token(self, install: Installation, holder: str) -> str:
        value = f"xoxe-1-{secrets.token_hex(12)}"
        install.refresh_tokens[value] = holder
        if self._part("oauth_config", "pkce_enabled", default=False):
            self._refresh_ends[value] = self._now() + PKCE_REFRESH_LIFE
        return value

    def spend_refresh(self, value: str) -> "tuple[Installation, str] | None":
        """Whose refresh token this is, and for which token; it is good once."""
        now = self._now()
        for install in self.installations.values():
            holder = install.refresh_tokens.pop(value, None)
            if holder is not None:
                self._refreshed[value] = (install, holder, now + self.refresh_leeway)
                return (install, holder) if now < self._refresh_ends.get(value, float("inf")) else None
        install, holder, until = self._refreshed.get(value, (None, "", 0.0))
        return (install, holder) if install is not None and install.active and now < until else None

    def tell(self, value: str) -> "Token | str":
        """The token, or the error that it meets."""
        token = self.tokens.get(value)
        if token is None:
            return "invalid_auth"
        if token.dead is not None:
            return token.dead
        if token.expires_at is not None and token.expires_at <= self._now():
            return "token_expired"
        if token.user is not None and token.user.deleted:
            return "account_inactive"
        return token

    # -- the authorize page --------------------------------------------------------------------------------

    def grant(self, query: dict[str, str], workspace: "Workspace", person: "Person") -> str:
        """What "Allow" leads to: the address to go back to, with code and state. Raises OAuthPageError."""
        redirect_uri = self.check_authorize(query)
        code = f"{len(self.grants) + 1}.{secrets.token_hex(16)}"
        self.grants[code] = Grant(
            workspace,
            person,
            [scope for scope in query.get("scope", "").split(",") if scope],
            [scope for scope in query.get("user_scope", "").split(",") if scope],
            query.get("redirect_uri"),
            query.get("code_challenge"),
            self._now() + CODE_LIFE,
        )
        return self._back(redirect_uri, {"code": code}, query)

    def deny(self, query: dict[str, str]) -> str:
        """What "Cancel" leads to."""
        return self._back(self.check_authorize(query), {"error": "access_denied"}, query)

    @staticmethod
    def _back(redirect_uri: str, answer: dict[str, str], query: dict[str, str]) -> str:
        answer["state"] = query.get("state", "")
        return f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{urlencode(answer)}"

    def check_authorize(self, query: dict[str, str]) -> str:
        """The address to return to. Raises OAuthPageError as Slack's page does."""
        if query.get("client_id") != self.client_id:
            raise OAuthPageError("invalid_client_id")
        if not query.get("scope") and not query.get("user_scope"):
            raise OAuthPageError("no_scopes: Invalid permissions requested")
        unknown = [scope for scope in query.get("scope", "").split(",") if scope and scope not in ALL_SCOPES]
        if unknown:
            raise OAuthPageError(f"invalid_scope: {','.join(unknown)}")
        if query.get("code_challenge") and not self.takes_pkce:
            raise OAuthPageError("PKCE is not enabled for this app")
        if query.get("code_challenge") and query.get("code_challenge_method") != "S256":
            raise OAuthPageError("invalid code_challenge_method")
        registered: list[str] = self._part("oauth_config", "redirect_urls", default=[])
        redirect_uri = query.get("redirect_uri") or next(iter(registered), None)
        if redirect_uri is None or (
            registered and not any(redirect_uri.startswith(url) for url in registered)
        ):
            raise OAuthPageError("bad_redirect_uri: redirect_uri did not match any configured URIs")
        return redirect_uri

    def redeem(self, code: str, redirect_uri: str | None, verifier: str | None) -> "Grant | str":
        """Exchange a code: the grant, or the error."""
        grant = self.grants.get(code)
        if grant is None or grant.expires_at <= self._now():
            return "invalid_code"
        if grant.used:
            return "code_already_used"
        if grant.redirect_uri is not None and redirect_uri != grant.redirect_uri:
            return "bad_redirect_uri"
        if grant.challenge is not None:
            digest = hashlib.sha256((verifier or "").encode()).digest()
            if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != grant.challenge:
                return "invalid_code_verifier"
        grant.used = True
        return grant
