"""Builds the one web app from its parts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Final

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.platforms.local.refused import Refused
from bot.web import errors, guard
from bot.web.clock_panel import ClockPanel
from bot.web.files import Files
from bot.web.health import Check, Health
from bot.web.sessions import Sessions
from bot.web.sign_in import SignIn

if TYPE_CHECKING:
    from bot.platforms.local.adapter import LocalPlatform
    from bot.web.slack_install import SlackInstall

SLACK_PATH: Final = "/slack/events"


def build(
    *,
    sessions: Sessions,
    checks: Mapping[str, Check],
    figures: Callable[[], bytes],
    room: LocalPlatform | None = None,
    clock: ClockPanel | None = None,
    hosts: Collection[str] | None = guard.LOOPBACK_NAMES,
    public_url: str | None = None,
    files: Files | None = None,
    slack: Handler | None = None,
    slack_install: SlackInstall | None = None,
) -> web.Application:
    """The app, to be served by an ``aiohttp.web.AppRunner`` and cleaned up with it.

    ``checks`` answer /readyz. ``room`` and ``clock`` come together; without them there is no room here.
    ``hosts`` are the names by which the server may be called; None for any. ``public_url`` is where people
    reach it through a proxy; with https, cookies go by https alone. ``slack`` answers what Slack
    signed, ``slack_install`` who lets Kith into a workspace.
    """
    held = files or Files()
    app = web.Application(
        client_max_size=errors.BODY_MOST,
        middlewares=(
            errors.errors,
            guard.own_addresses(hosts, signed=(SLACK_PATH,)),
            guard.own_origin(public_url),
            guard.signed_in(sessions, guard.Pace(), open_paths=("/api/enter",)),
        ),
    )
    app.on_response_prepare.append(guard.add_headers)

    async def front(request: web.Request) -> web.Response:
        try:
            await guard.session_of(request, sessions)
        except Refused:
            return errors.page(
                401,
                "The door is closed",
                "Kith printed a one-time link where it was started: open that. Is it used or lost? "
                "“python3 start.py link”, or “kith link”, prints a new one there.",
            )
        if room is None:
            return errors.page(
                200, "Kith is running", "It looks after its community. There is no room open here."
            )
        return held.answer(request, "index.html")

    app.add_routes([web.get("/", front), web.get("/static/{path:.+}", held.serve)])
    app.add_routes(SignIn(sessions, secure=(public_url or "").startswith("https:")).routes())
    app.add_routes(Health(checks, figures, sessions).routes())
    if slack is not None:
        app.router.add_post(SLACK_PATH, slack)
    if slack_install is not None:
        app.add_routes(slack_install.routes())
    if room is not None and clock is not None:
        from bot.web.room_api import RoomApi

        api = RoomApi(room, clock)
        app.add_routes(api.routes())
        sessions.on_end(api.lives.end_session)

        async def close(_: web.Application) -> None:
            await api.lives.close()

        app.on_shutdown.append(close)
    return app
