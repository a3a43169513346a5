"""Whether Kith runs, whether it is ready, and its figures for Prometheus."""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from bot.metrics import CONTENT_TYPE
from bot.web.guard import session_of
from bot.web.sessions import Sessions

_log = logging.getLogger(__name__)

Check = Callable[[], Awaitable[bool]]


class Health:
    """``checks`` by name; each tells whether its part is ready. One that raises is not.

    ``figures`` makes the page that Prometheus reads.
    """

    def __init__(self, checks: Mapping[str, Check], figures: Callable[[], bytes], sessions: Sessions) -> None:
        self._checks = checks
        self._figures = figures
        self._sessions = sessions

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/healthz", self._alive),
            web.get("/readyz", self._ready),
            web.get("/metrics", self._metrics),
        ]

    async def _alive(self, request: web.Request) -> web.Response:
        return web.json_response({"alive": True})

    async def _ready(self, request: web.Request) -> web.Response:
        checks = {name: await _passes(name, check) for name, check in self._checks.items()}
        ready = all(checks.values())
        return web.json_response({"ready": ready, "checks": checks}, status=200 if ready else 503)

    async def _metrics(self, request: web.Request) -> web.Response:
        if not _is_here(request):
            await session_of(request, self._sessions)
        return web.Response(body=self._figures(), headers={"Content-Type": CONTENT_TYPE})


async def _passes(name: str, check: Check) -> bool:
    try:
        return await check()
    except Exception:
        _log.exception("The readiness check of %s broke", name)
        return False


def _is_here(request: web.Request) -> bool:
    """Whether it comes from this machine itself, and was not passed on for somebody else."""
    if any(name in request.headers for name in ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")):
        return False
    try:
        return ipaddress.ip_address(request.remote or "").is_loopback
    except ValueError:
        return False
