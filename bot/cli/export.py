"""`kith export`: everything of one community, or of one person, as JSON files."""

from __future__ import annotations

import asyncio
import base64
import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import typer

from bot.cli.failures import Refused
from bot.config_file import Loaded, load
from bot.host.me import as_json
from bot.model.nearest import nearest
from bot.offline import opened
from bot.version import VERSION
from storage.port import Row, Tx
from storage.repos import everything, spaces

_EXACT: Final = 2**53
"""From here on JSON readers round whole numbers, so ids are written as text."""


def export(file: Path | None, folder: Path, *, person: str | None, community: str | None) -> None:
    """Write the files into `folder`, which must be new or empty, for its owner's eyes alone."""
    loaded = load(file)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Refused(f"{folder} is there already. Name a new folder.")
    if person is not None:
        files = asyncio.run(_person(loaded, person))
    else:
        files = asyncio.run(_community(loaded, community))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, content in files.items():
        handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as target:
            json.dump(_plain(content), target, ensure_ascii=False, indent=1)
    typer.echo(f"Wrote {len(files)} {'file' if len(files) == 1 else 'files'} to {folder}")


async def _person(loaded: Loaded, key: str) -> dict[str, Any]:
    async with opened(loaded) as kith:

        async def work(tx: Tx) -> dict[str, Any]:
            try:
                kept = await kith.kept_about(tx, key)
            except LookupError:
                raise Refused(await _unknown_person(tx, key)) from None
            return {"person.json": _about(person=key) | {"kept": as_json(kept)}}

        return await kith.engine.read(work)


async def _community(loaded: Loaded, wanted: str | None) -> dict[str, Any]:
    async with opened(loaded) as kith:

        async def work(tx: Tx) -> dict[str, Any]:
            community = await _chosen(tx, wanted)
            number = int(community["id"])
            files = {
                f"{table}.json": _rows(await everything.rows(tx, table, number))
                for table in await everything.tables(tx)
            }
            return {"about.json": _about(community=dict(community))} | files

        return await kith.engine.read(work)


async def _chosen(tx: Tx, wanted: str | None) -> Row:
    """The community of that number, name or space; the only one there is if none is named."""
    known = await everything.communities(tx)
    if not known:
        raise Refused("There is no community yet. The first is made when Kith meets one.")
    if wanted is None:
        if len(known) == 1:
            return known[0]
        names = "\n".join(f"  --community {row['id']}  ({row['name']})" for row in known)
        raise Refused(f"There are several communities. Name one:\n{names}")
    space = await spaces.get(tx, wanted)
    for row in known:
        if wanted in (str(row["id"]), row["name"]) or (space and space["community"] == row["id"]):
            return row
    close = nearest(wanted, [row["name"] for row in known])
    raise Refused(f"There is no community {wanted!r}." + (f" Did you mean {close!r}?" if close else ""))


async def _unknown_person(tx: Tx, key: str) -> str:
    """Who may have been meant: people of that name, or of a key like it."""
    people = [
        row for one in await everything.communities(tx) for row in await everything.people(tx, one["id"])
    ]
    close = nearest(key, [row["key"] for row in people])
    fitting = [row for row in people if row["name"].casefold() == key.casefold() or row["key"] == close]
    if not fitting:
        return (
            f"Nobody is known as {key!r}. Keys look like local:room:ada; member.json of an export has them."
        )
    names = "\n".join(f"  --person {row['key']}  ({row['name']})" for row in fitting[:10])
    return f"A person is named by key:\n{names}"


def _about(**what: Any) -> dict[str, Any]:
    return {"kith": VERSION, "exported_at": datetime.now(UTC).isoformat(timespec="seconds"), **what}


def _rows(rows: Sequence[Row]) -> list[dict[str, Any]]:
    return [{name: row[name] for name in row.keys()} for row in rows]  # noqa: SIM118 - a row iterates its values


def _plain(value: Any) -> Any:
    match value:
        case bool():
            return value
        case int() if abs(value) >= _EXACT:
            return str(value)
        case bytes():
            return {"base64": base64.b64encode(value).decode("ascii")}
        case Mapping():
            return {str(name): _plain(item) for name, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case str() | int() | float() | None:
            return value
        case _:
            return str(value)
