"""Logging, set up once by the composition root: structured, readable on a terminal, without secrets."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterable
from typing import Any, Final, Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from bot.redact import Redactor, visible

OWN_LOGGERS: Final = ("bot", "cogs", "storage")
_SEVERAL_LINES: Final = ("exception", "stack")


def configure(
    level: str = "info",
    format: Literal["auto", "text", "json"] = "auto",
    stream: TextIO | None = None,
    *,
    secrets: Iterable[str] = (),
    own: Iterable[str] = OWN_LOGGERS,
) -> None:
    """Send all logs, also those of libraries, to `stream` (stderr). Calling it again replaces the set-up.

    "auto" is text on a terminal and JSON elsewhere. Below `level` ("debug" to "error") nothing is written.
    Debug is for `own` loggers alone: libraries log message bodies and SQL values there. `secrets` are
    values that must never appear, beside all that looks like one.
    """
    stream = stream or sys.stderr
    terminal = stream.isatty()
    as_text = format == "text" or (format == "auto" and terminal)
    colors = terminal and os.name == "posix" and "NO_COLOR" not in os.environ
    before: list[Processor] = [
        _context,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
    ]
    after: list[Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S" if as_text else "iso", utc=not as_text),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        _Clean(Redactor(secrets)),
        _TextRenderer(colors) if as_text else structlog.processors.JSONRenderer(ensure_ascii=False),
    ]
    handler = _Handler(stream)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=before, processors=after))
    root = logging.getLogger()
    for old in [handler for handler in root.handlers if isinstance(handler, _Handler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    threshold = logging.getLevelNamesMapping()[level.upper()]
    handler.addFilter(_Calm(threshold))
    root.setLevel(max(threshold, logging.INFO))
    for name in own:
        logging.getLogger(name).setLevel(threshold)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *before,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


class _Handler(logging.StreamHandler[TextIO]):
    """Ours, to be told from those that a test runner or an embedding program has added."""


class _Calm(logging.Filter):
    """What is no HTTP, sent to our web server by whoever found its address, is a line without a trace."""

    def __init__(self, threshold: int) -> None:
        super().__init__()
        self._threshold = threshold

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name != "aiohttp.server" or record.exc_info is None:
            return True
        # by its name, since most commands do without aiohttp
        if not any(kind.__name__ == "HttpProcessingError" for kind in type(record.exc_info[1]).__mro__):
            return True
        record.exc_info = record.exc_text = None
        record.levelno, record.levelname = logging.INFO, "INFO"
        return record.levelno >= self._threshold


class _Clean:
    """The processor that redacts every value, and lets none forge a line or hide a part of one."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor

    def __call__(self, _: WrappedLogger, __: str, event: EventDict) -> EventDict:
        first = {key: event.pop(key, "") for key in ("timestamp", "level", "event")}
        return {visible(key): self._clean(key, value) for key, value in (first | dict(event)).items()}

    def _clean(self, key: str, value: Any) -> Any:
        if key in _SEVERAL_LINES and isinstance(value, str):
            lines = self._redactor.text(value).split("\n")
            return "\n".join("    " + visible(line) for line in lines)
        return _visible(self._redactor.value(value, key))


def _visible(value: Any) -> Any:
    match value:
        case str():
            return visible(value)
        case dict():
            return {visible(key): _visible(item) for key, item in value.items()}
        case list():
            return [_visible(item) for item in value]
        case _:
            return value


def _context(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Add what is bound to this task. structlog calls a line's message "event", so ours is `event_id`."""
    for key, value in structlog.contextvars.get_contextvars().items():
        event.setdefault("event_id" if key == "event" else key, value)
    return event


class _TextRenderer:
    """One line to read: when, how serious, what, and then the values by name."""

    def __init__(self, colors: bool) -> None:
        self._colors = colors

    def __call__(self, _: WrappedLogger, __: str, event: EventDict) -> str:
        several = [event.pop(key) for key in _SEVERAL_LINES if event.get(key)]
        time, level, message, logger = (
            event.pop(key, "") for key in ("timestamp", "level", "event", "logger")
        )
        values = " ".join(f"{self._paint('cyan', key)}={_quoted(value)}" for key, value in event.items())
        head = (
            self._paint("dim", time),
            self._paint(level, f"{level:<8}"),
            self._paint("bold", str(message)),
        )
        return "\n".join(
            [" ".join(filter(None, (*head, values, self._paint("dim", f"[{logger}]")))), *several]
        )

    def _paint(self, style: str, text: str) -> str:
        code = _STYLES.get(style)
        return f"\x1b[{code}m{text}\x1b[0m" if self._colors and code else text


_STYLES: Final = {"dim": 2, "bold": 1, "cyan": 36, "info": 32, "warning": 33, "error": 31, "critical": 31}


def _quoted(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    needs_quotes = isinstance(value, str) and (not text or any(char in text for char in ' ="'))
    return '"' + text.replace('"', '\\"') + '"' if needs_quotes else text
