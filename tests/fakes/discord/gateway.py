"""Gateway sessions: what each may hear, replay after a resume, and the faults a test plans."""

from __future__ import annotations

import asyncio
import json
import random
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from . import wire
from .intents import SWITCHES, Intent, needed

if TYPE_CHECKING:
    from .model import Guild, Message
    from .socket import Connection
    from .world import World

Json = dict[str, Any]
REPLAY = 10_000
STALE_SESSIONS = 4
_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


class Session:
    """What survives a lost connection: intents, the sequence and the events to replay."""

    def __init__(self, session_id: str, shard: tuple[int, int], intents: int, large_threshold: int) -> None:
        self.id = session_id
        self.shard = shard
        self.intents = intents
        self.large_threshold = large_threshold
        self.sequence = 0
        self.connection: Connection | None = None
        self.replay: deque[tuple[int, str]] = deque(maxlen=REPLAY)

    def serves(self, guild_id: int | None) -> bool:
        """Whether this shard hears of the guild; direct messages go to shard 0."""
        index, count = self.shard
        return ((guild_id or 0) >> 22) % count == index

    def send(self, event: str, data: str) -> None:
        """Send one dispatch whose `data` is JSON already, and keep it for a resume."""
        self.sequence += 1
        payload = f'{{"op":0,"s":{self.sequence},"t":"{event}","d":{data}}}'
        self.replay.append((self.sequence, payload))
        if self.connection is not None:
            self.connection.send(payload)

    def missed_since(self, sequence: int) -> list[str] | None:
        """The payloads after `sequence`, or None where the replay no longer reaches back so far."""
        if sequence > self.sequence:
            return None
        if self.replay and self.replay[0][0] > sequence + 1:
            return None
        return [payload for number, payload in self.replay if number > sequence]


class Gateway:
    """All sessions of the application, and the plan of gateway faults."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.sessions: dict[str, Session] = {}
        self.connections: set[Connection] = set()
        self.identifies = 0
        self.resumes = 0
        self._held: list[Callable[[], None]] | None = None
        self._repeats: dict[str, int] = {}

    @property
    def live(self) -> list[Session]:
        """Sessions with an open connection."""
        return [session for session in self.sessions.values() if session.connection is not None]

    async def caught_up(self) -> None:
        """Return once every client that is connected has taken all that was sent to it so far."""
        await asyncio.gather(*(one.connection.caught_up() for one in self.live if one.connection is not None))

    def dispatch(self, event: str, data: Json, guild: Guild | None = None) -> None:
        """Send an event to every session that may hear it."""
        if not self.sessions:
            return
        guild_id = guild.id if guild else None
        self._world.check_dispatch(event, data)
        mask = needed(event, in_guild=guild is not None)
        encoded = _encode(data)
        for session in self._listeners(guild_id, mask):
            self._deliver(session, event, encoded)

    def dispatch_message(self, event: str, message: Message) -> None:
        """Send a message event; without the content intent people's words are left out."""
        if not self.sessions:
            return
        world = self._world
        guild = message.channel.guild
        mask = needed(event, in_guild=guild is not None)
        encoded: dict[bool, str] = {}
        for session in self._listeners(guild.id if guild else None, mask):
            readable = bool(session.intents & Intent.MESSAGE_CONTENT) or world.always_readable(message)
            if readable not in encoded:
                data = wire.message_event(message, world, readable=readable)
                world.check_dispatch(event, data)
                encoded[readable] = _encode(data)
            self._deliver(session, event, encoded[readable])

    def send(self, session: Session, event: str, data: Json) -> None:
        """Send an event to one session, such as READY."""
        self._world.check_dispatch(event, data)
        session.send(event, _encode(data))

    def _listeners(self, guild_id: int | None, mask: int) -> list[Session]:
        if guild_id is not None and guild_id not in self._world.guilds:
            return []  # the bot was removed from there
        return [
            session
            for session in self.sessions.values()
            if (not mask or session.intents & mask) and session.serves(guild_id)
        ]

    def _deliver(self, session: Session, event: str, data: str) -> None:
        for _ in range(self._repeats.get(event, self._repeats.get("*", 1))):
            if self._held is None:
                session.send(event, data)
            else:
                self._held.append(lambda: session.send(event, data))

    def forget_stale(self) -> None:
        """Lose the oldest sessions without a connection, as Discord does after some minutes."""
        stale = [session.id for session in self.sessions.values() if session.connection is None]
        for session_id in stale[:-STALE_SESSIONS]:
            del self.sessions[session_id]

    # The plan of faults.

    def dispatch_raw(self, event: str, data: Any, guild: Guild | None = None) -> None:
        """Send anything at all, such as an event or a field that Discord may invent tomorrow."""
        for session in self._listeners(guild.id if guild else None, 0):
            self._deliver(session, event, _encode(data))

    def disconnect(self, code: int = 4000) -> None:
        """Close every connection with `code`; sessions stay resumable unless it is 1000 or 1001."""
        for connection in list(self.connections):
            connection.close(code)

    def request_reconnect(self) -> None:
        """Ask every client to reconnect (op 7)."""
        for connection in list(self.connections):
            connection.send_op(7, None)

    def invalidate(self, *, resumable: bool = False) -> None:
        """Op 9 to every client. Unless `resumable`, the sessions and their missed events are gone."""
        for session in list(self.sessions.values()):
            if not resumable:
                self.sessions.pop(session.id)
            if session.connection is not None:
                session.connection.send_op(9, resumable)

    def forget_sessions(self) -> None:
        """Lose every session without a word, as a restart of Discord's servers does."""
        for session in list(self.sessions.values()):
            self.sessions.pop(session.id)
            if session.connection is not None:
                session.connection.close(4000)

    def half_open(self) -> None:
        """Every open connection stays open but says nothing more, heartbeat answers included."""
        for connection in self.connections:
            connection.silent = True

    def repeat(self, times: int, event: str = "*") -> None:
        """From now on send each `event` this many times; 1 ends it."""
        self._repeats[event] = times

    @contextmanager
    def held(self, *, shuffle: random.Random | None = None, backwards: bool = False) -> Iterator[None]:
        """Hold back all dispatches inside the block, then send them in order, shuffled or backwards."""
        self.hold()
        try:
            yield
        finally:
            self.release(shuffle=shuffle, backwards=backwards)

    def hold(self) -> None:
        """Let the gateway lag: hold back every dispatch until `release`."""
        if self._held is None:
            self._held = []

    def release(self, *, shuffle: random.Random | None = None, backwards: bool = False) -> None:
        """Send what was held back."""
        held, self._held = self._held or [], None
        if shuffle is not None:
            shuffle.shuffle(held)
        if backwards:
            held.reverse()
        for send in held:
            send()


def refused_intents(intents: int, switches: frozenset[str]) -> bool:
    """Whether a privileged intent is asked for whose switch is off."""
    return any(intents & intent and name not in switches for name, (intent, _, _) in SWITCHES.items())


def application_flags(switches: frozenset[str]) -> int:
    """The application's flags that show which switches are on."""
    flags = 0
    for name in switches:
        flags |= SWITCHES[name][2]
    return flags
