"""Slack for the crash loop: how a life makes its adapter; the fake server's memory as a history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.platforms.slack.adapter import SlackOptions, SlackPlatform
from bot.platforms.slack.limits import SLACK
from bot.platforms.slack.sockets import Pulse
from tests.crash.checker import Seen
from tests.fakes.slack import FakeSlack, Message


def build(config: dict[str, Any]) -> SlackPlatform:
    """Named in plans, called in lives."""
    return SlackPlatform(
        SlackOptions(
            bot_token=config["bot_token"],
            app_token=config["app_token"],
            api=config["api"],
            connections=1,
            pulse=Pulse(look=0.02, wait=0.01, wait_most=0.05),
            limits=SLACK._replace(**config["limits"]),
        )
    )


class SlackHistory:
    """What the fake server remembers, what was deleted included."""

    def __init__(self, slack: FakeSlack) -> None:
        self._slack = slack

    def arrived(self) -> Sequence[Seen]:
        return [_seen(one, one.versions[0][0] if one.versions else one.text) for one in self._all()]

    def standing(self) -> Sequence[Seen]:
        return [_seen(one, one.text) for one in self._all() if not one.deleted]

    def _all(self) -> list[Message]:
        found = [
            message
            for channel in self._slack.channels.values()
            for message in channel.messages.values()
            if message.by_app
        ]
        return sorted(found, key=lambda message: message.ts)


def _seen(message: Message, text: str) -> Seen:
    return Seen(f"channel:slack:{message.channel.workspace.id}:{message.channel.id}", text)
