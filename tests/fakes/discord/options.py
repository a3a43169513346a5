"""What a person's client turns picks and typed words into: command options, select values, resolved data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from . import wire
from .clock import iso, snowflake_ms
from .drafting import Upload
from .model import Attachment, Channel, Member, Role, User
from .permissions import ALL

if TYPE_CHECKING:
    from .world import World

Json = dict[str, Any]
STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = range(3, 12)
MAX_STRING = 6000
_NAMES = {
    STRING: "text",
    INTEGER: "a whole number",
    BOOLEAN: "yes or no",
    USER: "a person",
    CHANNEL: "a channel",
    ROLE: "a role",
    MENTIONABLE: "a person or a role",
    NUMBER: "a number",
    ATTACHMENT: "a file",
}


class ClientRefused(Exception):
    """Discord's own client would not have let a person do this."""


class Resolved:
    """The objects that an interaction's ids stand for."""

    def __init__(self, world: World, channel: Channel) -> None:
        self._world = world
        self._channel = channel
        self._found: dict[str, Json] = {}

    def add(self, thing: object) -> str:
        """Note a person, role, channel or file; returns its id."""
        if isinstance(thing, Member):
            return self._person(thing.user)
        if isinstance(thing, User):
            return self._person(thing)
        if isinstance(thing, Role):
            self._found.setdefault("roles", {})[str(thing.id)] = wire.role(thing)
            return str(thing.id)
        if isinstance(thing, Channel):
            return self._place(thing)
        if isinstance(thing, Upload):
            return self._file(thing)
        raise ClientRefused(f"{thing!r} can't be picked")

    def _person(self, user: User) -> str:
        key = str(user.id)
        self._found.setdefault("users", {})[key] = wire.user(user)
        guild = self._channel.guild
        member = guild.members.get(user.id) if guild else None
        if member is not None:
            body = wire.member(member, with_user=False)
            del body["deaf"], body["mute"]
            body["permissions"] = str(member.permissions(self._channel) & ALL)
            self._found.setdefault("members", {})[key] = body
        return key

    def _place(self, place: Channel) -> str:
        permissions = self._world.bot_permissions(place)
        body: Json = {
            "id": str(place.id),
            "name": place.name,
            "type": place.kind,
            "permissions": str(permissions),
        }
        if place.thread and place.parent:
            body["parent_id"] = str(place.parent.id)
            body["thread_metadata"] = {
                "archived": place.archived,
                "auto_archive_duration": place.auto_archive_minutes,
                "archive_timestamp": iso(snowflake_ms(place.id)),
                "locked": place.locked,
            }
        self._found.setdefault("channels", {})[str(place.id)] = body
        return str(place.id)

    def _file(self, upload: Upload) -> str:
        file = Attachment(
            self._world.snowflakes.next(), upload.filename, upload.data, upload.content_type, ephemeral=True
        )
        self._world.uploads[file.id] = file
        body = wire.attachment(file, self._world, self._channel.id)
        self._found.setdefault("attachments", {})[str(file.id)] = body
        return str(file.id)

    def by_id(self, some_id: int) -> object:
        """The person, role or channel with this id, such as a menu's preset value."""
        guild = self._channel.guild
        if guild is not None and some_id in guild.roles:
            return guild.roles[some_id]
        found = self._world.channels.get(some_id) or self._world.account(some_id)
        if found is None:
            raise ClientRefused(f"nothing has the id {some_id}")
        return found

    @property
    def json(self) -> Json:
        """The `resolved` object, empty where nothing was picked."""
        return self._found


def command_options(
    declared: list[Json], given: Mapping[str, object], resolved: Resolved, *, focused: str | None = None
) -> list[Json]:
    """The options of a command as the client sends them.

    With `focused` the person is still typing in that option: nothing is checked then.
    Raises ClientRefused for what the client would not send.
    """
    by_name = {option["name"]: option for option in declared}
    unknown = [name for name in given if name not in by_name]
    if unknown:
        raise ClientRefused(f"there is no option {unknown[0]!r}; there are {list(by_name)}")
    sent = []
    for option in declared:
        name = option["name"]
        if name not in given:
            if option.get("required") and focused is None:
                raise ClientRefused(f"the option {name!r} is required")
            continue
        entry: Json = {"name": name, "type": option["type"]}
        if focused is not None:
            entry["value"] = given[name] if name == focused else _value(option, given[name], resolved)
            if name == focused:
                entry["focused"] = True
        else:
            entry["value"] = _checked(option, given[name], resolved)
        sent.append(entry)
    return sent


def _value(option: Json, given: object, resolved: Resolved) -> object:
    kind = option["type"]
    fits = {
        STRING: isinstance(given, str),
        INTEGER: isinstance(given, int) and not isinstance(given, bool),
        BOOLEAN: isinstance(given, bool),
        NUMBER: isinstance(given, int | float) and not isinstance(given, bool),
        USER: isinstance(given, Member | User),
        ROLE: isinstance(given, Role),
        CHANNEL: isinstance(given, Channel),
        MENTIONABLE: isinstance(given, Member | User | Role),
        ATTACHMENT: isinstance(given, Upload),
    }[kind]
    if not fits:
        raise ClientRefused(f"the option {option['name']!r} wants {_NAMES[kind]}, not {given!r}")
    return resolved.add(given) if kind in (USER, CHANNEL, ROLE, MENTIONABLE, ATTACHMENT) else given


def _checked(option: Json, given: object, resolved: Resolved) -> object:
    name = option["name"]
    if choices := option.get("choices"):
        for choice in choices:
            if given in (choice["name"], choice["value"]):
                return choice["value"]
        raise ClientRefused(f"{given!r} is no choice of {name!r}: {[choice['name'] for choice in choices]}")
    value = _value(option, given, resolved)
    if isinstance(value, str) and option["type"] == STRING:
        _check_bounds(name, len(value), option.get("min_length"), option.get("max_length") or MAX_STRING)
    elif isinstance(value, int | float) and option["type"] in (INTEGER, NUMBER):
        _check_bounds(name, value, option.get("min_value"), option.get("max_value"))
    if isinstance(given, Channel) and (kinds := option.get("channel_types")) and given.kind not in kinds:
        raise ClientRefused(f"{given!r} is not among the channels that {name!r} offers")
    return value


def _check_bounds(name: str, size: float, low: float | None, high: float | None) -> None:
    if low is not None and size < low:
        raise ClientRefused(f"{name!r}: {size} is below {low}")
    if high is not None and size > high:
        raise ClientRefused(f"{name!r}: {size} is above {high}")


def select_values(select: Json, picked: tuple[object, ...], resolved: Resolved) -> list[str]:
    """The values of a select menu as the client sends them: options by label or value, or things."""
    low, high = select.get("min_values"), select.get("max_values")
    low, high = (1 if low is None else low), (1 if high is None else high)
    if not low <= len(picked) <= high:
        raise ClientRefused(f"between {low} and {high} may be chosen, not {len(picked)}")
    if "options" in select:
        return [option_value(select["options"], choice) for choice in picked]
    return [resolved.add(thing) for thing in picked]


def option_value(options: list[Json], choice: object) -> str:
    """The value of the option with this label or value."""
    for option in options:
        if choice in (option["label"], option["value"]):
            return str(option["value"])
    raise ClientRefused(f"{choice!r} is not offered; there are {[option['label'] for option in options]}")
