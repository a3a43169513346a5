"""Taking data along and changing settings from the terminal, on a database with people in it."""

import asyncio
import io
import json
import sqlite3
import subprocess
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from bot.cli import main
from bot.cli.failures import Exit
from bot.config_file import load
from bot.core import HOST_COGS
from bot.keyring import new_key
from bot.model.ids import Channel, Member
from bot.offline import Offline, opened
from bot.store import Scope
from cogs.kindness.store import ThanksStore
from storage.lock import FileLock
from storage.port import Tx
from storage.repos import book, members, spaces
from tests.cli.command import Kith, only_words
from tests.engines import PostgresServer

ROOM = "local:room"
ADA, BO = Member(ROOM, "ada", "Ada"), Member(ROOM, "bo", "Bo \u202e<b>")
SHARED = {
    "KITH_SLACK_CLIENT_ID": "1.2",
    "KITH_SLACK_CLIENT_SECRET": "0" * 32,
    "KITH_SLACK_SIGNING_SECRET": "1" * 32,
    "KITH_WEB_PUBLIC_URL": "https://kith.example.org",
}
SECRET_WORDS = "for the long evening"


class KithInside(Kith):
    """Runs commands in this process, which is faster; tests/cli/test_command.py shows them as processes."""

    def __init__(self, home: Path, **environ: str) -> None:
        super().__init__(home)
        self.environ = {"KITH_HOME": str(home), **environ}

    def __call__(self, *arguments: str | Path, **environ: str) -> subprocess.CompletedProcess[str]:
        output, errors = io.StringIO(), io.StringIO()
        given = {"COLUMNS": "200", **self.environ, **environ}
        with pytest.MonkeyPatch.context() as patch:
            for name, value in given.items():
                patch.setenv(name, value)
            with redirect_stdout(output), redirect_stderr(errors), pytest.raises(SystemExit) as ended:
                main([str(argument) for argument in arguments])
        assert isinstance(ended.value.code, int)
        return subprocess.CompletedProcess(arguments, ended.value.code, output.getvalue(), errors.getvalue())


@pytest.fixture
def kith(tmp_path: Path) -> KithInside:
    """A community of one room with two people, and a thank-you between them."""
    return populated(KithInside(tmp_path / "home"))


def populated(kith: KithInside) -> KithInside:
    kith.home.mkdir()
    kith.says("migrate")

    async def fill(kept: Offline) -> None:
        async def work(tx: Tx) -> None:
            await spaces.add(tx, key=ROOM, community=2**60, name="The room", now=1)
            scope = Scope(tx, 2**60, ROOM, 1_700_000_000_000, kept.ids.next)
            for person in (ADA, BO):
                await members.see(
                    tx, community=2**60, space=ROOM, key=person.key, name=person.name, bot=False, now=1
                )
            await ThanksStore(scope).add(
                id=kept.ids.next(), giver=ADA, receiver=BO, why=SECRET_WORDS, channel=Channel(ROOM, "kitchen")
            )

        await kept.engine.unit(2**60, work)

    asyncio.run(with_database(kith, fill))
    return kith


async def with_database(kith: KithInside, work: Any) -> Any:
    async with opened(load(environ=kith.environ), write=True) as kept:
        return await work(kept)


def read(folder: Path) -> dict[str, Any]:
    return {path.name: json.loads(path.read_text(encoding="utf-8")) for path in folder.iterdir()}


def add_space(kith: KithInside) -> None:
    async def fill(kept: Offline) -> None:
        await kept.engine.unit(
            7, lambda tx: spaces.add(tx, key="discord:99", community=7, name="The server", now=2)
        )

    asyncio.run(with_database(kith, fill))


def test_it_knows_the_same_cogs_as_a_running_kith(kith: KithInside) -> None:
    async def names(kept: Offline) -> set[str]:
        assert not kept.registry.faults
        return set(kept.registry.cogs)

    assert asyncio.run(with_database(kith, names)) >= {cog.name for cog in HOST_COGS} | {
        "kindness",
        "welcome",
    }


# --- export


