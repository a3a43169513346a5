"""Endpoints and how a path finds its own; a request as an endpoint sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from .drafting import Upload
from .errors import ApiError, FormErrors, not_found, refusal
from .faults import Fault
from .model import Channel, Guild, Message
from .permissions import P

if TYPE_CHECKING:
    from .server import FakeDiscord
    from .world import World


@dataclass(slots=True)
class Call:
    """A request as an endpoint sees it."""

    fake: FakeDiscord
    params: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    files: dict[int, Upload]

    @property
    def world(self) -> World:
        return self.fake.world

    def number(self, name: str) -> int:
        """An id in the path."""
        text = self.params[name]
        if not text.isdigit():
            errors = FormErrors()
            errors.add((name,), "NUMBER_TYPE_COERCE", f'Value "{text}" is not snowflake.')
            errors.check()
        return int(text)

    def count(self, name: str, default: int, most: int) -> int:
        """A number in the query, within 1 and `most`."""
        return max(1, min(most, int(self.query.get(name) or default)))

    def guild(self, need: int = 0) -> Guild:
        """The guild of the path, if the bot is in it and has these permissions."""
        guild = self.world.guilds.get(self.number("guild_id"))
        if guild is None:
            raise refusal(10004)
        if need & ~guild.bot.permissions():
            raise refusal(50013)
        return guild

    def channel(self, need: int = 0) -> Channel:
        """The channel of the path, if the bot can see it and has these permissions there."""
        channel = self.world.channels.get(self.number("channel_id"))
        if channel is None:
            raise refusal(10003)
        bits = self.world.bot_permissions(channel)
        if not bits & P.VIEW_CHANNEL:
            raise refusal(50001)
        if need & ~bits:
            raise refusal(50013)
        return channel

    def message(self, channel: Channel) -> Message:
        """The message of the path."""
        message = channel.by_id.get(self.number("message_id"))
        if message is None:
            raise refusal(10008)
        return message


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that is not 200 with JSON or 204 without."""

    status: int
    body: Any


Endpoint = Callable[[Call], Any]
Route = tuple[str, str, Endpoint]


@dataclass(slots=True)
class Request:
    """A request that was received, for tests to look at."""

    method: str
    path: str
    route: str
    body: Any
    status: int = 0
    answer: Any = None
    fault: Fault | None = None
    agent: str = ""

    def __repr__(self) -> str:
        note = f" ({self.fault.kind})" if self.fault else ""
        return f"{self.method} {self.path} → {self.status}{note}"


class _Node:
    """One segment of the paths that the API knows."""

    def __init__(self) -> None:
        self.fixed: dict[str, _Node] = {}
        self.variable: _Node | None = None
        self.name = ""
        self.ends: dict[str, tuple[str, Endpoint]] = {}


class Router:
    """Finds the endpoint of a path, one segment at a time; fixed segments win over variable ones."""

    def __init__(self, routes: list[Route]) -> None:
        self._root = _Node()
        for method, template, endpoint in routes:
            node = self._root
            for segment in template.strip("/").split("/"):
                if segment.startswith("{"):
                    node.variable = node.variable or _Node()
                    node = node.variable
                    node.name = segment[1:-1]
                else:
                    node = node.fixed.setdefault(segment, _Node())
            node.ends[method] = (template, endpoint)

    def find(self, method: str, path: str) -> tuple[str, Endpoint, dict[str, str]]:
        """Template, endpoint and parameters. Raises ApiError 404 or 405."""
        node = self._root
        params: dict[str, str] = {}
        for segment in path.strip("/").split("/"):
            following = node.fixed.get(segment) or node.variable
            if following is None:
                raise not_found()
            if following is node.variable:
                params[following.name] = unquote(segment)
            node = following
        if not node.ends:
            raise not_found()
        if method not in node.ends:
            raise ApiError(405, 0, "405: Method Not Allowed")
        template, endpoint = node.ends[method]
        return template, endpoint, params
