"""From an interaction as Discord tells it to the event that the host knows."""

from __future__ import annotations

from typing import Any, NamedTuple

from bot.model.content import Kind
from bot.model.events import CommandUsed, Completion, ControlUsed, FormSent, Interaction, MenuUsed, Raw
from bot.model.ids import Channel, Member, MessageRef, Space
from bot.model.roles import Actor
from bot.platforms.discord import modals
from bot.platforms.discord.answers import Token
from bot.platforms.discord.commands import CHANNEL, MESSAGE, PERSON, ROLE, USER, Tree
from bot.platforms.discord.guilds import Guilds
from bot.platforms.discord.ids import Json, guild_from, snowflake_ms
from bot.platforms.discord.parse import member, words
from bot.platforms.discord.permissions import roles_of
from bot.platforms.discord.render import action_of, text_of

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = 2, 3, 4, 5
_SUB, _GROUP = 1, 2
_TEXTS = (Kind.TEXT, Kind.LONG_TEXT)
_PICKED = {PERSON: 5, CHANNEL: 8, ROLE: 6}


class Used(NamedTuple):
    """An interaction with all that every kind of it tells."""

    kind: int
    token: Token
    space: Space
    actor: Actor
    channel: Channel | None
    locale: str
    data: Json
    payload: Json

    @property
    def custom_id(self) -> str:
        return str(self.data.get("custom_id") or "")


def read(guilds: Guilds, payload: Json) -> Used | None:
    """The interaction; None where nobody can say in which server it was used."""
    message = payload.get("message") or {}
    guild = payload.get("guild_id") or guild_from(message.get("components") or ())
    told = payload.get("member") or {}
    user = told.get("user") or payload.get("user")
    if guild is None or not user:
        return None
    space = guilds.space(str(guild))
    who = member(space.key, user, told.get("nick"))
    held = roles_of(int(told.get("permissions") or 0))
    actor = Actor(who, held, frozenset(str(role) for role in told.get("roles") or ()))
    place = _place(guilds, payload, str(guild))
    token = Token(str(payload["application_id"]), str(payload["id"]), str(payload["token"]))
    return Used(
        kind=int(payload.get("type") or 0),
        token=token,
        space=space,
        actor=actor,
        channel=None if place is None else place[0],
        locale=str(payload.get("locale") or ""),
        data=payload.get("data") or {},
        payload=payload,
    )


def event(guilds: Guilds, tree: Tree, used: Used) -> Interaction | None:
    """What happened, as the host knows it; None for a kind that nobody knows."""
    common: dict[str, Any] = {
        "id": f"interaction:{used.token.interaction}",
        "space": used.space,
        "at": snowflake_ms(used.token.interaction),
        "actor": used.actor,
        "token": str(used.token),
        "channel": used.channel,
        "locale": used.locale,
    }
    if used.kind == COMPONENT:
        chosen = tuple(str(value) for value in used.data.get("values") or ())
        action = action_of(used.custom_id)
        message = used.payload.get("message") or {}
        return ControlUsed(
            **common, action=action, message=_message(guilds, used, message.get("id")), chosen=chosen
        )
    if used.kind == MODAL:
        values = modals.filled(used.space.key, used.data)
        return FormSent(**common, action=used.custom_id, values=values)
    if used.kind != COMMAND:
        return None
    kind = int(used.data.get("type") or 1)
    if kind in (USER, MESSAGE):
        return _menu(guilds, tree, used, kind, common)
    path, options = command(used.data)
    return CommandUsed(**common, path=path, values=values_of(guilds, tree, used, path, options))


def completion(guilds: Guilds, tree: Tree, used: Used) -> tuple[Completion, str] | None:
    """What somebody is typing: the question, and the option as Discord calls it."""
    path, options = command(used.data)
    focused = next((option for option in options if option.get("focused")), None)
    if focused is None:
        return None
    field = tree.field(path, str(focused["name"]))
    if field is None:
        return None
    others = [option for option in options if option is not focused]
    asked = Completion(
        space=used.space,
        actor=used.actor,
        path=path,
        option=field.name,
        typed=str(focused.get("value") or ""),
        values=values_of(guilds, tree, used, path, others),
    )
    return asked, str(focused["name"])


def command(data: Json) -> tuple[tuple[str, ...], list[Json]]:
    """A command's path and its options."""
    path = [str(data.get("name"))]
    options: list[Json] = list(data.get("options") or ())
    while len(options) == 1 and options[0].get("type") in (_SUB, _GROUP):
        path.append(str(options[0]["name"]))
        options = list(options[0].get("options") or ())
    return tuple(path), options


def values_of(
    guilds: Guilds, tree: Tree, used: Used, path: tuple[str, ...], options: list[Json]
) -> dict[str, Raw]:
    resolved = used.data.get("resolved") or {}
    values: dict[str, Raw] = {}
    for option in options:
        field = tree.field(path, str(option["name"]))
        value = option.get("value")
        if field is None or value is None:
            continue
        picked = _PICKED.get(int(option.get("type") or 0))
        if picked is not None:
            values[field.name] = modals.one(used.space.key, picked, str(value), resolved)
        else:
            values[field.name] = words(guilds, used.space.id, str(value)) if field.kind in _TEXTS else value
    return values


def _menu(guilds: Guilds, tree: Tree, used: Used, kind: int, common: dict[str, Any]) -> MenuUsed:
    spec = tree.menu(kind, str(used.data.get("name")))
    action = "" if spec is None else spec.action
    target = str(used.data.get("target_id"))
    resolved = used.data.get("resolved") or {}
    if kind == USER:
        who = modals.one(used.space.key, 5, target, resolved)
        return MenuUsed(**common, action=action, member=who if isinstance(who, Member) else None)
    told = (resolved.get("messages") or {}).get(target) or {}
    author = told.get("author")
    return MenuUsed(
        **common,
        action=action,
        member=None if not author or told.get("webhook_id") else member(used.space.key, author),
        message=_message(guilds, used, target),
        text=words(guilds, used.space.id, text_of(told)),
    )


def _message(guilds: Guilds, used: Used, ident: Any) -> MessageRef | None:
    place = _place(guilds, used.payload, used.space.id)
    return None if ident is None or place is None else MessageRef(place[0], str(ident), place[1])


def _place(guilds: Guilds, payload: Json, guild: str) -> tuple[Channel, str | None] | None:
    """Where it was used; None where Discord leaves that out."""
    told = payload.get("channel") or {}
    ident = payload.get("channel_id") or told.get("id")
    return None if ident is None else guilds.place(guild, str(ident), told)
