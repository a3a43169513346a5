"""The wire against a real server on loopback that says exactly what each test wants it to say."""

from __future__ import annotations

import asyncio
import datetime
import gzip
import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bot import runtime
from bot.platforms.wire import BODY_MOST, NoAnswer, NotSent, Wire

HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


class Server:
    """Answers each request with the next of its replies; an empty one hangs up. Keeps what it heard."""

    def __init__(self, replies: Iterable[bytes]) -> None:
        self._replies = iter(replies)
        self.heard: list[bytes] = []
        self.answered = asyncio.Event()
        self.connections = 0
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    (int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length:")), 0
                )
                self.heard.append(head + await reader.readexactly(length))
                reply = next(self._replies)
                writer.write(reply)
                await writer.drain()
                self.answered.set()
                if not reply or b"no length" in reply:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()


@asynccontextmanager
async def serving(*replies: bytes, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    server = Server(replies)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    async with listening:
        yield server


@asynccontextmanager
async def wired(*replies: bytes) -> AsyncIterator[tuple[Wire, Server]]:
    async with serving(*replies) as server:
        wire = Wire(f"http://127.0.0.1:{server.port}/api/v10/", {"User-Agent": "Test"})
        try:
            yield wire, server
        finally:
            await wire.close()


async def test_a_request_as_it_goes_over_the_wire() -> None:
    async with wired(HELLO) as (wire, server):
        answer = await wire.ask("POST", "/channels/1/messages", {"Authorization": "Bot x"}, b"{}")
    assert (answer.status, answer.body) == (200, b"hello")
    head, _, body = server.heard[0].partition(b"\r\n\r\n")
    assert head.split(b"\r\n") == [
        b"POST /api/v10/channels/1/messages HTTP/1.1",
        f"Host: 127.0.0.1:{server.port}".encode(),
        b"Accept-Encoding: gzip",
        b"User-Agent: Test",
        b"Authorization: Bot x",
        b"Content-Length: 2",
    ]
    assert body == b"{}"


async def test_a_connection_is_used_again() -> None:
    async with wired(HELLO, HELLO, HELLO) as (wire, server):
        for _ in range(3):
            await wire.ask("GET", "/a")
        assert server.connections == 1


async def test_requests_at_once_have_a_connection_each() -> None:
    async with wired(HELLO, HELLO, HELLO) as (wire, server):
        await asyncio.gather(*(wire.ask("GET", "/a") for _ in range(3)))
        assert server.connections == 3


@pytest.mark.parametrize(
    ("reply", "body"),
    [
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nEnd: x\r\n\r\n",
            b"hello world",
        ),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + HELLO, b"hello"),
        (b"HTTP/1.1 200 OK\r\nX-Said: no length\r\n\r\nhello", b"hello"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s"
            % (len(gzip.compress(b"hello")), gzip.compress(b"hello")),
            b"hello",
        ),
        (b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", b""),
    ],
)
async def test_every_way_to_give_a_body(reply: bytes, body: bytes) -> None:
    async with wired(reply, HELLO) as (wire, _):
        assert (await wire.ask("GET", "/a")).body == body
        assert (await wire.ask("GET", "/b")).body == b"hello"


async def test_an_answer_in_the_smallest_pieces() -> None:
    reply = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"

    async def dribble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            await reader.readuntil(b"\r\n\r\n")
            for at in range(len(reply)):
                writer.write(reply[at : at + 1])
                await a_turn()
        writer.close()

    async with await asyncio.start_server(dribble, "127.0.0.1", 0) as listening:
        wire = Wire(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}")
        for _ in range(2):
            assert (await asyncio.wait_for(wire.ask("GET", "/a"), 5)).body == b"hello"
        await wire.close()


