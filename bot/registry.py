"""The cogs in use and what each of their handlers answers to."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

from bot.cog import (
    Cog,
    CommandHandler,
    EventHandler,
    Handler,
    HandlerKind,
    JobHandler,
    MenuHandler,
)
from bot.model.content import Catalog, CommandSpec, MenuSpec
from bot.model.events import Event
from bot.model.roles import Role
from bot.nearest import nearest
from bot.spec import Parameter, SpecError, of_dataclass

SUBCOMMANDS_MOST: Final = 25
"""Discord's limit of subcommands under one command."""


@dataclass(frozen=True, slots=True)
class CogFault:
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


def load(names: Sequence[str]) -> tuple[list[Cog[Any, Any]], list[CogFault]]:
    """The cogs of these modules. One that can't be imported or made is a fault, never an exception."""
    cogs: list[Cog[Any, Any]] = []
    faults: list[CogFault] = []
    for name in names:
        try:
            cog = _only_cog(importlib.import_module(name))()
            of_dataclass(cog.settings_type)
            cogs.append(cog)
        except Exception as error:
            faults.append(CogFault(name, f"{type(error).__name__}: {error}"))
    return cogs, faults


def _only_cog(module: ModuleType) -> type[Cog[Any, Any]]:
    found = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Cog) and value.__module__.startswith(module.__name__)
    ]
    if len(found) != 1:
        raise SpecError(f"{module.__name__} should hold one Cog, it has {len(found)}.")
    return found[0]


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
            except (SpecError, TypeError, NameError) as error:
                self.faults.append(CogFault(cog.name, str(error)))
                continue
            self.cogs[cog.name] = cog
            for entry in entries:
                self._add(entry)
        self.catalog = self._catalog()

    def _check(self, cog: Cog[Any, Any]) -> list[Entry]:
        if cog.name in self.cogs:
            raise SpecError(f"there is another cog called {cog.name}.")
        settings = {item.name for item in of_dataclass(cog.settings_type)}
        entries = [Entry(cog, handler, handler.parameters()) for handler in cog.handlers.values()]
        roots = {path[0]: (len(path), entry.handler.role) for path, entry in self._commands.items()}
        for entry in entries:
            handler = entry.handler
            if isinstance(handler, JobHandler) and handler.setting not in settings:
                raise SpecError(f"{entry.name}: there is no setting {handler.setting!r} for its schedule.")
            if isinstance(handler, CommandHandler):
                if handler.path in self._commands:
                    raise SpecError(f"/{' '.join(handler.path)} is taken by another cog.")
                shape = (len(handler.path), handler.role)
                if roots.setdefault(handler.path[0], shape) != shape:
                    raise SpecError(
                        f"/{handler.path[0]} has another role, or is a command of its own, elsewhere."
                    )
                if not handler.about:
                    raise SpecError(f"{entry.name} needs a docstring: its first line is the command's help.")
            for item in entry.parameters:
                if item.completer is not None and not hasattr(cog, item.completer):
                    raise SpecError(f"{entry.name}: there is no method {item.completer!r} to complete with.")
        return entries

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
        return Catalog(commands, menus, frozenset(event.__name__ for event in self._events))

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
