"""The Web API's door: decoding, tokens, scopes, limits and faults, then the method itself."""

import asyncio
import base64
import binascii
import json
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

from aiohttp import web

from . import faults, methods
from .app import Token
from .call import Call, Method, Record, Refusal
from .pace import TooFast

if TYPE_CHECKING:
    from .server import FakeSlack

_FORM = "application/x-www-form-urlencoded"
_BODY_TYPES = (_FORM, "multipart/form-data", "application/json", "text/plain")
BAD_GATEWAY = "<html><head><title>Something went wrong</title></head><body>Upstream is away</body></html>"


class Api:
    """Serves `/api/<method>`."""

    def __init__(self, slack: "FakeSlack") -> None:
        self._slack = slack
        self._methods: dict[str, Method] = methods.table()
        self.calls: list[Record] = []
        self.in_flight = 0

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        name = request.path.removeprefix("/api/")
        method = self._methods.get(name)
        args: dict[str, Any] = {}
        warning: str | None = None
        self.in_flight += 1
        try:
            problem: str | None = None
            try:
                args, warning = await _arguments(request, method)
            except Refusal as refusal:
                problem = refusal.error
            planned = self._slack.faults.strike(name, args)
            if planned is None:
                return self._answer(request, name, method, args, problem, warning)
            return await self._fail(planned, request, name, method, args, problem)
        finally:
            self.in_flight -= 1
            self._slack.changes.touch()

    async def _fail(
        self,
        planned: faults.Planned,
        request: web.BaseRequest,
        name: str,
        method: Method | None,
        args: dict[str, Any],
        problem: str | None,
    ) -> web.StreamResponse:
        fault = planned.fault
        match fault:
            case faults.Refuse(error, extra):
                return self._reply(
                    request, name, args, None, {"ok": False, "error": error, **extra}, fault=fault
                )
            case faults.RateLimit(retry_after):
                return self._too_fast(request, name, args, None, retry_after, fault)
            case faults.Delay(seconds):
                self.in_flight -= 1
                try:
                    await _first(self._slack.clock.wait(seconds), planned.released.wait())
                finally:
                    self.in_flight += 1
                return self._answer(request, name, method, args, problem, None, fault)
        if fault.accept:
            self._answer(request, name, method, args, problem, None, fault)
        else:
            self._note(request, name, args, None, None, fault)
        return await misbehave(self._slack, planned, request, self)

    def _answer(
        self,
        request: web.BaseRequest,
        name: str,
        method: Method | None,
        args: dict[str, Any],
        problem: str | None,
        warning: str | None,
        fault: Any = None,
    ) -> web.Response:
        token: Token | None = None
        try:
            if method is None:
                raise Refusal("unknown_method", req_method=name)
            if problem is not None:
                raise Refusal(problem)
            token = self._token(request, args, method)
            answer = self._run(request, name, method, args, token)
        except Refusal as refusal:
            answer = {"ok": False, "error": refusal.error, **refusal.extra}
        except TooFast as early:
            return self._too_fast(request, name, args, token, early.retry_after, fault)
        if warning is not None:
            answer |= {"warning": warning}
            answer.setdefault("response_metadata", {})["warnings"] = [warning]
        return self._reply(request, name, args, token, answer, method, fault)

    def _run(
        self, request: web.BaseRequest, name: str, method: Method, args: dict[str, Any], token: Token | None
    ) -> dict[str, Any]:
        slack = self._slack
        unknown = args.keys() - set(method.args.split()) - {"token", "team_id"}
        if unknown:
            slack.complain(f"{name} knows no argument {', '.join(sorted(unknown))}")
        call = Call(slack, name, args, token, _basic(request))
        if token is not None:
            call.allow(*method.scopes)
            team = token.install.workspace.id if token.install else ""
            slack.pace.call(team, name, method.tier)
        return {"ok": True, **method.run(call)}

    def _token(self, request: web.BaseRequest, args: dict[str, Any], method: Method) -> Token | None:
        if not method.tokens:
            return None
        header = request.headers.get("Authorization", "")
        value = header.removeprefix("Bearer ").strip() if header.startswith("Bearer ") else args.get("token")
        if not value:
            raise Refusal("not_authed")
        token = self._slack.app.tell(str(value))
        if isinstance(token, str):
            raise Refusal(token)
        if token.kind not in method.tokens:
            raise Refusal("not_allowed_token_type")
        return token

    # -- answering -----------------------------------------------------------------------------------------

    def _reply(
        self,
        request: web.BaseRequest,
        name: str,
        args: dict[str, Any],
        token: Token | None,
        answer: dict[str, Any],
        method: Method | None = None,
        fault: Any = None,
    ) -> web.Response:
        self._note(request, name, args, token, answer, fault)
        headers = {"Date": formatdate(self._slack.clock.now(), usegmt=True)}
        if token is not None:
            headers["X-OAuth-Scopes"] = ",".join(token.scopes)
            if method is not None and method.scopes:
                headers["X-Accepted-OAuth-Scopes"] = ",".join(method.scopes)
        return web.Response(
            body=json.dumps(answer).encode(), content_type="application/json", headers=headers
        )

    def _too_fast(
        self,
        request: web.BaseRequest,
        name: str,
        args: dict[str, Any],
        token: Token | None,
        wait: int,
        fault: Any,
    ) -> web.Response:
        answer = {"ok": False, "error": "ratelimited"}
        self._note(request, name, args, token, answer, fault)
        return web.json_response(answer, status=429, headers={"Retry-After": str(wait)})

    def _note(
        self,
        request: web.BaseRequest,
        name: str,
        args: dict[str, Any],
        token: Token | None,
        answer: dict[str, Any] | None,
        fault: Any,
    ) -> None:
        if self._slack.bench:
            return
        team = token.install.workspace.id if token and token.install else None
        kept = {"User-Agent", "Content-Type"}
        headers = {key: value for key, value in request.headers.items() if key in kept}
        self.calls.append(Record(name, args, team, self._slack.clock.now(), answer, fault, headers))


