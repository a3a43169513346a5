"""Live connections: each shows one seat what changes, from where it left off."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from aiohttp import WSCloseCode, WSMsgType, web

from bot.platforms.local import views
from bot.platforms.local.room import Room
from bot.platforms.local.state import Json
from bot.web.guard import SESSION

_log = logging.getLogger(__name__)

_HEARTBEAT = 20.0
_SLOWEST = 20.0
"""Seconds that one frame may take to leave."""


class Lives:
    """All live connections, so that they can be ended: with their session, or with the server."""

    def __init__(self, room: Room, clock: Callable[[], Awaitable[Json]]) -> None:
        self._room = room
        self._clock = clock
        self._open: dict[web.WebSocketResponse, str] = {}
        self._ending: set[asyncio.Task[None]] = set()

    async def serve(self, request: web.Request, seat: str, cursor: str | None) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(heartbeat=_HEARTBEAT, max_msg_size=4_096)
        await socket.prepare(request)
        self._open[socket] = request[SESSION].id
        sending = asyncio.create_task(self._send_all(socket, seat, cursor))
        try:
            async for message in socket:
                if message.type is WSMsgType.BINARY:
                    await socket.close(code=WSCloseCode.UNSUPPORTED_DATA)
        finally:
            self._open.pop(socket, None)
            sending.cancel()
            with suppress(asyncio.CancelledError):
                await sending
        return socket

    async def _send_all(self, socket: web.WebSocketResponse, seat: str, cursor: str | None) -> None:
        with suppress(ConnectionError):
            try:
                await self._follow(socket, seat, cursor)
            except TimeoutError:
                await socket.close(code=WSCloseCode.TRY_AGAIN_LATER, message=b"too slow")
            except ConnectionError:
                raise
            except Exception:
                _log.exception("A live connection broke")
                await socket.close(code=WSCloseCode.INTERNAL_ERROR, message=b"connect again")

    async def _follow(self, socket: web.WebSocketResponse, seat: str, cursor: str | None) -> None:
        live = self._room.live
        number = live.position(cursor)
        if number is not None:
            await _send(socket, {"type": "resumed", "cursor": live.cursor_at(number)})
        while True:
            if number is None:
                snapshot = views.snapshot(self._room, seat)
                number = live.position(snapshot["cursor"])
                assert number is not None
                await _send(socket, {"type": "snapshot", **snapshot})
            async for change in live.follow(number):
                if change is None:
                    number = None
                    break
                frame = views.frame(self._room, change, seat)
                if frame is not None and change.kind == "clock":
                    frame["clock"] = await self._clock()
                if frame is not None:
                    await _send(socket, frame)

    def end_session(self, session: str) -> None:
        """Closes what a session has open."""
        for socket in [socket for socket, owner in self._open.items() if owner == session]:
            closing = asyncio.create_task(_close(socket, WSCloseCode.POLICY_VIOLATION, b"signed out"))
            self._ending.add(closing)
            closing.add_done_callback(self._ending.discard)

    async def close(self) -> None:
        """Closes all, because the server stops."""
        await asyncio.gather(
            *(_close(socket, WSCloseCode.GOING_AWAY, b"Kith stops") for socket in list(self._open))
        )


async def _send(socket: web.WebSocketResponse, frame: Json) -> None:
    async with asyncio.timeout(_SLOWEST):
        await socket.send_json(frame)


async def _close(socket: web.WebSocketResponse, code: int, words: bytes) -> None:
    with suppress(ConnectionError):
        await socket.close(code=code, message=words)
