"""Every cog, the host's own included, is held to what is promised of cogs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.actions import ACTION_MOST, Sealer, bind
from bot.cog import Cog, CommandHandler, FormHandler, Handler, MenuHandler, SelectHandler
from bot.config import BUILT_IN_COGS
from bot.core import HOST_COGS, load_cogs, registry_of
from bot.ctx import Ctx
from bot.database import migrator
from bot.grammar.schedule import parse
from bot.host.common import as_cog, space_settings
from bot.model.content import Form, Kind
from bot.model.ids import Channel, Member, PlatformRole
from bot.model.text import Moment
from bot.reading import Place
from bot.registry import Entry, Registry
from bot.settings import Sections, changed, filled, stored
from bot.spec import LABEL_MOST, Parameter, of_dataclass
from bot.store import Scope
from bot.testing import MONDAY, SPACE, RoomTown, town
from storage.port import Engine, Tx

ROOT = Path(__file__).resolve().parent.parent.parent
UTC = ZoneInfo("UTC")
COGS, SECTIONS, FAULTS = load_cogs(BUILT_IN_COGS, {}, UTC)
NAMES = [cog.name for cog in (*HOST_COGS, *COGS)]
TYPES: Mapping[str, type[Cog[Any, Any]]] = {
    **{cog.name: cog for cog in HOST_COGS},
    **{cog.name: type(cog) for cog in COGS},
}
BIG = 2**63 - 1


def registry() -> Registry:
    return registry_of(COGS, SECTIONS, FAULTS)


def entries() -> list[Entry]:
    known = registry()
    found = [known.entry(f"{name}.{handler}") for name, cog in known.cogs.items() for handler in cog.handlers]
    return [entry for entry in found if entry is not None]


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    """Each cog's name in turn."""
    return str(request.param)


def test_all_can_be_used_together() -> None:
    assert registry().faults == []
    assert list(registry().cogs) == NAMES


def test_each_handler_tells_what_it_does(name: str) -> None:
    cog = TYPES[name]
    assert cog.about(), f"{name} needs a docstring"
    for handler in cog.handlers.values():
        assert re.fullmatch(r"[A-Z].*[.?!]", handler.about), f"{name}.{handler.name}: {handler.about!r}"


def asked(name: str) -> list[Parameter]:
    cog = TYPES[name]
    found = [item for handler in cog.handlers.values() for item in asked_by(handler)]
    return [*found, *of_dataclass(cog.settings_type)]


def asked_by(handler: Handler) -> Sequence[Parameter]:
    """What people are asked for, without what buttons bring along themselves."""
    if isinstance(handler, CommandHandler | MenuHandler):
        return handler.parameters()
    return [item for item in handler.parameters() if item.field.about]


def test_each_field_has_a_label_and_a_line_about_it(name: str) -> None:
    for item in asked(name):
        assert 0 < len(item.field.label) <= LABEL_MOST, item.name
        assert item.field.about, f"{name}: {item.name} needs a line about it"


EXAMPLES: Mapping[Kind, Any] = {
    Kind.TEXT: "some words",
    Kind.LONG_TEXT: "some\nwords",
    Kind.INTEGER: 7,
    Kind.YES_NO: True,
    Kind.DATE: date(2027, 2, 28),
    Kind.MOMENT: Moment(MONDAY),
    Kind.SCHEDULE: parse("every 2 weeks on Friday at 16:00", now_ms=MONDAY, zone=UTC),
    Kind.ZONE: ZoneInfo("Asia/Tokyo"),
    Kind.MEMBER: Member(SPACE, "u1"),
    Kind.MEMBERS: (Member(SPACE, "u1"), Member(SPACE, "u2")),
    Kind.CHANNEL: Channel(SPACE, "c1"),
    Kind.ROLE: PlatformRole(SPACE, "r1"),
    Kind.TEXTS: ("Hello {member}!", "And you,\n{member}"),
    Kind.REF: 12,
}


