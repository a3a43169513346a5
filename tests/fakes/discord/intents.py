"""Which gateway intent lets which event through, and which switch in the portal each needs."""

from __future__ import annotations

from enum import IntFlag


class Intent(IntFlag):
    """Gateway intents of API v10 that the fake's events need."""

    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_MODERATION = 1 << 2
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    GUILD_MESSAGE_REACTIONS = 1 << 10
    GUILD_MESSAGE_TYPING = 1 << 11
    DIRECT_MESSAGES = 1 << 12
    DIRECT_MESSAGE_REACTIONS = 1 << 13
    DIRECT_MESSAGE_TYPING = 1 << 14
    MESSAGE_CONTENT = 1 << 15


VALID = (1 << 26) - 1 & ~(0b111 << 17 | 0b11 << 22)
"""Every bit that Discord knows; others close the connection with 4013."""

SWITCHES = {
    "presences": (Intent.GUILD_PRESENCES, 1 << 12, 1 << 13),
    "members": (Intent.GUILD_MEMBERS, 1 << 14, 1 << 15),
    "message_content": (Intent.MESSAGE_CONTENT, 1 << 18, 1 << 19),
}
"""Name of the switch → its intent, and the application flag when verified and when limited."""

_IN_GUILD = {
    "GUILD_MEMBER_ADD": Intent.GUILD_MEMBERS,
    "GUILD_MEMBER_UPDATE": Intent.GUILD_MEMBERS,
    "GUILD_MEMBER_REMOVE": Intent.GUILD_MEMBERS,
    "THREAD_MEMBERS_UPDATE": Intent.GUILD_MEMBERS,
    "GUILD_BAN_ADD": Intent.GUILD_MODERATION,
    "GUILD_BAN_REMOVE": Intent.GUILD_MODERATION,
    "MESSAGE_CREATE": Intent.GUILD_MESSAGES,
    "MESSAGE_UPDATE": Intent.GUILD_MESSAGES,
    "MESSAGE_DELETE": Intent.GUILD_MESSAGES,
    "MESSAGE_DELETE_BULK": Intent.GUILD_MESSAGES,
    "MESSAGE_REACTION_ADD": Intent.GUILD_MESSAGE_REACTIONS,
    "MESSAGE_REACTION_REMOVE": Intent.GUILD_MESSAGE_REACTIONS,
    "MESSAGE_REACTION_REMOVE_ALL": Intent.GUILD_MESSAGE_REACTIONS,
    "MESSAGE_REACTION_REMOVE_EMOJI": Intent.GUILD_MESSAGE_REACTIONS,
    "TYPING_START": Intent.GUILD_MESSAGE_TYPING,
    "INTERACTION_CREATE": 0,
}
_IN_DM = {
    "MESSAGE_CREATE": Intent.DIRECT_MESSAGES,
    "MESSAGE_UPDATE": Intent.DIRECT_MESSAGES,
    "MESSAGE_DELETE": Intent.DIRECT_MESSAGES,
    "MESSAGE_REACTION_ADD": Intent.DIRECT_MESSAGE_REACTIONS,
    "MESSAGE_REACTION_REMOVE": Intent.DIRECT_MESSAGE_REACTIONS,
    "TYPING_START": Intent.DIRECT_MESSAGE_TYPING,
    "CHANNEL_PINS_UPDATE": Intent.DIRECT_MESSAGES,
    "INTERACTION_CREATE": 0,
}


def needed(event: str, *, in_guild: bool) -> int:
    """The intent that a session must have asked for to receive `event`; 0 is none."""
    if in_guild:
        return int(_IN_GUILD.get(event, Intent.GUILDS))
    return int(_IN_DM.get(event, 0))
