"""Tokens that rotate: asked for in time, by one at a time, and what happens when Slack's answer is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from bot.clock import system_ms
from bot.keyring import Keyring, new_key
from bot.platforms.base import DeliveryError
from bot.platforms.slack.api import Api
from bot.platforms.slack.installs import AHEAD, Installation, State, Tokens
from bot.platforms.slack.oauth import OAuth
from bot.platforms.slack.renewal import Renewal
from bot.slack import oauth
from bot.slack_installs import SlackInstalls, reseal
from storage.errors import StorageError
from storage.port import Engine, Tx
from tests.engines import PostgresServer
from tests.fakes.slack import Delay, Drop, Hang, Refuse, Status
from tests.slack.shared import Place, Shared, shared

REFRESH = "oauth.v2.access"


@pytest_asyncio.fixture
async def s(tmp_path: Path) -> AsyncIterator[Shared]:
    async with shared(tmp_path) as made:
        yield made


def refreshes(s: Shared) -> list[bool]:
    """Whether each call for new tokens went well."""
    return [call.ok for call in s.slack.calls(REFRESH) if call.args.get("grant_type") == "refresh_token"]


async def renewed(s: Shared, place: Place, version: int) -> None:
    await s.sees(
        lambda rows: rows[0]["version"] > version,
        "SELECT version FROM slack_install WHERE team = :team",
        team=place.workspace.id,
    )


async def test_a_token_is_replaced_well_before_it_ends(s: Shared) -> None:
    place = await s.place("One")
    row = await s.row(place)
    assert await s.tenants.look() > 0
    assert refreshes(s) == []
    s.clock.ahead = row["expires_at"] - AHEAD - system_ms()
    await s.tenants.look()
    assert refreshes(s) == [True]
    after = await s.row(place)
    assert after["version"] == row["version"] + 1
    await place.open()
    await place.greets("Kim")
    assert {call.args.get("token") for call in s.slack.calls("chat.postMessage")} == {None}


async def test_short_lives_are_no_haste() -> None:
    short = Tokens("xoxe.xoxb-1", issued_at=0, refresh="xoxe-1", expires_at=60_000)
    long = replace(short, expires_at=12 * 3_600_000)
    assert (short.due_at, long.due_at) == (30_000, 10 * 3_600_000)
    assert replace(short, refresh=None).due_at is None
    assert "xox" not in repr(short)


async def test_a_token_that_ended_is_replaced_when_it_is_needed(s: Shared) -> None:
    place = await s.place("One")
    await place.open()
    s.slack.clock.advance(12 * 3_600 + 1)
    await place.greets("Kim")
    assert refreshes(s) == [True]


async def test_many_calls_at_once_ask_for_one_token(s: Shared) -> None:
    place = await s.place("One")
    workspace = s.platform._workspaces[place.workspace.id]
    await asyncio.gather(*(workspace.client.call("auth.test") for _ in range(5)))
    s.slack.clock.advance(12 * 3_600 + 1)
    await asyncio.gather(*(workspace.client.call("auth.test") for _ in range(20)))
    assert refreshes(s) == [True]


async def test_a_restart_goes_on_with_the_newest(s: Shared) -> None:
    place = await s.place("One")
    await place.open()
    s.slack.clock.advance(12 * 3_600 + 1)
    await place.greets("Kim")
    await s.restart()
    await place.greets("Lou")
    assert refreshes(s) == [True]


async def test_what_slack_did_not_answer_is_asked_again(s: Shared) -> None:
    place = await s.place("One")
    version = (await s.row(place))["version"]
    s.slack.faults.add(Status(502, accept=False), REFRESH)
    assert not await s.tenants.renew(place.workspace.id)
    assert await s.tenants.renew(place.workspace.id)
    await renewed(s, place, version)


async def test_a_lost_answer_is_made_up_for_while_slack_takes_the_old_one(s: Shared) -> None:
    s.slack.app.refresh_leeway = 60
    place = await s.place("One")
    s.slack.faults.add(Drop(), REFRESH)
    assert not await s.tenants.renew(place.workspace.id)
    assert await s.tenants.renew(place.workspace.id)
    assert refreshes(s) == [True, True]
    await place.open()
    await place.greets("Kim")


async def test_a_lost_answer_that_slack_does_not_repeat_is_told_while_there_is_time(s: Shared) -> None:
    place = await s.place("One")
    await place.open()
    s.slack.faults.add(Drop(), REFRESH)
    assert not await s.tenants.renew(place.workspace.id)
    assert not await s.tenants.renew(place.workspace.id)
    assert refreshes(s) == [True, False]
    assert (await s.row(place))["refused"] == "invalid_refresh_token"
    told = await place.lead.sees("Slack gives me no new access")
    assert "http://kith.test/slack/install" in told.shown
    await place.greets("Kim")  # the present token still works
    await s.tenants.look()
    assert refreshes(s) == [True, False]
    s.slack.clock.advance(12 * 3_600 + 1)
    s.clock.ahead = 12 * 3_600_000 + 1
    assert s.tenants.stuck(place.workspace.id)
    lou = place.workspace.join("Lou")
    (row,) = await s.sees(
        lambda rows: any(row["state"] == "pending" and row["reason"] for row in rows),
        "SELECT state, reason FROM outbox WHERE people LIKE :lou AND kind = 'greeting'",
        lou=f"%{lou.id}%",
    )
    assert row["reason"].startswith("no-token")
    assert "Kith is in One" in await s.browser().install(place.lead)
    assert (await s.row(place))["refused"] is None
    assert not s.tenants.stuck(place.workspace.id)
    await place.lead.sees(f"<@{lou.id}>", place.hall, within=10)


async def test_another_workspace_goes_on_while_one_waits(s: Shared) -> None:
    one, two = await s.place("One"), await s.place("Two")
    await one.open()
    await two.open()
    for token in one.workspace.installation.tokens:
        token.expires_at = 0
    s.slack.faults.add(
        Refuse("invalid_refresh_token"), REFRESH, times=None, when=lambda args: "refresh_token" in args
    )
    one.workspace.join("Kim")
    await s.slack.until(lambda: refreshes(s))
    await two.greets("Lou")


async def test_the_operators_mistake_is_no_workspaces_fault(s: Shared) -> None:
    place, other = await s.place("One"), await s.place("Two")
    s.slack.faults.add(Refuse("bad_client_secret"), REFRESH)
    assert not await s.tenants.renew(place.workspace.id)
    assert (await s.row(place))["refused"] is None
    assert refreshes(s) == [False]
    for one in (place, other, place):  # nobody's attempt costs a call before its time
        assert not await s.tenants.renew(one.workspace.id)
    assert refreshes(s) == [False]
    s.clock.ahead = 31_000
    assert await s.tenants.renew(place.workspace.id)
    assert await s.tenants.renew(other.workspace.id)


# -- two processes


class Process:
    """One of several that share a database."""

    def __init__(self, s: Shared, engine: Engine, api: Api) -> None:
        config = s.config()
        self.installs = SlackInstalls(engine, Keyring([s.key]), system_ms)
        self.used: list[Installation] = []
        app = OAuth(oauth(config), api, system_ms)
        self.renewal = Renewal(app, self.installs, self.used.append, system_ms)


async def test_two_processes_ask_for_one_token(tmp_path: Path, postgres: PostgresServer) -> None:
    async with (
        shared(tmp_path, database=await postgres.fresh(None)) as s,
        Api(s.config().slack.api) as api,
    ):
        place = await s.place("One")
        assert s.running is not None
        engine = s.running.core.engine
        here, there = Process(s, engine, api), Process(s, engine, api)
        held = await here.installs.get(place.workspace.id)
        assert held is not None
        planned = s.slack.faults.add(Hang(accept=False), REFRESH)
        slow = asyncio.create_task(here.renewal.renew(held))
        await s.slack.until(lambda: planned.hits)
        waiting = asyncio.create_task(there.renewal.renew(held))
        await s.slack.until(lambda: not there.used and not waiting.done())
        assert not await there.installs.claim(place.workspace.id)
        planned.release()
        with pytest.raises(DeliveryError):
            await slow
        after = await waiting
        assert after is not None
        assert after.version == held.version + 1
        assert (len(here.used), len(there.used)) == (0, 1)
        again = await here.renewal.renew(held)
        assert again == after
        assert refreshes(s) == [False, True]
        # the process that serves finds it too
        await s.tenants.look()
        assert s.held(place) == after


async def test_a_process_learns_of_what_another_installs_and_ends(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    async with (
        shared(tmp_path, database=await postgres.fresh(None)) as s,
        Api(s.config().slack.api) as api,
    ):
        place = await s.place("One")
        assert s.running is not None
        other = Process(s, s.running.core.engine, api)
        held = await other.installs.get(place.workspace.id)
        assert held is not None
        assert await other.installs.end(held, State.REVOKED) is not None
        await s.tenants.look()
        assert s.platform._workspaces[place.workspace.id].lost
        assert held.tokens is not None
        await other.installs.keep(held)
        await place.open()  # met by a request, before the next look
        await place.greets("Kim")


# -- what is kept


def installation(team: str = "T1") -> Installation:
    tokens = Tokens("xoxe.xoxb-1-a", issued_at=1, refresh="xoxe-1-b", expires_at=2)
    return Installation(team=team, name="One", bot_user="U1", bot_id="B1", tokens=tokens, installed_at=1)


async def test_installations_are_kept_as_they_are(host_engine: Engine) -> None:
    installs = SlackInstalls(host_engine, Keyring([new_key()]), system_ms)
    given = replace(installation(), enterprise="E1", scopes=frozenset({"commands", "chat:write"}))
    kept = await installs.keep(given)
    assert kept == replace(given, version=1)
    assert await installs.get("T1") == kept
    assert await installs.get("T2") is None
    assert await installs.every() == [kept]
    fresh = Tokens("xoxb-2", issued_at=5)
    after = await installs.renew(kept, fresh)
    assert after == replace(kept, tokens=fresh, version=2)
    assert await installs.get("T1") == after
    assert await installs.renew(kept, fresh) is None
    assert await installs.refuse(kept, "x") is None
    refused = await installs.refuse(after, "invalid_refresh_token")
    assert refused is not None
    assert await installs.get("T1") == refused
    ended = await installs.end(refused, State.UNINSTALLED)
    assert await installs.get("T1") == replace(ended or kept, refused="")
    assert await installs.renew(replace(refused, version=4), fresh) is None
    again = await installs.keep(given)
    assert again.version == 5
    assert await installs.versions() == {"T1": 5}


async def test_keys_rotate(host_engine: Engine) -> None:
    old, new = new_key(), new_key()
    before = SlackInstalls(host_engine, Keyring([old]), system_ms)
    kept = [await before.keep(installation(f"T{number:03}")) for number in range(205)]
    assert (await before.end(kept[7], State.UNINSTALLED)) is not None
    both = Keyring([new, old])
    assert (await reseal(host_engine, both)).done == 204
    after = SlackInstalls(host_engine, Keyring([new]), system_ms)
    assert [one.tokens for one in await after.every()].count(kept[0].tokens) == 204
    unreadable = await before.every()
    assert sum(one.unreadable for one in unreadable) == 204
    assert (await reseal(host_engine, Keyring([old]))).unreadable[0] == "One (T000)"


async def test_tokens_are_no_good_in_another_workspaces_place(host_engine: Engine) -> None:
    installs = SlackInstalls(host_engine, Keyring([new_key()]), system_ms)
    await installs.keep(installation("T1"))
    await installs.keep(installation("T2"))

    async def swap(tx: Tx) -> None:
        await tx.run(
            "UPDATE slack_install SET access_token = (SELECT other.access_token FROM slack_install AS other"
            " WHERE other.team = 'T1') WHERE team = 'T2'"
        )

    await host_engine.unit(0, swap)
    found = await installs.get("T2")
    assert found is not None
    assert found.unreadable


async def test_with_the_wrong_key_everything_waits_and_nothing_is_lost(
    s: Shared, capsys: pytest.CaptureFixture[str]
) -> None:
    place = await s.place("One")
    await place.open()
    await s.stop()
    right, s.key = s.key, new_key()
    s.slack.app.request_url = None
    capsys.readouterr()
    await s.start()
    assert "put back the one that they were encrypted with" in capsys.readouterr().out
    kim = place.workspace.join("Kim")
    await s.slack.until(lambda: s.slack.delivery.log[-1].attempts)
    assert not s.slack.delivery.log[-1].attempts[0].ok  # so Slack will tell of it again
    s.key = f"{new_key()} {right}"
    await s.restart()
    s.slack.clock.advance(60)
    await place.lead.sees(f"<@{kim.id}>", place.hall)


class Forgetful(SlackInstalls):
    """A storage that fails once, right after Slack gave new tokens; then another process has asked, too."""

    fails = 1
    marks = 1

    async def renew(self, installation: Installation, tokens: Tokens) -> Installation | None:
        if self.fails:
            self.fails -= 1
            raise StorageError("The disk is full.")
        if self.marks:
            self.marks -= 1
            assert await self.refuse(installation, "invalid_refresh_token") is not None
        return await super().renew(installation, tokens)


async def test_tokens_that_could_not_be_stored_at_once_are_used_and_stored_later(s: Shared) -> None:
    place = await s.place("One")
    assert s.running is not None
    async with Api(s.config().slack.api) as api:
        config = s.config()
        installs = Forgetful(s.running.core.engine, Keyring([s.key]), system_ms)
        held = await installs.get(place.workspace.id)
        assert held is not None
        used: list[Installation] = []
        app = OAuth(oauth(config), api, system_ms)
        after = await Renewal(app, installs, used.append, system_ms).renew(held)
    assert after is not None
    assert [one.tokens for one in used] == [after.tokens]
    assert after.refused == ""
    assert await installs.get(place.workspace.id) == after
    assert refreshes(s) == [True]


async def test_tokens_that_another_process_has_replaced_twice_end_nothing(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    async with (
        shared(tmp_path, database=await postgres.fresh(None)) as s,
        Api(s.config().slack.api) as api,
    ):
        place = await s.place("One")
        await place.open()
        assert s.running is not None
        other = Process(s, s.running.core.engine, api)
        for _ in range(2):
            present = await other.installs.get(place.workspace.id)
            assert present is not None
            await other.renewal.renew(present)
        held = s.held(place)
        assert held.tokens is not None
        assert s.slack.app.tokens[held.tokens.access].dead == "token_revoked"  # Slack lets two live at a time
        s.slack.events.about_app(
            place.workspace.installation,
            {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [place.workspace.bot.id]}},
        )
        await s.slack.quiet()
        await place.greets("Kim")
        (space,) = await s.rows("SELECT * FROM space WHERE key = :key", key=place.space)
        assert space["baseline_at"] is not None
        assert await s.rows("SELECT 1 FROM mark WHERE event LIKE :lost", lost=f"%{place.space}:lost%") == []


async def test_installing_again_while_tokens_are_renewed_wins(s: Shared) -> None:
    place = await s.place("One")
    planned = s.slack.faults.add(
        Delay(), REFRESH, when=lambda args: args.get("grant_type") == "refresh_token"
    )
    renewing = asyncio.create_task(s.tenants.renew(place.workspace.id))
    await s.slack.until(lambda: planned.hits)
    assert "Kith is in One" in await s.browser().install(place.lead)
    installed = s.held(place)
    planned.release()
    await renewing
    assert s.held(place) == installed
    assert (await s.row(place))["version"] == installed.version
    await place.open()
    await place.greets("Kim")


async def test_new_tokens_are_not_lost_with_a_caller_who_gives_up(s: Shared) -> None:
    place = await s.place("One")
    version = (await s.row(place))["version"]
    planned = s.slack.faults.add(Delay(), REFRESH)
    renewing = asyncio.create_task(s.tenants.renew(place.workspace.id))
    await s.slack.until(lambda: planned.hits)
    renewing.cancel()
    await asyncio.wait((renewing,))
    planned.release()
    await renewed(s, place, version)
    await place.open()
    await place.greets("Kim")
    assert refreshes(s) == [True]


async def test_new_tokens_are_not_lost_with_a_stop(s: Shared) -> None:
    place = await s.place("One")
    await place.open()
    planned = s.slack.faults.add(Delay(), REFRESH)
    renewing = asyncio.create_task(s.tenants.renew(place.workspace.id))
    await s.slack.until(lambda: planned.hits)
    stopping = asyncio.create_task(s.stop())
    await asyncio.wait((stopping,), timeout=0.1)
    planned.release()
    await stopping
    await asyncio.wait((renewing,))
    await s.start()
    await place.greets("Kim")
    assert refreshes(s) == [True]