def test_settings_come_back_as_they_were_kept(name: str) -> None:
    cog = TYPES[name]
    place = Place(SPACE, UTC, MONDAY)
    sections = Sections({name: cog.settings_type}, {}, UTC)
    for item in of_dataclass(cog.settings_type):
        value = item.field.options[-1].value if item.field.options else EXAMPLES[item.field.kind]
        value = item.enum(value) if item.enum else value
        row = {"section": name, "name": item.name, "value": stored(value), "set_by": "", "set_at": 0}
        loaded = getattr(sections.load(SPACE, [row])[name], item.name)  # type: ignore[list-item]
        assert loaded == value
        raw: Any = filled(item, loaded).value
        if item.field.kind in (Kind.MEMBER, Kind.CHANNEL, Kind.ROLE, Kind.MEMBERS):
            raw = value
        assert changed(item, raw, None, item.default, place) == value
        assert changed(item, filled(item, loaded).value, loaded, item.default, place) == value


def test_the_defaults_of_settings_are_of_their_kind(name: str) -> None:
    cog = TYPES[name]
    values = cog.settings_type()
    place = Place(SPACE, UTC, MONDAY)
    for item in of_dataclass(cog.settings_type):
        default = getattr(values, item.name)
        if default is not None:
            assert changed(item, filled(item, default).value, None, default, place) == default


async def columns(tx: Tx, table: str) -> set[str]:
    statement = (
        "SELECT name FROM pragma_table_info(:table)"
        if tx.dialect == "sqlite"
        else "SELECT column_name AS name FROM information_schema.columns WHERE table_name = :table"
    )
    return {row["name"] for row in await tx.all(statement, {"table": table})}


async def test_tables_carry_community_and_space(engine: Engine) -> None:
    await migrator(engine, COGS).upgrade()
    await migrator(engine, COGS).upgrade()
    for cog in COGS:
        folder = cog.migrations()
        made = set(
            re.findall(
                r"CREATE TABLE (\w+)",
                "".join(file.read_text() for file in folder.iterdir()) if folder else "",
            )
        )
        assert made == set(cog.tables), f"{cog.name} declares other tables than it makes"
        for table in cog.tables:
            assert table.startswith(f"{cog.name}_")
            found = await engine.read(lambda tx, table=table: columns(tx, table))  # type: ignore[misc]
            assert {"community", "space"} <= found, table


def worst(item: Parameter) -> Any:
    match item.field.kind:
        case Kind.INTEGER | Kind.REF:
            return BIG
        case Kind.MEMBER:
            return Member(SPACE, "9" * 20)
        case Kind.CHANNEL:
            return Channel(SPACE, "9" * 20)
        case Kind.YES_NO:
            return True
        case _:
            return "x" * 20


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.name)
def test_what_a_control_carries_fits_into_its_id(entry: Entry) -> None:
    arguments: Sequence[Any] = [worst(item) for item in entry.parameters if not item.field.about]
    if isinstance(entry.handler, SelectHandler | FormHandler):
        arguments = ["x" * 20]
    if isinstance(entry.handler, MenuHandler):
        arguments = [BIG]
    action = bind(entry.name, *arguments, only=Member(SPACE, "9" * 20), until=MONDAY * 2)
    assert len(Sealer(b"key").seal(action, SPACE, once=BIG)) <= ACTION_MOST


# --- what is stored about a person


@dataclass
class Told:
    """What a cog holds of somebody, by kind, and what becomes of each when they are forgotten."""

    rows: dict[str, int]
    promises: dict[str, str]


async def told(shed: RoomTown, cog: Cog[Any, Any], member: Member, *, forget: bool = False) -> Told:
    """Ask a cog, within a unit as the host would."""
    community = await shed.core.units.community(shed.platform.space)

    async def work(tx: Tx) -> Told:
        scope = Scope(tx, community, SPACE, shed.clock.now(), shed.core.new_id)
        ctx: Ctx[Any, Any] = Ctx(
            cog=cog.name,
            handler="contract",
            event="contract",
            scope=scope,
            space=shed.platform.space,
            zone=UTC,
            settings=None,
            store=None,
        )
        ctx = as_cog(ctx, cog, await space_settings(ctx, shed.core.sections))
        if forget:
            await cog.forget(ctx, member)
        held = await cog.export(ctx, member)
        json.dumps([list(item.rows) for item in held])
        return Told(
            {item.what: len(item.rows) for item in held}, {item.what: item.on_forget for item in held}
        )

    return await shed.core.engine.unit(community, work)


