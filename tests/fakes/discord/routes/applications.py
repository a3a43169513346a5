"""The application itself and its commands."""

from __future__ import annotations

from typing import Any

from .. import wire
from ..errors import refusal
from ..routing import Answer, Call, Route

Json = dict[str, Any]


def me(call: Call) -> Json:
    """The application, with its intent switches among the flags."""
    world = call.world
    return {
        "id": str(world.application_id),
        "name": world.bot.name,
        "icon": None,
        "description": "",
        "type": None,
        "bot": wire.user(world.bot),
        "bot_public": True,
        "bot_require_code_grant": call.fake.requires_code_grant,
        "verify_key": wire.fingerprint("verify"),
        "flags": world.application_flags,
        "flags_new": str(world.application_flags),
        "eligible_oauth2_scopes": [],
        "owner": wire.user(world.owner),
        "team": None,
        "interactions_endpoint_url": call.fake.interactions_endpoint,
        "role_connections_verification_url": None,
        "redirect_uris": [],
        "approximate_guild_count": len(world.guilds),
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "integration_types_config": {"0": {}},
    }


def _scope(call: Call) -> int | None:
    if call.number("application_id") != call.world.application_id:
        raise refusal(50001)
    return call.guild().id if "guild_id" in call.params else None


def commands(call: Call) -> list[Json]:
    """All commands, global or of a guild."""
    scope = _scope(call)
    full = call.query.get("with_localizations", "false").lower() in ("true", "1")
    registry = call.world.commands
    return [registry.json(command, localizations=full) for command in registry.all(scope)]


def replace_commands(call: Call) -> list[Json]:
    """Bulk overwrite."""
    scope = _scope(call)
    registry = call.world.commands
    return [
        registry.json(command, localizations=True) for command in registry.replace(scope, call.body or [])
    ]


def put_command(call: Call) -> Answer:
    """Create or overwrite one command."""
    command, fresh = call.world.commands.put(_scope(call), call.body)
    return Answer(201 if fresh else 200, call.world.commands.json(command, localizations=True))


def command(call: Call) -> Json:
    """One command."""
    registry = call.world.commands
    return registry.json(registry.get(_scope(call), call.number("command_id")), localizations=True)


def edit_command(call: Call) -> Json:
    """Change one command."""
    registry = call.world.commands
    changed = registry.edit(_scope(call), call.number("command_id"), call.body)
    return registry.json(changed, localizations=True)


def delete_command(call: Call) -> None:
    """Forget one command."""
    call.world.commands.delete(_scope(call), call.number("command_id"))


def permissions(call: Call) -> list[Json]:
    """Admins' exceptions for the commands of a guild."""
    _scope(call)
    guild = call.guild()
    answers: dict[int, Json] = {}
    for (name, who), allowed in guild.command_access.items():
        found = call.world.commands.named(name, 1, guild)
        if found is None:
            continue
        entry = answers.setdefault(
            found.id,
            {
                "id": str(found.id),
                "application_id": str(call.world.application_id),
                "guild_id": str(guild.id),
                "permissions": [],
            },
        )
        kind = 1 if who in guild.roles else 2
        entry["permissions"].append({"id": str(who), "type": kind, "permission": allowed})
    return list(answers.values())


_GLOBAL = "/applications/{application_id}/commands"
_GUILD = "/applications/{application_id}/guilds/{guild_id}/commands"
ROUTES: list[Route] = [
    ("GET", "/applications/@me", me),
    ("GET", "/oauth2/applications/@me", me),
    ("GET", f"{_GUILD}/permissions", permissions),
    *(
        route
        for base in (_GLOBAL, _GUILD)
        for route in (
            ("GET", base, commands),
            ("PUT", base, replace_commands),
            ("POST", base, put_command),
            ("GET", f"{base}/{{command_id}}", command),
            ("PATCH", f"{base}/{{command_id}}", edit_command),
            ("DELETE", f"{base}/{{command_id}}", delete_command),
        )
    ),
]
