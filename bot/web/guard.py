"""Who may ask: security headers on every answer, our own addresses and origins only, sessions, pace."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from bot.platforms.local.refused import Refused
from bot.web.sessions import Session, Sessions

COOKIE: Final = "kith_session"
SESSION: Final = web.RequestKey("session", Session)
LOOPBACK_NAMES: Final = frozenset({"127.0.0.1", "localhost", "::1"})

HEADERS: Final = (
    (
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
)

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_PER_SECOND = 20.0
_BURST = 60.0
_PACED = 1_000
"""How many sessions' pace is remembered."""


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    for name, value in HEADERS:
        response.headers.setdefault(name, value)
    if request.path.startswith("/api/"):
        response.headers.setdefault("Cache-Control", "no-store")


def own_addresses(hosts: Collection[str] | None, signed: Collection[str] = ()) -> Middleware:
    """Refuses requests for other host names than ``hosts``, against DNS rebinding; None allows all.

    Requests for the paths ``signed`` carry a signature, which no browser can be made to send.
    """

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if hosts is not None and request.path not in signed and _host_name(request.host) not in hosts:
            raise Refused(
                "wrong_host", f"Kith does not answer to this name. Use one of: {', '.join(sorted(hosts))}."
            )
        return await handler(request)

    return check


def _host_name(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def own_origin(public_url: str | None) -> Middleware:
    """Refuses what other sites' pages send: every change, and every WebSocket.

    Ours are pages of the host that is asked, and of the address by which people reach it.
    """
    public = None if public_url is None else urlsplit(public_url).netloc.lower()

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        upgrade = request.headers.get("Upgrade", "").lower() == "websocket"
        if (upgrade or request.method not in _SAFE) and not _is_own(request, public):
            raise Refused("other_origin", "This came from a page of another site. Use the room's own page.")
        return await handler(request)

    return check


def _is_own(request: web.Request, public: str | None) -> bool:
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = request.headers.get("Origin")
    if origin is None:
        return True
    try:
        return urlsplit(origin).netloc.lower() in (request.host.lower(), public)
    except ValueError:
        return False


def token_of(request: web.Request) -> str | None:
    """The token that a request shows: a script's, or the browser's cookie."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return request.cookies.get(COOKIE)


async def session_of(request: web.Request, sessions: Sessions) -> Session:
    """The session that a request belongs to. Raises Refused without one."""
    token = token_of(request)
    session = None if token is None else await sessions.find(token)
    if session is None:
        raise Refused("sign_in", "Sign in first, with the one-time link that Kith prints when it starts.")
    return session


class Pace:
    """20 changes a second for each session, 60 in a burst."""

    def __init__(self) -> None:
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def check(self, session: str) -> None:
        """Counts one. Raises Refused when there are too many."""
        now = time.monotonic()
        left, at = self._left.pop(session, (_BURST, now))
        left = min(_BURST, left + (now - at) * _PER_SECOND)
        self._left[session] = (max(0.0, left - 1), now)
        while len(self._left) > _PACED:
            self._left.popitem(last=False)
        if left < 1:
            raise Refused("slow_down", "That is a lot at once. Wait a second, then go on.", seconds=1)


def signed_in(sessions: Sessions, pace: Pace, open_paths: Collection[str]) -> Middleware:
    """Lets only signed-in requests into the API, each session at its pace."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith("/api/") or request.path in open_paths:
            return await handler(request)
        session = await session_of(request, sessions)
        if request.method not in _SAFE:
            pace.check(session.id)
        request[SESSION] = session
        return await handler(request)

    return check
