"""What the room keeps: through restarts, kills, a full disk and files that can't be used."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from bot.model.content import Button, Card, Catalog, Field, Form, Image, Kind
from bot.model.events import CommandUsed, ControlUsed, FormSent, MessagePosted, SpaceSeen
from bot.model.ids import Channel
from bot.model.outgoing import Answer, InChannel, Post
from bot.platforms.base import RetryLater, Unsure
from bot.platforms.local import views
from bot.platforms.local.adapter import LocalPlatform
from bot.platforms.local.journal import Journal, JournalError, NotSaved
from bot.platforms.local.room import Room
from bot.platforms.local.seed import plant
from tests.contracts.platform_contract import PATIENCE, Recorder
from tests.web.house import CATALOG

NOW = 1_800_000_000_000


@asynccontextmanager
async def opened(path: Path, *, fresh: bool = False) -> AsyncIterator[LocalPlatform]:
    room = await Room.open(path, lambda: NOW, plant, fresh=fresh)
    try:
        yield LocalPlatform(room, first_retry=0.01)
    finally:
        await room.close()


@asynccontextmanager
async def listening(platform: LocalPlatform, sink: Recorder) -> AsyncIterator[Recorder]:
    running = asyncio.create_task(platform.run(sink, CATALOG))
    try:
        await sink.wait(SpaceSeen)
        yield sink
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_a_room_is_as_it_was_left(tmp_path: Path) -> None:
    path = tmp_path / "room.db"
    async with opened(path) as platform:
        room = platform.room
        room.join("Aiko")
        message = room.say("u3", "c2", "Hello @Jo")
        room.react("u2", message.id, "👍")
        room.set_look("slack")
        card = Card("Bench", image=Image(b"png", "image/png", "A bench"), buttons=(Button("Me too", "a"),))
        await platform.deliver(Post("k1", InChannel(Channel(platform.space.key, "c2")), card))
        before = views.snapshot(room, "u2")
    async with opened(path) as platform:
        after = views.snapshot(platform.room, "u2")
        assert after | {"cursor": ""} == before | {"cursor": ""}
        assert list(platform.room.history.images.values()) == [b"png"]
        ids = {message["id"] for message in after["messages"]}
        assert platform.room.say("u3", "c2", "Next").id not in ids
        assert platform.room.join("Robin II").id not in {member["id"] for member in after["members"]}
    async with opened(path, fresh=True) as platform:
        assert all(person.name != "Aiko" for person in platform.room.people.values())
        assert platform.room.look == "kith"


async def test_killed_at_any_moment_it_keeps_what_it_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "room.db"
    posts: dict[str, str] = {}
    said: dict[str, str] = {}
    for run in range(4):
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.local.keeper",
            str(path),
            stdout=asyncio.subprocess.PIPE,
            env=os.environ,
        )
        assert child.stdout is not None
        try:
            for _ in range(120 + 97 * run):
                line = await asyncio.wait_for(child.stdout.readline(), PATIENCE)
                kind, one, other = line.decode().split()
                known = posts if kind == "post" else said
                assert known.setdefault(one, other) == other, "a key was posted twice"
        finally:
            child.kill()
            await child.wait()
    async with opened(path) as platform:
        history = platform.room.history
        shown = [
            message.text[0]["text"]
            for message in history.in_place("c5")
            if message.author == "kith" and message.text
        ]
        assert len(shown) == len(set(shown))
        for key, ident in posts.items():
            if ident in history.messages:
                assert history.messages[ident].text == [{"t": "text", "text": key}]
        waiting = {one.more["message"] for one in platform.room.ledger.waiting.values() if one.kind == "said"}
        assert set(said) <= waiting
        async with listening(platform, Recorder()) as sink:
            await sink.wait(MessagePosted, lambda event: event.message.id == list(said)[-1])
            heard = [event.message.id for event in sink.events if isinstance(event, MessagePosted)]
            assert [ident for ident in heard if ident in said] == list(said)
            assert len({event.id for event in sink.events}) == len(sink.events)
    async with opened(path) as platform:
        assert not [one for one in platform.room.ledger.waiting.values() if one.more.get("message") in said]


async def test_what_the_host_did_not_store_comes_again_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "room.db"
    async with opened(path) as platform:
        sink = Recorder()
        async with listening(platform, sink):
            sink.refusing = 10**9
            await platform.say("u3", "c2", "Remember")
            await sink.wait_attempts(2)
        first = sink.attempts[-1]
    async with opened(path) as platform, listening(platform, Recorder()) as sink:
        again = await sink.wait(MessagePosted)
        assert (again.id, again.text) == (first.id, "Remember")


async def test_a_command_sent_again_after_a_restart_runs_once(tmp_path: Path) -> None:
    path = tmp_path / "room.db"
    async with opened(path) as platform:
        sink = Recorder()
        async with listening(platform, sink):
            sink.refusing = 10**9
            lost = asyncio.create_task(platform.command("u2", "c2", "/shoutout", key="k"))
            await sink.wait_attempts(2)
            lost.cancel()
    async with opened(path) as platform, listening(platform, Recorder()) as sink:
        again = await platform.command("u2", "c2", "/shoutout", key="k")
        assert again.stored
        assert (await sink.wait(CommandUsed)).token == again.interaction
        assert sum(isinstance(event, CommandUsed) for event in sink.events) == 1
        other = await platform.command("u2", "c2", "/shoutout", key="another")
        assert other.interaction != again.interaction


async def test_forms_buttons_and_answers_outlive_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "room.db"
    form = Form("Thanks", "form:1", (Field("why", Kind.TEXT, "Why"),))
    async with opened(path) as platform:
        sink = Recorder()
        sink.answer = lambda event: form if isinstance(event, CommandUsed) else None
        async with listening(platform, sink):
            await platform.command("u2", "c2", "/shoutout")
            token = (await sink.wait(CommandUsed)).token
            card = Card("Thanks", buttons=(Button("Me too", "me-too"),))
            receipt = await platform.deliver(Post("k1", InChannel(Channel(platform.space.key, "c2")), card))
            assert receipt.message is not None
            button = receipt.message.id
    async with opened(path) as platform, listening(platform, Recorder()) as sink:
        dialog = platform.room.ledger.dialog("u2")
        assert dialog is not None
        await platform.submit("u2", dialog.id, {"why": "the bench"})
        assert (await sink.wait(FormSent)).values == {"why": "the bench"}
        control = next(iter(platform.room.history.messages[button].controls))
        await platform.press("u3", button, control)
        assert (await sink.wait(ControlUsed)).action == "me-too"
        answer = Post("k2", Answer(token, platform.translator.member("u2")), "Still private.")
        receipt = await platform.deliver(answer)
        assert receipt.message is not None
        assert platform.room.history.messages[receipt.message.id].only_for == "u2"


async def test_no_one_forgets_what_the_bot_sent(tmp_path: Path) -> None:
    path = tmp_path / "room.db"
    async with opened(path) as platform:
        out = Post("k1", InChannel(Channel(platform.space.key, "c2")), "Once.")
        receipt = await platform.deliver(out)
    async with opened(path) as platform:
        assert await platform.find(out, 0) == receipt
        assert await platform.deliver(out) == receipt
        assert receipt.message is not None
        platform.room.delete("u1", receipt.message.id)
        assert await platform.deliver(out) == receipt


async def deliver_all(platform: LocalPlatform, posts: list[Post], tried: list[Post]) -> None:
    for out in posts:
        tried.append(out)
        await platform.deliver(out)


async def test_a_full_disk_loses_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    path = tmp_path / "room.db"
    async with opened(path) as platform:
        to = InChannel(Channel(platform.space.key, "c2"))
        posts = [Post(f"k{number}", to, f"{number} " * 600) for number in range(100)]
        disk = platform.room._journal._db
        await disk.execute("PRAGMA max_page_count = 1")
        tried: list[Post] = []
        with pytest.raises(RetryLater) as later:
            await deliver_all(platform, posts, tried)
        assert later.value.everywhere
        with pytest.raises(Unsure):
            await platform.find(tried[-1], 0)
        with pytest.raises(NotSaved):
            await platform.say("u3", "c2", "Hello")
        await disk.execute("PRAGMA max_page_count = 1000000")
        receipt = await platform.deliver(tried[-1])
        last = [message.id for message in platform.room.history.in_place("c2")][-2:]
        assert receipt.message is not None
        assert receipt.message.id == last[0]
        assert platform.room.history.messages[last[1]].raw == "Hello"
    async with opened(path) as platform:
        assert await platform.find(tried[-1], 0) == receipt
        assert [message.id for message in platform.room.history.in_place("c2")][-2:] == last


async def test_a_disk_that_stays_full_does_not_fill_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(tmp_path / "room.db") as platform, listening(platform, Recorder()) as sink:
        await sink.wait(SpaceSeen)
        disk = platform.room._journal._db
        await disk.execute("PRAGMA max_page_count = 1")
        with pytest.raises(NotSaved):
            await platform.say("u3", "c2", "Hello " * 200)
        for _ in range(5):
            with pytest.raises(NotSaved):
                await platform.room.saved()
        told = [record for record in caplog.records if "can't be saved yet" in record.getMessage()]
        assert 1 <= len(told) <= 3
        await disk.execute("PRAGMA max_page_count = 1000000")
        await platform.room.saved()
        await sink.wait(MessagePosted)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps no such modes")
async def test_what_is_said_in_the_room_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "room.db"
    journal = await Journal.open(path)
    journal.put("message", "m1", "{}")
    await journal.saved()
    assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()} == {0o600}
    await journal.close()


async def test_files_that_can_not_be_used_are_told_with_what_to_do(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.db"
    damaged.write_bytes(b"no database at all " * 100)
    with pytest.raises(JournalError, match="--fresh"):
        await Journal.open(damaged)
    newer = tmp_path / "newer.db"
    with sqlite3.connect(newer) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(JournalError, match="newer Kith"):
        await Journal.open(newer)
    with pytest.raises(JournalError, match="can't be opened"):
        await Journal.open(tmp_path / "no" / "folder.db")


async def test_without_the_bot_the_room_goes_on(tmp_path: Path) -> None:
    async with opened(tmp_path / "room.db") as platform:
        platform.catalog = CATALOG
        quick = LocalPlatform(platform.room, patience=0.01)
        quick.catalog = CATALOG
        outcome = await quick.command("u3", "c2", "/shoutout")
        assert not outcome.stored
        await platform.say("u3", "c2", "Anybody?")
        async with listening(platform, Recorder()) as sink:
            await sink.wait(CommandUsed)
            await sink.wait(MessagePosted)
        assert isinstance(sink.events[0], SpaceSeen)
        assert platform.catalog == CATALOG != Catalog()
