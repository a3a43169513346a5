"""What `connect` asks Slack without a running platform: whose token it is, and a test welcome in private."""

from __future__ import annotations

from bot.model.content import Card
from bot.platforms.base import DeliveryError
from bot.platforms.slack.adapter import SlackOptions
from bot.platforms.slack.api import Api
from bot.platforms.slack.client import Client
from bot.platforms.slack.people import pages
from bot.platforms.slack.render import Renderer
from bot.platforms.slack.workspace import Workspace


async def say_privately(options: SlackOptions, who: str, card: Card) -> str:
    """Send the card to a person by id, handle or name; words on what came of it. Raises Refused."""
    wanted = who.strip().removeprefix("@").casefold()
    async with Api(options.api) as api:
        client = Client(options.bot_token, api)
        try:
            told = await client.call("auth.test")
            workspace = Workspace(told["team_id"], told.get("team", ""), told["user_id"], client)
            ident = await _find(workspace, wanted)
            if ident is None:
                return f"There is nobody called {who} in {workspace.space.name}, so no test message was sent."
            message = Renderer(options.names, lambda: [("kith-admin", "setup")]).message(card)
            channel = await workspace.direct(ident)
            await client.call("chat.postMessage", channel=channel, text=message.text, blocks=message.blocks)
        except DeliveryError as error:
            return f"The test message may not have arrived: {error.reason}"
    return "A test message is in your private messages from Kith."


async def whose(options: SlackOptions) -> str:
    """The workspace of a bot token and Kith's own user there, to name files by; raises as Client.call."""
    async with Api(options.api) as api:
        told = await Client(options.bot_token, api).call("auth.test")
    return f"{told['team_id']}-{told['user_id']}"


async def _find(workspace: Workspace, wanted: str) -> str | None:
    async for user in pages(workspace, "users.list", "members"):
        profile = user.get("profile") or {}
        names = (user["id"], user.get("name"), profile.get("display_name"), profile.get("real_name"))
        is_person = not user.get("deleted") and not user.get("is_bot")
        if is_person and wanted in [str(one).casefold() for one in names]:
            return str(user["id"])
    return None
