"""From what happened in the room to the events that the host knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, TypedDict

from bot.model.content import Kind
from bot.model.events import (
    CommandUsed,
    ControlUsed,
    Event,
    FormSent,
    MemberJoined,
    MemberLeft,
    MenuUsed,
    MessagePosted,
    MessageRemoved,
    Raw,
    ReactionAdded,
    ReactionRemoved,
    SpaceSeen,
    SpokenTo,
)
from bot.model.ids import Channel, Member, MessageRef, PlatformRole, Space
from bot.model.roles import Actor, Role
from bot.platforms.local.names import Piece, pieces
from bot.platforms.local.room import BOT_ID, ROOM_ID, Room
from bot.platforms.local.state import Happening, Json, Person

ROLE_NAMES: Mapping[Role, str] = MappingProxyType(
    {
        Role.ADMIN: "Admins",
        Role.MODERATOR: "Moderators",
        Role.ORGANISER: "Organisers",
        Role.CURATOR: "Curators",
    }
)


class _Happened(TypedDict):
    """What every event has."""

    id: str
    space: Space
    at: int


class _Used(_Happened):
    """What every interaction has."""

    actor: Actor
    token: str
    channel: Channel


class Translator:
    """Speaks of one room in the host's values."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self.space = Space("local", ROOM_ID, room.name)
        self._readers: Mapping[str, Callable[[Happening], Event]] = {
            "joined": self._joined,
            "left": self._left,
            "said": self._said,
            "spoken_to": self._spoken_to,
            "removed": self._removed,
            "reacted": partial(self._reaction, ReactionAdded),
            "unreacted": partial(self._reaction, ReactionRemoved),
            "command": self._command,
            "control": self._control,
            "form": self._form,
            "menu": self._menu,
        }

    def event(self, happening: Happening) -> Event:
        return self._readers[happening.kind](happening)

    def seen(self) -> SpaceSeen:
        """The room as the bot finds it when it comes up."""
        ident, _ = self._room.ledger.event_id()
        hall = self._room.default_place
        return SpaceSeen(
            id=ident,
            space=self.space,
            at=self._room.now(),
            default_channel=None if hall is None else self.channel(hall.id),
            people=self._room.count,
        )

    def person(self, person: Person) -> Member:
        return Member(self.space.key, person.id, person.name, person.bot)

    def member(self, ident: str) -> Member:
        person = self._room.people.get(ident)
        return Member(self.space.key, ident) if person is None else self.person(person)

    def channel(self, ident: str) -> Channel:
        return Channel(self.space.key, ident, self._room.name_of("#", ident) or "")

    def role(self, role: Role) -> PlatformRole:
        return PlatformRole(self.space.key, role.value, ROLE_NAMES[role])

    def actor(self, ident: str) -> Actor:
        roles = self._room.people[ident].roles
        return Actor(self.member(ident), frozenset(map(Role, roles)), frozenset(roles))

    def message(self, more: Json) -> MessageRef:
        return MessageRef(self.channel(more["place"]), more["message"], more.get("thread"))

    def raw(self, kind: Kind, value: Any) -> Raw:
        """A value that a form brought, typed where the room knows people, channels and roles."""
        match kind:
            case Kind.MEMBER:
                return self.member(value)
            case Kind.MEMBERS:
                return tuple(map(self.member, value))
            case Kind.CHANNEL:
                return self.channel(value)
            case Kind.ROLE:
                return self.role(Role(value))
            case _ if isinstance(value, list):
                return tuple(value)
            case _ if isinstance(value, str | bool | int):
                return value
        raise TypeError(f"{value!r} is no value of a field.")

    def _happened(self, it: Happening) -> _Happened:
        return {"id": it.id, "space": self.space, "at": it.at}

    def _used(self, it: Happening) -> _Used:
        return {
            **self._happened(it),
            "actor": self.actor(it.who),
            "token": it.more["token"],
            "channel": self.channel(it.more["place"]),
        }

    def _joined(self, it: Happening) -> MemberJoined:
        return MemberJoined(
            **self._happened(it),
            member=self.member(it.who),
            joined_at=it.more["joined_at"],
            count=it.more["count"],
        )

    def _left(self, it: Happening) -> MemberLeft:
        return MemberLeft(**self._happened(it), member=self.member(it.who))

    def _said(self, it: Happening) -> MessagePosted:
        named = dict.fromkeys(piece.text for piece in pieces(it.more["text"]) if piece.sign == "@")
        mentioned = [ident for ident in named if ident in self._room.people]
        return MessagePosted(
            **self._happened(it),
            member=self.member(it.who),
            message=self.message(it.more),
            text=self.words(it.more["text"]),
            mentions=tuple(map(self.member, mentioned)),
            reply_to=it.more["reply_to"] or it.more["thread"],
            direct=bool(self._room.places[it.more["place"]].pair),
            mentions_bot=BOT_ID in mentioned,
        )

    def words(self, resolved: str) -> str:
        """Somebody's words as the host reads them, with ``<@id|name>`` and ``<#id|name>``."""
        return "".join(map(self._word, pieces(resolved)))

    def _word(self, piece: Piece) -> str:
        if piece.sign not in ("@", "#"):
            return piece.text
        name = self._room.name_of(piece.sign, piece.text)
        return f"<{piece.sign}{piece.text}|{name}>" if name else f"<{piece.sign}{piece.text}>"

    def _spoken_to(self, it: Happening) -> SpokenTo:
        private = bool(self._room.places[it.more["place"]].pair)
        return SpokenTo(**self._used(it), message=None if private else self.message(it.more))

    def _removed(self, it: Happening) -> MessageRemoved:
        return MessageRemoved(**self._happened(it), message=self.message(it.more))

    def _reaction(
        self, event: type[ReactionAdded | ReactionRemoved], it: Happening
    ) -> ReactionAdded | ReactionRemoved:
        return event(
            **self._happened(it),
            member=self.member(it.who),
            message=self.message(it.more),
            emoji=it.more["emoji"],
        )

    def _command(self, it: Happening) -> CommandUsed:
        return CommandUsed(**self._used(it), path=tuple(it.more["path"]), text=it.more["text"])

    def _control(self, it: Happening) -> ControlUsed:
        return ControlUsed(
            **self._used(it),
            action=it.more["action"],
            message=self.message(it.more),
            chosen=tuple(it.more["chosen"]),
        )

    def _form(self, it: Happening) -> FormSent:
        return FormSent(
            **self._used(it),
            action=it.more["action"],
            values={name: self.raw(Kind(kind), value) for name, (kind, value) in it.more["values"].items()},
        )

    def _menu(self, it: Happening) -> MenuUsed:
        on_message = it.more.get("message") is not None
        return MenuUsed(
            **self._used(it),
            action=it.more["action"],
            member=self.member(it.more["member"]),
            message=self.message(it.more) if on_message else None,
            text=it.more["text"],
        )
