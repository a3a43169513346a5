"""What is to be seen of the connection to Discord: token, intents, servers, permissions, reach."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from bot.model.check import Check
from bot.model.content import Catalog
from bot.model.events import MessagePosted
from bot.platforms.base import DeliveryError
from bot.platforms.discord import application
from bot.platforms.discord.api import Api
from bot.platforms.discord.application import Application, legible
from bot.platforms.discord.errors import Refused
from bot.platforms.discord.ids import Json, time_ms
from bot.platforms.discord.limits import LIMITS
from bot.platforms.discord.pace import Pace
from bot.platforms.discord.parse import TALK, now_ms
from bot.platforms.discord.permissions import Need, in_channel, invitation, missing

CODES: Final = (
    "discord-token",
    "discord-gateway",
    "discord-members",
    "discord-content",
    "discord-servers",
    "discord-permissions",
    "discord-greetings",
    "discord-commands",
    "discord-reach",
)
"""All codes of the looks in this module; docs/connect-discord.md explains each. They never change."""
SILENCE_JOINS: Final = (
    "In Discord's Server Settings, Engagement, switch off “Send a random welcome message when someone joins "
    "this server”, or choose another channel for Kith's greetings with /kith-admin settings."
)
"""What to do where Discord posts a join message of its own."""
NO_GRANT: Final = (
    "No link works while Requires OAuth2 Code Grant is on, which Kith does not need. Switch it off at"
)
REACH_WARNS: Final = 8_000
REACH_REVIEW: Final = 10_000
_SERVERS_MOST: Final = 20
"""Servers that are looked at closely."""
_NAMED_MOST: Final = 5
_STARTS_WARN: Final = 10
"""One in so many connections of a day left is few."""


@dataclass(frozen=True, slots=True)
class Granted:
    """What the bot may do in one channel."""

    channel: str
    is_default: bool
    is_chosen: bool
    lacks: tuple[Need, ...]
    would_like: tuple[Need, ...]


@dataclass(frozen=True, slots=True)
class Server:
    id: str
    name: str
    people: int
    channels: tuple[Granted, ...]
    announces_joins: bool
    deleted: tuple[str, ...] = ()
    """Ids of chosen channels that are there no more."""
    refused: str = ""
    """Why nothing of this can be seen."""
    silent_until: int | None = None
    """When somebody's time-out for Kith ends (UTC ms)."""


def portal(found: Application, page: str = "bot") -> str:
    """The page of the Developer Portal where something is switched."""
    return f"https://discord.com/developers/applications/{found.id}/{page}"


Chosen = Mapping[str, frozenset[str]]
"""The ids of channels that hosts chose, by the id of the server."""
_NOTHING: Final[Chosen] = MappingProxyType({})


async def examine_token(
    token: str, address: str, *, reads: bool = False, chosen: Chosen = _NOTHING
) -> list[Check]:
    """All looks at the connection that a token makes. ``reads``: a feature reads what people write."""
    api = Api(address, token, Pace.at(LIMITS.per_second))
    try:
        return await examine(api, reads=reads, chosen=chosen)
    finally:
        await api.close()


async def examine(api: Api, *, reads: bool = False, chosen: Chosen = _NOTHING) -> list[Check]:
    """All looks at the connection. Raises nothing: what can't be seen is a finding."""
    try:
        found = await application.fetch(api)
    except Refused as refused:
        return [token_refused(refused)]
    except DeliveryError as error:
        return [unreachable(error)]
    checks = [
        Check.ok("discord-token", "Discord token", f"belongs to {found.name}"),
        members_intent(found),
        content_intent(found, reads=reads),
    ]
    try:
        checks.insert(1, await gateway(api))
        servers = [await server(api, found, each, chosen) for each in (await joined(api))[:_SERVERS_MOST]]
        checks.append(_servers(found, servers))
        checks += unseen(servers)
        checks += permissions(servers)
        checks += greetings(servers)
        checks.append(await _commands(api, found))
        checks.append(await reach(api, found))
    except Refused as refused:
        checks.append(Check.warn("discord-servers", "Discord servers", str(refused), "Look again later."))
    except DeliveryError as error:
        checks.append(unreachable(error))
    return checks


def token_refused(refused: Refused) -> Check:
    if refused.status == 401:
        return Check.fail(
            "discord-token",
            "Discord token",
            "Discord refuses the token: it was reset, or it is no bot's",
            "In the Developer Portal choose your application, then Bot, then Reset Token; run "
            "`kith connect discord` and give it the new one.",
        )
    return Check.fail(
        "discord-token", "Discord token", f"Discord answers {refused}", "Run `kith connect discord`."
    )


