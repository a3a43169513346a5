"""Guilds, their roles and bans."""

from __future__ import annotations

from typing import Any

from .. import wire
from ..errors import refusal
from ..model import Guild, Role
from ..permissions import P
from ..routing import Call, Route

Json = dict[str, Any]


def guild(call: Call) -> Json:
    """One guild."""
    server = call.guild()
    body = wire.guild(server)
    if call.query.get("with_counts", "false").lower() in ("true", "1"):
        body |= {"approximate_member_count": len(server.members), "approximate_presence_count": 0}
    return body


def edit(call: Call) -> Json:
    """Change the guild's settings, such as its system channel."""
    server = call.guild(P.MANAGE_GUILD)
    body = call.body or {}
    if "name" in body:
        server.name = body["name"]
    if "system_channel_flags" in body:
        server.system_channel_flags = int(body["system_channel_flags"] or 0)
    for key in ("system_channel_id", "rules_channel_id"):
        if key in body:
            setattr(server, key, int(body[key]) if body[key] else None)
    call.world.guild_updated(server)
    return wire.guild(server)


def roles(call: Call) -> list[Json]:
    """All roles."""
    return [wire.role(role) for role in call.guild().roles.values()]


def role_counts(call: Call) -> Json:
    """How many of the known members hold each role."""
    server = call.guild()
    counts = {str(role_id): 0 for role_id in server.roles if role_id != server.id}
    for member in server.members:
        for role_id in member.roles:
            counts[str(role_id)] += 1
    return counts


def _role(call: Call, server: Guild) -> Role:
    role = server.roles.get(call.number("role_id"))
    if role is None:
        raise refusal(10011)
    return role


def require_above(server: Guild, role: Role) -> None:
    """Raise unless the bot's highest role stands above `role`, and nobody else manages it."""
    me = server.bot
    if me.id == server.owner_id:
        return
    if role.managed or role.id == server.id or server.top_role(me.roles) <= role.position:
        raise refusal(50013)


def role(call: Call) -> Json:
    """One role."""
    return wire.role(_role(call, call.guild()))


def create_role(call: Call) -> Json:
    """A new role at the bottom."""
    server = call.guild(P.MANAGE_ROLES)
    if len(server.roles) >= 250:
        raise refusal(30005)
    body = call.body or {}
    permissions = int(body.get("permissions") or 0)
    if permissions & ~server.bot.permissions():
        raise refusal(50013)
    made = call.world.create_role(
        server,
        body.get("name") or "new role",
        permissions,
        position=1,
        color=body.get("color") or 0,
        hoist=bool(body.get("hoist")),
        mentionable=bool(body.get("mentionable")),
    )
    return wire.role(made)


def edit_role(call: Call) -> Json:
    """Change a role."""
    server = call.guild(P.MANAGE_ROLES)
    changed = _role(call, server)
    require_above(server, changed)
    body = call.body or {}
    for key in ("name", "color", "hoist", "mentionable"):
        if body.get(key) is not None:
            setattr(changed, key, body[key])
    if body.get("permissions") is not None:
        changed.permissions = int(body["permissions"])
    call.world.role_updated(server, changed)
    return wire.role(changed)


def delete_role(call: Call) -> None:
    """Remove a role."""
    server = call.guild(P.MANAGE_ROLES)
    gone = _role(call, server)
    require_above(server, gone)
    call.world.delete_role(server, gone)


def _ban_json(server: Guild, user_id: int, call: Call) -> Json:
    account = call.world.account(user_id)
    if user_id not in server.bans or account is None:
        raise refusal(10026)
    return {"user": wire.user(account), "reason": server.bans[user_id]}


def bans(call: Call) -> list[Json]:
    """All bans."""
    server = call.guild(P.BAN_MEMBERS)
    return [_ban_json(server, user_id, call) for user_id in sorted(server.bans)]


def ban(call: Call) -> Json:
    """One ban."""
    return _ban_json(call.guild(P.BAN_MEMBERS), call.number("user_id"), call)


def create_ban(call: Call) -> None:
    """Ban someone who stands below the bot."""
    server = call.guild(P.BAN_MEMBERS)
    user_id = call.number("user_id")
    account = call.world.account(user_id)
    if account is None:
        raise refusal(10013)
    if member := server.members.get(user_id):
        require_below(server, member.id, member.roles)
    call.world.ban(server, account, None)


def require_below(server: Guild, user_id: int, role_ids: set[int]) -> None:
    """Raise unless the bot may act upon a member with these roles."""
    me = server.bot
    if user_id == server.owner_id or server.top_role(me.roles) <= server.top_role(role_ids):
        raise refusal(50013)


def delete_ban(call: Call) -> None:
    """Lift a ban."""
    server = call.guild(P.BAN_MEMBERS)
    account = call.world.account(call.number("user_id"))
    if account is None or account.id not in server.bans:
        raise refusal(10026)
    call.world.unban(server, account)


def nothing(call: Call) -> list[Json]:
    """What the fake's guilds never have: emojis and stickers."""
    call.guild()
    return []


ROUTES: list[Route] = [
    ("GET", "/guilds/{guild_id}", guild),
    ("PATCH", "/guilds/{guild_id}", edit),
    ("GET", "/guilds/{guild_id}/roles", roles),
    ("POST", "/guilds/{guild_id}/roles", create_role),
    ("GET", "/guilds/{guild_id}/roles/member-counts", role_counts),
    ("GET", "/guilds/{guild_id}/roles/{role_id}", role),
    ("PATCH", "/guilds/{guild_id}/roles/{role_id}", edit_role),
    ("DELETE", "/guilds/{guild_id}/roles/{role_id}", delete_role),
    ("GET", "/guilds/{guild_id}/bans", bans),
    ("GET", "/guilds/{guild_id}/bans/{user_id}", ban),
    ("PUT", "/guilds/{guild_id}/bans/{user_id}", create_ban),
    ("DELETE", "/guilds/{guild_id}/bans/{user_id}", delete_ban),
    ("GET", "/guilds/{guild_id}/emojis", nothing),
    ("GET", "/guilds/{guild_id}/stickers", nothing),
]
