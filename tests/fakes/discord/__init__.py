"""A fake Discord server: REST v10 and gateway v10 on loopback, for the real discord.py.

    async with FakeDiscord() as d:
        guild = d.guild("Workshop")
        channel = guild.channel("hello")
        async with running(discord.Client(**uncached()), d):
            ana, mina = guild.join("Ana"), guild.join("Mina")
            answer = await (await ana.slash("shoutout", to=mina, why="tea")).answered()
            await ana.click(channel.last, label="Me too")
            assert channel.last.pinged == {mina.id}

State is read from `d`, `guild`, `channel`, messages and interactions; `d.faults` and `d.gateway` plan what
goes wrong; `d.clock.skip` lets interactions and nonces expire; `d.until` waits.
"""

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
