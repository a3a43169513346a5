"""HTTP/1.1 to one server over kept-alive connections.

Each greeting is one small request, and a general client spends more on it than all the rest of a delivery
takes. So this does what Discord's REST API needs, no redirects and no cookies among it.
"""

from __future__ import annotations

import asyncio
import gzip
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
_TARGET: Final = re.compile(r"/[!-~]*")
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
        return not (self.reader.at_eof() or self.writer.transport.is_closing())


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
        too_late = asyncio.get_running_loop().call_later(self._patience, writer.transport.abort)
        whole = False
        try:
            writer.write(head.encode("latin-1") + body)
            await writer.drain()
            answer, whole = await _read(reader)
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
    """An answer, and whether another may come after it. Raises EOFError or ValueError."""
    status = 100
    while 100 <= status < 200:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        version, status = _status(lines[0])
        headers = dict(_header(line) for line in lines[1:] if line)
    stays = version == "HTTP/1.1" and "close" not in headers.get("connection", "").lower()
    if status in _BODILESS:
        return Answer(status, headers, b""), stays
    if "chunked" in headers.get("transfer-encoding", "").lower():
        body = await _chunks(reader)
    elif (length := headers.get("content-length")) is not None:
        body = await reader.readexactly(int(length))
    else:
        body, stays = await reader.read(), False
    if body and headers.get("content-encoding") == "gzip":
        body = gzip.decompress(body)
    return Answer(status, headers, body), stays


def _status(line: str) -> tuple[str, int]:
    version, _, rest = line.partition(" ")
    if not version.startswith("HTTP/"):
        raise ValueError("that is no HTTP")
    return version, int(rest[:3])


def _header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.lower(), value.strip()


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    parts = []
    while size := int((await reader.readuntil(b"\r\n")).partition(b";")[0], 16):
        parts.append((await reader.readexactly(size + 2))[:-2])
    while await reader.readuntil(b"\r\n") != b"\r\n":
        pass  # what follows the last chunk says nothing that matters here
    return b"".join(parts)
