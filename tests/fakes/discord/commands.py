"""Application commands: what is registered, and Discord's rules for them."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .errors import FormErrors, refusal
from .languages import check_languages, check_unique, longest, without_languages

if TYPE_CHECKING:
    from .model import Guild
    from .world import World

Json = dict[str, Any]
Path = tuple[str | int, ...]

SLASH, USER_MENU, MESSAGE_MENU, ENTRY_POINT = 1, 2, 3, 4
SUBCOMMAND, GROUP = 1, 2
MOST = {SLASH: 100, USER_MENU: 15, MESSAGE_MENU: 15, ENTRY_POINT: 1}
CREATIONS_A_DAY = 200
MAX_SIZE = 8000


@dataclass(slots=True)
class Command:
    """One registered command; `guild_id` is None for a global one."""

    id: int
    version: int
    guild_id: int | None
    body: Json

    @property
    def kind(self) -> int:
        return int(self.body.get("type") or SLASH)

    @property
    def name(self) -> str:
        return str(self.body["name"])

    @property
    def options(self) -> list[Json]:
        return list(self.body.get("options") or ())

    def find(self, path: list[str]) -> tuple[list[Json], Json | None]:
        """The options of the subcommand at `path` below this command, and the subcommand itself."""
        options, chosen = self.options, None
        for name in path:
            chosen = next(
                (o for o in options if o["name"] == name and o["type"] in (SUBCOMMAND, GROUP)), None
            )
            if chosen is None:
                raise LookupError(f"/{self.name} has no subcommand {name!r}")
            options = list(chosen.get("options") or ())
        return options, chosen

    def __repr__(self) -> str:
        return f"<Command {self.name!r} type {self.kind}>"


class Commands:
    """The application's commands, global and per guild."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._scopes: dict[int | None, dict[tuple[int, str], Command]] = {None: {}}
        self.creations: dict[int | None, int] = {}
        self.overwrites = 0

    def all(self, guild_id: int | None = None) -> list[Command]:
        """The commands of one guild, or the global ones."""
        return list(self._scopes.get(guild_id, {}).values())

    def named(self, name: str, kind: int, guild: Guild | None) -> Command | None:
        """The command that a person in `guild` would use; the guild's own hides the global one."""
        key = (kind, name)
        own = self._scopes.get(guild.id, {}).get(key) if guild else None
        return own or self._scopes[None].get(key)

    def get(self, guild_id: int | None, command_id: int) -> Command:
        """The command with this id, or the refusal 10063."""
        for command in self.all(guild_id):
            if command.id == command_id:
                return command
        raise refusal(10063)

    def replace(self, guild_id: int | None, bodies: list[Json]) -> list[Command]:
        """Bulk overwrite: unchanged commands keep id and version, the rest is made or forgotten."""
        errors = FormErrors()
        keys = set()
        counts = dict.fromkeys(MOST, 0)
        for index, body in enumerate(bodies):
            check(body, (index,), errors)
            key = _key(body)
            if key in keys:
                message = "Application command names must be unique"
                errors.add((index, "name"), "APPLICATION_COMMANDS_DUPLICATE_NAME", message)
            keys.add(key)
            counts[key[0]] = counts.get(key[0], 0) + 1
        for kind in counts:
            alike = [(index, body) for index, body in enumerate(bodies) if _key(body)[0] == kind]
            message = "Application command names must be unique"
            check_unique(alike, (), errors, "APPLICATION_COMMANDS_DUPLICATE_NAME", message)
        for kind, count in counts.items():
            if count > MOST.get(kind, 1):
                message = f"At most {MOST[kind]} commands of type {kind}"
                errors.add((), "APPLICATION_COMMAND_TOO_MANY", message)
        errors.check()
        old = self._scopes.get(guild_id, {})
        if any(kind == ENTRY_POINT and (kind, name) not in keys for kind, name in old):
            raise refusal(50240)
        self._spend(guild_id, sum(1 for key in keys if key not in old))
        self._scopes[guild_id] = {_key(body): self._made(guild_id, body, old) for body in bodies}
        self.overwrites += 1
        self._world.changed()
        return self.all(guild_id)

    def put(self, guild_id: int | None, body: Json) -> tuple[Command, bool]:
        """Create or overwrite one command; tells whether it is new."""
        errors = FormErrors()
        check(body, (), errors)
        errors.check()
        scope = self._scopes.setdefault(guild_id, {})
        key = _key(body)
        fresh = key not in scope
        if fresh:
            if sum(1 for kind, _ in scope if kind == key[0]) >= MOST.get(key[0], 1):
                raise refusal(30034)
            self._spend(guild_id, 1)
        scope[key] = self._made(guild_id, body, scope)
        self._world.changed()
        return scope[key], fresh

    def edit(self, guild_id: int | None, command_id: int, changes: Json) -> Command:
        """Change one command."""
        command = self.get(guild_id, command_id)
        body = command.body | changes
        errors = FormErrors()
        check(body, (), errors)
        errors.check()
        scope = self._scopes[guild_id]
        scope.pop(_key(command.body))
        scope[_key(body)] = command
        command.body = body
        command.version = self._world.snowflakes.next()
        self._world.changed()
        return command

    def delete(self, guild_id: int | None, command_id: int) -> None:
        """Forget one command."""
        command = self.get(guild_id, command_id)
        del self._scopes[guild_id][_key(command.body)]
        self._world.changed()

    def forget_guild(self, guild: Guild) -> None:
        """The bot left: its commands in the guild are gone."""
        self._scopes.pop(guild.id, None)

    def _spend(self, guild_id: int | None, count: int) -> None:
        used = self.creations.get(guild_id, 0) + count
        if used > CREATIONS_A_DAY:
            raise refusal(30034)
        self.creations[guild_id] = used

    def _made(self, guild_id: int | None, body: Json, old: dict[tuple[int, str], Command]) -> Command:
        before = old.get(_key(body))
        if before is not None and before.body == body:
            return before
        made = self._world.snowflakes.next()
        return Command(before.id if before else made, made, guild_id, body)

    def json(self, command: Command, *, localizations: bool) -> Json:
        """A command as the API answers it."""
        body = command.body
        permissions = body.get("default_member_permissions")
        answer: Json = {
            "id": str(command.id),
            "application_id": str(self._world.application_id),
            "version": str(command.version),
            "type": command.kind,
            "name": command.name,
            "description": body.get("description") or "",
            "default_member_permissions": None if permissions is None else str(permissions),
            "dm_permission": body.get("dm_permission") is not False,
            "contexts": body.get("contexts"),
            "integration_types": body.get("integration_types") or [0],
            "nsfw": bool(body.get("nsfw")),
        }
        if "handler" in body:
            answer["handler"] = body["handler"]
        if command.guild_id is not None:
            answer["guild_id"] = str(command.guild_id)
        if command.options:
            answer["options"] = command.options
        if not localizations:
            return without_languages(answer)
        answer["name_localizations"] = body.get("name_localizations")
        answer["description_localizations"] = body.get("description_localizations")
        return answer


