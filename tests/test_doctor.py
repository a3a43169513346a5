"""The doctor: what each look finds on real files, real databases and a real configuration."""

import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot import doctor, registry
from bot.clock import system_ms
from bot.config import Config
from bot.config_file import load
from bot.config_problems import ConfigError
from bot.database import migrator
from bot.model.check import Check, State
from storage.engines import open_engine
from storage.lock import FileLock
from storage.port import Tx
from storage.repos import book

DOCS = Path(__file__).resolve().parent.parent / "docs" / "doctor.md"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def configure(home: Path, text: str = "", **environ: str) -> Config:
    home.mkdir(exist_ok=True)
    (home / "config.toml").write_text(text)
    (home / "config.toml").chmod(0o600)
    return load(environ={"KITH_HOME": str(home), **environ}).config


async def examine(home: Path, looks: Sequence[doctor.Look] = (), **environ: str) -> dict[str, Check]:
    home.mkdir(exist_ok=True)
    loaded = load(environ={"KITH_HOME": str(home), **environ})
    return {check.code: check for check in await doctor.examine(loaded, looks)}


async def make_database(config: Config, *works: Callable[[Tx], Awaitable[None]]) -> Path:
    cogs, _ = registry.load(config.kith.cogs)
    engine = await open_engine(config.database_url)
    await migrator(engine, cogs).upgrade()
    for work in works:

        async def unit(tx: Tx, work: Callable[[Tx], Awaitable[None]] = work) -> None:
            await work(tx)

        await engine.unit(1, unit)
    await engine.close()
    assert engine.file is not None
    return engine.file


async def test_a_fresh_place_is_all_right_and_left_untouched(home: Path) -> None:
    checks = await examine(home)
    assert {check.state for check in checks.values()} == {State.OK}
    assert "will be made" in checks["folder"].detail
    assert "none yet" in checks["database"].detail
    assert list(home.iterdir()) == []


async def test_a_database_in_good_order(home: Path) -> None:
    file = await make_database(configure(home))
    before = sorted(home.rglob("*"))
    checks = await examine(home)
    assert {check.state for check in checks.values()} == {State.OK}
    assert str(file) in checks["database"].detail
    assert "up to date" in checks["schema"].detail
    assert "nobody" in checks["in-use"].detail
    assert sorted(home.rglob("*")) == before


async def test_a_database_in_use_is_fine(home: Path) -> None:
    lock = FileLock(await make_database(configure(home)))
    checks = await examine(home)
    lock.release()
    assert checks["in-use"].state is State.OK
    assert "running" in checks["in-use"].detail


async def test_a_damaged_database_says_what_to_do(home: Path) -> None:
    file = await make_database(configure(home))
    content = bytearray(file.read_bytes())
    content[4096:20480] = b"\xee" * 16384
    file.write_bytes(content)
    check = (await examine(home))["database"]
    assert check.state is State.FAIL
    assert check.remedy


async def test_something_else_in_place_of_the_database(home: Path) -> None:
    config = configure(home)
    config.data_folder.mkdir()
    (config.data_folder / "kith.db").write_text("just text, long enough to be no empty database" * 20)
    assert (await examine(home))["database"].state is State.FAIL


async def test_a_database_of_a_newer_kith(home: Path) -> None:
    file = await make_database(configure(home))
    with sqlite3.connect(file) as connection:
        connection.execute(
            "INSERT INTO migration (collection, number, name, checksum, version, backup, applied_at)"
            " VALUES ('kith', 9999, 'later', 'x', '9.9.9', '/some where/b.db', 1)"
        )
    connection.close()
    check = (await examine(home))["schema"]
    assert check.state is State.FAIL
    assert "9.9.9" in check.detail
    assert "kith restore '/some where/b.db'" in check.remedy


async def test_steps_that_wait(home: Path) -> None:
    file = await make_database(configure(home))
    with sqlite3.connect(file) as connection:
        connection.execute("DELETE FROM migration WHERE collection = 'welcome'")
    connection.close()
    check = (await examine(home))["schema"]
    assert check.state is State.WARN
    assert "kith migrate" in check.remedy


async def test_what_failed_lately_is_told(home: Path) -> None:
    async def fail(tx: Tx) -> None:
        for number in (1, 2):
            await book.fail(
                tx,
                id=number,
                community=1,
                at=system_ms(),
                cog="welcome",
                handler="greet",
                event="e",
                error="KeyError: 'x'\u202e",
            )

    await make_database(configure(home), fail)
    check = (await examine(home))["failures"]
    assert check.state is State.WARN
    assert check.detail == "2 x welcome.greet: KeyError: 'x'\\u202e"


@pytest.mark.parametrize(
    "url", ["postgresql://kith:hush-hush@127.0.0.1:9/kith", "postgres://kith:hush-hush@[::1]:9/kith"]
)
async def test_a_database_out_of_reach_is_told_without_its_password(home: Path, url: str) -> None:
    checks = await examine(home, KITH_DATABASE=url)
    assert checks["database"].state is State.FAIL
    assert "hush" not in str(checks)


# --- the configuration


async def test_every_mistake_is_a_finding(home: Path) -> None:
    home.mkdir()
    (home / "config.toml").write_text('[web]\nport = "x"\nhots = 1\n')
    with pytest.raises(ConfigError) as caught:
        load(environ={"KITH_HOME": str(home)})
    checks = await doctor.examine(caught.value)
    assert [check.detail.rpartition("config.toml")[2].partition(":")[2] for check in checks[2:]] == [
        "2: web.port: must be a whole number, without quotes, but is text.",
        "3: unknown key 'hots' in [web].",
    ]
    assert all(check.state is State.FAIL for check in checks[2:])


