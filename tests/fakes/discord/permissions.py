"""Permission bits, and how Discord computes them from roles and channel overwrites."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class P:
    """The permissions of API v10 that matter to a bot. Plain integers, since each request weighs some."""

    CREATE_INVITE = 1 << 0
    KICK_MEMBERS = 1 << 1
    BAN_MEMBERS = 1 << 2
    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_AUDIT_LOG = 1 << 7
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    SEND_TTS_MESSAGES = 1 << 12
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_EXTERNAL_EMOJIS = 1 << 18
    CHANGE_NICKNAME = 1 << 26
    MANAGE_NICKNAMES = 1 << 27
    MANAGE_ROLES = 1 << 28
    MANAGE_WEBHOOKS = 1 << 29
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    SEND_MESSAGES_IN_THREADS = 1 << 38
    MODERATE_MEMBERS = 1 << 40
    PIN_MESSAGES = 1 << 51


ALL = (1 << 53) - 1
EVERYONE = int(
    P.CREATE_INVITE
    | P.ADD_REACTIONS
    | P.VIEW_CHANNEL
    | P.SEND_MESSAGES
    | P.EMBED_LINKS
    | P.ATTACH_FILES
    | P.READ_MESSAGE_HISTORY
    | P.USE_EXTERNAL_EMOJIS
    | P.CHANGE_NICKNAME
    | P.USE_APPLICATION_COMMANDS
    | P.CREATE_PUBLIC_THREADS
    | P.SEND_MESSAGES_IN_THREADS
)
"""What @everyone may do in a new guild."""
IN_DM = EVERYONE & ~(P.CREATE_INVITE | P.CREATE_PUBLIC_THREADS | P.CHANGE_NICKNAME)
_NEEDS_SENDING = P.MENTION_EVERYONE | P.SEND_TTS_MESSAGES | P.ATTACH_FILES | P.EMBED_LINKS
_WHILE_TIMED_OUT = P.VIEW_CHANNEL | P.READ_MESSAGE_HISTORY


def names(bits: int) -> list[str]:
    """The names of the permissions in `bits`."""
    known = {name: value for name, value in vars(P).items() if name.isupper()}
    return [name for name, value in known.items() if bits & value]


@dataclass(slots=True)
class Overwrite:
    """A channel's exception for one role (`kind` 0) or one member (`kind` 1)."""

    id: int
    kind: int
    allow: int = 0
    deny: int = 0


def in_guild(everyone: int, roles: Iterable[int], *, owner: bool) -> int:
    """Permissions from the guild's roles alone."""
    if owner:
        return ALL
    bits = everyone
    for role in roles:
        bits |= role
    return ALL if bits & P.ADMINISTRATOR else bits


def in_channel(
    base: int,
    overwrites: dict[int, Overwrite],
    *,
    everyone_id: int,
    role_ids: Iterable[int],
    user_id: int,
    thread: bool = False,
    timed_out: bool = False,
) -> int:
    """Permissions in one channel: @everyone's overwrite, then all roles' together, then the member's."""
    if base & P.ADMINISTRATOR:
        return ALL
    bits = base
    if everyone := overwrites.get(everyone_id):
        bits = bits & ~everyone.deny | everyone.allow
    allow = deny = 0
    for role_id in role_ids:
        if overwrite := overwrites.get(role_id):
            allow |= overwrite.allow
            deny |= overwrite.deny
    bits = bits & ~deny | allow
    if own := overwrites.get(user_id):
        bits = bits & ~own.deny | own.allow
    if timed_out:
        bits &= _WHILE_TIMED_OUT
    if not bits & P.VIEW_CHANNEL:
        return 0
    if not bits & (P.SEND_MESSAGES_IN_THREADS if thread else P.SEND_MESSAGES):
        bits &= ~_NEEDS_SENDING
    return bits
