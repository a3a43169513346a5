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
from typing import Final
from urllib.parse import quote, urlsplit

CONNECT_TIMEOUT: Final = 5.0
"""Seconds for a connection to stand, with each of the two kinds of addresses."""
PATIENCE: Final = 20.0
"""Seconds that an answer is waited for; less than the outbox waits."""
IDLE: Final = 50.0
"""Seconds for which an unused connection is kept; servers keep them for a minute and more."""
BODY_MOST: Final = 16 * 1024 * 1024
"""Bytes that an answer may have, unpacked: many times as many as any that we are given."""
_TARGET: Final = re.compile(r"/[!-~]*")
_STATUS: Final = re.compile(r"HTTP/1\.([01]) ([1-5]\d\d)(?: |$)")
_LENGTH: Final = re.compile(r"[0-9]{1,12}")
_CHUNK: Final = re.compile(rb"([0-9A-Fa-f]{1,10})[ \t]*(?:;.*)?\r\n")
_BODILESS: Final = frozenset({204, 304})
_TIGHT: Final = "/?=&%"


class NotSent(Exception):
    """There is no connection, so nothing has left."""


class NoAnswer(Exception):
    """The request has left, or some of it; what became of it is unknown."""


@dataclass(frozen=True, slots=True)
class Answer:
    """``headers`` by their names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class _Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    used_at: float = 0.0

    @property
    def is_open(self) -> bool:
        # what came without being asked for would be taken for the next answer
        unasked = self.reader._buffer  # type: ignore[attr-defined]
        return not (unasked or self.reader.at_eof() or self.writer.transport.is_closing())


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
            connection.writer.transport.abort()
        await asyncio.gather(*(each.writer.wait_closed() for each in idle), return_exceptions=True)

    async def ask(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Answer:
        """One request and its answer. ``target`` is what follows the base. Raises NotSent or NoAnswer."""
        target = self._path + target
        if not _TARGET.fullmatch(target):
            target = quote(target, safe=_TIGHT)
        more = {**(headers or {}), "Content-Length": str(len(body))} if body or method != "GET" else headers
        head = f"{method} {target} HTTP/1.1\r\n{self._always}{_lines(more or {})}\r\n"
        connection = self._kept() or await self._connect()
        reader, writer = connection.reader, connection.writer
        loop = asyncio.get_running_loop()
        too_late = loop.call_later(self._patience, writer.transport.abort)
        whole = False
        try:
            writer.write(head.encode("latin-1") + body)
            await writer.drain()
            answer, whole = await _read(reader)
            if not whole and loop.time() >= too_late.when():
                raise EOFError("it was cut off")  # an answer without a length would seem to end there
            return answer
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError, zlib.error) as error:
            raise NoAnswer(f"{type(error).__name__}: {error}") from error
        finally:
            too_late.cancel()
            if whole and connection.is_open:
                connection.used_at = monotonic()
                self._idle.append(connection)
            else:
                writer.transport.abort()

    def _kept(self) -> _Connection | None:
        """The connection that was used last, so that those beyond need grow old."""
        fresh = monotonic() - IDLE
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open and connection.used_at > fresh:
                return connection
            connection.writer.transport.abort()
        return None

    async def _connect(self) -> _Connection:
        if self._secure and self._trust is None:
            self._trust = ssl.create_default_context()
        failure: Exception | None = None
        for family in (AF_INET, AF_INET6):
            try:
                async with asyncio.timeout(CONNECT_TIMEOUT):
                    streams = await asyncio.open_connection(
                        self._host, self._port, family=family, ssl=self._trust if self._secure else None
                    )
                return _Connection(*streams)
            except (OSError, TimeoutError) as error:
                failure = failure or error
        raise NotSent(f"{type(failure).__name__}: {failure}") from failure


def _lines(headers: Mapping[str, str]) -> str:
    for name, value in headers.items():
        if "\r" in value or "\n" in value:
            raise ValueError(f"{name}: a header is one line")
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items())


async def _read(reader: asyncio.StreamReader) -> tuple[Answer, bool]:
    """An answer, and whether another may come after it. Raises EOFError or ValueError.

    What could be read in two ways is no answer: the rest of it would be taken for that of somebody else.
    """
    status = 100
    while 100 <= status < 200:
        stays, status, headers = _head((await reader.readuntil(b"\r\n\r\n")).decode("latin-1"))
    length, coding = headers.get("content-length"), headers.get("transfer-encoding")
    if status in _BODILESS:
        return Answer(status, headers, b""), stays and coding is None and length in (None, "0")
    if coding is not None:
        if coding.lower() != "chunked" or length is not None:
            raise ValueError("its length is told in a way that we don't know")
        body = await _chunks(reader)
    elif length is not None:
        if not _LENGTH.fullmatch(length) or int(length) > BODY_MOST:
            raise ValueError("its length is none, or too much")
        body = await reader.readexactly(int(length))
    else:
        body, stays = await _rest(reader), False
    if body and (packed := headers.get("content-encoding")):
        body = _unpacked(packed, body)
    return Answer(status, headers, body), stays


def _head(text: str) -> tuple[bool, int, dict[str, str]]:
    """Whether the connection stays open after it, the status, and the headers."""
    lines = text.split("\r\n")
    known = _STATUS.match(lines[0])
    if known is None or known[2] == "101" or text.count("\n") != len(lines) - 1:
        raise ValueError("that is no answer in HTTP/1.1")
    headers = dict(map(_header, lines[1:-2]))
    if len(headers) != len(lines) - 3:
        names = [line.partition(":")[0].lower() for line in lines[1:-2]]
        if names.count("content-length") > 1 or names.count("transfer-encoding") > 1:
            raise ValueError("its length is told twice")
    stays = known[1] == "1" and "close" not in headers.get("connection", "").lower()
    return stays, int(known[2]), headers


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not name or name[0] in " \t" or name[-1] in " \t":
        raise ValueError("that is no header")
    return name.lower(), value.strip()


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    parts, room = [], BODY_MOST
    while True:
        told = _CHUNK.fullmatch(await reader.readuntil(b"\r\n"))
        size = int(told[1], 16) if told is not None else room + 1
        if size > room:
            raise ValueError("a chunk is none, or too much")
        if not size:
            break
        room -= size
        parts.append(await reader.readexactly(size))
        if await reader.readexactly(2) != b"\r\n":
            raise ValueError("a chunk is longer than it says")
    while await reader.readuntil(b"\r\n") != b"\r\n":
        pass  # what follows the last chunk says nothing that matters here
    return b"".join(parts)


async def _rest(reader: asyncio.StreamReader) -> bytes:
    """All up to the end of the connection."""
    parts, room = [], BODY_MOST
    while part := await reader.read(64 * 1024):
        room -= len(part)
        if room < 0:
            raise ValueError("that is too much")
        parts.append(part)
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
