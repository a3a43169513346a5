"""How the fake's objects look as Discord's JSON."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .clock import iso, snowflake_ms
from .model import CATEGORY, DM, FORUM, GUEST, Attachment, Channel, Guild, Member, Message, Role, User
from .permissions import ALL, Overwrite

if TYPE_CHECKING:
    from .world import World

Json = dict[str, Any]


def user(account: User) -> Json:
    """An account."""
    body: Json = {
        "id": str(account.id),
        "username": account.name,
        "global_name": account.display_name,
        "discriminator": "0000" if account.bot else "0",
        "avatar": None,
        "public_flags": 0,
        "flags": 0,
        "primary_guild": None,
    }
    if account.bot:
        body["bot"] = True
    return body


def private_user(account: User) -> Json:
    """The account as its owner sees it."""
    return user(account) | {
        "mfa_enabled": False,
        "locale": "en-US",
        "premium_type": 0,
        "email": None,
        "verified": True,
    }


def member(person: Member, *, with_user: bool = True) -> Json:
    """A member."""
    body: Json = {
        "nick": person.nick,
        "avatar": None,
        "banner": None,
        "roles": [str(role_id) for role_id in sorted(person.roles)],
        "joined_at": None if person.flags & GUEST else iso(person.joined_ms),
        "premium_since": None,
        "deaf": False,
        "mute": False,
        "flags": person.flags,
        "pending": person.pending,
        "communication_disabled_until": (
            iso(person.timed_out_until_ms) if person.timed_out_until_ms else None
        ),
    }
    if with_user:
        body["user"] = user(person.user)
    return body


def role(item: Role) -> Json:
    """A role."""
    body: Json = {
        "id": str(item.id),
        "name": item.name,
        "permissions": str(item.permissions),
        "position": item.position,
        "color": item.color,
        "colors": {"primary_color": item.color, "secondary_color": None, "tertiary_color": None},
        "hoist": item.hoist,
        "managed": item.managed,
        "mentionable": item.mentionable,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
    }
    return body if item.bot_id is None else body | {"tags": {"bot_id": str(item.bot_id)}}


def overwrite(item: Overwrite) -> Json:
    """A channel's exception."""
    return {"id": str(item.id), "type": item.kind, "allow": str(item.allow), "deny": str(item.deny)}


def channel(place: Channel, *, with_guild: bool = True) -> Json:
    """A channel, thread or direct message."""
    body: Json = {"id": str(place.id), "type": place.kind, "flags": 0}
    if place.kind == DM:
        recipients = [user(place.recipient)] if place.recipient else []
        return body | {"last_message_id": _last(place), "recipients": recipients}
    body["name"] = place.name
    if with_guild and place.guild:
        body["guild_id"] = str(place.guild.id)
    body["parent_id"] = str(place.parent.id) if place.parent else None
    if place.thread:
        return body | _thread(place)
    body["position"] = place.position
    body["permission_overwrites"] = [overwrite(item) for item in place.overwrites.values()]
    if place.kind == CATEGORY:
        return body
    body |= {
        "topic": place.topic,
        "nsfw": False,
        "rate_limit_per_user": place.slowmode,
        "last_message_id": _last(place),
    }
    if place.kind == FORUM:
        body |= {
            "available_tags": [],
            "default_reaction_emoji": None,
            "default_sort_order": None,
            "default_forum_layout": 0,
        }
    return body


def _last(place: Channel) -> str | None:
    return str(place.last.id) if place.by_id else None


def _thread(place: Channel) -> Json:
    body: Json = {
        "owner_id": str(place.owner_id),
        "last_message_id": _last(place),
        "rate_limit_per_user": place.slowmode,
        "message_count": min(len(place.by_id), 50),
        "member_count": min(len(place.thread_members), 50),
        "total_message_sent": len(place.by_id),
        "thread_metadata": {
            "archived": place.archived,
            "auto_archive_duration": place.auto_archive_minutes,
            "archive_timestamp": iso(snowflake_ms(place.id)),
            "locked": place.locked,
            "create_timestamp": iso(snowflake_ms(place.id)),
        },
    }
    if place.applied_tags:
        body["applied_tags"] = [str(tag) for tag in place.applied_tags]
    return body


def thread_member(place: Channel, user_id: int) -> Json:
    """Someone's seat in a thread."""
    return {
        "id": str(place.id),
        "user_id": str(user_id),
        "join_timestamp": iso(place.thread_members[user_id]),
        "flags": 1,
    }


def attachment(item: Attachment, world: World, channel_id: int) -> Json:
    """An uploaded file with the address where the fake serves it."""
    address = world.cdn_url(channel_id, item)
    body: Json = {
        "id": str(item.id),
        "filename": item.filename,
        "size": len(item.data),
        "url": address,
        "proxy_url": address,
        "content_type": item.content_type,
    }
    if item.description:
        body["description"] = item.description
    if item.ephemeral:
        body["ephemeral"] = True
    return body


def emoji(key: str) -> Json:
    """A reaction's emoji from its key: a character, or `name:id`."""
    name, _, emoji_id = key.partition(":")
    return {"id": emoji_id or None, "name": name}


