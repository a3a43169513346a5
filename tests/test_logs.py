"""Logs: one line an entry, with its context, for people or machines, and never a secret in it."""

import asyncio
import io
import json
import logging
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiosqlite
import pytest
import structlog
from aiohttp.http_exceptions import BadHttpMessage
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer, URLSafeTimedSerializer

from bot.logs import configure
from bot.redact import HIDDEN, Redactor, visible


@pytest.fixture(autouse=True)
def _logging_as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("NO_COLOR", raising=False)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def entries(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


# --- how it looks


def test_json_holds_the_message_its_values_and_the_context() -> None:
    stream = io.StringIO()
    configure(format="json", stream=stream)
    with structlog.contextvars.bound_contextvars(event="e1", space="local:1"):
        structlog.get_logger("bot.router").info("Welcomed", member="Ada", count=3, ok=True, at=None)
    (entry,) = entries(stream)
    assert entry.pop("timestamp").endswith("Z")
    assert entry == {
        "level": "info",
        "event": "Welcomed",
        "logger": "bot.router",
        "event_id": "e1",
        "space": "local:1",
        "member": "Ada",
        "count": 3,
        "ok": True,
        "at": None,
    }


def test_the_context_of_a_task_is_on_the_lines_of_libraries_too() -> None:
    stream = io.StringIO()
    configure(format="json", stream=stream)

    async def handle(event: str) -> None:
        with structlog.contextvars.bound_contextvars(event=event):
            await asyncio.to_thread(logging.getLogger("some.library").warning, "slow %s", event)

    async def main() -> None:
        await asyncio.gather(handle("e1"), handle("e2"))

    asyncio.run(main())
    seen = {
        (entry["event"], entry["event_id"]) for entry in entries(stream) if entry["logger"] == "some.library"
    }
    assert seen == {("slow e1", "e1"), ("slow e2", "e2")}


@pytest.mark.parametrize(
    ("format", "stream", "is_json"),
    [
        ("auto", Terminal(), False),
        ("auto", io.StringIO(), True),
        ("text", io.StringIO(), False),
        ("json", Terminal(), True),
    ],
)
def test_text_for_terminals_and_json_elsewhere(format: Any, stream: io.StringIO, is_json: bool) -> None:
    configure(format=format, stream=stream)
    structlog.get_logger("bot.app").info("Ready", port=8137)
    line = stream.getvalue()
    assert "Ready" in line
    assert line.startswith("{") == is_json
    assert ("\x1b[" in line) == (format == "auto" and not is_json)


def test_a_text_entry_is_one_line_whatever_people_wrote() -> None:
    stream = io.StringIO()
    configure(format="text", stream=stream)
    log = structlog.get_logger("bot.app")
    log.info("Said", text="hi\n2026-01-01 [info] forged\r\x1b[31m", by="\u202egnilaem\u2069", list=["a\nb"])
    assert stream.getvalue().count("\n") == 1
    assert "hi\\n2026-01-01 [info] forged\\r\\x1b[31m" in stream.getvalue()
    assert "\\u202egnilaem\\u2069" in stream.getvalue()


def test_what_an_exception_says_cannot_pose_as_an_entry() -> None:
    stream = io.StringIO()
    configure(format="text", stream=stream)
    try:
        raise ValueError("oops\n2026-01-01 [info] forged \u202e")
    except ValueError:
        structlog.get_logger("bot.app").exception("Failed")
    first, *rest = stream.getvalue().splitlines()
    assert "Failed" in first
    assert rest
    assert all(line.startswith("    ") for line in rest)
    assert "\u202e" not in stream.getvalue()


def test_configuring_again_replaces_the_first(capsys: pytest.CaptureFixture[str]) -> None:
    first, second = io.StringIO(), io.StringIO()
    log = structlog.get_logger("bot.app")
    configure(format="text", stream=first)
    log.info("one")
    configure(format="json", stream=second)
    log.info("two")
    logging.getLogger("bot.app").info("three")
    assert "one" in first.getvalue()
    assert "two" not in first.getvalue()
    assert [entry["event"] for entry in entries(second)] == ["two", "three"]
    assert capsys.readouterr().out == ""


# --- what is written


@pytest.mark.parametrize(("level", "written"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_the_level_bounds_what_is_written(level: str, written: int) -> None:
    stream = io.StringIO()
    configure(level, "json", stream)
    log = structlog.get_logger("bot.app")
    for method in (log.debug, log.info, log.warning, log.error):
        method("Said")
    assert len(entries(stream)) == written


async def test_debug_keeps_libraries_at_info(tmp_path: Path) -> None:
    stream = io.StringIO()
    configure("debug", "json", stream)
    async with aiosqlite.connect(tmp_path / "a.db") as connection:
        await connection.execute("SELECT ?", ["a value that a person wrote"])
    for name in (
        "discord.http",
        "discord.gateway",
        "slack_sdk.web",
        "slack_bolt.AsyncApp",
        "adapter.py:AsyncApp",
    ):
        logger = logging.getLogger(name)
        logger.setLevel(logging.NOTSET)  # Bolt gives its loggers the level that the root has at the time
        logger.debug("a body")
        logger.info("connected")
    assert [entry["event"] for entry in entries(stream)] == ["connected"] * 5


# --- secrets

# put together here, so that no scanner takes them for real ones
DISCORD = "MTE4OTk5OTk5OTk5OTk5OTk5OQ." + "GqW1ab." + "x" * 19 + "Y8-_" + "z" * 15
SLACK = ["xoxb-" + "1234567890-abcdefABCDEF", "xapp-" + "1-A0-123-abcdef0123", "xoxe.xoxp-" + "1-Mi0yLTEyMw"]
SIGNED = URLSafeSerializer("key").dumps({"seat": "admin"})
LINK = URLSafeTimedSerializer("key").dumps({"seat": "admin", "n": 12345})
assert isinstance(SIGNED, str)
assert isinstance(LINK, str)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        *((f"sent {token} to it", token) for token in [DISCORD, *SLACK, SIGNED, LINK]),
        (f"http://127.0.0.1:8137/enter/{LINK}", LINK),
        ("http://127.0.0.1:8137/enter?code=Ab3dE5", "Ab3dE5"),
        ("GET /x?a=1&access_token=abc123&b=2", "abc123"),
        ("https://hooks.slack.com/services/T0/B0/abcdef", "abcdef"),
        ("https://discord.com/api/webhooks/123/abc-def_ghi", "abc-def_ghi"),
        ("POST /api/v10/interactions/99/aW50ZXJhY3Rpb24/callback", "aW50ZXJhY3Rpb24"),
        ("postgresql://kith:p/a:ss@db.local:5432/kith", "p/a:ss"),
        ("cannot connect to redis://:hunter2@localhost", "hunter2"),
        ("{'Authorization': 'Bot abc.def.ghi'}", "abc.def.ghi"),
        ("Authorization: Bearer abcdef", "abcdef"),
        ("authorization=Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ("headers Bearer abcdefghijklmnop", "abcdefghijklmnop"),
        ("{'signing_secret': 'abc def', 'a': 1}", "abc def"),
        ('{"bot_token": "abc\'def"}', "abc'def"),
        ("token='abc'", "abc"),
        ("password=letmein, user=ada", "letmein"),
        ("{b'token': b'abc'}", "abc'}"),
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str, secret: str) -> None:
    said = Redactor().text(text)
    assert secret not in said
    assert HIDDEN in said


@pytest.mark.parametrize(
    "text",
    [
        "Welcomed Ada in #general at 10:00; see https://example.org/a?b=c#d",
        "discord:1234567890:9876543210 left local:1",
        "kith.zone: there is no time zone 'Europe/Berln'",
        "cogs.welcome.repository.a_function_with_quite_a_long_name",
        "discord.token_file names a file that can't be read",
        "postgresql://kith@localhost:5432/kith",
        "No secret was found. Tokens: 3. The cookie jar is empty.",
        "😀 שלום Grüße",
    ],
)
def test_what_does_not_is_left_as_it_is(text: str) -> None:
    assert Redactor().text(text) == text


def test_names_that_say_secret_hide_their_values() -> None:
    value = {
        "bot_token": "a",
        "Cookie": ["b"],
        "link_code": ("c",),
        "deep": {"apiKey": b"d"},
        "token_count": 3,
    }
    assert Redactor().value(value) == {
        "bot_token": HIDDEN,
        "Cookie": HIDDEN,
        "link_code": HIDDEN,
        "deep": {"apiKey": HIDDEN},
        "token_count": 3,
    }


SECRET = st.text(st.characters(codec="utf-8"), min_size=6, max_size=30).filter(
    lambda secret: secret.strip() == secret and not HIDDEN.count(secret)
)


def around(secret: str) -> st.SearchStrategy[Any]:
    """Values that hold the secret at some depth, bare or within a text."""
    word = st.text("ab '\"\n=", max_size=5)
    leaf = st.one_of(
        st.builds(lambda before, after: before + secret + after, word, word),
        st.just(secret.encode()),
        st.just(quote(secret, safe="")),
        st.builds(ValueError, st.just(secret)),
        st.builds(lambda: type("Thing", (), {"__repr__": lambda self: f"<{secret}>"})()),
    )
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=3),
            st.tuples(inner, st.integers()),
            st.dictionaries(st.sampled_from(["a", "why", secret]), inner, min_size=1, max_size=3),
        ),
        max_leaves=5,
    )


