"""HTTP/1.1 to one server over kept-alive connections.

Each greeting is one small request, and a general client spends more on it than all the rest of a delivery
takes. So this does what the APIs of Discord and Slack need, no redirects, cookies or proxies among it.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from socket import AF_INET, AF_INET6
from time import monotonic
from typing import Final, cast
from urllib.parse import quote, urlsplit

CONNECT_TIMEOUT: Final = 5.0
"""Seconds for a connection to stand, with each of the two kinds of addresses."""
PATIENCE: Final = 20.0
"""Seconds that an answer is waited for; less than the outbox waits."""
IDLE: Final = 50.0
"""Seconds for which an unused connection is kept; servers keep them for a minute and more."""
BODY_MOST: Final = 16 * 1024 * 1024
"""Bytes that an answer may have, unpacked: many times as many as any that we are given."""
_HEAD_MOST: Final = 64 * 1024
_HELD_MOST: Final = 2 * BODY_MOST
_STATUS: Final = re.compile(r"HTTP/1\.([01]) ([1-5]\d\d)(?: |$)")
_LENGTH: Final = re.compile(r"[0-9]{1,12}")
_CHUNK: Final = re.compile(rb"([0-9A-Fa-f]{1,10})[ \t]*(?:;.*)?")
_BODILESS: Final = frozenset({204, 304})
_TIGHT: Final = "/?=&%"


class NotSent(Exception):
    """There is no connection, so nothing has left."""


class NoAnswer(Exception):
    """The request has left, or some of it; what became of it is unknown."""


@dataclass(slots=True)
class Answer:
    """``headers`` by their names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Connection(asyncio.Protocol):
    """One connection, and what came over it so far."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._came = bytearray()
        self._waiting: asyncio.Future[None] | None = None
        self._end: Exception | None = None
        self.closed = asyncio.Event()
        self.used_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._came += data
        if len(self._came) > _HELD_MOST:
            self.end(ValueError("that is too much"))
        self._wake()

    def connection_lost(self, error: Exception | None) -> None:
        self._end = self._end or error or EOFError("the connection ended")
        self._wake()
        self.closed.set()

    @property
    def is_open(self) -> bool:
        # what came without being asked for would be taken for the next answer
        return not (self._came or self._end or self.transport.is_closing())

    def end(self, reason: Exception) -> None:
        """Let go of it at once; whoever waits for more is told the reason."""
        self._end = reason
        self.transport.abort()

    async def until(self, mark: bytes) -> bytes:
        """All up to the mark, which is left out. Raises ValueError where that is too much."""
        start = 0
        while (end := self._came.find(mark, start, _HEAD_MOST)) < 0:
            if len(self._came) >= _HEAD_MOST:
                raise ValueError("its head is too long")
            start = max(0, len(self._came) - len(mark) + 1)
            await self._more()
        return self._take(end, len(mark))

    async def exactly(self, size: int) -> bytes:
        while len(self._came) < size:
            await self._more()
        return self._take(size)

    async def rest(self) -> bytes:
        """All up to the end of the connection."""
        while not isinstance(self._end, EOFError):
            await self._more()
        if len(self._came) > BODY_MOST:
            raise ValueError("that is too much")
        return self._take(len(self._came))

    def _take(self, size: int, beyond: int = 0) -> bytes:
        taken = bytes(self._came[:size])
        del self._came[: size + beyond]
        return taken

    async def _more(self) -> None:
        """Wait for more, or for the end; raises what the end was where it was known before."""
        if self._end is not None:
            raise self._end
        self._waiting = self._loop.create_future()
        await self._waiting

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)


class Wire:
    """``base`` is where the server stands, with the path that all requests begin with.

    ``headers`` go with every request. ``patience`` is how many seconds an answer may take, ``trust`` is used
    instead of the system's certificates.
    """

    def __init__(
        self,
        base: str,
        headers: Mapping[str, str] | None = None,
        *,
        patience: float = PATIENCE,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        parts = urlsplit(base)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{base!r} is no address of a server: it begins with http:// or https://")
        self._secure = parts.scheme == "https"
        self._host = parts.hostname
        self._port = parts.port or (443 if self._secure else 80)
        self._path = parts.path.rstrip("/")
        self._patience = patience
        self._trust = trust
        always = {"Host": parts.netloc.rpartition("@")[2], "Accept-Encoding": "gzip", **(headers or {})}
        self._always = _lines(always)
        self._idle: list[_Connection] = []

    async def close(self) -> None:
        """Let go of the connections. A later request opens new ones."""
        idle, self._idle = self._idle, []
        for connection in idle:
            connection.transport.abort()
        for connection in idle:
            await connection.closed.wait()

    async def ask(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Answer:
        """One request and its answer. ``target`` is what follows the base. Raises NotSent or NoAnswer."""
        target = self._path + target
        if " " in target or not (target.isascii() and target.isprintable()):
            target = quote(target, safe=_TIGHT)
        more = _lines(headers) if headers else ""
        if body or method != "GET":
            more += f"Content-Length: {len(body)}\r\n"
        head = f"{method} {target} HTTP/1.1\r\n{self._always}{more}\r\n"
        connection = self._kept() or await self._connect()
        late = TimeoutError("it took too long")
        too_late = asyncio.get_running_loop().call_later(self._patience, connection.end, late)
        whole = False
        try:
            connection.transport.write(head.encode("latin-1") + body)
            answer, whole = await _read(connection)
            return answer
        except (OSError, EOFError, ValueError, zlib.error) as error:
            raise NoAnswer(f"{type(error).__name__}: {error}") from error
        finally:
            too_late.cancel()
            if whole and connection.is_open:
                connection.used_at = monotonic()
                self._idle.append(connection)
            else:
                connection.transport.abort()

    def _kept(self) -> _Connection | None:
        """The connection that was used last, so that those beyond need grow old."""
        fresh = monotonic() - IDLE
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open and connection.used_at > fresh:
                return connection
            connection.transport.abort()
        return None

    async def _connect(self) -> _Connection:
        if self._secure and self._trust is None:
            self._trust = ssl.create_default_context()
        loop = asyncio.get_running_loop()
        failure: Exception | None = None
        for family in (AF_INET, AF_INET6):
            try:
                async with asyncio.timeout(CONNECT_TIMEOUT):
                    _, connection = await loop.create_connection(
                        _Connection,
                        self._host,
                        self._port,
                        family=family,
                        ssl=self._trust if self._secure else None,
                    )
                return connection
            except (OSError, TimeoutError) as error:
                failure = failure or error
        raise NotSent(f"{type(failure).__name__}: {failure}") from failure


def _lines(headers: Mapping[str, str]) -> str:
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    if not lines.count("\n") == lines.count("\r") == len(headers):
        raise ValueError("a header is one line")
    return lines


async def _read(connection: _Connection) -> tuple[Answer, bool]:
    """An answer, and whether another may come after it. Raises OSError, EOFError or ValueError.

    What could be read in two ways is no answer: the rest of it would be taken for that of somebody else.
    """
    status = 100
    while 100 <= status < 200:
        stays, status, headers = _head((await connection.until(b"\r\n\r\n")).decode("latin-1"))
    length, coding = headers.get("content-length"), headers.get("transfer-encoding")
    if status in _BODILESS:
        return Answer(status, headers, b""), stays and coding is None and length in (None, "0")
    if coding is not None:
        if coding.lower() != "chunked" or length is not None:
            raise ValueError("its length is told in a way that we don't know")
        body = await _chunks(connection)
    elif length is not None:
        if not _LENGTH.fullmatch(length) or int(length) > BODY_MOST:
            raise ValueError("its length is none, or too much")
        body = await connection.exactly(int(length))
    else:
        body, stays = await connection.rest(), False
    if body and (packed := headers.get("content-encoding")):
        body = _unpacked(packed, body)
    return Answer(status, headers, body), stays


def _head(text: str) -> tuple[bool, int, dict[str, str]]:
    """Whether the connection stays open after it, the status, and the headers."""
    first, *lines = text.split("\r\n")
    known = _STATUS.match(first)
    if known is None or known[2] == "101" or text.count("\n") != len(lines):
        raise ValueError("that is no answer in HTTP/1.1")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not (name and colon) or name != name.strip():
            raise ValueError("that is no header")
        headers[name.lower()] = value.strip()
    if len(headers) != len(lines):
        names = [line.partition(":")[0].lower() for line in lines]
        if names.count("content-length") > 1 or names.count("transfer-encoding") > 1:
            raise ValueError("its length is told twice")
    stays = known[1] == "1" and "close" not in headers.get("connection", "").lower()
    return stays, int(known[2]), headers


async def _chunks(connection: _Connection) -> bytes:
    parts, room = [], BODY_MOST
    while True:
        told = _CHUNK.fullmatch(await connection.until(b"\r\n"))
        size = int(told[1], 16) if told is not None else room + 1
        if size > room:
            raise ValueError("a chunk is none, or too much")
        if not size:
            break
        room -= size
        parts.append(await connection.exactly(size))
        if await connection.exactly(2) != b"\r\n":
            raise ValueError("a chunk is longer than it says")
    while await connection.until(b"\r\n"):
        pass  # what follows the last chunk says nothing that matters here
    return b"".join(parts)


def _unpacked(packed: str, body: bytes) -> bytes:
    if packed.lower() == "identity":
        return body
    if packed.lower() not in ("gzip", "x-gzip"):
        raise ValueError(f"it is packed in a way that we don't know: {packed[:20]!r}")
    unpacking = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    whole = unpacking.decompress(body, BODY_MOST)
    if not unpacking.eof or unpacking.unused_data:
        raise ValueError("it is not whole, or too much")
    return whole
