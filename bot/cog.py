"""What a feature is written with: ``Cog`` and the decorators that turn typed methods into handlers."""

from __future__ import annotations

import inspect
import json
import re
import sys
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Final, Generic, NamedTuple, TypeVar, get_args, get_origin, overload

from bot import codec, spec
from bot.actions import Argument, bind
from bot.ctx import Ctx, SettingsT, StoreT
from bot.model.content import Button, ButtonStyle, Content, Field, Form, MenuTarget, Option, Section, Select
from bot.model.events import Event
from bot.model.ids import Member
from bot.model.roles import Role
from bot.model.text import T, Words
from bot.spec import Parameter, SpecError
from bot.store import Store
from storage.repos import schedules

EventT = TypeVar("EventT", bound=Event)
Method = Callable[..., Awaitable[None]]


class HandlerKind(StrEnum):
    COMMAND = "command"
    BUTTON = "button"
    SELECT = "select"
    FORM = "form"
    MENU = "menu"
    EVENT = "event"
    JOB = "job"
    TIMER = "timer"


@dataclass(frozen=True, slots=True)
class NoSettings:
    """For a cog that has nothing to set."""


class Held(NamedTuple):
    """What a cog stores about one person: a kind of row, the rows, and what forgetting does with them."""

    what: str
    rows: Sequence[Mapping[str, Any]]
    on_forget: str = "removed"


class Preview(NamedTuple):
    """One public text of a cog as it would look now, for the hosts alone."""

    when: Words
    content: Content


class Handler:
    """A method of a cog with what the host must know to call it. Made by the decorators below."""

    kind: ClassVar[HandlerKind]
    asks: ClassVar[bool] = False
    """Whether people are asked for what the signature needs."""

    def __init__(self, method: Method, *, role: Role = Role.MEMBER, skip: int = 2) -> None:
        if not inspect.iscoroutinefunction(method):
            raise SpecError(f"{method.__qualname__} must be an async def.")
        self.method = method
        self.role = role
        self.name = method.__name__
        self.about, self.details, _ = spec.describe(method.__doc__)
        self._skip = skip

    def __set_name__(self, owner: type[Cog[Any, Any]], name: str) -> None:
        self.name = name

    def parameters(self) -> tuple[Parameter, ...]:
        """What people are asked for: its arguments without the context and what the event brings."""
        return spec.of_function(self.method, skip=self._skip) if self.asks else ()

    def __get__(self, cog: Cog[Any, Any] | None, owner: type[Cog[Any, Any]]) -> Any:
        return self if cog is None else Callee(self, cog)


class Callee:
    """A handler of one cog: call it as a method, or bind arguments to a control that will call it."""

    def __init__(self, handler: Handler, cog: Cog[Any, Any]) -> None:
        self._handler = handler
        self._cog = cog

    async def __call__(self, ctx: Ctx[Any, Any], *args: Any, **named: Any) -> None:
        await self._handler.method(self._cog, ctx, *args, **named)

    def _action(self, args: tuple[Argument, ...], only: Member | None, until: int | None) -> str:
        return bind(f"{self._cog.name}.{self._handler.name}", *args, only=only, until=until)


class CommandHandler(Handler):
    kind = HandlerKind.COMMAND
    asks = True

    def __init__(self, method: Method, *, role: Role, group: Group | None) -> None:
        super().__init__(method, role=role)
        self.group = group

    @property
    def path(self) -> tuple[str, ...]:
        name = self.name.rstrip("_").replace("_", "-")
        return (self.group.name, name) if self.group else (name,)


class Group:
    """A command with subcommands. Cogs join the same root by naming the same group with the same role."""

    def __init__(self, name: str, *, role: Role = Role.MEMBER) -> None:
        self.name = name
        self.role = role

    def command(self, method: Method) -> CommandHandler:
        """A subcommand, named like the method."""
        return CommandHandler(method, role=self.role, group=self)


@overload
def command(method: Method, /) -> CommandHandler: ...
@overload
def command(*, role: Role = Role.MEMBER) -> Callable[[Method], CommandHandler]: ...
def command(
    method: Method | None = None, /, *, role: Role = Role.MEMBER
) -> CommandHandler | Callable[[Method], CommandHandler]:
    """A top-level command, named like the method; its signature is what it asks for."""
    if method is not None:
        return CommandHandler(method, role=role, group=None)
    return partial(CommandHandler, role=role, group=None)


class ButtonHandler(Handler):
    """Called with the bound arguments; whatever else its signature needs is asked in a form first."""

    kind = HandlerKind.BUTTON
    asks = True

    def __init__(self, method: Method, *, label: str, role: Role, style: ButtonStyle, private: bool) -> None:
        super().__init__(method, role=role)
        self.label = label
        self.style = style
        self.private = private

    @overload
    def __get__(self, cog: None, owner: type[Cog[Any, Any]]) -> ButtonHandler: ...
    @overload
    def __get__(self, cog: Cog[Any, Any], owner: type[Cog[Any, Any]]) -> ButtonCallee: ...
    def __get__(self, cog: Cog[Any, Any] | None, owner: type[Cog[Any, Any]]) -> Any:
        return self if cog is None else ButtonCallee(self, cog)


