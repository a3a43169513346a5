"""The wire platform for the crash loop: how a life makes its adapter; the server's memory as a history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.crash.checker import Seen
from tests.fakes.wire import WirePlatform, WireServer
from tests.fakes.wire.platform import limits


def build(config: dict[str, Any]) -> WirePlatform:
    """Named in plans, called in lives."""
    return WirePlatform(config["url"], limits(**config["limits"]))


class WireHistory:
    """What the wire server remembers."""

    def __init__(self, server: WireServer) -> None:
        self._server = server

    def arrived(self) -> Sequence[Seen]:
        return [Seen(arrival.lane, arrival.text) for arrival in self._server.posted()]

    def standing(self) -> Sequence[Seen]:
        return [Seen(message.lane, message.text) for message in self._server.messages.values()]
