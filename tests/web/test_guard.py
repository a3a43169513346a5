"""Who gets in and who does not: links, sessions, origins, hosts, sizes, pace, headers, health."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import aiohttp
import pytest
from aiohttp import WSMsgType, web

from bot.metrics import Metrics
from bot.version import VERSION
from bot.web.app import build
from bot.web.files import Files
from bot.web.sessions import LINK_SECONDS, SESSION_MS, LinkUsed, Sessions
from storage.port import Engine, Tx
from tests.web.house import PATIENCE, House

OPEN = {"Authorization": ""}


async def test_the_link_lets_a_browser_in_once(house: House) -> None:
    code = house.sessions.link_code()
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        async with browser.get(house.base + "/") as closed:
            assert closed.status == 401
            assert "one-time link" in await closed.text()
        async with browser.get(f"{house.base}/enter?code={code}", allow_redirects=False) as entered:
            assert (entered.status, entered.headers["Location"]) == (303, "/")
            cookie = entered.headers["Set-Cookie"]
            assert "HttpOnly" in cookie
            assert "SameSite=Strict" in cookie
            assert "Path=/" in cookie
        async with browser.get(house.base + "/") as front:
            assert front.status == 200
            assert front.content_type == "text/html"
        async with browser.get(house.base + "/api/people") as people:
            assert people.status == 200
        for spent in (code, "nonsense", ""):
            async with browser.get(f"{house.base}/enter?code={spent}") as again:
                assert again.status == 401
                assert "spent" in await again.text()
        async with browser.post(house.base + "/api/sign-out", json={}) as out:
            assert out.status == 200
        async with browser.get(house.base + "/api/people") as people:
            assert people.status == 401


async def test_a_script_comes_in_and_hands_out_tokens(house: House) -> None:
    entered = await house.post("/api/enter", {"code": house.sessions.link_code()}, headers=OPEN)
    assert entered.status == 200
    own = {"Authorization": f"Bearer {entered.body['token']}"}
    issued = await house.post("/api/tokens", {"note": "my  script"}, headers=own)
    assert issued.status == 201
    script = {"Authorization": f"Bearer {issued.body['token']}"}
    assert (await house.get("/api/people", headers=script)).status == 200
    listed = (await house.get("/api/sessions", headers=own)).body["sessions"]
    found = next(one for one in listed if one["note"] == "my script")
    assert not found["current"]
    assert sum(one["current"] for one in listed) == 1
    assert (await house.post(f"/api/sessions/{found['id']}/revoke", headers=own)).status == 200
    assert (await house.get("/api/people", headers=script)).status == 401
    assert (await house.post(f"/api/sessions/{found['id']}/revoke", headers=own)).body[
        "error"
    ] == "unknown_session"
    assert (await house.post("/api/tokens", {"note": " "}, headers=own)).status == 422


@pytest.mark.parametrize(
    "path", ["/api/people", "/api/room?as=u1", "/api/live?as=u1", "/api/nothing", "/api/clock"]
)
async def test_nothing_is_shown_without_a_session(house: House, path: str) -> None:
    for headers in (
        OPEN,
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Basic x"},
        {"Cookie": "kith_session=x"},
    ):
        refused = await house.get(path, headers={**OPEN, **headers})
        assert (refused.status, refused.body["error"]) == (401, "sign_in")
        assert refused.headers["WWW-Authenticate"] == "Bearer"


async def test_every_answer_has_the_security_headers(house: House) -> None:
    for path in (
        "/",
        "/static/base.css",
        "/static/no.css",
        "/api/people",
        "/api/none",
        "/healthz",
        "/nowhere",
    ):
        answer = await house.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Frame-Options"] == "DENY"
    assert (await house.get("/api/people")).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://["},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_other_origins_are_refused(house: House, headers: dict[str, str]) -> None:
    said = {"as": "u3", "channel": "c2", "text": "from elsewhere"}
    refused = await house.post("/api/say", said, headers=headers)
    assert (refused.status, refused.body["error"]) == (403, "other_origin")
    with pytest.raises(aiohttp.WSServerHandshakeError) as error:
        await house.client.ws_connect(f"{house.base}/api/live?as=u3", headers=headers)
    assert error.value.status == 403
    assert "elsewhere" not in json.dumps((await house.get("/api/room?as=u3")).body)


async def test_our_own_origin_is_fine(house: House) -> None:
    headers = {"Origin": house.base, "Sec-Fetch-Site": "same-origin"}
    said = {"as": "u3", "channel": "c2", "text": "from here"}
    assert (await house.post("/api/say", said, headers=headers)).status == 201
    async with house.client.ws_connect(f"{house.base}/api/live?as=u3", headers=headers) as socket:
        assert (await socket.receive_json(timeout=PATIENCE))["type"] == "snapshot"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8137", "127.0.0.1.evil.example", "[::1", ""])
async def test_other_host_names_are_refused(house: House, host: str) -> None:
    for path in ("/", "/api/people", "/healthz"):
        assert (await house.get(path, headers={"Host": host})).status in (400, 421)


async def test_own_host_names_are_fine(house: House) -> None:
    for host in ("localhost:8137", "127.0.0.1", "[::1]:80", "LOCALHOST"):
        assert (await house.get("/healthz", headers={"Host": host})).status == 200


async def test_bad_requests_are_told_what_is_wrong(house: House) -> None:
    async def send(data: bytes, kind: str = "application/json") -> tuple[int, str]:
        headers = {"Content-Type": kind}
        async with house.client.post(house.base + "/api/say", data=data, headers=headers) as response:
            return response.status, (await response.json())["error"]

    assert await send(b"{") == (400, "bad_json")
    assert await send(b"") == (400, "bad_json")
    assert await send(b"\xff\xfe") == (400, "bad_json")
    assert await send(b"[" * 50_000) == (400, "bad_json")
    assert await send(b'{"as": NaN}') == (400, "bad_json")
    assert await send(b"[]") == (400, "bad_request")
    assert await send(b'{"as": 3}') == (400, "bad_request")
    assert await send(b'{"as": "u3", "channel": null, "text": "x"}') == (400, "bad_request")
    assert await send(b"as=u3", "application/x-www-form-urlencoded") == (415, "not_json")
    assert await send(b"{}", "text/plain") == (415, "not_json")
    wrong = await house.get("/api/say")
    assert (wrong.status, wrong.body["error"], wrong.headers["Allow"]) == (405, "wrong_method", "POST")
    missing = await house.get("/api/room")
    assert (missing.status, missing.body["error"]) == (400, "bad_request")


async def test_unknown_ids_are_named(house: House) -> None:
    for body, path, error in (
        ({"as": "u99", "channel": "c2", "text": "x"}, "say", "unknown_person"),
        ({"as": "kith", "channel": "c2", "text": "x"}, "say", "not_allowed"),
        ({"as": "u3", "channel": "c99", "text": "x"}, "say", "unknown_channel"),
        ({"as": "u3", "channel": "c2", "text": "x", "thread": "m99999"}, "say", "unknown_message"),
        ({"as": "u3", "message": "m99999", "emoji": "👍"}, "react", "unknown_message"),
        ({"as": "u3", "message": "m1", "control": "k1"}, "press", "unknown_control"),
        ({"as": "u3", "with": "u99"}, "directs", "unknown_person"),
        ({"as": "u3", "menu": "n99", "message": "m1"}, "menu", "unknown_menu"),
        ({"as": "u3", "values": {}}, "dialogs/f99/submit", "unknown_dialog"),
        ({"look": "irc"}, "look", "bad_value"),
    ):
        answer = await house.post(f"/api/{path}", body)
        assert answer.body["error"] == error
        assert answer.body["message"]
        assert 400 <= answer.status < 500


async def test_too_much_text_is_refused_with_the_limit(house: House) -> None:
    async def say(text: str) -> tuple[int, str, int]:
        answer = await house.post("/api/say", {"as": "u3", "channel": "c2", "text": text})
        return answer.status, answer.body["error"], answer.body.get("limit", 0)

    assert await say("x" * 2_001) == (422, "too_long", 2_000)
    assert await say("👍" * 1_001) == (422, "too_long", 2_000)
    assert await say("x" * 100_000) == (413, "too_large", 65_536)
    long = await house.post("/api/command", {"as": "u3", "channel": "c2", "text": "/shoutout " + "x" * 6_000})
    assert (long.status, long.body["limit"]) == (422, 6_000)
    for text in ("", "  \n", "\x00\x07"):
        assert (await say(text))[:2] == (422, "empty")


async def test_odd_characters_are_made_harmless(house: House) -> None:
    for given, kept in (
        ("a\x00b\x1bc\x7f", "abc"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("lone \ud800 half", "lone \ufffd half"),
        ("turn \u202eround", "turn \u202eround\u202c"),
        ("isolate \u2067x", "isolate \u2067x\u2069"),
        ("<b>*_`@everyone <!channel> <@nobody>", "<b>*_`@everyone <!channel> <@nobody>"),
    ):
        answer = await house.post("/api/say", {"as": "u3", "channel": "c2", "text": given})
        assert "".join(span["text"] for span in answer.body["message"]["text"]) == kept
        assert answer.body["message"]["pings"] == []


async def test_a_session_goes_at_a_sane_pace(house: House) -> None:
    statuses = [
        (await house.post("/api/unreact", {"as": "u3", "message": "m1", "emoji": "👍"})) for _ in range(90)
    ]
    refused = [answer for answer in statuses if answer.status == 429]
    assert refused
    assert (refused[0].body["error"], refused[0].headers["Retry-After"]) == ("slow_down", "1")
    assert (await house.get("/api/people")).status == 200


async def test_revoking_ends_live_connections(house: House) -> None:
    issued = await house.sessions.issue("live")
    headers = {"Authorization": f"Bearer {issued.token}"}
    async with house.client.ws_connect(f"{house.base}/api/live?as=u3", headers=headers) as socket:
        await socket.receive_json(timeout=PATIENCE)
        assert await house.sessions.end(issued.session.id)
        message = await socket.receive(timeout=PATIENCE)
        assert (message.type, message.data) == (WSMsgType.CLOSE, 1008)


async def test_stopping_closes_live_connections(house: House) -> None:
    async with house.live("u3") as live:
        await live.next()
        await house.app.shutdown()
        message = await live.socket.receive(timeout=PATIENCE)
        assert (message.type, message.data) == (WSMsgType.CLOSE, 1001)


async def test_health_tells_alive_from_ready(house: House) -> None:
    assert (await house.get("/healthz", headers=OPEN)).status == 200
    assert (await house.get("/readyz", headers=OPEN)).body == {"ready": True, "checks": {"storage": True}}
    house.ready = False
    answer = await house.get("/readyz", headers=OPEN)
    assert (answer.status, answer.body) == (503, {"ready": False, "checks": {"storage": False}})


async def test_metrics_are_for_this_machine_and_those_signed_in(house: House) -> None:
    here = await house.get("/metrics", headers=OPEN)
    assert here.status == 200
    assert f'kith_info{{version="{VERSION}"}} 1.0' in here.body["text"]
    passed_on = {"X-Forwarded-For": "203.0.113.9"}
    assert (await house.get("/metrics", headers={**OPEN, **passed_on})).status == 401
    assert (await house.get("/metrics", headers=passed_on)).status == 200


async def test_files_are_revalidated_and_nothing_else_is_served(house: House) -> None:
    first = await house.get("/static/base.css", headers=OPEN)
    assert first.status == 200
    assert first.headers["Content-Type"].startswith("text/css")
    again = await house.get("/static/base.css", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status == 304
    for path in (
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/.hidden",
        "/static/",
        "/static/none.js",
    ):
        assert (await house.get(path)).status == 404
    lost = await house.get("/nowhere")
    assert (lost.status, lost.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert "front door" in lost.body["text"]
    assert (await house.get("/api/nowhere")).body["error"] == "not_found"


async def test_behind_a_proxy_the_public_address_is_ours(house: House, tmp_path: Path) -> None:
    app = build(
        sessions=house.sessions,
        checks={},
        figures=Metrics().page,
        files=Files(tmp_path),
        hosts=None,
        public_url="https://kith.example",
    )
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        base = f"http://127.0.0.1:{runner.addresses[0][1]}"
        for origin, status in (("https://kith.example", 201), ("https://other.example", 403)):
            async with house.client.post(
                base + "/api/tokens", json={"note": "n"}, headers={"Origin": origin}
            ) as answer:
                assert answer.status == status
        link = f"{base}/enter?code={house.sessions.link_code()}"
        async with house.client.get(link, allow_redirects=False) as entered:
            assert "Secure" in entered.headers["Set-Cookie"]
    finally:
        await runner.cleanup()


async def test_without_a_room_there_is_none(house: House, tmp_path: Path) -> None:
    (tmp_path / "page").mkdir()
    app = build(
        sessions=house.sessions,
        checks={},
        figures=Metrics().page,
        files=Files(tmp_path / "page"),
        hosts=None,
    )
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        base = f"http://127.0.0.1:{runner.addresses[0][1]}"
        async with house.client.get(base + "/", headers={"Host": "kith.example"}) as front:
            assert front.status == 200
            assert "Kith is running" in await front.text()
        async with house.client.get(base + "/api/people") as people:
            assert people.status == 404
    finally:
        await runner.cleanup()


class Hands:
    """Real time, moved by hand."""

    def __init__(self) -> None:
        self.now = 1_800_000_000_000

    def __call__(self) -> int:
        return self.now


async def test_sessions_last_and_end_on_every_engine(host_engine: Engine) -> None:
    hands = Hands()
    sessions = Sessions(host_engine, "secret", hands)
    code = sessions.link_code()
    issued = await sessions.enter(code, "x" * 300)
    with pytest.raises(LinkUsed):
        await sessions.enter(code, "again")
    with pytest.raises(LinkUsed):
        await Sessions(host_engine, "another secret", hands).enter(sessions.link_code(), "foreign")
    found = await sessions.find(issued.token)
    assert found is not None
    assert len(found.note) == 100

    async def held(tx: Tx) -> list[str]:
        return [str(dict(row)) for row in await tx.all("SELECT * FROM session")]

    assert all(issued.token not in row for row in await host_engine.read(held))
    hands.now += SESSION_MS - 1
    later = Sessions(host_engine, "secret", hands)
    assert await later.find(issued.token) is not None
    assert (await later.all())[0].seen_at == hands.now
    hands.now += 1
    assert await sessions.find(issued.token) is None
    assert await later.all() == []
    fresh = await sessions.issue("script")
    assert await later.find(fresh.token) is not None
    assert await later.end(fresh.session.id)
    assert not await later.end(fresh.session.id)
    assert await later.find(fresh.token) is None
    hands.now += LINK_SECONDS * 3_000
    await sessions.enter(sessions.link_code(), "prunes")

    async def spent(tx: Tx) -> int:
        return len(await tx.all("SELECT id FROM spent_link"))

    assert await host_engine.read(spent) == 1


async def test_two_browsers_with_one_link_and_only_one_gets_in(host_engine: Engine) -> None:
    sessions = Sessions(host_engine, "secret", Hands())
    code = sessions.link_code()
    results = await asyncio.gather(*(sessions.enter(code, "b") for _ in range(5)), return_exceptions=True)
    assert sum(not isinstance(result, LinkUsed) for result in results) == 1
