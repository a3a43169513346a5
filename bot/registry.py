"""The cogs in use and what each of their handlers answers to."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any, Final, NamedTuple

from bot import translations
from bot.cog import (
    Cog,
    CommandHandler,
    EventHandler,
    Handler,
    HandlerKind,
    JobHandler,
    MenuHandler,
)
from bot.model.content import Catalog, CommandSpec, Kind, MenuSpec
from bot.model.events import Event
from bot.model.nearest import nearest
from bot.model.roles import Role
from bot.spec import ABOUT_MOST, OPTIONS_MOST, Parameter, SpecError, of_dataclass

SUBCOMMANDS_MOST: Final = 25
"""Discord's limit of subcommands under one command."""
MENUS_MOST: Final = 5
"""Discord's limit of menu actions on messages, and of those on people."""
MENU_LABEL_MOST: Final = 24
"""Slack's limit for the name of a shortcut."""
HANDLER_NAME_MOST: Final = 45
"""Characters of ``cog.handler``, so that a form's or a button's id has room for its arguments."""
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,29}")
_COMMAND: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")


class CogFault(NamedTuple):
    """A cog that could not be used, and why. The others go on without it."""

    name: str
    problem: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One handler of one cog, ready to be called."""

    cog: Cog[Any, Any]
    handler: Handler
    parameters: tuple[Parameter, ...]

    @property
    def name(self) -> str:
        return f"{self.cog.name}.{self.handler.name}"


def load(names: Sequence[str], taken: Collection[str] = ()) -> tuple[list[Cog[Any, Any]], list[CogFault]]:
    """The cogs of these modules. One that can't be imported or made is a fault, never an exception.

    ``taken`` are the names that no cog may have.
    """
    cogs: list[Cog[Any, Any]] = []
    faults: list[CogFault] = []
    used = set(taken)
    for name in names:
        try:
            made = _only_cog(importlib.import_module(name))
            if not _NAME.fullmatch(made.name):
                raise SpecError(f"{made.name!r} can't be a cog's name: use up to 30 of a-z, 0-9 and _.")
            module = name.rpartition(".")[2]
            if made.name != module:
                raise SpecError(f"the cog is called {made.name}, its module {module}; call both alike.")
            if made.name in used:
                raise SpecError(f"there is another cog called {made.name}.")
            of_dataclass(made.settings_type)
            made.settings_type()
            cogs.append(made())
            used.add(made.name)
        except (Exception, SystemExit) as error:
            faults.append(CogFault(name, f"{type(error).__name__}: {error}"))
    return cogs, faults


def _only_cog(module: ModuleType) -> type[Cog[Any, Any]]:
    own = {
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Cog)
        and f"{value.__module__}.".startswith(f"{module.__name__}.")
    }
    whole = [cog for cog in own if not inspect.isabstract(cog)]
    if len(whole) == 1:
        return whole[0]
    if len(own) == 1 and not whole:
        unfinished = own.pop()
        lacks = " and ".join(sorted(unfinished.__abstractmethods__))
        raise SpecError(f"{unfinished.__name__} lacks {lacks}.")
    raise SpecError(f"{module.__name__} should hold one Cog, it has {len(whole)}.")


class Registry:
    """Finds the handler for whatever happens."""

    def __init__(self) -> None:
        self.cogs: dict[str, Cog[Any, Any]] = {}
        self.faults: list[CogFault] = []
        self.catalog = Catalog()
        self._entries: dict[str, Entry] = {}
        self._commands: dict[tuple[str, ...], Entry] = {}
        self._events: dict[type[Event], list[Entry]] = {}

    def add(self, cogs: Sequence[Cog[Any, Any]]) -> None:
        """Take cogs into use. One that is not well made becomes a fault; the others are used."""
        for cog in cogs:
            try:
                entries = self._check(cog)
            except Exception as error:
                self.faults.append(CogFault(cog.name, f"{error}"))
                continue
            self.cogs[cog.name] = cog
            for entry in entries:
                self._add(entry)
        self.catalog = self._catalog()

    def _check(self, cog: Cog[Any, Any]) -> list[Entry]:
        """The cog's handlers. Raises SpecError for what a platform or another cog would trip over."""
        if cog.name in self.cogs:
            raise SpecError(f"there is another cog called {cog.name}.")
        settings = {item.name: item for item in of_dataclass(cog.settings_type)}
        entries = [Entry(cog, handler, handler.parameters()) for handler in cog.handlers.values()]
        for entry in entries:
            handler = entry.handler
            if len(entry.name) > HANDLER_NAME_MOST:
                raise SpecError(f"{entry.name} is too long a name: {HANDLER_NAME_MOST} characters fit.")
            if hasattr(Cog, handler.name):
                raise SpecError(
                    f"{entry.name}: every cog has a {handler.name} already; write {handler.name}_."
                )
            if handler.role not in Role:
                raise SpecError(f"{entry.name}: {handler.role!r} is no role.")
            if isinstance(handler, JobHandler):
                schedule = settings.get(handler.setting)
                if schedule is None or schedule.field.kind is not Kind.SCHEDULE:
                    raise SpecError(
                        f"{entry.name}: there is no setting {handler.setting!r} that holds its schedule."
                    )
            for item in entry.parameters:
                if item.completer is not None and not hasattr(cog, item.completer):
                    raise SpecError(f"{entry.name}: there is no method {item.completer!r} to complete with.")
        self._check_commands([entry for entry in entries if isinstance(entry.handler, CommandHandler)])
        self._check_menus([entry for entry in entries if isinstance(entry.handler, MenuHandler)])
        return entries

    def _check_commands(self, entries: Sequence[Entry]) -> None:
        known = dict(self._commands)
        roots = {path[0]: (len(path), entry.handler.role) for path, entry in known.items()}
        for entry in entries:
            handler = entry.handler
            assert isinstance(handler, CommandHandler)
            written = "/" + " ".join(handler.path)
            if not all(_COMMAND.fullmatch(name) for name in handler.path):
                raise SpecError(f"{written} can't be a command: use up to 32 of a-z, 0-9, _ and -.")
            if handler.path in known:
                raise SpecError(f"{written} is taken already.")
            shape = (len(handler.path), handler.role)
            if roots.setdefault(handler.path[0], shape) != shape:
                raise SpecError(
                    f"/{handler.path[0]} has another role, or is a command of its own, elsewhere."
                )
            if not handler.about:
                raise SpecError(f"{entry.name} needs a docstring: its first line is the command's help.")
            if len(handler.about) > ABOUT_MOST:
                raise SpecError(f"{entry.name}: the docstring's first line is over {ABOUT_MOST} characters.")
            if len(entry.parameters) > OPTIONS_MOST:
                raise SpecError(f"{entry.name} asks for more than {OPTIONS_MOST} things.")
            known[handler.path] = entry
            if sum(path[0] == handler.path[0] for path in known) > SUBCOMMANDS_MOST:
                raise SpecError(f"/{handler.path[0]} has more than {SUBCOMMANDS_MOST} subcommands.")

    def _check_menus(self, entries: Sequence[Entry]) -> None:
        used = [entry.handler for entry in self._entries.values() if isinstance(entry.handler, MenuHandler)]
        for entry in entries:
            handler = entry.handler
            assert isinstance(handler, MenuHandler)
            if len(handler.label) > MENU_LABEL_MOST:
                raise SpecError(f"{entry.name}: the label is over {MENU_LABEL_MOST} characters.")
            beside = [one for one in used if one.target is handler.target]
            if handler.label in {one.label for one in beside}:
                raise SpecError(f"{entry.name}: another menu action is called {handler.label!r}.")
            if len(beside) >= MENUS_MOST:
                raise SpecError(
                    f"{entry.name}: there are {MENUS_MOST} menu actions on a {handler.target} already."
                )
            used.append(handler)

    def _add(self, entry: Entry) -> None:
        self._entries[entry.name] = entry
        if isinstance(entry.handler, CommandHandler):
            self._commands[entry.handler.path] = entry
        elif isinstance(entry.handler, EventHandler):
            self._events.setdefault(entry.handler.event, []).append(entry)

    def _catalog(self) -> Catalog:
        commands = tuple(
            CommandSpec(
                path,
                entry.handler.about,
                tuple(item.field for item in entry.parameters),
                entry.handler.role,
                entry.cog.name,
                entry.handler.details,
            )
            for path, entry in sorted(self._commands.items())
        )
        menus = tuple(
            MenuSpec(
                entry.handler.target,
                entry.handler.label,
                entry.name,
                entry.handler.role,
                entry.cog.name,
            )
            for entry in self._entries.values()
            if isinstance(entry.handler, MenuHandler)
        )
        catalog = Catalog(commands, menus, frozenset(event.__name__ for event in self._events))
        cogs = tuple(self.cogs.values())
        return replace(catalog, translations=lambda: translations.use(cogs, catalog))

    def entry(self, name: str) -> Entry | None:
        """The handler of that full name, ``cog.handler``."""
        return self._entries.get(name)

    def command(self, path: Sequence[str]) -> Entry | None:
        return self._commands.get(tuple(path))

    def nearest_command(self, path: Sequence[str], held: frozenset[Role]) -> str | None:
        """The command that was probably meant, among those this person may use."""
        names = [" ".join(known) for known, entry in self._commands.items() if entry.handler.role in held]
        wanted = " ".join(path)
        return nearest(wanted, names) or next((name for name in names if name.startswith(wanted + " ")), None)

    def hears(self, kind: type[Event]) -> bool:
        """Whether any handler wants events of this kind, perhaps not all of them."""
        return kind in self._events

    def listeners(self, event: Event) -> list[Entry]:
        """The handlers that want this event."""
        return [
            entry
            for entry in self._events.get(type(event), ())
            if (when := _event_handler(entry).when) is None or when(event)
        ]

    def jobs(self) -> list[Entry]:
        return [entry for entry in self._entries.values() if entry.handler.kind is HandlerKind.JOB]


def _event_handler(entry: Entry) -> EventHandler:
    assert isinstance(entry.handler, EventHandler)
    return entry.handler