def message(item: Message, world: World, *, readable: bool = True) -> Json:
    """A message. Unless `readable`, what people wrote is left out, as without the content intent."""
    channel_id = item.channel.id
    body: Json = {
        "id": str(item.id),
        "channel_id": str(channel_id),
        "author": user(item.author),
        "content": item.content if readable else "",
        "timestamp": iso(snowflake_ms(item.id)),
        "edited_timestamp": iso(item.edited_ms) if item.edited_ms else None,
        "tts": False,
        "mention_everyone": item.mentions_everyone,
        "mentions": [user(account) for account in item.mentioned],
        "mention_roles": [str(role_id) for role_id in item.mentioned_roles],
        "attachments": [attachment(file, world, channel_id) for file in item.attachments] if readable else [],
        "embeds": item.embeds if readable else [],
        "components": item.components if readable else [],
        "pinned": item.pinned,
        "type": item.kind,
        "flags": item.flags,
    }
    if item.reactions:
        body["reactions"] = [_reaction(item, key, world) for key in item.reactions]
    if item.nonce is not None:
        body["nonce"] = item.nonce
    if item.reply_to is not None:
        _add_reply(body, item, world, readable)
    if item.interaction is not None:
        body |= item.interaction.marks()
    if item.thread is not None:
        body["thread"] = channel(item.thread)
    return body


def _add_reply(body: Json, item: Message, world: World, readable: bool) -> None:
    reference: Json = {
        "message_id": str(item.reply_to),
        "channel_id": str(item.channel.id),
        "type": 0,
    }
    if item.channel.guild:
        reference["guild_id"] = str(item.channel.guild.id)
    body["message_reference"] = reference
    original = item.channel.by_id.get(item.reply_to or 0)
    if original is None:
        body["referenced_message"] = None
    elif original.reply_to is None:
        body["referenced_message"] = message(original, world, readable=readable)


def _reaction(item: Message, key: str, world: World) -> Json:
    users = item.reactions[key]
    return {
        "emoji": emoji(key),
        "count": len(users),
        "count_details": {"normal": len(users), "burst": 0},
        "me": world.bot.id in users,
        "me_burst": False,
        "burst_colors": [],
    }


def message_event(item: Message, world: World, *, readable: bool = True) -> Json:
    """A message as the gateway sends it, with its guild and its author as a member."""
    body = message(item, world, readable=readable)
    guild = item.channel.guild
    if guild is not None:
        body["guild_id"] = str(guild.id)
        author = guild.members.get(item.author.id)
        if author is not None:
            body["member"] = member(author, with_user=False)
        for account, mention in zip(item.mentioned, body["mentions"], strict=True):
            if mentioned := guild.members.get(account.id):
                mention["member"] = member(mentioned, with_user=False)
    body["channel_type"] = item.channel.kind
    return body


def guild(server: Guild) -> Json:
    """A guild as REST tells it."""
    return {
        "id": str(server.id),
        "name": server.name,
        "owner_id": str(server.owner_id),
        "icon": None,
        "splash": None,
        "discovery_splash": None,
        "banner": None,
        "description": None,
        "home_header": None,
        "region": "deprecated",
        "afk_channel_id": None,
        "afk_timeout": 300,
        "application_id": None,
        "default_message_notifications": 1,
        "emojis": [],
        "stickers": [],
        "explicit_content_filter": 0,
        "features": server.features,
        "incidents_data": None,
        "mfa_level": 0,
        "nsfw": False,
        "nsfw_level": 0,
        "preferred_locale": server.locale,
        "premium_progress_bar_enabled": False,
        "premium_subscription_count": 0,
        "premium_tier": 0,
        "public_updates_channel_id": None,
        "roles": [role(item) for item in server.roles.values()],
        "rules_channel_id": str(server.rules_channel_id) if server.rules_channel_id else None,
        "safety_alerts_channel_id": None,
        "system_channel_flags": server.system_channel_flags,
        "system_channel_id": str(server.system_channel_id) if server.system_channel_id else None,
        "vanity_url_code": None,
        "verification_level": server.verification_level,
        "max_members": 25_000_000,
        "max_presences": None,
        "max_video_channel_users": 25,
        "max_stage_video_channel_users": 50,
        "widget_enabled": False,
        "widget_channel_id": None,
    }


def guild_event(server: Guild) -> Json:
    """A guild as the gateway tells it."""
    body = guild(server) | {"hub_type": None}
    for rest_only in ("home_header", "nsfw"):
        del body[rest_only]
    return body


def guild_create(server: Guild, *, whole: bool, large_threshold: int, unavailable: bool | None) -> Json:
    """A guild as the gateway streams it: `whole` with all members, else with the bot alone."""
    body = guild_event(server)
    members: Sequence[Member] = [server.bot]
    large = len(server.members) > large_threshold
    if whole and not large:
        members = server.members.page(0, len(server.members))
    body |= {
        "joined_at": iso(server.bot.joined_ms),
        "large": large,
        "member_count": len(server.members),
        "members": [member(person) for person in members],
        "channels": [channel(place, with_guild=False) for place in server.channels.values()],
        "threads": [channel(place) for place in server.threads.values() if not place.archived],
        "presences": [],
        "voice_states": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }
    if unavailable is not None:
        body["unavailable"] = unavailable
    return body


def my_guild(server: Guild, *, with_counts: bool) -> Json:
    """A guild as the bot's own list shows it."""
    me = server.bot
    body: Json = {
        "id": str(server.id),
        "name": server.name,
        "icon": None,
        "banner": None,
        "owner": me.id == server.owner_id,
        "permissions": str(server.permissions(me.id, me.roles) & ALL),
        "features": server.features,
    }
    if with_counts:
        body |= {"approximate_member_count": len(server.members), "approximate_presence_count": 0}
    return body


def partial_guild(server: Guild) -> Json:
    """A guild as an interaction carries it."""
    return {"id": str(server.id), "features": server.features, "locale": server.locale}


def fingerprint(text: str) -> str:
    """A stable short hash, for the ids that Discord keeps opaque."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]
