"""A fake Slack on loopback for real slack-bolt and slack_sdk, with state to assert and a plan of faults.

async with FakeSlack(manifest) as slack:
    workspace = slack.workspace("Workshop")
    ana = workspace.member("Ana")                     # has been here all along
    # start the bot with slack.base_url, workspace.bot_token, slack.app_token
    await slack.connected()
    bob = workspace.join("Bob")                       # team_join, member_joined_channel
    greeting = await ana.sees("Hello")                # waits for it
    answer = await bob.command(workspace.general, "/kith", "thank ", ana)
    form = await answer.view()
    await bob.submit(form, {"Why": "for the cake"})
    await ana.click(await ana.sees("for the cake"), "Me too")
    slack.faults.add(Drop(), "chat.postMessage")      # accepted, but the answer is lost
    slack.clock.advance(60)                           # nobody ever waits
    await slack.quiet()
    assert greeting.pings == {bob.id}
"""

from .answer import Answer
from .clock import Clock
from .faults import Delay, Drop, Garble, Hang, RateLimit, Refuse, Status
from .forms import CHANNEL, EVERYONE, HERE, NotOnScreen
from .pace import RateLimits
from .people import Person
from .server import FakeSlack
from .specs import validate_manifest
from .state import Channel, File, Message, View
from .workspace import Workspace

__all__ = [
    "CHANNEL",
    "EVERYONE",
    "HERE",
    "Answer",
    "Channel",
    "Clock",
    "Delay",
    "Drop",
    "FakeSlack",
    "File",
    "Garble",
    "Hang",
    "Message",
    "NotOnScreen",
    "Person",
    "RateLimit",
    "RateLimits",
    "Refuse",
    "Status",
    "View",
    "Workspace",
    "validate_manifest",
]
