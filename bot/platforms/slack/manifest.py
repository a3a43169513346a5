"""The app manifest, made from what people can start and what cogs listen to; each scope with its why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from bot.model.content import Catalog, MenuTarget
from bot.platforms.slack.listeners import GLOBAL
from bot.platforms.slack.names import Names
from bot.platforms.slack.parse import SUBSCRIBED

SHORTCUTS: Final = 5
"""Global ones, and as many on messages: ten in all."""
_GLOBALS: Final = (("shoutout",), ("ask",), ("kith", "me"))
_LABELS: Final = {("shoutout",): "Give a shout-out", ("ask",): "Ask", ("kith", "me"): "My Kith"}
_CREATE: Final = "https://api.slack.com/apps?new_app=1&manifest_json="

_SCOPES: Final[Mapping[str, str]] = {
    "app_mentions:read": "to answer a mention with help",
    "channels:history": "to find out whether a message arrived after Slack's answer to it was lost",
    "channels:join": "to go into the public channels that you choose for its messages",
    "channels:read": "to know the channels to choose from",
    "chat:write": "to post, change and take back its own messages",
    "commands": "for its slash commands and shortcuts",
    "files:write": "to show pictures",
    "groups:history": "the same as channels:history in private channels it was invited to",
    "groups:read": "to know the private channels it was invited to",
    "im:history": "to hear a private message, and to find out whether its own arrived",
    "im:write": "to write private messages",
    "reactions:write": "to react to messages",
    "usergroups:read": "to know who is in the user groups that you give a role",
    "users:read": "to know who is a member, a guest or a bot, and who leads the workspace",
}
_LISTENING: Final[Mapping[str, tuple[tuple[str, str, str], ...]]] = {
    "MessagePosted": (
        ("message.channels", "channels:history", "to hear what is written, for {cogs}"),
        ("message.groups", "groups:history", "to hear what is written, for {cogs}"),
    ),
    "MessageRemoved": (
        ("message.channels", "channels:history", "to notice what was deleted"),
        ("message.groups", "groups:history", "to notice what was deleted"),
    ),
    "ReactionAdded": (("reaction_added", "reactions:read", "to count reactions"),),
    "ReactionRemoved": (("reaction_removed", "reactions:read", "to count reactions"),),
}
"""By the host's events: Slack's events, and the scope each needs."""
_BOUND: Final = ("member_joined_channel", "member_left_channel")


@dataclass(frozen=True, slots=True)
class Shared:
    """For an app that many workspaces install: where Slack sends browsers back to, and whether by PKCE."""

    redirect_url: str
    pkce: bool = False


def scopes(catalog: Catalog) -> dict[str, str]:
    """The bot scopes that Kith needs, each with its why."""
    found = dict(_SCOPES)
    for event in sorted(catalog.events):
        for _, scope, why in _LISTENING.get(event, ()):
            found.setdefault(scope, why.format(cogs="your features"))
    return dict(sorted(found.items()))


def events(catalog: Catalog, *, bound: bool = False) -> list[str]:
    """The events to subscribe to. ``bound``: the community is some channels, and not the workspace."""
    found = {name for name in SUBSCRIBED if bound or name not in _BOUND}
    for event in catalog.events:
        found |= {name for name, _, _ in _LISTENING.get(event, ())}
    return sorted(found)


def manifest(
    catalog: Catalog,
    names: Names,
    *,
    request_url: str | None = None,
    bound: bool = False,
    shared: Shared | None = None,
) -> dict[str, Any]:
    """The manifest: Socket Mode, or with a ``request_url`` over HTTP; ``shared`` by many workspaces."""
    commands = [
        {"command": f"/{names.root}", "description": "All of Kith, and its help", "usage_hint": "help"}
    ]
    for spec in catalog.commands:
        if len(spec.path) == 1 and spec.path[0] in names.own:
            hint = " ".join(f"[{item.label.lower()}]" for item in spec.fields)
            commands.append(
                {
                    "command": f"/{names.own[spec.path[0]]}",
                    "description": spec.about[:2_000],
                    "usage_hint": hint[:1_000] or "…",
                }
            )
    settings: dict[str, Any] = {
        "event_subscriptions": {"bot_events": events(catalog, bound=bound)},
        "interactivity": {"is_enabled": True},
        "org_deploy_enabled": False,
        "socket_mode_enabled": request_url is None,
        "token_rotation_enabled": shared is not None,
    }
    if request_url is not None:
        settings["event_subscriptions"]["request_url"] = request_url
        settings["interactivity"] |= {"request_url": request_url, "message_menu_options_url": request_url}
    more = {"url": request_url} if request_url is not None else {}
    oauth: dict[str, Any] = {"scopes": {"bot": list(scopes(catalog))}}
    if shared is not None:
        oauth |= {"redirect_urls": [shared.redirect_url]} | ({"pkce_enabled": True} if shared.pkce else {})
    return {
        "_metadata": {"major_version": 1, "minor_version": 1},
        "display_information": {
            "name": "Kith",
            "description": "A good neighbour: it welcomes, carries thanks and shares.",
            "background_color": "#4a3f35",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": "Kith", "always_online": True},
            "shortcuts": _shortcuts(catalog),
            "slash_commands": [{**command, "should_escape": True, **more} for command in commands],
        },
        "oauth_config": oauth,
        "settings": settings,
    }


def _shortcuts(catalog: Catalog) -> list[dict[str, str]]:
    on_messages = [
        {
            "name": menu.label[:24],
            "type": "message",
            "callback_id": menu.action,
            "description": f"Kith: {menu.label}"[:150],
        }
        for menu in catalog.menus
        if menu.target is MenuTarget.MESSAGE
    ]
    about = {spec.path: spec.about for spec in catalog.commands}
    everywhere = [
        {
            "name": _LABELS[path],
            "type": "global",
            "callback_id": f"{GLOBAL}{' '.join(path)}",
            "description": about[path][:150],
        }
        for path in _GLOBALS
        if path in about
    ]
    return [*everywhere[:SHORTCUTS], *on_messages[:SHORTCUTS]]


def creation_link(made: Mapping[str, Any]) -> str:
    """Where Slack makes an app of this manifest."""
    return _CREATE + quote(json.dumps(made, separators=(",", ":")), safe="")
