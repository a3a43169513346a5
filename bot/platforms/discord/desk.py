"""Answers whoever uses the bot within Discord's three seconds, whatever the storage does meanwhile."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any, Final

import structlog

from bot.model.content import Button, ButtonStyle, Card, Catalog, Content, Form, Section
from bot.model.events import FormSent, Interaction, Raw
from bot.model.outgoing import Answer
from bot.model.text import CommandName, T
from bot.platforms.base import Sink
from bot.platforms.discord import commands, interactions, modals
from bot.platforms.discord.answers import ANSWER_ERRORS, Answers
from bot.platforms.discord.commands import Tree
from bot.platforms.discord.ids import Json, marker
from bot.platforms.discord.interactions import Used
from bot.platforms.discord.kept import Kept
from bot.platforms.discord.markdown import CommandIds, Markdown
from bot.platforms.discord.parse import Guilds
from bot.platforms.discord.render import message

OURS: Final = "~form:"
"""Begins the ids of the controls that show pages of forms; a sealed action never does."""
_DRAFTS: Final = 2_000
_COMPLETION_SECONDS: Final = 2.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds after which somebody is told that an answer is to come: while it is not stored yet, and
    while it is stored and the answer is on its way."""

    stored: float = 1.5
    answered: float = 2.2


@dataclass(slots=True)
class _Draft:
    """A form that is being filled in over several steps."""

    form: Form
    who: str
    pages: list[Form]
    values: dict[str, Raw] = field(default_factory=dict)


