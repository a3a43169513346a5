"""The bot's account, other accounts, the bot's guilds, direct messages, and the gateway's address."""

from __future__ import annotations

from typing import Any

from .. import wire
from ..errors import FormErrors, refusal
from ..routing import Call, Route

Json = dict[str, Any]


def me(call: Call) -> Json:
    """The bot's own account."""
    return wire.private_user(call.world.bot)


def edit_me(call: Call) -> Json:
    """Change the bot's name."""
    if name := call.body.get("username"):
        call.world.bot.name = name
    return wire.private_user(call.world.bot)


def one(call: Call) -> Json:
    """Any account."""
    account = call.world.account(call.number("user_id"))
    if account is None:
        raise refusal(10013)
    return wire.user(account)


def my_guilds(call: Call) -> list[Json]:
    """The guilds that the bot is in, paged by id."""
    after = int(call.query.get("after") or 0)
    before = int(call.query.get("before") or 0)
    limit = call.count("limit", 200, 200)
    ids = sorted(guild_id for guild_id in call.world.guilds if guild_id > after)
    if before:
        ids = [guild_id for guild_id in ids if guild_id < before][-limit:]
    with_counts = call.query.get("with_counts", "false").lower() in ("true", "1")
    return [wire.my_guild(call.world.guilds[item], with_counts=with_counts) for item in ids[:limit]]


def leave_guild(call: Call) -> None:
    """The bot leaves a guild."""
    call.world.remove_bot(call.guild())


def open_dm(call: Call) -> Json:
    """The direct messages with someone. Whether they arrive is decided when a message is sent."""
    errors = FormErrors()
    if not (call.body or {}).get("recipient_id"):
        errors.missing(("recipient_id",))
    errors.check()
    account = call.world.account(int(call.body["recipient_id"]))
    if account is None or account is call.world.bot:
        raise refusal(50007) if account else refusal(10013)
    return wire.channel(call.world.dm(account))


def gateway(call: Call) -> Json:
    """Where the gateway is."""
    return {"url": call.fake.gateway_url}


def gateway_for_bots(call: Call) -> Json:
    """Where the gateway is, how many shards to start and how many identifies are left."""
    fake = call.fake
    return {
        "url": fake.gateway_url,
        "shards": fake.shards,
        "session_start_limit": {
            "total": fake.session_starts,
            "remaining": fake.session_starts_left,
            "reset_after": 86_400_000,
            "max_concurrency": fake.max_concurrency,
        },
    }


ROUTES: list[Route] = [
    ("GET", "/users/@me", me),
    ("PATCH", "/users/@me", edit_me),
    ("GET", "/users/{user_id}", one),
    ("GET", "/users/@me/guilds", my_guilds),
    ("DELETE", "/users/@me/guilds/{guild_id}", leave_guild),
    ("POST", "/users/@me/channels", open_dm),
    ("GET", "/gateway", gateway),
    ("GET", "/gateway/bot", gateway_for_bots),
]