async def test_names_of_headers_are_in_lower_case() -> None:
    reply = b"HTTP/1.1 200 OK\r\nX-RateLimit-Bucket:  abc \r\nContent-Length: 0\r\n\r\n"
    async with wired(reply) as (wire, _):
        assert (await wire.ask("GET", "/a")).headers["x-ratelimit-bucket"] == "abc"


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nX-Said: no length\r\n\r\nhello",
    ],
)
async def test_a_connection_that_ends_is_not_used_again(reply: bytes) -> None:
    async with wired(reply, HELLO) as (wire, server):
        await wire.ask("GET", "/a")
        await wire.ask("GET", "/a")
        assert server.connections == 2


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"SMTP ready\r\n\r\n",
        b"HTTP/1.1 many OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfive\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-Said: no length\r\n\r\n" + bytes(BODY_MOST + 1),
        b"HTTP/1.1 200 OK\r\nX-Said: no length\r\n\r\n" + bytes(3 * BODY_MOST),
    ],
)
async def test_what_is_no_answer_leaves_the_outcome_open(reply: bytes) -> None:
    async with wired(reply, HELLO) as (wire, _):
        with pytest.raises(NoAnswer):
            await wire.ask("POST", "/a", {}, b"{}")
        assert (await wire.ask("GET", "/a")).body == b"hello"


async def test_an_answer_cut_short_is_none() -> None:
    async with wired(b"HTTP/1.1 200 OK\r\nX-Said: no length\r\nContent-Length: 50\r\n\r\nhello") as (wire, _):
        with pytest.raises(NoAnswer):
            await wire.ask("GET", "/a")


async def test_an_answer_nobody_waits_for_is_never_taken_for_the_next() -> None:
    async with wired(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n", HELLO) as (wire, server):
        asked = asyncio.create_task(wire.ask("GET", "/slow"))
        await asyncio.wait_for(server.answered.wait(), 5)
        asked.cancel()
        await asyncio.wait((asked,))
        assert (await wire.ask("GET", "/next")).body == b"hello"
        assert server.connections == 2


async def test_an_answer_that_takes_too_long_is_none() -> None:
    async with serving(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n", HELLO) as server:
        wire = Wire(f"http://127.0.0.1:{server.port}", patience=0.05)
        with pytest.raises(NoAnswer):
            await asyncio.wait_for(wire.ask("GET", "/slow"), 5)
        assert (await wire.ask("GET", "/next")).body == b"hello"
        await wire.close()


async def test_where_nobody_listens_nothing_was_sent() -> None:
    async with serving() as server:
        port = server.port
    with pytest.raises(NotSent):
        await Wire(f"http://127.0.0.1:{port}").ask("GET", "/a")


@pytest.mark.parametrize("target", ["/a b", "/a\r\nX: y", "/é"])
async def test_odd_targets_stay_on_their_line(target: str) -> None:
    async with wired(HELLO) as (wire, server):
        await wire.ask("GET", target)
    assert server.heard[0].count(b"\r\n") == 5
    assert b" HTTP/1.1\r\nHost:" in server.heard[0]


async def test_a_header_of_two_lines_is_refused() -> None:
    async with wired(HELLO) as (wire, _):
        with pytest.raises(ValueError, match="one line"):
            await wire.ask("GET", "/a", {"Authorization": "Bot x\r\nX: y"})


@pytest.mark.parametrize("base", ["discord.com", "ftp://discord.com", "https://"])
def test_an_address_without_a_server_is_refused(base: str) -> None:
    with pytest.raises(ValueError, match="begins with http"):
        Wire(base)


async def test_certificates_are_checked(tmp_path: Path) -> None:
    theirs, ours = certified(tmp_path)
    async with serving(HELLO, tls=theirs) as server:
        base = f"https://localhost:{server.port}"
        stranger, friend = Wire(base), Wire(base, trust=ours)
        with pytest.raises(NotSent, match="CERTIFICATE"):
            await stranger.ask("GET", "/a")
        assert (await friend.ask("GET", "/a")).body == b"hello"
        await friend.close()


@pytest.mark.parametrize(
    "reply",
    [
        HELLO + b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong",
        HELLO + b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello",
    ],
)
async def test_what_nobody_asked_for_is_never_taken_for_an_answer(reply: bytes) -> None:
    async with wired(reply, HELLO) as (wire, server):
        assert (await wire.ask("GET", "/a")).status in (200, 204)
        assert (await wire.ask("GET", "/b")).body == b"hello"
        assert server.connections == 2


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 4\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0_5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello!!0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n99999999999\r\nhello",
        b"HTTP/1.1 +20 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 2000 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + HELLO,
        b"HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nX: y\r\n Content-Length: 4\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 5\r\n\r\nhello",
    ],
)
async def test_what_could_be_read_in_two_ways_is_no_answer(reply: bytes) -> None:
    async with wired(reply, HELLO) as (wire, server):
        with pytest.raises(NoAnswer):
            await wire.ask("POST", "/a", {}, b"{}")
        assert (await wire.ask("GET", "/b")).body == b"hello"
        assert server.connections == 2