async def test_secrets_that_others_can_read(home: Path) -> None:
    configure(home, '[discord]\ntoken = "hush-hush"\n')
    (home / "config.toml").chmod(0o644)
    check = (await examine(home))["secrets"]
    assert check.state is State.WARN
    assert "chmod 600" in check.remedy


async def test_a_misspelt_variable(home: Path) -> None:
    check = (await examine(home, KITH_ZOEN="UTC"))["config"]
    assert check.state is State.WARN
    assert check.remedy == "Did you mean KITH_ZONE?"


async def test_a_feature_that_cannot_be_loaded(home: Path) -> None:
    check = (await examine(home, KITH_COGS="cogs.welcome, cogs.nowhere"))["cogs"]
    assert check.state is State.FAIL
    assert check.detail.startswith("cogs.nowhere: ModuleNotFoundError")


async def test_a_mistake_in_a_features_table_has_its_line(home: Path) -> None:
    configure(home, "[kindness]\n\nno_such_setting = 1\n")
    check = (await examine(home))["config"]
    assert check.state is State.FAIL
    assert "config.toml:3: " in check.detail
    assert "no_such_setting" in check.detail


# --- the machine


def test_too_old_an_sqlite() -> None:
    assert doctor.sqlite_library((3, 34, 9)).state is State.FAIL
    assert doctor.sqlite_library().state is State.OK


@pytest.mark.parametrize(
    ("now", "state"),
    [("2020-01-01", State.FAIL), ("2026-12-01", State.OK), ("2026-11-30", State.WARN)],
)
def test_a_clock_that_is_plainly_wrong(home: Path, now: str, state: State) -> None:
    config = configure(home)
    config.data_folder.mkdir()
    written = config.data_folder / "kith.db"
    written.touch()
    latest = datetime(2026, 12, 1, tzinfo=UTC).timestamp()
    os.utime(written, (latest, latest))
    assert doctor.clock(config, datetime.fromisoformat(f"{now}T00:00+00:00").timestamp()).state is state


def test_a_file_in_place_of_the_data_folder(home: Path) -> None:
    config = configure(home)
    config.data_folder.touch()
    assert doctor.data_folder(config).state is State.FAIL


def test_a_data_folder_that_is_not_ours(home: Path) -> None:
    config = configure(home)
    config.data_folder.mkdir(mode=0o555)
    script = (
        "import sys; from pathlib import Path; from bot import doctor; from bot.config import Config;"
        "print(doctor.data_folder(Config(home=Path(sys.argv[1]))).state)"
    )
    argv = [sys.executable, "-c", script, str(home)]
    if os.geteuid() == 0:  # whom rights do not stop, unless this is taken away
        argv = ["setpriv", "--bounding-set", "-dac_override", *argv]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, cwd=DOCS.parent.parent)
    assert done.stdout == "fail\n", done.stderr


@pytest.mark.skipif(os.name != "posix", reason="Windows has other rights")
async def test_what_others_on_this_machine_can_read(home: Path) -> None:
    config = configure(home)
    config.data_folder.mkdir(mode=0o755)
    file = await make_database(config)
    assert (await examine(home))["privacy"].state is State.OK
    for name in ("kith.db-wal", "kith.db.copy"):
        (config.data_folder / name).touch(0o644)
    file.chmod(0o640)
    found = (await examine(home))["privacy"]
    assert found.state is State.WARN
    assert "kith.db, " in found.detail
    assert found.remedy.startswith("Keep it to Kith: chmod 600 ")
    assert found.remedy.count("kith.db") == 3
    config.data_folder.chmod(0o700)
    assert (await examine(home))["privacy"].state is State.OK


@pytest.mark.skipif(os.name != "posix", reason="Windows has other rights")
async def test_a_database_elsewhere_that_others_can_read(home: Path, tmp_path: Path) -> None:
    configure(home)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    url = f"sqlite:///{(elsewhere / 'our people.db').as_posix()}"
    file = await make_database(load(environ={"KITH_HOME": str(home), "KITH_DATABASE": url}).config)
    assert (await examine(home, KITH_DATABASE=url))["privacy"].state is State.OK
    file.chmod(0o604)
    assert "chmod 600 '" in (await examine(home, KITH_DATABASE=url))["privacy"].remedy


# --- looks of others


async def test_looks_of_others_are_added_without_secrets_and_may_fail(home: Path) -> None:
    async def platform(config: Config) -> list[Check]:
        assert config.discord.token is not None
        said = f"refused {config.discord.token.get_secret_value()}"
        return [Check.fail("discord", "Discord", said, "Make a new token.")]

    async def broken(config: Config) -> list[Check]:
        raise RuntimeError("oops")

    checks = await examine(home, [platform, broken], KITH_DISCORD_TOKEN="hush-hush")
    assert checks["discord"].detail == "refused [redacted]"
    assert checks["doctor"].detail == "broken could not be finished: RuntimeError: oops"


# --- the page


def test_the_page_explains_every_code_and_no_other() -> None:
    explained = re.findall(r"^## (\S+)$", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    assert explained == list(doctor.CODES)


async def test_every_finding_has_one_of_the_codes(home: Path) -> None:
    await make_database(configure(home))
    assert set(await examine(home)) <= set(doctor.CODES)