async def gateway(api: Api) -> Check:
    """How often Kith may still connect: past the limit of a day, Discord would reset the token."""
    code, title = "discord-gateway", "Connections"
    told = await api.ask("GET", "/gateway/bot")
    limit = (told.get("session_start_limit") if isinstance(told, dict) else None) or {}
    if "remaining" not in limit:
        return Check.ok(code, title, "Discord names no limit")
    left, most = int(limit["remaining"]), int(limit.get("total") or 0)
    if left * _STARTS_WARN > most:
        return Check.ok(code, title, f"{left:,} of {most:,} of a day are left")
    hours = max(1, round(int(limit.get("reset_after") or 0) / 3_600_000))
    remedy = "Something starts Kith again and again: its log says what. Stop it until then, and mend that."
    if left:
        return Check.warn(code, title, f"only {left:,} of {most:,} are left for about {hours} h", remedy)
    return Check.fail(
        code, title, f"all {most:,} of a day are used up; in about {hours} h there are more", remedy
    )


def members_intent(found: Application) -> Check:
    if found.sees_members:
        return Check.ok("discord-members", "Members intent", "on: Kith sees who joins")
    return Check.warn(
        "discord-members",
        "Members intent",
        "off: Discord tells nobody's joining, so newcomers are greeted when they first write or click",
        f"Switch on Server Members Intent at {portal(found)}",
    )


def content_intent(found: Application, *, reads: bool) -> Check:
    code, title = "discord-content", "Message content intent"
    if found.sees_content:
        return Check.ok(code, title, "on: features may read what people write")
    if reads:
        detail = "off, so features that read what people write see only what mentions Kith"
        return Check.warn(code, title, detail, f"Switch on Message Content Intent at {portal(found)}")
    return Check.ok(code, title, "off, which is fine: only features that read what people write need it")


def reads_words(catalog: Catalog) -> bool:
    """Whether a feature reads what people write."""
    return MessagePosted.__name__ in catalog.events


def _servers(found: Application, servers: list[Server]) -> Check:
    if not servers and found.wants_grant:
        remedy = f"{NO_GRANT} {portal(found)}, then invite it: {invitation(found.id)}"
        return Check.warn("discord-servers", "Discord servers", "Kith is in none yet", remedy)
    if servers:
        names = ", ".join(each.name for each in servers[:_NAMED_MOST])
        more = f" and {len(servers) - _NAMED_MOST} more" if len(servers) > _NAMED_MOST else ""
        return Check.ok("discord-servers", "Discord servers", f"{names}{more}")
    return Check.warn(
        "discord-servers",
        "Discord servers",
        "Kith is in none yet",
        f"Invite it: {invitation(found.id)}",
    )


def unseen(servers: list[Server]) -> list[Check]:
    """One finding for each server of which nothing can be seen."""
    remedy = "Look again later. If it stays so, remove Kith from that server and invite it again."
    return [
        Check.warn(
            "discord-servers", "Discord servers", f"{each.name}: Discord answers {each.refused}", remedy
        )
        for each in servers
        if each.refused
    ]


def allow(granted: Granted) -> str:
    """How to give Kith what it lacks in a channel, and what for."""
    wanted = "; ".join(f"{need.name} {need.why}" for need in granted.lacks)
    return f"In that channel's settings, under Permissions, allow it to Kith: {wanted}."


def permissions(servers: list[Server]) -> list[Check]:
    """One finding for each channel, the default one or a chosen one, in which something is missing."""
    checks = []
    for each in servers:
        if each.silent_until is not None:
            until = datetime.fromtimestamp(each.silent_until / 1_000, UTC)
            detail = f"{each.name}: somebody gave Kith a time-out until {until:%Y-%m-%d %H:%M} UTC"
            remedy = "Open Kith's profile in that server and remove the time-out. Until then it says nothing."
            checks.append(Check.fail("discord-permissions", "Permissions", detail, remedy))
        if each.deleted:
            detail = f"{each.name}: a channel that was chosen there is deleted ({', '.join(each.deleted)})"
            remedy = "Choose another with /kith-admin settings."
            checks.append(Check.fail("discord-permissions", "Permissions", detail, remedy))
        for granted in each.channels:
            if (granted.is_default or granted.is_chosen) and granted.lacks:
                names = ", ".join(need.name for need in granted.lacks)
                checks.append(
                    Check.fail(
                        "discord-permissions",
                        "Permissions",
                        f"{each.name}: Kith lacks {names} in #{granted.channel}",
                        allow(granted),
                    )
                )
    if not checks and any(not each.refused for each in servers):
        checks.append(Check.ok("discord-permissions", "Permissions", "all that is needed where Kith posts"))
    return checks


def greetings(servers: list[Server]) -> list[Check]:
    """One finding for each server that greets newcomers itself, or has no place for greetings."""
    checks = []
    for each in servers:
        if each.refused:
            continue
        if each.announces_joins:
            detail = f"{each.name}: Discord posts a join message of its own; two greetings are one too many"
            checks.append(Check.warn("discord-greetings", "Greetings", detail, SILENCE_JOINS))
        elif not any(granted.is_default or granted.is_chosen for granted in each.channels):
            detail = f"{each.name} has no channel for system messages, so newcomers are greeted nowhere yet"
            remedy = "Choose a greeting channel with /kith-admin settings, unless that is done."
            checks.append(Check.warn("discord-greetings", "Greetings", detail, remedy))
    if not checks and any(not each.refused for each in servers):
        checks.append(Check.ok("discord-greetings", "Greetings", "Kith's is the only one"))
    return checks


