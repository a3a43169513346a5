"""A cog that a platform or another cog would trip over is refused by name, with what to change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import pytest

from bot import (
    Channel,
    Cog,
    Ctx,
    Group,
    Held,
    Member,
    MemberJoined,
    MenuTarget,
    MessagePosted,
    NoSettings,
    Ref,
    Role,
    Rule,
    Store,
    button,
    command,
    job,
    menu,
    on,
)
from bot.model.events import Event
from bot.model.ids import MessageRef, Space
from bot.registry import Registry
from bot.spec import SpecError

AnyCtx = Ctx[Any, Any]


class Base(Cog[NoSettings, Store]):
    """For these tests."""

    async def export(self, ctx: AnyCtx, member: Member) -> Sequence[Held]:
        return ()

    async def forget(self, ctx: AnyCtx, member: Member) -> None: ...


class First(Base):
    """The one that is there already."""

    @command
    async def wave(self, ctx: AnyCtx) -> None:
        """Wave."""

    @menu("Thank", on=MenuTarget.MESSAGE)
    async def thank(self, ctx: AnyCtx, chosen: Any) -> None:
        """Thank."""

    group = Group("curate", role=Role.CURATOR)

    @group.command
    async def list_(self, ctx: AnyCtx) -> None:
        """List."""

    @on(MemberJoined)
    async def joined(self, ctx: AnyCtx, event: MemberJoined) -> None: ...

    @on(MessagePosted, when=lambda said: "hi" in said.text)
    async def said(self, ctx: AnyCtx, event: MessagePosted) -> None: ...


class Same(Base, name="first"):
    """Has the name of another."""


class Taken(Base):
    """Has the command of another."""

    @command
    async def wave(self, ctx: AnyCtx) -> None:
        """Wave."""


class OtherShape(Base):
    """Has a subcommand under a command of another."""

    wave = Group("wave")

    @wave.command
    async def again(self, ctx: AnyCtx) -> None:
        """Wave again."""


class OtherRole(Base):
    """Has another role for a shared root."""

    curate = Group("curate", role=Role.MEMBER)

    @curate.command
    async def add(self, ctx: AnyCtx) -> None:
        """Add."""


class Silent(Base):
    """Does not say what its command does."""

    @command
    async def hum(self, ctx: AnyCtx) -> None: ...


class Wordy(Base):
    """Says too much."""

    @command
    async def hum(self, ctx: AnyCtx) -> None:
        """Hum a tune that everybody here has known since they were small, though nobody can name it any more, sadly."""  # noqa: E501


class Loud(Base):
    """Shouts its command."""

    @command
    async def HUM(self, ctx: AnyCtx) -> None:
        """Hum."""


class Greedy(Base):
    """Asks for the impossible."""

    @command
    async def hum(self, ctx: AnyCtx, tune: complex) -> None:
        """Hum."""


class Unknown(Base):
    """Names a type that is nowhere."""

    @command
    async def hum(self, ctx: AnyCtx, tune: Nowhere) -> None:  # type: ignore[name-defined] # noqa: F821
        """Hum."""


class Incomplete(Base):
    """Names a completer that it has not."""

    @command
    async def hum(self, ctx: AnyCtx, tune: Annotated[int, Ref("tunes")]) -> None:
        """Hum."""


class SameMenu(Base):
    """Has a menu action of the same name."""

    @menu("Thank", on=MenuTarget.MESSAGE)
    async def thank(self, ctx: AnyCtx, chosen: Any) -> None:
        """Thank."""


class LongMenu(Base):
    """Has a menu action that Slack can't show."""

    @menu("Thank them for all they did", on=MenuTarget.MESSAGE)
    async def thank(self, ctx: AnyCtx, chosen: Any) -> None:
        """Thank."""


class Hiding(Base):
    """Hides what every cog has."""

    @command
    async def preview(self, ctx: AnyCtx) -> None:  # type: ignore[override]
        """Preview."""


class LongWinded(Base):
    """Has a handler whose name leaves no room in a button's id."""

    @button("Press")
    async def a_button_that_is_pressed_by_somebody_at_some_time(self, ctx: AnyCtx) -> None: ...


