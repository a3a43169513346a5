"""What Kith is and does, told on request: help, why, the open log, and a way to reach the hosts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, Final

from bot import codec
from bot.because import Because, tell
from bot.cog import Cog, CommandHandler, Group, Held, button, menu, on
from bot.ctx import Ctx, Sorry
from bot.host.settings import HostSettings
from bot.model.content import Accent, Card, ChosenMessage, MenuTarget, Option, Section, Table
from bot.model.events import SpokenTo
from bot.model.ids import Member, MessageRef
from bot.model.outgoing import InChannel
from bot.model.roles import Role
from bot.model.text import CommandName, Moment, T, Words, people
from bot.registry import Entry, Registry
from bot.spec import Label, Ref, Text
from bot.store import Store
from bot.usage import usage
from storage.repos import attention, book, drafts, members, schedules
from storage.repos import outbox as outbox_rows
from storage.repos import settings as setting_rows
from storage.repos.outbox import OutboxRow

LINES: Final = 10
REVIEWED: Final = 8
"""Words to the hosts at a time: as many as one message holds everywhere."""
HELP: Final = ("kith", "help")
_LINKS: Final = (
    re.compile(r"/channels/(?:\d+|@me)/(\d+)/(\d+)"),
    re.compile(r"/archives/(\w+)/p(\d{10})(\d{6})"),
)
"""Links to messages as Discord and Slack make them."""

AboutCtx = Ctx[HostSettings, Store]
CommandOption = Annotated[str, Text(most=60), Ref("complete_command")]
Feedback = Annotated[str, Text(least=3, most=1500, long=True), Label("What would you like to say?")]

kith = Group("kith")
kith_mod = Group("kith-mod", role=Role.MODERATOR)


class About(Cog[HostSettings, Store], name="kith"):
    """What Kith is and does, told on request."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    @kith.command
    async def help(self, ctx: AboutCtx, command: CommandOption = "") -> None:
        """See what you can do here.

        command: One of them, to read more about it.
        """
        if command:
            self._help_on(ctx, command)
        else:
            self._help(ctx)

    @on(SpokenTo, when=lambda event: not event.actor.member.bot)
    async def spoken_to(self, ctx: AboutCtx, event: SpokenTo) -> None:
        """Somebody speaks to me: all of the help if they alone see it, else where it is."""
        if ctx.token is not None or ctx.channel is None:
            self._help(ctx)
        else:
            ctx.reply(T("Hello {who}! {help} shows you what I can do.", who=ctx.user, help=CommandName(HELP)))

    def _help(self, ctx: AboutCtx) -> None:
        by_cog: dict[str, list[Entry]] = {}
        for spec in self._registry.catalog.commands:
            entry = self._registry.command(spec.path)
            if entry is not None and spec.role in ctx.roles:
                by_cog.setdefault(spec.cog, []).append(entry)
        ctx.reply(
            Card(
                T("What you can do here"),
                T("Kith helps people here to find each other, thank each other and share what they know."),
                sections=tuple(
                    Section(_listed(entries), T("{about}", about=self._registry.cogs[cog].about()))
                    for cog, entries in sorted(by_cog.items(), key=self._is_hosts)
                ),
                footer=T(
                    "{why} explains any message of mine. {quiet} if you want to be left alone.",
                    why=CommandName(("kith", "why")),
                    quiet=CommandName(("kith", "quiet")),
                ),
                accent=Accent.CALM,
            )
        )

    def _is_hosts(self, part: tuple[str, list[Entry]]) -> bool:
        """Whether a part of the help is the host's own, which comes after what people came for."""
        return type(self._registry.cogs[part[0]]).__module__.startswith("bot.host.")

    def _help_on(self, ctx: AboutCtx, command: str) -> None:
        path = tuple(command.strip().lstrip("/").split())
        entry = self._registry.command(path)
        if entry is None or entry.handler.role not in ctx.roles:
            if within := self._within(path, ctx.roles):
                ctx.reply(Card(T("{name}", name=CommandName(path)), _listed(within), accent=Accent.CALM))
                return
            if entry is not None:
                raise Sorry(
                    T(
                        "{name} is for {role}s here. {help} shows what you can do.",
                        name=CommandName(path),
                        role=entry.handler.role.value,
                        help=CommandName(HELP),
                    )
                )
            close = self._registry.nearest_command(path, ctx.roles)
            roots = {spec.path[:1] for spec in self._registry.catalog.commands}
            name = CommandName(path) if path[:1] in roots else command
            raise Sorry(
                T(
                    "I don't know {name}. Did you mean {close}?",
                    name=name,
                    close=CommandName(tuple(close.split())),
                )
                if close
                else T("I don't know {name}. {help} shows all.", name=name, help=CommandName(HELP))
            )
        about = f"{entry.handler.about} {entry.handler.details}".strip()
        ctx.reply(
            Card(
                T("{name}", name=CommandName(path)),
                T("{about}", about=about),
                sections=tuple(
                    Section(
                        T(
                            "{about}{optional}",
                            about=item.field.about,
                            optional=_optional(item.field.required),
                        ),
                        T("{label}", label=item.field.name),
                    )
                    for item in entry.parameters
                ),
                footer=usage(entry),
                accent=Accent.CALM,
            )
        )

    def _within(self, path: tuple[str, ...], held: frozenset[Role]) -> list[Entry]:
        """The commands of a group that somebody may use."""
        entries = (
            self._registry.command(spec.path)
            for spec in self._registry.catalog.commands
            if spec.path[:1] == path and spec.role in held
        )
        return [entry for entry in entries if entry is not None]

    @kith.command
    async def why(self, ctx: AboutCtx, message: Annotated[str, Text(most=300)] = "") -> None:
        """Learn why I said something.

        message: A link to the message; without one, my last message here.
        """
        if ctx.channel is None:
            raise Sorry(T("Ask in the channel where the message is, or use the message's menu: Why this?"))
        if not message:
            row = await outbox_rows.latest(ctx.scope.tx, ctx.community, ctx.channel.key)
            if row is None:
                raise Sorry(T("I have said nothing here yet."))
        else:
            place, ident = _linked(message)
            if place not in ("", ctx.channel.id):
                raise Sorry(
                    T("That message is in another channel. Ask there, or use the message's menu: Why this?")
                )
            key = MessageRef(ctx.channel, ident).key
            row = await outbox_rows.message(ctx.scope.tx, ctx.community, key)
        await self._explain(ctx, row)

    @menu("Why this?", on=MenuTarget.MESSAGE)
    async def why_this(self, ctx: AboutCtx, chosen: ChosenMessage) -> None:
        """Learn why I said this."""
        row = await outbox_rows.message(ctx.scope.tx, ctx.community, chosen.message.key)
        await self._explain(ctx, row)

    async def _explain(self, ctx: AboutCtx, row: OutboxRow | None) -> None:
        if row is None or not _is_for(row, ctx.user):
            raise Sorry(T("That isn't one of my messages, or it is so old that I no longer know."))
        because = Because.loads(row.because)
        if not because.cog:
            raise Sorry(T("Somebody it was to or about asked to be forgotten, so I no longer know."))
        who = await ctx.member(because.who) if because.who else None
        set_by = await ctx.member(because.set_by) if because.set_by else None
        cog = self._registry.cogs.get(because.cog)
        told = tell(because, who=who, set_by=set_by, behind=cog.about() if cog else "")
        ctx.reply(Card(T("Why this message?"), told, accent=Accent.CALM))

    @kith.command
    async def log(self, ctx: AboutCtx) -> None:
        """Read what changed here, who changed it, and what I held back."""
        await self._lines(ctx, None)

    @button("Older")
    async def older(self, ctx: AboutCtx, before: int) -> None:
        """Older lines of the log."""
        await self._lines(ctx, before)

    async def _lines(self, ctx: AboutCtx, before: int | None) -> None:
        rows = await book.lines(ctx.scope.tx, ctx.community, before=before, limit=LINES + 1)
        if not rows:
            raise Sorry(T("The log is empty so far."))
        shown = rows[:LINES]
        ctx.reply(
            Card(
                T("The open log"),
                table=Table(
                    (T("When"), T("What")),
                    tuple((T("{when}", when=Moment(row["at"])), codec.loads(row["words"])) for row in shown),
                ),
                buttons=(self.older.bind(shown[-1]["id"], only=ctx.user),) if len(rows) > LINES else (),
            )
        )

    @kith.command
    async def feedback(self, ctx: AboutCtx, words: Feedback, signed: bool = False) -> None:
        """Tell the hosts something in private.

        words: Praise, a worry, a wish.
        signed: Show them your name. Without it they see only your words.
        """
        name = (await ctx.member(ctx.user.key)).name if signed else ""
        said = T("{words}\n— {name}", words=words, name=name) if name else words
        await book.give_feedback(
            ctx.scope.tx,
            id=ctx.new_id(),
            community=ctx.community,
            space=ctx.space.key,
            member=ctx.user.key,
            at=ctx.now,
            words=codec.dumps(said),
        )
        if ctx.settings.hosts_channel is not None and not ctx.silent:
            ctx.post(
                ctx.settings.hosts_channel,
                Card(T("Feedback for the hosts"), said),
                because=T("A member wrote to the hosts."),
                ping=False,
                anonymous=not signed,
            )
        ctx.reply(T("Thank you. Only the hosts will read it."))

    @kith_mod.command
    async def review(self, ctx: AboutCtx) -> None:
        """Read what members told the hosts in private."""
        await self._feedback(ctx, None)

    @button("Older", role=Role.MODERATOR)
    async def older_feedback(self, ctx: AboutCtx, before: int) -> None:
        """Older words to the hosts."""
        await self._feedback(ctx, before)

    async def _feedback(self, ctx: AboutCtx, before: int | None) -> None:
        rows = await book.feedback(ctx.scope.tx, ctx.community, before=before, limit=REVIEWED + 1)
        if not rows:
            raise Sorry(T("Nobody has written to the hosts yet."))
        shown = rows[:REVIEWED]
        more = self.older_feedback.bind(shown[-1]["id"], only=ctx.user)
        ctx.reply(
            Card(
                T("Feedback for the hosts"),
                sections=tuple(
                    Section(codec.loads(row["words"]), T("{when}", when=Moment(row["at"]))) for row in shown
                ),
                buttons=(more,) if len(rows) > REVIEWED else (),
            )
        )

    async def complete_command(self, ctx: AboutCtx, typed: str) -> Sequence[Option]:
        """Commands this person may use."""
        names = [spec.name for spec in self._registry.catalog.commands if spec.role in ctx.roles]
        return [Option(f"/{name}", name) for name in names if typed.strip().lstrip("/") in name]

    async def export(self, ctx: AboutCtx, member: Member) -> Sequence[Held]:
        tx = ctx.scope.tx
        row = await members.get(tx, member.key)
        kept = await members.preferences(tx, ctx.community, member.key)
        blocked = [await ctx.member(key) for key in await members.blocked(tx, ctx.community, member.key)]
        feedback = await book.feedback_of(tx, ctx.community, member.key)
        said = await outbox_rows.rows_about(tx, ctx.community, member.key)
        begun = await drafts.of(tx, ctx.community, member.key)
        shown = {"name": "name", "joined_at": "joined_at", "left_at": "left_at", "last_used_at": "used_at"}
        known = [{name: row[column] for name, column in shown.items()}] if row else []
        return [
            Held("Your name and when you came", known, "your name is removed"),
            Held("Your preferences", [{"name": name, "value": value} for name, value in kept.items()]),
            Held("People you want to hear nothing of", [{"name": person.name} for person in blocked]),
            Held("Forms you began", [{"at": item["made_at"], "holds": item["body"]} for item in begun]),
            Held(
                "Feedback you gave",
                [{"at": item["at"], "words": _plain(item["words"])} for item in feedback],
            ),
            Held(
                "Messages of mine to you or naming you",
                [{"at": item.created_at, "part": item.cog} for item in said],
                "what is not sent yet is dropped; what was sent stays where it is",
            ),
        ]

    async def forget(self, ctx: AboutCtx, member: Member) -> None:
        tx, community = ctx.scope.tx, ctx.community
        for key, value in (await members.preferences(tx, community, member.key)).items():
            if value:
                await members.prefer(tx, community, member.key, key, None, ctx.now)
        for other in await members.blocked(tx, community, member.key):
            await members.unblock(tx, community, member.key, other)
        for line in await book.lines_naming(tx, community, f'"id":"{member.id}"'):
            words = codec.loads(line["words"])
            if any(person == member for person in people(words)):
                await book.rewrite(tx, community, line["id"], codec.dumps(_without(words, member)))
        await book.forget_feedback(tx, community, member.key)
        await drafts.forget(tx, community, member.key)
        await attention.forget(tx, community, f"direct:{member.key}")
        await setting_rows.anonymise(tx, community, member.key)
        await schedules.forget(tx, community, member.key)
        await members.forget(tx, member.key)
        ctx.effects.forgotten = member


