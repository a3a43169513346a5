"""Who is really notified by a message: its text, cut down by `allowed_mentions`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .errors import FormErrors
from .permissions import P

if TYPE_CHECKING:
    from .model import Channel, Message, User
    from .world import World

_CODE = re.compile(r"```.*?```|``.*?``|`[^`\n]*`", re.DOTALL)
_USER = re.compile(r"<@!?(\d+)>")
_ROLE = re.compile(r"<@&(\d+)>")
_CROWD = re.compile(r"@(everyone|here)\b")


@dataclass(slots=True)
class Mentions:
    """The people, roles and crowds notified."""

    users: list[User] = field(default_factory=list)
    roles: list[int] = field(default_factory=list)
    everyone: bool = False


def check_allowed(allowed: dict[str, Any], errors: FormErrors) -> None:
    """`parse` and a list of the same kind exclude one another."""
    for kind in ("users", "roles"):
        if kind in (allowed.get("parse") or ()) and allowed.get(kind):
            message = f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.'
            errors.add(("allowed_mentions",), "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", message)


def notified(
    text: str,
    allowed: dict[str, Any] | None,
    channel: Channel,
    author_permissions: int,
    world: World,
    *,
    reply_to: Message | None = None,
) -> Mentions:
    """Whom `text` in `channel` notifies. Without `allowed` everything that is written counts."""
    found = Mentions()
    rules = _Allowed(allowed)
    if "@" in text:
        spoken = _CODE.sub("", text)
        _add_users(found, spoken, rules, world)
        if channel.guild is not None:
            _add_roles(found, spoken, rules, channel, author_permissions)
            if rules.crowds and author_permissions & P.MENTION_EVERYONE:
                found.everyone = bool(_CROWD.search(spoken))
    if reply_to is not None and rules.replied_user and reply_to.author not in found.users:
        found.users.append(reply_to.author)
    return found


class _Allowed:
    """`allowed_mentions` as questions."""

    def __init__(self, allowed: dict[str, Any] | None) -> None:
        if allowed is None:
            self.all_users = self.all_roles = self.crowds = self.replied_user = True
            self.users: set[int] = set()
            self.roles: set[int] = set()
            return
        parse = allowed.get("parse") or ()
        self.all_users = "users" in parse
        self.all_roles = "roles" in parse
        self.crowds = "everyone" in parse
        self.replied_user = bool(allowed.get("replied_user"))
        self.users = {int(item) for item in allowed.get("users") or ()}
        self.roles = {int(item) for item in allowed.get("roles") or ()}


def _add_users(found: Mentions, text: str, rules: _Allowed, world: World) -> None:
    for user_id in dict.fromkeys(int(item) for item in _USER.findall(text)):
        account = world.account(user_id)
        if account is not None and (rules.all_users or user_id in rules.users):
            found.users.append(account)


def _add_roles(found: Mentions, text: str, rules: _Allowed, channel: Channel, permissions: int) -> None:
    guild = channel.guild
    if guild is None:
        return
    for role_id in dict.fromkeys(int(item) for item in _ROLE.findall(text)):
        role = guild.roles.get(role_id)
        if role is None or not (rules.all_roles or role_id in rules.roles):
            continue
        if role.mentionable or permissions & P.MENTION_EVERYONE:
            found.roles.append(role_id)
