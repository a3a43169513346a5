"""One app for many workspaces: the door through which they come in, and whose request is whose."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import Any

import structlog
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.platforms.slack.installs import Installation
from bot.platforms.slack.listeners import Json, Listeners
from bot.platforms.slack.oauth import OAuth
from bot.platforms.slack.tenants import Tenants
from bot.platforms.slack.workspace import Workspace

log = structlog.get_logger(__name__)


class Door:
    """How somebody lets Kith into their workspace."""

    def __init__(self, oauth: OAuth, tenants: Tenants, scopes: Collection[str]) -> None:
        self._oauth = oauth
        self._tenants = tenants
        self._scopes = scopes

    def link(self, state: str, verifier: str = "") -> str:
        """Slack's page that asks for it."""
        return self._oauth.link(self._scopes, state, verifier)

    async def open(self, code: str, verifier: str = "") -> Installation:
        """Come in with the code that Slack gave. Raises as OAuth.redeem and the storage do."""
        installation = await self._oauth.redeem(code, verifier)
        await self._tenants.add(installation)
        return installation


class SharedListeners(Listeners):
    """Listeners whose requests may be for any workspace that installed the app."""

    def __init__(self, tenants: Tenants, **more: Any) -> None:
        super().__init__(**more)
        self._tenants = tenants

    async def async_process(
        self, *, req: AsyncBoltRequest, resp: BoltResponse, next: Callable[[], Awaitable[BoltResponse]]
    ) -> BoltResponse | None:
        try:
            if await self._tenants.took(req.body):
                return BoltResponse(status=200, body="")
        except Exception as error:
            log.error("slack_not_taken", error=f"{type(error).__name__}: {error}")
            return BoltResponse(status=500, body="")
        return await super().async_process(req=req, resp=resp, next=next)

    def _of(self, body: Json) -> Workspace | None:
        # in a channel that several workspaces share, a button belongs to where its message came from
        if body.get("type") == "block_actions":
            author = self._workspace_of((body.get("message") or {}).get("user") or "")
            if author is not None:
                return author
        return super()._of(body)