def _linked(text: str) -> tuple[str, str]:
    """The ids of the channel, where the text tells it, and of the message that a link leads to."""
    for pattern in _LINKS:
        if match := pattern.search(text):
            channel, *message = match.groups()
            return channel, ".".join(message)
    words = re.findall(r"[\w.-]+", text)
    return "", words[-1] if words else ""


def _is_for(row: OutboxRow, reader: Member) -> bool:
    """Whether somebody could see this message: what is private is explained to its own person alone."""
    if not row.address:
        return True
    to = codec.loads(row.address)
    return isinstance(to, InChannel) or to.member == reader


def _listed(entries: Sequence[Entry]) -> Words:
    words: Words = T("")
    for index, entry in enumerate(entries):
        assert isinstance(entry.handler, CommandHandler)
        line = T("{name}: {about}", name=CommandName(entry.handler.path), about=entry.handler.about)
        words = T("{words}\n{line}", words=words, line=line) if index else line
    return words


def _optional(required: bool) -> str:
    return "" if required else " (you can leave it out)"


def _plain(stored: str) -> Any:
    words = codec.loads(stored)
    return words if isinstance(words, str) else words.given["words"]


def _without(words: Words, member: Member) -> Words:
    """The words with a person's name taken out of the arguments."""
    if not isinstance(words, T):
        return words
    given = {
        name: "someone" if value == member else _without(value, member) if isinstance(value, T) else value
        for name, value in words.args
    }
    return T(words.template, **given)
