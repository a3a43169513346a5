"""A guild's members: the paged list, one of them, roles, names, removal."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from .. import wire
from ..errors import refusal
from ..model import Guild, Member
from ..permissions import P
from ..routing import Call, Route
from .guilds import require_above, require_below

Json = dict[str, Any]


def listed(call: Call) -> list[Json]:
    """The member list, paged by id; it needs the members intent."""
    guild = call.guild()
    if "members" not in call.world.switches:
        raise refusal(50001)
    after = int(call.query.get("after") or 0)
    limit = call.count("limit", 1, 1000)
    return [wire.member(person) for person in guild.members.page(after, limit)]


def search(call: Call) -> list[Json]:
    """Members whose name begins with the query."""
    guild = call.guild()
    start = call.query.get("query", "").lower()
    limit = call.count("limit", 1, 1000)
    found = [
        person
        for person in guild.members
        if person.name.lower().startswith(start) or person.user.name.startswith(start)
    ]
    return [wire.member(person) for person in found[:limit]]


def _member(call: Call, guild: Guild) -> Member:
    member = guild.members.get(call.number("user_id"))
    if member is None:
        raise refusal(10007 if call.world.account(call.number("user_id")) else 10013)
    return member


def one(call: Call) -> Json:
    """One member."""
    return wire.member(_member(call, call.guild()))


def edit(call: Call) -> Json:
    """Change a member's name, roles or time-out."""
    guild = call.guild()
    member = _member(call, guild)
    body = call.body or {}
    bits = guild.bot.permissions()
    if "nick" in body:
        if not bits & P.MANAGE_NICKNAMES:
            raise refusal(50013)
        require_below(guild, member.id, member.roles)
        member.nick = body["nick"] or None
    if body.get("roles") is not None:
        wanted = {int(role_id) for role_id in body["roles"]}
        for role_id in wanted ^ member.roles:
            _require_role(guild, role_id)
        member.roles = wanted
    if "communication_disabled_until" in body:
        if not bits & P.MODERATE_MEMBERS:
            raise refusal(50013)
        require_below(guild, member.id, member.roles)
        until = body["communication_disabled_until"]
        member.timed_out_until_ms = int(datetime.fromisoformat(until).timestamp() * 1000) if until else None
    call.world.member_updated(member)
    return wire.member(member)


def edit_me(call: Call) -> Json:
    """Change the bot's own name in the guild."""
    guild = call.guild(P.CHANGE_NICKNAME)
    guild.bot.nick = (call.body or {}).get("nick") or None
    call.world.member_updated(guild.bot)
    return wire.member(guild.bot)


def _require_role(guild: Guild, role_id: int) -> None:
    role = guild.roles.get(role_id)
    if role is None:
        raise refusal(10011)
    if not guild.bot.permissions() & P.MANAGE_ROLES:
        raise refusal(50013)
    require_above(guild, role)


def add_role(call: Call) -> None:
    """Give a member a role."""
    guild = call.guild()
    member = _member(call, guild)
    role_id = call.number("role_id")
    _require_role(guild, role_id)
    if role_id not in member.roles:
        member.roles.add(role_id)
        call.world.member_updated(member)


def remove_role(call: Call) -> None:
    """Take a role from a member."""
    guild = call.guild()
    member = _member(call, guild)
    role_id = call.number("role_id")
    _require_role(guild, role_id)
    if role_id in member.roles:
        member.roles.discard(role_id)
        call.world.member_updated(member)


def kick(call: Call) -> None:
    """Remove a member."""
    guild = call.guild(P.KICK_MEMBERS)
    member = _member(call, guild)
    require_below(guild, member.id, member.roles)
    call.world.leave(member)


_MEMBER = "/guilds/{guild_id}/members/{user_id}"
ROUTES: list[Route] = [
    ("GET", "/guilds/{guild_id}/members", listed),
    ("GET", "/guilds/{guild_id}/members/search", search),
    ("PATCH", "/guilds/{guild_id}/members/@me", edit_me),
    ("GET", _MEMBER, one),
    ("PATCH", _MEMBER, edit),
    ("DELETE", _MEMBER, kick),
    ("PUT", f"{_MEMBER}/roles/{{role_id}}", add_role),
    ("DELETE", f"{_MEMBER}/roles/{{role_id}}", remove_role),
]
