"""One gateway connection over WebSocket: hello, identify, resume, heartbeats, compression."""

from __future__ import annotations

import asyncio
import json
import time
import zlib
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from aiohttp import WSMsgType, web

from . import wire
from .gateway import Session, refused_intents
from .intents import VALID, Intent

if TYPE_CHECKING:
    from .model import Guild, Member
    from .server import FakeDiscord

Json = dict[str, Any]
DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, VOICE_STATE, RESUME = 0, 1, 2, 3, 4, 6
REQUEST_MEMBERS, INVALID_SESSION, HELLO, ACK = 8, 9, 10, 11
SENDS_PER_MINUTE = 120
CHUNK = 1000


class Compressor(Protocol):
    """Compresses one payload after another in one stream."""

    def __call__(self, payload: str) -> bytes: ...


def zlib_stream() -> Compressor:
    """Discord's `zlib-stream`: one deflate stream, each payload ended by a sync flush."""
    stream = zlib.compressobj(level=1)

    def compress(payload: str) -> bytes:
        return stream.compress(payload.encode()) + stream.flush(zlib.Z_SYNC_FLUSH)

    return compress


def zstd_stream() -> Compressor:
    """Discord's `zstd-stream`, which discord.py asks for where a zstd module is installed."""
    try:
        from zstandard import COMPRESSOBJ_FLUSH_BLOCK, ZstdCompressor  # type: ignore[import-not-found]
    except ImportError:
        from compression import zstd  # type: ignore[import-not-found]

        stream = zstd.ZstdCompressor()
        return lambda payload: stream.compress(payload.encode(), mode=stream.FLUSH_BLOCK)
    packer = ZstdCompressor().compressobj()
    return lambda payload: packer.compress(payload.encode()) + packer.flush(COMPRESSOBJ_FLUSH_BLOCK)


_COMPRESSORS = {"zlib-stream": zlib_stream, "zstd-stream": zstd_stream}