async def misbehave(
    slack: "FakeSlack", planned: faults.Planned, request: web.BaseRequest, api: Api | None = None
) -> web.StreamResponse:
    """Carry out the part of a fault that the caller meets."""
    match planned.fault:
        case faults.Status(code):
            return web.Response(status=code, text=BAD_GATEWAY, content_type="text/html")
        case faults.Garble():
            return web.Response(
                text="<!doctype html><p>not what you asked for", content_type="application/json"
            )
        case faults.Hang():
            if api is not None:
                api.in_flight -= 1
            slack.changes.touch()
            try:
                await planned.released.wait()
            finally:
                if api is not None:
                    api.in_flight += 1
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


async def _first(*waits: Any) -> None:
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


async def _arguments(request: web.BaseRequest, method: Method | None) -> tuple[dict[str, Any], str | None]:
    """All arguments of a call and Slack's warning about how they came. Raises Refusal."""
    args: dict[str, Any] = {key: value for key, value in request.query.items() if key != "token"}
    if request.method != "POST" or not request.can_read_body:
        return args, None
    kind = request.content_type if "Content-Type" in request.headers else None
    if kind is None:
        raise Refusal("missing_post_type")
    if kind not in _BODY_TYPES:
        raise Refusal("invalid_post_type")
    if (request.charset or "utf-8").lower() not in ("utf-8", "iso-8859-1"):
        raise Refusal("invalid_charset")
    if kind == "application/json":
        try:
            body = json.loads(await request.read() or b"{}")
        except ValueError:
            raise Refusal("invalid_json") from None
        if not isinstance(body, dict):
            raise Refusal("json_not_object")
        if method is not None and not method.json:
            return args, None  # a form-only method does not look into a JSON body at all
        args |= {key: value for key, value in body.items() if value is not None and key != "token"}
        return args, None if request.charset else "missing_charset"
    try:
        args |= {key: value for key, value in (await request.post()).items() if isinstance(value, str)}
    except ValueError:
        raise Refusal("invalid_form_data") from None
    return args, None


def _basic(request: web.BaseRequest) -> tuple[str, str] | None:
    header = request.headers.get("Authorization", "")
    if not header.startswith("Basic "):
        return None
    try:
        user, _, password = (
            base64.b64decode(header.removeprefix("Basic "), validate=True).decode().partition(":")
        )
    except (binascii.Error, UnicodeDecodeError):
        return None
    return user, password