def test_a_community_is_exported_whole(kith: KithInside, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    assert "Wrote" in kith.says("export", folder)
    files = read(folder)
    with sqlite3.connect(kith.database) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        owned = [
            table
            for table in tables
            if any(column[1] == "community" for column in connection.execute(f"PRAGMA table_info('{table}')"))
        ]
        counts = {table: connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0] for table in owned}
    connection.close()
    assert {name.removesuffix(".json") for name in files} == {*owned, "about"}
    assert {table: len(files[f"{table}.json"]) for table in owned} == counts
    assert files["about.json"]["community"]["id"] == str(2**60)
    assert [person["name"] for person in files["member.json"]] == ["Ada", "Bo \u202e<b>"]
    assert files["kindness_thanks.json"][0]["why"] == SECRET_WORDS
    assert folder.stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in folder.iterdir())


def test_what_is_kept_about_a_person_is_exported(kith: KithInside, tmp_path: Path) -> None:
    assert "Wrote 1 file to" in kith.says("export", tmp_path / "ada", "--person", ADA.key)
    kept = read(tmp_path / "ada")["person.json"]
    assert kept["person"] == ADA.key
    thanks = kept["kept"]["kindness"]["Thanks you gave"][0]
    assert thanks["why"] == SECRET_WORDS
    assert thanks["at"].endswith("+00:00")
    assert kept["kept"]["kindness"]["Thanks you received"] == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--person", "ada"], f"--person {ADA.key}  (Ada)"),
        (["--person", "local:room:adda"], f"--person {ADA.key}  (Ada)"),
        (["--person", "discord:1:2"], "Nobody is known as"),
        (["--community", "The rom"], "Did you mean 'The room'?"),
    ],
)
def test_somebody_unknown_is_answered_with_who_may_be_meant(
    kith: KithInside, tmp_path: Path, arguments: list[str], words: str
) -> None:
    done = kith("export", tmp_path / "out", *arguments)
    assert done.returncode == Exit.USAGE
    assert words in done.stderr
    assert not (tmp_path / "out").exists()


def test_one_of_several_communities_is_named(kith: KithInside, tmp_path: Path) -> None:
    add_space(kith)
    done = kith("export", tmp_path / "out")
    assert done.returncode == Exit.USAGE
    assert "--community 7  (The server)" in done.stderr
    for number, name in enumerate(["7", "The server", "discord:99"]):
        kith.says("export", tmp_path / str(number), "--community", name)
        assert read(tmp_path / str(number))["member.json"] == []


def test_a_folder_with_something_in_it_is_left_alone(kith: KithInside, tmp_path: Path) -> None:
    done = kith("export", tmp_path)
    assert done.returncode == Exit.USAGE
    assert "is there already" in done.stderr


def test_nothing_is_exported_from_an_empty_or_missing_database(tmp_path: Path) -> None:
    kith = KithInside(tmp_path)
    missing = kith("export", tmp_path / "out")
    assert missing.returncode == Exit.STORAGE
    assert "There is no database" in missing.stderr
    kith.says("migrate")
    assert "no community yet" in kith("export", tmp_path / "out").stderr


def test_what_would_change_something_makes_no_database(tmp_path: Path) -> None:
    kith = KithInside(tmp_path, KITH_SLACK_ENCRYPTION_KEYS=new_key(), **SHARED)
    for words in (
        ("settings", "set", "kindness.daily", "3"),
        ("slack", "rotate-keys"),
        ("slack", "remove", "T1"),
    ):
        missing = kith(*words)
        assert missing.returncode == Exit.STORAGE
        assert "There is no database" in missing.stderr
        assert not kith.database.exists()


def test_a_database_of_another_version_is_told(kith: KithInside, tmp_path: Path) -> None:
    with sqlite3.connect(kith.database) as connection:
        connection.execute("DELETE FROM migration WHERE collection = 'welcome'")
    connection.close()
    done = kith("export", tmp_path / "out")
    assert done.returncode == Exit.STORAGE
    assert "python3 start.py doctor" in done.stderr


