"""The host's own roles. Platforms map their permissions to them; a space's admins can add people by role."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.model.ids import Member


class Role(StrEnum):
    """What a person may do with Kith. ADMIN includes every other role; MODERATOR includes CURATOR."""

    MEMBER = "member"
    CURATOR = "curator"
    ORGANISER = "organiser"
    MODERATOR = "moderator"
    ADMIN = "admin"


_INCLUDES: dict[Role, frozenset[Role]] = {
    Role.MEMBER: frozenset({Role.MEMBER}),
    Role.CURATOR: frozenset({Role.MEMBER, Role.CURATOR}),
    Role.ORGANISER: frozenset({Role.MEMBER, Role.ORGANISER}),
    Role.MODERATOR: frozenset({Role.MEMBER, Role.CURATOR, Role.MODERATOR}),
    Role.ADMIN: frozenset(Role),
}


def expand(roles: frozenset[Role]) -> frozenset[Role]:
    """All roles that the given ones include; everybody is a member."""
    if not roles:
        return _INCLUDES[Role.MEMBER]
    held = {Role.MEMBER}
    for role in roles:
        held |= _INCLUDES[role]
    return frozenset(held)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did something, with what the platform says they may do.

    ``roles`` come from the platform's permissions; ``platform_roles`` are the ids of the platform's
    own roles, which a space's settings may map to host roles.
    """

    member: Member
    roles: frozenset[Role] = frozenset()
    platform_roles: frozenset[str] = frozenset()
