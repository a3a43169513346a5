"""Kith as a process: up, asked for a link, and down again; what keeps it from starting."""

import json
import re
import signal
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bot.cli.failures import Exit
from tests.cli.command import Kith, add_communities, count, only_words


@contextmanager
def running(kith: Kith, *arguments: str) -> Iterator[tuple[str, str]]:
    """Kith, up: its address and the link into the room. It is stopped by Ctrl-C, and must end with 0."""
    with kith.start("run", "--port", "0", "--no-browser", *arguments) as child:
        try:
            assert child.stdout is not None
            said = ""
            while "Ctrl-C" not in said:
                line = child.stdout.readline()
                assert line, said
                said += line
            found = re.search(r"at (http://\S+)\n(?:.*\n)*?\s*(http://\S+)", said)
            assert found, said
            yield found[1], found[2]
            child.send_signal(signal.SIGINT)
            assert child.wait(60) == Exit.FINE
        finally:
            child.kill()


def fetch(address: str) -> tuple[int, str]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(address, timeout=60) as response:
        return response.status, response.read().decode()


def test_it_runs_until_ctrl_c_and_keeps_its_data(kith: Kith) -> None:
    with running(kith) as (address, link):
        assert fetch(f"{address}/healthz")[0] == 200
        assert link.startswith(f"{address}/enter?code=")
        checks = {check["code"]: check for check in json.loads(kith.says("doctor", "--json"))["checks"]}
        assert "running" in checks["in-use"]["detail"]
        assert {check["state"] for check in checks.values()} == {"ok"}
    before = count(kith.database, "member")
    assert before > 1
    with running(kith):
        pass
    assert count(kith.database, "member") == before


def test_a_fresh_link_leads_into_the_room_that_is_open(kith: Kith) -> None:
    before = kith("link")
    assert before.returncode == Exit.USAGE
    assert "isn't running" in before.stderr
    with running(kith) as (address, first):
        found = re.search(r"^  (http\S+)$", kith.says("link"), re.MULTILINE)
        assert found
        assert found[1] != first
        for link in (first, found[1]):
            assert link.startswith(f"{address}/enter?code=")
            with pytest.raises(urllib.error.HTTPError, match="303"):
                enter(link)
        with pytest.raises(urllib.error.HTTPError, match="401") as spent:
            enter(found[1])
        assert "kith link" in spent.value.read().decode()
    assert kith("link").returncode == Exit.USAGE


def test_without_a_room_there_is_no_link(kith: Kith) -> None:
    done = kith("link", KITH_DISCORD_TOKEN="a.b.c")
    assert done.returncode == Exit.USAGE
    assert "No room is open" in done.stderr


def test_a_link_needs_the_secret_of_the_kith_that_runs(kith: Kith) -> None:
    secret = "a long and very random secret"
    with kith.start("run", "--port", "0", "--no-browser", KITH_SECRET=secret) as child:
        try:
            assert child.stdout is not None
            while "Ctrl-C" not in (line := child.stdout.readline()):
                assert line
            assert "KITH_SECRET" in kith("link").stderr
            found = re.search(r"^  (http\S+)$", kith.says("link", KITH_SECRET=secret), re.MULTILINE)
            assert found
            with pytest.raises(urllib.error.HTTPError, match="303"):
                enter(found[1])
        finally:
            child.kill()


def enter(link: str) -> None:
    """Open a link as a browser does, without following where it leads."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *args: object) -> None:
            return None

    urllib.request.build_opener(urllib.request.ProxyHandler({}), Stay()).open(link, timeout=60)


def test_a_start_tells_what_it_connects_to(kith: Kith) -> None:
    with kith.start(
        "run",
        "--no-browser",
        KITH_WEB_PORT="0",
        KITH_DISCORD_TOKEN="a.b.c",
        KITH_DISCORD_API="http://127.0.0.1:9/api",
    ) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline().startswith(
                "Kith is up, and connects to Discord. Its health is at http"
            )
            assert "Ctrl-C" in child.stdout.readline()
            child.send_signal(signal.SIGINT)
            assert child.wait(60) == Exit.FINE
        finally:
            child.kill()


def test_a_second_one_on_the_same_data_says_so_and_leaves(kith: Kith) -> None:
    with running(kith):
        done = kith("run", "--port", "0", "--no-browser")
    assert done.returncode == Exit.IN_USE
    assert "Stop it first" in done.stderr
    assert "To come into its room again: python3 start.py link" in done.stderr
    assert only_words(done.stderr)


def test_a_port_in_use_is_told(kith: Kith) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = kith("run", "--no-browser", "--port", str(taken.getsockname()[1]))
    assert done.returncode == Exit.ADDRESS
    assert "--port" in done.stderr
    assert only_words(done.stderr)


def test_listening_beyond_this_machine_needs_a_secret(kith: Kith) -> None:
    done = kith("run", "--no-browser", "--port", "0", "--host", "0.0.0.0")
    assert done.returncode == Exit.USAGE
    assert "option --host" in done.stderr
    assert "KITH_SECRET" in done.stderr
    assert not kith.database.exists()


def test_fresh_begins_anew_and_keeps_what_was(kith: Kith) -> None:
    with running(kith):
        pass
    add_communities(kith.database, ["a"])
    with running(kith, "--fresh"):
        pass
    kept = list((kith.home / "data" / "backups").rglob("kith.db"))
    assert count(kept[0]) == count(kith.database) + 1


def test_a_mistake_in_a_features_table_keeps_it_from_starting(kith: Kith) -> None:
    (kith.home / "config.toml").write_text("[kindness]\ndayly = 3\n")
    done = kith("run", "--no-browser", "--port", "0")
    assert done.returncode == Exit.USAGE
    assert "config.toml:2: " in done.stderr
    assert "daily" in done.stderr
