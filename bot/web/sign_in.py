"""Coming in by a one-time link, tokens for scripts, and going out again."""

from __future__ import annotations

from aiohttp import web

from bot.platforms.local.refused import Refused, unknown
from bot.web.body import Body, Json
from bot.web.guard import COOKIE, SESSION
from bot.web.sessions import SESSION_MS, LinkUsed, Session, Sessions


class SignIn:
    def __init__(self, sessions: Sessions, *, secure: bool) -> None:
        self._sessions = sessions
        self._secure = secure

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/enter", self._enter),
            web.post("/api/enter", self._enter_script),
            web.post("/api/tokens", self._issue),
            web.get("/api/sessions", self._list),
            web.post("/api/sessions/{id}/revoke", self._revoke),
            web.post("/api/sign-out", self._sign_out),
        ]

    async def _enter(self, request: web.Request) -> web.Response:
        code = request.query.get("code")
        if not code:
            raise LinkUsed
        issued = await self._sessions.enter(code, "browser")
        response = web.Response(status=303, headers={"Location": "/", "Cache-Control": "no-store"})
        response.set_cookie(
            COOKIE,
            issued.token,
            max_age=SESSION_MS // 1_000,
            path="/",
            httponly=True,
            samesite="Strict",
            secure=self._secure or request.secure,
        )
        return response

    async def _enter_script(self, request: web.Request) -> web.Response:
        issued = await self._sessions.enter((await Body.of(request)).text("code"), "script")
        return web.json_response({"token": issued.token, "expires_at": issued.session.expires_at})

    async def _issue(self, request: web.Request) -> web.Response:
        note = " ".join((await Body.of(request)).text("note").split())
        if not note:
            raise Refused("empty", "What is the token for? A word is enough.", field="note")
        issued = await self._sessions.issue(note)
        answer = {"token": issued.token, "expires_at": issued.session.expires_at}
        return web.json_response(answer, status=201)

    async def _list(self, request: web.Request) -> web.Response:
        current = request[SESSION].id
        return web.json_response({"sessions": [_shown(one, current) for one in await self._sessions.all()]})

    async def _revoke(self, request: web.Request) -> web.Response:
        await Body.of(request)
        if not await self._sessions.end(request.match_info["id"]):
            raise unknown("session", "GET /api/sessions lists those there are.")
        return web.json_response({})

    async def _sign_out(self, request: web.Request) -> web.Response:
        await Body.of(request)
        await self._sessions.end(request[SESSION].id)
        response = web.json_response({})
        response.del_cookie(COOKIE, path="/", httponly=True, samesite="Strict")
        return response


def _shown(session: Session, current: str) -> Json:
    return {
        "id": session.id,
        "note": session.note,
        "created_at": session.created_at,
        "expires_at": session.expires_at,
        "last_seen_at": session.seen_at,
        "current": session.id == current,
    }