class Connection:
    """A client's open socket. Sending never blocks: a writer empties the queue in order."""

    def __init__(self, fake: FakeDiscord, ws: web.WebSocketResponse, compress: Compressor | None) -> None:
        self._fake = fake
        self._ws = ws
        self._compress = compress
        self._queue: deque[str | int | bytes] = deque()
        self._pings: dict[bytes, asyncio.Future[None]] = {}
        self._wake = asyncio.Event()
        self._sends: deque[float] = deque()
        self._closing = False
        self.session: Session | None = None
        self.silent = False
        self.heartbeats = 0

    def send(self, payload: str) -> None:
        """Queue one payload."""
        self._queue.append(payload)
        self._wake.set()

    def send_op(self, op: int, data: Any) -> None:
        """Queue one payload that is no dispatch."""
        self.send(json.dumps({"op": op, "d": data, "s": None, "t": None}))

    async def caught_up(self) -> None:
        """Return once the client has taken all that was sent so far, or is gone: it answers pings in turn."""
        token = str(len(self._pings)).encode()
        answered = self._pings[token] = asyncio.get_running_loop().create_future()
        self._queue.append(token)
        self._wake.set()
        await answered

    def close(self, code: int) -> None:
        """Close after what is queued. The session hears nothing more from now on."""
        self._detach()
        self._closing = True
        self._queue.append(code)
        self._wake.set()

    def _detach(self) -> None:
        if self.session is not None and self.session.connection is self:
            self.session.connection = None
        self.session = None
        self._fake.gateway.connections.discard(self)

    async def run(self) -> None:
        """Serve the connection until either side closes it."""
        self._fake.gateway.connections.add(self)
        self.send_op(HELLO, {"heartbeat_interval": int(self._fake.heartbeat_interval * 1000)})
        writer = asyncio.create_task(self._write())
        try:
            await self._read()
        finally:
            if self._ws.close_code in (1000, 1001) and self.session is not None:
                self._fake.gateway.sessions.pop(self.session.id, None)
            self._detach()
            if not self._closing:
                writer.cancel()
            self._answered(*self._pings)
            await asyncio.gather(writer, return_exceptions=True)
            self._fake.changed()

    async def _write(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                item = self._queue.popleft()
                if isinstance(item, int):
                    await self._ws.close(code=item)
                    return
                if self.silent:
                    continue
                try:
                    if isinstance(item, bytes):
                        await self._ws.ping(item)
                    elif self._compress is None:
                        await self._ws.send_str(item)
                    else:
                        await self._ws.send_bytes(self._compress(item))
                except ConnectionError:
                    return

    async def _read(self) -> None:
        async for frame in self._ws:
            if frame.type is WSMsgType.PING:
                await self._ws.pong(frame.data)
                continue
            if frame.type is WSMsgType.PONG:
                self._answered(bytes(frame.data))
                continue
            if frame.type is not WSMsgType.TEXT:
                return self.close(4002)
            try:
                payload = json.loads(frame.data)
                op = payload["op"]
            except (ValueError, KeyError, TypeError):
                return self.close(4002)
            if self._too_many_sends():
                return self.close(4008)
            if not self.silent:
                self._received(op, payload.get("d"))

    def _answered(self, *tokens: bytes) -> None:
        for token in tokens:
            waiting = self._pings.get(token)
            if waiting is not None and not waiting.done():
                waiting.set_result(None)

    def _too_many_sends(self) -> bool:
        now = time.monotonic()
        self._sends.append(now)
        while self._sends[0] < now - 60:
            self._sends.popleft()
        return len(self._sends) > SENDS_PER_MINUTE

    def _received(self, op: int, data: Any) -> None:
        if op == HEARTBEAT:
            self.heartbeats += 1
            self.send_op(ACK, None)
        elif op == IDENTIFY:
            self.close(4005) if self.session else self._identify(data)
        elif op == RESUME:
            self.close(4005) if self.session else self._resume(data)
        elif op not in (PRESENCE, VOICE_STATE, REQUEST_MEMBERS):
            self.close(4001)
        elif self.session is None:
            self.close(4003)
        elif op == REQUEST_MEMBERS:
            self._send_members(self.session, data)
        self._fake.changed()

    def _identify(self, data: Json) -> None:
        fake = self._fake
        if data["token"] != fake.token:
            return self.close(4004)
        index, count = data.get("shard") or (0, 1)
        if not 0 <= index < count:
            return self.close(4010)
        if count < fake.shards and len(fake.world.guilds) > fake.guilds_per_shard:
            return self.close(4011)
        intents = data["intents"]
        if intents & ~VALID:
            return self.close(4013)
        if refused_intents(intents, fake.world.switches):
            return self.close(4014)
        if not fake.take_session_start():
            return self.close(4004)
        session_id = wire.fingerprint(f"session{fake.world.snowflakes.next()}")
        session = Session(session_id, (index, count), intents, data.get("large_threshold") or 50)
        fake.gateway.forget_stale()
        fake.gateway.identifies += 1
        fake.gateway.sessions[session.id] = session
        self._attach(session)
        guilds = [guild for guild in fake.world.guilds.values() if session.serves(guild.id)]
        self._send_ready(session, guilds)
        if intents & Intent.GUILDS:
            for guild in guilds:
                if not guild.outage:
                    fake.gateway.send(session, "GUILD_CREATE", guild_create(session, guild, joined=False))

    def _attach(self, session: Session) -> None:
        self.session = session
        session.connection = self

    def _send_ready(self, session: Session, guilds: list[Guild]) -> None:
        world = self._fake.world
        self._fake.gateway.send(
            session,
            "READY",
            {
                "v": 10,
                "user": wire.user(world.bot),
                "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
                "session_id": session.id,
                "resume_gateway_url": self._fake.gateway_url,
                "shard": list(session.shard),
                "application": {
                    "id": str(world.application_id),
                    "flags": world.application_flags,
                    "flags_new": str(world.application_flags),
                },
            },
        )

    def _resume(self, data: Json) -> None:
        fake = self._fake
        if data["token"] != fake.token:
            return self.close(4004)
        session = fake.gateway.sessions.get(data["session_id"] or "")
        missed = session.missed_since(data["seq"] or 0) if session else None
        if session is None or missed is None:
            return self.send_op(INVALID_SESSION, False)
        if session.connection is not None:
            session.connection.close(4000)
        for payload in missed:
            self.send(payload)
        fake.gateway.resumes += 1
        self._attach(session)
        fake.gateway.send(session, "RESUMED", {})

    def _send_members(self, session: Session, data: Json) -> None:
        guild = self._fake.world.guilds.get(int(data["guild_id"]))
        query, limit = data.get("query"), data.get("limit") or 0
        wanted = data.get("user_ids")
        whole = wanted is None and not query and not limit
        if guild is None or (whole and not session.intents & Intent.GUILD_MEMBERS):
            return
        missing: list[str] = []
        if wanted is not None:
            ids = [int(item) for item in (wanted if isinstance(wanted, list) else [wanted])]
            found = [member for user_id in ids if (member := guild.members.get(user_id))]
            missing = [str(user_id) for user_id in ids if user_id not in guild.members]
        elif whole:
            found = guild.members.page(0, len(guild.members))
        else:
            starts = (query or "").lower()
            found = [m for m in guild.members if m.name.lower().startswith(starts)][: limit or 100]
        self._send_chunks(session, guild, found, missing, data.get("nonce"))

    def _send_chunks(
        self, session: Session, guild: Guild, found: Sequence[Member], missing: list[str], nonce: str | None
    ) -> None:
        chunks = [found[start : start + CHUNK] for start in range(0, len(found), CHUNK)] or [[]]
        for index, chunk in enumerate(chunks):
            body: Json = {
                "guild_id": str(guild.id),
                "members": [wire.member(person) for person in chunk],
                "chunk_index": index,
                "chunk_count": len(chunks),
            }
            if missing:
                body["not_found"] = missing
            if nonce is not None:
                body["nonce"] = nonce
            self._fake.gateway.send(session, "GUILD_MEMBERS_CHUNK", body)


def guild_create(session: Session, guild: Guild, *, joined: bool) -> Json:
    """GUILD_CREATE for a session; `joined` where the bot was invited just now."""
    return wire.guild_create(
        guild,
        whole=bool(session.intents & Intent.GUILD_PRESENCES),
        large_threshold=session.large_threshold,
        unavailable=None if joined else False,
    )


async def serve(fake: FakeDiscord, request: web.BaseRequest) -> web.StreamResponse:
    """Answer one request to the gateway's address."""
    ws = web.WebSocketResponse(compress=False, max_msg_size=4096, timeout=1.0, autoping=False)
    await ws.prepare(request)
    if request.query.get("v") not in ("9", "10") or request.query.get("encoding", "json") != "json":
        await ws.close(code=4012)
        return ws
    wanted = request.query.get("compress")
    if wanted is not None and wanted not in _COMPRESSORS:
        await ws.close(code=4002)
        return ws
    connection = Connection(fake, ws, _COMPRESSORS[wanted]() if wanted else None)
    try:
        await connection.run()
    except Exception as bug:
        fake.crashes.append(bug)
        await ws.close(code=4000)
    return ws
