"""The app's own dealings with Slack's OAuth: where people allow it, and what tokens come of that."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

from slack_sdk.oauth import AuthorizeUrlGenerator

from bot.platforms.base import DeliveryError
from bot.platforms.slack.api import Api
from bot.platforms.slack.client import Client, Refused
from bot.platforms.slack.installs import Installation, Tokens


@dataclass(frozen=True, slots=True)
class OAuthOptions:
    """The app as Slack knows it. ``redirect``: where Slack sends browsers back to. ``install``: our own page.

    ``pkce``: whether the app has PKCE switched on at Slack, which takes its arguments from no other app.
    ``workspaces``: the ids of those that may install it; without any, all may.
    """

    client_id: str
    client_secret: str = field(repr=False)
    redirect: str
    install: str
    authorize: str = "https://slack.com/oauth/v2/authorize"
    pkce: bool = False
    workspaces: Collection[str] = ()


class NotInvited(Exception):
    """A workspace that may not install the app did; it was let go again. Its id is the message."""


class OrgInstall(Exception):
    """The app was installed for a whole organisation, which Kith doesn't serve; it was let go again."""


def verifier() -> str:
    """A new secret for PKCE."""
    return secrets.token_urlsafe(48)


def challenge(verifier: str) -> str:
    """What Slack is shown of it first (S256)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


class OAuth:
    """Slack's OAuth methods for this app. ``now`` is real time in UTC milliseconds."""

    def __init__(self, options: OAuthOptions, api: Api, now: Callable[[], int]) -> None:
        self._options = options
        self._api = api
        self._now = now
        pair = f"{quote(options.client_id)}:{quote(options.client_secret)}"
        basic = f"Basic {base64.b64encode(pair.encode()).decode()}"
        self._client = Client("", api, authorization=basic)

    def link(self, scopes: Collection[str], state: str, verifier: str = "") -> str:
        """Slack's page that asks to allow the app these scopes."""
        made = AuthorizeUrlGenerator(
            client_id=quote(self._options.client_id, safe=""),
            redirect_uri=quote(self._options.redirect, safe=""),
            scopes=sorted(scopes),
            authorization_url=self._options.authorize,
        ).generate(quote(state, safe=""))
        if verifier:
            made += f"&code_challenge={challenge(verifier)}&code_challenge_method=S256"
        return made

    async def redeem(self, code: str, verifier: str = "") -> Installation:
        """The installation that a code stands for. Raises OrgInstall, NotInvited, and as Client.call does."""
        told = await self._client.call(
            "oauth.v2.access",
            code=code,
            redirect_uri=self._options.redirect,
            code_verifier=verifier or None,
        )
        client = Client(told["access_token"], self._api)
        if told.get("is_enterprise_install") or not told.get("team"):
            await self._let_go(client)
            raise OrgInstall(str((told.get("enterprise") or {}).get("name", "")))
        team = told["team"]["id"]
        if self._options.workspaces and team not in self._options.workspaces:
            await self._let_go(client)
            raise NotInvited(team)
        who = await client.call("auth.test")
        return Installation(
            team=team,
            name=told["team"].get("name") or who.get("team", ""),
            bot_user=told["bot_user_id"],
            bot_id=who["bot_id"],
            app=told.get("app_id", ""),
            enterprise=(told.get("enterprise") or {}).get("id"),
            scopes=frozenset(filter(None, str(told.get("scope", "")).split(","))),
            installed_by=(told.get("authed_user") or {}).get("id", ""),
            installed_at=self._now(),
            tokens=self._tokens(told),
        )

    async def refresh(self, tokens: Tokens) -> Tokens:
        """The tokens that follow these, which are then the only ones to go on with.

        Raises as Client.call does; what was Unsure may be tried again with the same.
        """
        told = await self._client.call(
            "oauth.v2.access", grant_type="refresh_token", refresh_token=tokens.refresh
        )
        return replace(self._tokens(told), refresh=told.get("refresh_token") or tokens.refresh)

    async def leave(self, token: str) -> None:
        """Remove the app from a workspace. Raises as Client.call does."""
        await Client(token, self._api).call(
            "apps.uninstall",
            client_id=self._options.client_id,
            client_secret=self._options.client_secret,
        )

    async def check(self) -> str:
        """What Slack has against the app's credentials; "" if nothing. Raises DeliveryError."""
        try:
            await self._client.call("oauth.v2.access", code="0.0", redirect_uri=self._options.redirect)
        except Refused as refused:
            # whoever is known is told that the code is none
            return "" if refused.error in ("invalid_code", "bad_redirect_uri") else refused.error
        return ""

    def _tokens(self, told: Mapping[str, Any]) -> Tokens:
        now, seconds = self._now(), told.get("expires_in")
        return Tokens(
            access=told["access_token"],
            issued_at=now,
            refresh=told.get("refresh_token"),
            expires_at=None if seconds is None else now + int(seconds) * 1_000,
        )

    @staticmethod
    async def _let_go(client: Client) -> None:
        try:
            await client.call("auth.revoke")
        except (Refused, DeliveryError):
            # they lapse by themselves, or with the app; nothing here keeps them
            return
