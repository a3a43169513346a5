"""Slack is held to the platform contract: real slack-bolt and slack_sdk against the fake server."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.contracts.platform_contract import PlatformContract
from tests.slack.stage import SlackStage, staged


@pytest_asyncio.fixture
async def stage() -> AsyncIterator[SlackStage]:
    async with staged() as stage:
        yield stage


class TestSlackPlatform(PlatformContract):
    pass