async def test_everything_is_told_and_what_was_promised_goes(tmp_path: Path) -> None:
    async with town(tmp_path) as shed:
        robin = await shed.newcomer("Robin")
        await robin.types("/shoutout @Jo for carrying the bench up the stairs")
        await shed.as_("Mina").types("/shoutout @Robin for asking the right question")
        await shed.as_("Jo").types("/shoutout @Mina for being there when it mattered")
        await robin.presses("Me too")
        await robin.types("/kith feedback the evenings are too loud")
        await robin.types("/kith quiet")
        shed.room.people[robin.id].roles = ["admin", "moderator", "curator"]
        await robin.types("/curate add Oil the hinge before you plane the door.")
        await robin.types("/kith-admin settings kindness")
        await robin.fills(daily="7", story="every Friday at 15:00")
        await robin.types("/kith me")
        await robin.presses("Keep someone away")
        await robin.fills(who="@Amara")
        await shed.core.drafts.keep(robin.member, Form("Half a form", "a", ()), {"why": "She stayed late"})
        cogs = shed.core.registry.cogs.values()
        before = {cog.name: await told(shed, cog, robin.member) for cog in cogs}
        for cog_name in ("kith", "welcome", "kindness", "knowledge"):
            assert all(before[cog_name].rows.values()), before[cog_name].rows
        for cog in cogs:
            after = await told(shed, cog, robin.member, forget=True)
            for what, promise in before[cog.name].promises.items():
                if promise == "removed":
                    assert not after.rows.get(what), f"{cog.name}: {what} was to be removed"
        for cog in cogs:
            for table in cog.tables:
                rows = json.dumps(await shed.rows(f"SELECT * FROM {table}"), default=str)
                if table == "welcome_greeting":
                    continue  # kept, so that nobody is greeted twice, as its export says
                assert robin.member.key not in rows, table
                assert "Robin" not in rows, table


# --- the documents


def test_every_command_is_documented_as_it_is() -> None:
    assert (ROOT / "docs/commands.md").read_text(encoding="utf-8") == commands_page()


def test_every_setting_is_documented_as_it_is() -> None:
    assert (ROOT / "docs/settings.md").read_text(encoding="utf-8") == settings_page()


def commands_page() -> str:
    known = registry()
    out = [
        "# Commands",
        "",
        "What people can use, by the part of Kith that it belongs to. Options in brackets may be left out; "
        "what is missing is asked for in a form. `/kith help` shows each person what they may use.",
        "",
        "On Slack, all but `/shoutout` begin with `/kith`: `/kith ask`, `/kith curate add`, "
        "`/kith admin setup`.",
    ]
    for cog in known.cogs.values():
        specs = [spec for spec in known.catalog.commands if spec.cog == cog.name]
        menus = [menu for menu in known.catalog.menus if menu.cog == cog.name]
        if not specs and not menus:
            continue
        out += [
            "",
            f"## {cog.name}",
            "",
            cog.about(),
            "",
            "| command | for | what it does |",
            "|---|---|---|",
        ]
        for spec in specs:
            options = "".join(f" {item.name}" if item.required else f" [{item.name}]" for item in spec.fields)
            out.append(f"| `/{spec.name}{options}` | {spec.role}s | {spec.about} |")
        for menu in menus:
            entry = known.entry(menu.action)
            assert entry is not None
            out.append(f"| {menu.label} (on a {menu.target}) | {menu.role}s | {entry.handler.about} |")
    return "\n".join(out) + "\n"


def settings_page() -> str:
    out = [
        "# Settings",
        "",
        "Each space has its own: an admin changes them with `/kith-admin settings`, and everybody can read "
        "the changes in `/kith log`. The same names, under the table of the same name, set defaults for all "
        "spaces in `config.toml`, but for those of `kith`.",
    ]
    for cog_name, cog in TYPES.items():
        known = of_dataclass(cog.settings_type)
        if not known:
            continue
        values = cog.settings_type()
        out += ["", f"## {cog_name}", "", "| setting | what it is | kind | if not set |", "|---|---|---|---|"]
        for item in known:
            default = _default(getattr(values, item.name))
            out.append(f"| `{item.name}` | {item.field.about} | {_kind(item)} | {default} |")
    return "\n".join(out) + "\n"


def _default(value: Any) -> str:
    if value is None:
        return "none"
    return "<br>".join(value) if isinstance(value, tuple) else str(value)


def _kind(item: Parameter) -> str:
    field = item.field
    if field.kind is Kind.INTEGER and field.least is not None:
        return f"number, {field.least} to {field.most}"
    if field.kind is Kind.TEXTS:
        return f"texts, up to {field.most} characters each"
    return field.kind.value.replace("_", " ")
