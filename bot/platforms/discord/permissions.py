"""Discord's permissions: what Kith needs and why, and which of the host's roles they stand for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntFlag
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from bot.model.roles import Role


class P(IntFlag):
    """The permissions that Kith looks at."""

    KICK_MEMBERS = 1 << 1
    BAN_MEMBERS = 1 << 2
    ADMINISTRATOR = 1 << 3
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MANAGE_EVENTS = 1 << 33
    CREATE_PUBLIC_THREADS = 1 << 35
    SEND_MESSAGES_IN_THREADS = 1 << 38
    MODERATE_MEMBERS = 1 << 40


ROLES: Final[Mapping[Role, P]] = {
    Role.ADMIN: P.MANAGE_GUILD,
    Role.MODERATOR: P.MODERATE_MEMBERS,
    Role.ORGANISER: P.MANAGE_EVENTS,
    Role.CURATOR: P.MANAGE_MESSAGES,
}
"""The permission that stands for each role; members need none."""


class Need(NamedTuple):
    """A permission by the name that Discord shows, and what it is for."""

    permission: P
    name: str
    why: str
    vital: bool = True


NEEDS: Final = (
    Need(P.VIEW_CHANNEL, "View Channels", "to see the channels where people are greeted"),
    Need(P.SEND_MESSAGES, "Send Messages", "to greet, thank and share"),
    Need(
        P.READ_MESSAGE_HISTORY,
        "Read Message History",
        "to look whether an uncertain message arrived before it is sent again",
    ),
    Need(P.SEND_MESSAGES_IN_THREADS, "Send Messages in Threads", "to go on where people talk", vital=False),
    Need(P.CREATE_PUBLIC_THREADS, "Create Public Threads", "to keep a talk in one place", vital=False),
    Need(P.ADD_REACTIONS, "Add Reactions", "to say thank you with a wave", vital=False),
    Need(P.ATTACH_FILES, "Attach Files", "to show pictures", vital=False),
)
"""The least that Kith asks for when it is invited."""

INVITED: Final = sum((need.permission for need in NEEDS), P(0))


def invitation(application: str) -> str:
    """The address that adds the bot to a server, with the least permissions."""
    query = {
        "client_id": application,
        "scope": "bot applications.commands",
        "permissions": str(int(INVITED)),
    }
    return f"https://discord.com/oauth2/authorize?{urlencode(query)}"


def roles_of(permissions: int) -> frozenset[Role]:
    """The host's roles that somebody has by their permissions."""
    if permissions & (P.ADMINISTRATOR | P.MANAGE_GUILD):
        return frozenset({Role.ADMIN})
    held = {role for role, needed in ROLES.items() if permissions & needed}
    if permissions & (P.KICK_MEMBERS | P.BAN_MEMBERS):
        held.add(Role.MODERATOR)
    return frozenset(held)


def in_channel(
    guild: str, me: Mapping[str, Any], roles: Iterable[Mapping[str, Any]], channel: Mapping[str, Any]
) -> int:
    """What the bot may do in a channel: ``me`` is its membership, ``roles`` all roles of the server."""
    mine = {guild, *me.get("roles", ())}
    base = 0
    for role in roles:
        if role["id"] in mine:
            base |= int(role["permissions"])
    if base & P.ADMINISTRATOR:
        return base | int(INVITED)
    overwrites = {each["id"]: each for each in channel.get("permission_overwrites") or ()}
    if (everyone := overwrites.get(guild)) is not None:
        base = base & ~int(everyone["deny"]) | int(everyone["allow"])
    allow = deny = 0
    for role_id in mine - {guild}:
        if (each := overwrites.get(role_id)) is not None:
            allow |= int(each["allow"])
            deny |= int(each["deny"])
    base = base & ~deny | allow
    if (own := overwrites.get(str((me.get("user") or {}).get("id")))) is not None:
        base = base & ~int(own["deny"]) | int(own["allow"])
    return base


def missing(permissions: int, *, vital: bool = True) -> list[Need]:
    """What is not granted of what Kith needs; a channel that can't be seen lacks nothing else."""
    lacking = [need for need in NEEDS if need.vital is vital and not permissions & need.permission]
    return lacking[:1] if lacking and lacking[0].permission is P.VIEW_CHANNEL else lacking