@dataclass(frozen=True)
class Settings:
    """Some.

    when: When.
    """

    when: Rule | None = None
    where: Channel | None = None


class NoSchedule(Cog[Settings, Store]):
    """Has a job whose schedule is nowhere."""

    @job("where")
    async def digest(self, ctx: AnyCtx) -> None: ...

    async def export(self, ctx: AnyCtx, member: Member) -> Sequence[Held]:
        return ()

    async def forget(self, ctx: AnyCtx, member: Member) -> None: ...


@pytest.mark.parametrize(
    ("cog", "problem"),
    [
        (Same, "another cog called first"),
        (Taken, "/wave is taken"),
        (OtherShape, "another role, or is a command of its own"),
        (OtherRole, "another role, or is a command of its own"),
        (Silent, "needs a docstring"),
        (Wordy, "over 100 characters"),
        (Loud, "can't be a command"),
        (Greedy, "people can be asked for"),
        (Unknown, "Nowhere"),
        (Incomplete, "no method 'tunes'"),
        (SameMenu, "another menu action is called 'Thank'"),
        (LongMenu, "over 24 characters"),
        (Hiding, "write preview_"),
        (LongWinded, "too long a name"),
        (NoSchedule, "no setting 'where' that holds its schedule"),
    ],
)
def test_one_that_is_not_well_made_is_named_and_the_others_are_used(cog: type[Base], problem: str) -> None:
    registry = Registry()
    registry.add([First(), cog(), After()])
    (fault,) = registry.faults
    assert problem in fault.problem
    assert list(registry.cogs) == ["first", "after"]
    assert registry.command(("hello",)) is not None


class After(Base):
    """Comes after one that is refused."""

    @command
    async def hello(self, ctx: AnyCtx) -> None:
        """Hello."""


def test_at_most_25_subcommands() -> None:
    group = Group("many")

    def made(number: int) -> Any:
        async def handler(self: Any, ctx: AnyCtx) -> None:
            """Do one of many things."""

        handler.__name__ = f"do{number}"
        return group.command(handler)

    body = {f"do{number}": made(number) for number in range(26)}
    many: Any = type("Many", (Base,), {"__doc__": "Too many.", "__module__": __name__, **body})
    registry = Registry()
    registry.add([many()])
    assert "more than 25 subcommands" in registry.faults[0].problem


def test_what_is_not_async_is_refused_where_it_is_written() -> None:
    with pytest.raises(SpecError, match="must be an async def"):

        @command
        def wave(self: Any, ctx: AnyCtx) -> None:
            """Wave."""


def test_listeners_are_asked_whether_they_want_it() -> None:
    registry = Registry()
    registry.add([First()])
    space = Space("local", "shed")
    ada = Member(space.key, "u1")
    message = MessageRef(Channel(space.key, "c1"), "m1")

    def said(text: str) -> Event:
        return MessagePosted(id="e", space=space, at=0, member=ada, message=message, text=text)

    assert [entry.name for entry in registry.listeners(said("hi there"))] == ["first.said"]
    assert registry.listeners(said("hello")) == []
    assert registry.catalog.events == {"MemberJoined", "MessagePosted"}


def test_the_nearest_command_is_one_that_may_be_used() -> None:
    registry = Registry()
    registry.add([First()])
    assert registry.nearest_command(("wav",), frozenset({Role.MEMBER})) == "wave"
    assert registry.nearest_command(("curate", "lst"), frozenset({Role.MEMBER})) is None
    assert registry.nearest_command(("curate",), frozenset({Role.CURATOR})) == "curate list"


def test_a_cog_finds_its_migrations_wherever_it_is_defined() -> None:
    from cogs.kindness import Kindness
    from tests.cogs.samples.bad_migration import BadMigration
    from tests.cogs.samples.herald import Herald

    for cog in (Kindness, BadMigration):
        folder = cog.migrations()
        assert folder is not None
        assert next(file.name[:4] for file in folder.iterdir()) == "0001"
    assert Herald.migrations() is None


def test_a_cog_that_builds_on_another_keeps_its_settings() -> None:
    class Child(NoSchedule):
        """Builds on another."""

    assert Child.settings_type is Settings
    assert Child.name == "child"
