"""A fake Slack on loopback for real slack-bolt and slack_sdk, with state to assert and a plan of faults."""

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