@given(data=st.data(), secret=SECRET, format=st.sampled_from(["text", "json"]))
def test_a_configured_secret_is_in_no_line(data: st.DataObject, secret: str, format: Any) -> None:
    value = data.draw(around(secret))
    stream = io.StringIO()
    configure("debug", format, stream, secrets=[secret, ""])
    log = structlog.get_logger("bot.secretive")
    log.info(f"About {secret}", value=value, also=[value])
    logging.getLogger("library").warning("About %s", value)
    try:
        try:
            raise KeyError(secret)
        except KeyError as error:
            raise RuntimeError(f"wrapping {secret!r}") from error
    except RuntimeError:
        log.exception("Failed", value=value)
        logging.getLogger("library").exception("Failed")
    said = stream.getvalue().replace(HIDDEN, "")
    for form in {
        secret,
        repr(secret)[1:-1],
        json.dumps(secret)[1:-1],
        quote(secret, safe=""),
        visible(secret),
    }:
        assert form not in said


@given(st.text(), st.text())
def test_redacting_twice_changes_nothing(text: str, secret: str) -> None:
    redactor = Redactor([secret])
    assert redactor.text(redactor.text(text)) == redactor.text(text)


@given(st.text("to ken:='\"{}abc&?;.-/@ xoxb", max_size=200))
def test_no_text_makes_it_fail(text: str) -> None:
    Redactor().text(text)