@pytest.mark.parametrize(
    "body",
    [
        gzip.compress(bytes(BODY_MOST + 1)),
        gzip.compress(b"hello")[:-1],
        gzip.compress(b"hello") + b"!",
    ],
    ids=["too large", "cut off", "more behind it"],
)
async def test_a_packed_body_is_whole_and_no_larger_than_it_may_be(body: bytes) -> None:
    reply = b"HTTP/1.1 200 OK\r\nContent-Encoding: GZIP\r\nContent-Length: %d\r\n\r\n" % len(body)
    async with wired(reply + body, HELLO) as (wire, _):
        with pytest.raises(NoAnswer):
            await wire.ask("GET", "/a")


async def test_no_end_of_patience_is_taken_for_the_end_of_an_answer() -> None:
    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n{")
        await reader.read()
        writer.close()

    async with await asyncio.start_server(half, "127.0.0.1", 0) as listening:
        wire = Wire(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}", patience=0.05)
        with pytest.raises(NoAnswer):
            await asyncio.wait_for(wire.ask("GET", "/a"), 5)


async def test_slow_drops_end_with_the_patience() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        gone = asyncio.create_task(reader.read())
        while not gone.done():
            writer.write(b"x")
            await asyncio.wait((gone,), timeout=0.01)
        writer.close()

    async with await asyncio.start_server(drip, "127.0.0.1", 0) as listening:
        wire = Wire(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}", patience=0.1)
        with pytest.raises(NoAnswer):
            await asyncio.wait_for(wire.ask("GET", "/a"), 5)


async def test_a_name_that_the_certificate_does_not_hold_is_refused(tmp_path: Path) -> None:
    theirs, ours = certified(tmp_path)
    async with serving(HELLO, tls=theirs) as server:
        with pytest.raises(NotSent, match="CERTIFICATE"):
            await Wire(f"https://127.0.0.1:{server.port}", trust=ours).ask("GET", "/a")
        assert server.heard == []


async def test_addresses_of_the_sixth_version() -> None:
    server = Server([HELLO])
    try:
        begun = await asyncio.start_server(server.serve, "::1", 0)
    except OSError:
        pytest.skip("this machine has no such addresses")
    async with begun as listening:
        port = listening.sockets[0].getsockname()[1]
        wire = Wire(f"http://[::1]:{port}")
        assert (await wire.ask("GET", "/a")).body == b"hello"
        await wire.close()
    assert f"Host: [::1]:{port}\r\n".encode() in server.heard[0]


def test_all_of_it_on_the_loop_that_kith_runs_on(tmp_path: Path) -> None:
    async def work() -> None:
        await test_a_connection_is_used_again()
        await test_an_answer_in_the_smallest_pieces()
        await test_an_answer_nobody_waits_for_is_never_taken_for_the_next()
        await test_an_answer_that_takes_too_long_is_none()
        await test_where_nobody_listens_nothing_was_sent()
        await test_certificates_are_checked(tmp_path)

    with asyncio.Runner(loop_factory=runtime.loop_factory()) as runner:
        runner.run(work())


async def a_turn() -> None:
    """Let the loop look at all connections once."""
    turned = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.call_soon(loop.call_soon, turned.set)
    await turned.wait()


def certified(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a certificate for localhost, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "localhost.pem"
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(path)
    return theirs, ssl.create_default_context(cafile=str(path))