def elsewhere(found: Application) -> str:
    """What to do where the commands go to an address on the web."""
    return (
        f"Empty Interactions Endpoint URL at {portal(found, 'information')}, for Kith hears no command else."
    )


async def _commands(api: Api, found: Application) -> Check:
    if found.answers_elsewhere:
        detail = "Discord sends them to an address on the web instead of here"
        return Check.fail("discord-commands", "Commands", detail, elsewhere(found))
    registered = await application.registered(api, found.id)
    if registered:
        what = f"{len(registered)} commands and menus are registered"
        return Check.ok("discord-commands", "Commands", what)
    return Check.warn(
        "discord-commands", "Commands", "none are registered", "Kith registers them when it starts."
    )


async def reach(api: Api, found: Application) -> Check:
    """How many people the bot reaches, before Discord wants to review its privileged intents."""
    people = sum(int(each.get("approximate_member_count") or 0) for each in await joined(api))
    if people < REACH_WARNS:
        return Check.ok("discord-reach", "People reached", f"about {people:,}")
    return Check.warn(
        "discord-reach",
        "People reached",
        f"about {people:,}; from {REACH_REVIEW:,} on, privileged intents need a review by Discord",
        f"Apply at {portal(found)} in time. A draft: “{application_draft(found)}”",
    )


def application_draft(found: Application) -> str:
    """Words to begin an application for the members intent with."""
    return (
        f"{found.name} greets newcomers in the channel that a server's admins choose. It needs the Server "
        "Members Intent to notice joins, rules screening and departures. It stores ids, names and join times "
        "only, shows each person what is kept (/kith me), and erases it on request."
    )


async def joined(api: Api) -> list[Json]:
    """The servers that the bot is in, with about how many people each has."""
    found: list[Json] = []
    after = "0"
    while True:
        query = {"with_counts": "true", "limit": "200", "after": after}
        page: list[Json] = await api.ask("GET", "/users/@me/guilds", query=query)
        found += page
        if len(page) < 200:
            return found
        after = str(page[-1]["id"])


async def server(api: Api, found: Application, told: Json, chosen: Chosen = _NOTHING) -> Server:
    """What the bot may do in each text channel of a server, the greeting channel first."""
    try:
        return await _looked_at(api, found, told, chosen)
    except Refused as refused:
        if refused.status == 401:
            raise
        ident, people = str(told["id"]), int(told.get("approximate_member_count") or 0)
        return Server(ident, legible(told.get("name")) or ident, people, (), False, refused=str(refused))


async def _looked_at(api: Api, found: Application, told: Json, chosen: Chosen) -> Server:
    ident = str(told["id"])
    guild: Json = await api.ask("GET", "/guilds/{}", (ident,), major=ident)
    channels: list[Json] = await api.ask("GET", "/guilds/{}/channels", (ident,), major=ident)
    me: Json = await api.ask("GET", "/guilds/{}/members/{}", (ident, found.bot), major=ident)
    system = str(guild.get("system_channel_id") or "")
    silent_until = time_ms(me.get("communication_disabled_until"))
    wanted = chosen.get(ident, frozenset())
    granted = [
        _granted(ident, me, guild.get("roles") or [], channel, system, wanted)
        for channel in sorted(channels, key=lambda channel: int(channel.get("position") or 0))
        if channel.get("type") in TALK
    ]
    granted.sort(key=lambda each: (not each.is_default, not each.is_chosen))
    flags = int(guild.get("system_channel_flags") or 0)
    return Server(
        ident,
        legible(guild.get("name")) or ident,
        int(told.get("approximate_member_count") or 0),
        tuple(granted),
        announces_joins=bool(system) and not flags & 1,
        silent_until=None if silent_until is None or silent_until < now_ms() else silent_until,
        deleted=tuple(sorted(wanted - {str(channel["id"]) for channel in channels})),
    )


def _granted(
    guild: str, me: Json, roles: list[Any], channel: Json, default: str, chosen: frozenset[str]
) -> Granted:
    bits = in_channel(guild, me, roles, channel)
    return Granted(
        legible(channel.get("name")) or str(channel["id"]),
        str(channel["id"]) == default,
        str(channel["id"]) in chosen,
        tuple(missing(bits)),
        tuple(missing(bits, vital=False)),
    )


def unreachable(error: DeliveryError) -> Check:
    """What keeps Discord from answering, as far as it can be told."""
    remedy = "Look whether this machine is online and whether discordstatus.com tells of trouble."
    if error.reason.startswith("discord-429"):
        remedy = (
            "Too many requests came from this machine's address. Kith waits as long as Discord wants; if it "
            "comes again, look at its log for what is refused, and for other bots on the same address."
        )
    elif error.reason.startswith("no-answer"):
        remedy = (
            "Look for what stands between this machine and Discord: a proxy, or a network that wants a "
            "sign-in first. discordstatus.com tells of trouble on Discord's side."
        )
    return Check.fail("discord-token", "Discord", f"can't be reached ({error.reason})", remedy)
