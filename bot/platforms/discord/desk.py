"""Answers whoever uses the bot within Discord's three seconds, whatever the storage does meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import structlog

from bot.model.content import Button, ButtonStyle, Card, Catalog, Content, Form, Section
from bot.model.events import FormSent, Interaction, Raw
from bot.model.ids import Member
from bot.model.outgoing import Answer
from bot.model.text import CommandName, T
from bot.platforms.background import Background
from bot.platforms.base import Sink
from bot.platforms.discord import commands, interactions, modals
from bot.platforms.discord.answers import ANSWER_ERRORS, Answers
from bot.platforms.discord.commands import Tree
from bot.platforms.discord.guilds import Guilds
from bot.platforms.discord.ids import Json, marker
from bot.platforms.discord.interactions import Used
from bot.platforms.discord.markdown import CommandIds, Markdown
from bot.platforms.discord.render import message

OURS: Final = "~form:"
"""Begins the ids of the controls that show pages of forms; a sealed action never does."""
_NUMBER_MOST: Final = 2**63 - 1
_NOTHING: Final[Mapping[str, Raw]] = MappingProxyType({})
_COMPLETION_SECONDS: Final = 2.0

log = structlog.get_logger(__name__)


class Patience(NamedTuple):
    """Seconds after which somebody is told that an answer is to come: while it is not stored yet, and
    while it is stored and the answer is on its way."""

    stored: float = 1.5
    answered: float = 2.2


class _Draft(NamedTuple):
    """A form that is being filled in over several steps, with what it holds so far."""

    ident: int
    form: Form
    pages: list[Form]
    values: dict[str, Raw]


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
        self._work = Background()

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

    async def idle(self) -> None:
        """Return once everything that came is taken."""
        await self._work.idle()

    async def close(self) -> None:
        await self._work.close()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        self._work.start(self._guarded(work))

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except ANSWER_ERRORS as error:
            log.warning("interaction_not_answered", error=str(error))
        except Exception as error:
            log.error("interaction_failed", exc_info=error)

    # Typing.

    async def _complete(self, sink: Sink, used: Used) -> None:
        asked = interactions.completion(self._guilds, self.tree, used)
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
        quietly = used.kind == interactions.COMPONENT
        loop = asyncio.get_running_loop()
        answered_by = loop.time() + self._patience.answered
        covering = loop.call_later(self._patience.stored, self._cover, used, quietly)
        try:
            is_stored = await self._handle(sink, used)
        except ANSWER_ERRORS:
            raise
        except Exception as error:
            log.warning("interaction_not_stored", error=str(error))
            await self._say(used, "failed", _FAILED)
            return
        finally:
            covering.cancel()
        if is_stored and self._answers.is_open(used.token):
            loop.call_at(answered_by, self._cover, used, quietly)

    def _cover(self, used: Used, quietly: bool) -> None:
        """Say that an answer is to come, if there is none in time."""
        if self._answers.is_open(used.token):
            self._start(self._answers.acknowledge(used.token, quietly=quietly))

    async def _handle(self, sink: Sink, used: Used) -> bool:
        """Whether it is stored, so that the host will answer."""
        if used.custom_id.startswith(OURS):
            return await self._page_used(sink, used)
        happening = interactions.event(self._guilds, self.tree, used)
        if happening is None:
            return False
        await self._hand_over(sink, used, happening)
        return True

    async def _hand_over(
        self, sink: Sink, used: Used, happening: Interaction, values: Mapping[str, Raw] = _NOTHING
    ) -> None:
        """``values``: what was filled in, for where it is asked for again."""
        form = await sink.accept(happening)
        if form is not None:
            await self._ask(sink, used, form, values)

    # Forms.

    async def _ask(self, sink: Sink, used: Used, form: Form, before: Mapping[str, Raw]) -> None:
        """Show a form at once where Discord allows it, else a button that opens it."""
        pages = modals.pages(form)
        wrong = modals.problems(form)
        can_open = used.kind != interactions.MODAL
        if len(pages) == 1 and can_open:
            shown = modals.modal(pages[0], form.action, self._markdown(used))
            if await self._answers.show(used.token, shown):
                return
        values = _held(used.space.key, form, before)
        ident = await sink.drafts.keep(used.actor.member, form, values)
        draft = _Draft(ident, form, pages, values)
        if can_open and await self._answers.show(used.token, self._page(used, draft, 0)):
            return
        first = next((at for at, page in enumerate(pages) if any(item.problem for item in page.fields)), 0)
        await self._offer(used, draft, first, "Fix it" if wrong else "Open form", tuple(wrong))

    def _page(self, used: Used, draft: _Draft, number: int) -> Json:
        page = draft.pages[number]
        fields = tuple(modals.shown(item, draft.values.get(item.name)) for item in page.fields)
        count = len(draft.pages)
        custom_id = draft.form.action if count == 1 else f"{OURS}sent:{draft.ident}:{number}"
        page = replace(page, fields=fields)
        return modals.modal(page, custom_id, self._markdown(used), number=number + 1, of=count)

    async def _offer(
        self, used: Used, draft: _Draft, number: int, label: str, wrong: tuple[Any, ...] = ()
    ) -> None:
        button = Button(label, f"{OURS}open:{draft.ident}:{number}", ButtonStyle.MAIN)
        if wrong:
            card = Card(T("Almost there"), sections=tuple(map(Section, wrong)), buttons=(button,))
        elif number:
            done, count = number, len(draft.pages)
            card = Card(T("{done} of {count} pages done", done=done, count=count), buttons=(button,))
        else:
            card = Card(draft.form.title, T("A few questions are left."), buttons=(button,))
        await self._say(used, f"{label}:{number}", card)

    async def _page_used(self, sink: Sink, used: Used) -> bool:
        """A page was asked for or filled in; after the last one, the form is handed over as a whole."""
        who = used.actor.member
        what, ident, number = _split(used.custom_id)
        kept = await sink.drafts.get(who, ident)
        pages = modals.pages(kept[0]) if kept is not None else []
        if kept is None or not 0 <= number < len(pages):
            await self._say(used, "gone", _GONE)
            return False
        draft = _Draft(ident, kept[0], pages, kept[1])
        if what == "open":
            if not await self._answers.show(used.token, self._page(used, draft, number)):
                await self._offer(used, draft, number, "Open form")
            return False
        for item in pages[number].fields:
            draft.values.pop(item.name, None)
        draft.values.update(modals.filled(used.space.key, used.data))
        if number + 1 < len(pages):
            await sink.drafts.keep(who, draft.form, draft.values, ident)
            await self._offer(used, draft, number + 1, "Next")
            return False
        sent = interactions.event(self._guilds, self.tree, used)
        assert isinstance(sent, FormSent)
        whole = replace(sent, action=draft.form.action, values=draft.values)
        await self._hand_over(sink, used, whole, draft.values)
        await self._drop(sink, who, ident)
        return True

    async def _drop(self, sink: Sink, who: Member, ident: int) -> None:
        """The form is done; where this fails, the draft goes with time."""
        try:
            await sink.drafts.drop(who, ident)
        except Exception as error:
            log.warning("draft_not_dropped", error=str(error))

    async def _say(self, used: Used, what: str, content: Content) -> None:
        """An answer of the platform's own."""
        to = Answer(str(used.token), used.actor.member, used.channel)
        key = f"desk:{used.token.interaction}:{what}"
        mark = marker(to.lane, key)
        body = message(content, self._markdown(used), mark=mark, private=True)
        await self._answers.post(used.token, key, body, mark)

    def _markdown(self, used: Used) -> Markdown:
        return Markdown(used.space.key, self._command_ids)


def _held(space: str, form: Form, before: Mapping[str, Raw]) -> dict[str, Raw]:
    """What a form holds when it is first shown: as it was filled in ``before``, else as the form says."""
    values: dict[str, Raw] = {}
    for item in form.fields:
        raw = before.get(item.name)
        if raw is None or modals.shown(item, raw).value != item.value:
            raw = modals.given(space, item)
        if raw is not None:
            values[item.name] = raw
    return values


def _split(custom_id: str) -> tuple[str, int, int]:
    what, _, rest = custom_id.removeprefix(OURS).partition(":")
    ident, _, number = rest.partition(":")
    return what, _number(ident), _number(number)


def _number(text: str) -> int:
    number = int(text) if text.isdecimal() and len(text) < 20 else -1
    return number if number <= _NUMBER_MOST else -1


_FAILED: Final = T("I couldn't keep that just now, so nothing was done. Please try again in a minute.")
_GONE: Final = T(
    "That form is too old now. Start again, please; {help} shows what there is.",
    help=CommandName(("kith", "help")),
)