def test_all_of_it_works_on_postgres(postgres: PostgresServer, tmp_path: Path) -> None:
    url = asyncio.run(postgres.fresh(None))
    kith = populated(KithInside(tmp_path / "home", KITH_DATABASE=url))
    kith.says("export", tmp_path / "all")
    files = read(tmp_path / "all")
    assert files["kindness_thanks.json"][0]["why"] == SECRET_WORDS
    assert {"member.json", "space.json", "outbox.json", "about.json"} <= files.keys()
    kith.says("export", tmp_path / "ada", "--person", ADA.key)
    assert read(tmp_path / "ada")["person.json"]["kept"]["kindness"]["Thanks you gave"]
    assert kith.says("settings", "set", "kindness.daily", "7") == "kindness.daily is now: 7\n"
    assert json.loads(kith.says("doctor", "--json"))["ok"]
    assert kith("backup").returncode == Exit.USAGE
    assert not (kith.home / "data").exists()


# --- settings


def test_spaces_and_settings_are_shown(kith: KithInside) -> None:
    assert "local:room" in kith.says("settings", "list")
    shown = kith.says("settings", "show")
    assert "kindness.daily" in shown
    assert "welcome.texts" in shown
    assert "default" in shown
    assert "welcome" not in kith.says("settings", "show", "kindness")


def lines_of_the_log(kith: KithInside) -> list[str]:
    async def work(kept: Offline) -> list[str]:
        rows = await kept.engine.read(lambda tx: book.lines(tx, 2**60))
        return [row["words"] for row in rows]

    found: list[str] = asyncio.run(with_database(kith, work))
    return found


@pytest.mark.parametrize(
    ("name", "values", "says"),
    [
        ("kindness.daily", ["7"], "7"),
        ("kindness.wall", ["#kitchen"], "kitchen"),
        ("kindness.story", ["every Friday at 4 pm"], "every Friday at 16:00"),
        ("kindness.story", ["every", "Friday", "at", "16:00"], "every Friday at 16:00"),
        ("welcome.texts", ["Hi {member}!", "Welcome, {member}."], "Hi {member}!\nWelcome, {member}."),
        ("kith.zone", ["berlin"], "Europe/Berlin"),
    ],
)
def test_a_setting_is_changed_and_everybody_can_see_it(
    kith: KithInside, name: str, values: list[str], says: str
) -> None:
    assert kith.says("settings", "set", name, *values).lower() == f"{name} is now: {says}\n".lower()
    section = name.partition(".")[0]
    assert "somebody" in kith.says("settings", "show", section)
    assert len(lines_of_the_log(kith)) == 1
    kith.says("settings", "unset", name)
    assert "somebody" not in kith.says("settings", "show", section)
    assert len(lines_of_the_log(kith)) == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["kindness.daily", "a lot"], "A whole number, please"),
        (["kindness.daily", "0"], "from 1 to 50"),
        (["kindness.story", "never ever"], "story: "),
        (["welcome.texts", "Hi {membr}"], "Did you mean {member}?"),
        (["kindness.dayly", "3"], "Did you mean kindness.daily?"),
        (["kindnes.daily", "3"], "Did you mean 'kindness'?"),
        (["daily", "3"], "named with its section, like kindness.daily, not 'daily'"),
        (["local:shed", "3"], "named with its section, like kith.zone"),
        (["kindness.daily", "3", "--space", "local:rom"], "Did you mean 'local:room'?"),
    ],
)
def test_a_mistake_changes_nothing_and_says_what_would_work(
    kith: KithInside, arguments: list[str], words: str
) -> None:
    done = kith("settings", "set", *arguments)
    assert done.returncode == Exit.USAGE
    assert words in done.stderr
    assert only_words(done.stderr)
    assert lines_of_the_log(kith) == []


def test_one_of_several_spaces_is_named(kith: KithInside) -> None:
    add_space(kith)
    done = kith("settings", "set", "kindness.daily", "3")
    assert done.returncode == Exit.USAGE
    assert "--space discord:99  (The server)" in done.stderr
    kith.says("settings", "set", "kindness.daily", "3", "--space", "The server")
    assert " 3 " in kith.says("settings", "show", "kindness", "--space", "discord:99")
    assert " 5 " in kith.says("settings", "show", "kindness", "--space", ROOM)


def test_settings_can_be_seen_while_kith_runs_and_changed_in_chat_only(kith: KithInside) -> None:
    lock = FileLock(kith.database)
    shown = kith("settings", "show")
    changed = kith("settings", "set", "kindness.daily", "3")
    lock.release()
    assert shown.returncode == 0
    assert changed.returncode == Exit.IN_USE
    assert only_words(changed.stderr)
