"""A workshop to test in: one workspace, Ana, and the bot's real slack_sdk client."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from .people import Person
from .server import FakeSlack
from .workspace import Workspace


@asynccontextmanager
async def workshop(
    client_options: dict[str, Any] | None = None, **options: Any
) -> AsyncIterator[tuple[FakeSlack, Workspace, Person, AsyncWebClient]]:
    """The client has one session and no retries of its own unless told otherwise."""
    async with FakeSlack(**options) as slack, aiohttp.ClientSession() as session:
        workspace = slack.workspace("Workshop")
        client_options = {"session": session, "retry_handlers": [], **(client_options or {})}
        client = AsyncWebClient(token=workspace.bot_token, base_url=slack.base_url, **client_options)
        yield slack, workspace, workspace.member("Ana", email="ana@example.com"), client


async def refusal(call: Any) -> dict[str, Any]:
    """The answer to a call that must be refused."""
    with pytest.raises(SlackApiError) as refused:
        await call
    return dict(refused.value.response.data)


async def error(call: Any) -> str:
    """The error that a call must meet."""
    return str((await refusal(call))["error"])
