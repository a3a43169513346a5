"""A fake Discord server: REST v10 and gateway v10 on loopback, for the real discord.py."""

from .aiming import aimed_at, running, uncached
from .drafting import Upload
from .hearing import Heard
from .interactions import Interaction
from .limits import RateLimits
from .modals import Modal
from .model import Channel, Guild, Message, Role, User
from .options import ClientRefused
from .people import Person
from .permissions import P
from .schema import MISSING as NO_SPECS
from .schema import found as specs_found
from .server import FakeDiscord, Refusal

__all__ = [
    "NO_SPECS",
    "Channel",
    "ClientRefused",
    "FakeDiscord",
    "Guild",
    "Heard",
    "Interaction",
    "Message",
    "Modal",
    "P",
    "Person",
    "RateLimits",
    "Refusal",
    "Role",
    "Upload",
    "User",
    "aimed_at",
    "running",
    "specs_found",
    "uncached",
]