def _key(body: Json) -> tuple[int, str]:
    return int(body.get("type") or SLASH), body["name"]


def check(body: Json, path: Path, errors: FormErrors) -> None:
    """Note every mistake in a command that the OpenAPI document lets through."""
    kind = body.get("type") or SLASH
    if kind == SLASH:
        _check_name(body, path, errors)
        if not (body.get("description") or "").strip():
            errors.missing((*path, "description"))
        _check_options(body.get("options") or [], (*path, "options"), errors, depth=0)
        if _size(body) > MAX_SIZE:
            message = f"Command exceeds maximum size ({MAX_SIZE})"
            errors.add(path, "APPLICATION_COMMAND_TOO_LARGE", message)
    else:
        if body.get("description"):
            message = "Context menu commands cannot have description"
            errors.add((*path, "description"), "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION", message)
        if body.get("options"):
            message = "Context menu commands cannot have options"
            errors.add((*path, "options"), "APPLICATION_COMMAND_CONTEXT_MENU_OPTIONS", message)
        if body.get("description_localizations"):
            message = "Context menu commands cannot have description"
            where = (*path, "description_localizations")
            errors.add(where, "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION", message)
        for where, name in _names(body, path):
            if name != name.strip() or not name:
                errors.add(where, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    check_languages(body, path, errors)


def _names(body: Json, path: Path) -> list[tuple[Path, str]]:
    """The names of a thing in all languages, and where they are written."""
    translated = (body.get("name_localizations") or {}).items()
    return [
        ((*path, "name"), body["name"]),
        *(((*path, "name_localizations", locale), text) for locale, text in translated),
    ]


def _check_name(body: Json, path: Path, errors: FormErrors) -> None:
    for where, name in _names(body, path):
        if not 1 <= len(name) <= 32 or name != name.lower() or not all(_in_name(char) for char in name):
            errors.add(where, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")


def _in_name(char: str) -> bool:
    return char in "-_'" or unicodedata.category(char)[0] in "LN" or _is_combining_script(char)


def _is_combining_script(char: str) -> bool:
    return "\u0900" <= char <= "\u097f" or "\u0e00" <= char <= "\u0e7f"


def _check_options(options: list[Json], path: Path, errors: FormErrors, *, depth: int) -> None:
    message = "Option name already exists"
    check_unique(enumerate(options), path, errors, "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", message)
    optional_seen = False
    nested = [option["type"] in (SUBCOMMAND, GROUP) for option in options]
    for index, option in enumerate(options):
        here = (*path, index)
        kind = option["type"]
        _check_name(option, here, errors)
        check_languages(option, here, errors)
        if not option["description"].strip():
            errors.missing((*here, "description"))
        if any(nested) and not all(nested):
            message = (
                "Sub-command and sub-command group option types are mutually exclusive to all other types"
            )
            errors.add(here, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", message)
        if kind == GROUP and depth:
            errors.add(here, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Groups cannot be nested")
        if option.get("required"):
            if optional_seen:
                message = "Required options must be placed before non-required options"
                errors.add(here, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", message)
        else:
            optional_seen = True
        if kind in (SUBCOMMAND, GROUP):
            _check_options(option.get("options") or [], (*here, "options"), errors, depth=depth + 1)
        else:
            _check_value_rules(option, here, errors)


def _check_value_rules(option: Json, path: Path, errors: FormErrors) -> None:
    choices = option.get("choices") or []
    if choices and option.get("autocomplete"):
        message = "Choices and autocomplete are mutually exclusive"
        errors.add((*path, "autocomplete"), "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_CHOICES", message)
    for index, choice in enumerate(choices):
        check_languages(choice, (*path, "choices", index), errors)
    message = "Choice names must be unique"
    code = "APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_EXISTS"
    check_unique(enumerate(choices), (*path, "choices"), errors, code, message)
    for low, high in (("min_value", "max_value"), ("min_length", "max_length")):
        if option.get(low) is not None and option.get(high) is not None and option[low] > option[high]:
            errors.add((*path, low), "APPLICATION_COMMAND_OPTIONS_BOUNDS", f"{low} is above {high}")


def _size(body: Json) -> int:
    total = longest(body, "name") + longest(body, "description")
    for choice in body.get("choices") or ():
        total += longest(choice, "name")
        total += len(choice["value"]) if isinstance(choice.get("value"), str) else 0
    return total + sum(_size(option) for option in body.get("options") or ())