class ButtonCallee(Callee):
    def __init__(self, handler: ButtonHandler, cog: Cog[Any, Any]) -> None:
        super().__init__(handler, cog)
        self._label, self._style = handler.label, handler.style

    def bind(
        self,
        *args: Argument,
        label: Words | None = None,
        only: Member | None = None,
        until: int | None = None,
    ) -> Button:
        """A button calling the handler with ``args``; for ``only`` one person, ``until`` UTC ms."""
        words = T(self._label) if label is None else label
        return Button(words, self._action(args, only, until), self._style)


def button(
    label: str,
    *,
    role: Role = Role.MEMBER,
    style: ButtonStyle = ButtonStyle.NORMAL,
    private: bool = False,
) -> Callable[[Method], ButtonHandler]:
    """A button's handler: ``(self, ctx, *bound, *asked)``.

    What a ``private`` one does reaches nobody else, so it may name people who blocked whoever presses it.
    """
    return partial(ButtonHandler, label=label, role=role, style=style, private=private)


class SelectHandler(Handler):
    """Called with the bound arguments and, last, the tuple of chosen values."""

    kind = HandlerKind.SELECT

    def __init__(self, method: Method, *, label: str, role: Role) -> None:
        super().__init__(method, role=role)
        self.label = label

    @overload
    def __get__(self, cog: None, owner: type[Cog[Any, Any]]) -> SelectHandler: ...
    @overload
    def __get__(self, cog: Cog[Any, Any], owner: type[Cog[Any, Any]]) -> SelectCallee: ...
    def __get__(self, cog: Cog[Any, Any] | None, owner: type[Cog[Any, Any]]) -> Any:
        return self if cog is None else SelectCallee(self, cog)


class SelectCallee(Callee):
    def __init__(self, handler: SelectHandler, cog: Cog[Any, Any]) -> None:
        super().__init__(handler, cog)
        self._label = handler.label

    def bind(
        self,
        *args: Argument,
        options: Sequence[Option],
        least: int = 1,
        most: int = 1,
        only: Member | None = None,
        until: int | None = None,
    ) -> Select:
        """The list to choose from, calling the handler with ``args`` and what was chosen."""
        action = self._action(args, only, until)
        return Select(T(self._label), action, tuple(options), least, most)


def select(label: str, *, role: Role = Role.MEMBER) -> Callable[[Method], SelectHandler]:
    """A select's handler: ``(self, ctx, *bound, chosen)``."""
    return partial(SelectHandler, label=label, role=role)


class FormHandler(Handler):
    """Called with the bound arguments and, last, the raw values of a form made at run time."""

    kind = HandlerKind.FORM

    @overload
    def __get__(self, cog: None, owner: type[Cog[Any, Any]]) -> FormHandler: ...
    @overload
    def __get__(self, cog: Cog[Any, Any], owner: type[Cog[Any, Any]]) -> FormCallee: ...
    def __get__(self, cog: Cog[Any, Any] | None, owner: type[Cog[Any, Any]]) -> Any:
        return self if cog is None else FormCallee(self, cog)


class FormCallee(Callee):
    def form(
        self,
        *args: Argument,
        title: Words,
        fields: Sequence[Field],
        submit: str = "Save",
        intro: Words | None = None,
        only: Member | None = None,
        until: int | None = None,
    ) -> Form:
        """The form to hand to ``ctx.ask``, good for one use."""
        return Form(title, self._action(args, only, until), tuple(fields), submit, intro)


def form(*, role: Role = Role.MEMBER) -> Callable[[Method], FormHandler]:
    """The handler of forms made at run time: ``(self, ctx, *bound, values: Mapping[str, Raw])``."""
    return partial(FormHandler, role=role)


class MenuHandler(Handler):
    """Called with what was chosen, a ``ChosenMessage`` or a ``Member``, and what its signature asks for."""

    kind = HandlerKind.MENU
    asks = True

    def __init__(self, method: Method, *, label: str, target: MenuTarget, role: Role) -> None:
        super().__init__(method, role=role, skip=3)
        self.label = label
        self.target = target


def menu(label: str, *, on: MenuTarget, role: Role = Role.MEMBER) -> Callable[[Method], MenuHandler]:
    """An action in the menu of a message or of a person: ``(self, ctx, chosen, *asked)``."""
    return partial(MenuHandler, label=label, target=on, role=role)


class EventHandler(Handler):
    kind = HandlerKind.EVENT

    def __init__(self, method: Method, *, event: type[Event], when: Callable[[Any], bool] | None) -> None:
        super().__init__(method, skip=3)
        self.event = event
        self.when = when


def on(
    event: type[EventT], *, when: Callable[[EventT], bool] | None = None
) -> Callable[[Method], EventHandler]:
    """Called for each event of a class for which ``when`` is true: ``(self, ctx, event)``.

    ``when`` runs for every such event before anything is stored, so it must be cheap and see nothing else.
    """
    return partial(EventHandler, event=event, when=when)


