"""One REST request: routing, token, faults, rate limits, schemas, the endpoint, the answer."""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, web

from .drafting import Upload
from .errors import ApiError, FormErrors, message_for, refusal, unauthorized
from .faults import Fault
from .routing import Answer, Call, Request, Route, Router

if TYPE_CHECKING:
    from .server import FakeDiscord

Json = dict[str, Any]
PREFIX = "/api/v10"
_FILE = re.compile(r"files\[(\d+)\]")
_VIA = {"Via": "1.1 google"}
_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


class _Lost(Exception):
    """The connection is to be broken instead of answered."""


class Rest:
    """Serves REST v10 for one fake."""

    def __init__(self, fake: FakeDiscord, routes: list[Route]) -> None:
        self._fake = fake
        self._router = Router(routes)

    async def serve(self, http: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        fake = self._fake
        path, _, query = http.raw_path.removeprefix(PREFIX).partition("?")
        seen = Request(http.method, path, "", None, agent=http.headers.get("User-Agent", ""))
        if fake.record:
            fake.requests.append(seen)
        fake.in_flight += 1
        fake.most_in_flight = max(fake.most_in_flight, fake.in_flight)
        try:
            response = await self._respond(http, path, query, seen)
        except _Lost:
            if http.transport is not None:
                http.transport.abort()
            response = web.Response(status=502)
        finally:
            fake.in_flight -= 1
        fake.changed()
        return response

    async def _respond(self, http: web.BaseRequest, path: str, query: str, seen: Request) -> web.Response:
        limits = self._fake.limits
        if limits.banned:
            return web.Response(status=429, text="error code: 1015", content_type="text/html")
        headers: dict[str, str] = {}
        try:
            status, answer = await self._answer(http, path, query, seen, headers)
        except ApiError as refused:
            status, answer = refused.status, refused.body()
            self._fake.note_refusal(seen, refused)
        except (_Lost, asyncio.CancelledError):
            raise
        except Exception as bug:
            self._fake.crashes.append(bug)
            status, answer = 501, {"message": f"the fake itself failed: {bug!r}", "code": 0}
        if status in (401, 403) or (status == 429 and headers.get("X-RateLimit-Scope") != "shared"):
            limits.note_invalid()
        seen.status, seen.answer = status, answer
        if isinstance(answer, str):
            return web.Response(status=status, text=answer, headers=headers)
        if answer is None:
            return web.Response(status=status, headers={**_VIA, **headers})
        headers["Content-Type"] = "application/json"
        return web.Response(status=status, body=_encode(answer).encode(), headers={**_VIA, **headers})

    async def _answer(
        self, http: web.BaseRequest, path: str, query: str, seen: Request, headers: dict[str, str]
    ) -> tuple[int, Any]:
        fake = self._fake
        asked = dict(parse_qsl(query, keep_blank_values=True)) if query else {}
        template, endpoint, params = self._router.find(http.method, path)
        seen.route = route = f"{http.method} {template}"
        exempt = template.startswith(("/interactions", "/webhooks"))
        if not exempt and http.headers.get("Authorization") != fake.authorization:
            raise unauthorized()
        body, files = await _read_body(http)
        seen.body = body
        fault = fake.faults.striking(route, f"{http.method} {path}", body) if fake.faults else None
        seen.fault = fault
        if fault is not None and (planned := await self._before(fault, headers)):
            return planned
        major = params.get("channel_id") or params.get("guild_id") or params.get("webhook_token") or ""
        bucket_headers, limited = fake.limits.take(route, major, exempt=exempt)
        headers.update(bucket_headers)
        if limited is not None:
            return _too_many(limited.retry_after, limited.scope, headers)
        if fake.open_api is not None:
            self._check(http.method, template, asked, body)
        result = endpoint(Call(fake, params, asked, body, files))
        if isinstance(result, Answer):
            status, answer = result.status, result.body
        else:
            status, answer = (204, None) if result is None else (200, result)
        if fake.open_api is not None and fake.open_api.knows(http.method, template):
            fake.open_api.check_answer(http.method, template, status, answer)
        if fault is not None and fault.kind == "answer_lost":
            return await self._lose(fault)
        return status, answer

    def _check(self, method: str, template: str, query: dict[str, str], body: Any) -> None:
        judge = self._fake.open_api
        if judge is None or not judge.knows(method, template):
            return
        errors = FormErrors()
        judge.check_query(method, template, query, errors)
        judge.check_body(method, template, body, errors)
        errors.check()

    async def _before(self, fault: Fault, headers: dict[str, str]) -> tuple[int, Any] | None:
        if fault.kind == "refuse":
            message = fault.message or message_for(fault.code)
            return fault.status, {"message": message, "code": fault.code}
        if fault.kind == "page":
            headers["Content-Type"] = fault.media_type
            return fault.status, fault.message
        if fault.kind == "limit":
            return _too_many(fault.retry_after, fault.scope, headers)
        if fault.kind == "drop":
            raise _Lost
        if fault.kind in ("hang", "hold", "delay"):
            self._fake.changed()
            seconds = fault.seconds if fault.kind == "delay" else None
            with suppress(TimeoutError):
                await asyncio.wait_for(fault.released.wait(), seconds)
            if fault.kind == "hang":
                raise _Lost
        return None

    async def _lose(self, fault: Fault) -> tuple[int, Any]:
        self._fake.changed()
        if fault.loss == "hang":
            await fault.released.wait()
        if fault.loss in ("hang", "drop"):
            raise _Lost
        return int(fault.loss), {"message": f"{fault.loss}: Server Error", "code": 0}


def _too_many(retry_after: float, scope: str, headers: dict[str, str]) -> tuple[int, Any]:
    everywhere = scope == "global"
    headers["X-RateLimit-Scope"] = scope
    headers["Retry-After"] = str(max(1, round(retry_after + 0.5)))
    if everywhere:
        headers["X-RateLimit-Global"] = "true"
    message = "You are being rate limited."
    return 429, {"message": message, "retry_after": round(retry_after, 3), "global": everywhere}


async def _read_body(http: web.BaseRequest) -> tuple[Any, dict[int, Upload]]:
    if http.content_type == "multipart/form-data":
        return await _read_multipart(http)
    raw = await http.read()
    if not raw:
        return None, {}
    if http.content_type != "application/json":
        raise ApiError(400, 50035, "Expected \"Content-Type\" header to be one of {'application/json'}.")
    return _decoded(raw), {}


def _decoded(raw: bytes | str) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        raise refusal(50109) from None


async def _read_multipart(http: web.BaseRequest) -> tuple[Any, dict[int, Upload]]:
    body: Any = {}
    files: dict[int, Upload] = {}
    reader = await http.multipart()
    while (part := await reader.next()) is not None:
        if not isinstance(part, BodyPartReader):
            raise refusal(50109)
        named = _FILE.fullmatch(part.name or "")
        data = bytes(await part.read(decode=True))
        if part.name == "payload_json":
            body = _decoded(data)
        elif named:
            content_type = part.headers.get("Content-Type", "")
            files[int(named[1])] = Upload(part.filename or "unknown", data, content_type)
        else:
            errors = FormErrors()
            errors.add((part.name or "",), "UNKNOWN_KEY", "Discord knows no such part here")
            errors.check()
    return body, files
