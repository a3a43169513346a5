"""Connecting, installing, rotating, revoking: apps.*, oauth.v2.*, auth.revoke."""

from typing import Any

from ..app import Installation
from ..call import Call, Method, Refusal


def connections_open(call: Call) -> dict[str, Any]:
    if not call.slack.app.socket_mode:
        raise Refusal("socket_mode_not_enabled")
    return {"url": call.slack.sockets.ticket()}


def _client(call: Call) -> None:
    """Refuse whoever is not the app: by HTTP Basic or by arguments."""
    app = call.slack.app
    client_id, secret = call.basic or (call.text("client_id"), call.text("client_secret"))
    if client_id != app.client_id:
        raise Refusal("invalid_client_id")
    public = call.text("code_verifier") and not secret and app.takes_pkce
    if not public and secret != app.client_secret:
        raise Refusal("bad_client_secret")


def _tokens(call: Call, install: Installation, holder: str, scopes: list[str]) -> dict[str, Any]:
    """Issue a token for "bot" or a user's id."""
    app = call.slack.app
    user = None if holder == "bot" else call.slack.people[holder]
    kind = "user" if user else "bot"
    token = app.issue(kind, scopes, install, user, rotating=app.rotates)
    data: dict[str, Any] = {"access_token": token.value, "token_type": kind, "scope": ",".join(scopes)}
    if app.rotates:
        data |= {"refresh_token": app.refresh_token(install, holder), "expires_in": app.token_life}
    return data


def _installed(call: Call, install: Installation, authed_user: dict[str, Any]) -> dict[str, Any]:
    return {
        "app_id": call.slack.app.id,
        "bot_user_id": install.bot.id,
        "team": {"id": install.workspace.id, "name": install.workspace.name},
        "enterprise": None,
        "authed_user": authed_user,
        "is_enterprise_install": False,
    }


def access(call: Call) -> dict[str, Any]:
    _client(call)
    grant_type = call.text("grant_type") or "authorization_code"
    if grant_type == "refresh_token":
        return _refresh(call)
    if grant_type != "authorization_code":
        raise Refusal("invalid_grant_type")
    grant = call.slack.app.redeem(
        call.text("code"), call.text("redirect_uri") or None, call.text("code_verifier")
    )
    if isinstance(grant, str):
        raise Refusal(grant)
    install = grant.workspace.install(scopes=grant.scopes, installer=grant.person, issue=False)
    authed: dict[str, Any] = {"id": grant.person.id}
    if grant.user_scopes:
        authed |= _tokens(call, install, grant.person.id, grant.user_scopes)
    answer = _installed(call, install, authed)
    if grant.scopes:
        answer |= _tokens(call, install, "bot", install.scopes)
    if call.slack.app.org_wide:
        enterprise = {"id": "E00000001", "name": "All of us"}
        answer |= {"team": None, "enterprise": enterprise, "is_enterprise_install": True}
    return answer


def _refresh(call: Call) -> dict[str, Any]:
    known = call.slack.app.spend_refresh(call.text("refresh_token"))
    if known is None:
        raise Refusal("invalid_refresh_token")
    install, holder = known
    kind = "bot" if holder == "bot" else "user"
    old = [
        token
        for token in install.tokens
        if token.kind == kind and token.dead is None and (token.user is None or token.user.id == holder)
    ]
    for token in old[
        :-1
    ]:  # two tokens may live at a time: the one before this refresh stays until it expires
        token.dead = "token_revoked"
    scopes = old[-1].scopes if old else install.scopes
    authed = {"id": install.installer.id} if install.installer else {}
    return {**_installed(call, install, authed), **_tokens(call, install, holder, scopes)}


def exchange(call: Call) -> dict[str, Any]:
    """Trade a long-lived token for rotating ones."""
    _client(call)
    app = call.slack.app
    token = call.token
    if token.install is None or token.expires_at is not None or not app.rotates:
        raise Refusal("token_rotation_not_enabled" if not app.rotates else "token_already_exchanged")
    token.dead = "token_revoked"
    holder = token.user.id if token.user else "bot"
    return {**_installed(call, token.install, {}), **_tokens(call, token.install, holder, token.scopes)}


def revoke(call: Call) -> dict[str, Any]:
    if call.flag("test"):
        return {"revoked": False}
    call.slack.acts.revoke(call.workspace)
    return {"revoked": True}


def uninstall(call: Call) -> dict[str, Any]:
    if call.text("client_id") != call.slack.app.client_id:
        raise Refusal("invalid_client_id")
    if call.text("client_secret") != call.slack.app.client_secret:
        raise Refusal("bad_client_secret")
    call.slack.acts.uninstall(call.workspace)
    return {}


_CLIENT = "client_id client_secret"
METHODS = {
    "apps.connections.open": Method(
        connections_open, "", ("connections:write",), tier=None, tokens=("app",), json=True
    ),
    "oauth.v2.access": Method(
        access, f"{_CLIENT} code redirect_uri grant_type refresh_token code_verifier", tier=4, tokens=()
    ),
    "oauth.v2.exchange": Method(exchange, _CLIENT, tier=4),
    "auth.revoke": Method(revoke, "test", json=True),
    "apps.uninstall": Method(uninstall, _CLIENT, tier=1),
}
