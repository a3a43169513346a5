"""Small pieces of what the community knows, found again and shared on schedule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import urlsplit

from bot import (
    Accent,
    Attention,
    ButtonStyle,
    Card,
    Channel,
    Cog,
    CommandName,
    Ctx,
    Group,
    Held,
    Label,
    Link,
    Member,
    Option,
    Preview,
    Ref,
    Role,
    Rule,
    Section,
    Sorry,
    T,
    Text,
    Words,
    button,
    command,
    counted,
    job,
)
from cogs.knowledge.store import Snippet, SnippetStore

PAGE: Final = 8
ANSWERS: Final = 3
LISTED: Final = 200
"""Characters of a snippet in the list of all."""
ANSWERED: Final = 600
"""Characters of a snippet beside other answers."""
ALONE: Final = 1500
"""Characters of a snippet that is shown by itself: all that it can have."""
DIGITS_MOST: Final = 16

Piece = Annotated[str, Text(least=12, most=ALONE, long=True), Label("What is worth knowing?")]
Title = Annotated[str, Text(most=100), Label("Title")]
Source = Annotated[str, Text(most=300), Label("Where it is from")]
Which = Annotated[int, Ref("complete_snippet"), Label("Which snippet?")]
Question = Annotated[str, Text(most=300), Label("What would you like to know?")]

curate = Group("curate", role=Role.CURATOR)


@dataclass(frozen=True, slots=True)
class Settings:
    """Where and when a piece of knowledge is shared.

    channel: Where snippets are shared.
    drop: When one is shared, like "Tuesday and Thursday at 10:00".
    """

    channel: Annotated[Channel | None, Label("Channel for snippets")] = None
    drop: Annotated[Rule | None, Label("When to share one")] = None


KnowledgeCtx = Ctx[Settings, SnippetStore]


class Knowledge(Cog[Settings, SnippetStore]):
    """Small pieces of what the community knows, found again and shared on schedule."""

    tables = ("knowledge_snippet", "knowledge_number")

    @command
    async def ask(self, ctx: KnowledgeCtx, question: Question) -> None:
        """Ask what the community knows about something.

        question: A few words are enough.
        """
        found = await ctx.store.search(question, ANSWERS)
        if not found:
            raise Sorry(T("Nothing on that yet. Ask people in a channel; their answer may be worth keeping."))
        most = ALONE if len(found) == 1 else ANSWERED
        ctx.reply(
            Card(
                T("What we know about that"),
                sections=tuple(self._section(ctx, item, most) for item in found),
                accent=Accent.CALM,
            )
        )

    @button("Read it all")
    async def read(self, ctx: KnowledgeCtx, number: int) -> None:
        """A snippet at its full length."""
        snippet = await ctx.store.by_number(number)
        if snippet is None:
            raise Sorry(T("That one was taken out meanwhile."))
        ctx.reply(await self._card(ctx, snippet))

    def _section(self, ctx: KnowledgeCtx, snippet: Snippet, most: int) -> Section:
        """A snippet with where it is from; of a long one its beginning, and a way to the rest."""
        if len(snippet.words) > most:
            begin = snippet.words[:most].rsplit(maxsplit=1)[0] + " …"
            label = T("Read all of number {number}", number=snippet.number)
            return Section(
                begin, _heading(snippet), self.read.bind(snippet.number, label=label, only=ctx.user)
            )
        source = _footer(snippet, None)
        words = T("{words}\n{source}", words=snippet.words, source=source) if source else snippet.words
        return Section(words, _heading(snippet))

    @curate.command
    async def add(self, ctx: KnowledgeCtx, text: Piece, title: Title = "", source: Source = "") -> None:
        """Keep a snippet worth passing on.

        text: A few lines that stand on their own.
        title: A short name for it, if it helps.
        source: A link, or who said it.
        """
        same = await ctx.store.same_words(text)
        if same is not None:
            raise Sorry(T("We have that one already: it is number {number}.", number=same.number))
        number = await ctx.store.add(id=ctx.new_id(), title=title, words=text, source=source, by=ctx.user)
        ctx.reply(
            T(
                "Kept as number {number}. Its turn comes with the others. {command} shows them all.",
                number=number,
                command=CommandName(("curate", "list")),
            )
        )

    @curate.command
    async def list_(self, ctx: KnowledgeCtx, search: Annotated[str, Text(most=100)] = "") -> None:
        """Show the snippets there are.

        search: Only those about this.
        """
        if search:
            found = await ctx.store.search(search, PAGE)
            if not found:
                raise Sorry(T("No snippet is about {search}.", search=search))
            ctx.reply(Card(T("Snippets about {search}", search=search), sections=self._list(ctx, found)))
            return
        await self._page(ctx, 0)

    async def _page(self, ctx: KnowledgeCtx, after: int) -> None:
        found = await ctx.store.page(after, PAGE + 1)
        if not found:
            raise Sorry(
                T("There are no snippets yet. Keep the first with {add}.", add=CommandName(("curate", "add")))
            )
        shown = found[:PAGE]
        more = (self.more.bind(shown[-1].number, only=ctx.user),) if len(found) > PAGE else ()
        ctx.reply(
            Card(
                counted(await ctx.store.count(), "One snippet", "{count} snippets"),
                sections=self._list(ctx, shown),
                buttons=more,
                footer=T("Take one out with {remove}.", remove=CommandName(("curate", "remove"))),
            )
        )

    def _list(self, ctx: KnowledgeCtx, snippets: Sequence[Snippet]) -> tuple[Section, ...]:
        return tuple(self._section(ctx, item, LISTED) for item in snippets)

    @button("Show more", role=Role.CURATOR)
    async def more(self, ctx: KnowledgeCtx, after: int) -> None:
        """The next snippets of the list."""
        await self._page(ctx, after)

    @curate.command
    async def remove(self, ctx: KnowledgeCtx, which: Which) -> None:
        """Take a snippet out.

        which: Its number.
        """
        snippet = await self._snippet(ctx, which)
        ctx.reply(
            Card(
                T("Take this one out?"),
                sections=(self._section(ctx, snippet, ALONE),),
                buttons=(self.really_remove.bind(snippet.number, only=ctx.user, until=ctx.now + 3_600_000),),
            )
        )

    @button("Take it out", role=Role.CURATOR, style=ButtonStyle.CAREFUL)
    async def really_remove(self, ctx: KnowledgeCtx, number: int) -> None:
        """Take a snippet out for good."""
        snippet = await self._snippet(ctx, number)
        await ctx.store.remove(snippet)
        ctx.reply(T("Number {number} is gone.", number=number))

    async def _snippet(self, ctx: KnowledgeCtx, number: int) -> Snippet:
        snippet = await ctx.store.by_number(number)
        if snippet is None:
            raise Sorry(
                T(
                    "There is no snippet with the number {number}. {command} shows those there are.",
                    number=number,
                    command=CommandName(("curate", "list")),
                )
            )
        return snippet

    @curate.command
    async def next(self, ctx: KnowledgeCtx) -> None:
        """See which snippet comes next."""
        snippet = await ctx.store.next()
        if snippet is None:
            raise Sorry(
                T("There are no snippets yet. Keep the first with {add}.", add=CommandName(("curate", "add")))
            )
        ctx.reply(await self._card(ctx, snippet))

    @curate.command
    async def drop(self, ctx: KnowledgeCtx) -> None:
        """Share the next snippet now."""
        if ctx.settings.channel is None:
            raise Sorry(T("There is no channel for snippets yet. Ask an admin to choose one."))
        if not await self._share(ctx, None):
            raise Sorry(
                T("There are no snippets yet. Keep the first with {add}.", add=CommandName(("curate", "add")))
            )
        ctx.reply(T("Shared in {channel}.", channel=ctx.settings.channel))

    @job("drop")
    async def scheduled_drop(self, ctx: KnowledgeCtx) -> None:
        """Share the next snippet."""
        await self._share(ctx, Attention.DROP)

    async def _share(self, ctx: KnowledgeCtx, attention: Attention | None) -> bool:
        channel = ctx.settings.channel
        snippet = await ctx.store.next()
        if channel is None or snippet is None:
            return False
        if attention is not None and not await ctx.may_post(channel, attention):
            ctx.note(
                "attention", T("No snippet this time: {channel} has heard enough for now.", channel=channel)
            )
            return False
        await ctx.store.dropped(snippet)
        ctx.post(
            channel,
            await self._card(ctx, snippet),
            key=f"drop:{ctx.event}",
            attention=attention,
            because=T(
                "Kith shares a snippet in {channel}; this is number {number}.",
                channel=channel,
                number=snippet.number,
            ),
            ping=False,
        )
        return True

    async def _card(self, ctx: KnowledgeCtx, snippet: Snippet) -> Card:
        by = await ctx.member(snippet.added_by) if snippet.added_by else None
        return Card(
            T("{title}", title=snippet.title) if snippet.title else T("Worth knowing"),
            snippet.words,
            footer=_footer(snippet, by),
            accent=Accent.CALM,
        )

    async def complete_snippet(self, ctx: KnowledgeCtx, typed: str) -> Sequence[Option]:
        """Snippets for an option: by number or by what they say."""
        wanted = typed.strip().lstrip("#")
        if wanted.isascii() and wanted.isdecimal():
            one = await ctx.store.by_number(int(wanted)) if len(wanted) < DIGITS_MOST else None
            found = [one] if one else []
        elif wanted:
            found = await ctx.store.search(wanted, 25)
        else:
            found = await ctx.store.page(0, 25)
        return [
            Option(f"{item.number}: {item.title or item.words}"[:100], str(item.number)) for item in found
        ]

    async def preview(self, ctx: KnowledgeCtx) -> Sequence[Preview]:
        snippet = await ctx.store.next()
        if ctx.settings.channel is None or snippet is None:
            return ()
        return [
            Preview(
                T("The next snippet, in {channel}", channel=ctx.settings.channel),
                await self._card(ctx, snippet),
            )
        ]

    async def export(self, ctx: KnowledgeCtx, member: Member) -> Sequence[Held]:
        return [Held("Snippets you kept", await ctx.store.about(member), "kept for all, without your name")]

    async def forget(self, ctx: KnowledgeCtx, member: Member) -> None:
        await ctx.store.anonymise(member)


def _heading(snippet: Snippet) -> Words:
    if snippet.title:
        return T("{number} · {title}", number=snippet.number, title=snippet.title)
    return T("Number {number}", number=snippet.number)


def _footer(snippet: Snippet, by: Member | None) -> Words | None:
    source: Words | Link | None = None
    if snippet.source:
        is_link = urlsplit(snippet.source).scheme in ("http", "https")
        source = Link(snippet.source) if is_link else snippet.source
    if by is not None and by.name and source is not None:
        return T("From {source}. Kept by {by}.", source=source, by=by)
    if by is not None and by.name:
        return T("Kept by {by}.", by=by)
    return T("From {source}.", source=source) if source is not None else None
