"""`kith settings`: the settings of each space, seen and changed from the terminal."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot import codec
from bot.cli.failures import Refused
from bot.config_file import load
from bot.host.settings import HOST
from bot.model.content import Kind
from bot.model.events import Raw
from bot.model.ids import Channel, Member, PlatformRole
from bot.model.nearest import nearest
from bot.model.text import T
from bot.offline import Offline, opened
from bot.reading import Misread, Place, coerce
from bot.redact import visible
from bot.settings import SpaceSettings, spoken, stored
from bot.spec import Parameter
from storage.port import Row, Tx
from storage.repos import book, members, spaces
from storage.repos import settings as setting_rows

_REFERENCES = {Kind.CHANNEL: Channel, Kind.MEMBER: Member, Kind.ROLE: PlatformRole}


def show_spaces(file: Path | None) -> None:
    async def read() -> list[Row]:
        async with opened(load(file)) as kith:
            return await kith.engine.read(spaces.every)

    rows = asyncio.run(read())
    if not rows:
        typer.echo("There is no space yet. The first is made when Kith meets one.")
        return
    table = Table("Space", "Name", "State", box=None)
    for row in rows:
        state = "left" if row["lost_at"] else "open" if row["live_since"] else "not open yet"
        table.add_row(Text(row["key"]), Text(visible(row["name"])), state)
    Console().print(table)


@dataclass(frozen=True, slots=True)
class Line:
    """One setting as it is shown: its full name, its value in words, and where that comes from."""

    name: str
    value: str
    origin: str


def show(file: Path | None, section: str | None, space: str | None) -> None:
    """The settings of a space, all or of one section."""

    async def read() -> list[Line]:
        async with opened(load(file)) as kith:

            async def work(tx: Tx) -> list[Line]:
                found = await _values(kith, tx, await _space(tx, space))
                return [
                    Line(
                        f"{name}.{item.name}",
                        _in_words(getattr(found[name], item.name)),
                        await _origin(tx, found, name, item),
                    )
                    for name in ([_section(kith, section)] if section else kith.sections.names)
                    for item in kith.sections.parameters(name)
                ]

            return await kith.engine.read(work)

    table = Table("Setting", "Value", "Set by", box=None)
    for line in asyncio.run(read()):
        table.add_row(Text(line.name), Text(visible(line.value, keep="\n")), Text(visible(line.origin)))
    Console().print(table)


def change(file: Path | None, name: str, values: Sequence[str], space: str | None) -> None:
    """Set a setting from text as people write it in chat; without a value, back to its default."""

    async def write() -> str:
        async with opened(load(file), write=True) as kith:
            section, item = _setting(kith, name)

            async def work(tx: Tx) -> str:
                row = await _space(tx, space)
                scope = kith.scope(tx, row)
                where = (scope.community, scope.space, section, item.name)
                if values:
                    found = await _values(kith, tx, row)
                    place = Place(scope.space, found[HOST].zone or kith.zone, scope.now)
                    await _put(tx, where, stored(_read(item, values, place)), scope.now)
                else:
                    await _clear(tx, where)
                after = _in_words(getattr((await _values(kith, tx, row))[section], item.name))
                words = T(
                    "{label} of {section} was set to {value} by who runs Kith.",
                    label=item.field.label,
                    section=section,
                    value=after,
                )
                await book.note(
                    tx,
                    id=scope.new_id(),
                    community=scope.community,
                    space=scope.space,
                    at=scope.now,
                    topic="settings",
                    words=codec.dumps(words),
                )
                return f"{section}.{item.name} is now: {after}"

            chosen = await kith.engine.read(lambda tx: _space(tx, space))
            return await kith.engine.unit(int(chosen["community"]), work)

    typer.echo(visible(asyncio.run(write()), keep="\n"))


async def _put(tx: Tx, where: tuple[int, str, str, str], value: str, now: int) -> None:
    community, space, section, name = where
    await setting_rows.put(
        tx, community=community, space=space, section=section, name=name, value=value, by="", now=now
    )


async def _clear(tx: Tx, where: tuple[int, str, str, str]) -> None:
    community, space, section, name = where
    await setting_rows.clear(tx, community=community, space=space, section=section, name=name)


def _read(item: Parameter, values: Sequence[str], place: Place) -> Any:
    """The typed value. People, channels and roles are given by the platform's own ids."""
    raw: Raw = " ".join(values)
    if reference := _REFERENCES.get(item.field.kind):
        raw = reference(place.space, values[0].lstrip("#@"))
    elif item.field.kind is Kind.MEMBERS:
        raw = tuple(Member(place.space, value.lstrip("@")) for value in values)
    elif item.field.kind is Kind.TEXTS:
        raw = tuple(values)
    try:
        return coerce(item, raw, place)
    except Misread as slip:
        raise Refused(f"{item.name}: {slip}") from None


async def _space(tx: Tx, wanted: str | None) -> Row:
    """The space of that key or name; the only one there is if none is named."""
    known = await spaces.every(tx)
    if wanted is None and len(known) == 1:
        return known[0]
    if wanted is None:
        names = "\n".join(f"  --space {row['key']}  ({row['name']})" for row in known)
        raise Refused(f"There are several spaces. Name one:\n{names}" if known else "There is no space yet.")
    for row in known:
        if wanted in (row["key"], row["name"]):
            return row
    close = nearest(wanted, [name for row in known for name in (row["key"], row["name"])])
    raise Refused(f"There is no space {wanted!r}." + (f" Did you mean {close!r}?" if close else ""))


async def _values(kith: Offline, tx: Tx, space: Row) -> SpaceSettings:
    rows = await setting_rows.of(tx, int(space["community"]), str(space["key"]))
    return kith.sections.load(str(space["key"]), rows)


async def _origin(tx: Tx, values: SpaceSettings, section: str, item: Parameter) -> str:
    origin = values.origins.get((section, item.name))
    if origin is None:
        return "default"
    person = await members.get(tx, origin.by) if origin.by else None
    who = person["name"] if person and person["name"] else "somebody"
    return f"{who}, {datetime.fromtimestamp(origin.at / 1000, UTC):%Y-%m-%d %H:%M} UTC"


def _section(kith: Offline, wanted: str) -> str:
    if wanted in kith.sections.names:
        return wanted
    close = nearest(wanted, kith.sections.names)
    hint = f"Did you mean {close!r}?" if close else f"There are: {', '.join(kith.sections.names)}."
    raise Refused(f"There is no section {wanted!r}. {hint}")


def _example(kith: Offline, wanted: str) -> str:
    """The setting of that name, in the section that has it, or else any."""
    named = [
        (section, item.name) for section in kith.sections.names for item in kith.sections.parameters(section)
    ]
    return ".".join(next((one for one in named if one[1] == wanted), named[0]))


def _setting(kith: Offline, wanted: str) -> tuple[str, Parameter]:
    section, dot, name = wanted.partition(".")
    if not dot:
        raise Refused(f"A setting is named with its section, like {_example(kith, wanted)}, not {wanted!r}.")
    known = {item.name: item for item in kith.sections.parameters(_section(kith, section))}
    if name not in known:
        close = nearest(name, known)
        hint = f"Did you mean {section}.{close}?" if close else f"There are: {', '.join(known)}."
        raise Refused(f"{section} has no setting {name!r}. {hint}")
    return section, known[name]


def _in_words(value: Any) -> str:
    words = spoken(value)
    if isinstance(words, tuple):
        return "\n".join(words) or "none"
    return words if words is not None else "not set"