class JobHandler(Handler):
    kind = HandlerKind.JOB

    def __init__(self, method: Method, *, setting: str, grace_ms: int) -> None:
        super().__init__(method)
        self.setting = setting
        self.grace_ms = grace_ms


def job(setting: str, *, grace_hours: int = 6) -> Callable[[Method], JobHandler]:
    """Called on the schedule in the settings field of that name: ``(self, ctx)``.

    What was missed while nothing ran is made up for once, if it is no older than ``grace_hours``.
    """
    return partial(JobHandler, setting=setting, grace_ms=grace_hours * 3_600_000)


class TimerHandler(Handler):
    """Called once at a time that was set, with the arguments given then."""

    kind = HandlerKind.TIMER

    @overload
    def __get__(self, cog: None, owner: type[Cog[Any, Any]]) -> TimerHandler: ...
    @overload
    def __get__(self, cog: Cog[Any, Any], owner: type[Cog[Any, Any]]) -> TimerCallee: ...
    def __get__(self, cog: Cog[Any, Any] | None, owner: type[Cog[Any, Any]]) -> Any:
        return self if cog is None else TimerCallee(self, cog)


class TimerCallee(Callee):
    async def set(self, ctx: Ctx[Any, Any], at: int, *args: Argument, key: str = "") -> None:
        """Call the handler at a time (UTC ms of community time). The same ``key`` sets it anew."""
        await schedules.set_timer(
            ctx.scope.tx,
            community=ctx.community,
            key=self._key(ctx, key),
            space=ctx.space.key,
            cog=self._cog.name,
            handler=self._handler.name,
            args=json.dumps({"args": codec.dumps(args)}),
            due_at=at,
        )
        ctx.effects.rescheduled = True

    async def cancel(self, ctx: Ctx[Any, Any], *, key: str = "") -> None:
        """Call it off; harmless if it was not set."""
        await schedules.cancel_timer(ctx.scope.tx, ctx.community, self._key(ctx, key))

    def _key(self, ctx: Ctx[Any, Any], key: str) -> str:
        return f"{self._cog.name}.{self._handler.name}:{ctx.space.key}:{key}"


def timer(method: Method) -> TimerHandler:
    """A handler that is called once at a time set with ``self.it.set(ctx, at, *args)``."""
    return TimerHandler(method)


def beside(cog: type[Cog[Any, Any]], name: str) -> Path | None:
    """The folder of that name in a cog's package, there or not; None if the cog is in no package."""
    module = sys.modules[cog.__module__]
    return Path(module.__file__).parent / name if module.__package__ and module.__file__ else None


_NAME: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class Cog(ABC, Generic[SettingsT, StoreT]):
    """A feature. ``Cog[Settings, ItsStore]``: a frozen dataclass of settings and a ``Store`` of its own.

    The docstring's first line says what it is for. It must answer ``export`` and ``forget`` for its own rows,
    even if the answer is nothing.
    """

    name: ClassVar[str]
    """How it is called in the configuration, in rows and in ids of buttons."""
    settings_type: ClassVar[type[Any]] = NoSettings
    store_type: ClassVar[type[Store]] = Store
    handlers: ClassVar[Mapping[str, Handler]]
    tables: ClassVar[tuple[str, ...]] = ()
    """The cog's tables that have ``community`` and ``space``, so that spaces can be linked and unlinked."""

    def __init_subclass__(cls, name: str | None = None, **named: Any) -> None:
        super().__init_subclass__(**named)
        cls.name = name or _NAME.sub("_", cls.__name__).lower()
        if "__orig_bases__" in vars(cls):
            cls.settings_type, cls.store_type = NoSettings, Store
        for base in vars(cls).get("__orig_bases__", ()):
            if get_origin(base) is Cog:
                settings_type, store_type = get_args(base)
                cls.settings_type = settings_type if isinstance(settings_type, type) else NoSettings
                cls.store_type = store_type if isinstance(store_type, type) else Store
        cls.handlers = {
            key: value
            for owner in reversed(cls.__mro__)
            for key, value in vars(owner).items()
            if isinstance(value, Handler)
        }

    @classmethod
    def about(cls) -> str:
        """What the cog is for, in one line."""
        return spec.describe(cls.__doc__)[0]

    @classmethod
    def migrations(cls) -> Path | None:
        """The folder of the cog's numbered migrations, or None if it keeps nothing."""
        folder = beside(cls, "migrations")
        return folder if folder is not None and folder.is_dir() else None

    async def preview(self, ctx: Ctx[SettingsT, StoreT]) -> Sequence[Preview]:
        """Each text that this cog would post in public by itself, for the hosts to see before."""
        return ()

    async def home(self, ctx: Ctx[SettingsT, StoreT]) -> Sequence[Section]:
        """What this cog has for whoever is asking, on their own page. It only reads."""
        return ()

    @abstractmethod
    async def export(self, ctx: Ctx[SettingsT, StoreT], member: Member) -> Sequence[Held]:
        """Everything this cog stores about a person."""

    @abstractmethod
    async def forget(self, ctx: Ctx[SettingsT, StoreT], member: Member) -> None:
        """Remove a person from this cog's rows; what belongs to others too stays, without the name."""