class Desk:
    """Takes interactions, one after the other as they come, each on its own."""

    def __init__(
        self,
        answers: Answers,
        guilds: Guilds,
        command_ids: Callable[[], CommandIds],
        patience: Patience,
    ) -> None:
        self.tree = Tree(Catalog())
        self._answers = answers
        self._guilds = guilds
        self._command_ids = command_ids
        self._patience = patience
        self._drafts: Kept[str, _Draft] = Kept(_DRAFTS)
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, sink: Sink, payload: Json) -> None:
        """An interaction came."""
        used = interactions.read(self._guilds, payload)
        if used is None:
            log.warning("interaction_from_nowhere", kind=payload.get("type"))
            return
        if used.kind == interactions.AUTOCOMPLETE:
            self._start(self._complete(sink, used))
            return
        if self._answers.opened(used.token):
            self._start(self._serve(sink, used))

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except ANSWER_ERRORS as error:
            log.warning("interaction_not_answered", error=str(error))
        except Exception as error:
            log.error("interaction_failed", exc_info=error)

    # Typing.

    async def _complete(self, sink: Sink, used: Used) -> None:
        asked = interactions.completion(self.tree, used)
        choices: list[Json] = []
        if asked is not None:
            request, option = asked
            found = self.tree.choices(request.path, option, request.typed)
            if found is None:
                try:
                    async with asyncio.timeout(_COMPLETION_SECONDS):
                        found = list(await sink.complete(request))
                except TimeoutError:
                    found = []
                except Exception as error:
                    log.warning("no_completion", error=str(error))
                    found = []
            choices = [commands.choice(one) for one in found if one.value][: commands.OPTIONS_MOST]
        await self._answers.choices(used.token, choices)

    # Everything else.

    async def _serve(self, sink: Sink, used: Used) -> None:
        if used.custom_id.startswith(OURS):
            happening = await self._own(used)
        else:
            happening = interactions.event(self._guilds, self.tree, used)
        if happening is None:
            return
        quietly = used.kind == interactions.COMPONENT
        loop = asyncio.get_running_loop()
        answered_by = loop.time() + self._patience.answered
        accepting = asyncio.create_task(sink.accept(happening))
        try:
            await asyncio.wait((accepting,), timeout=self._patience.stored)
            if not accepting.done():
                await self._answers.acknowledge(used.token, quietly=quietly)
            form = await accepting
        except ANSWER_ERRORS:
            await asyncio.wait((accepting,))
            raise
        except asyncio.CancelledError:
            accepting.cancel()
            raise
        except Exception as error:
            log.warning("interaction_not_stored", error=str(error))
            await self._say(used, "failed", _FAILED)
            return
        if form is not None:
            await self._ask(used, form)
            return
        if self._answers.is_open(used.token):
            loop.call_at(answered_by, self._remind, used, quietly)

    def _remind(self, used: Used, quietly: bool) -> None:
        """The answer is stored and on its way, yet it is late."""
        if self._answers.is_open(used.token):
            self._start(self._answers.acknowledge(used.token, quietly=quietly))

    # Forms.

    async def _ask(self, used: Used, form: Form) -> None:
        """Show a form at once where Discord allows it, else a button that opens it."""
        pages = modals.pages(form)
        wrong = modals.problems(form)
        can_open = used.kind != interactions.MODAL
        if len(pages) == 1 and can_open:
            shown = modals.modal(pages[0], form.action, self._markdown(used))
            if await self._answers.show(used.token, shown):
                return
        ident = self._keep(used, form, pages)
        if can_open and await self._answers.show(used.token, self._page(used, ident, 0)):
            return
        first = next((at for at, page in enumerate(pages) if any(item.problem for item in page.fields)), 0)
        await self._offer(used, ident, first, "Fix it" if wrong else "Open form", tuple(wrong))

    def _keep(self, used: Used, form: Form, pages: list[Form]) -> str:
        ident = secrets.token_hex(6)
        self._drafts.put(ident, _Draft(form, used.actor.member.key, pages))
        return ident

    def _page(self, used: Used, ident: str, number: int) -> Json:
        draft = self._drafts.get(ident)
        assert draft is not None
        page = draft.pages[number]
        fields = tuple(
            modals.shown(item, draft.values[item.name]) if item.name in draft.values else item
            for item in page.fields
        )
        count = len(draft.pages)
        custom_id = draft.form.action if count == 1 else f"{OURS}sent:{ident}:{number}"
        page = replace(page, fields=fields)
        return modals.modal(page, custom_id, self._markdown(used), number=number + 1, of=count)

    async def _offer(
        self, used: Used, ident: str, number: int, label: str, wrong: tuple[Any, ...] = ()
    ) -> None:
        draft = self._drafts.get(ident)
        assert draft is not None
        button = Button(label, f"{OURS}open:{ident}:{number}", ButtonStyle.MAIN)
        if wrong:
            card = Card(T("Almost there"), sections=tuple(map(Section, wrong)), buttons=(button,))
        elif number:
            done, count = number, len(draft.pages)
            card = Card(T("{done} of {count} pages done", done=done, count=count), buttons=(button,))
        else:
            card = Card(draft.form.title, T("A few questions are left."), buttons=(button,))
        await self._say(used, f"{label}:{number}", card)

    async def _own(self, used: Used) -> Interaction | None:
        """A page was asked for or filled in; after the last one, the form as a whole."""
        what, ident, number = _split(used.custom_id)
        draft = self._drafts.get(ident)
        if draft is None or draft.who != used.actor.member.key or not 0 <= number < len(draft.pages):
            await self._say(used, "gone", _GONE)
            return None
        if what == "open":
            await self._answers.show(used.token, self._page(used, ident, number))
            return None
        filled = modals.filled(used.space.key, used.data)
        for item in draft.pages[number].fields:
            draft.values.pop(item.name, None)
        draft.values |= filled
        if number + 1 < len(draft.pages):
            await self._offer(used, ident, number + 1, "Next")
            return None
        self._drafts.pop(ident)
        sent = interactions.event(self._guilds, self.tree, used)
        assert isinstance(sent, FormSent)
        return replace(sent, action=draft.form.action, values=dict(draft.values))

    async def _say(self, used: Used, what: str, content: Content) -> None:
        """An answer of the platform's own."""
        to = Answer(str(used.token), used.actor.member, used.channel)
        key = f"desk:{used.token.interaction}:{what}"
        mark = marker(to.lane, key)
        body = message(content, self._markdown(used), mark=mark, private=True)
        await self._answers.post(used.token, key, body, mark)

    def _markdown(self, used: Used) -> Markdown:
        return Markdown(used.space.key, self._command_ids)


def _split(custom_id: str) -> tuple[str, str, int]:
    what, _, rest = custom_id.removeprefix(OURS).partition(":")
    ident, _, number = rest.partition(":")
    return what, ident, int(number) if number.isdecimal() else -1


_FAILED: Final = T("I couldn't keep that just now, so nothing was done. Please try again in a minute.")
_GONE: Final = T(
    "That form is too old now. Start again, please; {help} shows what there is.",
    help=CommandName(("kith", "help")),
)
