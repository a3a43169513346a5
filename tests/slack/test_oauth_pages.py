"""Letting Kith into a workspace with a browser: the way through, and every way in which it can go wrong."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
import pytest_asyncio

from bot.slack import keyring
from bot.slack_installs import STATE_MS, States
from tests.fakes.slack import Drop, Person, Refuse
from tests.slack.shared import NAME, Place, Shared, shared

BACK = f"http://{NAME}/slack/oauth"


@pytest_asyncio.fixture
async def s(tmp_path: Path) -> AsyncIterator[Shared]:
    async with shared(tmp_path) as made:
        yield made


@pytest.fixture
def place(s: Shared) -> Place:
    return Place(s.slack, "One")


async def test_the_way_to_slack_asks_for_what_is_needed_and_no_more(s: Shared) -> None:
    to_slack = await s.browser().start()
    query = parse_qs(urlsplit(to_slack).query)
    assert to_slack.startswith(f"{s.slack.authorize_url}?")
    assert query["scope"] == [",".join(s.slack.app.wanted_scopes)]
    assert query["redirect_uri"] == [BACK]
    assert "user_scope" not in query
    assert "code_challenge" not in query


async def test_the_cookie_is_for_this_way_alone(s: Shared) -> None:
    assert s.running is not None
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{s.running.listening}/slack/install/start", allow_redirects=False) as answer,
    ):
        cookie = answer.headers["Set-Cookie"]
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
    for part in ("HttpOnly", "SameSite=Lax", "Path=/slack", "Max-Age=600"):
        assert part in cookie


async def test_what_is_kept_is_encrypted_and_never_logged(
    s: Shared, place: Place, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    await s.install(place)
    token = place.workspace.bot_token
    (refresh,) = place.workspace.installation.refresh_tokens
    row = await s.row(place)
    assert (row["name"], row["bot_user"], row["installed_by"]) == (
        "One",
        place.workspace.bot.id,
        place.lead.id,
    )
    await s.stop()
    kept = b"".join(file.read_bytes() for file in s.path.rglob("*") if file.is_file())
    said = caplog.text + "".join(capsys.readouterr())
    assert place.workspace.id.encode() in kept
    for secret in (token, refresh, s.key, s.slack.app.client_secret, s.slack.app.signing_secret):
        assert secret.encode() not in kept
        assert secret not in said
    await s.start()


async def test_declining_changes_nothing(s: Shared, place: Place) -> None:
    browser = s.browser()
    to_slack = await browser.start()
    _, _, back = await browser.post(to_slack, {"user": place.lead.id, "cancel": ""})
    status, text, _ = await browser.get(back)
    assert (status, "Kith stays out" in text) == (200, True)
    assert await s.rows("SELECT team FROM slack_install") == []
    assert "This was done already" in (await browser.get(back))[1]


async def test_a_way_in_works_once(s: Shared, place: Place) -> None:
    browser = s.browser()
    back = await browser.allow(await browser.start(), place.lead)
    answers = await asyncio.gather(browser.get(back), browser.get(back), browser.get(back))
    assert sorted(status for status, _, _ in answers) == [200, 410, 410]
    assert len(s.slack.calls("oauth.v2.access")) == 1


async def test_a_way_in_ends_where_it_began(s: Shared, place: Place) -> None:
    mine, theirs = s.browser(), s.browser()
    back = await mine.allow(await mine.start(), place.lead)
    await theirs.start()
    for browser in (theirs, s.browser()):
        status, text, _ = await browser.get(back)
        assert (status, "another browser" in text) == (403, True)
    assert (await mine.get(back))[0] == 200


async def test_a_browser_may_begin_in_two_tabs(s: Shared, place: Place) -> None:
    browser = s.browser()
    first, second = await browser.start(), await browser.start()
    assert (await browser.get(await browser.allow(first, place.lead)))[0] == 200
    assert (await browser.get(await browser.allow(second, place.lead)))[0] == 200


@pytest.mark.parametrize("state", ["", "x", "gAAAAABx", "%00", "é", "a" * 4_000])
async def test_a_forged_state_is_refused(s: Shared, state: str) -> None:
    browser = s.browser()
    await browser.start()
    status, text, _ = await browser.get(f"{BACK}?code=1.2&state={state}")
    assert (status, "one of ours" in text) == (400, True)
    assert s.slack.calls("oauth.v2.access") == []


async def test_a_token_in_place_of_a_state_is_refused(s: Shared, place: Place) -> None:
    await s.install(place)
    sealed = (await s.row(place))["access_token"]
    browser = s.browser()
    await browser.start()
    assert (await browser.get(f"{BACK}?code=1.2&state={sealed}"))[0] == 400


async def test_a_state_lasts_ten_minutes(s: Shared) -> None:
    assert s.running is not None
    now = s.clock()
    states = States(s.running.core.engine, keyring(s.config().slack), lambda: now)
    state = states.begin("browser")
    now += STATE_MS - 1
    assert await states.finish(state, "browser") == ""
    old = states.begin("browser", "verifier")
    now += STATE_MS
    assert getattr(await states.finish(old, "browser"), "name", None) == "EXPIRED"
    assert getattr(await states.finish(state, "browser"), "name", None) == "EXPIRED"


async def test_a_code_that_slack_does_not_know_is_refused(s: Shared) -> None:
    browser = s.browser()
    state = parse_qs(urlsplit(await browser.start()).query)["state"][0]
    status, text, _ = await browser.get(f"{BACK}?code=1.nothing&state={state}")
    assert (status, "code is spent" in text) == (410, True)


@pytest.mark.parametrize(
    ("fault", "status", "says"),
    [
        (Drop(), 502, "Whether it heard us is unclear"),
        (Refuse("bad_client_secret"), 500, "set up rightly at Slack (bad_client_secret)"),
        (Refuse("<b>odd</b>"), 502, "It says: &lt;b&gt;odd&lt;/b&gt;."),
    ],
    ids=("lost", "secret", "odd"),
)
async def test_what_slack_says_against_it_is_told(
    s: Shared, place: Place, fault: Drop | Refuse, status: int, says: str
) -> None:
    s.slack.faults.add(fault, "oauth.v2.access")
    browser = s.browser()
    back = await browser.allow(await browser.start(), place.lead)
    found, text, _ = await browser.get(back)
    assert (found, says in text) == (status, True), text
    assert await s.rows("SELECT team FROM slack_install") == []
    assert "Kith is in One" in await browser.install(place.lead)


async def test_what_cannot_be_stored_is_said(s: Shared, place: Place) -> None:
    browser = s.browser()
    back = await browser.allow(await browser.start(), place.lead)
    assert s.running is not None
    await s.running.core.engine.close()
    status, text, _ = await browser.get(back)
    assert (status, "Not just now" in text) == (503, True)


async def test_an_organisation_is_let_go_again(s: Shared, place: Place) -> None:
    s.slack.app.org_wide = True
    browser = s.browser()
    status, text, _ = await browser.get(await browser.allow(await browser.start(), place.lead))
    assert (status, "One workspace at a time" in text) == (409, True)
    assert await s.rows("SELECT team FROM slack_install") == []
    assert [call.ok for call in s.slack.calls("auth.revoke")] == [True]


async def test_only_those_who_are_invited_come_in(tmp_path: Path) -> None:
    async with shared(tmp_path, workspaces=["T0000000FF"]) as s:
        place = Place(s.slack, "One")
        browser = s.browser()
        status, text, _ = await browser.get(await browser.allow(await browser.start(), place.lead))
        assert (status, f"your workspace&#x27;s id, {place.workspace.id}." in text) == (403, True)
        assert await s.rows("SELECT team FROM slack_install") == []
        assert [call.ok for call in s.slack.calls("auth.revoke")] == [True]
        s.more["workspaces"] = [place.workspace.id]
        await s.restart()
        await s.install(place)


async def test_installing_again_replaces_the_tokens(s: Shared, place: Place) -> None:
    await s.install(place)
    before, row = place.workspace.bot_token, await s.row(place)
    other: Person = place.workspace.member("Robin", admin=True)
    assert "Kith is in One" in await s.browser().install(other)
    after = await s.row(place)
    assert place.workspace.bot_token != before
    assert (after["installed_by"], after["version"]) == (other.id, row["version"] + 1)
    await place.open()
    s.slack.app.tokens[before].dead = "token_revoked"
    await place.greets("Kim")


async def test_pkce_where_slack_takes_it(tmp_path: Path) -> None:
    async with shared(tmp_path, pkce=True) as s:
        place = Place(s.slack, "One")
        browser = s.browser()
        to_slack = await browser.start()
        assert parse_qs(urlsplit(to_slack).query)["code_challenge_method"] == ["S256"]
        await browser.get(await browser.allow(to_slack, place.lead))
        (call,) = s.slack.calls("oauth.v2.access")
        assert call.ok
        assert len(call.args["code_verifier"]) >= 43


async def test_the_page_is_there_for_its_own_name_and_no_other(s: Shared) -> None:
    assert s.running is not None
    async with aiohttp.ClientSession() as session:
        for host, status in ((NAME, 200), ("localhost", 200), ("evil.test", 421)):
            page = f"{s.running.listening}/slack/install"
            async with session.get(page, headers={"Host": host}) as answer:
                assert answer.status == status


@pytest.mark.parametrize(
    ("query", "cookie", "status"),
    [
        (b"code=1.2", b"\xff\xfe", 403),
        (b"code=1.2", b"", 403),
        (b"code=1.2", b"\\377\\376", 403),
        (b"error=%ED%A0%80", None, 400),
        (b"error=%3Cscript%3Ealert(1)%3C/script%3E", None, 400),
        (b"code=%00%ED%A0%80%FF", None, 410),
        (b"code=%0D%0ASet-Cookie:%20a=b", None, 410),
        (b"", None, 400),
        (b"code=", None, 400),
    ],
)
async def test_odd_bytes_of_a_browser_get_a_page(
    s: Shared, query: bytes, cookie: bytes | None, status: int
) -> None:
    assert s.running is not None
    port = urlsplit(s.running.listening).port

    async def get(path: bytes, cookie: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET %s HTTP/1.1\r\nHost: %s\r\n" % (path, NAME.encode()))
        writer.write(b"Cookie: kith_slack_install=%s\r\nConnection: close\r\n\r\n" % cookie)
        answer = await reader.read()
        writer.close()
        return answer

    begun = (await get(b"/slack/install/start", b"")).decode()
    (state,) = parse_qs(urlsplit(begun.partition("Location: ")[2].partition("\r\n")[0]).query)["state"]
    ours = begun.partition("kith_slack_install=")[2].partition(";")[0].encode()
    answer = await get(
        b"/slack/oauth?state=%s&%s" % (state.encode(), query), ours if cookie is None else cookie
    )
    assert int(answer[9:12]) == status, answer
    assert b"<script" not in answer
    assert b"\r\nSet-Cookie: a=b" not in answer
    assert state.encode() not in answer
