"""The pages on which somebody lets Kith into their Slack workspace, and is told what came of it."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Final

import structlog
from aiohttp import web

from bot.platforms.base import DeliveryError
from bot.platforms.slack.client import Refused
from bot.platforms.slack.oauth import NotInvited, OrgInstall, verifier
from bot.slack_installs import STATE_MS, Bad
from bot.web.errors import page
from storage.errors import StorageError

if TYPE_CHECKING:
    from bot.platforms.slack.adapter import SlackPlatform
    from bot.slack_installs import States

COOKIE: Final = "kith_slack_install"
INSTALL_PATH: Final = "/slack/install"
START_PATH: Final = "/slack/install/start"
BACK_PATH: Final = "/slack/oauth"
_AGAIN: Final = ("Begin again", INSTALL_PATH)
_BAD: Final = {
    Bad.FORGED: (
        400,
        "This address isn't one of ours",
        "Part of it may be missing, or it was changed on the way.",
    ),
    Bad.ELSEWHERE: (
        403,
        "This began in another browser",
        "Installing has to end in the browser where it began, with cookies allowed. So nobody can be led "
        "to finish what somebody else started.",
    ),
    Bad.EXPIRED: (410, "That took a little long", "For safety, this way is open for ten minutes only."),
    Bad.USED: (
        410,
        "This was done already",
        "Each way in works once. If Kith isn't in Slack now, begin again.",
    ),
}

log = structlog.get_logger(__name__)


class SlackInstall:
    """``command``: how people call Kith. ``pkce``: whether Slack takes PKCE from this app.

    ``secure``: cookies go by https alone.
    """

    def __init__(
        self, platform: SlackPlatform, states: States, *, command: str, pkce: bool, secure: bool
    ) -> None:
        self._command = command
        self._platform = platform
        self._states = states
        self._pkce = pkce
        self._secure = secure

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get(INSTALL_PATH, self._offer),
            web.get(START_PATH, self._start),
            web.get(BACK_PATH, self._back),
        ]

    async def _offer(self, _: web.Request) -> web.Response:
        return _page(
            200,
            "Kith for your Slack",
            "Kith welcomes newcomers, carries thanks and shares what your community knows. Slack shows you "
            "what it asks for before you decide, and nothing public is said before you press Go.",
            ("Add to Slack", START_PATH),
        )

    async def _start(self, request: web.Request) -> web.Response:
        door = self._platform.door
        if door is None:
            return _not_now()
        # one browser may begin twice, in two tabs: both ways stay open
        browser = request.cookies.get(COOKIE, "")
        if not re.fullmatch(r"[\w-]{32}", browser):
            browser = secrets.token_urlsafe(24)
        secret = verifier() if self._pkce else ""
        link = door.link(self._states.begin(browser, secret), secret)
        response = web.Response(status=302, headers={"Location": link, "Cache-Control": "no-store"})
        response.set_cookie(
            COOKIE,
            browser,
            max_age=STATE_MS // 1_000,
            path="/slack",
            httponly=True,
            samesite="Lax",  # it has to come along when Slack sends the browser back
            secure=self._secure or request.secure,
        )
        return response

    async def _back(self, request: web.Request) -> web.Response:
        door = self._platform.door
        if door is None:
            return _not_now()
        try:
            known = await self._states.finish(request.query.get("state", ""), request.cookies.get(COOKIE, ""))
        except StorageError:
            return _not_now()
        if isinstance(known, Bad):
            return _page(*_BAD[known], _AGAIN)
        if "error" in request.query:
            return _declined(request.query["error"])
        code = request.query.get("code", "")
        if not code:
            return _page(*_BAD[Bad.FORGED], _AGAIN)
        try:
            installation = await door.open(code, known)
        except OrgInstall:
            return _page(
                409,
                "One workspace at a time",
                "Kith is at home in single workspaces, so it can't be installed for a whole organisation. It "
                "has given that access back. Choose one workspace at the upper right of Slack's page.",
                _AGAIN,
            )
        except NotInvited as stranger:
            return _page(
                403,
                "Not for everybody",
                "This Kith looks after chosen workspaces alone, and has given its access to yours back. Who "
                f"runs it can let you in: tell them your workspace's id, {stranger}.",
            )
        except Refused as refused:
            log.warning("slack_install_refused", error=str(refused))
            return _refused(refused.error)
        except DeliveryError as error:
            log.warning("slack_install_unanswered", error=str(error))
            return _page(
                502,
                "Slack didn't answer",
                "Whether it heard us is unclear, so nothing was kept. Please try anew.",
                _AGAIN,
            )
        except StorageError as error:
            log.error("slack_install_not_stored", error=str(error))
            return _not_now()
        name = installation.name or "your workspace"
        return _page(
            200,
            f"Kith is in {name}",
            f"Good to be here. Go back to Slack and type /{self._command} admin setup: you see every text "
            "privately, and nothing public is said before you press Go.",
        )


def _declined(error: str) -> web.Response:
    if error == "access_denied":
        return _page(
            200, "Kith stays out", "You declined, so nothing was changed. You can always come back.", _AGAIN
        )
    return _page(400, "Slack let nobody in", f"It says: {error[:100]}. Nothing was changed.", _AGAIN)


def _refused(error: str) -> web.Response:
    match error:
        case "invalid_code" | "code_already_used" | "invalid_code_verifier":
            words = "Slack doesn't take the code that it sent along; those are good once, for ten minutes."
            return _page(410, "Slack's code is spent", words, _AGAIN)
        case "invalid_client_id" | "bad_client_secret" | "bad_redirect_uri":
            words = f"This Kith isn't set up rightly at Slack ({error}). Who runs it is told by kith doctor."
            return _page(500, "Something is amiss here", words)
    return _page(502, "Slack said no", f"It says: {error[:100]}. Nothing was kept.", _AGAIN)


def _not_now() -> web.Response:
    words = "Kith can't keep anything at the moment. Please try again in a minute."
    return _page(503, "Not just now", words, _AGAIN)


def _page(status: int, title: str, words: str, link: tuple[str, str] | None = None) -> web.Response:
    response = page(status, title, words, link)
    response.headers["Cache-Control"] = "no-store"
    return response
