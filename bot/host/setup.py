"""For admins: a guided start, settings as forms, and every public text shown before anybody sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Final

from bot import grammar
from bot.cog import Cog, Group, Held, NoSettings, button, form, select
from bot.ctx import Ctx, Sorry
from bot.host.common import ask_cog, space_settings
from bot.host.settings import HOST
from bot.jobs import sync_jobs
from bot.model.content import Accent, Button, ButtonStyle, Card, Field, Form, Kind, Option, Section
from bot.model.events import Raw
from bot.model.ids import Channel, Member, PlatformRole
from bot.model.nearest import nearest
from bot.model.roles import Role
from bot.model.rules import Rule, upcoming
from bot.model.text import CommandName, Moment, T, Words
from bot.reading import Misread, Place, shown
from bot.registry import Registry
from bot.settings import Sections, changed, filled, spoken, stored
from bot.spec import Parameter, Text, describe
from bot.store import Store
from storage.repos import settings as setting_rows
from storage.repos import spaces

SHOWN: Final = 120

SetupCtx = Ctx[NoSettings, Store]
SectionName = Annotated[str, Text(most=60)]

kith_admin = Group("kith-admin", role=Role.ADMIN)


class Setup(Cog[NoSettings, Store]):
    """For admins: a guided start, settings, and every public text before anybody sees it."""

    def __init__(self, registry: Registry, sections: Sections) -> None:
        self._registry = registry
        self._sections = sections

    @kith_admin.command
    async def setup(self, ctx: SetupCtx) -> None:
        """Set me up step by step. Nothing is public before you press Go."""
        row = await spaces.get(ctx.scope.tx, ctx.space.key)
        assert row is not None
        settings = await space_settings(ctx, self._sections)
        live = row["live_since"] is not None
        hints: list[Section] = []
        if row["announces_joins"]:
            hints.append(
                Section(
                    T(
                        "This place posts a join message of its own. Two greetings are one too many: turn"
                        " that one off in its settings, or choose another channel for mine."
                    ),
                    T("Before you go"),
                )
            )
        if not row["hears_joins"]:
            hints.append(
                Section(
                    T(
                        "Nobody tells me here who joins, so I greet newcomers when they first write or use"
                        " me. Whoever runs me can change that; the doctor says how."
                    ),
                    T("Good to know"),
                )
            )
        if settings[HOST].hosts_channel is None:
            hints.append(
                Section(
                    T(
                        "What members tell the hosts waits in {review}. Choose a hosts' channel in the"
                        " basics, and it comes there.",
                        review=CommandName(("kith-mod", "review")),
                    ),
                    T("Good to know"),
                )
            )
        ctx.reply(
            Card(
                T("Setting up Kith in {space}", space=ctx.space.name),
                T("Kith is open here. You can change anything at any time.")
                if live
                else T("Look through these, preview the texts, then press Go. Until then I stay silent."),
                sections=(
                    *(
                        Section(
                            self._summary(name, settings[name], ctx),
                            T("{name}", name=_title(name)),
                            self.change.bind(
                                name, label=T("Change {name}", name=_title(name).lower()), only=ctx.user
                            ),
                        )
                        for name in self._sections.names
                    ),
                    *hints,
                ),
                buttons=self._next_steps(ctx)[: 1 if live else 2],
                accent=Accent.CALM,
            )
        )

    def _next_steps(self, ctx: SetupCtx) -> tuple[Button, Button]:
        """To see the texts, and to open."""
        return self.preview_all.bind(only=ctx.user), self.go.bind(only=ctx.user)

    async def _is_live(self, ctx: SetupCtx) -> bool:
        row = await spaces.get(ctx.scope.tx, ctx.space.key)
        return row is not None and row["live_since"] is not None

    def _summary(self, section: str, values: Any, ctx: SetupCtx) -> Words:
        words: Words = T("")
        for index, item in enumerate(self._sections.parameters(section)):
            value = getattr(values, item.name)
            shown = _shown(value)
            if value is None and item.field.kind is Kind.ZONE:
                shown = T("{zone} (from the configuration)", zone=ctx.zone.key)
            line = T("{label}: {shown}", label=item.field.label, shown=shown)
            words = T("{words}\n{line}", words=words, line=line) if index else line
        return words

    @button("Preview every text")
    async def preview_all(self, ctx: SetupCtx) -> None:
        """See every public text, privately."""
        await self._preview(ctx)

    @button("Go", style=ButtonStyle.MAIN, role=Role.ADMIN)
    async def go(self, ctx: SetupCtx) -> None:
        """Open Kith to everybody here."""
        if await self._is_live(ctx):
            raise Sorry(T("Kith is open here already."))
        await spaces.go_live(ctx.scope.tx, ctx.space.key, ctx.now)
        ctx.note("setup", T("{who} opened Kith here.", who=ctx.user))
        ctx.reply(
            T(
                "Open. From now on I greet, carry thanks and share. {pause} silences me.",
                pause=CommandName(("kith-mod", "pause")),
            )
        )

    @kith_admin.command
    async def preview_(self, ctx: SetupCtx) -> None:
        """See every text that I would post in public, for your eyes only."""
        await self._preview(ctx)

    async def _preview(self, ctx: SetupCtx) -> None:
        settings = await space_settings(ctx, self._sections)
        count = 0
        for cog in self._registry.cogs.values():
            for item in await ask_cog(ctx, cog, settings, cog.preview) or ():
                ctx.reply(_private(item.when, item.content))
                count += 1
        if not count:
            raise Sorry(T("Nothing would be posted yet. Choose channels with {setup} first.", setup=_SETUP))

    @kith_admin.command
    async def settings(self, ctx: SetupCtx, section: SectionName = "") -> None:
        """Change how I work here.

        section: Which part; without it, you choose from a list.
        """
        if section:
            found = nearest(
                section, [*self._sections.names, *(_title(name) for name in self._sections.names)]
            )
            name = next((name for name in self._sections.names if found in (name, _title(name))), None)
            if name is None:
                raise Sorry(T("There is no part called {section}. {all}", section=section, all=self._parts()))
            await self._ask(ctx, name)
            return
        options = [
            Option(_title(name), name, describe(self._registry.cogs[name].settings_type.__doc__)[0][:100])
            for name in self._sections.names
        ]
        ctx.reply(
            Card(
                T("What would you like to change?"),
                buttons=(self.choose.bind(options=options, only=ctx.user),),
                accent=Accent.CALM,
            )
        )

    def _parts(self) -> Words:
        return T("There are {names}.", names=", ".join(self._sections.names))

    @select("Choose a part", role=Role.ADMIN)
    async def choose(self, ctx: SetupCtx, chosen: tuple[str, ...]) -> None:
        """Open the form of the part that was chosen."""
        await self._ask(ctx, chosen[0])

    @button("Change", role=Role.ADMIN)
    async def change(self, ctx: SetupCtx, section: str) -> None:
        """Open the form of one part."""
        await self._ask(ctx, section)

    async def _ask(self, ctx: SetupCtx, section: str) -> None:
        if section not in self._sections.names:
            raise Sorry(T("That part of Kith is switched off here."))
        values = (await space_settings(ctx, self._sections))[section]
        fields = [filled(item, getattr(values, item.name)) for item in self._sections.parameters(section)]
        ctx.ask(self._form(ctx, section, ctx.now, fields))

    def _form(self, ctx: SetupCtx, section: str, asked_at: int, fields: Sequence[Field]) -> Form:
        return self.save.form(
            section, asked_at, title=T("{name}", name=_title(section)), fields=fields, only=ctx.user
        )

    @form(role=Role.ADMIN)
    async def save(self, ctx: SetupCtx, section: str, asked_at: int, values: Mapping[str, Raw]) -> None:
        """Keep what was filled in; ask again where it can't be used or was changed meanwhile."""
        settings = await space_settings(ctx, self._sections)
        before = settings[section]
        place = Place(ctx.space.key, ctx.zone, ctx.now)
        wanted: dict[str, Any] = {}
        again: dict[str, Field] = {}
        seen_at = asked_at
        parameters = self._sections.parameters(section)
        for item in parameters:
            raw, held = values.get(item.name), getattr(before, item.name)
            default = self._sections.default(section, item, ctx.space.key)
            try:
                wanted[item.name] = changed(item, raw, held, default, place)
            except Misread as slip:
                again[item.name] = replace(_as_sent(item, raw), problem=str(slip))
                continue
            origin = settings.origins.get((section, item.name))
            if origin is not None and origin.at > asked_at and wanted[item.name] != held:
                again[item.name] = replace(filled(item, held), problem=CHANGED_MEANWHILE)
                seen_at = ctx.now
        if again:
            fields = [again.get(item.name) or _as_sent(item, values.get(item.name)) for item in parameters]
            ctx.ask(self._form(ctx, section, seen_at, fields))
            return
        new = [item for item in parameters if wanted[item.name] != getattr(before, item.name)]
        for item in new:
            await self._keep(ctx, section, item, wanted[item.name])
        if not new:
            ctx.reply(T("All as it was."))
            return
        after = await space_settings(ctx, self._sections)
        zone = after[HOST].zone or ctx.zone
        if await sync_jobs(ctx.scope, self._registry, after, zone):
            ctx.effects.rescheduled = True
        ctx.reply(
            Card(
                T("Kept"),
                sections=tuple(
                    Section(self._echo(ctx, wanted[item.name], zone), T("{label}", label=item.field.label))
                    for item in new
                ),
                buttons=() if await self._is_live(ctx) else self._next_steps(ctx),
                footer=T("Everybody can see changes in {log}.", log=CommandName(("kith", "log"))),
                accent=Accent.CALM,
            )
        )

    async def _keep(self, ctx: SetupCtx, section: str, item: Parameter, value: Any) -> None:
        await setting_rows.put(
            ctx.scope.tx,
            community=ctx.community,
            space=ctx.space.key,
            section=section,
            name=item.name,
            value=stored(value),
            by=ctx.user.key,
            now=ctx.now,
        )
        ctx.note(
            "settings",
            T(
                "{who} changed {section}: {label} is now {shown}.",
                who=ctx.user,
                label=item.field.label,
                section=_title(section),
                shown=_shown(value),
            ),
        )

    def _echo(self, ctx: SetupCtx, value: Any, zone: Any) -> Words:
        if not isinstance(value, Rule):
            return _shown(value)
        words: Words = T("{rule}. Next:", rule=grammar.describe(value))
        for coming in upcoming(value, zone, ctx.now, 3):
            words = T("{words}\n{when}", words=words, when=Moment(coming.at))
        return words

    async def export(self, ctx: SetupCtx, member: Member) -> Sequence[Held]:
        """Who set what is told by the host's first cog."""
        return ()

    async def forget(self, ctx: SetupCtx, member: Member) -> None:
        """Nothing of its own."""


CHANGED_MEANWHILE: Final = "Somebody changed this while you were here. This is what it is now."
_SETUP: Final = CommandName(("kith-admin", "setup"))


def _title(section: str) -> str:
    return "Basics" if section == HOST else section.replace("_", " ").capitalize()


def _private(when: Words, content: Any) -> Card:
    if isinstance(content, Card):
        return replace(content, footer=when, buttons=())
    return Card(when, content)


def _as_sent(item: Parameter, raw: Raw | None) -> Field:
    return replace(shown(item.field, raw), required=False)


def _shown(value: Any) -> Words:
    """A setting's value in words, cut short where it is long."""
    match value:
        case None | ():
            return T("not set")
        case Channel() | Member() | PlatformRole():
            return T("{value}", value=value)
        case tuple():
            return T("{count} texts", count=len(value)) if len(value) > 1 else _shown(value[0])
        case _:
            text = str(spoken(value))
            return text if len(text) <= SHOWN else text[:SHOWN] + "…"