def test_a_very_long_text_ends() -> None:
    for part in ("token=", "a.", "eyJa.", "xoxb-", "://:", "x" * 50 + ".", "Bearer ", "'token': '"):
        Redactor().text(part * (100_000 // len(part)))


def test_a_value_that_cannot_be_shown_is_named() -> None:
    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError

    assert Redactor().value([Broken()]) == ["<Broken that can't be shown: RuntimeError>"]


def test_a_deep_or_endless_value_ends() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert "..." in str(Redactor().value(endless))


def test_a_secret_in_a_traceback_of_its_source_line_is_hidden() -> None:
    try:
        raise ValueError("xoxb-" + "1234-abcd")
    except ValueError:
        said = Redactor().text("".join(traceback.format_exception(*sys.exc_info())))
    assert "1234-abcd" not in said.replace('"1234-abcd"', "")


# --- characters


@given(st.text())
def test_visible_text_has_no_character_that_acts(text: str) -> None:
    shown = visible(text)
    assert not any(
        ord(char) < 32 or 0x7F <= ord(char) < 0xA0 or 0x202A <= ord(char) <= 0x202E for char in shown
    )


@pytest.mark.parametrize("text", ["Grüße", "שלום", "👩‍👩‍👧", "می‌خواهم", "日本", "a b"])
def test_what_people_write_stays_readable(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(("level", "lines"), [("info", 1), ("warning", 0)])
def test_what_is_no_http_is_told_in_a_line_without_a_trace(level: str, lines: int) -> None:
    stream = io.StringIO()
    configure(level, "json", stream)
    server = logging.getLogger("aiohttp.server")
    try:
        raise BadHttpMessage("Content-Length can't be present with Transfer-Encoding")
    except BadHttpMessage:
        server.exception("Error handling request from %s", "127.0.0.1")
    told = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(one["level"], "exception" in one) for one in told] == [("info", False)] * lines
    try:
        raise ValueError("ours")
    except ValueError:
        server.exception("Error handling request")
    last = json.loads(stream.getvalue().splitlines()[-1])
    assert (last["level"], "exception" in last) == ("error", True)
