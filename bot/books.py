"""What events say about spaces and people, written down before any cog hears of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from bot.model.events import (
    Event,
    Interaction,
    MemberCleared,
    MemberJoined,
    MemberLeft,
    MessagePosted,
    SpaceLost,
    SpaceSeen,
)
from bot.model.ids import Member
from bot.model.text import clean
from bot.store import Scope
from storage.repos import members, spaces

NAME_MOST: Final = 100
"""Characters of a name that are kept; no platform shows more."""


def tidied(event: Event) -> Event:
    """The event with people's names and words as they may be stored and shown."""
    changes: dict[str, Any] = {}
    if isinstance(event, Interaction):
        member = _named(event.actor.member)
        if member is not event.actor.member:
            changes["actor"] = replace(event.actor, member=member)
    subject: Member | None = getattr(event, "member", None)
    if subject is not None and (named := _named(subject)) is not subject:
        changes["member"] = named
    if isinstance(event, MessagePosted):
        changes["text"] = clean(event.text)
        changes["mentions"] = tuple(map(_named, event.mentions))
    return replace(event, **changes) if changes else event


def _named(member: Member) -> Member:
    name = member.name
    if len(name) <= NAME_MOST and name.isprintable():
        return member
    return replace(member, name=clean(name[:NAME_MOST]))


async def keep(scope: Scope, event: Event, subject: Member | None) -> Event | None:
    """Write down what an event says: the event to hand to cogs, None if it brings nothing new.

    ``subject`` is whom it is about.
    """
    tx = scope.tx
    match event:
        case SpaceSeen():
            if await _came_back(scope, event):
                await spaces.lost(tx, event.space.key, scope.now)
            await spaces.seen(
                tx,
                event.space.key,
                name=clean(event.space.name),
                default_channel=event.default_channel.key if event.default_channel else None,
                announces_joins=event.announces_joins,
                people=event.people,
                hears_joins=event.hears_joins,
                came_at=event.came_at,
            )
        case SpaceLost():
            await spaces.lost(tx, event.space.key, scope.now)
        case MemberJoined():
            return await _joined(scope, event)
        case MemberCleared():
            return await _cleared(scope, event)
        case MemberLeft():
            return event if await members.leave(tx, event.member.key, scope.now) else None
        case Interaction():
            await _met(scope, event.actor.member)
            await members.used(tx, event.actor.member.key, scope.now)
        case _:
            if subject is not None:
                await _met(scope, subject)
    return event


async def _came_back(scope: Scope, event: SpaceSeen) -> bool:
    """Whether the bot was removed and added again while nobody could tell it."""
    row = await spaces.get(scope.tx, event.space.key)
    before = None if row is None else row["came_at"]
    return before is not None and event.came_at is not None and event.came_at > before


async def _joined(scope: Scope, event: MemberJoined) -> MemberJoined | None:
    joined = await members.join(
        scope.tx,
        community=scope.community,
        space=scope.space,
        key=event.member.key,
        name=event.member.name,
        bot=event.member.bot,
        pending=event.pending,
        joined_at=event.joined_at,
        now=scope.now,
    )
    return _arrived(event, joined.epoch) if joined.new and not event.pending else None


async def _cleared(scope: Scope, event: MemberCleared) -> MemberJoined | None:
    epoch = await members.clear(scope.tx, event.member.key)
    return _arrived(event, epoch) if epoch is not None else None


def _arrived(event: MemberJoined | MemberCleared, epoch: int) -> MemberJoined:
    """What cogs hear of: somebody is in, with the number of their membership."""
    return MemberJoined(
        id=event.id,
        space=event.space,
        at=event.at,
        member=event.member,
        joined_at=event.joined_at if isinstance(event, MemberJoined) else None,
        count=event.count,
        epoch=epoch,
    )


async def _met(scope: Scope, member: Member) -> None:
    await members.see(
        scope.tx,
        community=scope.community,
        space=scope.space,
        key=member.key,
        name=member.name,
        bot=member.bot,
        now=scope.now,
    )
